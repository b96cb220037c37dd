"""What is written is what is read back: every value, reason and local field, in every format."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from blended_standard.io import Submission, read_submission, write_submission
from blended_standard.io.write import Format
from blended_standard.model import RECORDS
from blended_standard.testing import district, plain_tables, records, submissions, to_tables
from tests.testing.rows import rows_of

FORMATS: tuple[Format, ...] = ("jsonl", "csv", "parquet")
SETTINGS = settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking a whole submission takes minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def wrong(submission: Submission) -> list[str]:
    """Return what reading found but the note that apostrophes were taken away again."""
    return [finding.code for finding in submission.found.findings() if finding.severity != "note"]


def written(submission: Submission, form: Format) -> Submission:
    with tempfile.TemporaryDirectory() as directory:
        read = read_submission(write_submission(submission, Path(directory) / "out", format=form))
        return (
            Submission.from_tables(plain_tables(read), manifest=read.manifest, standard=read.standard)
            if not wrong(read)
            else read
        )


@pytest.mark.parametrize("form", FORMATS)
@given(submission=submissions())
@SETTINGS
def test_small_submissions_come_back(form: Format, submission: Submission) -> None:
    back = written(submission, form)
    assert wrong(back) == []
    assert rows_of(back) == rows_of(submission)
    assert back.manifest.title == submission.manifest.title
    assert back.manifest.as_of == submission.manifest.as_of


@pytest.mark.parametrize("table", list(RECORDS))
@given(data=st.data())
@settings(SETTINGS, max_examples=3)
def test_records_of_every_table_come_back(table: str, data: st.DataObject) -> None:
    made = data.draw(st.lists(records(table), min_size=1, max_size=3))
    submission = Submission.from_tables(to_tables({table: made}))
    assert submission.found.findings() == ()
    for form in FORMATS:
        assert rows_of(written(submission, form)) == rows_of(submission), form


@pytest.mark.parametrize("form", FORMATS)
def test_a_district_comes_back(form: Format, tmp_path: Path) -> None:
    made = district(60, seed=8, days=200)
    back = written(made, form)
    assert rows_of(back) == rows_of(made)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("value", [1, 2.5, True, "text", [1, 2], {"a": [None, {"b": 1}]}, "1", ""])
def test_local_fields_keep_their_kind(form: Format, value: object) -> None:
    tables = {"program": {"program_id": ["p"], "name": ["P"], "time_zone": ["UTC"], "wa:fact": [value]}}
    submission = Submission.from_tables(tables)
    assert rows_of(written(submission, form))["program"][0]["wa:fact"] == value


@pytest.mark.parametrize("first", FORMATS)
@pytest.mark.parametrize("second", FORMATS)
def test_what_was_read_can_be_written_again(first: Format, second: Format, tmp_path: Path) -> None:
    made = district(8, seed=2, days=90)
    once = read_submission(write_submission(made, tmp_path / "once", format=first))
    again = read_submission(write_submission(once, tmp_path / "again", format=second))
    for name in RECORDS:
        if name not in ("program",) and name in made.tables:
            assert rows_of(again)[name] == rows_of(made)[name], name


def test_a_carriage_return_alone_does_not_break_a_row(tmp_path: Path) -> None:
    tables = {"program": {"program_id": ["p"], "name": ["a\rb"], "time_zone": ["UTC"]}}
    write_submission(Submission.from_tables(tables), tmp_path / "out", format="csv")
    assert rows_of(read_submission(tmp_path / "out"))["program"][0]["name"] == "a\rb"


def test_a_submission_is_shown_without_its_records() -> None:
    made = Submission.from_tables({"learner": {"learner_id": ["JaneDoe1999"]}})
    assert "learner" in repr(made)
    assert "JaneDoe1999" not in repr(made)
