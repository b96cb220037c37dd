"""Outcome measures: what came of an episode, on a clock that starts at entry."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from blended_standard.measures.blocks import EPOCH, Blocks, whole
from blended_standard.measures.calendar import day_number, last_whole_year, latest_cohort, month_of
from blended_standard.measures.expressions import flag, one
from blended_standard.measures.registry import Parameters, measure
from blended_standard.numeric.events import CENSORED, COMPETING, EVENT

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw

_COMPLETIONS = ("diploma", "program_completion")


@measure("OUT-03")
def completion(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Days from entry to completion, to another end, or to the as-of date (OUT-03)."""
    return _times(completed(blocks, equivalency=bool(parameters["equivalency"])), blocks)


@measure("OUT-05")
def equivalency(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Days from entry to a high-school equivalency, to another end, or to the as-of date (OUT-05)."""
    del parameters
    return _times(_reached(blocks, ("equivalency",), ("equivalency",)), blocks)


def completed(blocks: Blocks, *, equivalency: bool) -> nw.LazyFrame[Any]:
    """Episodes with `done`, the day of a diploma or completion (or equivalency), null where there is none."""
    more = ("equivalency",) if equivalency else ()
    return _reached(blocks, (*_COMPLETIONS, *more), ("completion", *more))


def _reached(blocks: Blocks, kinds: Sequence[str], roles: Sequence[str]) -> nw.LazyFrame[Any]:
    """Episodes with `done`: the first day of an outcome of `kinds`, or of an exit for a reason of `roles`."""
    import narwhals.stable.v2 as nw

    reasons = [name for role in roles for name in blocks.standard.codes["exit_reason"].names(role=role)]
    reached = (
        blocks.table("outcome")
        .filter(nw.col("kind").is_in(list(kinds)), nw.col("achieved").fill_null(False), nw.col("date") <= blocks.as_of)
        .group_by("episode_id")
        .agg(reached=nw.col("date").min())
    )
    by_exit = nw.when(nw.col("exit_reason").is_in(reasons)).then(nw.col("exit_date"))
    return blocks.episodes.join(reached, on="episode_id", how="left").with_columns(
        done=nw.min_horizontal(nw.col("reached"), by_exit)
    )


def _times(episodes: nw.LazyFrame[Any], blocks: Blocks) -> nw.LazyFrame[Any]:
    """Time from entry to `done` or to the last day, and how it ended; another end competes."""
    import narwhals.stable.v2 as nw

    moved = nw.col("exit_reason").is_in(list(blocks.standard.codes["exit_reason"].names(role="relocation")))
    done = ~nw.col("done").is_null()
    ended = nw.when(nw.col("exited")).then(nw.lit(COMPETING)).otherwise(nw.lit(CENSORED))
    return (
        episodes.with_columns(
            time=nw.when(done).then(nw.col("done")).otherwise(nw.col("last")) - nw.col("entry"),
            event=nw.when(done).then(nw.lit(EVENT)).otherwise(ended),
            excluded=nw.when(moved.fill_null(False) & ~done).then(nw.lit("left_population")),
        )
        .with_columns(time=nw.max_horizontal(nw.col("time"), nw.lit(0)))
        .select("episode_id", "time", "event", "excluded")
    )


@measure("OUT-01")
def four_year_rate(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Regular diplomas within four years, of the adjusted cohort, one row a person (OUT-01)."""
    return _cohort_rate(blocks, parameters, 4)


@measure("OUT-02")
def extended_year_rate(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Regular diplomas within five to eight years, of the adjusted cohort, one row a person (OUT-02)."""
    return _cohort_rate(blocks, parameters, int(parameters["years"]))


@measure("OUT-02C")
def combined_rate(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """California's combined rate: a cohort after four years, and the fifth-year graduates of the one before it."""
    import narwhals.stable.v2 as nw

    cohort = int(parameters["cohort_year"]) or latest_cohort(blocks.as_of, 4)
    start, end = day_number(cohort - 1, 8, 31), day_number(cohort, 8, 31)
    diploma = nw.col("diploma_date")
    this = nw.col("cohort_year") == cohort
    fifth = (nw.col("cohort_year") == cohort - 1) & (diploma > start).fill_null(False) & (diploma <= end)
    immature = nw.lit(blocks.as_of) < end
    members = _members(blocks).filter(this | fifth.fill_null(False))
    return members.with_columns(
        x=flag(diploma <= end),
        y=one(),
        excluded=nw.when(immature).then(nw.lit("not_mature")).otherwise(nw.col("removed")),
    ).select("learner_id", "program_id", "x", "y", "excluded")


@measure("OUT-04")
def one_year_completion(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Graduates of a school year, of them and the grade-12 non-graduates enrolled long enough (OUT-04)."""
    import narwhals.stable.v2 as nw

    first, last = last_whole_year(blocks.as_of, 7)
    keys = ["learner_id", "program_id"]
    members = _members(blocks).with_columns(graduated=nw.col("diploma_date"))
    if parameters["equivalency"]:
        other = _reached(blocks, ("equivalency",), ("equivalency",)).group_by(*keys).agg(nw.col("done").min())
        members = members.join(other, on=keys, how="left").with_columns(
            graduated=nw.min_horizontal(nw.col("diploma_date"), nw.col("done"))
        )
    day = nw.col("graduated")
    now, earlier = ((day >= first) & (day <= last)).fill_null(False), (day < first).fill_null(False)
    short = nw.col("days").fill_null(0) < int(parameters["minimum_days"])
    grade_12 = (nw.col("grade_12_year") == _year(last)).fill_null(False) & ~earlier
    return (
        members.filter(now | grade_12)
        .join(_longest_run(blocks, first, last, int(parameters["gap_days"])), on=keys, how="left")
        .with_columns(x=flag(now), y=one(), excluded=nw.when(~now & short).then(nw.lit("too_short")))
        .select(*keys, "x", "y", "excluded")
    )


def _longest_run(blocks: Blocks, first: int, last: int, gap_days: int) -> nw.LazyFrame[Any]:
    """Days enrolled in a program between two days, in the longest run without a gap over `gap_days`: ..., days."""
    import narwhals.stable.v2 as nw

    keys, order = ["learner_id", "program_id"], ["start", "stop", "episode_id"]
    stays = (
        blocks.episodes.filter(nw.col("entry") <= last, nw.col("last") >= first)
        .with_columns(
            start=nw.max_horizontal(nw.col("entry"), nw.lit(first)),
            stop=nw.min_horizontal(nw.col("last"), nw.lit(last)),
        )
        .select(*keys, *order)
        .with_columns(reach=nw.col("stop").cum_max().over(*keys, order_by=order))
        .with_columns(before=nw.col("reach").shift(1).over(*keys, order_by=order).fill_null(-(10**9)))
        .with_columns(
            begins=flag(nw.col("start") - nw.col("before") - 1 > gap_days),
            days=nw.max_horizontal(
                nw.col("stop") - nw.max_horizontal(nw.col("start"), nw.col("before") + 1) + 1, nw.lit(0)
            ),
        )
        .with_columns(run=nw.col("begins").cum_sum().over(*keys, order_by=order))
    )
    runs = stays.group_by(*keys, "run").agg(nw.col("days").sum())
    return runs.group_by(*keys).agg(nw.col("days").max())


@measure("OUT-06")
def reengagement(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """People placed, of people reached, each once a program year; the steps between; and who stayed (OUT-06)."""
    import narwhals.stable.v2 as nw

    stay = int(parameters["stay_days"])
    as_of = blocks.as_of
    keys = ["learner_id", "program_id", "year"]
    people = (
        blocks.table("referral")
        .filter(nw.col("reached_date") <= as_of)
        .with_columns(
            year=whole(month_of(nw.col("reached_date")) + 1 - int(parameters["start_month"]), 12),
            placed=nw.when(nw.col("placed_date") <= as_of).then(nw.col("placed_date")),
            intake=flag((nw.col("intake_date") <= as_of) | (nw.col("placed_date") <= as_of).fill_null(False)),
        )
        .group_by(*keys)
        .agg(nw.col("intake").max(), nw.col("placed").min())
    )
    reasons = list(blocks.standard.codes["exit_reason"].names(role="completion"))
    reasons += blocks.standard.codes["exit_reason"].names(role="equivalency")
    stays = (
        people.filter(~nw.col("placed").is_null())
        .join(blocks.episodes.select("learner_id", "entry", "last", "exit_reason"), on="learner_id")
        .filter(nw.col("entry") <= nw.col("placed") + stay)
        .filter(
            (nw.col("last") >= nw.col("placed") + stay)
            | (nw.col("exit_reason").is_in(reasons) & (nw.col("last") >= nw.col("placed"))).fill_null(False)
        )
        .select(*keys)
        .unique(keys)
        .with_columns(stuck=one())
    )
    placed = ~nw.col("placed").is_null()
    mature = placed & (nw.col("placed") + stay <= as_of).fill_null(False)
    return (
        people.join(stays, on=keys, how="left")
        .with_columns(x=flag(placed), y=one(), excluded=nw.lit(None, nw.String))
        .with_columns(
            x_intake=nw.col("intake"),
            x_placement=nw.when(nw.col("intake") == 1).then(nw.col("x")),
            x_stick=nw.when(mature).then(flag(nw.col("stuck") == 1)),
        )
        .select("learner_id", "program_id", "x", "y", "x_intake", "x_placement", "x_stick", "excluded")
    )


@measure("OUT-07")
def dropout(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Learners who left for good in the year, of all enrolled in it, one row a learner and program (OUT-07)."""
    import narwhals.stable.v2 as nw

    first, last = last_whole_year(blocks.as_of, int(parameters["start_month"]))
    names = blocks.standard.codes["exit_reason"].names
    keys = ["learner_id", "program_id"]
    reason = nw.col("exit_reason")
    confirmed = reason.is_in(list(names(role="transfer"))) & nw.col("exit_documented").fill_null(False)
    other = [name for role in ("completion", "equivalency", "end_of_course") for name in names(role=role)]
    fine = reason.is_in(other).fill_null(False) | confirmed.fill_null(False)
    gone = reason.is_in([*names(role="death"), *names(role="relocation")]).fill_null(False)
    ended = nw.col("exited") & (nw.col("exit_date") <= last).fill_null(False)
    stays = blocks.episodes.filter(nw.col("entry") <= last, nw.col("last") >= first).with_columns(
        dropped=flag(ended & ~fine & ~gone), gone=flag(ended & gone), present=flag(~ended), begun=nw.col("entry")
    )
    final = stays.group_by(*keys).agg(
        nw.col("last").max(), nw.col("entry").max(), nw.col("present").max(), nw.col("prior_episodes").max()
    )
    before = blocks.episodes.group_by(*keys).agg(earliest=nw.col("entry").min())
    state = (
        stays.select(*keys, "last", "entry", "episode_id", "dropped", "gone")
        .join(final, on=[*keys, "last", "entry"])
        .group_by(*keys)
        .agg(
            nw.col("episode_id").max(),
            nw.col("dropped").max(),
            nw.col("gone").max(),
            nw.col("present").max(),
            nw.col("prior_episodes").max(),
            nw.col("entry").max(),
        )
        .join(before, on=keys)
    )
    back = (nw.col("prior_episodes").fill_null(0) > 0) | (nw.col("earliest") < nw.col("entry"))
    left = (nw.col("dropped") == 1) & (nw.col("present") == 0)
    return state.with_columns(
        x=flag(left),
        y=one(),
        x_again=nw.when(back).then(flag(left)),
        excluded=nw.when((nw.col("gone") == 1) & (nw.col("present") == 0)).then(nw.lit("left_population")),
    ).select("episode_id", "x", "y", "x_again", "excluded")


def _cohort_rate(blocks: Blocks, parameters: Parameters, years: int) -> nw.LazyFrame[Any]:
    import narwhals.stable.v2 as nw

    cohort = int(parameters["cohort_year"]) or latest_cohort(blocks.as_of, years)
    end = day_number(cohort + years - 4, 8, 31)
    immature = nw.lit(blocks.as_of) < end
    return (
        _members(blocks)
        .filter(nw.col("cohort_year") == cohort)
        .with_columns(
            x=flag(nw.col("diploma_date") <= end),
            y=one(),
            excluded=nw.when(immature).then(nw.lit("not_mature")).otherwise(nw.col("removed")),
        )
        .select("learner_id", "program_id", "x", "y", "excluded")
    )


def _members(blocks: Blocks) -> nw.LazyFrame[Any]:
    """Members of graduation cohorts, each once, with `removed`: why they left it, when that is documented."""
    import narwhals.stable.v2 as nw

    documented = nw.col("removal_documented").fill_null(False)
    keys = ["learner_id", "program_id"]
    return (
        blocks.table("cohort_member")
        .with_columns(removed=nw.when(documented).then(nw.col("removal")))
        .group_by(*keys, "cohort_year")
        .agg(nw.col("diploma_date").min(), nw.col("grade_12_year").max(), nw.col("removed").max())
    )


def _year(day: int) -> int:
    return (EPOCH + dt.timedelta(days=day)).year
