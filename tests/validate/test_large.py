"""A large table is judged column by column; the findings are those of a small one, judged at once."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from blended_standard.engine import duckdb, open_engine
from blended_standard.io import Submission
from blended_standard.model import RECORDS
from blended_standard.validate import run, validate
from tests.validate.test_rules import everything_broken


@pytest.mark.parametrize("engine", ["duckdb", "polars"])
def test_judging_by_column_changes_nothing(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tables: dict[str, dict[str, list[Any]]] = {
        "program": {"program_id": ["p"], "name": ["P"], "time_zone": ["America/Denver"]},
        "site": {"site_id": ["s"], "program_id": ["p"], "name": ["S"]},
        "learner": {"learner_id": ["l", "L", "m ", None]},
        "episode": {"episode_id": ["e"], "learner_id": ["l"], "site_id": ["s"], "entry_date": ["2025-09-01"]},
        "evidence": {
            "evidence_id": ["1", "2", "2", "4", "5"],
            "episode_id": ["e", "e", "x", "e", None],
            "at": ["2025-08-01T00:00:00Z", "2025-10-01T00:00:00Z", None, "1800-01-01T00:00:00Z", "bad"],
            "kind": ["quiz", "robot", "exam", "quiz", "quiz"],
            "score": [2.0, 0.5, 0.1, -1.0, 0.0],
        },
    }
    submission = Submission.from_tables(tables)
    at_once = validate(submission, engine=engine)
    monkeypatch.setattr(run, "_LARGE", 1)
    monkeypatch.setattr(run, "_MOST_BROKEN", 2)
    by_column = validate(Submission.from_tables(tables), engine=engine)
    assert by_column == at_once
    assert not at_once.ok


@pytest.mark.parametrize(
    "odd",
    [
        [],
        ["E7", "e7"],
        ["e7 "],
        ["e 7", "E 7"],
        ["a@b.org"],
        ["\u00e97", "\u00c97"],
        ["", "e7"],
        [None],
        ["x" * 257],
        ["123-45-6789"],
    ],
)
def test_identifiers_that_are_not_plain_are_found_among_many_that_are(
    odd: list[str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = {"learner": {"learner_id": [*(f"e{number}" for number in range(5_000)), *odd]}}
    at_once = validate(Submission.from_tables(tables), partial=True)
    monkeypatch.setattr(run, "_LARGE", 1)
    monkeypatch.setattr(duckdb, "_AT_ONCE", 2_048)
    assert validate(Submission.from_tables(tables), partial=True, engine="duckdb") == at_once
    assert any(finding.field == "learner_id" for finding in at_once.findings) == bool(odd)


@pytest.mark.parametrize("most_broken", [0, run._MOST_BROKEN])
def test_judging_by_column_finds_every_broken_rule(most_broken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = validate(everything_broken(), engine="polars")
    monkeypatch.setattr(run, "_LARGE", 1)
    monkeypatch.setattr(run, "_MOST_BROKEN", most_broken)
    assert validate(everything_broken(), engine="polars") == at_once


@pytest.mark.parametrize("engine", ["duckdb", "polars"])
def test_instants_are_rounded_down_to_seconds(engine: str) -> None:
    micros = [-1_000_001, -1_000_000, -999_999, -1, 0, 999_999, 1_000_000, None]
    at = pa.array(micros, pa.timestamp("us", tz="UTC"))
    with open_engine(engine) as opened:
        bound = opened.bind(pa.table({"at": at}), RECORDS["activity"]).frame
        seconds = opened.collect(bound.select("at", "_row").sort("_row"))["at"]
    assert seconds == [-2, -1, -1, -1, 0, 0, 1, None]
