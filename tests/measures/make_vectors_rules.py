"""Adds to vectors the cases of single rules: CMP-03, -04, -10, -12, EQ-01, IMP-02, OUT-04, OUT-06 (run by hand).

Expected numbers are written out, or come from a closed formula here.
"""

from __future__ import annotations

import json
import math
from typing import Any

from tests.measures.make_vectors_context import of_stratum
from tests.measures.make_vectors_people import Rows, acts, case, day
from tests.measures.make_vectors_time import OUT, Case, write


def add(measure: str, cases: list[Case]) -> None:
    """Put the cases after those of other names."""
    file = OUT / f"{measure}.json"
    kept = json.loads(file.read_text(encoding="utf-8"))["cases"] if file.exists() else []
    names = {entry["name"] for entry in cases}
    write(measure, [*(entry for entry in kept if entry["name"] not in names), *cases])


def stay(name: str, begin: int, end: int | None = None, learner: str | None = None) -> dict[str, Any]:
    left = {"exit_date": day(end), "exit_reason": "withdrawn"} if end is not None else {}
    return {"episode_id": name, "learner_id": learner or name, "entry_date": day(begin), **left}


def work(episode: str, at: int, **more: Any) -> dict[str, Any]:
    return {"episode_id": episode, "at": f"{day(at)}T12:00:00Z", "kind": "assignment", "level": 2, **more}


def decision(episode: str, at: int) -> dict[str, Any]:
    return {"decision_id": episode, "episode_id": episode, "competency_id": "c", "date": day(at), "mastered": True}


def times() -> None:
    """The persistence table of the catalogue in weeks: 8.66 of 12, never half."""
    units = [(2, 1), (3, 0), (4, 1), (4, 1), (6, 0), (8, 1), (10, 0), (12, 0), (12, 0), (12, 0)]
    names = [f"e{i}" for i in range(len(units))]
    lasting = {
        "episode": [
            stay(name, 0, 7 * weeks if not done else 200) for name, (weeks, done) in zip(names, units, strict=True)
        ],
        "evidence": [work(name, 0, competency_id="c") for name in names],
        "mastery_decision": [decision(name, 7 * w) for name, (w, done) in zip(names, units, strict=True) if done],
    }
    one = {
        "episode": [stay("e", 0, 200)],
        "evidence": [work("e", 0, competency_id="c")],
        "mastery_decision": [decision("e", 28)],
    }
    shut = [{"site_id": "s", "date": day(d), "open": False, "feed_up": True} for d in range(7, 14)]
    pause = [{"episode_id": "e", "start_date": day(7), "end_date": day(20)}]
    whole = {"value": 4.0, "components": {"restricted": 4.0, "mastered": 1.0}}
    add(
        "CMP-04",
        [
            case(
                "the persistence table of the catalogue, in weeks",
                lasting,
                {"value": None, "reason": "Fewer than half", "n": 10, "components": {"restricted": 8.66}},
            ),
            case("four weeks, all seen", one, whole),
            case("of four weeks the site was closed for one", {**one, "calendar_day": shut}, {"value": 3.0}),
            case("of four weeks two were a pause", {**one, "pause": pause}, {"value": 2.0}),
            case("a week with one open day is seen", {**one, "calendar_day": shut[1:]}, whole),
        ],
    )


def result_of(at: int, level: int, occasion: str) -> dict[str, Any]:
    return {
        "level_test_id": f"t{at}",
        "episode_id": "e",
        "subject": "mathematics",
        "date": day(at),
        "level": level,
        "occasion": occasion,
    }


