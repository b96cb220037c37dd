"""Sessions of cmi5: the order, number and results of statements, judged alike in a whole log and in a stream."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from blended_standard import adapters
from blended_standard.adapters import streams
from tests.adapters.helpers import FIELD, KEY, codes, in_field, rows


def _read(source: Path) -> adapters.Import:
    return adapters.read("xapi", source, key=KEY, time_zone="America/New_York")


def _session(*verbs: str, **launch: Any) -> list[dict[str, Any]]:
    """Return a cmi5 session of so many minutes, each statement as it should be."""
    base, made = "https://w3id.org/xapi/cmi5/context/", []
    results = {
        "completed": {"completion": True, "duration": "PT1M"},
        "passed": {"success": True, "duration": "PT1M", "score": {"scaled": 0.9}},
        "failed": {"success": False, "duration": "PT1M", "score": {"scaled": 0.1}},
        "terminated": {"duration": "PT1M"},
    }
    for minute, verb in enumerate(("launched", *verbs)):
        extensions = {f"{base}extensions/sessionid": "s1"}
        if verb in ("launched", "passed", "failed"):
            extensions[f"{base}extensions/masteryscore"] = 0.5
        if verb == "launched":
            extensions |= {f"{base}extensions/{name}": value for name, value in launch.items()}
        made.append(
            {
                "id": f"00000000-0000-4000-8000-{minute:012d}",
                "actor": {"account": {"homePage": "https://lms.example", "name": "s1"}},
                "verb": {"id": f"http://adlnet.gov/expapi/verbs/{verb}"},
                "object": {"id": "https://lms.example/au"},
                "timestamp": f"2026-03-02T10:{minute:02d}:00Z",
                "context": {
                    "registration": "0f0f0f0f-1111-4111-8111-111111111111",
                    "contextActivities": {
                        "category": [{"id": f"{base}categories/cmi5"}, {"id": f"{base}categories/moveon"}]
                    },
                    "extensions": extensions,
                },
                **({"result": results[verb]} if verb in results else {}),
            }
        )
    return made


@pytest.mark.parametrize(
    ("session", "field", "line"),
    [
        (_session("initialized", "completed", "passed", "terminated"), None, None),
        (_session("completed", "initialized"), "verb", 2),
        (_session("initialized", "initialized"), "verb", 3),
        (_session("initialized", "terminated", "completed"), "verb", 4),
        (_session("initialized", "completed", "completed"), "verb", 4),
        (_session("initialized", "passed", "failed"), "verb", 4),
        (_session("initialized", "passed", launchmode="Review"), "verb", 3),
        (_session("initialized", "passed", masteryscore=0.95), "result.score.scaled", 3),
        (_session("initialized", "failed", masteryscore=0.05), "result.score.scaled", 3),
    ],
)
def test_statements_out_of_order_under_cmi5_are_left_out(
    session: list[dict[str, Any]], field: str | None, line: int | None, tmp_path: Path
) -> None:
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(each) + "\n" for each in session))
    made = _read(tmp_path / "log.jsonl")
    found = [(finding.field, finding.line) for finding in made.findings if finding.code == "ADP-INVALID"]
    assert found == ([(field, line)] if field else [])
    assert len(rows(made, "activity")) == len(session) - len(found)


def _log(sessions: int) -> list[dict[str, Any]]:
    """Return sessions of one registration each, every fourth with a statement too many, mixed with one another."""
    made = []
    for number in range(sessions):
        verbs = ("initialized", "completed", *(["completed"] if number % 4 == 0 else []), "passed", "terminated")
        for each in _session(*verbs):
            each["id"] = f"{number:08x}" + each["id"][8:]
            each["context"]["registration"] = f"{number:08x}-1111-4111-8111-111111111111"
            made.append(each)
    random.Random(3).shuffle(made)
    return made


@pytest.mark.parametrize("processes", [1, 2])
def test_a_stream_judges_sessions_as_a_whole_log_is_judged(
    processes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Statements of a session lie in many chunks, out of order; one that was withdrawn breaks no rule."""
    monkeypatch.setattr(streams, "_CHUNK", 3_000)
    log = _log(40)
    withdrawn = next(
        each for each in log if each["verb"]["id"].endswith("completed") and each["id"].startswith("0" * 8)
    )
    void = {
        "id": "ffffffff-0000-4000-8000-000000000000",
        "actor": withdrawn["actor"],
        "verb": {"id": "http://adlnet.gov/expapi/verbs/voided"},
        "object": {"objectType": "StatementRef", "id": withdrawn["id"]},
    }
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(each) + "\n" for each in [void, *log]))
    whole = _read(tmp_path / "log.jsonl")
    done = adapters.stream("xapi", tmp_path / "log.jsonl", tmp_path / "out", key=KEY, processes=processes)
    found = [[str(each) for each in made.findings if each.code == "ADP-INVALID"] for made in (whole, done)]
    assert found[0] == found[1]
    assert len(found[0]) == 9  # of ten, one had its twin withdrawn
    for table in ("activity", "evidence"):
        key = f"{table}_id"
        kept = pq.read_table(tmp_path / f"out/{table}.parquet").column(key).to_pylist()
        assert sorted(kept) == sorted(row[key] for row in rows(whole, table))
    assert done.records == len(rows(whole, "activity")) + len(rows(whole, "evidence"))
    lost = [(each.what, each.reason, each.count) for each in done.losses.records]
    assert ("event", "invalid among the others: verb", 9) in lost
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["activity.parquet", "evidence.parquet"]


def test_a_statement_that_comes_twice_in_a_stream_is_judged_once(tmp_path: Path) -> None:
    session = _session("initialized", "passed", "terminated")
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(each) + "\n" for each in [*session, *session]))
    done = adapters.stream("xapi", tmp_path / "log.jsonl", tmp_path / "out.parquet", key=KEY)
    assert (done.records, done.repeated) == (4, 4)
    assert not [each for each in done.findings if each.code == "ADP-INVALID"]


@in_field
def test_sessions_of_cmi5_are_judged_as_they_are_marked(tmp_path: Path) -> None:
    for line in (FIELD / "cmi5/sessions_authored.jsonl").open(encoding="utf-8"):
        session = json.loads(line)
        (tmp_path / "log.json").write_text(json.dumps(session["statements"]))
        assert ("ADP-INVALID" in codes(_read(tmp_path / "log.json"))) == (session["expect"] == "invalid")


@pytest.mark.parametrize(
    ("units", "kept"),
    [
        (["https://program.example/units/check"], "https://program.example/units/check"),
        (["https://program.example/units/check", "https://program.example/courses/1"], None),
        ([], None),
        (["https://program.example/people/s1-zanzi"], "pseudonym"),
    ],
)
def test_evidence_keeps_the_unit_of_the_course_structure(units: list[str], kept: str | None, tmp_path: Path) -> None:
    session = _session("initialized", "passed", "terminated")
    for each in session:
        each["actor"]["account"]["name"] = "s1-zanzi"
        each["context"]["contextActivities"]["grouping"] = [{"id": unit} for unit in units]
    (tmp_path / "log.json").write_text(json.dumps(session))
    made = _read(tmp_path / "log.json")
    [evidence] = rows(made, "evidence")
    if kept == "pseudonym":
        assert "zanzi" not in str(rows(made, "evidence"))
    else:
        assert evidence.get("cmi5:unit") == kept
    assert "ADP-INVALID" not in codes(made)
