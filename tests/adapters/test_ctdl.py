"""CTDL: frameworks, schemes of levels and pathways, in the forms in which the registry and others send them."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from blended_standard import adapters
from blended_standard.adapters.work import leaves
from blended_standard.errors import UnreadableInputError
from tests.adapters.helpers import FIELD, HERE, assert_holds_none, codes, in_field, rows

ENVELOPE, PATHWAY, LEVELS = (HERE / f"ctdl/{name}.json" for name in ("envelope", "pathway", "levels"))
FRAMEWORK, JOINT, CLEAN, TACK, OTHER, WAY, BEGIN, END, STEPS, FIRST, SECOND = (
    f"6f1a0e3c-0a5b-4c1e-9c57-1d2f3a4b5e{n:02d}" for n in range(11)
)


def _graph() -> dict[str, Any]:
    made: dict[str, Any] = json.loads(ENVELOPE.read_bytes())["decoded_resource"]
    return made


def _read(tmp_path: Path, sent: Any, name: str = "sent.json") -> adapters.Import:
    (tmp_path / name).write_text(json.dumps(sent))
    return adapters.read("ctdl", tmp_path / name)


def _records(made: adapters.Import) -> list[list[str]]:
    """Return the records, but for types, which stand in what is kept as they were sent."""
    tables = ("framework", "competency", "competency_association")
    listed = [
        [row | {"ctdl:more": _untyped(row.get("ctdl:more", "{}"))} for row in rows(made, each)] for each in tables
    ]
    return [sorted(map(str, each)) for each in listed]


def _untyped(more: str) -> list[str]:
    return sorted(str(each) for each in json.loads(more).items() if each[0] != "@type")


def test_a_framework_becomes_competencies_with_their_places() -> None:
    made = adapters.read("ctdl", ENVELOPE)
    (framework,) = rows(made, "framework")
    assert (framework["framework_id"], framework["title"], framework["publisher"]) == (
        FRAMEWORK,
        "Welding I",
        "Valley Program",
    )
    found = {row["competency_id"]: row for row in rows(made, "competency")}
    assert {key: row.get("parent_id") for key, row in found.items()} == {JOINT: None, CLEAN: JOINT, TACK: JOINT}
    assert {row["framework_id"] for row in found.values()} == {FRAMEWORK}
    assert found[CLEAN]["title"] == "Clean the metal"
    assert found[TACK]["title"] == "Tack <em>two</em> plates"
    more = json.loads(found[CLEAN]["ctdl:more"])
    assert more["competencyText"]["es"] == "Limpiar el metal"
    assert "majorAlignment" in more
    assert {(row["from_id"], row["to_id"], row["kind"]) for row in rows(made, "competency_association")} == {
        (CLEAN, JOINT, "is_child_of"),
        (TACK, JOINT, "is_child_of"),
        (CLEAN, TACK, "precedes"),
    }
    assert not codes(made) - {"ADP-KEY"}


def test_children_that_are_named_from_above_alone_get_their_parent(tmp_path: Path) -> None:
    graph = _graph()
    del graph["@graph"][2]["ceasn:isChildOf"]
    found = {row["competency_id"]: row.get("parent_id") for row in rows(_read(tmp_path, graph), "competency")}
    assert found == {JOINT: None, CLEAN: JOINT, TACK: JOINT}


def test_levels_become_a_scale_in_the_order_of_the_scheme() -> None:
    made = adapters.read("ctdl", LEVELS, mastery_from=1)
    (scale,) = rows(made, "proficiency_scale")
    assert (scale["scale_id"], scale["title"]) == (STEPS, "Steps")
    levels = sorted(rows(made, "proficiency_level"), key=lambda row: row["rank"])
    assert [(row["level_id"], row["title"], row["mastery"]) for row in levels] == [
        (FIRST, "With help", False),
        (SECOND, "Alone", True),
    ]
    assert "ADP-ASSUMED" in codes(made)


def test_a_pathway_becomes_a_framework_of_its_components() -> None:
    made = adapters.read("ctdl", PATHWAY)
    assert [(row["framework_id"], row["ctdl:kind"]) for row in rows(made, "framework")] == [(WAY, "pathway")]
    found = {row["competency_id"]: row for row in rows(made, "competency")}
    assert {key: (row["title"], row.get("parent_id"), row["ctdl:kind"]) for key, row in found.items()} == {
        BEGIN: ("Orientation", END, "component"),
        END: ("Welder", None, "component"),
    }
    assert {row["kind"] for row in rows(made, "competency_association")} == {"is_child_of", "precedes"}
    assert [(loss.what, loss.count) for loss in made.losses.records] == [("CredentialOrganization", 1)]


@pytest.mark.parametrize("file", [ENVELOPE, PATHWAY, LEVELS], ids=lambda file: file.stem)
def test_every_value_is_accounted_for(file: Path) -> None:
    made = adapters.read("ctdl", file)
    values = sum(times for _, times in leaves(json.loads(file.read_bytes())))
    assert sum(loss.count for loss in made.losses.fields) == values
    assert all(loss.reason for loss in made.losses.fields if loss.fate == "dropped")


@pytest.mark.parametrize("form", ["graph", "signed", "answer", "list", "nodes", "nested", "addresses", "bare"])
def test_the_forms_in_which_a_framework_is_sent_give_the_same(form: str, tmp_path: Path) -> None:
    graph = _graph()
    nodes = graph["@graph"]
    claims = base64.urlsafe_b64encode(json.dumps(graph).encode()).rstrip(b"=").decode()
    text = json.dumps(graph)
    nested = json.loads(text)
    nested["@graph"] = [
        nested["@graph"][0],
        nested["@graph"][1] | {"ceasn:hasChild": nested["@graph"][2:3]},
        nested["@graph"][3],
    ]
    sent: Any = {
        "graph": graph,
        "signed": {"envelope_ctdl_type": "ceasn:CompetencyFramework", "resource": f"e30.{claims}.c2ln"},
        "answer": {"data": nodes, "extra": {}},
        "list": [graph],
        "nodes": [{"@context": graph["@context"], **node} for node in nodes],
        "nested": nested,
        "addresses": json.loads(text.replace('"ceasn:', '"https://purl.org/ctdlasn/terms/')),
        "bare": json.loads(text.replace('"ceasn:', '"').replace('"ceterms:', '"')),
    }[form]
    made = _read(tmp_path, sent)
    if form == "nested":
        assert sorted(row.get("parent_id", "") for row in rows(made, "competency")) == ["", JOINT, JOINT]
    else:
        assert _records(made) == _records(adapters.read("ctdl", ENVELOPE))
    assert "ADP-INVALID" not in codes(made)


def test_what_cannot_be_right_is_a_finding(tmp_path: Path) -> None:
    graph = _graph()
    framework, joint, clean, tack = graph["@graph"]
    joint["ceasn:isChildOf"] = clean["@id"]
    del tack["ceasn:competencyText"]
    clean["ceterms:ctid"] = "ce-1"
    graph["@graph"] += [framework | {"ceasn:name": "Another"}, joint]
    made = _read(tmp_path, graph)
    found = {(each.code, each.field) for each in made.findings}
    assert {
        ("ADP-INVALID", "isChildOf"),
        ("ADP-INVALID", "competencyText"),
        ("ADP-VALUE", "ceterms:ctid"),
        ("ADP-CONFLICT", "@id"),
    } <= found
    assert {row["competency_id"] for row in rows(made, "competency")} == {JOINT, CLEAN}
    assert not any("parent_id" in row for row in rows(made, "competency"))
    alone = _read(tmp_path, {"@context": "https://credreg.net/ctdlasn/schema/context/json", **clean})
    assert "ADP-REFERENCE" in codes(alone)


@pytest.mark.parametrize(
    ("sent", "named"),
    [
        ({"@context": "https://credreg.net/ctdl/x", "@graph": [{"@type": "ceterms:License"}]}, "only ceterms:License"),
        ({"@context": "https://credreg.net/ctdl/x", "@graph": []}, "holds no CTDL"),
        ({"CFDocument": {}}, "Read it as 'case'"),
    ],
)
def test_what_holds_no_framework_is_refused_by_its_name(sent: Any, named: str, tmp_path: Path) -> None:
    with pytest.raises(UnreadableInputError, match=named):
        _read(tmp_path, sent)


def test_what_cannot_be_opened_is_a_finding(tmp_path: Path) -> None:
    made = _read(tmp_path, {"envelope_ctdl_type": "ceasn:CompetencyFramework", "resource": "no text of three parts"})
    assert "ADP-INVALID" in codes(made)
    assert not made.submission.tables
    (tmp_path / "comment.json").write_text("// a comment\n{}")
    (finding,) = (
        each for each in adapters.read("ctdl", tmp_path / "comment.json").findings if each.code == "JSN-INVALID"
    )
    assert "begins with a comment" in finding.detail


def test_a_framework_goes_out_as_case_and_comes_back(tmp_path: Path) -> None:
    made = adapters.read("ctdl", ENVELOPE)
    adapters.write("case", made, tmp_path / "out")
    again = adapters.read("case", tmp_path / "out")
    for table in ("framework", "competency", "competency_association"):
        sent = [{name: value for name, value in row.items() if ":" not in name} for row in rows(made, table)]
        assert sorted(rows(again, table), key=str) == sorted(sent, key=str)


def test_an_address_in_a_node_is_not_written(tmp_path: Path) -> None:
    graph = _graph()
    graph["@graph"][1] |= {"ceasn:comment": {"en": "Ask zanzi@x.example"}, "x:by": [{"zanzi@y.example": 1}]}
    made = _read(tmp_path, graph)
    assert "ADP-WITHHELD" in codes(made)
    (tmp_path / "out").mkdir()
    assert_holds_none(made, tmp_path / "out", ["zanzi"])
    assert json.loads(rows(made, "competency")[0]["ctdl:more"])["codedNotation"] == "W.1"


@in_field
@pytest.mark.parametrize(
    ("name", "table", "number"),
    [
        ("SampleCompetencyFramework_with_Envelope.json", "competency", 13),
        ("ConnectingCredentialsLevels.json", "proficiency_level", 8),
        ("CompTIA-IT_Networking_Specialist.jsonld", "competency", 9),
    ],
)
def test_published_documents(name: str, table: str, number: int) -> None:
    made = adapters.read("ctdl", FIELD / "ctdl" / name)
    assert len(rows(made, table)) == number
    values = sum(times for _, times in leaves(json.loads((FIELD / "ctdl" / name).read_bytes())))
    assert sum(loss.count for loss in made.losses.fields) == values
    assert not {each.severity for each in made.findings} & {"error"}


@in_field
def test_the_published_sample_that_is_not_json_is_a_finding() -> None:
    made = adapters.read("ctdl", FIELD / "ctdl/QData_Sample.json")
    assert codes(made) == {"JSN-INVALID"}
    assert [(loss.what, loss.reason) for loss in made.losses.records] == [("document", "not JSON")]
