"""One record judged as an object has the findings that it has in bulk."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
from hypothesis import given, settings

from blended_standard.io import Submission
from blended_standard.model import RECORDS, FieldSpec
from blended_standard.spec import load_standard
from blended_standard.validate import validate, validate_record

BAD: dict[str, list[Any]] = {
    "text": ["", " ", "x ", "jo@example.org", "id 123-45-6789", "123-45-6789", "robot", "\n", "é", "x" * 257, 7],
    "integer": [-1, 0, 7, 10**17, 1.5, "12", "1,2", True],
    "number": [-0.5, 0, 1.01, 1e9, "0.5", "1,5", float("nan")],
    "boolean": [True, False, "true", "yes", 1],
    "date": ["2025-10-01", "2025-07-02", "1899-12-31", "2027-01-01", "2200-12-31", "2025-02-30", "03/04/2025"],
    "instant": ["2025-10-01T12:00:00Z", "2026-07-02T00:00:00Z", "2026-07-01T23:59:59Z", "1800-01-01T00:00:00Z", "2025-10-01T12:00:00"],
}  # fmt: skip


def values(field: FieldSpec) -> st.SearchStrategy[Any]:
    codes = load_standard().codes[field.codes].names() if field.codes else ()
    good = st.sampled_from(codes) if codes else st.sampled_from(BAD[field.type][:1])
    return st.one_of(st.none(), good, st.sampled_from(BAD[field.type]))


rows = st.sampled_from(sorted(RECORDS)).flatmap(
    lambda table: st.tuples(
        st.just(table), st.fixed_dictionaries({field.name: values(field) for field in RECORDS[table].fields()})
    )
)


@settings(derandomize=True, max_examples=30, deadline=None)
@given(rows)
def test_one_record_has_the_findings_of_bulk(row: tuple[str, dict[str, Any]]) -> None:
    table, record = row
    import datetime as dt

    alone = validate_record(table, record, as_of=dt.date(2026, 6, 30))
    tables = {table: {name: [value] for name, value in record.items()}}
    bulk = validate(Submission.from_tables(tables, manifest={"as_of": "2026-06-30"}), engine="polars", partial=True)
    expected = {
        (f.code if f.code != "FLD-MISSING-COLUMN" else "FLD-REQUIRED", f.field, f.value, f.detail)
        for f in bulk.findings
    }
    own = {field.name for field in RECORDS[table].fields() if field.refers_to == table}
    expected = {entry for entry in expected if entry[0] not in ("REF-DANGLING", "HIE-CYCLE")}
    found = {(f.code, f.field, f.value, f.detail) for f in alone}
    # A record that refers to itself by a bad identifier is told so once in bulk, at the key.
    assert {e for e in found if e[1] not in own} == {e for e in expected if e[1] not in own}
