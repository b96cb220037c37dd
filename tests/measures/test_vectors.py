"""Every vector of `spec/vectors/measures` on every engine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from blended_standard.engine import Engine, open_engine
from blended_standard.io import Submission
from blended_standard.measures import MeasureResult, score

DIRECTORY = Path(__file__).parents[2] / "spec" / "vectors" / "measures"
CASES = [
    pytest.param(file.stem, case, id=f"{file.stem}: {case['name']}")
    for file in sorted(DIRECTORY.glob("*.json"))
    for case in json.loads(file.read_text(encoding="utf-8"))["cases"]
]


@pytest.fixture(scope="module", params=["duckdb", "polars"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """One engine for all cases, which spares a connection for each."""
    with open_engine(request.param) as opened:
        yield opened


@pytest.mark.parametrize(("measure", "case"), CASES)
def test_vector(measure: str, case: dict[str, Any], engine: Engine) -> None:
    check(measure, case, engine)


def check(measure: str, case: dict[str, Any], engine: Any) -> None:
    """Score the tables of a case and compare what comes out with what is expected."""
    overrides = {measure: case.get("parameters", {})}
    report = score(submission(case["tables"]), measure, by=(), as_of=case["as_of"], engine=engine, parameters=overrides)
    found = outcome(report.one(measure))
    for name, expected in case["expected"].items():
        if name == "reason":
            assert expected in (found[name] or "")
        elif name in ("components", "excluded"):
            assert {key: found[name].get(key) for key in expected} == {
                key: near(value) for key, value in expected.items()
            }
        else:
            assert found[name] == near(expected), name


def submission(tables: dict[str, list[dict[str, Any]]]) -> Submission:
    """Return the tables of a case, with the program, site and learners that it leaves out."""
    given = {name: [dict(row) for row in rows] for name, rows in tables.items()}
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
    return Submission.from_tables({name: columns(rows) for name, rows in given.items() if rows})


IDS = {
    "contact": "contact_id",
    "evidence": "evidence_id",
    "learning_opportunity": "opportunity_id",
    "pause": "pause_id",
    "relationship": "relationship_id",
    "survey_response": "survey_response_id",
}


def columns(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
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


def near(expected: Any) -> Any:
    if isinstance(expected, float):
        return pytest.approx(expected, rel=1e-9, abs=1e-9)
    return [near(value) for value in expected] if isinstance(expected, list) else expected
