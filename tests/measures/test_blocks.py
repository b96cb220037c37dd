"""The shared building blocks: what they look for, and what they spare."""

from __future__ import annotations

import datetime as dt

import pytest

from blended_standard.engine import open_engine
from blended_standard.io import Submission
from blended_standard.measures.blocks import Blocks
from blended_standard.measures.score import example

ENGINES = ["duckdb", "polars", "pandas"]
DAY = dt.date(2026, 1, 31)


@pytest.mark.parametrize("engine", ENGINES)
def test_of_equal_records_one_counts_and_of_those_that_differ_none(engine: str) -> None:
    ids, low = ["a", "b", "b", "c", "c", "d"], [True, True, True, True, False, None]
    copies = Submission.from_tables({**example().tables, "learner": {"learner_id": ids, "low_income": low}})
    with open_engine(engine) as opened:
        assert sorted(opened.collect(Blocks(copies, opened, DAY).table("learner"))["learner_id"]) == ["a", "b", "d"]


@pytest.mark.parametrize("engine", ENGINES)
def test_no_week_is_hidden_where_nothing_closes_a_day_and_nobody_pauses(engine: str) -> None:
    calendar = {"site_id": ["s"] * 7, "date": [f"2026-01-{day:02}" for day in range(12, 19)], "open": [False] * 7}
    closed = Submission.from_tables({**example().tables, "calendar_day": {**calendar, "feed_up": [True] * 7}})
    with open_engine(engine) as opened:
        for submission, observable in ((example(), 4), (closed, 3)):
            blocks = Blocks(submission, opened, DAY)
            assert opened.collect(blocks.weeks(4))["observable"] == [observable]
