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
def test_copies_are_sought_only_where_a_key_stands_twice(engine: str) -> None:
    tables = example().tables
    twice = Submission.from_tables({**tables, "learner": {"learner_id": ["a", "a"]}})
    with open_engine(engine) as opened:
        assert not Blocks(example(), opened, DAY).repeats("learner")
        assert Blocks(twice, opened, DAY).repeats("learner")


@pytest.mark.parametrize("engine", ENGINES)
def test_no_week_is_hidden_where_nothing_closes_a_day_and_nobody_pauses(engine: str) -> None:
    calendar = {"site_id": ["s"] * 7, "date": [f"2026-01-{day:02}" for day in range(12, 19)], "open": [False] * 7}
    closed = Submission.from_tables({**example().tables, "calendar_day": {**calendar, "feed_up": [True] * 7}})
    with open_engine(engine) as opened:
        for submission, observable in ((example(), 4), (closed, 3)):
            blocks = Blocks(submission, opened, DAY)
            assert opened.collect(blocks.weeks(4))["observable"] == [observable]
