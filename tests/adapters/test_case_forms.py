"""What servers send in place of a package: read where it holds the same, refused by its name where it does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from blended_standard import adapters
from blended_standard.errors import UnreadableInputError
from tests.adapters.helpers import FIELD, HERE, codes, in_field, rows

ALGEBRA = HERE / "case/algebra.json"
_OTHER = {
    "CFDocument": "document",
    "CFItems": "items",
    "CFAssociations": "associations",
    "CFDefinitions": "definitions",
    "CFRubrics": "rubrics",
}


def _package() -> dict[str, Any]:
    made: dict[str, Any] = json.loads(ALGEBRA.read_text("utf-8"))
    return made


def _read(tmp_path: Path, *sent: Any) -> adapters.Import:
    for number, each in enumerate(sent):
        (tmp_path / f"{number}.json").write_text(json.dumps(each))
    return adapters.read("case", tmp_path)


def _same(made: adapters.Import, tables: tuple[str, ...] = ("competency", "competency_association")) -> bool:
    whole = adapters.read("case", ALGEBRA)
    return all(
        sorted(rows(made, name), key=str) == sorted(rows(whole, name), key=str) and rows(made, name) for name in tables
    )


def _sourced(value: Any) -> Any:
    if isinstance(value, dict):
        own = "fullStatement" in value or "lastChangeDateTime" in value
        return {"sourcedId" if own and name == "identifier" else name: _sourced(each) for name, each in value.items()}
    return [_sourced(each) for each in value] if isinstance(value, list) else value


def test_a_wrapped_package_is_a_package(tmp_path: Path) -> None:
    assert _same(_read(tmp_path, {"CFPackage": _package()}))
    (tmp_path / "0.json").unlink()
    assert _same(_read(tmp_path, {"CFPackages": [_package()]}))


def test_the_names_of_the_open_server_are_understood(tmp_path: Path) -> None:
    sent = {_OTHER.get(name, name): value for name, value in _sourced(_package()).items()}
    assert "sourcedId" in sent["document"]
    assert _same(_read(tmp_path, sent), ("competency", "competency_association", "proficiency_scale"))
    (tmp_path / "0.json").unlink()
    assert _same(_read(tmp_path, _sourced(_package())))


def test_parts_that_were_fetched_one_by_one_are_put_together(tmp_path: Path) -> None:
    package = _package()
    head = package["CFDocument"]
    names = ("CFItems", "CFAssociations", "CFRubrics")
    assert _same(_read(tmp_path, {"CFDocuments": [head]}, *({name: package[name]} for name in names)))
    (tmp_path / "one").mkdir()
    assert _same(_read(tmp_path / "one", head, *(part for name in names for part in package[name])))


def test_answers_for_one_thing_each_are_put_together(tmp_path: Path) -> None:
    package = _sourced(_package())
    head = package["CFDocument"] | {"CFPackageURI": {"title": "x", "sourcedId": "x", "uri": "urn:x"}}
    sent = [{"CFDocument": head}]
    sent += [{"CFItem": item} for item in package["CFItems"]]
    sent += [{"CFAssociation": link} for link in package["CFAssociations"]]
    sent += [{"CFRubric": rubric} for rubric in package["CFRubrics"]]
    assert _same(_read(tmp_path, *sent))


def test_items_that_name_their_document_need_no_other_file(tmp_path: Path) -> None:
    link = {"title": "Algebra I", "identifier": "6f1a0e3c-0a5b-4c1e-9c57-1d2f3a4b5c99", "uri": "urn:x:1"}
    made = _read(tmp_path, {"CFItems": [item | {"CFDocumentURI": link} for item in _package()["CFItems"]]})
    (framework,) = rows(made, "framework")
    assert (framework["framework_id"], framework["title"]) == (link["identifier"], "Algebra I")
    assert {row["framework_id"] for row in rows(made, "competency")} == {link["identifier"]}


@pytest.mark.parametrize(
    ("sent", "named"),
    [
        (
            {"CFDocuments": [{"identifier": "6f1a0e3c-0a5b-4c1e-9c57-1d2f3a4b5c99", "title": "x", "creator": "y"}]},
            "without its items",
        ),
        ({"identifier": "a", "creator": "y", "CFPackageURI": {"uri": "urn:x"}}, "CFPackageURI says where"),
        (
            {"CFItems": [{"identifier": "6f1a0e3c-0a5b-4c1e-9c57-1d2f3a4b5c99", "fullStatement": "x"}]},
            "name no CFDocument",
        ),
        ({"imsx_codeMajor": "failure", "imsx_severity": "error"}, "error answer"),
        ({"@context": "https://credreg.net/ctdlasn/schema/context/json", "@graph": []}, "Read it as 'ctdl'"),
        ({"@graph": []}, "this is JSON-LD"),
        ({"$schema": "x", "properties": {}}, "JSON Schema"),
        ({"CFDocument": "x", "CFItems": None}, "no object"),
        ({"a": 1}, "no CFDocument"),
        (3, "no JSON object"),
    ],
)
def test_what_is_no_package_is_refused_by_its_name(sent: Any, named: str, tmp_path: Path) -> None:
    with pytest.raises(UnreadableInputError, match=named):
        _read(tmp_path, sent)


def test_what_is_too_deep_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "deep.json").write_text('{"CFDocument": {"title": ' + "[" * 900 + "]" * 900 + "}}")
    made = _read(tmp_path, _package())
    assert _same(made)
    assert "LIM-DEPTH" in codes(made)


def test_what_is_no_package_is_a_finding_beside_one(tmp_path: Path) -> None:
    made = _read(tmp_path, _package(), {"imsx_codeMajor": "failure"})
    assert _same(made)
    assert any("error answer" in each.detail for each in made.findings if each.code == "ADP-INVALID")


def test_nulls_texts_for_numbers_and_bare_addresses_do_no_harm(tmp_path: Path) -> None:
    package = _package()
    package["CFDocument"] |= {"creator": None, "version": 2, "description": None}
    package["CFDefinitions"] = None
    for item in package["CFItems"]:
        item |= {"identifier": item["identifier"].upper(), "educationLevel": None}
    for link in package["CFAssociations"]:
        link["originNodeURI"] = f"https://server.example/CFItems/{link['originNodeURI']['identifier']}"
    for level in package["CFRubrics"][0]["CFRubricCriteria"][0]["CFRubricCriterionLevels"]:
        level |= {"position": str(level["position"]), "score": str(level["score"])}
    package["CFRubrics"].append(None)
    package["CFRubrics"].append({"identifier": "r", "title": None, "CFRubricCriteria": [{"CFItemURI": None}, 3]})
    made = _read(tmp_path, package)
    assert len(rows(made, "competency_association")) == 2
    assert [row["cut_score"] for row in rows(made, "proficiency_level")] == [0.0, 1.0, 2.0]
    adapters.write("case", made, tmp_path / "out")
    again = adapters.read("case", tmp_path / "out")
    for name in ("framework", "competency", "competency_association", "proficiency_level"):
        assert sorted(rows(again, name), key=str) == sorted(rows(made, name), key=str)


def test_links_said_twice_and_documents_sent_twice_count_once(tmp_path: Path) -> None:
    package = _package()
    again = [
        link | {"identifier": link["identifier"][:-2] + "ff", "uri": "urn:x"} for link in package["CFAssociations"][:1]
    ]
    package["CFAssociations"] += again + package["CFAssociations"][:1]
    made = _read(tmp_path, package, package)
    assert _same(made, ("competency_association",))
    assert [row.get("parent_id") for row in rows(made, "competency")] == [
        row.get("parent_id") for row in rows(adapters.read("case", ALGEBRA), "competency")
    ]
    assert {loss.what for loss in made.losses.records} == {"CFAssociations", "CFDocument"}
    assert "ADP-CONFLICT" not in codes(made)


def test_an_identifier_with_two_contents_and_a_parent_that_is_missing_are_findings(tmp_path: Path) -> None:
    package = _package()
    package["CFItems"].append(package["CFItems"][0] | {"fullStatement": "Something else"})
    package["CFAssociations"][0]["destinationNodeURI"]["identifier"] = "6f1a0e3c-0a5b-4c1e-9c57-1d2f3a4b5cff"
    made = _read(tmp_path, package)
    assert {"ADP-CONFLICT", "ADP-REFERENCE"} <= codes(made)
    assert "Something else" not in [row["title"] for row in rows(made, "competency")]


@in_field
def test_what_is_written_passes_the_schema_of_the_open_server_by_its_names(tmp_path: Path) -> None:
    """The older schema calls an identifier `sourcedId` and wants the document of each item."""
    schema = json.loads((FIELD / "case/schemas/case-v1p0-cfpackage.json").read_bytes())
    (file,) = adapters.write("case", adapters.read("case", HERE / "case/number_sense.csv"), tmp_path / "out").files
    package = json.loads(Path(file).read_bytes())
    head = package["CFDocument"]
    for item in package["CFItems"]:
        item["CFDocumentURI"] = {"title": head["title"], "identifier": head["identifier"], "uri": head["uri"]}
    sent = {_OTHER[name]: value for name, value in _sourced(package).items()}
    assert [error.message for error in jsonschema.Draft7Validator(schema).iter_errors(sent)] == []
