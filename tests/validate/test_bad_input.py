"""Each kind of bad input gives its finding, the rest is still reported, and nothing ends in a traceback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from blended_standard.io import read_submission
from blended_standard.validate import ValidationReport, validate

SOUND = {
    "manifest.json": json.dumps({"title": "test", "as_of": "2026-06-30"}),
    "program.csv": "program_id,name,time_zone\np,Harbor,America/New_York\n",
    "site.csv": "site_id,program_id,name\ns,p,North\n",
    "learner.csv": "learner_id,gender\nl1,female\nl2,male\n",
    "episode.csv": "episode_id,learner_id,site_id,entry_date\ne1,l1,s,2025-09-01\ne2,l2,s,2025-09-01\n",
}

# name of the case -> files that replace the sound ones (None removes), and one finding that must be there:
# code, table, row, line, field, value
CASES: dict[str, tuple[dict[str, str | bytes | None], tuple[object, ...]]] = {
    "truncated JSON Lines": (
        {"episode.csv": None, "episode.jsonl": '{"episode_id":"e1","learner_id":"l1","site_id":"s","entry_date":"2025-09-01"}\n{"epis'},
        ("JSN-CUT", "episode", 2, 2, None, None),
    ),
    "truncated CSV": (
        {"learner.csv": 'learner_id,gender\nl1,female\n"l2,ma'},
        ("CSV-CUT", "learner", 2, 3, None, None),
    ),
    "truncated Parquet": (
        {"contact.parquet": b"PAR1 and nothing more"},
        ("PQT-CUT", "contact", None, None, None, None),
    ),
    "missing table": ({"learner.csv": None}, ("TAB-MISSING", "learner", None, None, None, None)),
    "missing column": (
        {"site.csv": "site_id,name\ns,North\n"},
        ("FLD-MISSING-COLUMN", "site", None, None, "program_id", None),
    ),
    "wrong type": (
        {"episode.csv": "episode_id,learner_id,site_id,entry_date\ne1,l1,s,09/01/2025\ne2,l2,s,2025-09-01\n"},
        ("FLD-TYPE", "episode", 1, 2, "entry_date", "09/01/2025"),
    ),
    "unknown code": (
        {"learner.csv": "learner_id,gender\nl1,female\nl2,robot\n"},
        ("FLD-CODE", "learner", 2, 3, "gender", "robot"),
    ),
    "duplicate id": (
        {"site.csv": "site_id,program_id,name\ns,p,North\ns,p,South\n"},
        ("IDS-TWICE", "site", 1, 2, "site_id", "s"),
    ),
    "row that stands twice": (
        {"site.csv": "site_id,program_id,name\ns,p,North\ns,p,North\n"},
        ("IDS-TWICE-SAME", "site", 2, 3, "site_id", "s"),
    ),
    "dangling reference": (
        {"site.csv": "site_id,program_id,name\ns,p,North\nt,q,East\n"},
        ("REF-DANGLING", "site", 2, 3, "program_id", "q"),
    ),
    "value out of range": (
        {"outcome.jsonl": '{"outcome_id":"o","episode_id":"e1","kind":"diploma","date":"1066-10-14"}\n'},
        ("FLD-YEAR", "outcome", 1, 1, "date", "1066-10-14"),
    ),
    "unknown zone": (
        {"program.csv": "program_id,name,time_zone\np,Harbor,Mars/Base\n"},
        ("FLD-ZONE", "program", 1, 2, "time_zone", "Mars/Base"),
    ),
    "UTF-16": (
        {"learner.csv": "learner_id\nl1\n".encode("utf-16")},
        ("ENC-NOT-UTF8", "learner", None, None, None, None),
    ),
    "a Latin-1 letter": (
        {"site.csv": b"site_id,program_id,name\ns,p,North\nt,p,Orl" + b"\xe9ans\n"},
        ("ENC-NOT-UTF8", "site", 2, 3, None, None),
    ),
    "empty file": ({"learner.csv": ""}, ("FIL-EMPTY", "learner", None, None, None, None)),
    "semicolons": ({"learner.csv": "learner_id;gender\nl1;female\n"}, ("CSV-DELIMITER", "learner", None, 1, None, None)),
    "header twice": ({"learner.csv": "learner_id,learner_id\nl1,l1\n"}, ("CSV-HEADER-TWICE", "learner", None, 1, "learner_id", None)),
    "short row": ({"learner.csv": "learner_id,gender\nl1\nl2,male\n"}, ("CSV-WIDTH", "learner", 1, 2, None, None)),
    "key twice in an object": (
        {"outcome.jsonl": '{"outcome_id":"o","outcome_id":"p"}\n'},
        ("JSN-KEY-TWICE", "outcome", 1, 1, "outcome_id", None),
    ),
    "NaN": ({"outcome.jsonl": '{"outcome_id":"o","value":NaN}\n'}, ("NUM-NOT-FINITE", "outcome", 1, 1, None, None)),
    "deep nesting": ({"outcome.jsonl": "[" * 100_000 + "\n"}, ("LIM-DEPTH", "outcome", 1, 1, None, None)),
    "exit before entry": (
        {"episode.csv": "episode_id,learner_id,site_id,entry_date,exit_date\ne1,l1,s,2025-09-01,2025-08-01\ne2,l2,s,2025-09-01,\n"},
        ("EPI-ORDER", "episode", 1, 2, "exit_date", "2025-08-01"),
    ),
    "overlapping episodes": (
        {"episode.csv": "episode_id,learner_id,site_id,entry_date\ne1,l1,s,2025-09-01\ne2,l1,s,2025-10-01\n"},
        ("EPI-OVERLAP", "episode", 2, 3, "entry_date", "2025-10-01"),
    ),
    "manifest that is not JSON": ({"manifest.json": "{"}, ("MAN-INVALID", "manifest", None, None, None, None)),
}  # fmt: skip


def write(directory: Path, changes: dict[str, str | bytes | None]) -> Path:
    for name, content in {**SOUND, **changes}.items():
        if content is not None:
            (directory / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return directory


def places(report: ValidationReport) -> list[tuple[object, ...]]:
    return [(f.code, f.table, f.row, f.line, f.field, f.value) for f in report.findings]


@pytest.mark.parametrize("engine", ["duckdb", "polars"])
@pytest.mark.parametrize("name", CASES)
def test_bad_input_gives_its_finding(name: str, engine: str, tmp_path: Path) -> None:
    changes, expected = CASES[name]
    report = validate(read_submission(write(tmp_path, changes)), engine=engine)
    assert expected in places(report)
    assert all(finding.rule and finding.mend for finding in report.findings)


@pytest.mark.parametrize("engine", ["duckdb", "polars"])
def test_sound_input_has_no_finding(engine: str, tmp_path: Path) -> None:
    report = validate(read_submission(write(tmp_path, {})), engine=engine)
    assert report.ok
    assert report.findings == ()


def test_everything_wrong_at_once_is_reported_alike_by_both_engines(tmp_path: Path) -> None:
    everything = {name: content for changes, _ in CASES.values() for name, content in changes.items() if content}
    submission = read_submission(write(tmp_path, {**everything, "learner.csv": SOUND["learner.csv"]}))
    reports = [validate(submission, engine=engine) for engine in ("duckdb", "polars")]
    assert reports[0] == reports[1]
    assert not reports[0].ok


def test_a_learner_id_is_never_shown(tmp_path: Path) -> None:
    rows = "episode_id,learner_id,site_id,entry_date\ne1,JaneDoe1999,s,2025-09-01\n"
    report = validate(read_submission(write(tmp_path, {"episode.csv": rows})))
    dangling = next(f for f in report.findings if f.code == "REF-DANGLING")
    assert dangling.redacted
    assert "JaneDoe1999" not in str(report) + json.dumps(report.to_dict())


def test_a_rule_broken_often_is_counted_and_its_examples_are_capped(tmp_path: Path) -> None:
    rows = "learner_id,gender\nl1,female\nl2,male\n" + "".join(f"x{i},robot\n" for i in range(5000))
    report = validate(read_submission(write(tmp_path, {"learner.csv": rows})))
    robots = [f for f in report.findings if f.code == "FLD-CODE"]
    assert len(robots) == 100
    assert sum(f.count for f in robots) == 5000 == report.errors
