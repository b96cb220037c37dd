"""Months and quarters of every day from 1900 to 2200, against the calendar of Python."""

from __future__ import annotations

import datetime as dt

import narwhals.stable.v2 as nw
import pytest

from blended_standard.engine import open_engine
from blended_standard.measures.calendar import month_of, quarter_of, years_have_passed

EPOCH = dt.date(1970, 1, 1)
FIRST, LAST = (dt.date(1900, 1, 1) - EPOCH).days, (dt.date(2200, 12, 31) - EPOCH).days


@pytest.mark.parametrize("name", ["duckdb", "polars"])
def test_months_are_those_of_the_calendar(name: str) -> None:
    days = list(range(FIRST, LAST + 1))
    with open_engine(name) as engine:
        frame = engine.frame({"day": days}, {"day": int})
        found = engine.collect(
            frame.select("day", month=month_of(nw.col("day")), quarter=quarter_of(nw.col("day"))).sort("day")
        )
    dates = [EPOCH + dt.timedelta(days=day) for day in days]
    assert found["month"] == [12 * date.year + date.month - 1 for date in dates]
    assert found["quarter"] == [4 * date.year + (date.month - 1) // 3 for date in dates]


@pytest.mark.parametrize("name", ["duckdb", "polars"])
@pytest.mark.parametrize(("year", "years"), [(2006, 18), (2005, 21), (1899, 18), (2084, 18), (2080, 21), (2190, 10)])
def test_years_are_over_on_the_day_of_their_first(year: int, years: int, name: str) -> None:
    """Every day of some five years, and the days about its birthday; 29 February comes round on 1 March."""
    first = [dt.date(year, 1, 1) + dt.timedelta(days=number) for number in range(1828)]
    first = [born for born in first if born >= dt.date(1900, 1, 1)]
    pairs = [
        (born, on) for born in first for on in (birthday(born, years), birthday(born, years) - dt.timedelta(days=1))
    ]
    numbers = {part: [(pair[place] - EPOCH).days for pair in pairs] for place, part in enumerate(("born", "on"))}
    with open_engine(name) as engine:
        frame = engine.frame({"row": list(range(len(pairs))), **numbers}, dict.fromkeys(("row", *numbers), int))
        passed = years_have_passed(years, nw.col("born"), nw.col("on"))
        found = engine.collect(frame.select("row", passed=passed).sort("row"))["passed"]
    assert found == [True, False] * len(first)


def birthday(born: dt.date, years: int) -> dt.date:
    try:
        return born.replace(year=born.year + years)
    except ValueError:
        return dt.date(born.year + years, 3, 1)
