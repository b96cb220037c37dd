"""From the documents of three neighboring standards to a report: OneRoster, xAPI and CASE, with numbers known by hand."""

from __future__ import annotations

import csv
import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

import blended_standard as bs
from blended_standard import adapters
from blended_standard.cli import main

LEARNERS, WEEKS = 33, 10
MONDAY = dt.date(2025, 9, 1)
ITEM, FRAMEWORK = "6f1a0e3c-0a5b-4c1e-9c57-1d2f3a4b5c01", "6f1a0e3c-0a5b-4c1e-9c57-1d2f3a4b5c00"
HOME = "https://lms.example"
KEY = bs.privacy.PseudonymKey("k1", bytes(range(32)))


def _write(path: Path, header: str, rows: list[list[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([header.split(","), *rows])


def _roster(folder: Path) -> Path:
    """Write a roster of one school, whose students stay for ten whole weeks."""
    folder.mkdir()
    parts = ("academicSessions", "classes", "enrollments", "orgs", "users")
    stated = [["manifest.version", "1.0"], ["oneroster.version", "1.2"], *([f"file.{part}", "bulk"] for part in parts)]
    _write(folder / "manifest.csv", "propertyName,value", stated)
    head = "sourcedId,status,dateLastModified,"
    _write(
        folder / "orgs.csv",
        head + "name,type,identifier,parentSourcedId",
        [["d", "", "", "Valley", "district", "", ""], ["n", "", "", "North", "school", "", "d"]],
    )
    _write(
        folder / "academicSessions.csv",
        head + "title,type,startDate,endDate,parentSourcedId,schoolYear",
        [["t", "", "", "Fall", "term", "2025-09-01", "2025-12-20", "", "2026"]],
    )
    _write(
        folder / "classes.csv",
        head + "title,grades,courseSourcedId,classCode,classType,location,schoolSourcedId,termSourcedIds,subjects,"
        "subjectCodes,periods",
        [["c", "", "", "Algebra", "", "x", "", "scheduled", "", "n", "t", "", "", ""]],
    )
    people = [f"s{number}" for number in range(LEARNERS)]
    _write(
        folder / "users.csv",
        head
        + "enabledUser,username,userIds,givenName,familyName,middleName,identifier,email,sms,phone,agentSourcedIds,"
        "grades,password,userMasterIdentifier,resourceSourcedIds,preferredGivenName,preferredMiddleName,"
        "preferredFamilyName,primaryOrgSourcedId,pronouns",
        [[who, "", "", "true", who, "", "Given", "Family", *[""] * 6, "11", *[""] * 6, "n", ""] for who in people],
    )
    end = (MONDAY + dt.timedelta(weeks=WEEKS)).isoformat()  # exclusive there
    _write(
        folder / "enrollments.csv",
        head + "classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate",
        [[f"e{who}", "", "", "c", "n", who, "student", "", MONDAY.isoformat(), end] for who in people],
    )
    return folder


def _log(path: Path) -> int:
    """Write a log in which learner n answers in n modulo 11 weeks, and opens a page in every week."""
    active = 0
    with path.open("w", encoding="utf-8") as out:
        for number in range(LEARNERS):
            for week in range(WEEKS):
                answers = week < number % 11
                active += answers
                for verb in ("experienced", *(["answered"] if answers else [])):
                    at = dt.datetime.combine(MONDAY + dt.timedelta(weeks=week, days=2), dt.time(15), dt.UTC)
                    statement = {
                        "id": f"00000000-0000-4000-8000-{number:06d}{week:04d}{len(verb):02d}",
                        "actor": {"account": {"homePage": HOME, "name": f"s{number}"}},
                        "verb": {"id": f"http://adlnet.gov/expapi/verbs/{verb}"},
                        "object": {"id": f"{HOME}/q/{week}"},
                        "timestamp": at.isoformat(),
                    }
                    if verb == "answered":
                        statement["result"] = {"score": {"raw": 8, "min": 0, "max": 10}, "success": True}
                    out.write(json.dumps(statement) + "\n")
    return active


def _framework(path: Path) -> Path:
    changed = {"lastChangeDateTime": "2025-01-01T00:00:00+00:00"}
    head = {"identifier": FRAMEWORK, "uri": f"urn:uuid:{FRAMEWORK}", "title": "Algebra", "creator": "Valley", **changed}
    item = {"identifier": ITEM, "uri": f"urn:uuid:{ITEM}", "fullStatement": "Solve linear equations", **changed}
    path.write_text(json.dumps({"CFDocument": head, "CFItems": [item], "CFAssociations": []}))
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """Return a submission that was written from the three, and the weeks in which someone learned."""
    folder = tmp_path_factory.mktemp("interop")
    active = _log(folder / "log.jsonl")
    zone = "America/New_York"
    roster = adapters.read("oneroster", _roster(folder / "roster"), key=KEY, time_zone=zone, as_of="2026-01-31")
    log = adapters.read("xapi", folder / "log.jsonl", key=KEY, time_zone=zone, schemes={HOME: "oneroster"})
    framework = adapters.read("case", _framework(folder / "case.json"))
    combined = adapters.combine(roster, log, framework)
    return bs.write_submission(combined.submission, folder / "submission"), active


@pytest.fixture(scope="module")
def scored(made: tuple[Path, int]) -> Any:
    return bs.score(bs.read_submission(made[0]), "core", by=("program",), as_of="2026-01-31")


def test_what_was_read_is_valid(made: tuple[Path, int]) -> None:
    check = bs.validate(bs.read_submission(made[0]))
    assert check.ok, [str(finding) for finding in check.findings if finding.severity == "error"]


def test_presence_does_not_count_and_answers_do(made: tuple[Path, int], scored: Any) -> None:
    """Everyone opens pages in every week; the rate is that of the weeks with answers."""
    entry = scored.one("ENG-01")
    assert (entry.numerator, entry.denominator) == (made[1], LEARNERS * WEEKS)


def test_every_core_measure_has_a_value_or_says_why_not(scored: Any) -> None:
    core = bs.load_standard().profile("core").measures
    for measure in core:
        entries = scored.select(measure)
        assert entries, measure
        assert all(entry.value is not None or entry.reason for entry in entries), measure


def test_the_command_line_goes_the_same_way(made: tuple[Path, int], tmp_path: Path) -> None:
    path, _ = made
    assert main(["report", str(path), "--as-of", "2026-01-31", "--out", str(tmp_path / "report.html")]) == 0
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Active-week rate" in page
    assert "Given" not in page
    key = tmp_path / "key.txt"
    key.write_text(f"k1 {bytes(range(32)).hex()}")
    roster, out = str(path.parent / "roster"), str(tmp_path / "imported")
    arguments = ["--out", out, "--key-file", str(key), "--time-zone", "America/New_York", "--quiet"]
    assert main(["import", "oneroster", roster, *arguments]) == 0
    assert len(bs.read_submission(out).tables["episode"]) == LEARNERS
