"""Outcome measures: what came of an episode, on a clock that starts at entry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from blended_standard.measures.blocks import Blocks
from blended_standard.measures.registry import Parameters, measure
from blended_standard.numeric.events import CENSORED, COMPETING, EVENT

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw

_COMPLETIONS = ("diploma", "program_completion")


@measure("OUT-03")
def completion(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Days from entry to completion, to another end, or to the as-of date (OUT-03)."""
    import narwhals.stable.v2 as nw

    counts_equivalency = bool(parameters["equivalency"])
    kinds = [*_COMPLETIONS, *(["equivalency"] if counts_equivalency else [])]
    names = blocks.standard.codes["exit_reason"].names
    reasons = [*names(role="completion"), *(names(role="equivalency") if counts_equivalency else ())]
    reached = (
        blocks.table("outcome")
        .filter(nw.col("kind").is_in(kinds), nw.col("achieved").fill_null(False), nw.col("date") <= blocks.as_of)
        .group_by("episode_id")
        .agg(reached=nw.col("date").min())
    )
    by_exit = nw.when(nw.col("exit_reason").is_in(reasons)).then(nw.col("exit_date"))
    moved = nw.col("exit_reason").is_in(list(names(role="relocation"))).fill_null(False)
    done = ~nw.col("done").is_null()
    ended = nw.when(nw.col("exited")).then(nw.lit(COMPETING)).otherwise(nw.lit(CENSORED))
    return (
        blocks.episodes.join(reached, on="episode_id", how="left")
        .with_columns(done=nw.min_horizontal(nw.col("reached"), by_exit))
        .with_columns(
            time=nw.when(done).then(nw.col("done")).otherwise(nw.col("last")) - nw.col("entry"),
            event=nw.when(done).then(nw.lit(EVENT)).otherwise(ended),
            excluded=nw.when(moved & ~done).then(nw.lit("left_population")),
        )
        .with_columns(time=nw.max_horizontal(nw.col("time"), nw.lit(0)))
        .select("episode_id", "time", "event", "excluded")
    )
