"""Measures of progress that others count: credits, skill gains, functioning levels, progress indicators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from blended_standard.measures.acts import learning_days
from blended_standard.measures.blocks import Blocks
from blended_standard.measures.calendar import month_of, program_year
from blended_standard.measures.expressions import flag, one
from blended_standard.measures.registry import Parameters, measure

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw


@measure("CMP-09")
def credit_completion(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Credits earned, of credits attempted, one row an attempt (CMP-09)."""
    import narwhals.stable.v2 as nw

    dropped = nw.col("dropped_date") - nw.col("started_date") <= int(parameters["drop_days"])
    more = nw.col("earned") > nw.col("attempted")
    reason = (
        nw.when(nw.col("prior_learning").fill_null(False))
        .then(nw.lit("prior_learning"))
        .when(dropped.fill_null(False))
        .then(nw.lit("early_drop"))
        .when(more.fill_null(False))
        .then(nw.lit("more_than_attempted"))
    )
    return (
        _credits(blocks)
        .with_columns(
            x=nw.when(~nw.col("attempted").is_null()).then(nw.col("earned")),
            y=nw.col("attempted"),
            excluded=reason,
            covered=flag(~nw.col("attempted").is_null()),
            needed=one(),
        )
        .select("episode_id", "x", "y", "excluded", "covered", "needed")
    )


