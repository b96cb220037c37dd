"""What learners did, from one pass over the acts: clock hours and days with learning, and sessions.

The acts of an episode are put in order once. What all else is computed from are the few acts at an edge: those that
begin or end a bout, the first of each clock hour, and ties. A session is a run of acts with no gap longer than a
threshold between two of them. Gaps are taken in UTC, so that a change of the clock adds nothing; hours and days are
those of the site's clock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from blended_standard.measures.blocks import Blocks, block, whole
from blended_standard.measures.expressions import flag

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw

THRESHOLDS = (10, 15, 30, 60)


@block
def learning_days(blocks: Blocks) -> nw.LazyFrame[Any]:
    """Days with a qualifying action: episode, day, productive (1 with accepted work at L2 or above), hours (active)."""
    import narwhals.stable.v2 as nw

    days = hours(blocks).with_columns(day=whole(nw.col("hour"), 24))
    return days.group_by("episode", "day").agg(productive=nw.col("productive").max(), hours=nw.len().cast(nw.Int32))


@block
def hours(blocks: Blocks) -> nw.LazyFrame[Any]:
    """Clock hours with a qualifying action: episode, hour (since 1970 by the site's clock), productive (0 or 1)."""
    import narwhals.stable.v2 as nw

    made = (nw.col("level").fill_null(0) >= 1) & (nw.col("kind") != "carried_over")
    accepted = (nw.col("level") >= 2) & nw.col("accepted").fill_null(False)
    work = blocks.dated("evidence", "level", "accepted", where=made, key="episode")
    parts = [
        _edges(blocks, THRESHOLDS[0]).filter(nw.col("new_hour")).select("episode", "hour", productive=_small(0)),
        work.select("episode", hour=_hour(), productive=flag(accepted).cast(nw.Int8)),
    ]
    return nw.concat(parts).group_by("episode", "hour").agg(productive=nw.col("productive").max())


@block
def sessions(blocks: Blocks, minutes: int) -> nw.LazyFrame[Any]:
    """Sessions at a threshold: episode, start and stop (UTC seconds), day (on which it starts), acts."""
    import narwhals.stable.v2 as nw

    bouts = _bouts(blocks, tuple(sorted({*THRESHOLDS, minutes})))
    found = bouts.group_by("episode", f"session_{minutes}").agg(
        start=nw.col("start").min(),
        stop=nw.col("stop").max(),
        hour=nw.col("hour").min(),
        acts=nw.col("acts").sum().cast(nw.Int64),
    )
    return found.select("episode", "start", "stop", "acts", day=whole(nw.col("hour"), 24))


@block
def _bouts(blocks: Blocks, thresholds: tuple[int, ...]) -> nw.LazyFrame[Any]:
    """Sessions at the shortest threshold: episode, start, stop, hour, acts, and session_M, their session at each."""
    import narwhals.stable.v2 as nw

    gap, number = nw.col("gap"), nw.col("number")
    first, *longer = (f"session_{minutes}" for minutes in thresholds)
    # How many gaps longer than the threshold came before: `cum_count` counts what is not null.
    sessions = {
        f"session_{minutes}": nw.when(gap > minutes * 60).then(gap).cum_count().over("episode", order_by=["at", "tie"])
        for minutes in thresholds
    }
    return (
        _edges(blocks, thresholds[0])
        .filter(nw.col("edge"))
        .with_columns(tie=flag(gap == 0))
        .with_columns(**sessions)
        .group_by("episode", first)
        .agg(
            *(nw.col(name).min() for name in longer),
            start=nw.col("at").min(),
            stop=nw.col("at").max(),
            hour=nw.col("hour").min(),
            first=number.min(),
            last=number.max(),
            ties=nw.col("tie").sum(),
        )
        .with_columns(acts=(nw.col("last") - nw.col("first") + 1 - nw.col("ties")).cast(nw.Int64))
        .drop("first", "last", "ties")
    )


@block
def _edges(blocks: Blocks, shortest: int) -> nw.LazyFrame[Any]:
    """Acts at an edge, or first of a clock hour: episode, at, hour, number, gap, edge, new_hour.

    At an edge are those that begin or end a run without a gap longer than `shortest` minutes, and ties. `gap` is the
    seconds since the act before, -1 for the first; `number` counts all acts, so that those inside need not be kept.
    In which order ties stand does not matter.
    """
    import narwhals.stable.v2 as nw

    qualifying = list(blocks.standard.codes["verb"].names(qualifying=True))
    acts = blocks.dated("activity", "at", where=nw.col("verb").is_in(qualifying), key="episode")
    at, hour, gap, ahead = (nw.col(name) for name in ("at", "hour", "gap", "ahead"))

    def beside(column: nw.Expr, steps: int) -> nw.Expr:
        return column.shift(steps).over("episode", order_by=["at"])

    return (
        acts.select("episode", "at", hour=_hour())
        .with_columns(
            gap=(at - beside(at, 1)).fill_null(-1).cast(nw.Int32),
            ahead=(beside(at, -1) - at).fill_null(-1),
            new_hour=(hour != beside(hour, 1)).fill_null(True),
            number=at.cum_count().over("episode", order_by=["at"]).cast(nw.Int32),
        )
        .with_columns(edge=(gap <= 0) | (gap > shortest * 60) | (ahead <= 0) | (ahead > shortest * 60))
        .filter(nw.col("edge") | nw.col("new_hour"))
        .drop("ahead")
    )


def _hour() -> nw.Expr:
    import narwhals.stable.v2 as nw

    return whole(nw.col("second"), 3600).cast(nw.Int32)


def _small(number: int) -> nw.Expr:
    import narwhals.stable.v2 as nw

    return nw.lit(number, nw.Int8)
