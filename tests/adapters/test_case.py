"""CASE packages: round trips are equal; what the standard can't say is kept as it stands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from blended_standard import adapters
from blended_standard.errors import UnreadableInputError, UsageError
from tests.adapters.helpers import FIELD, HERE, codes, in_field, rows

ALGEBRA = HERE / "case/algebra.json"
FIRST, SECOND, THIRD = (f"6f1a0e3c-0a5b-4c1e-9c57-1d2f3a4b5c{n:02d}" for n in (1, 2, 3))


def test_items_associations_and_rubrics_become_records() -> None:
    made = adapters.read("case", ALGEBRA, mastery_from=2)
    found = {row["competency_id"]: row for row in rows(made, "competency")}
    assert found[FIRST]["parent_id"] == SECOND
    assert found[FIRST]["scale_id"] == rows(made, "proficiency_scale")[0]["scale_id"]
    assert {(row["from_id"], row["to_id"], row["kind"]) for row in rows(made, "competency_association")} == {
        (FIRST, SECOND, "is_child_of"),
        (FIRST, THIRD, "precedes"),
    }
    levels = [(row["rank"], row["title"], row["mastery"], row["cut_score"]) for row in rows(made, "proficiency_level")]
    assert levels == [(0, "Beginning", False, 0.0), (1, "Near", False, 1.0), (2, "Meets", True, 2.0)]
    assert made.version == "1.1"
    assert "ADP-VOCABULARY" in codes(made)  # ext:feeds, kept and not interpreted
    assert made.losses.dropped == 0


def test_without_a_declared_cut_no_level_shows_mastery() -> None:
    made = adapters.read("case", ALGEBRA)
    assert not any(row["mastery"] for row in rows(made, "proficiency_level"))
    assert "ADP-ASSUMED" in codes(made)


def _sorted(package: dict[str, Any]) -> dict[str, Any]:
    return {
        name: sorted(part, key=lambda each: each["identifier"]) if isinstance(part, list) else part
        for name, part in package.items()
        if part
    }


def test_the_round_trip_is_equal(tmp_path: Path) -> None:
    written = adapters.write("case", adapters.read("case", ALGEBRA), tmp_path / "out")
    again = json.loads(Path(written.files[0]).read_text("utf-8"))
    assert _sorted(again) == _sorted(json.loads(ALGEBRA.read_text("utf-8")))


@in_field
@pytest.mark.parametrize(
    "name", ["AdoptedTestFramework", "MarkdownFramework", "Ordering", "SmartLevelFramework", "Utf8TestFramework"]
)
def test_round_trips_of_published_packages_are_equal(name: str, tmp_path: Path) -> None:
    source = FIELD / f"case/opensalt/{name}.json"
    written = adapters.write("case", adapters.read("case", source), tmp_path / "out")
    again = json.loads(Path(written.files[0]).read_text("utf-8"))
    assert _sorted(again) == _sorted(json.loads(source.read_text("utf-8")))


def test_other_documents_and_targets_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")
    with pytest.raises(UnreadableInputError, match="CFDocument"):
        adapters.read("case", tmp_path)
    with pytest.raises(UsageError, match="not an empty directory"):
        adapters.write("case", adapters.read("case", ALGEBRA), tmp_path)
