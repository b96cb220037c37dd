"""Bridge measures against the worked numbers of their sources, recomputed by hand, and that evidence never hurts."""

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


def days(count: int, first: str = "2025-09-01") -> list[str]:
    start = dt.date.fromisoformat(first)
    return [(start + dt.timedelta(days=i)).isoformat() for i in range(count)]


def mastery(count: int, of: int = 12, value: float = 1 / 12) -> dict[str, dict[str, list[Any]]]:
    names = [f"c{i}" for i in range(of)]
    return {
        "competency": {
            "competency_id": ["course", *names],
            "title": ["Course", *names],
            "credit_value": [None, *[value] * of],
            "parent_id": [None, *["course"] * of],
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


def talk(dates: list[str], role: str = "teacher") -> dict[str, list[Any]]:
    return {
        "contact_id": [f"k{i}" for i in range(len(dates))],
        "episode_id": ["e"] * len(dates),
        "at": [f"{day}T15:00:00Z" for day in dates],
        "adult_role": [role] * len(dates),
        "direction": ["both"] * len(dates),
        "topic": ["learning"] * len(dates),
    }


def test_nine_of_twelve_competencies_are_ninety_hours_and_no_course() -> None:
    data = submission(**mastery(9))
    accrual = claim("BR-01", data, period=YEAR, parameters={"mode": "accrual"}).one()
    award = claim("BR-01", data, period=YEAR).one()
    assert accrual.value == pytest.approx(90)  # 120 * 9 / 12
    assert award.value == 0
    assert [condition.id for condition in award.unmet] == ["course_complete"]
    assert claim("BR-01", submission(**mastery(12)), period=YEAR).one().value == pytest.approx(120)


def test_competency_units_of_seventy_one_are_three() -> None:
    data = submission(**mastery(1, of=2, value=71.0))
    assert claim("BR-01", data, period=YEAR, parameters={"mode": "units"}).one().value == 3  # 0.0424 * 71 = 3.01


@pytest.mark.parametrize(("weeks", "value", "missing"), [(3, 0, 1), (4, 1, 0)])
def test_michigan_count_period_is_all_or_nothing(weeks: int, value: float, missing: int) -> None:
    data = submission(contact=talk(["2025-10-01", "2025-10-08", "2025-10-15", "2025-10-22"][:weeks]))
    made = claim("BR-02", data, period=("2025-09-29", "2025-10-26")).one()
    assert (made.value, made.step("weeks met"), made.step("weeks required")) == (value, weeks, 4)
    assert len(made.conditions[0].detail) == missing


def test_california_continuation_hours_make_seventeen_days() -> None:
    week = ["2025-09-01", "2025-09-08", "2025-09-15", "2025-09-22"]
    data = submission(legacy_attendance=minutes([(d, 60 * h) for d, h in zip(week, [12, 15, 17, 9], strict=True)]))
    made = claim("BR-03", data, period=YEAR, parameters={"mode": "continuation"}).one()
    assert made.value == pytest.approx(17)  # (12 + 15 + 15 + 9) / 3


def test_california_late_work_is_not_moved_back_and_surplus_not_banked() -> None:
    work = {
        "evidence_id": ["1", "2", "3"],
        "episode_id": ["e"] * 3,
        "at": ["2025-09-02T12:00:00Z", "2025-09-03T12:00:00Z", "2025-09-18T12:00:00Z"],
        "kind": ["assignment"] * 3,
        "level": [3, 3, 3],
        "accepted": [True] * 3,
        "judge_certificated": [True, True, False],
        "time_value_days": [4.0, 3.0, 2.0],
        "due_date": ["2025-09-05", "2025-09-05", "2025-09-12"],
    }
    made = claim("BR-03", submission(evidence=work), period=YEAR).one()
    assert made.value == 5  # 4 + 3 judged in one week of five days; the third is not judged by a certificated teacher
    assert [condition.id for condition in made.unmet] == ["certificated_judgment"]
    work["judge_certificated"][2] = True
    assert claim("BR-03", submission(evidence=work), period=YEAR).one().value == 7
    work["at"][2] = "2025-09-05T12:00:00Z"  # due in the next week, handed in early: counts where it was due
    assert claim("BR-03", submission(evidence=work), period=YEAR).one().value == 7


@pytest.mark.parametrize(("total", "eligible", "ada"), [(43_200, 180, 1.0), (10_800, 45, 0.25)])
def test_texas_minutes(total: int, eligible: float, ada: float) -> None:
    data = submission(legacy_attendance=minutes([(day, 240) for day in days(total // 240)]))
    made = claim("BR-04", data, period=YEAR).one()
    assert made.step("eligible days") == eligible
    assert made.value == ada


def test_texas_minimum_on_a_day_or_in_the_period() -> None:
    data = submission(legacy_attendance=minutes([(day, 30) for day in days(8)]))
    found = [
        claim("BR-04", data, period=YEAR, parameters={"minimum_applies_to": to}).one().step("eligible minutes")
        for to in ("day", "reporting_period")
    ]
    assert found == [0, 240]


def washington(**drop: Any) -> bs.Submission:
    checks = ["2025-10-02", "2025-10-08", "2025-10-15", "2025-10-22", "2025-10-29"]
    tables = {
        "contact": talk(drop.get("checks", checks)),
        "legacy_attendance": minutes([("2025-10-10", drop.get("minutes", 120))]),
        "progress_indicator": {
            "indicator_id": ["i"],
            "episode_id": ["e"],
            "kind": ["credit"],
            "date": [drop.get("progress", "2025-10-20")],
        },
    }
    tables["episode"] = {**BASE["episode"], "entry_date": [drop.get("entry", "2025-06-02")]}
    return submission(**tables)


@pytest.mark.parametrize(
    ("drop", "unmet"),
    [
        ({}, []),
        ({"minutes": 119}, ["contact_hours"]),
        ({"checks": ["2025-10-02", "2025-10-08", "2025-10-15", "2025-10-22"]}, ["status_checks"]),
        ({"progress": "2025-07-20"}, ["progress"]),
        ({"entry": "2025-11-04"}, ["enrolled"]),
        ({"entry": "2025-10-20", "minutes": 0, "checks": []}, []),  # new since the last count day
    ],
)
def test_washington_month(drop: dict[str, Any], unmet: list[str]) -> None:
    made = claim("BR-05", washington(**drop), period=("2025-11-01", "2025-11-30")).one()
    assert [condition.id for condition in made.unmet] == unmet
    assert made.value == float(not unmet)
    assert made.step("annual average FTE") == pytest.approx(0.0 if unmet else 0.1)


def test_arizona_hours() -> None:
    data = submission(legacy_attendance=minutes([(day, 300) for day in days(135)]))  # 675 hours
    made = claim("BR-06", data, period=YEAR).one()
    assert made.value == pytest.approx(0.75)
    assert made.step("funded FTE") == pytest.approx(0.75 * 0.85)


def test_absence_equivalent_counts_days_on_which_nothing_was_done() -> None:
    acts = days(36, "2025-10-01")
    data = submission(
        legacy_attendance=minutes([(day, 0) for day in days(40, "2025-10-01")]),
        activity={"episode_id": ["e"] * 36, "at": [f"{d}T12:00:00Z" for d in acts], "verb": ["submit"] * 36},
    )
    made = claim("BR-07", data, period=YEAR).one()
    assert (made.value, made.numerator, made.denominator) == (0.1, 4, 40)
    assert made.step("episodes at or over the threshold") == 1
    short = claim("BR-07", data, period=("2025-10-01", "2025-10-30")).one()
    assert short.value is None
    assert short.reason


def test_contact_lapse_counts_open_weekdays() -> None:
    data = submission(
        contact=talk(["2025-10-03"]),
        calendar_day={"site_id": ["s"], "date": ["2025-10-13"], "open": [False], "feed_up": [True]},
    )
    made = claim("BR-08", data, period=("2025-09-01", "2025-10-17")).one()
    assert made.value == 9  # two weeks of five days, one of them closed
    assert [condition.id for condition in made.unmet] == ["warn_days"]
    assert made.conditions[0].detail == ("9 school days silent; 11 to the lapse",)


def test_competency_credit_and_federal_counts() -> None:
    tables = mastery(9)
    assert claim("BR-09", submission(**tables), period=YEAR).one().value == pytest.approx(0.75)
    tables["mastery_decision"]["evidence_level"] = [2] * 9
    made = claim("BR-09", submission(**tables), period=YEAR).one()
    assert made.value == 0
    assert made.unmet[0].id == "evidence_level"
    gains = {
        "skill_gain_id": ["a", "b"],
        "episode_id": ["e", "e"],
        "kind": ["exam", "transcript"],
        "date": ["2025-10-01", "2025-11-01"],
        "documented": [True, False],
    }
    counts = claim("BR-10", submission(skill_gain=gains), period=YEAR).one()
    assert (counts.value, counts.numerator, counts.denominator) == (1.0, 1, 1)
    assert counts.step("episodes with a gain: exam") == 1
    assert counts.step("episodes with a gain: transcript") == 0


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
        ({"period": ("2026-01-01", "2025-01-01")}, "ends before it starts"),
        ({"period": ("then", "2025-01-01")}, "not a date"),
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