def levels() -> None:
    tests = [result_of(0, 2, "entry"), result_of(200, 3, "later"), result_of(260, 3, "later")]
    tables = {"episode": [stay("e", 0)], "level_test": tests}
    gain, none = {"value": 1.0, "components": {"tested": 1.0}}, {"value": 0.0, "components": {"tested": 1.0}}
    silent = {**tables, "activity": acts("e", 1, 109, 210)}
    add(
        "CMP-12",
        [
            case("an entry test with no learning in the 90 days before the next is ignored", silent, none),
            case("learning on the first of the 90 days", {**tables, "activity": acts("e", 1, 110, 210)}, gain),
            case("without the rule", silent, gain, parameters={"gap_days": 0}),
            case("an episode without any learning on record is not judged", tables, gain),
            case(
                "the last test is never ignored, and is then all there is",
                {"episode": [stay("e", 0)], "level_test": tests[:2], "activity": acts("e", 1)},
                {"value": 0.0, "n": 1, "components": {"tested": 0.0}},
            ),
        ],
    )


def graduates() -> None:
    member = {"learner_id": "a", "cohort_year": 2026, "program_id": "p", "grade_12_year": 2026}
    near = {"episode": [stay("e", 0, 59, "a"), stay("f", 90, 149, "a")], "cohort_member": [member]}
    far = {"episode": [stay("e", 0, 59, "a"), stay("f", 91, 150, "a")], "cohort_member": [member]}
    both = {
        "episode": [stay("e", 0, 59, "a"), stay("f", 0, 59, "a"), stay("g", 30, 88, "a")],
        "cohort_member": [member],
    }
    passed = [
        {"outcome_id": "o", "episode_id": "e", "kind": "equivalency", "date": day(50), "achieved": True},
    ]
    other = {**far, "outcome": passed}
    add(
        "OUT-04",
        [
            case("120 days with a gap of 30", near, {"value": 0.0, "n": 1}, "2026-06-30"),
            case("120 days with a gap of 31", far, {"value": None, "excluded": {"too_short": 1}}, "2026-06-30"),
            case("days at two sites count once", both, {"value": None, "excluded": {"too_short": 1}}, "2026-06-30"),
            case("an equivalency", other, {"value": 1.0, "numerator": 1}, "2026-06-30"),
            case(
                "an equivalency that does not count",
                other,
                {"value": None, "excluded": {"too_short": 1}},
                "2026-06-30",
                parameters={"equivalency": False},
            ),
        ],
    )


