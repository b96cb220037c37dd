"""Local fields of kinds that JSON does not have: days, decimals and bytes, in columns, frames and files."""

from __future__ import annotations

import datetime as dt
import decimal
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from blended_standard.adapters.records import rows_of
from blended_standard.io import Submission, read_submission, write_submission
from blended_standard.io.plain import plain

VALUES = [
    (dt.date(2026, 1, 5), "2026-01-05"),
    (dt.datetime(2026, 1, 5, 8), "2026-01-05T08:00:00"),
    (dt.time(8, 30), "08:30:00"),
    (dt.timedelta(days=1), "1 day, 0:00:00"),
    (decimal.Decimal("1.5"), 1.5),
    (float("inf"), "inf"),
    (b"no", "6e6f"),
    ({"day": dt.date(2026, 1, 5)}, {"day": "2026-01-05"}),
]


@pytest.mark.parametrize(("value", "written"), VALUES)
def test_a_local_field_of_any_kind_is_written(value: Any, written: Any, tmp_path: Path) -> None:
    columns = {"learner_id": ["k1-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"], "x:value": [value]}
    for number, table in enumerate((columns, pl.DataFrame(columns))):
        submission = Submission.from_tables({"learner": table})
        lines = write_submission(submission, tmp_path / f"lines{number}", format="jsonl")
        assert json.loads((lines / "learner.jsonl").read_text("utf-8"))["x:value"] == written
        cells = write_submission(submission, tmp_path / f"cells{number}", format="csv")
        assert rows_of(read_submission(cells), "learner")[0]["x:value"] == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (decimal.Decimal("1e400"), "1E+400"),
        (dt.datetime.max.replace(tzinfo=dt.timezone(dt.timedelta(hours=-5))), "9999-12-31T23:59:59.999999-05:00"),
    ],
)
def test_what_lies_beyond_the_kinds_of_json_is_text(value: Any, written: str) -> None:
    assert plain(value) == written
