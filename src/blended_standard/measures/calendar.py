"""Calendar months, quarters and program years by integer arithmetic (Gregorian)."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from blended_standard.errors import UsageError
from blended_standard.measures.blocks import EPOCH, whole
from blended_standard.measures.expressions import flag

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw


def month_of(day: nw.Expr) -> nw.Expr:
    """Return the number of the calendar month of a day number: 12 times the year, plus the month from 0.

    Exact from 1900 to 2200. Kept short, because SQL engines plan every use of `day` anew.
    """
    since = _since_1900(day)
    year = whole(since * 4 + 3, _FOUR_YEARS)
    of_year = since - whole(year * _FOUR_YEARS, 4)
    return year * 12 + whole(of_year * 5 + 2, 153) + 1900 * 12 + 2


def years_have_passed(years: int, first: nw.Expr, last: nw.Expr) -> nw.Expr:
    """Say whether so many calendar years lie between two day numbers; those from 29 February are over on 1 March.

    As many leap days lie between as fours of years do, and one more where what is left passes the end of a four.
    """
    since = _since_1900(first)
    place = since - whole(since, _FOUR_YEARS) * _FOUR_YEARS
    one_more = flag(place >= (4 - years % 4) * _FOUR_YEARS // 4)
    return _since_1900(last) - since >= 365 * years + years // 4 + one_more


_FOUR_YEARS = 1461


def _since_1900(day: nw.Expr) -> nw.Expr:
    """Return a day counted in years that begin in March, so that leap days end them, and of which every fourth is long.

    A day is put in for each of the three that are not.
    """
    put_in = flag(day >= day_number(1900, 3, 1)) + flag(day >= day_number(2100, 3, 1))
    return day - day_number(1900, 3, 1) - 1 + put_in + flag(day >= day_number(2200, 3, 1))


def quarter_of(day: nw.Expr) -> nw.Expr:
    """Return the number of the calendar quarter of a day number: 4 times the year, plus the quarter from 0."""
    return whole(month_of(day), 3)


def read_date(name: str, given: object) -> dt.date:
    """Return an argument that is a date, or one as ISO text, of the years that the arithmetic holds for."""
    day = given
    if not isinstance(day, dt.date) or isinstance(day, dt.datetime):
        try:
            day = dt.date.fromisoformat(day)  # type: ignore[arg-type]  # what is no text is refused below
        except (TypeError, ValueError):
            raise UsageError(f"{name}={given!r} is not a date such as 2026-06-30.") from None
    if not 1900 <= day.year <= 2100:
        raise UsageError(f"{name}={given!r} is not in the years 1900 to 2100. Pass a day that the records cover.")
    return day


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
