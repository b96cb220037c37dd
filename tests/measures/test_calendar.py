"""Months and quarters of every day from 1900 to 2200, against the calendar of Python."""

from __future__ import annotations

import datetime as dt

import narwhals.stable.v2 as nw
import pytest

from blended_standard.engine import open_engine
from blended_standard.measures.calendar import month_of, quarter_of

FIRST, LAST = (dt.date(1900, 1, 1) - dt.date(1970, 1, 1)).days, (dt.date(2200, 12, 31) - dt.date(1970, 1, 1)).days


@pytest.mark.parametrize("name", ["duckdb", "polars"])
def test_months_are_those_of_the_calendar(name: str) -> None:
    days = list(range(FIRST, LAST + 1))
    with open_engine(name) as engine:
        frame = engine.frame({"day": days}, {"day": int})
        found = engine.collect(
            frame.select("day", month=month_of(nw.col("day")), quarter=quarter_of(nw.col("day"))).sort("day")
        )
    dates = [dt.date(1970, 1, 1) + dt.timedelta(days=day) for day in days]
    assert found["month"] == [12 * date.year + date.month - 1 for date in dates]
    assert found["quarter"] == [4 * date.year + (date.month - 1) // 3 for date in dates]
