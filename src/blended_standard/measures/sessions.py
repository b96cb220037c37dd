"""Measures of sessions: time on task with its sensitivity band, gaps between sessions, evenness over weeks.

A session is a run of qualifying acts with no gap longer than the threshold between two of them. Gaps are taken in
UTC, so that a change of the clock adds nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from blended_standard.measures.blocks import Blocks, week_of
from blended_standard.measures.registry import Parameters, measure

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw

_THRESHOLDS = (10, 15, 30, 60)
_RULES = ("drop", "cap", "mean")


@measure("ENG-03")
def time_on_task(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Minutes between acts not further apart than the threshold, plus the tail rule; and the whole band (ENG-03)."""
    import narwhals.stable.v2 as nw

    threshold, rule = int(parameters["idle_minutes"]), str(parameters["tail"])
    gaps = blocks.engine.materialise(_gaps(blocks))
    found = blocks.acts.group_by("episode_id").agg(acts=nw.len())
    for minutes in dict.fromkeys((*_THRESHOLDS, threshold)):
        found = found.join(blocks.engine.materialise(_minutes(gaps, minutes)), on="episode_id")
    band = {f"x_{tail}_{minutes}": nw.col(f"{tail}_{minutes}") for minutes in _THRESHOLDS for tail in _RULES}
    few = nw.col("acts").fill_null(0) < int(parameters["minimum_acts"])
    return (
        blocks.spans.select("episode_id")
        .join(found, on="episode_id", how="left")
        .with_columns(x=nw.col(f"{rule}_{threshold}"), excluded=nw.when(few).then(nw.lit("too_few_acts")), **band)
        .select("episode_id", "x", "excluded", *band)
    )


@measure("ENG-09")
def session_gaps(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Median hours between the starts of consecutive sessions, and their median absolute deviation (ENG-09)."""
    import narwhals.stable.v2 as nw

    starts = blocks.engine.materialise(_starts(blocks, int(parameters["idle_minutes"])))
    count = starts.group_by("episode_id").agg(sessions=nw.len())
    before = nw.col("at").shift(1).over("episode_id", order_by=["at"])
    gaps = starts.with_columns(gap=nw.col("at") - before).filter(~nw.col("gap").is_null())
    middle = gaps.group_by("episode_id").agg(middle=nw.col("gap").median())
    spread = (
        gaps.join(middle, on="episode_id")
        .with_columns(away=(nw.col("gap") - nw.col("middle")).abs())
        .group_by("episode_id")
        .agg(spread=nw.col("away").median())
    )
    few = nw.col("sessions").fill_null(0) < int(parameters["minimum_sessions"])
    return (
        blocks.spans.select("episode_id")
        .join(count, on="episode_id", how="left")
        .join(middle, on="episode_id", how="left")
        .join(spread, on="episode_id", how="left")
        .with_columns(
            x=nw.col("middle") / 3600,
            x_mad=nw.col("spread") / 3600,
            excluded=nw.when(few).then(nw.lit("too_few_sessions")),
        )
        .select("episode_id", "x", "x_mad", "excluded")
    )


@measure("ENG-10")
def evenness(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Entropy of the sessions over observable weeks, as a share of the largest possible (ENG-10)."""
    import narwhals.stable.v2 as nw

    edge = int(parameters["minimum_edge_days"])
    weekly = (
        _starts(blocks, int(parameters["idle_minutes"]))
        .with_columns(week=week_of(nw.col("day")))
        .group_by("episode_id", "week")
        .agg(sessions=nw.len().cast(nw.Int64))
    )
    total = (
        blocks.observable(weekly, edge)
        .with_columns(weighted=nw.col("sessions") * nw.col("sessions").log(2))
        .group_by("episode_id")
        .agg(total=nw.col("sessions").sum().cast(nw.Int64), weighted=nw.col("weighted").sum())
    )
    weeks = nw.col("observable")
    short = weeks < int(parameters["minimum_weeks"])
    none = nw.col("total").is_null()
    safe = nw.when(none).then(1).otherwise(nw.col("total"))
    entropy = safe.log(2) - nw.col("weighted").fill_null(0.0) / safe
    most = nw.when(weeks < 2).then(2).otherwise(weeks).log(2)
    return (
        blocks.weeks(edge)
        .join(total, on="episode_id", how="left")
        .with_columns(
            x=nw.max_horizontal(entropy / most, nw.lit(0.0)),
            excluded=nw.when(short).then(nw.lit("too_short")).otherwise(nw.when(none).then(nw.lit("no_session"))),
        )
        .select("episode_id", "x", "excluded")
    )


def _gaps(blocks: Blocks) -> nw.LazyFrame[Any]:
    """Acts in order with the seconds since the act before, -1 for the first: episode_id, day, at, gap."""
    import narwhals.stable.v2 as nw

    before = nw.col("at").shift(1).over("episode_id", order_by=["at"])
    return blocks.acts.with_columns(gap=(nw.col("at") - before).fill_null(-1)).select("episode_id", "day", "at", "gap")


def _starts(blocks: Blocks, minutes: int) -> nw.LazyFrame[Any]:
    """Acts that begin a session: episode_id, day, at."""
    import narwhals.stable.v2 as nw

    begins = (nw.col("gap") < 0) | (nw.col("gap") > minutes * 60)
    return _gaps(blocks).filter(begins).select("episode_id", "day", "at")


def _minutes(gaps: nw.LazyFrame[Any], minutes: int) -> nw.LazyFrame[Any]:
    """Minutes on task by each tail rule at one threshold: episode_id, drop_M, cap_M, mean_M."""
    import narwhals.stable.v2 as nw

    inside = (nw.col("gap") >= 0) & (nw.col("gap") <= minutes * 60)
    sessions = (
        gaps.with_columns(
            start=nw.when(inside).then(0).otherwise(1), inside=nw.when(inside).then(nw.col("gap")).otherwise(0)
        )
        .with_columns(session=nw.col("start").cum_sum().over("episode_id", order_by=["at"]))
        .group_by("episode_id", "session")
        .agg(seconds=nw.col("inside").sum().cast(nw.Int64), acts=nw.len().cast(nw.Int64))
        .with_columns(between=nw.when(nw.col("acts") > 1).then(nw.col("acts") - 1).otherwise(1))
        .with_columns(mean=nw.col("seconds") / nw.col("between"))
        .group_by("episode_id")
        .agg(seconds=nw.col("seconds").sum().cast(nw.Int64), mean=nw.col("mean").sum(), sessions=nw.len())
    )
    return sessions.select(
        "episode_id",
        (nw.col("seconds") / 60).alias(f"drop_{minutes}"),
        (nw.col("seconds") / 60 + (nw.col("sessions") - 1) * minutes).alias(f"cap_{minutes}"),
        ((nw.col("seconds") + nw.col("mean")) / 60).alias(f"mean_{minutes}"),
    )
