"""No attendance-independent measure may so much as touch what the seat-time world records."""

from __future__ import annotations

from typing import Any

import pytest

from blended_standard.engine.duckdb import DuckDBEngine
from blended_standard.io import Submission
from blended_standard.measures import score
from blended_standard.model import RECORDS
from blended_standard.spec import load_standard
from blended_standard.testing import district

STANDARD = load_standard()
INDEPENDENT = sorted(name for name, measure in STANDARD.measures.items() if measure.attendance_independent)
LEGACY_FIELDS = {name: [field.name for field in record.fields() if field.legacy] for name, record in RECORDS.items()}


class TouchedError(AssertionError):
    """A legacy table was read."""


class Trap:
    """A table that cannot be read."""

    def __getattribute__(self, name: str) -> Any:
        raise TouchedError(name)


class WithoutLegacyFields(DuckDBEngine):
    """An engine whose tables have no legacy field, so that to name one is an error of the engine."""

    def bind(self, data: Any, record: Any) -> Any:
        if isinstance(data, Trap):
            raise TouchedError(record.table)
        bound = super().bind(data, record)
        return type(bound)(**{**fields_of(bound), "frame": bound.frame.drop(*LEGACY_FIELDS[record.table])})

    def empty(self, record: Any) -> Any:
        return super().empty(record).drop(*LEGACY_FIELDS[record.table])


def fields_of(bound: Any) -> dict[str, Any]:
    return {name: getattr(bound, name) for name in (field.name for field in type(bound).__attrs_attrs__)}


@pytest.fixture(scope="module")
def trapped() -> Submission:
    made = district(60, programs=1, seed=4, days=120)
    tables = {**made.tables, "legacy_attendance": Trap()}
    return Submission(manifest=made.manifest, tables=tables, found=made.found)


def test_the_trap_works(trapped: Submission) -> None:
    assert any(LEGACY_FIELDS.values())
    engine = WithoutLegacyFields()
    with pytest.raises(TouchedError):
        engine.bind(trapped.tables["legacy_attendance"], RECORDS["legacy_attendance"])
    frame = engine.bind(trapped.tables["activity"], RECORDS["activity"]).frame
    assert "in_schedule" not in frame.collect_schema().names()


@pytest.mark.parametrize("measure", INDEPENDENT)
def test_no_attendance_independent_measure_reads_what_is_legacy(trapped: Submission, measure: str) -> None:
    report = score(trapped, [measure], by=(), engine=WithoutLegacyFields())
    assert len(report) > 0
