"""Records that stand twice: of equal ones one counts, of those that share a key and differ none, in every measure."""

from __future__ import annotations

import pytest

from blended_standard.io import Submission
from blended_standard.measures import MeasureReport, score
from blended_standard.model import RECORDS
from blended_standard.testing import plain_tables
from tests.measures.grown import grown
from tests.properties.changes import Tables, repeated

STEP = 5


@pytest.fixture(scope="module")
def made() -> Submission:
    return grown(24)


def scored(submission: Submission, tables: Tables) -> MeasureReport:
    changed = Submission.from_tables(tables, manifest=submission.manifest)
    return score(changed, list(submission.standard.measures), by=(), engine="polars")


def alike(first: MeasureReport, second: MeasureReport) -> None:
    for one, other in zip(first, second, strict=True):
        assert (other.n, other.excluded, other.coverage) == (one.n, one.excluded, one.coverage), one.measure
        numbers = [[part.value for part in (entry, *entry.components)] for entry in (one, other)]
        assert numbers[1] == pytest.approx(numbers[0], abs=1e-12, nan_ok=True), one.measure


def test_every_record_twice_changes_no_measure(made: Submission) -> None:
    tables = plain_tables(made)
    alike(scored(made, tables), scored(made, {name: repeated(columns) for name, columns in tables.items()}))


def test_records_that_share_a_key_and_differ_count_in_no_measure(made: Submission) -> None:
    places = ("program", "site", "learner", "episode")
    with_copies, without = plain_tables(made), plain_tables(made)
    for name, columns in plain_tables(made).items():
        key = RECORDS[name].key_fields()
        if not key or name in places:
            continue
        size = len(columns[key[0]])
        picked = range(0, size, STEP)
        # The copy has the values of the next record that differs, so that it is a likely one.
        others = [next((j for j in range(size) if differ(columns, key, i, j)), None) for i in picked]
        pairs = [(i, j) for i, j in zip(picked, others, strict=True) if j is not None]
        copied = {field: [values[i if field in key else j] for i, j in pairs] for field, values in columns.items()}
        left = sorted(set(range(size)) - {i for i, _ in pairs})
        with_copies[name] = {field: [*values, *copied[field]] for field, values in columns.items()}
        without[name] = {field: [values[i] for i in left] for field, values in columns.items()}
    alike(scored(made, without), scored(made, with_copies))


def differ(columns: dict[str, list[object]], key: tuple[str, ...], i: int, j: int) -> bool:
    return any(values[i] != values[j] for field, values in columns.items() if field not in key)
