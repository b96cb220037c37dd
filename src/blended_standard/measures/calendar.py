"""Calendar months, quarters and program years by integer arithmetic (proleptic Gregorian)."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from blended_standard.measures.blocks import EPOCH, whole

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw


def month_of(day: nw.Expr) -> nw.Expr:
    """Return the number of the calendar month of a day number: 12 times the year, plus the month from 0."""
    shifted = day + EPOCH.toordinal() - 1 + 306
    era = whole(shifted, 146_097)
    of_era = shifted - era * 146_097
    leap = whole(of_era, 1_460) - whole(of_era, 36_524) + whole(of_era, 146_096)
    year_of_era = whole(of_era - leap, 365)
    of_year = of_era - (365 * year_of_era + whole(year_of_era, 4) - whole(year_of_era, 100))
    return (year_of_era + era * 400) * 12 + whole(5 * of_year + 2, 153) + 2


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
