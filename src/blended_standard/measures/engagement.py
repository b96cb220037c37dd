"""Engagement measures: weeks with learning, and persistence. None reads attendance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from blended_standard.measures.acts import learning_days
from blended_standard.measures.blocks import Blocks, block, week_of
from blended_standard.measures.registry import Parameters, measure
from blended_standard.numeric.events import CENSORED, EVENT

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw


@measure("ENG-01")
def active_week_rate(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Observable weeks with a learning action, of observable weeks (ENG-01)."""
    return _rate(blocks, "active", parameters)


@measure("ENG-02")
def productive_week_rate(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Observable weeks with accepted work, of observable weeks (ENG-02)."""
    return _rate(blocks, "productive", parameters)


@measure("ENG-13")
def persistence(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Days from entry to loss, or to the last day on which the learner was known not to be lost (ENG-13)."""
    import narwhals.stable.v2 as nw

    roles = {role: list(blocks.standard.codes["exit_reason"].names(role=role)) for role in _LOSS_ROLES}
    last_act = learning_days(blocks).group_by("episode").agg(act=nw.col("day").max())
    reason = nw.col("exit_reason")
    documented = reason.is_in(roles["transfer"]) & nw.col("exit_documented").fill_null(False)
    lost_transfer = documented if parameters["transfer"] == "lost" else nw.lit(False)
    finished = reason.is_in(roles["completion"] + roles["equivalency"]).fill_null(False)
    stayed = reason.is_in(roles["end_of_course"]).fill_null(False)
    left = nw.col("exited") & ~finished & ~stayed & (~documented.fill_null(False) | lost_transfer.fill_null(False))
    silent_on = nw.col("act").fill_null(nw.col("entry")) + int(parameters["silence_days"])
    silent = (silent_on < nw.col("last")) & ~finished
    stop = nw.when(finished).then(nw.lit(blocks.as_of)).otherwise(nw.col("last"))
    gone = reason.is_in(roles["death"] + roles["relocation"]).fill_null(False)
    return (
        blocks.episodes.join(last_act, on="episode", how="left")
        .with_columns(silent=silent, left=left, stop=stop)
        .with_columns(
            time=nw.when(nw.col("silent")).then(silent_on).otherwise(nw.col("stop")) - nw.col("entry"),
            event=nw.when(nw.col("silent") | nw.col("left")).then(nw.lit(EVENT)).otherwise(nw.lit(CENSORED)),
            excluded=nw.when(gone).then(nw.lit("left_population")),
        )
        .select("episode", "time", "event", "excluded")
    )


@measure("ENG-14")
def missed_opportunities(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Learning opportunities not taken, of those offered; the due items alone are free of attendance (ENG-14)."""
    import narwhals.stable.v2 as nw

    offered = blocks.table("learning_opportunity").join(blocks.spans, on="episode_id")
    offered = offered.filter(nw.col("date") >= nw.col("entry"), nw.col("date") <= nw.col("last"))
    missed = nw.when(nw.col("taken")).then(0).otherwise(1).cast(nw.Int64)
    due = nw.when(nw.col("kind") == "asynchronous").then(1).otherwise(0).cast(nw.Int64)
    return (
        offered.with_columns(missed=missed, due=due, one=nw.lit(1, nw.Int64))
        .with_columns(due_missed=nw.col("missed") * nw.col("due"))
        .group_by("episode")
        .agg(
            x=nw.col("missed").sum(),
            y=nw.col("one").sum(),
            due_missed=nw.col("due_missed").sum(),
            y_asynchronous=nw.col("due").sum(),
        )
        .with_columns(nw.col("x", "y", "due_missed", "y_asynchronous").cast(nw.Int64))
        .with_columns(
            x_asynchronous=nw.when(nw.col("y_asynchronous") > 0).then(nw.col("due_missed")),
            excluded=nw.lit(None, nw.String),
        )
    )


_LOSS_ROLES = ("completion", "equivalency", "end_of_course", "transfer", "death", "relocation")


def week_rate(blocks: Blocks, days: nw.LazyFrame[Any], parameters: Parameters) -> nw.LazyFrame[Any]:
    """Observable weeks that hold one of `days` (episode_id, day), of observable weeks, one row an episode."""
    import narwhals.stable.v2 as nw

    edge = int(parameters["minimum_edge_days"])
    weeks = days.with_columns(week=week_of(nw.col("day"))).select("episode_id", "week").unique(["episode_id", "week"])
    counted = blocks.observable(weeks, edge).group_by("episode_id").agg(x=nw.len())
    return _of_observable(blocks.weeks(edge).join(counted, on="episode_id", how="left"), parameters)


def _rate(blocks: Blocks, kind: str, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Observable weeks of a kind, active or productive, of observable weeks, one row an episode."""
    import narwhals.stable.v2 as nw

    edge = int(parameters["minimum_edge_days"])
    counted = _active_weeks(blocks, edge).select("episode", x=nw.col(kind))
    return _of_observable(blocks.weeks(edge).join(counted, on="episode", how="left"), parameters)


@block
def _active_weeks(blocks: Blocks, minimum_edge_days: int) -> nw.LazyFrame[Any]:
    """Number of observable weeks with a learning action, and with accepted work: episode, active, productive."""
    import narwhals.stable.v2 as nw

    days = learning_days(blocks).with_columns(week=week_of(nw.col("day")))
    weeks = days.group_by("episode", "week").agg(productive=nw.col("productive").max())
    return (
        blocks.observable(weeks, minimum_edge_days)
        .group_by("episode")
        .agg(active=nw.len(), productive=nw.col("productive").sum())
        .with_columns(nw.col("active", "productive").cast(nw.Int64))
    )


def _of_observable(weeks: nw.LazyFrame[Any], parameters: Parameters) -> nw.LazyFrame[Any]:
    import narwhals.stable.v2 as nw

    too_short = nw.col("observable") < int(parameters["minimum_weeks"])
    return weeks.select(
        "episode",
        x=nw.col("x").fill_null(0).cast(nw.Int64),
        y=nw.col("observable"),
        excluded=nw.when(too_short).then(nw.lit("too_short")),
        covered=nw.col("observable"),
        needed=nw.col("last_week") - nw.col("first_week") + 1,
    )
