"""The rules that one row and its episode decide."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING

import attrs

from blended_standard.model.fields import EARLIEST_YEAR, LATEST_YEAR
from blended_standard.validate.tables import ENDS, ENTRY, EXIT, STARTS

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw

ExpressionFunction = Callable[[], "nw.Expr"]


@attrs.frozen
class RowRule:
    """A rule that is `broken` by single rows, perhaps with a look at their `episode`.

    No row can break it that lacks one of the fields that it `needs`.
    """

    broken: ExpressionFunction
    needs: frozenset[str] = frozenset()
    episode: bool = False


ROW_RULES: dict[str, RowRule] = {}

ORDERED: dict[str, tuple[str, str]] = {
    "EPI-ORDER": ("entry_date", "exit_date"),
    "PAU-ORDER": ("start_date", "end_date"),
    "STA-ORDER": ("start_date", "end_date"),
    "PRA-ORDER": ("start_date", "end_date"),
    "COS-ORDER": ("start_date", "end_date"),
    "RFL-ORDER": ("reached_date", "intake_date"),
    "RFL-PLACED": ("intake_date", "placed_date"),
    "PSE-ORDER": ("start_date", "end_date"),
    "CRD-ORDER": ("started_date", "date"),
    "CRD-DROPPED": ("started_date", "dropped_date"),
    "PLN-END": ("made_date", "planned_end"),
    "SUR-ITEMS": ("items_answered", "items_asked"),
    "POP-SHARE": ("disconnected", "youth"),
}
"""Pairs of fields of one record, the second of which may not be less than the first."""


def row_rule(
    code: str, *, needs: tuple[str, ...] = (), episode: bool = False
) -> Callable[[ExpressionFunction], ExpressionFunction]:
    """Bind the function below to a rule of the spec. Its expression is true for the rows that break it.

    It may use the fields of the rule's table and, with `episode`, `_entry`, `_exit`, `_starts`, `_ends` (see `tables`).
    Where a column that it `needs` is not there it is not asked.
    """

    def bind(function: ExpressionFunction) -> ExpressionFunction:
        ROW_RULES[code] = RowRule(function, frozenset(needs), episode)
        return function

    return bind


def _runs_backward(first: str, second: str) -> ExpressionFunction:
    def expression() -> nw.Expr:
        return _holds(_column(second) < _column(first))

    return expression


ROW_RULES.update({code: RowRule(_runs_backward(*pair), frozenset(pair)) for code, pair in ORDERED.items()})


@row_rule("EPI-REASON", needs=("exit_date",))
def exit_without_reason() -> nw.Expr:
    """Episodes that ended and do not say why."""
    return ~_column("exit_date").is_null() & _column("exit_reason").is_null()


@row_rule("EPI-NO-EXIT", needs=("exit_reason",))
def reason_without_exit() -> nw.Expr:
    """Episodes that say why they ended and not when."""
    return _column("exit_date").is_null() & ~_column("exit_reason").is_null()


@row_rule("PAU-OUTSIDE", episode=True)
def pause_outside_episode() -> nw.Expr:
    """Pauses that begin before their episode or end after it."""
    return _holds(_column("start_date") < _column(ENTRY)) | _holds(_column("end_date") > _column(EXIT))


@row_rule("EVI-BEFORE", needs=("at", "kind"), episode=True)
def work_before_entry() -> nw.Expr:
    """Work dated before its episode began, results carried over apart."""
    return (_column("at") < _column(STARTS)) & (_column("kind") != "carried_over")


@row_rule("EVI-AFTER", needs=("at",), episode=True)
def work_after_exit() -> nw.Expr:
    """Work dated after its episode ended."""
    return _column("at") >= _column(ENDS)


@row_rule("EVI-DUE", needs=("due_date", "kind"), episode=True)
def due_before_entry() -> nw.Expr:
    """Work that was due before its episode began, results carried over apart."""
    return (_column("due_date") < _column(ENTRY)) & (_column("kind") != "carried_over")


@row_rule("EVI-UNSCORED", needs=("level",))
def work_without_score() -> nw.Expr:
    """Work that should have been scored and was neither scored nor accepted nor refused."""
    return (_column("level") >= 2) & _column("score").is_null() & _column("accepted").is_null()


@row_rule("ACT-OUTSIDE", needs=("at",), episode=True)
def act_outside_episode() -> nw.Expr:
    """Acts before their episode began or after it ended."""
    return (_column("at") < _column(STARTS)) | (_column("at") >= _column(ENDS))


@row_rule("MAS-LEVEL", needs=("mastered", "evidence_level"))
def mastery_on_weak_evidence() -> nw.Expr:
    """Mastery decided on evidence that does not show it."""
    return _holds(_column("mastered")) & _holds(_column("evidence_level") < 2)


@row_rule("MAS-BEFORE", needs=("date",), episode=True)
def mastery_before_entry() -> nw.Expr:
    """Mastery decided before the episode began, prior learning apart."""
    return _holds(_column("date") < _column(ENTRY)) & ~_holds(_column("prior_learning"))


@row_rule("CRD-BEFORE", needs=("date",), episode=True)
def credit_before_entry() -> nw.Expr:
    """Credits dated before the episode began, prior learning apart."""
    return _holds(_column("date") < _column(ENTRY)) & ~_holds(_column("prior_learning"))


@row_rule("OUT-BEFORE", needs=("date",), episode=True)
def outcome_before_entry() -> nw.Expr:
    """Outcomes dated before the episode began."""
    return _holds(_column("date") < _column(ENTRY))


@row_rule("FUP-QUARTER", needs=("quarter_start",))
def follow_up_off_quarter() -> nw.Expr:
    """Follow-ups that do not begin with a calendar quarter; dates outside the calendar have a finding of their own."""
    starts = _quarter_starts()
    in_calendar = _holds(_column("quarter_start") >= starts[0]) & _holds(_column("quarter_start") <= starts[-1])
    return in_calendar & ~_holds(_column("quarter_start").is_in(starts))


@row_rule("FUP-WINDOW", needs=("quarter_start",), episode=True)
def follow_up_before_exit() -> nw.Expr:
    """Follow-ups of a quarter that began before the learner left."""
    return _holds(_column("quarter_start") <= _column(EXIT))


@row_rule("FUP-OPEN", episode=True)
def follow_up_of_open_episode() -> nw.Expr:
    """Follow-ups of an episode that has not ended."""
    return ~_column(ENTRY).is_null() & _column(EXIT).is_null()


def _column(name: str) -> nw.Expr:
    import narwhals.stable.v2 as nw

    return nw.col(name)


def _holds(condition: nw.Expr) -> nw.Expr:
    """Take a condition on an absent value as not broken."""
    return condition.fill_null(False)


def _quarter_starts() -> list[int]:
    epoch = dt.date(1970, 1, 1)
    years = range(EARLIEST_YEAR, LATEST_YEAR + 1)
    return [(dt.date(year, month, 1) - epoch).days for year in years for month in (1, 4, 7, 10)]
