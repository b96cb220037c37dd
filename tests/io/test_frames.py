"""Frames that are not what they should be: columns of mixed kinds, of one name, of a name of ours, or none of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from blended_standard.errors import UnreadableInputError, UsageError
from blended_standard.io import Submission, read_submission, write_submission
from blended_standard.validate import validate

ENGINES = ["duckdb", "polars", "pandas"]


def found(frame: Any, engine: str) -> list[tuple[str, str | None, int | None]]:
    report = validate(Submission.from_tables({"learner": frame}), partial=True, engine=engine)
    return [(finding.code, finding.field, finding.row) for finding in report.findings]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_column_of_objects_is_judged_value_by_value(engine: str) -> None:
    frame = pd.DataFrame(
        {
            "learner_id": ["l1", 2, "l3"],
            "credits_at_entry": ["12", 3.5, None],
            "birth_date": pd.to_datetime(["2001-01-01", None, "2002-02-02"]),
            "low_income": pd.array([True, None, False], dtype="boolean"),
        }
    )
    assert found(frame, engine) == [("FLD-TYPE", "learner_id", 2)]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("rows", [0, 1])
def test_a_frame_with_no_field_of_the_table(rows: int, engine: str) -> None:
    assert found(pl.DataFrame({"other": ["x"] * rows}), engine) == [
        ("FLD-MISSING-COLUMN", "learner_id", None),
        ("FLD-UNKNOWN", "other", None),
    ]


def test_two_columns_of_one_name_are_refused() -> None:
    with pytest.raises(UsageError, match="Two columns of learner have one name"):
        Submission.from_tables({"learner": pd.DataFrame([["a", "b"]], columns=["learner_id", "learner_id"])})


@pytest.mark.parametrize("name", ["_row", "_line", "_invalid", "file_row_number"])
def test_a_name_that_is_kept_is_refused(name: str, tmp_path: Path) -> None:
    frame = pl.DataFrame({"learner_id": ["a"], name: ["x"]})
    with pytest.raises(UsageError, match=f"The name {name} of a column of learner is kept"):
        Submission.from_tables({"learner": frame})
    frame.write_parquet(tmp_path / "learner.parquet")
    report = validate(read_submission(tmp_path), partial=True)
    assert [finding.detail for finding in report.findings if finding.code == "FIL-UNREADABLE"] == [
        f"(learner.parquet: the name of its column {name} is kept for where a row stood; give it another)"
    ]


def test_what_was_read_can_be_given_again() -> None:
    many = {"learner_id": [f"l{number}" for number in range(3_000)], "gender": ["female"] * 3_000}
    first = Submission.from_tables({"learner": many})
    assert isinstance(first.tables["learner"], pa.Table)
    again = Submission.from_tables(first.tables)
    assert list(again.records("learner")) == list(first.records("learner"))


@pytest.mark.parametrize(
    ("name", "value"), [("extra", "a note"), ("extra", 7), ("missing", "a note"), ("missing", "[]")]
)
def test_a_column_of_a_users_own_in_the_place_of_local_fields_is_refused(name: str, value: Any, tmp_path: Path) -> None:
    submission = Submission.from_tables({"learner": pl.DataFrame({"learner_id": ["a"], name: [value]})})
    with pytest.raises(UnreadableInputError, match=f"A column {name} holds what is no JSON object"):
        write_submission(submission, tmp_path / "out", format="jsonl")
    with pytest.raises(UnreadableInputError, match="give yours another name"):
        list(submission.records("learner"))
