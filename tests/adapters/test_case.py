"""CASE packages: round trips are equal; what the standard can't say is kept as it stands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from blended_standard import adapters
from blended_standard.adapters.records import rows_of
from blended_standard.errors import UnreadableInputError, UsageError
from blended_standard.io import Submission
from tests.adapters.helpers import FIELD, HERE, assert_holds_none, codes, in_field, rows

ALGEBRA = HERE / "case/algebra.json"
FIRST, SECOND, THIRD, FOURTH = (f"6f1a0e3c-0a5b-4c1e-9c57-1d2f3a4b5c{n:02d}" for n in (1, 2, 3, 4))


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


def _planted(value: Any) -> Any:
    """Return a document with an address in every text and under a new name in every object."""
    if isinstance(value, dict):
        return {name: _planted(each) for name, each in value.items()} | {"x_by": "zanzi@x.example, 555-443-9871"}
    if isinstance(value, list):
        return [_planted(each) for each in value]
    return f"{value} zanzi@x.example" if isinstance(value, str) and " " in value else value


def test_an_address_planted_anywhere_in_a_package_is_not_written(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text(json.dumps(_planted(json.loads(ALGEBRA.read_text("utf-8")))))
    made = adapters.read("case", tmp_path / "package.json")
    assert len(rows(made, "competency")) == len(rows(adapters.read("case", ALGEBRA), "competency"))
    assert "ADP-WITHHELD" in codes(made)
    assert_holds_none(made, tmp_path / "out", ["zanzi", "555-443"])
    adapters.write("case", made, tmp_path / "packages")
    assert not any(b"zanzi" in file.read_bytes() for file in (tmp_path / "packages").iterdir())


def test_records_that_never_were_in_a_package_come_back_as_they_were(tmp_path: Path) -> None:
    """Identifiers that are no UUIDs, a parent without an association, a scale, a missing publisher."""
    native = Submission.from_tables(
        {
            "framework": {"framework_id": ["fw 1"], "title": ["Ours"], "version": ["3"]},
            "competency": {
                "competency_id": ["add/ä", "numbers"],
                "title": ["Add", "Numbers"],
                "framework_id": ["fw 1"] * 2,
                "parent_id": ["numbers", None],
                "scale_id": ["steps", None],
                "credit_value": [0.5, None],
            },
            "proficiency_scale": {"scale_id": ["steps"], "title": ["Steps"]},
            "proficiency_level": {
                "level_id": ["no", "yes"],
                "scale_id": ["steps"] * 2,
                "rank": [0, 1],
                "title": ["Not yet", "Yes"],
                "mastery": [False, True],
            },
        }
    )
    written = adapters.write("case", native, tmp_path / "out")
    again = adapters.read("case", tmp_path / "out", mastery_from=1)
    for name in native.tables:
        sent = [{key: value for key, value in row.items() if key != "credit_value"} for row in rows_of(native, name)]
        assert sorted(rows(again, name), key=str) == sorted(sent, key=str)
    assert [(row["from_id"], row["to_id"], row["kind"]) for row in rows(again, "competency_association")] == [
        ("add/ä", "numbers", "is_child_of")
    ]
    assert {loss.field: loss.count for loss in written.losses.fields if loss.fate == "dropped"} == {
        "competency.credit_value": 1,
        "proficiency_level.mastery": 2,
    }


def test_what_belongs_to_no_framework_is_a_loss(tmp_path: Path) -> None:
    alone = {"competency_id": ["a", "b"], "title": ["A", "B"], "scale_id": ["s", "s"]}
    written = adapters.write("case", Submission.from_tables({"competency": alone}), tmp_path / "out")
    assert [(loss.field, loss.fate, loss.count) for loss in written.losses.fields] == [
        ("competency", "mapped", 0),
        ("competency", "dropped", 2),
        ("competency.scale_id", "dropped", 2),
    ]


@in_field
def test_what_is_written_passes_the_published_schema(tmp_path: Path) -> None:
    """Packages that were read, and records that never were in one."""
    schema = json.loads((FIELD / "case/schemas/case-v1p1-cfpackage.json").read_bytes())
    native = Submission.from_tables(
        {
            "framework": {"framework_id": [FIRST], "title": ["Ours"]},
            "competency": {
                "competency_id": [SECOND, THIRD],
                "title": ["Add", "Subtract"],
                "framework_id": [FIRST] * 2,
                "scale_id": [FOURTH, None],
            },
            "competency_association": {
                "association_id": [FOURTH.replace("04", "05")],
                "from_id": [SECOND],
                "to_id": [THIRD],
                "kind": ["precedes"],
            },
            "proficiency_scale": {"scale_id": [FOURTH], "title": ["Steps"]},
            "proficiency_level": {
                "level_id": [FOURTH.replace("04", "06"), FOURTH.replace("04", "07")],
                "scale_id": [FOURTH] * 2,
                "rank": [0, 1],
                "title": ["Not yet", "Yes"],
                "mastery": [False, True],
                "cut_score": [None, 3.0],
            },
        }
    )
    for place, source in enumerate((adapters.read("case", ALGEBRA), native)):
        (file,) = adapters.write("case", source, tmp_path / str(place)).files
        problems = jsonschema.Draft202012Validator(schema).iter_errors(json.loads(Path(file).read_bytes()))
        assert [error.message for error in problems] == []
    assert rows(adapters.read("case", file), "proficiency_level")[1]["cut_score"] == 3.0
