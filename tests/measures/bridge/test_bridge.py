"""Bridge measures: that more evidence never hurts, what a pack and a claim say, and misuse. Numbers: `make_vectors.py`."""

from __future__ import annotations

import ast
import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import blended_standard as bs
from blended_standard.errors import UsageError
from blended_standard.measures.bridge import Claim, ClaimReport, claim

BASE: dict[str, dict[str, list[Any]]] = {
    "program": {"program_id": ["p"], "name": ["P"], "time_zone": ["UTC"]},
    "site": {"site_id": ["s"], "program_id": ["p"], "name": ["S"]},
    "learner": {"learner_id": ["secret-learner"]},
    "episode": {
        "episode_id": ["e"],
        "learner_id": ["secret-learner"],
        "site_id": ["s"],
        "entry_date": ["2025-09-01"],
        "entry_grade": [10],
    },
}
YEAR = ("2025-09-01", "2026-06-30")


def submission(**tables: dict[str, list[Any]]) -> bs.Submission:
    return bs.Submission.from_tables({**BASE, **tables})


def minutes(pairs: list[tuple[str, float]]) -> dict[str, list[Any]]:
    return {
        "episode_id": ["e"] * len(pairs),
        "date": [day for day, _ in pairs],
        "scheduled_minutes": [240.0] * len(pairs),
        "present_minutes": [float(value) for _, value in pairs],
        "status": ["present"] * len(pairs),
    }


def days(count: int) -> list[str]:
    start = dt.date.fromisoformat(YEAR[0])
    return [(start + dt.timedelta(days=i)).isoformat() for i in range(count)]


def mastery(count: int) -> dict[str, dict[str, list[Any]]]:
    names = [f"c{i}" for i in range(12)]
    return {
        "competency": {
            "competency_id": ["course", *names],
            "title": ["Course", *names],
            "credit_value": [None, *[1 / 12] * 12],
            "parent_id": [None, *["course"] * 12],
        },
        "mastery_decision": {
            "decision_id": [f"d{i}" for i in range(count)],
            "episode_id": ["e"] * count,
            "competency_id": names[:count],
            "date": ["2025-10-01"] * count,
            "mastered": [True] * count,
            "evidence_level": [3] * count,
        },
    }


def talk(dates: list[str]) -> dict[str, list[Any]]:
    return {
        "contact_id": [f"k{i}" for i in range(len(dates))],
        "episode_id": ["e"] * len(dates),
        "at": [f"{day}T15:00:00Z" for day in dates],
        "adult_role": ["teacher"] * len(dates),
        "direction": ["both"] * len(dates),
        "topic": ["learning"] * len(dates),
    }


def test_a_claim_tells_what_is_unmet() -> None:
    data = submission(contact=talk(["2025-10-01", "2025-10-15", "2025-10-22"]))
    weeks = claim("BR-02", data, period=("2025-09-29", "2025-10-26")).one()
    assert weeks.conditions[0].detail == ("no interaction in the week of 2025-10-06",)
    silent = claim("BR-08", data, period=("2025-09-01", "2025-11-05")).one()
    assert silent.conditions[0].detail == ("10 school days silent; 10 to the lapse",)


def test_a_record_that_serves_several_months_is_evidence_once() -> None:
    data = submission(
        contact=talk(days(120)),
        legacy_attendance=minutes([(day, 60) for day in days(120)]),
        progress_indicator={"indicator_id": ["i"], "episode_id": ["e"], "kind": ["credit"], "date": ["2025-10-10"]},
    )
    made = claim("BR-05", data, period=("2025-11-01", "2025-12-31")).one()
    assert {entry.table: entry.count for entry in made.evidence} == {
        "contact": 61,  # October and November, the months before
        "legacy_attendance": 61,
        "progress_indicator": 1,
    }


