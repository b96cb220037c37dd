"""The library itself under the conformance kit: `python -m examples.conformance.library`.

blended-standard conformance run --command "python -m examples.conformance.library" --class consumer
"""

from __future__ import annotations

import base64
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import blended_standard as bs
from blended_standard import compare
from blended_standard.io import read_records
from blended_standard.measures import ComparabilityKey, bridge, comparable
from blended_standard.testing import district
from blended_standard.validate import validate_aggregate, validate_record

IDS = {"learning_opportunity": "opportunity_id"}


def judge_record(asked: dict[str, Any]) -> dict[str, Any]:
    rules = bs.load_standard().rules
    found = [f for f in validate_record(asked["table"], asked["record"]) if rules[f.code].scope == "field"]
    return {"valid": not any(f.severity == "error" for f in found)}


def judge_file(asked: dict[str, Any]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, f"{asked['table']}.{asked['format']}")
        file.write_bytes(base64.b64decode(asked["base64"]))
        submission = bs.read_submission(file)
        report = bs.validate(submission, engine="polars", partial=True)
    return {"valid": report.ok, "records": sum(table.read for table in report.tables)}


def judge_rule(asked: dict[str, Any]) -> dict[str, Any]:
    submission = bs.Submission.from_tables(tables(asked["tables"]), manifest={"as_of": asked["as_of"]})
    rows = [f.row for f in bs.validate(submission).findings if f.code == asked["rule"]]
    return {"breaks": bool(rows), "row": rows[0] if rows else None}


def effect(asked: dict[str, Any]) -> dict[str, Any]:
    arguments = {name: value for name, value in asked.items() if name != "statistic"}
    return {"value": getattr(compare, asked["statistic"])(**arguments).value}


def submission_of(asked: dict[str, Any]) -> bs.Submission:
    """Return the tables of a case of a measure, with what it may leave out."""
    given = {table: [dict(row) for row in rows] for table, rows in asked["tables"].items()}
    given.setdefault("program", [{"program_id": "p", "name": "P", "time_zone": "UTC"}])
    given.setdefault("site", [{"site_id": "s", "program_id": "p", "name": "S"}])
    for row in given.get("episode", []):
        row.setdefault("learner_id", row["episode_id"])
        row.setdefault("site_id", "s")
    learners = dict.fromkeys(row["learner_id"] for row in given.get("episode", []))
    given.setdefault("learner", [{"learner_id": learner} for learner in learners])
    for table, rows in given.items():
        for number, row in enumerate(rows):
            row.setdefault(IDS.get(table, f"{table}_id"), f"{table}{number}")
    return bs.Submission.from_tables(tables(given))


def measure(asked: dict[str, Any]) -> dict[str, Any]:
    name = asked["measure"]
    overrides = {name: asked.get("parameters", {})}
    scored = bs.score(submission_of(asked), name, by=(), as_of=asked["as_of"], parameters=overrides).one(name)
    facts = {key: getattr(scored, key) for key in ("value", "se", "n", "numerator", "denominator", "reason")}
    return {
        **facts,
        "low": scored.interval.low if scored.interval else None,
        "high": scored.interval.high if scored.interval else None,
        "status": str(scored.status),
        "excluded": {entry.id: entry.count for entry in scored.excluded},
        "components": {part.name: part.value for part in getattr(scored, "components", ())},
        "bounds": [scored.bounds.low, scored.bounds.high] if scored.bounds else None,
    }


def claim(asked: dict[str, Any]) -> dict[str, Any]:
    first, last = asked["period"]
    settings = {"period": (first, last), "parameters": asked.get("parameters")}
    made = bridge.claim(asked["measure"], submission_of(asked), by=(), **settings).one()
    return {
        **{key: getattr(made, key) for key in ("value", "numerator", "denominator", "reason")},
        "unmet": [condition.id for condition in made.unmet],
        "steps": {step.text: step.value for step in made.steps},
    }


def tables(given: dict[str, list[dict[str, Any]]]) -> dict[str, dict[str, list[Any]]]:
    columns = {table: dict.fromkeys(name for row in rows for name in row) for table, rows in given.items()}
    return {
        table: {name: [row.get(name) for row in rows] for name in columns[table]}
        for table, rows in given.items()
        if rows
    }


def compare_keys(asked: dict[str, Any]) -> dict[str, Any]:
    answer = comparable(*(ComparabilityKey.from_dict(asked[side]) for side in ("first", "second")))
    return {"comparable": answer.answer, "differs": sorted(answer.differs)}


def judge_aggregate(asked: dict[str, Any]) -> dict[str, Any]:
    report = validate_aggregate(asked["report"], whole=asked.get("whole"))
    return {"valid": report.ok, "rules": sorted({finding.code for finding in report.findings})}


def produce(asked: dict[str, Any]) -> dict[str, Any]:
    if "records" not in asked:
        submission = district(40, days=120)
    else:
        lines = {name: "".join(json.dumps(row) + "\n" for row in rows) for name, rows in asked["records"].items()}
        found = [record for name, text in lines.items() for record in read_records(text.encode(), name)]
        submission = bs.Submission.from_records(found, manifest=asked["manifest"])
    bs.write_submission(submission, asked["directory"], format="csv")
    return {}


def report(asked: dict[str, Any]) -> dict[str, Any]:
    submission = bs.Submission.from_tables(tables(asked["tables"])) if "tables" in asked else district(40, days=120)
    measures, as_of = asked.get("measures", ["ENG-01", "CMP-05"]), asked.get("as_of")
    grouped = {"report": asked["by"], "whole": ()}
    return {name: bs.score(submission, measures, by=by, as_of=as_of).to_dict() for name, by in grouped.items()}


ANSWERS = {
    "record": judge_record,
    "file": judge_file,
    "rule": judge_rule,
    "effect": effect,
    "measure": measure,
    "claim": claim,
    "comparable": compare_keys,
    "aggregate": judge_aggregate,
    "produce": produce,
    "report": report,
}


def main() -> None:
    for line in sys.stdin:
        request = json.loads(line)
        if request["cmd"] == "stop":
            return
        if request["cmd"] == "start":
            answer: dict[str, Any] = {
                "version": 1,
                "name": "blended-standard",
                "implementation_version": bs.__version__,
            }
        else:
            answer = {"seq": request["seq"]}
            try:
                answer["output"] = ANSWERS[request["kind"]](request["input"])
            except bs.BlendedStandardError as error:
                answer["error"] = str(error)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
