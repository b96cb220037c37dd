"""The vectors of measures and of bridge measures: their cases, the submission of a case, and what must come of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from blended_standard.io import Submission
from blended_standard.measures import MeasureReport, MeasureResult, score
from blended_standard.measures.bridge import Claim, claim
from blended_standard.validate.conformance.vectors import expand

Case = dict[str, Any]
Rows = list[dict[str, Any]]

DIRECTORY = Path(__file__).parents[2] / "spec" / "vectors"


def _cases(folder: str) -> list[tuple[str, Case]]:
    files = sorted((DIRECTORY / folder).glob("*.json"))
    return [(file.stem, case) for file in files for case in json.loads(file.read_text(encoding="utf-8"))["cases"]]


CASES = _cases("measures")
CLAIMS = _cases("bridge")


def name_of(measure: str, case: Case) -> str:
    """Return what tells a case from all others."""
    return f"{measure}: {case['name']}"


def result(measure: str, case: Case, engine: Any) -> MeasureResult:
    """Score the tables of a case."""
    overrides = {measure: case.get("parameters", {})}
    given = submission(case["tables"])
    return score(given, measure, by=(), as_of=case["as_of"], engine=engine, parameters=overrides).one(measure)


def claimed(measure: str, case: Case, engine: Any) -> Claim:
    """Claim what the tables of a case support."""
    first, last = case["period"]
    asked = {"parameters": case.get("parameters"), "engine": engine}
    return claim(measure, submission(case["tables"]), period=(first, last), by=(), **asked).one()


def agree(result: MeasureResult | Claim, case: Case) -> None:
    """Compare what came out with what is expected."""
    found = outcome_of_claim(result) if isinstance(result, Claim) else outcome(result)
    for name, expected in case["expected"].items():
        if name == "reason":
            assert expected in (found[name] or "")
        elif name in ("components", "excluded", "steps"):
            assert {key: found[name].get(key) for key in expected} == {
                key: near(value) for key, value in expected.items()
            }
        else:
            assert found[name] == near(expected), name


def submission(tables: dict[str, Rows]) -> Submission:
    """Return the tables of a case, with the program, site and learners that it leaves out."""
    return submission_of(complete(tables))


def complete(tables: dict[str, Rows]) -> dict[str, Rows]:
    """Return the rows of a case with those that it leaves out."""
    given = {name: [dict(row) for row in rows] for name, rows in expand(tables).items()}
    given.setdefault("program", [{"program_id": "p", "name": "P", "time_zone": "UTC"}])
    given.setdefault("site", [{"site_id": "s", "program_id": "p", "name": "S"}])
    for row in given.get("episode", []):
        row.setdefault("learner_id", row["episode_id"])
        row.setdefault("site_id", "s")
    learners = dict.fromkeys(row["learner_id"] for row in given.get("episode", []))
    given.setdefault("learner", [{"learner_id": learner} for learner in learners])
    for name, key in IDS.items():
        for number, row in enumerate(given.get(name, [])):
            row.setdefault(key, f"{name}{number}")
    return given


def submission_of(tables: dict[str, Rows]) -> Submission:
    """Return rows by table as a submission; a table without rows is none."""
    return Submission.from_tables({name: columns(rows) for name, rows in tables.items() if rows})


IDS = {
    "contact": "contact_id",
    "evidence": "evidence_id",
    "learning_opportunity": "opportunity_id",
    "pause": "pause_id",
    "relationship": "relationship_id",
    "survey_response": "survey_response_id",
}


def columns(rows: Rows) -> dict[str, list[Any]]:
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}


def outcome(found: MeasureResult) -> dict[str, Any]:
    low, high = (found.interval.low, found.interval.high) if found.interval else (None, None)
    facts = {name: getattr(found, name) for name in ("value", "se", "n", "numerator", "denominator", "reason")}
    return {
        **facts,
        "low": low,
        "high": high,
        "status": found.status.value,
        "bounds": [found.bounds.low, found.bounds.high] if found.bounds else None,
        "components": {part.name: part.value for part in found.components},
        "excluded": {entry.id: entry.count for entry in found.excluded},
    }


def outcome_of_claim(found: Claim) -> dict[str, Any]:
    return {
        **{name: getattr(found, name) for name in ("value", "numerator", "denominator", "reason")},
        "unmet": [condition.id for condition in found.unmet],
        "steps": {step.text: step.value for step in found.steps},
    }


def near(expected: Any) -> Any:
    if isinstance(expected, float):
        return pytest.approx(expected, rel=1e-9, abs=1e-9)
    return [near(value) for value in expected] if isinstance(expected, list) else expected


FACTS = ("status", "n", "coverage", "covered", "needed", "learners", "excluded", "reason", "key")


def assert_alike(found: MeasureReport, expected: MeasureReport) -> None:
    assert len(found) == len(expected) > 0
    for one, two in zip(found, expected, strict=True):
        for name in FACTS:
            assert getattr(one, name) == getattr(two, name), (one.measure, name)
        for name in ("value", "se", "numerator", "denominator"):
            assert getattr(one, name) == near(getattr(two, name)), (one.measure, name)
        for part, other in zip(one.components, two.components, strict=True):
            assert part.n == other.n
            assert part.value == near(other.value), (one.measure, part.name)