@measure("CMP-10")
def credit_accumulation(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Credits earned in the program, by school year of observable weeks, one row an episode (CMP-10)."""
    import narwhals.stable.v2 as nw

    earned = (
        _credits(blocks)
        .filter(~nw.col("prior_learning").fill_null(False), nw.col("date") >= nw.col("entry"))
        .filter(nw.col("date") <= nw.col("last"))
        .group_by("episode_id")
        .agg(earned=nw.col("earned").sum())
    )
    year, required = int(parameters["weeks_a_year"]), float(parameters["required_credits"])
    rate = nw.col("x") / nw.col("observable")
    return (
        blocks.weeks(4)
        .join(earned, on="episode_id", how="left")
        .with_columns(x=nw.col("earned").fill_null(0.0) * year, y=nw.col("observable"))
        .with_columns(
            x_on_track=nw.when(nw.col("y") > 0).then(flag(rate >= 0.8 * required - 1e-12)),
            excluded=nw.when(nw.col("y") == 0).then(nw.lit("too_short")),
        )
        .select("episode_id", "x", "y", "x_on_track", "excluded")
    )


@measure("CMP-11")
def skill_gain(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Participants of the program year with a documented gain, of all participants (CMP-11)."""
    import narwhals.stable.v2 as nw

    first, _ = program_year(blocks.as_of, int(parameters["start_month"]))
    gains = (
        blocks.table("skill_gain")
        .filter(nw.col("documented").fill_null(False), nw.col("date") >= first, nw.col("date") <= blocks.as_of)
        .select("episode_id")
        .unique("episode_id")
        .with_columns(gained=one())
    )
    gone = nw.col("exit_reason").is_in(list(blocks.standard.codes["exit_reason"].names(role="death")))
    return (
        blocks.episodes.filter(nw.col("last") >= first)
        .join(gains, on="episode_id", how="left")
        .with_columns(
            x=nw.col("gained").fill_null(0).cast(nw.Int64),
            y=one(),
            excluded=nw.when(gone.fill_null(False)).then(nw.lit("exempt")),
        )
        .select("episode_id", "x", "y", "excluded")
    )


@measure("CMP-12")
def functioning_level_gain(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Participants who tested at a higher level later, of all with an entry level, one row a subject (CMP-12)."""
    import narwhals.stable.v2 as nw

    only = int(parameters["entry_level"])
    keys = ["episode_id", "subject"]
    tests = _tests(blocks, int(parameters["gap_days"]))
    start = tests.group_by(*keys).agg(first=nw.col("date").min())
    level = tests.join(start, on=keys).filter(nw.col("date") == nw.col("first")).select(*keys, "first", start="lowest")
    later = (
        tests.join(start, on=keys)
        .filter(nw.col("date") > nw.col("first"))
        .group_by(*keys)
        .agg(best=nw.col("later").max())
    )
    units = level if only == 0 else level.filter(nw.col("start") == only)
    return (
        units.join(later, on=keys, how="left")
        .with_columns(
            x=flag(nw.col("best") > nw.col("start")),
            y=one(),
            x_tested=flag(~nw.col("best").is_null()),
            excluded=nw.lit(None, nw.String),
        )
        .select("episode_id", "x", "y", "x_tested", "excluded")
    )


@measure("CMP-13")
def indicator_currency(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Enrolled months with a progress indicator in them or the months before, of enrolled months (CMP-13)."""
    import narwhals.stable.v2 as nw

    window = int(parameters["window_months"])
    months = blocks.engine.materialise(
        blocks.spans.select("episode_id", begin=month_of(nw.col("entry")) + window, end=month_of(nw.col("last")))
    )
    ahead = blocks.engine.frame({"ahead": list(range(window))}, {"ahead": int})
    level = nw.col("evidence_level").fill_null(0) >= int(parameters["minimum_level"])
    current = (
        blocks.table("progress_indicator")
        .filter(nw.col("kind") != "attendance_plan", level)
        .join(blocks.spans.select("episode_id", "entry", "last"), on="episode_id")
        .filter(nw.col("date") >= nw.col("entry"), nw.col("date") <= nw.col("last"))
        .select("episode_id", earned=month_of(nw.col("date")))
        .unique(["episode_id", "earned"])
        .join(ahead, how="cross")
        .select("episode_id", month=nw.col("earned") + nw.col("ahead"))
        .unique(["episode_id", "month"])
        .join(months, on="episode_id")
        .filter(nw.col("month") >= nw.col("begin"), nw.col("month") <= nw.col("end"))
        .group_by("episode_id")
        .agg(x=nw.len())
    )
    return (
        months.join(current, on="episode_id", how="left")
        .with_columns(
            x=nw.col("x").fill_null(0).cast(nw.Int64),
            y=nw.max_horizontal(nw.col("end") - nw.col("begin") + 1, nw.lit(0)).cast(nw.Int64),
        )
        .with_columns(excluded=nw.when(nw.col("y") == 0).then(nw.lit("grace")))
        .select("episode_id", "x", "y", "excluded")
    )


def _tests(blocks: Blocks, gap_days: int) -> nw.LazyFrame[Any]:
    """Days of tests from the entry test on: episode_id, subject, date, lowest level, highest level of a `later` test.

    A test is left out when no learning was seen in the `gap_days` before the next one, in episodes whose learning is
    seen at all; the next one then stands for the entry test.
    """
    import narwhals.stable.v2 as nw

    keys = ["episode_id", "subject"]
    tests = blocks.table("level_test").filter(nw.col("date") <= blocks.as_of)
    days = (
        tests.join(blocks.spans.select("episode_id"), on="episode_id")
        .with_columns(
            entry=nw.when(nw.col("occasion") == "entry").then(nw.col("date")),
            later=nw.when(nw.col("occasion") == "later").then(nw.col("level")),
        )
        .group_by(*keys, "date")
        .agg(nw.col("entry").min(), nw.col("later").max(), lowest=nw.col("level").min())
    )
    entry = days.group_by(*keys).agg(entered=nw.col("entry").min())
    days = days.drop("entry").join(entry, on=keys).filter(nw.col("date") >= nw.col("entered"))
    if gap_days == 0:
        return days
    days = blocks.engine.materialise(days.with_columns(next=nw.col("date").shift(-1).over(*keys, order_by=["date"])))
    names = blocks.spans.select("episode", "episode_id")
    learned = learning_days(blocks).join(names, on="episode").select("episode_id", "day")
    worked = (
        days.join(learned, on="episode_id")
        .filter(nw.col("day") >= nw.col("next") - gap_days, nw.col("day") < nw.col("next"))
        .select(*keys, "date")
        .unique([*keys, "date"])
        .with_columns(worked=one())
    )
    seen = learned.select("episode_id").unique("episode_id").with_columns(seen=one())
    return (
        days.join(worked, on=[*keys, "date"], how="left")
        .join(seen, on="episode_id", how="left")
        .filter(nw.col("next").is_null() | ~nw.col("worked").is_null() | nw.col("seen").is_null())
    )


def _credits(blocks: Blocks) -> nw.LazyFrame[Any]:
    import narwhals.stable.v2 as nw

    spans = blocks.spans.select("episode_id", "entry", "last")
    return blocks.table("credit").filter(nw.col("date") <= blocks.as_of).join(spans, on="episode_id")
