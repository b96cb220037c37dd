"""Every record vector is judged alike by our rules, by our codec, and by an independent JSON Schema validator."""

from __future__ import annotations

import datetime as dt
import functools
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from blended_standard.io import RefusedRecordsError, read_records, read_submission
from blended_standard.model import RECORDS
from blended_standard.spec.standard import spec_directory
from blended_standard.validate import validate

FOLDER = spec_directory() / "vectors" / "records"
FORMATS = jsonschema.FormatChecker([])


@FORMATS.checks("date", raises=ValueError)
def _is_date(value: object) -> bool:
    return not isinstance(value, str) or bool(dt.date.fromisoformat(value))


@FORMATS.checks("date-time", raises=ValueError)
def _is_instant(value: object) -> bool:
    return not isinstance(value, str) or bool(dt.datetime.fromisoformat(value))


@functools.cache
def cases(table: str) -> list[dict[str, Any]]:
    content = json.loads((FOLDER / f"{table}.json").read_text("utf-8"))
    assert content["table"] == table
    found: list[dict[str, Any]] = content["cases"]
    return found


@pytest.mark.parametrize("table", RECORDS)
def test_an_independent_validator_agrees(table: str) -> None:
    schema = json.loads((spec_directory() / "schemas" / f"{table}.schema.json").read_text("utf-8"))
    validator = jsonschema.Draft202012Validator(schema, format_checker=FORMATS)
    wrong = [case["name"] for case in cases(table) if validator.is_valid(case["record"]) is not case["valid"]]
    assert wrong == []


@pytest.mark.parametrize("table", RECORDS)
def test_there_are_enough_and_each_name_stands_once(table: str) -> None:
    found = cases(table)
    assert len(found) >= 10
    assert len({case["name"] for case in found}) == len(found)
    assert {case["valid"] for case in found} == {True, False}


@pytest.mark.parametrize("table", RECORDS)
@pytest.mark.parametrize("route", ["fast", "detailed"])
def test_the_codec_agrees_but_for_code_lists_zones_and_order(table: str, route: Any) -> None:
    for case in cases(table):
        valid = case["valid"] or case["rule"] == "FLD-CODE"
        assert _accepts(case["record"], table, route) is valid, case["name"]


def _accepts(record: dict[str, Any], table: str, route: Any) -> bool:
    try:
        read_records(json.dumps(record).encode(), table, route=route)
    except RefusedRecordsError as error:
        return "lies before" in str(error)
    return True


@pytest.mark.parametrize("keys", [False, True])
def test_our_rules_agree_on_every_vector(tmp_path: Path, keys: bool) -> None:
    """One submission of all vectors: each invalid one has a finding under its rule, and no valid one has any.

    Bad keys come in a submission of their own: a bad reference is reported at the record that it refers to.
    """
    asked = {table: [case for case in cases(table) if _has_bad_key(case, table) is keys] for table in RECORDS}
    for table, chosen in asked.items():
        lines = "".join(json.dumps(case["record"]) + "\n" for case in chosen)
        (tmp_path / f"{table}.jsonl").write_text(lines or "\n", encoding="utf-8")
    found: dict[tuple[str, int], set[str]] = defaultdict(set)
    for finding in validate(read_submission(tmp_path)).findings:
        if finding.code.startswith("FLD-") and finding.code != "FLD-UNKNOWN" and finding.row:
            found[finding.table, finding.row].add(finding.code)
    wrong = []
    for table, chosen in asked.items():
        for row, case in enumerate(chosen, start=1):
            codes = found[table, row]
            if codes != ({case["rule"]} if case["rule"] else set()):
                wrong.append((table, case["name"], case["rule"], sorted(codes)))
    assert wrong == []


def _has_bad_key(case: dict[str, Any], table: str) -> bool:
    own = [field.name for field in RECORDS[table].fields() if field.key and not field.refers_to]
    return case["rule"] == "FLD-ID" and case["name"].split(":")[0] in own
