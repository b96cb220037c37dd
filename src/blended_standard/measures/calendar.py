"""Calendar months, quarters and program years by integer arithmetic (Gregorian)."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from blended_standard.measures.blocks import EPOCH, whole
from blended_standard.measures.expressions import flag

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw


def month_of(day: nw.Expr) -> nw.Expr:
    """Return the number of the calendar month of a day number: 12 times the year, plus the month from 0.

    Exact from 1900 to 2200. Kept short, because SQL engines plan every use of `day` anew.
    """
    year, of_year = _since_march(day)
    return year * 12 + whole(of_year * 5 + 2, 153) + 1900 * 12 + 2


def completed_years(first: nw.Expr, last: nw.Expr) -> nw.Expr:
    """Return the whole years from one day number to a later one; a year from 29 February is over on 1 March."""
    months = month_of(last) - month_of(first) - flag(_day_of_month(last) < _day_of_month(first))
    return whole(months, 12)


def _day_of_month(day: nw.Expr) -> nw.Expr:
    _, of_year = _since_march(day)
    return of_year - whole(whole(of_year * 5 + 2, 153) * 153 + 2, 5)


def _since_march(day: nw.Expr) -> tuple[nw.Expr, nw.Expr]:
    """Return the year and the day in it, from 0, where years begin in March, so that leap days end them.

    Every fourth year is long here: a day is put in for each of the three that are not.
    """
    put_in = flag(day >= day_number(1900, 3, 1)) + flag(day >= day_number(2100, 3, 1))
    since = day - day_number(1900, 3, 1) - 1 + put_in + flag(day >= day_number(2200, 3, 1))
    year = whole(since * 4 + 3, 1461)
    return year, since - whole(year * 1461, 4)


def quarter_of(day: nw.Expr) -> nw.Expr:
    """Return the number of the calendar quarter of a day number: 4 times the year, plus the quarter from 0."""
    return whole(month_of(day), 3)


def day_number(year: int, month: int, day: int) -> int:
    """Return the day number of a date."""
    return (dt.date(year, month, day) - EPOCH).days


def program_year(as_of: int, start_month: int) -> tuple[int, int]:
    """Return the first and last day of the program year that holds the as-of day."""
    date = EPOCH + dt.timedelta(days=as_of)
    year = date.year - (date.month < start_month)
    return day_number(year, start_month, 1), day_number(year + 1, start_month, 1) - 1


def last_whole_year(as_of: int, start_month: int) -> tuple[int, int]:
    """Return the first and last day of the latest program year that ended by the as-of day."""
    first, last = program_year(as_of, start_month)
    return (first, last) if last <= as_of else program_year(first - 1, start_month)


def latest_cohort(as_of: int, years: int) -> int:
    """Return the latest cohort year whose window of `years` years, summer included, has ended by the as-of day."""
    date = EPOCH + dt.timedelta(days=as_of)
    return date.year - (date < dt.date(date.year, 8, 31)) - (years - 4)
