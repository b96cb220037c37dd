"""CASE as it is met: what servers and tools of other projects send, made small, and counted to the last value."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from blended_standard import adapters
from blended_standard.errors import UnreadableInputError
from blended_standard.validate.run import validate
from tests.adapters.helpers import rows

NOW = "2026-01-31T12:00:00Z"


def uuid(number: int) -> str:
    return f"6f1a0e3c-0a5b-4c1e-9c57-{number:012d}"


def item(number: int) -> dict[str, Any]:
    return {
        "identifier": uuid(number),
        "uri": f"urn:item:{number}",
        "fullStatement": f"Item {number}",
        "lastChangeDateTime": NOW,
    }


def whole(**parts: Any) -> dict[str, Any]:
    head = {"identifier": uuid(1), "uri": "urn:d", "title": "D", "creator": "C", "lastChangeDateTime": NOW}
    return {"CFDocument": head, **parts}


def sent(tmp_path: Path, document: Any, name: str = "sent") -> Path:
    path = tmp_path / f"{name}.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def test_codes_of_four_numbers_are_no_addresses_and_what_reaches_a_person_is_dropped(tmp_path: Path) -> None:
    """Standards of several states are numbered 9.2.1.1; servers under development write http://127.0.0.1 in links."""
    items = [
        item(1) | {"humanCodingScheme": "9.2.1.1", "uri": "http://127.0.0.1:3000/uri/1"},
        item(2) | {"notes": "ask jo@x.example"},
    ]
    made = adapters.read("case", sent(tmp_path, whole(CFItems=items, **{"jo@x.example": "asked"})))
    first, second = rows(made, "competency")
    assert json.loads(first["case:more"])["humanCodingScheme"] == "9.2.1.1"
    assert "127.0.0.1" in first["case:more"]
    assert "notes" not in json.loads(second["case:more"])
    hidden = [loss for loss in made.losses.fields if loss.fate == "dropped"]
    assert [(loss.field, loss.count, loss.reason.partition(":")[0]) for loss in hidden] == [
        ("(a name that looks like an identifier)", 1, "withheld"),
        ("CFItems.notes", 1, "withheld"),
    ]


def test_nulls_and_rubrics_about_no_item_come_back_the_same(tmp_path: Path) -> None:
    level = {"identifier": uuid(8), "uri": "urn:x", "lastChangeDateTime": NOW, "quality": "High", "position": 1}
    criterion = {"identifier": uuid(7), "uri": "urn:x", "lastChangeDateTime": NOW, "category": "Care"}
    rubric = {"identifier": uuid(6), "uri": "urn:x", "lastChangeDateTime": NOW, "title": "Rubric"}
    rubrics = [
        rubric | {"CFRubricCriteria": [criterion | {"CFRubricCriterionLevels": [level]}]},
        rubric | {"identifier": uuid(9), "title": "Empty"},
    ]
    package = whole(CFItems=[item(1) | {"subject": None}], CFRubrics=rubrics, CFDefinitions=None)
    made = adapters.read("case", sent(tmp_path, package))
    done = adapters.write("case", made, tmp_path / "out")
    again = adapters.read("case", tmp_path / "out")
    for table in made.submission.tables.keys() | again.submission.tables.keys():
        assert rows(made, table) == rows(again, table), table
    written = json.loads(Path(done.files[0]).read_text("utf-8"))
    assert [each["title"] for each in written["CFRubrics"]] == ["Rubric", "Empty"]
    assert "null" not in Path(done.files[0]).read_text("utf-8")


def test_each_value_is_counted_once_whatever_becomes_of_its_record(tmp_path: Path) -> None:
    """Counted by hand: of parts sent one by one the link to their document is no second value."""
    link = {"title": "D", "identifier": uuid(1), "uri": "urn:d"}
    parts = {"CFAssociationSet": {"CFItem": item(2) | {"CFDocumentURI": link}, "CFAssociations": []}}
    made = adapters.read("case", sent(tmp_path, parts))
    assert made.losses.mapped + made.losses.kept + made.losses.dropped == 7
    twice = whole(CFItems=[item(2), item(2) | {"notes": "again"}, {"identifier": uuid(3), "notes": "none"}])
    made = adapters.read("case", sent(tmp_path, twice, "twice"))
    assert (made.losses.mapped, made.losses.kept, made.losses.dropped) == (5, 4, 7)
    assert {loss.reason for loss in made.losses.fields if loss.fate == "dropped"} == {
        "of a record that was left out: its identifier came before",
        "of a record that was left out: no fullStatement",
    }


