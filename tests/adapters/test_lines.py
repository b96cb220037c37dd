"""The route by parts gives what the general route gives: the same records, findings and losses, line by line."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blended_standard import adapters
from blended_standard.adapters import lines as lines_module
from blended_standard.adapters.events import Tally
from blended_standard.adapters.identifiers import Identities
from blended_standard.adapters.lines import LineReader
from blended_standard.adapters.logs import reader_of
from blended_standard.adapters.work import Options, Work
from tests.adapters.helpers import FIELD, HERE, KEY, in_field

NUMBER = "00000000-0000-4000-8000-{:012d}"
TIME = "2026-03-02T10:00:00{}"
VERB = "http://adlnet.gov/expapi/verbs/{}"
# Of each part of a statement: sound ones, odd ones, and ones that make it invalid.
PARTS: dict[str, list[Any]] = {
    "id": [NUMBER.format(1), NUMBER.format(2).upper(), "1", 7, None],
    "timestamp": [TIME.format("Z"), TIME.format(".123456+02:00"), TIME.format(""), TIME.format("-00:00"), "soon", 5],
    "stored": [TIME.format("Z"), "never"],
    "actor": [
        {"account": {"homePage": "https://lms.example", "name": "s1"}},
        {"mbox": "mailto:a@example.org", "name": "A"},
        {"objectType": "Group", "member": [{"openid": "https://a.example"}]},
        {"mbox": "a"},
        {},
        "s1",
    ],
    "verb": [
        *({"id": VERB.format(verb)} for verb in ("answered", "experienced", "completed", "attended", "voided", "x")),
        {"id": "no iri"},
        {"id": VERB.format("passed"), "display": {"en": "passed"}},
    ],
    "object": [
        {"id": "https://lms.example/q/1"},
        {"id": "https://lms.example/s1?who=a@example.org", "definition": {"name": {"en": "Ä"}}},
        {"objectType": "StatementRef", "id": NUMBER.format(1)},
        {"objectType": "Agent", "mbox": "mailto:b@example.org"},
        {"id": "no iri"},
    ],
    "result": [
        {},
        {"score": {"raw": 3, "min": 0, "max": 10}, "success": True},
        {"score": {"scaled": 0.5}, "duration": "PT5M"},
        {"response": "x", "duration": "P1M"},
        {"score": {"scaled": 2}},
        None,
    ],
    "context": [
        {},
        {"platform": "p", "extensions": {"https://x.example/e": [1, {"deep": None}]}},
        {"contextActivities": {"category": [{"id": "https://w3id.org/xapi/cmi5/context/categories/cmi5"}]}},
        {"registration": "no"},
    ],
    "version": ["1.0.3", "3"],
    "authority": [{"mbox": "mailto:lrs@example.org"}],
    "attachments": [[]],
    "more": [1],
}
_statements = st.fixed_dictionaries(
    {name: st.sampled_from(PARTS[name]) for name in ("actor", "verb", "object")},
    optional={
        name: st.sampled_from(values) for name, values in PARTS.items() if name not in ("actor", "verb", "object")
    },
)


def _both(name: str, lines: Iterable[bytes]) -> tuple[list[Any], list[Any]]:
    """Return the records of each line and the tally, by parts and by the general route."""
    made = []
    for by_parts in (True, False):
        people = Identities(KEY)
        reader = LineReader(reader_of(name, Work(name, Options(key=KEY)), people), by_parts=by_parts)
        found: list[Any] = []
        for reader.reader.line, line in enumerate(lines, start=1):
            try:
                found.append(reader.read(line))
            except reader.errors:
                found.append("not JSON")
        reader.settle()
        tally: Tally = reader.reader.take()
        made.append([found, +tally.counts, tally.lost, tally.problems, tally.lines, tally.voided])
    return made[0], made[1]


@settings(max_examples=150, deadline=None)
@given(st.lists(_statements, min_size=1, max_size=12), st.booleans())
def test_statements_of_any_parts_are_read_alike(statements: list[dict[str, Any]], escaped: bool) -> None:
    lines = [json.dumps(each, ensure_ascii=escaped).encode() for each in [*statements, *statements]]
    by_parts, general = _both("xapi", lines)
    assert by_parts == general


@pytest.mark.parametrize("value", [None, "", 7, [], {}, {"count": 2, "attempt": {"count": 3}}, [[{"id": None}]]])
@pytest.mark.parametrize("name", ["id", "eventTime", "generated", "target", "referrer", "extensions"])
def test_parts_of_events_that_never_come_again_are_read_alike(name: str, value: Any) -> None:
    event = {
        "id": f"urn:uuid:{NUMBER.format(1)}",
        "type": "AssessmentEvent",
        "actor": {"id": "https://lms.example/users/1", "type": "Person"},
        "action": "Submitted",
        "object": {"id": "https://lms.example/q/1", "type": "Assessment"},
        "eventTime": TIME.format("Z"),
    }
    by_parts, general = _both("caliper", [json.dumps(each).encode() for each in (event, event | {name: value})])
    assert by_parts == general
    assert any(field.partition(".")[0] == name for field in by_parts[1])


@pytest.mark.parametrize(
    "line",
    [
        b'{"actor": {"mbox": "mailto:\xff@example.org"}, "verb": {"id": "x:y"}, "object": {"id": "x:y"}}',
        b'{"actor": {"mbox": "mailto:a@example.org"}, "verb": {"id": "x:y"}, "object": {"id": "x:y"}',
        b'{"statements": [{"actor": 1}, 5, {"id": {"id": []}}], "more": ""}',
        b'{"statements": {}}',
        b'{"data": null}',
        b"[]",
        b"7",
        b'{"id": 1e999}',
    ],
)
@pytest.mark.parametrize("name", ["xapi", "caliper"])
def test_broken_lines_are_read_alike(name: str, line: bytes) -> None:
    good = json.dumps({part: values[0] for part, values in PARTS.items() if part != "more"}).encode()
    by_parts, general = _both(name, [line, good, line])
    assert by_parts == general


def test_what_is_remembered_stays_small_and_counts_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines_module, "_HELD", 1)
    lines = (HERE / "xapi/log.jsonl").read_bytes().split(b"\n")
    by_parts, general = _both("xapi", [line for line in lines if line] * 3)
    assert by_parts == general


def test_parts_that_seldom_come_again_are_read_but_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines_module, "_ENOUGH", 10)
    made = []
    for by_parts in (True, False):
        reader = LineReader(reader_of("xapi", Work("xapi", Options(key=KEY)), Identities(KEY)), by_parts=by_parts)
        records = []
        for number in range(60):
            statement = {
                "actor": {"mbox": f"mailto:{number % 5}@example.org"},
                "verb": {"id": VERB.format("answered")},
                "object": {"id": f"https://lms.example/{number}"},
                "timestamp": TIME.format("Z"),
            }
            records.append(reader.read(json.dumps(statement).encode()))
            if number % 20 == 19:
                reader.settle()
        held = {group.name: len(group.known) for group in reader._groups}
        assert not by_parts or (held["actor"], held["object"]) == (5, 0)
        made.append((records, +reader.reader.take().counts))
    assert made[0] == made[1]


@in_field
def test_statements_and_events_of_the_field_are_read_alike() -> None:
    """The parts of 1,277 statements, shuffled among them, and every event of Caliper."""
    draw = random.Random(7)
    documents = [
        json.loads(line)["document"]
        for version in ("1_0_3", "2_0")
        for line in (FIELD / f"xapi/lrs_v{version}.jsonl").open(encoding="utf-8")
    ]
    mixed = [
        {name: draw.choice(documents).get(name, value) for name, value in document.items()} for document in documents
    ]
    for listed in (documents, mixed):
        by_parts, general = _both("xapi", [json.dumps(each).encode() for each in listed])
        assert by_parts == general
    events = [json.loads(file.read_bytes()) for file in sorted((FIELD / "caliper").rglob("*.json"))]
    by_parts, general = _both("caliper", [json.dumps(each).encode() for each in [*events, *events]])
    assert by_parts == general
    assert any(made[1] for made in by_parts[0])


def test_a_stream_names_the_line_of_a_finding(tmp_path: Any) -> None:
    source = tmp_path / "log.jsonl"
    good = json.dumps({"actor": PARTS["actor"][0], "verb": PARTS["verb"][0], "object": PARTS["object"][0]})
    source.write_text(f"{good}\n" * 60_000 + "\n{\n" + good + "\n{\n")
    done = adapters.stream("xapi", source, tmp_path / "out.parquet", key=KEY)
    found = next(finding for finding in done.findings if finding.code == "JSN-INVALID")
    assert (found.line, found.count) == (60_002, 2)