def reached() -> None:
    def referral(name: str, date: str, placed: str | None = None) -> dict[str, Any]:
        return {"referral_id": name, "learner_id": "a", "program_id": "p", "reached_date": date, "placed_date": placed}

    def people(name: str, count: int, **facts: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        row = {"repeat": count, **referral(f"{name}#", "2015-09-01"), "learner_id": f"{name}#", **facts}
        return {"repeat": count, "learner_id": f"{name}#"}, row

    placed = people("placed", 12_319, intake_date="2015-10-01", placed_date="2015-11-01")
    waiting = people("waiting", 24_140 - 12_319, intake_date="2015-10-01")
    heard = people("heard", 48_077 - 24_140)

    def census(*groups: tuple[dict[str, Any], dict[str, Any]]) -> dict[str, Rows]:
        return {"learner": [learner for learner, _ in groups], "referral": [row for _, row in groups]}

    share, _, low, high = of_stratum(12_319, 24_140)
    assert (round(low, 4), round(high, 4)) == (0.5040, 0.5166)
    shares = {"intake": 24_140 / 48_077, "placement": share}
    years = [referral("r1", "2025-06-30"), referral("r2", "2025-07-01", "2025-08-01"), referral("r3", "2025-09-01")]
    tables = {"referral": years, "learner": [{"learner_id": "a"}], "episode": [stay("e", 0, learner="a")]}
    add(
        "OUT-06",
        [
            case("one person in two program years", tables, {"value": 0.5, "denominator": 2}),
            case("and in one calendar year", tables, {"value": 1.0, "denominator": 1}, parameters={"start_month": 1}),
            case(
                "the census of 2015-16: 48,077 reached, 24,140 taken in, 12,319 placed",
                census(placed, waiting, heard),
                {
                    "value": 12_319 / 48_077,
                    "n": 48_077,
                    "numerator": 12_319,
                    "denominator": 48_077,
                    "components": shares,
                },
                "2016-06-30",
            ),
            case(
                "of those taken in, with the interval of Wilson",
                census(placed, waiting),
                {"value": share, "low": low, "high": high},
                "2016-06-30",
            ),
        ],
    )


def modes() -> None:
    names = ("in_person", "live_online", "asynchronous", "workplace", "offline")
    episode = [stay("e", 0, 55)]
    each: Rows = [work("e", at, mode=mode) for at, mode in enumerate(names)]
    two: Rows = [work("e", at, mode="in_person" if at % 2 else "offline") for at in range(4)]
    later = [*two, work("e", 30, mode="in_person")]
    add(
        "IMP-02",
        [
            case(
                "one piece in each mode",
                {"episode": episode, "evidence": each},
                {"value": 0.2, "n": 5, "components": {"diversity": 1.0, "site_use": 0.0}},
            ),
            case(
                "two modes alike, the site in one of two months",
                {"episode": episode, "evidence": two},
                {"value": 0.5, "components": {"diversity": math.log(2) / math.log(5), "site_use": 0.0}},
            ),
            case(
                "the site in both months",
                {"episode": episode, "evidence": later},
                {"value": 0.6, "components": {"site_use": 1.0}},
            ),
            case(
                "not yet four weeks",
                {"episode": [stay("e", 0, 26)], "evidence": two},
                {"n": 4, "components": {"site_use": None}},
            ),
        ],
    )


def gaps() -> None:
    people = [(f"f{i}", True, i < 30) for i in range(60)] + [(f"r{i}", False, i < 80) for i in range(100)]
    tables = {
        "learner": [{"learner_id": name, "low_income": low} for name, low, _ in people],
        "episode": [stay(name, 0, 20) for name, _, _ in people],
        "skill_gain": [
            {"skill_gain_id": name, "episode_id": name, "kind": "credits", "date": day(10), "documented": True}
            for name, _, gained in people
            if gained
        ],
    }
    (p, _, p_low, p_high), (q, _, q_low, q_high) = of_stratum(30, 60), of_stratum(80, 100)
    low, high = p - q - math.hypot(p - p_low, q_high - q), p - q + math.hypot(p_high - p, q - q_low)  # Newcombe (1998)
    assert (round(low, 3), round(high, 3)) == (-0.440, -0.149)
    told = {"value": -0.3, "n": 160, "low": low, "high": high}
    settings = {"of": "CMP-11"}
    none = {**tables, "learner": [{"learner_id": name} for name, _, _ in people]}
    add(
        "EQ-01",
        [
            case("catalogue", tables, told, "2026-03-01", parameters=settings),
            case("nobody's status is recorded", none, {"value": None, "reason": "low_income = yes"}, "2026-03-01"),
        ],
    )


def plans() -> None:
    with_plan = {
        "episode": [stay("e", 0), stay("f", 0)],
        "plan": [{"plan_id": "p", "episode_id": "e", "version": 1, "made_date": day(0), "planned_end": day(20)}],
        "plan_item": [
            {"plan_item_id": name, "plan_id": "p", "competency_id": name, "planned_date": day(10)} for name in "cd"
        ],
        "mastery_decision": [decision("e", 8)],
    }
    told = {"value": 0.0, "n": 1, "components": {"index": 0.5}}
    add("CMP-03", [case("an episode without a plan has no index", with_plan, told)])


def copies() -> None:
    credit = [
        {"credit_id": name, "episode_id": "e", "date": day(30), "attempted": None, "earned": earned}
        for name, earned in (("a", 1.0), ("b", 2.0), ("b", 2.0), ("c", 4.0), ("c", 8.0))
    ]
    tables = {"episode": [stay("e", 0, 7 * 36 - 1)], "credit": credit}
    add(
        "CMP-10",
        [case("of credits that share a key and differ none counts, of equal ones one", tables, {"value": 3.0})],
    )


if __name__ == "__main__":
    plans()
    copies()
    times()
    levels()
    graduates()
    reached()
    modes()
    gaps()
