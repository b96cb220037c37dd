"""What learners did, from one pass over the acts: clock hours and days with learning, and sessions.

The acts of an episode are put in order once. All else is computed from the few acts that stand out: those after a
gap, the last, the first of each clock hour, and ties. A session is a run of acts with no gap longer than a threshold
between two of them. Gaps are taken in UTC, so that a change of the clock adds nothing; hours and days are those of
the site's clock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from blended_standard.measures.blocks import Blocks, block, whole
from blended_standard.measures.expressions import flag

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw

THRESHOLDS = (10, 15, 30, 60)
_ENDLESS = 2**31 - 1  # The gap, in seconds, before the first act of an episode and after the last.


@block
def learning_days(blocks: Blocks) -> nw.LazyFrame[Any]:
    """Days with a qualifying action: episode, day, productive (1 with accepted work at L2 or above), hours (active)."""
    import narwhals.stable.v2 as nw

    days = hours(blocks).with_columns(day=whole(nw.col("hour"), 24))
    found = days.group_by("episode", "day").agg(productive=nw.col("productive").max(), hours=nw.len())
    return found.with_columns(nw.col("hours").cast(nw.Int32))


def hours(blocks: Blocks) -> nw.LazyFrame[Any]:
    """Clock hours with a qualifying action: episode, hour (since 1970 by the site's clock), productive (0 or 1)."""
    return _acts(blocks, THRESHOLDS[0])[0]


def starts(blocks: Blocks, minutes: int) -> nw.LazyFrame[Any]:
    """Starts of the sessions at a threshold: episode, at (UTC second), day."""
    import narwhals.stable.v2 as nw

    return _edges(blocks, minutes).filter(~nw.col("never")).select("episode", "at", "day")


def sessions(blocks: Blocks, minutes: int) -> nw.LazyFrame[Any]:
    """Sessions at a threshold: episode, seconds, acts, threshold (minutes)."""
    import narwhals.stable.v2 as nw

    def following(column: nw.Expr) -> nw.Expr:
        return column.shift(-1).over("episode", order_by=["number"])

    at, number = nw.col("at"), nw.col("number")
    return (
        _edges(blocks, minutes)
        .with_columns(seconds=following(at - nw.col("gap")) - at, acts=following(number) - number)
        .filter(~nw.col("never"))
        .select("episode", "seconds", "acts", threshold=nw.lit(minutes, nw.Int32))
    )


def _edges(blocks: Blocks, minutes: int) -> nw.LazyFrame[Any]:
    """Starts of the sessions at a threshold, and after the last of an episode one that never comes, an endless gap on.

    episode, at (UTC second), gap (seconds since the act before), number (of the act), day, never.
    """
    import narwhals.stable.v2 as nw

    return _acts(blocks, min(minutes, THRESHOLDS[0]))[1].filter(nw.col("gap") > minutes * 60)


@block
def _acts(blocks: Blocks, shortest: int) -> tuple[nw.LazyFrame[Any], ...]:
    """Return `hours`, and the edges of sessions at the shortest threshold; what they come from is not kept."""
    import narwhals.stable.v2 as nw

    acts = blocks.engine.materialise(_marked(blocks, shortest))
    edge = ("episode", "at", "gap", "number")
    day = whole(nw.col("hour"), 24).cast(nw.Int32)
    began = acts.filter(nw.col("gap") > shortest * 60).select(*edge, day=day, never=nw.lit(False))
    never = acts.filter(nw.col("last")).select(
        "episode",
        at=nw.col("at") + _ENDLESS,
        gap=nw.lit(_ENDLESS, nw.Int64),
        number=nw.col("number") + 1,
        day=day,
        never=nw.lit(True),
    )
    return _hours(blocks, acts), nw.concat([began, never])


def _hours(blocks: Blocks, acts: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    import narwhals.stable.v2 as nw

    made = (nw.col("level").fill_null(0) >= 1) & (nw.col("kind") != "carried_over")
    accepted = (nw.col("level") >= 2) & nw.col("accepted").fill_null(False)
    work = blocks.dated("evidence", "level", "accepted", where=made, key="episode")
    parts = [
        acts.filter(nw.col("new_hour")).select("episode", "hour", productive=nw.lit(0, nw.Int8)),
        work.select("episode", hour=_hour(), productive=flag(accepted).cast(nw.Int8)),
    ]
    return nw.concat(parts).group_by("episode", "hour").agg(productive=nw.col("productive").max())


def _marked(blocks: Blocks, shortest: int) -> nw.LazyFrame[Any]:
    """Acts that stand out: episode, at (UTC second), hour, gap (seconds since the act before), number, last, new_hour.

    `number` counts all acts of the episode in order, so that those inside a session need not be kept. Acts at one
    instant are ties and count once: all but the first have no gap, in the order that `gap` and `number` share.
    """
    import narwhals.stable.v2 as nw

    qualifying = list(blocks.standard.codes["verb"].names(qualifying=True))
    acts = blocks.dated("activity", "at", where=nw.col("verb").is_in(qualifying), key="episode")
    at, hour, gap = nw.col("at"), nw.col("hour"), nw.col("gap")

    def ordered(expression: nw.Expr) -> nw.Expr:
        return expression.over("episode", order_by=["at"])

    # `cum_count` counts what is not null.
    ties = nw.when(gap == 0).then(gap).cum_count().over("episode", order_by=["number"])

    return (
        acts.select("episode", "at", hour=_hour())
        .with_columns(
            gap=(at - ordered(at.shift(1))).fill_null(_ENDLESS),
            last=ordered(at.shift(-1)).is_null(),
            new_hour=(hour != ordered(hour.shift(1))).fill_null(True),
            # Hours, because pandas miscounts the column that it orders by.
            number=ordered(hour.cum_count()).cast(nw.Int32),
        )
        .filter((gap > shortest * 60) | (gap == 0) | nw.col("last") | nw.col("new_hour"))
        .with_columns(number=(nw.col("number") - ties).cast(nw.Int32))
        .filter((gap > 0) | nw.col("last"))
    )


def _hour() -> nw.Expr:
    import narwhals.stable.v2 as nw

    return whole(nw.col("second"), 3600).cast(nw.Int32)
