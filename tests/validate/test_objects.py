"""One record judged as an object has the findings that it has in bulk."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings

from blended_standard.errors import ModelError
from blended_standard.findings import Finding
from blended_standard.io import RefusedRecordsError, Submission, write_submission
from blended_standard.model import RECORDS, FieldSpec, Learner
from blended_standard.spec import load_standard
from blended_standard.validate import validate, validate_record

BAD: dict[str, list[Any]] = {
    "text": ["", " ", "x ", "jo@example.org", "id 123-45-6789", "123-45-6789", "robot", "\n", "é", "\ud800", "x" * 257, 7],
    "integer": [-1, 0, 7, 10**17, 1.5, "12", "1,2", True],
    "number": [-0.5, 0, 1.01, 1e9, "0.5", "1,5", float("nan")],
    "boolean": [True, False, "true", "yes", 1, pd.NA],
    "date": ["2025-10-01", "2025-07-02", "1899-12-31", "2027-01-01", "2200-12-31", "2025-02-30", "03/04/2025"],
    "instant": ["2025-10-01T12:00:00Z", "2026-07-02T00:00:00Z", "2026-07-01T23:59:59Z", "1800-01-01T00:00:00Z", "2025-10-01T12:00:00", dt.datetime.max.replace(tzinfo=dt.timezone(dt.timedelta(hours=-5)))],
}  # fmt: skip


WORDS: list[Any] = ["N/A", "-99", -99, -99.0]
"""The missing values of the profile `harbor-program`, as text and as numbers; in the others they are plain values."""


def values(field: FieldSpec) -> st.SearchStrategy[Any]:
    codes = load_standard().codes[field.codes].names() if field.codes else ()
    good = st.sampled_from(codes) if codes else st.sampled_from(BAD[field.type][:1])
    return st.one_of(st.none(), good, st.sampled_from(BAD[field.type] + WORDS))


rows = st.sampled_from(sorted(RECORDS)).flatmap(
    lambda table: st.tuples(
        st.just(table),
        st.fixed_dictionaries(
            {field.name: values(field) for field in RECORDS[table].fields()},
            optional={"surprise": st.just("x"), "wa:local": st.just("x")},
        ),
    )
)
profiles = st.sampled_from(sorted(load_standard().profiles))


@settings(derandomize=True, max_examples=40, deadline=None)
@given(rows, profiles)
def test_one_record_has_the_findings_of_bulk(row: tuple[str, dict[str, Any]], profile: str) -> None:
    table, record = row
    alone = validate_record(table, record, profile=profile, as_of=dt.date(2026, 6, 30))
    tables = {table: {name: [value] for name, value in record.items()}}
    facts = {"as_of": "2026-06-30", "profile": profile}
    bulk = validate(Submission.from_tables(tables, manifest=facts), engine="polars", partial=True)
    expected = {
        (f.code if f.code != "FLD-MISSING-COLUMN" else "FLD-REQUIRED", f.severity, f.field, f.value, f.detail)
        for f in bulk.findings
    }
    own = {field.name for field in RECORDS[table].fields() if field.refers_to == table}
    expected = {entry for entry in expected if entry[0] not in ("REF-DANGLING", "HIE-CYCLE")}
    found = {(f.code, f.severity, f.field, f.value, f.detail) for f in alone}
    # A record that refers to itself by a bad identifier is told so once in bulk, at the key.
    assert {e for e in found if e[2] not in own} == {e for e in expected if e[2] not in own}


typed: dict[str, st.SearchStrategy[Any]] = {
    "text": st.sampled_from(["N/A", "-99", "n/a", "other", "x", None]),
    "integer": st.sampled_from([-99, 9, None]),
    "number": st.sampled_from([-99.0, 0.5, None]),
    "boolean": st.sampled_from([True, None]),
    "date": st.sampled_from([dt.date(2025, 10, 1), None]),
}
fields = [field for field in RECORDS["learner"].fields() if field.type in typed]
learners = st.lists(st.fixed_dictionaries({field.name: typed[field.type] for field in fields}), min_size=1, max_size=8)


@settings(derandomize=True, max_examples=8, deadline=None)
@given(learners, profiles, st.sampled_from(["duckdb", "polars", "pandas"]))
def test_a_frame_has_the_findings_of_the_same_rows_as_text(
    rows: list[dict[str, Any]], profile: str, engine: str
) -> None:
    columns = {field.name: [row[field.name] for row in rows] for field in fields}
    kinds = {"text": pa.string(), "integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_(), "date": pa.date32()}  # fmt: skip
    frame = pa.table(columns, schema=pa.schema([(field.name, kinds[field.type]) for field in fields]))
    made = [Submission.from_tables({"learner": data}, manifest={"profile": profile}) for data in (columns, frame)]
    text, table = ({_told(f) for f in validate(one, engine=engine, partial=True).findings} for one in made)
    assert text == table
    read, framed = ([list(_read(one))] for one in made)
    assert read == framed


def _told(finding: Finding) -> tuple[Any, ...]:
    value = finding.value.removesuffix(".0") if finding.value else None
    return finding.code, finding.severity, finding.row, finding.field, value, finding.detail, finding.redacted


def _read(submission: Submission) -> Iterator[Any]:
    try:
        yield from submission.records("learner")
    except RefusedRecordsError as error:
        yield str(error)


@pytest.mark.parametrize("rows", [1, 3_000])
@pytest.mark.parametrize("field", ["learner_id", "wa:note"])
def test_half_a_character_is_a_finding_and_the_rest_is_kept(field: str, rows: int, tmp_path: Path) -> None:
    columns = {"learner_id": [f"l{number}" for number in range(rows)], "wa:note": ["sound"] * rows}
    columns[field][0] = "half \ud800"
    submission = Submission.from_tables({"learner": columns})
    found = [finding for finding in validate(submission, partial=True).findings if finding.code == "FLD-TYPE"]
    assert [(finding.row, finding.field) for finding in found] == [(1, field)]
    assert "half a character" in found[0].detail
    write_submission(submission, tmp_path / "out", format="jsonl")
    lines = (tmp_path / "out" / "learner.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == rows
    assert not any("half" in line for line in lines)


@pytest.mark.parametrize("values", [{"learner_id": "\ud800"}, {"learner_id": "l", "extra": {"wa:note": "\ud800"}}])
def test_no_record_holds_half_a_character(values: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match="half a character"):
        Learner(**values)