def test_what_the_standard_requires_and_is_not_there_is_found_once_with_its_count(tmp_path: Path) -> None:
    ends = {"originNodeURI": {"identifier": uuid(3)}, "destinationNodeURI": {"identifier": uuid(2)}}
    items = [item(2) | {"educationLevel": "09"}, item(3) | {"uri": None}, item(4) | {"uri": ""}]
    link = {"associationType": "isChildOf", "sequenceNumber": float("inf")} | ends
    package = whole(CFItems=items, CFAssociations=[link])
    made = adapters.read("case", sent(tmp_path, package))
    said = {(each.table, each.field): each.count for each in made.findings}
    assert said == {
        ("case/CFItems", "uri"): 2,
        ("case/CFItems", "educationLevel"): 1,
        ("case/CFAssociations", "identifier"): 1,
        ("case/CFAssociations", "uri"): 1,
        ("case/CFAssociations", "lastChangeDateTime"): 1,
        ("case/CFAssociations", "sequenceNumber"): 1,
        ("case/CFAssociations", "originNodeURI"): 1,
        ("case/CFAssociations", "destinationNodeURI"): 1,
    }
    assert {row["competency_id"]: row.get("parent_id") for row in rows(made, "competency")}[uuid(3)] == uuid(2)


def test_the_names_of_an_early_server_are_read_and_a_document_without_identifier_is_named(tmp_path: Path) -> None:
    head = whole()["CFDocument"]
    made = adapters.read("case", sent(tmp_path, {"lsDoc": head, "lsItems": [item(2)]}))
    assert len(rows(made, "competency")) == 1
    del head["identifier"]
    with pytest.raises(UnreadableInputError, match="CFDocument has no identifier"):
        adapters.read("case", sent(tmp_path, {"CFDocument": head, "CFItems": []}, "bare"))


def test_a_framework_alone_says_which_tables_a_submission_would_need(tmp_path: Path) -> None:
    made = adapters.read("case", sent(tmp_path, whole(CFItems=[item(2)])))
    missing = sorted(each.table for each in validate(made.submission).findings if each.code == "TAB-MISSING")
    assert sorted(made.losses.absent) == missing == ["episode", "learner", "program", "site"]


def test_what_a_server_puts_around_a_package_is_counted(tmp_path: Path) -> None:
    made = adapters.read("case", sent(tmp_path, {"count": 1, "page": {"next": "b"}, "CFPackages": [whole()]}))
    around = {loss.field: (loss.fate, loss.count) for loss in made.losses.fields if "envelope" in loss.field}
    assert around == {"envelope.count": ("dropped", 1), "envelope.page.next": ("dropped", 1)}
    assert made.losses.mapped + made.losses.kept + made.losses.dropped == 7


def test_a_level_that_came_before_is_left_out_and_one_without_identifier_gets_one(tmp_path: Path) -> None:
    known = {"identifier": uuid(8), "uri": "urn:x", "lastChangeDateTime": NOW, "quality": "High", "position": 1}
    levels = [known, known | {"quality": "Higher", "position": 2}, {"quality": "Top", "position": 3}]
    criterion = {"identifier": uuid(7), "uri": "urn:x", "lastChangeDateTime": NOW, "CFRubricCriterionLevels": levels}
    rubric = {"identifier": uuid(6), "uri": "urn:x", "lastChangeDateTime": NOW, "CFRubricCriteria": [criterion]}
    made = adapters.read("case", sent(tmp_path, whole(CFRubrics=[rubric])))
    first, second = rows(made, "proficiency_level")
    assert (first["level_id"], second["title"]) == (uuid(8), "Top")
    assert uuid(8) != second["level_id"]
    assert len(second["level_id"]) == len(uuid(8))
    assert [each.code for each in made.findings if each.value == uuid(8)] == ["ADP-CONFLICT"]


def test_a_framework_whose_identifier_is_a_mail_address_is_refused_without_it(tmp_path: Path) -> None:
    package = whole()
    package["CFDocument"]["identifier"] = "jo@x.example"
    with pytest.raises(UnreadableInputError, match="names a person") as refused:
        adapters.read("case", sent(tmp_path, package))
    assert "jo@" not in str(refused.value)
