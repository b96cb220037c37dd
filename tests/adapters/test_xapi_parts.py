"""Parts and profiles of xAPI as others publish them, and documents that are handed to the wrong standard."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from blended_standard import adapters
from blended_standard.adapters import _cmi5_rules
from blended_standard.adapters._xapi_rules import problem_with
from blended_standard.adapters.xapi import VOIDED
from blended_standard.errors import UnreadableInputError
from blended_standard.spec import load_standard
from tests.adapters.helpers import FIELD, HERE, KEY, codes, in_field, rows

STATEMENT: dict[str, Any] = {
    "id": "00000000-0000-4000-8000-000000000001",
    "actor": {"account": {"homePage": "https://lms.example", "name": "s1"}},
    "verb": {"id": "http://adlnet.gov/expapi/verbs/answered"},
    "object": {"id": "https://lms.example/q/1"},
    "timestamp": "2026-03-02T10:00:00Z",
}
# How a part of each kind is made a whole statement.
WHOLE: dict[str, Callable[[Any], Any]] = {
    "activity": lambda part: STATEMENT | {"object": part},
    "activity_definition": lambda part: STATEMENT | {"object": STATEMENT["object"] | {"definition": part}},
    "agent": lambda part: STATEMENT | {"actor": part},
    "group": lambda part: STATEMENT | {"actor": part},
    "context": lambda part: STATEMENT | {"context": part},
    "context_activities": lambda part: STATEMENT | {"context": {"contextActivities": part}},
    "result": lambda part: STATEMENT | {"result": part},
    "score": lambda part: STATEMENT | {"result": {"score": part}},
    "statement": lambda part: part,
    "statement_reference": lambda part: STATEMENT | {"object": part},
    "statement_result": lambda part: part | {"statements": [STATEMENT | each for each in part["statements"]]},
    "sub_statement": lambda part: STATEMENT | {"object": part},
    "verb": lambda part: STATEMENT | {"verb": part},
}
MEMBER = {"mbox": "mailto:member@example.com"}
TEAM = {"objectType": "Group", "member": [MEMBER]}
# Parts that are published as valid and break a rule of xAPI: the property, and what would be right there; None is to
# leave it out.
BROKEN: dict[str, list[tuple[str, Any]]] = {
    "agent__agent_with_mbox_sha1sum": [("actor.mbox_sha1sum", "a" * 40)],
    "agent__agent_with_openid": [("actor.openid", "https://example.com/1234")],
    "context__context": [("context.team", TEAM)],
    "context__context_without_registration": [("context.team", TEAM)],
    "statement__statement": [("actor", MEMBER)],
    "sub_statement__sub_statement": [("context.team", TEAM), ("context.revision", None), ("context.platform", None)],
}


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list) and value:
        for each in value.values() if isinstance(value, dict) else value:
            yield from _leaves(each)
    else:
        yield value


def _put(document: Any, path: str, value: Any) -> None:
    *above, last = path.split(".")
    for name in above:
        document = document[name]
    document[last] = value
    if value is None:
        del document[last]


def _read(tmp_path: Path, document: Any, standard: str = "xapi") -> adapters.Import:
    (tmp_path / "log.json").write_text(json.dumps(document), "utf-8")
    return adapters.read(standard, tmp_path / "log.json", key=KEY)


@in_field
@pytest.mark.parametrize("file", sorted((FIELD / "xapi/fragments").glob("*.json")), ids=lambda file: file.stem)
def test_published_parts_are_read_in_whole_statements_and_nothing_is_lost_silently(file: Path, tmp_path: Path) -> None:
    whole = WHOLE[file.stem.partition("__")[0]](json.loads(file.read_bytes()))
    if file.stem in BROKEN:
        for path, right in BROKEN[file.stem]:
            problem = problem_with(whole)
            assert problem is not None
            assert problem[0] == path
            _put(whole["object"] if file.stem.startswith("sub_") else whole, path, right)
    made = _read(tmp_path, whole)
    assert "ADP-INVALID" not in codes(made)
    assert made.losses.mapped + made.losses.kept + made.losses.dropped == len(list(_leaves(whole)))
    assert all(entry.reason for entry in made.losses.fields if entry.fate == "dropped")
    assert rows(made, "activity") or [entry.reason for entry in made.losses.records if entry.reason]


def _profiles() -> list[Path]:
    return sorted((FIELD / "xapi/profiles").glob("*.jsonld"))


def _concepts(file: Path, *kinds: str) -> list[str]:
    concepts = json.loads(file.read_bytes())["concepts"]
    return [concept["id"] for concept in concepts if concept["type"] in kinds]


@in_field
@pytest.mark.parametrize("file", _profiles(), ids=lambda file: file.stem)
def test_every_verb_of_a_published_profile_is_in_the_map_with_a_reason(file: Path, tmp_path: Path) -> None:
    known = load_standard().adapters["xapi"].vocabulary("verb")
    verbs = [verb for verb in _concepts(file, "Verb") if verb != VOIDED]
    assert [verb for verb in verbs if verb not in known] == []
    log = [STATEMENT | {"id": f"{number:08x}-0000-4000-8000-000000000000"} for number in range(len(verbs))]
    made = _read(tmp_path, [each | {"verb": {"id": verb}} for each, verb in zip(log, verbs, strict=True)])
    assert "ADP-VOCABULARY" not in codes(made)
    lost = sum(entry.count for entry in made.losses.records)
    assert len(rows(made, "activity")) + len(rows(made, "legacy_attendance")) + lost == len(verbs)


@in_field
@pytest.mark.parametrize("file", _profiles(), ids=lambda file: file.stem)
def test_extensions_of_a_published_profile_are_counted_and_dropped_with_a_reason(file: Path, tmp_path: Path) -> None:
    parts = {
        "result": dict.fromkeys(_concepts(file, "ResultExtension"), 1),
        "context": dict.fromkeys(_concepts(file, "ContextExtension"), 1),
    }
    made = _read(tmp_path, STATEMENT | {part: {"extensions": found} for part, found in parts.items() if found})
    fates = {entry.field: entry for entry in made.losses.fields}
    for part, found in parts.items():
        assert not found or fates[f"{part}.extensions"].count == len(found)
        assert not found or fates[f"{part}.extensions"].reason
    assert len(rows(made, "activity")) == 1


@in_field
def test_the_words_that_the_rules_of_cmi5_ask_for_are_those_of_its_profile() -> None:
    [file] = [file for file in _profiles() if file.stem.startswith("cmi5")]
    base = "https://w3id.org/xapi/cmi5/context/extensions/"
    asked = {f"{_cmi5_rules._EXTENSION}{name}" for name in ("sessionid", "launchmode", "masteryscore")}
    assert base == _cmi5_rules._EXTENSION
    assert asked <= set(_concepts(file, "ContextExtension"))
    assert _cmi5_rules._REASON in _concepts(file, "ResultExtension")


def test_a_verb_that_the_map_does_not_know_is_named_unless_it_may_name_a_person(tmp_path: Path) -> None:
    verbs = ("https://lms.example/verbs/juggled", "https://lms.example/verbs/zanzi-4", "https://zanzi@lms.example/did")
    actor = {"actor": {"account": {"homePage": "https://lms.example", "name": "zanzi-4"}}}
    ids = (f"{number:08x}-0000-4000-8000-000000000000" for number in range(3))
    made = _read(tmp_path, [STATEMENT | actor | {"id": next(ids), "verb": {"id": verb}} for verb in verbs])
    assert rows(made, "activity") == []
    told = [finding.detail for finding in made.findings if finding.code == "ADP-VOCABULARY"]
    assert sum("juggled" in detail for detail in told) == 1
    assert "zanzi" not in str(made.to_dict())


PROFILE = {"@context": "https://w3id.org/xapi/profiles/context", "id": "https://x.example", "type": "Profile"}
COURSE = HERE / "cmi5/package/cmi5.xml"
CASE = HERE / "case/algebra.json"
ENVELOPE = HERE / "caliper/envelope.json"
LOG = HERE / "xapi/log.jsonl"


@pytest.mark.parametrize(
    ("standard", "source", "says"),
    [
        ("xapi", PROFILE, "an xAPI profile"),
        ("caliper", PROFILE, "an xAPI profile"),
        ("cmi5", PROFILE, "an xAPI profile"),
        ("xapi", COURSE, "a cmi5 course structure. Read it as 'cmi5'"),
        ("case", COURSE, "a cmi5 course structure. Read it as 'cmi5'"),
        ("oneroster", COURSE, "a cmi5 course structure. Read it as 'cmi5'"),
        ("ceds", COURSE, "a cmi5 course structure. Read it as 'cmi5'"),
        ("edfi", COURSE, "a cmi5 course structure. Read it as 'cmi5'"),
        ("case", LOG, "xAPI statements. Read it as 'xapi'"),
        ("cmi5", LOG, "xAPI statements. Read it as 'xapi'"),
        ("caliper", LOG, "xAPI statements. Read it as 'xapi'"),
        ("open_badges", LOG, "xAPI statements. Read it as 'xapi'"),
        ("edfi", LOG, "xAPI statements. Read it as 'xapi'"),
        ("oneroster", LOG, "xAPI statements. Read it as 'xapi'"),
        ("xapi", CASE, "a CASE package. Read it as 'case'"),
        ("xapi", ENVELOPE, "Caliper events. Read it as 'caliper'"),
        ("case", {"statements": [STATEMENT]}, "xAPI statements"),
        ("xapi", {"@context": "https://credreg.net/ctdl/schema/context/json", "@graph": []}, "CTDL. Read it as 'ctdl'"),
    ],
)
def test_a_document_for_another_standard_is_refused_by_name(
    standard: str, source: Any, says: str, tmp_path: Path
) -> None:
    path = source
    if isinstance(source, dict):
        path = tmp_path / "given.json"
        path.write_text(json.dumps(source, indent=1), "utf-8")
    with pytest.raises(UnreadableInputError) as refused:
        adapters.read(standard, path, key=KEY)
    assert says in str(refused.value)
    if standard in adapters.STREAMS:
        with pytest.raises(UnreadableInputError) as refused:
            adapters.stream(standard, path, tmp_path / "out.parquet", key=KEY)
        assert says in str(refused.value)


def test_a_document_of_another_standard_among_others_is_a_loss_by_name(tmp_path: Path) -> None:
    made = _read(tmp_path, [STATEMENT, PROFILE])
    assert len(rows(made, "activity")) == 1
    [lost] = [entry for entry in made.losses.records if entry.what == "document"]
    assert "an xAPI profile" in lost.reason
