"""A large table is judged column by column; the findings are those of a small one, judged at once."""

from __future__ import annotations

from typing import Any

import pytest

from blended_standard.io import Submission
from blended_standard.validate import run, validate


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
