"""Measures of inactivity: how much of the time is spent in long spells, and how often learners come back.

A spell is a run of observable days without a learning action: days on which the site was open with its feed up and
the learner was not on an approved pause. Days are numbered so that only these count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from blended_standard.measures.acts import learning_days
from blended_standard.measures.blocks import Blocks, block
from blended_standard.measures.expressions import flag
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
            x=nw.col("inside").sum(),
            first=nw.col("number").min(),
            final=nw.col("later").max(),
            x_longest=nw.col("length").max(),
            long=nw.col("long").sum(),
            x_open=nw.col("open").max(),
        )
        .with_columns(nw.col("x", "long").cast(nw.Int64))
        .with_columns(x_spells_per_12_weeks=nw.col("long") * 84, y=nw.col("final") - nw.col("first"))
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
    """Spells of every episode: episode, number, later, length (0 between two days in a row), returned, open.

    `number` and `later` count the observable days of the episode before the spell and before the day that ends it;
    `open` says that the spell lasts at the as-of date.
    """
    import narwhals.stable.v2 as nw

    def following(name: str) -> nw.Expr:
        return nw.col(name).shift(-1).over("episode", order_by=["day"])

    returned = nw.col("returned") == 1
    return (
        _marks(blocks)
        .with_columns(later=following("number"), returned=following("act"))
        .filter(~nw.col("later").is_null())
        .select(
            "episode",
            "number",
            "later",
            length=nw.col("later") - nw.col("number") - nw.col("observable"),
            returned=returned,
            open=~returned & ~nw.col("exited"),
        )
    )


def _marks(blocks: Blocks) -> nw.LazyFrame[Any]:
    """Days with an action, the day before entry and the day after the last, numbered by observable days.

    episode, day, act (0 or 1), observable (0 or 1), number: how many observable days came before it, exited.
    """
    import narwhals.stable.v2 as nw

    def days(frame: nw.LazyFrame[Any], day: nw.Expr, act: int) -> nw.LazyFrame[Any]:
        return frame.select("episode", day=day, act=nw.lit(act, nw.Int8))

    spans, site_days, paused_days = blocks.spans, blocks.site_days, blocks.paused_days()
    day, entry, last = nw.col("day"), nw.col("entry"), nw.col("last")
    no, yes = nw.lit(0, nw.Int8), nw.lit(1, nw.Int8)
    marks = nw.concat([days(learning_days(blocks), day, 1), days(spans, entry - 1, 0), days(spans, last + 1, 0)])
    # A paused day stands beside a mark of that day, and after it: what is hidden before the mark leaves it out.
    rows = nw.concat(
        [
            marks.join(paused_days.select("episode", "day", on=yes), on=["episode", "day"], how="left").select(
                "episode", "day", "act", paused=flag(~nw.col("on").is_null()).cast(nw.Int8), beside=no
            ),
            paused_days.select("episode", "day", act=no, paused=yes, beside=yes),
        ]
    )
    episodes = blocks.episodes.select("episode", "site_id", "entry", "last", "exited")
    is_open = nw.col("closed") == 0
    seen = (nw.col("paused") == 0) & is_open & (day >= entry) & (day <= last)
    # The day before entry is not observable, and where it is open would count as one before all that follow.
    outside = flag(is_open & (day < entry))
    hidden = nw.col("hidden").cum_sum().over("episode", order_by=["day", "beside"])
    return (
        rows.join(episodes, on="episode")
        .join(site_days, on=["site_id", "day"])
        .with_columns(hidden=flag((nw.col("beside") == 1) & is_open), observable=flag(seen))
        .with_columns(number=(day - nw.col("closed_before") - hidden + outside).cast(nw.Int32))
        .filter(nw.col("beside") == 0)
        .select("episode", "day", "act", "observable", "number", "exited")
    )
