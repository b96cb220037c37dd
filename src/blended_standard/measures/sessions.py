"""Measures of sessions: time on task with its sensitivity band, gaps between sessions, evenness over weeks.

A session is a run of qualifying acts with no gap longer than the threshold between two of them (see `acts`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from blended_standard.measures.acts import THRESHOLDS, sessions, starts
from blended_standard.measures.blocks import Blocks, block, week_of
from blended_standard.measures.expressions import one
from blended_standard.measures.registry import Parameters, measure

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw

_RULES = ("drop", "cap", "mean")


@measure("ENG-03")
def time_on_task(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Minutes between acts not further apart than the threshold, plus the tail rule; and the whole band (ENG-03)."""
    import narwhals.stable.v2 as nw

    threshold, rule = int(parameters["idle_minutes"]), str(parameters["tail"])
    thresholds = tuple(dict.fromkeys((*THRESHOLDS, threshold)))
    found = blocks.spans.select("episode").join(_minutes(blocks, thresholds), on="episode", how="left")
    band = {f"x_{tail}_{minutes}": nw.col(f"{tail}_{minutes}") for minutes in THRESHOLDS for tail in _RULES}
    few = nw.col("acts").fill_null(0) < int(parameters["minimum_acts"])
    return found.select(
        "episode", x=nw.col(f"{rule}_{threshold}"), excluded=nw.when(few).then(nw.lit("too_few_acts")), **band
    )


@measure("ENG-09")
def session_gaps(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Median hours between the starts of consecutive sessions, and their median absolute deviation (ENG-09)."""
    import narwhals.stable.v2 as nw

    found = starts(blocks, int(parameters["idle_minutes"]))
    before = nw.col("at").shift(1).over("episode", order_by=["at"])
    gaps = blocks.engine.materialise(
        found.with_columns(gap=nw.col("at") - before).filter(~nw.col("gap").is_null()).select("episode", "gap")
    )
    middle = gaps.group_by("episode").agg(middle=nw.col("gap").median())
    spread = (
        gaps.join(middle, on="episode")
        .with_columns(away=(nw.col("gap") - nw.col("middle")).abs())
        .group_by("episode")
        .agg(middle=nw.col("middle").max(), spread=nw.col("away").median(), gaps=nw.len())
    )
    few = nw.col("gaps").fill_null(0) + 1 < int(parameters["minimum_sessions"])
    return (
        blocks.spans.select("episode")
        .join(spread, on="episode", how="left")
        .with_columns(
            x=nw.col("middle") / 3600,
            x_mad=nw.col("spread") / 3600,
            excluded=nw.when(few).then(nw.lit("too_few_sessions")),
        )
        .select("episode", "x", "x_mad", "excluded")
    )


@measure("ENG-10")
def evenness(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Entropy of the sessions over observable weeks, as a share of the largest possible (ENG-10)."""
    import narwhals.stable.v2 as nw

    edge = int(parameters["minimum_edge_days"])
    weekly = (
        starts(blocks, int(parameters["idle_minutes"]))
        .with_columns(week=week_of(nw.col("day")))
        .group_by("episode", "week")
        .agg(sessions=nw.len())
        .with_columns(nw.col("sessions").cast(nw.Int64))
    )
    total = (
        blocks.observable(weekly, edge)
        .with_columns(weighted=nw.col("sessions") * nw.col("sessions").log(2))
        .group_by("episode")
        .agg(total=nw.col("sessions").sum(), weighted=nw.col("weighted").sum())
        .with_columns(nw.col("total").cast(nw.Int64))
    )
    weeks = nw.col("observable")
    short = weeks < int(parameters["minimum_weeks"])
    none = nw.col("total").is_null()
    safe = nw.when(none).then(1).otherwise(nw.col("total"))
    entropy = safe.log(2) - nw.col("weighted").fill_null(0.0) / safe
    most = nw.when(weeks < 2).then(2).otherwise(weeks).log(2)
    return (
        blocks.weeks(edge)
        .join(total, on="episode", how="left")
        .with_columns(
            x=nw.max_horizontal(entropy / most, nw.lit(0.0)),
            excluded=nw.when(short).then(nw.lit("too_short")).otherwise(nw.when(none).then(nw.lit("no_session"))),
        )
        .select("episode", "x", "excluded")
    )


@block
def _minutes(blocks: Blocks, thresholds: tuple[int, ...]) -> nw.LazyFrame[Any]:
    """Minutes on task by each tail rule at each threshold M: episode, acts, drop_M, cap_M, mean_M."""
    import narwhals.stable.v2 as nw

    seconds, acts = nw.col("seconds").cast(nw.Int64), nw.col("acts").cast(nw.Int64)
    each = (
        nw.concat([sessions(blocks, limit) for limit in thresholds])
        .select("episode", "threshold", seconds=seconds, acts=acts, mean=seconds / nw.max_horizontal(acts - 1, one()))
        .group_by("episode", "threshold")
        .agg(nw.col("seconds").sum(), nw.col("acts").sum(), nw.col("mean").sum(), sessions=nw.len())
    )
    seconds, threshold = nw.col("seconds").cast(nw.Int64), nw.col("threshold")
    rules = {
        "drop": seconds / 60,
        "cap": seconds / 60 + (nw.col("sessions") - 1) * threshold,
        "mean": (seconds + nw.col("mean")) / 60,
    }
    band = {
        f"{rule}_{limit}": nw.when(threshold == limit).then(minutes)
        for limit in thresholds
        for rule, minutes in rules.items()
    }
    return (
        each.select("episode", acts=nw.col("acts").cast(nw.Int64), **band)
        .group_by("episode")
        .agg(nw.col("acts", *band).max())
    )
