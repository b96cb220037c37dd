"""CTDL as it is met in requests, answers and samples of other projects, made small and counted to the last value."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from blended_standard import adapters
from tests.adapters.helpers import rows

REGISTRY = "https://registry.example/resources/ce-6f1a0e3c-0a5b-4c1e-9c57-"


def place(number: int) -> str:
    return f"{REGISTRY}{number:012d}"


FRAMEWORK = {"@id": place(1), "@type": "ceasn:CompetencyFramework", "ceasn:name": {"en": "F"}}
COMPETENCY = {
    "@id": place(2),
    "@type": "ceasn:Competency",
    "ceasn:competencyText": {"en": "Scan"},
    "ceasn:isPartOf": place(1),
    "ceasn:codedNotation": "9.2.1.1",
}


def read(tmp_path: Path, document: Any) -> adapters.Import:
    (tmp_path / "sent.json").write_text(json.dumps(document), encoding="utf-8")
    return adapters.read("ctdl", tmp_path / "sent.json")


def total(made: adapters.Import) -> int:
    return made.losses.mapped + made.losses.kept + made.losses.dropped


def test_a_request_to_publish_holds_a_graph(tmp_path: Path) -> None:
    graph = {"@context": "https://credreg.net/ctdlasn/schema/context/json", "@graph": [FRAMEWORK, COMPETENCY]}
    made = read(tmp_path, {"PublishForOrganizationIdentifier": "ce-1", "CompetencyFrameworkGraph": graph})
    assert len(rows(made, "framework")) == len(rows(made, "competency")) == 1
    assert json.loads(rows(made, "competency")[0]["ctdl:more"])["codedNotation"] == "9.2.1.1"
    assert total(made) == 10


def test_id_and_type_without_the_sign_of_json_ld_are_those_with_it(tmp_path: Path) -> None:
    pathway = {"id": place(3), "type": "Pathway", "name": "P", "hasPart": [place(4)]}
    part = {"id": place(4), "type": "CourseComponent", "name": {"@en-US": "Course A"}, "isPartOf": place(3)}
    made = read(tmp_path, {"@context": "https://credreg.net/ctdl/schema/context/json", "@graph": [pathway, part]})
    assert [row["title"] for row in rows(made, "competency")] == ["Course A"]
    assert total(made) == 9


def test_what_a_node_must_state_and_whom_it_names_is_found(tmp_path: Path) -> None:
    graph = [
        {"@type": "ceterms:CompetencyFramework", "ceasn:hasTopChild": [place(8), place(9)]},
        {"@id": place(5), "@type": "ceasn:Competency", "ceasn:competencyText": []},
        "no node",
    ]
    made = read(tmp_path, {"@context": {"skos": "http://www.w3.org/2004/02/skos/core#"}, "@graph": graph})
    said = {(each.code, each.table, each.field): each.count for each in made.findings}
    assert said == {
        ("ADP-VALUE", "ctdl/framework", "@id"): 1,
        ("ADP-VALUE", "ctdl/framework", "name"): 1,
        ("ADP-REFERENCE", "ctdl/framework", "hasTopChild"): 2,
        ("ADP-INVALID", "ctdl/competency", "competencyText"): 1,
    }
    dropped = {loss.field: loss.count for loss in made.losses.fields if loss.fate == "dropped"}
    assert dropped == {"competency.@id": 1, "competency.@type": 1, "graph.@context.skos": 1, "other": 1}
    assert total(made) == 7


def test_a_name_in_a_map_for_each_language_is_taken_in_english(tmp_path: Path) -> None:
    made = read(tmp_path, {"@graph": [FRAMEWORK | {"ceasn:name": [{"en": "Frame"}, {"fr": "Cadre"}]}]})
    assert rows(made, "framework")[0]["title"] == "Frame"


def test_one_name_of_two_vocabularies_keeps_both_values(tmp_path: Path) -> None:
    made = read(tmp_path, {"@graph": [FRAMEWORK | {"ceterms:name": {"en": "Other"}}]})
    assert "Other" in rows(made, "framework")[0]["ctdl:more"]
    assert rows(made, "framework")[0]["title"] == "F"
    assert total(made) == 4


def test_the_reference_to_a_node_that_stands_inside_another_is_no_value_of_the_source(tmp_path: Path) -> None:
    made = read(tmp_path, {"@graph": [FRAMEWORK | {"ceasn:hasTopChild": [COMPETENCY, place(2)]}]})
    assert len(rows(made, "competency")) == 1
    assert total(made) == 9


def test_a_node_under_a_mail_address_gets_an_identifier_of_its_own(tmp_path: Path) -> None:
    made = read(tmp_path, {"@graph": [FRAMEWORK | {"@id": "mailto:jo@x.example"}]})
    assert "jo@" not in json.dumps([*rows(made, "framework"), str(made.losses), [str(each) for each in made.findings]])
