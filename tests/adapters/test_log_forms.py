"""Logs in the forms in which record stores give them: wrapped, in lists, packed, and what is no log at all."""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from blended_standard import adapters
from blended_standard.errors import UnreadableInputError
from tests.adapters.helpers import KEY, assert_holds_none, rows

NUMBER = "00000000-0000-4000-8000-{:012d}"


def statement(number: int, verb: str = "answered") -> dict[str, Any]:
    return {
        "id": NUMBER.format(number),
        "actor": {"account": {"homePage": "https://lms.example", "name": "zanzibar7"}, "name": "Zanzibara"},
        "verb": {"id": f"http://adlnet.gov/expapi/verbs/{verb}"},
        "object": {"id": "https://lms.example/q/1"},
        "context": {"extensions": {"https://lms&46;example/ip": "10.77.1.9"}},
        "timestamp": "2026-03-02T10:00:00Z",
    }


def stored(number: int, **facts: Any) -> dict[str, Any]:
    """Return a statement as Learning Locker keeps it."""
    return {
        "_id": {"$oid": f"65ef1287c56582001cca{number:04d}"},
        "statement": statement(number),
        "person": {"_id": "1", "display": "Zanzibara - zanzibar7"},
        "personaIdentifier": "65ef1288",
        "relatedAgents": ["https://lms.example|zanzibar7"],
        "hash": "9c1dfe88",
        "active": True,
        "voided": False,
        "stored": {"$date": "2026-03-02T10:00:01Z"},
        **facts,
    }


def write(path: Path, documents: list[Any]) -> Path:
    path.write_text("".join(json.dumps(each) + "\n" for each in documents), encoding="utf-8")
    return path


def test_statements_that_learning_locker_wrapped_are_read_and_its_own_fields_are_counted(tmp_path: Path) -> None:
    source = write(tmp_path / "dump.jsonl", [stored(1), stored(1), stored(2, voided=True), statement(3)])
    made = adapters.read("xapi", source, key=KEY)
    assert [act["activity_id"] for act in rows(made, "activity")] == [NUMBER.format(1), NUMBER.format(3)]
    assert made.voided == (NUMBER.format(2),)
    fates = {field.field: (field.fate, field.count) for field in made.losses.fields}
    assert fates["store.person"] == ("dropped", 3)
    assert fates["store.voided"] == ("mapped", 3)
    assert fates["context.extensions"] == ("dropped", 3)
    assert_holds_none(made, tmp_path / "out", ["zanzibar", "10.77.1.9", "65ef1288"])
    done = adapters.stream("xapi", source, tmp_path / "acts", key=KEY)
    assert (done.events, done.records, done.withdrawn) == (4, 4, 2)


@pytest.mark.parametrize("form", ["list", "envelope", "gzip", "packed list"])
def test_every_form_of_a_log_gives_the_same_acts(tmp_path: Path, form: str) -> None:
    listed = [statement(1), statement(2, "experienced")]
    content = {"list": listed, "envelope": {"statements": listed, "more": "/xapi/more/1"}}.get(form, listed)
    source = tmp_path / ("log.json.gz" if "pack" in form else "log.jsonl.gz" if form == "gzip" else "log.json")
    lines = "\n".join(map(json.dumps, listed)) if form == "gzip" else json.dumps(content)
    source.write_bytes(gzip.compress(lines.encode()) if source.suffix == ".gz" else lines.encode())
    made = adapters.read("xapi", source, key=KEY)
    assert [act["verb"] for act in rows(made, "activity")] == ["respond", "page_view"]
    done = adapters.stream("xapi", source, tmp_path / "acts.parquet", key=KEY)
    assert (done.events, done.records) == (2, 2)


def test_a_damaged_gzip_file_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "log.jsonl.gz"
    source.write_bytes(gzip.compress(json.dumps(statement(1)).encode() * 50)[:-20])
    with pytest.raises(UnreadableInputError, match="gzip"):
        adapters.read("xapi", source, key=KEY)
    with pytest.raises(UnreadableInputError, match="gzip"):
        adapters.stream("xapi", source, tmp_path / "acts.parquet", key=KEY)
    assert [file.name for file in tmp_path.iterdir()] == [source.name]


def test_a_stream_of_one_document_over_many_lines_says_what_to_do(tmp_path: Path) -> None:
    source = tmp_path / "log.json"
    source.write_text(json.dumps([statement(1)], indent=2))
    with pytest.raises(UnreadableInputError, match="JSON Lines"):
        adapters.stream("xapi", source, tmp_path / "acts.parquet", key=KEY)


@pytest.mark.parametrize(
    ("standard", "name", "said"),
    [("xapi", "cmi5.xml", "Read it as 'cmi5'"), ("oneroster", "imsmanifest.xml", "SCORM")],
)
def test_a_package_for_another_standard_is_refused_by_name(tmp_path: Path, standard: str, name: str, said: str) -> None:
    source = tmp_path / "course.zip"
    with zipfile.ZipFile(source, "w") as archive:
        for place in (name, "a/index.html", "b/index.html"):
            archive.writestr(place, "")
    with pytest.raises(UnreadableInputError, match=said):
        adapters.read(standard, source, key=KEY)


def test_a_damaged_archive_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "log.zip"
    with zipfile.ZipFile(source, "w") as archive:
        archive.writestr("log.json", json.dumps(statement(1)))
    source.write_bytes(source.read_bytes().replace(b"PK\x01\x02", b"PK\x01\x00"))
    with pytest.raises(UnreadableInputError, match="not a zip archive that can be read"):
        adapters.read("xapi", source, key=KEY)


