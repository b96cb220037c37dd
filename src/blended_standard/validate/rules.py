"""The rules across records, each written once over tables and bound by id to its text in the spec."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from blended_standard.validate.tables import BoundTables

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw

RuleFunction = Callable[[BoundTables], "nw.LazyFrame[Any]"]
RECORD_RULES: dict[str, RuleFunction] = {}


def rule(code: str) -> Callable[[RuleFunction], RuleFunction]:
    """Bind the function below to a rule of the spec. It returns the rows that break it, with all their columns."""

    def bind(function: RuleFunction) -> RuleFunction:
        RECORD_RULES[code] = function
        return function

    return bind


@rule("EPI-ORDER")
def ends_before_it_starts(tables: BoundTables) -> nw.LazyFrame[Any]:
    """Episodes whose exit lies before their entry."""
    import narwhals.stable.v2 as nw

    return tables["episode"].filter((nw.col("exit_date") < nw.col("entry_date")).fill_null(False))


@rule("EPI-REASON")
def exit_without_reason(tables: BoundTables) -> nw.LazyFrame[Any]:
    """Episodes that ended and do not say why."""
    import narwhals.stable.v2 as nw

    return tables["episode"].filter(~nw.col("exit_date").is_null(), nw.col("exit_reason").is_null())


@rule("EPI-NO-EXIT")
def reason_without_exit(tables: BoundTables) -> nw.LazyFrame[Any]:
    """Episodes that say why they ended and not when."""
    import narwhals.stable.v2 as nw

    return tables["episode"].filter(nw.col("exit_date").is_null(), ~nw.col("exit_reason").is_null())


@rule("EPI-OVERLAP")
def overlapping_episodes(tables: BoundTables) -> nw.LazyFrame[Any]:
    """Episodes that begin before an earlier one of the same learner at the same site has ended."""
    import narwhals.stable.v2 as nw

    ends = nw.col("exit_date").fill_null(10**6)
    episodes = tables["episode"].drop_nulls(["learner_id", "site_id", "entry_date", "episode_id"])
    reached = ends.cum_max().over("learner_id", "site_id", order_by=["entry_date", "episode_id"])
    earlier = nw.col("reached").shift(1).over("learner_id", "site_id", order_by=["entry_date", "episode_id"])
    return (
        episodes.with_columns(reached=reached)
        .with_columns(earlier=earlier)
        .filter((nw.col("earlier") > nw.col("entry_date")).fill_null(False))
    )


@rule("PAU-ORDER")
def pause_ends_before_it_starts(tables: BoundTables) -> nw.LazyFrame[Any]:
    """Pauses whose end lies before their start."""
    import narwhals.stable.v2 as nw

    return tables["pause"].filter((nw.col("end_date") < nw.col("start_date")).fill_null(False))


@rule("EVI-BEFORE")
def work_before_entry(tables: BoundTables) -> nw.LazyFrame[Any]:
    """Work dated before its episode began, results carried over apart."""
    import narwhals.stable.v2 as nw

    dated = tables.local_day(tables["evidence"].drop_nulls(["at"]))
    return dated.filter((nw.col("day") < nw.col("entry_date")).fill_null(False), nw.col("kind") != "carried_over")


@rule("EVI-AFTER")
def work_after_exit(tables: BoundTables) -> nw.LazyFrame[Any]:
    """Work dated after its episode ended."""
    import narwhals.stable.v2 as nw

    dated = tables.local_day(tables["evidence"].drop_nulls(["at"]))
    return dated.filter((nw.col("day") > nw.col("exit_date")).fill_null(False))


@rule("ACT-OUTSIDE")
def act_outside_episode(tables: BoundTables) -> nw.LazyFrame[Any]:
    """Acts before their episode began or after it ended."""
    import narwhals.stable.v2 as nw

    dated = tables.local_day(tables["activity"].drop_nulls(["at"]))
    before = (nw.col("day") < nw.col("entry_date")).fill_null(False)
    return dated.filter(before | (nw.col("day") > nw.col("exit_date")).fill_null(False))


@rule("MAS-LEVEL")
def mastery_on_weak_evidence(tables: BoundTables) -> nw.LazyFrame[Any]:
    """Mastery decided on evidence that does not show it."""
    import narwhals.stable.v2 as nw

    weak = (nw.col("evidence_level") < 2).fill_null(False)
    return tables["mastery_decision"].filter(nw.col("mastered").fill_null(False), weak)


@rule("OUT-AFTER-WITHDRAWAL")
def result_after_withdrawal(tables: BoundTables) -> nw.LazyFrame[Any]:
    """Results of a course dated after the learner withdrew from it."""
    import narwhals.stable.v2 as nw

    left = tables["episode"].filter((nw.col("exit_reason") == "withdrawn").fill_null(False))
    results = tables["outcome"].filter(nw.col("kind").is_in(["program_completion", "course_score"]))
    dated = results.join(left.select("episode_id", "exit_date").unique("episode_id"), on="episode_id")
    return dated.filter((nw.col("date") > nw.col("exit_date")).fill_null(False))


@rule("EVI-UNSCORED")
def work_without_score(tables: BoundTables) -> nw.LazyFrame[Any]:
    """Work that should have been scored and was neither scored nor accepted nor refused."""
    import narwhals.stable.v2 as nw

    work = tables["evidence"].filter((nw.col("level") >= 2).fill_null(False))
    return work.filter(nw.col("score").is_null(), nw.col("accepted").is_null())