def test_no_message_names_a_learner() -> None:
    episode = {name: values * 2 for name, values in BASE["episode"].items()} | {"episode_id": ["e", "f"]}
    episode["learner_id"] = ["secret-learner", "secret-other"]
    data = submission(learner={"learner_id": ["secret-learner", "secret-other"]}, episode=episode)
    with pytest.raises(UsageError, match="2 claims match any group") as caught:
        claim("BR-08", data, period=YEAR, by="learner").one()
    assert "secret" not in str(caught.value)


@settings(max_examples=8, deadline=None)
@given(
    st.sampled_from(["BR-01", "BR-02", "BR-04", "BR-05", "BR-06", "BR-08", "BR-09"]),
    st.lists(st.integers(0, 55), max_size=12),
    st.lists(st.integers(0, 55), max_size=6),
)
def test_more_evidence_never_lowers_a_claim(name: str, some: list[int], more: list[int]) -> None:
    def made(offsets: list[int]) -> float:
        dates = [day for i, day in enumerate(days(56)) if i in offsets]
        data = submission(
            contact=talk(dates),
            legacy_attendance=minutes([(day, 200) for day in dates]),
            **mastery(min(12, len(dates))),
        )
        found = claim(name, data, period=("2025-09-01", "2025-10-26"), engine="polars").one().value or 0.0
        return -found if name == "BR-08" else found  # a clock: fewer silent days are better

    assert made([*some, *more]) >= made(some) - 1e-12


def test_every_pack_says_when_its_rule_was_read_and_that_it_is_not_legal_advice() -> None:
    packs = bs.load_standard().bridges
    assert sorted(packs) == [f"BR-{i:02}" for i in range(1, 11)]
    for pack in packs.values():
        assert pack.seen_on.startswith("not verified") or dt.date.fromisoformat(pack.seen_on)
        assert "Not legal advice" in pack.notice
        assert not set(packs) & set(bs.load_standard().measures)


def test_a_claim_names_nobody_and_survives_its_dictionary() -> None:
    for name in bs.load_standard().bridges:
        report = claim(name, submission(**mastery(3)), period=YEAR)
        assert ClaimReport.from_dict(report.to_dict()) == report
        assert Claim.from_dict(report.one().to_dict()) == report.one()
        assert "secret-learner" not in str(report.to_dict())


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"measure": "BR-11"}, "no bridge measure 'BR-11'"),
        ({"measure": "ENG-01"}, "no bridge measure 'ENG-01'"),
        ({"period": ("2026-01-01", "2025-01-01")}, "is not two days in their order"),
        ({"period": ("then", "2025-01-01")}, "not a date"),
        ({"period": (None, "2025-01-01")}, "not a date"),
        ({"period": (dt.datetime(2025, 1, 1), "2025-01-31")}, "not a date"),
        ({"period": ("2025-01-01",)}, "is not two days in their order"),
        ({"period": "2025-01-01"}, "is not a date"),
        ({"period": None}, "period is of the type NoneType"),
        ({"period": ("2025-01-01", "9999-12-31")}, "not in the years 1900 to 2100"),
        ({"measure": ["BR-01"]}, "measure is of the type list"),
        ({"parameters": ["hours_per_credit"]}, "parameters is of the type list"),
        ({"parameters": {"hours": 1}}, "has no parameter 'hours'"),
        ({"parameters": {"hours_per_credit": 0}}, "outside 1 to 500"),
    ],
)
def test_misuse_is_explained(changes: dict[str, Any], says: str) -> None:
    call = {"measure": "BR-01", "period": YEAR, **changes}
    with pytest.raises(UsageError, match=says):
        claim(call.pop("measure"), submission(), **call)


def test_nothing_outside_the_bridge_imports_it_or_reads_attendance() -> None:
    package = Path(bs.__file__).parent
    for file in [*package.glob("measures/*.py"), *package.glob("scoring/**/*.py"), *package.glob("compare/**/*.py")]:
        tree = ast.parse(file.read_text())
        imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        imported |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
        assert not [name for name in imported if "measures.bridge" in name], file
    for name in bs.load_standard().measures.values():
        if name.attendance_independent:
            assert "legacy_attendance" not in name.inputs