@pytest.mark.parametrize("standard", ["oneroster", "xapi", "caliper", "case"])
def test_a_workbook_is_refused_with_how_to_save_it(tmp_path: Path, standard: str) -> None:
    source = tmp_path / "roster.xlsx"
    with zipfile.ZipFile(source, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    with pytest.raises(UnreadableInputError, match=r"roster\.xlsx is a workbook.*save each of its sheets as CSV"):
        adapters.read(standard, source, key=KEY)


def test_statements_that_h5p_wrapped_are_read_with_their_parts(tmp_path: Path) -> None:
    parts = [{"statement": statement(2)}, {"statement": statement(3), "children": [{"statement": statement(4)}]}]
    source = write(tmp_path / "h5p.jsonl", [{"statement": statement(1), "children": parts}])
    made = adapters.read("xapi", source, key=KEY)
    assert len(rows(made, "activity")) == 4
    done = adapters.stream("xapi", source, tmp_path / "acts.parquet", key=KEY)
    assert (done.events, done.records) == (4, 4)


def test_when_it_happened_is_the_timestamp_or_when_it_was_stored(tmp_path: Path) -> None:
    bare = {name: value for name, value in statement(1).items() if name != "timestamp"}
    log = [
        bare | {"id": NUMBER.format(1), "stored": "2026-03-02T10:00:00Z"},
        bare | {"id": NUMBER.format(2), "timestamp": "2026-03-02T10:00:00"},
        bare | {"id": NUMBER.format(3)},
    ]
    source = write(tmp_path / "log.jsonl", log)
    made = adapters.read("xapi", source, key=KEY)
    assert [act["activity_id"] for act in rows(made, "activity")] == [NUMBER.format(1)]
    assert {(loss.reason.partition(":")[0].partition(",")[0], loss.count) for loss in made.losses.records} == {
        ("a timestamp without an offset", 1),
        ("no timestamp", 1),
    }
    zoned = adapters.read("xapi", source, key=KEY, time_zone="America/New_York")
    assert [act["at"].hour for act in rows(zoned, "activity")] == [10, 15]
    done = adapters.stream("xapi", source, tmp_path / "acts.parquet", key=KEY, time_zone="America/New_York")
    assert done.records == 2


def test_presence_in_activity_streams_is_no_act_and_what_is_handed_in_is(tmp_path: Path) -> None:
    verbs = ["attend", "checkin", "at", "join", "create", "send", "submit", "start", "read"]
    log = [statement(n) | {"verb": {"id": f"http://activitystrea.ms/{verb}"}} for n, verb in enumerate(verbs)]
    made = adapters.read("xapi", write(tmp_path / "log.jsonl", log), key=KEY)
    assert [act["verb"] for act in rows(made, "activity")] == ["submit", "attempt", "page_view"]
    assert [act["level"] for act in rows(made, "evidence")] == [2]
    assert not any(finding.code == "ADP-VOCABULARY" for finding in made.findings)


def test_what_is_neither_event_nor_entity_is_a_finding_and_other_formats_of_canvas_are_named(tmp_path: Path) -> None:
    made = adapters.read("caliper", write(tmp_path / "log.jsonl", [{"Messages": [{"Body": "{}"}]}]), key=KEY)
    assert [(finding.code, finding.field) for finding in made.findings] == [("ADP-INVALID", "type")]
    assert [loss.reason for loss in made.losses.records] == ["states no type"]
    raw = write(tmp_path / "raw.jsonl", [{"metadata": {"event_name": "logged_in"}, "body": {}}])
    with pytest.raises(UnreadableInputError, match="live event of Canvas in its own format"):
        adapters.read("caliper", raw, key=KEY)


def test_names_inside_extensions_are_counted_and_never_shown(tmp_path: Path) -> None:
    inside = {"https://lms.example/ext": {"Zanzibara": 1, "x": [{"Zanzibara": "y"}]}}
    told = statement(1) | {"context": {"extensions": inside}}
    told["object"] = {"id": "https://lms.example/q/1", "definition": {"extensions": inside}}
    made = adapters.read("xapi", write(tmp_path / "log.jsonl", [told]), key=KEY)
    counts = {field.field: field.count for field in made.losses.fields if "ext" in field.field}
    assert counts == {"context.extensions": 2, "object.definition.extensions": 2}
    event = {
        "id": f"urn:uuid:{NUMBER.format(1)}",
        "type": "ViewEvent",
        "action": "Viewed",
        "object": "https://a.example",
    }
    event |= {"eventTime": "2026-03-02T10:00:00Z", "actor": {"id": "https://a.example/7", "extensions": inside}}
    read = adapters.read("caliper", write(tmp_path / "events.jsonl", [event]), key=KEY)
    assert {field.field for field in read.losses.fields} >= {"actor.extensions"}
    for each in (made, read):
        assert_holds_none(each, tmp_path / each.standard, ["zanzibar"])


def test_attendance_that_was_withdrawn_is_left_out(tmp_path: Path) -> None:
    void = statement(9, "voided") | {"object": {"objectType": "StatementRef", "id": NUMBER.format(2)}}
    source = write(tmp_path / "log.jsonl", [statement(1, "attended"), statement(2, "attended"), void])
    made = adapters.read("xapi", source, key=KEY, time_zone="America/New_York")
    assert [row["status"] for row in rows(made, "legacy_attendance")] == ["present"]
    done = adapters.stream("xapi", source, tmp_path / "acts", key=KEY, time_zone="America/New_York")
    assert (done.records, done.withdrawn) == (1, 1)
    assert_holds_none(made, tmp_path / "out", ["_event"])
