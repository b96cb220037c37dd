"""Measures of inactivity: how much of the time is spent in long spells, and how often learners come back.

A spell is a run of observable days without a learning action: days on which the site was open with its feed up and
the learner was not on an approved pause. Days are numbered so that only these count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from blended_standard.measures.acts import learning_days
from blended_standard.measures.blocks import Blocks, block
from blended_standard.measures.registry import Parameters, measure
from blended_standard.numeric.events import CENSORED, COMPETING, EVENT

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw


@measure("ENG-11")
def inactivity(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Observable days inside long spells, of observable days (ENG-11)."""
    import narwhals.stable.v2 as nw

    spells = spells_of(blocks)
    long = nw.col("length") >= int(parameters["spell_days"])
    totals = (
        spells.with_columns(
            long=nw.when(long).then(1).otherwise(0).cast(nw.Int64),
            inside=nw.when(long).then(nw.col("length")).otherwise(0),
            open=nw.when(long & nw.col("open")).then(1).otherwise(0).cast(nw.Int64),
        )
        .group_by("episode")
        .agg(
            x=nw.col("inside").sum().cast(nw.Int64),
            y=nw.col("observed").max(),
            x_longest=nw.col("length").max(),
            x_spells_per_12_weeks=nw.col("long").sum().cast(nw.Int64) * 84,
            x_open=nw.col("open").max(),
        )
    )
    short = nw.col("y") < int(parameters["minimum_days"])
    return totals.with_columns(
        y_spells_per_12_weeks=nw.col("y"), excluded=nw.when(short).then(nw.lit("too_short"))
    ).select("episode", "x", "y", "x_longest", "x_spells_per_12_weeks", "y_spells_per_12_weeks", "x_open", "excluded")


@measure("ENG-12")
def return_after_gap(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Observable days from the day on which a spell became long to the return, by spell (ENG-12)."""
    import narwhals.stable.v2 as nw

    days = int(parameters["spell_days"])
    withdrawal = list(blocks.standard.codes["exit_reason"].names(role="withdrawal"))
    ends = blocks.episodes.select("episode", "exited", "exit_reason")
    gone = nw.col("exited") & nw.col("exit_reason").is_in(withdrawal).fill_null(False)
    ended = nw.when(gone).then(nw.lit(COMPETING)).otherwise(nw.lit(CENSORED))
    return (
        spells_of(blocks)
        .filter(nw.col("length") >= days)
        .join(ends, on="episode")
        .with_columns(
            time=nw.col("length") - days,
            event=nw.when(nw.col("returned")).then(nw.lit(EVENT)).otherwise(ended),
            excluded=nw.lit(None, nw.String),
        )
        .select("episode", "time", "event", "excluded")
    )


@block
def spells_of(blocks: Blocks) -> nw.LazyFrame[Any]:
    """Spells of every episode: episode, length (0 between two days in a row), returned, open, observed.

    `observed` counts the observable days of the whole episode; `open` says that the spell lasts at the as-of date.
    """
    import narwhals.stable.v2 as nw

    timeline = blocks.engine.materialise(_timeline(blocks))
    marks = timeline.filter(nw.col("mark") == 1)
    after = {name: nw.col(name).shift(-1).over("episode", order_by=["day"]) for name in ("number", "act")}
    later = marks.with_columns(**{f"next_{name}": found for name, found in after.items()})
    spells = later.filter(~nw.col("next_number").is_null()).with_columns(
        length=nw.col("next_number") - nw.col("number") - nw.col("observable"),
        returned=nw.col("next_act") == 1,
    )
    ends = marks.group_by("episode").agg(first=nw.col("number").min(), final=nw.col("number").max())
    exits = blocks.episodes.select("episode", "exited")
    return (
        spells.join(ends, on="episode")
        .join(exits, on="episode")
        .with_columns(open=~nw.col("returned") & ~nw.col("exited"), observed=nw.col("final") - nw.col("first"))
        .select("episode", "length", "returned", "open", "observed")
    )


def _timeline(blocks: Blocks) -> nw.LazyFrame[Any]:
    """Days with an action, the days before entry and after the last (marks), and paused days, numbered.

    episode, day, act, mark, observable (0 or 1), number: how many observable days came before the day.
    """
    import narwhals.stable.v2 as nw

    def days(frame: nw.LazyFrame[Any], act: int, mark: int, paused: int) -> nw.LazyFrame[Any]:
        flags = {"act": act, "mark": mark, "paused": paused}
        return frame.select("episode", "day", **{name: nw.lit(flag, nw.Int64) for name, flag in flags.items()})

    spans = blocks.spans
    parts = [
        days(learning_days(blocks), 1, 1, 0),
        days(spans.with_columns(day=nw.col("entry") - 1), 0, 1, 0),
        days(spans.with_columns(day=nw.col("last") + 1), 0, 1, 0),
        days(blocks.paused_days(), 0, 0, 1),
    ]
    merged = (
        nw.concat(parts).group_by("episode", "day").agg(*(nw.col(name).max() for name in ("act", "mark", "paused")))
    )
    placed = merged.join(spans.select("episode", "site_id", "entry", "last"), on="episode").join(
        blocks.site_days, on=["site_id", "day"]
    )
    outside = (nw.col("day") < nw.col("entry")) | (nw.col("day") > nw.col("last"))
    blocked = (nw.col("closed") == 1) | (nw.col("paused") == 1) | outside
    paused_open = nw.when((nw.col("paused") == 1) & (nw.col("closed") == 0)).then(1).otherwise(0).cast(nw.Int64)
    before = nw.when(nw.col("day") < nw.col("entry")).then(1).otherwise(0)
    return (
        placed.with_columns(paused_open=paused_open, observable=nw.when(blocked).then(0).otherwise(1).cast(nw.Int64))
        .with_columns(hidden=nw.col("paused_open").cum_sum().over("episode", order_by=["day"]) - nw.col("paused_open"))
        .with_columns(extra=before * (1 - nw.col("closed")))
        .with_columns(number=nw.col("day") - nw.col("closed_before") - nw.col("hidden") + nw.col("extra"))
        .select("episode", "day", "act", "mark", "observable", "number")
    )
