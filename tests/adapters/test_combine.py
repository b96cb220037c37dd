"""A roster, an event log and a framework make one submission; `end_to_end/test_interop` scores one."""

from __future__ import annotations

import pytest

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


def test_nothing_to_combine_is_misuse() -> None:
    with pytest.raises(UsageError, match="nothing"):
        adapters.combine()
