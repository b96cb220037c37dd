"""A roster, an event log and a framework make one submission that is scored and reported."""

from __future__ import annotations

from pathlib import Path

import pytest

import blended_standard as bs
from blended_standard import adapters
from blended_standard.errors import UsageError
from tests.adapters.helpers import HERE, KEY, rows


def _combined() -> adapters.Import:
    roster = adapters.read(
        "oneroster", HERE / "oneroster/bulk", key=KEY, time_zone="America/New_York", as_of="2026-06-30"
    )
    log = adapters.read(
        "xapi",
        HERE / "xapi/log.jsonl",
        key=KEY,
        time_zone="America/New_York",
        schemes={"https://lms.example": "oneroster"},
    )
    return adapters.combine(roster, log, adapters.read("case", HERE / "case/algebra.json"))


def test_acts_find_the_episode_of_their_learner() -> None:
    made = _combined()
    episodes = {row["episode_id"] for row in rows(made, "episode")}
    for table in ("activity", "evidence", "legacy_attendance"):
        assert {row["episode_id"] for row in rows(made, table)} <= episodes


def test_from_three_standards_to_a_report(tmp_path: Path) -> None:
    made = _combined()
    directory = bs.write_submission(made.submission, tmp_path / "submission")
    submission = bs.read_submission(directory)
    check = bs.validate(submission)
    assert check.ok, [str(finding) for finding in check.findings if finding.severity == "error"]
    scored = bs.score(submission, "core", by=("program",), as_of="2026-06-30")
    assert {entry.measure for entry in scored.entries} if hasattr(scored, "entries") else scored.rows()
    bs.report(scored, check, to=tmp_path / "report.html")
    assert (tmp_path / "report.html").stat().st_size > 1_000


def test_nothing_to_combine_is_misuse() -> None:
    with pytest.raises(UsageError, match="nothing"):
        adapters.combine()
