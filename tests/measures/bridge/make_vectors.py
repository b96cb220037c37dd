"""Writes the vectors of BR-01 to BR-10 (run by hand); every number was worked out on paper from the rule of its pack."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

Rows = list[dict[str, Any]]
Case = dict[str, Any]

OUT = Path(__file__).parents[3] / "spec" / "vectors" / "bridge"
YEAR = ("2025-09-01", "2026-06-30")
STAY = {"episode_id": "e", "entry_date": "2025-09-01", "entry_grade": 10}
WEEKS = ["2025-10-01", "2025-10-08", "2025-10-15", "2025-10-22"]


def case(
    name: str, expected: dict[str, Any], *, period: tuple[str, str] = YEAR, stay: dict[str, Any] = STAY, **tables: Any
) -> Case:
    more = {key: tables.pop(key) for key in ("parameters", "wrong") if key in tables}
    given = {"name": name, "tables": {"episode": [stay], **tables}, "period": list(period), "expected": expected}
    return given | more


def days(count: int, first: str = "2025-09-01") -> list[str]:
    start = dt.date.fromisoformat(first)
    return [str(start + dt.timedelta(days=i)) for i in range(count)]


def present(dates: Sequence[str], minutes: float, scheduled: float = 240.0) -> Rows:
    facts = {"scheduled_minutes": scheduled, "present_minutes": minutes, "status": "present"}
    return [{"episode_id": "e", "date": date, **facts} for date in dates]


def mastery(count: int, of: int = 12, value: float = 1 / 12, level: int = 3) -> dict[str, Rows]:
    """The competencies of one course of one credit, or of another value each, and that the first were mastered."""
    course = {"competency_id": "course", "title": "Course"}
    part = {"competency_id": "c#", "title": "Part #", "credit_value": value, "parent_id": "course"}
    facts = {"episode_id": "e", "competency_id": "c#", "date": "2025-10-01", "mastered": True, "evidence_level": level}
    return {
        "competency": [course, {"repeat": of, **part}],
        "mastery_decision": [{"repeat": count, "decision_id": "d#", **facts}],
    }


def talk(dates: Sequence[str], **facts: Any) -> Rows:
    row = {"episode_id": "e", "adult_role": "teacher", "direction": "both", "topic": "learning", **facts}
    return [{"at": f"{date}T15:00:00Z", **row} for date in dates]


def carnegie() -> list[Case]:
    accrual, units = ({"mode": mode} for mode in ("accrual", "units"))
    return [
        # 120 * 9 / 12
        case("nine of twelve competencies of one credit accrue 90 hours", {"value": 90, "unmet": ["course_complete"]},
             **mastery(9), parameters=accrual),
        case("and award none, since the course is not complete", {"value": 0, "unmet": ["course_complete"]}, **mastery(9)),
        case("twelve of twelve award 120 hours", {"value": 120, "unmet": []}, **mastery(12)),
        # 0.0424 * 71 = 3.0104
        case("competency units of weights that add up to 71 are 3", {"value": 3}, **mastery(1, 2, 71.0), parameters=units),
        # 0.0424 * 59 = 2.5016
        case("units are rounded to the nearest", {"value": 3}, **mastery(1, 2, 59.0), parameters=units),
    ]  # fmt: skip


def contact_weeks() -> list[Case]:
    month = ("2025-09-29", "2025-10-26")

    def told(met: int) -> dict[str, Any]:
        steps = {"weeks met": met, "weeks required": 4}
        return {"value": int(met == 4), "unmet": [] if met == 4 else ["every_week"], "steps": steps}

    return [
        case("an interaction in each of four weeks", told(4), period=month, contact=talk(WEEKS)),
        case("three of four weeks are nothing", told(3), period=month, contact=talk(WEEKS[:3])),
        case("a counselor is neither teacher nor mentor", told(3), period=month,
             contact=[*talk(WEEKS[:3]), *talk(WEEKS[3:], adult_role="counselor")]),
        case("a message without an answer is no interaction", told(3), period=month,
             contact=[*talk(WEEKS[:3]), *talk(WEEKS[3:], direction="adult_to_learner")]),
    ]  # fmt: skip


def time_value() -> list[Case]:
    mondays = ["2025-09-01", "2025-09-08", "2025-09-15", "2025-09-22"]
    weekly = [
        row for date, hours in zip(mondays, (12, 15, 17, 9), strict=True) for row in present([date], 60.0 * hours)
    ]
    facts = {"episode_id": "e", "kind": "assignment", "level": 3, "accepted": True, "judge_certificated": True}
    first = {**facts, "at": "2025-09-02T12:00:00Z", "time_value_days": 4.0, "due_date": "2025-09-05"}
    second = {**facts, "at": "2025-09-03T12:00:00Z", "time_value_days": 3.0, "due_date": "2025-09-05"}
    late = {**facts, "at": "2025-09-18T12:00:00Z", "time_value_days": 2.0, "due_date": "2025-09-12"}
    early = {**late, "at": "2025-09-05T12:00:00Z"}
    unjudged = {**late, "judge_certificated": False}
    return [
        # (12 + 15 + 15 + 9) / 3
        case("hours of 12, 15, 17 and 9 a week are 17 days of continuation school", {"value": 17},
             legacy_attendance=weekly, parameters={"mode": "continuation"},
             wrong=[{"value": 53 / 3, "why": "all hours, without the cap of each week"}]),
        case("what a week has above five days is not banked", {"value": 5, "unmet": []}, evidence=[first, second],
             wrong=[{"value": 7, "why": "all days judged, without the limit of each week"}]),
        case("late work counts in the week that it came in", {"value": 7}, evidence=[first, second, late]),
        case("early work counts in the week that it was due", {"value": 7}, evidence=[first, second, early]),
        case("without a certificated judgment it does not count", {"value": 5, "unmet": ["certificated_judgment"]},
             evidence=[first, second, unjudged]),
    ]  # fmt: skip


def flexible_day() -> list[Case]:
    short = {"legacy_attendance": present(days(8), 30)}
    hours_of_a_day = "minutes over 60 for each day taught, which are hours of a day"
    return [
        case("43,200 minutes are 180 days", {"value": 1, "steps": {"eligible minutes": 43200, "eligible days": 180}},
             legacy_attendance=present(days(180), 240), wrong=[{"value": 4, "why": hours_of_a_day}]),
        case("10,800 minutes are 45 days, and 0.25 of 180",
             {"value": 0.25, "steps": {"eligible minutes": 10800, "eligible days": 45}},
             legacy_attendance=present(days(45), 240)),
        case("a day under the minimum counts for nothing", {"value": 0, "unmet": ["eligible_minutes"]}, **short),
        case("the minimum of the whole period", {"value": 1 / 180, "steps": {"eligible minutes": 240}}, **short,
             parameters={"minimum_applies_to": "reporting_period"}),
        case("minutes after the exit count for nothing", {"value": 0.25, "steps": {"eligible minutes": 10800}},
             stay=STAY | {"exit_date": days(45)[-1], "exit_reason": "transfer"},
             legacy_attendance=present(days(60), 240)),
    ]  # fmt: skip


def open_doors() -> list[Case]:
    month = ("2025-11-01", "2025-11-30")
    checks = ["2025-10-02", "2025-10-08", "2025-10-15", "2025-10-22", "2025-10-29"]

    def november(name: str, unmet: list[str], **changes: Any) -> Case:
        asked = {"entry": "2025-06-02", "checks": checks, "minutes": 120, "progress": "2025-10-20", **changes}
        told = {"value": int(not unmet), "unmet": unmet, "steps": {"annual average FTE": 0.0 if unmet else 0.1}}
        return case(
            name,
            told,
            period=month,
            stay={**STAY, "entry_date": asked["entry"]},
            contact=talk(asked["checks"]),
            legacy_attendance=present(["2025-10-10"], asked["minutes"]),
            progress_indicator=[
                {"indicator_id": "i", "episode_id": "e", "kind": "credit", "date": asked["progress"]},
            ],
        )

    return [
        november("two hours, a check each week, and progress", []),
        november("a minute less than two hours", ["contact_hours"], minutes=119),
        november("a week without a check", ["status_checks"], checks=checks[:4]),
        november("progress more than three months ago", ["progress"], progress="2025-07-20"),
        november("not enrolled on the count day", ["enrolled"], entry="2025-11-04"),
        november("new since the last count day", [], entry="2025-10-20", minutes=0, checks=[]),
    ]


def online_hours() -> list[Case]:
    def grade(name: str, told: dict[str, Any], days_of_five_hours: int, entry_grade: int | None) -> Case:
        hours = present(days(days_of_five_hours), 300)
        return case(name, told, legacy_attendance=hours, stay={**STAY, "entry_grade": entry_grade})

    return [
        grade("675 of 900 hours in grade 10", {"value": 0.75, "unmet": [], "steps": {"funded FTE": 0.6375}}, 135, 10),
        grade("50 of 1,068 in grade 7", {"value": 50 / 1068}, 10, 7),
        grade("350 of 346 in kindergarten are one", {"value": 1, "steps": {"funded FTE": 0.95}}, 70, 0),
        grade("without a grade", {"value": 0, "unmet": ["grade_known"]}, 10, None),
    ]  # fmt: skip


def absence() -> list[Case]:
    scheduled = {"legacy_attendance": present(days(40, "2025-10-01"), 0)}
    acts = [{"episode_id": "e", "at": f"{date}T12:00:00Z", "verb": "submit"} for date in days(36, "2025-10-01")]
    told = {"value": 0.1, "numerator": 4, "denominator": 40, "steps": {"episodes at or over the threshold": 1}}
    few = {"value": None, "reason": "No episode meets", "unmet": ["enough_days"]}
    return [
        case("nothing done on 4 of 40 scheduled days", told, **scheduled, activity=acts),
        case(
            "thirty days are not more than thirty", few, period=("2025-10-01", "2025-10-30"), **scheduled, activity=acts
        ),
        case("no absence recorded", {"value": 0.0}, **scheduled, activity=acts, parameters={"mode": "absences"}),
        case("nothing recorded is no attendance", few, parameters={"mode": "absences"}),
        case("nobody is absent after the exit", {"value": 0.0, "numerator": 0, "denominator": 36},
             stay=STAY | {"exit_date": "2025-11-05", "exit_reason": "transfer"}, **scheduled, activity=acts),
    ]  # fmt: skip


def lapse() -> list[Case]:
    closed = [{"site_id": "s", "date": "2025-10-13", "open": False, "feed_up": True}]
    until = ("2025-09-01", "2025-10-17")
    last = {"contact": talk(["2025-10-03"])}
    return [
        case("two weeks of school days are ten", {"value": 10, "unmet": ["warn_days"]}, period=until, **last),
        case("of which one was closed", {"value": 9}, period=until, **last, calendar_day=closed),
        case("four days do not warn", {"value": 4, "unmet": []}, period=("2025-09-01", "2025-10-09"), **last),
    ]


def credit() -> list[Case]:
    twice, weak = mastery(1), mastery(1, level=1)["mastery_decision"][0]
    twice["mastery_decision"] += [weak | {"decision_id": "w#"}]
    return [
        case("nine of twelve competencies of one credit", {"value": 0.75, "unmet": []}, **mastery(9)),
        case("on evidence too weak", {"value": 0, "unmet": ["evidence_level"]}, **mastery(9, level=2)),
        case("of two decisions on one day the better supported stands", {"value": 1 / 12, "unmet": []}, **twice),
        case("which is enough by parameter", {"value": 0.75}, **mastery(9, level=2), parameters={"minimum_level": 2}),
    ]


def federal() -> list[Case]:
    exam = {"skill_gain_id": "a", "episode_id": "e", "kind": "exam", "date": "2025-10-01", "documented": True}
    loose = {**exam, "skill_gain_id": "b", "kind": "transcript", "documented": False}
    steps = {"episodes with a gain: exam": 1, "episodes with a gain: transcript": 0}
    told = {"value": 1, "numerator": 1, "denominator": 1, "unmet": ["documented"], "steps": steps}
    return [
        case("one gain with a document and one without", told, skill_gain=[exam, loose]),
        case("only one without", {"value": 0, "numerator": 0, "denominator": 1}, skill_gain=[loose]),
    ]


def main() -> None:
    rules = (carnegie, contact_weeks, time_value, flexible_day, open_doors)
    rules += (online_hours, absence, lapse, credit, federal)
    OUT.mkdir(exist_ok=True)
    for number, made in enumerate(rules, start=1):
        measure = f"BR-{number:02}"
        text = json.dumps({"measure": measure, "cases": made()}, indent=1)
        (OUT / f"{measure}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
