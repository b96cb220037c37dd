"""The counterparts that fields name exist in the standards that they name, where the lists are at hand."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from blended_standard.model import RECORDS

INTEROP = Path(__file__).parents[3] / "shared" / "data" / "interop"
NOT_LISTED = {"P000097"}  # Enrollment Entry Date: in CEDS, but not in the subset that is at hand
needs_lists = pytest.mark.skipif(not INTEROP.is_dir(), reason="../shared/data/interop is not here")


def named(standard: str) -> Iterator[tuple[str, str]]:
    for record in RECORDS.values():
        for field in record.fields():
            if standard in field.counterparts:
                yield f"{record.table}.{field.name}", field.counterparts[standard]


@needs_lists
def test_ceds_properties_and_option_sets_exist() -> None:
    known = set(NOT_LISTED)
    for file in ("properties_v13_subset.csv", "classes_v13_subset.csv"):
        with (INTEROP / "ceds" / file).open(encoding="utf-8", newline="") as stream:
            known |= {row["global_id"] for row in csv.DictReader(stream)}
    asked = {(place, word) for place, text in named("CEDS") for word in re.findall(r"[PC]\d{6}", text)}
    assert len(asked) > 30
    assert {pair for pair in asked if pair[1] not in known} == set()


@needs_lists
def test_pirl_elements_exist() -> None:
    with (INTEROP / "pirl" / "elements.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    column = next(name for name in rows[0] if "element" in name)
    known = {row[column].strip() for row in rows}
    asked = {(place, word) for place, text in named("PIRL") for word in re.findall(r"\d{3,4}", text)}
    assert asked
    assert {pair for pair in asked if pair[1] not in known} == set()


def test_most_records_with_a_counterpart_elsewhere_name_it() -> None:
    counted = sum(bool(field.counterparts) for record in RECORDS.values() for field in record.fields())
    assert counted >= 90
    for record in RECORDS.values():
        for field in record.fields():
            assert {*field.counterparts} <= {
                "CEDS",
                "CASE",
                "OneRoster",
                "Caliper",
                "xAPI",
                "Ed-Fi",
                "Open Badges",
                "PIRL",
            }
