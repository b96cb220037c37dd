"""Writes the vectors of CMP-07, EQ-04, IMP-05, OUT-16 and OUT-17 (run by hand); expected numbers are plain Python's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from scipy.stats import norm

from tests.measures.make_vectors_people import Rows, acts, case, day
from tests.measures.make_vectors_time import write

FIRST = [1, 2, 3, 3, 4, 2, 3, 4, 1, 2]
SECOND = [1, 2, 3, 2, 4, 3, 3, 4, 2, 2]


def kappa(first: Sequence[int], second: Sequence[int], power: int) -> float:
    """One less the observed by the expected disagreement: any difference (power 0), or its square (power 2)."""

    def apart(a: int, b: int) -> float:
        return float(a != b) if power == 0 else float((a - b) ** power)

    observed = sum(apart(a, b) for a, b in zip(first, second, strict=True)) / len(first)
    expected = sum(apart(a, b) for a in first for b in second) / len(first) ** 2
    return 1 - observed / expected


def scored(first: Sequence[int], second: Sequence[int], **more: Any) -> dict[str, Rows]:
    """Every piece is the work of a learner of its own; rater `a` is the first."""
    episodes = [{"episode_id": f"e{i}", "entry_date": day(0)} for i in range(len(first))]
    work = [
        {"evidence_id": f"v{i}", "episode_id": f"e{i}", "at": f"{day(3)}T12:00:00Z", "kind": "assignment"}
        for i in range(len(first))
    ]
    ratings = [
        {
            "rating_id": f"{rater}{i}",
            "evidence_id": f"v{i}",
            "rater_id": rater,
            "score": score,
            "scale_id": None,
            **more,
        }
        for rater, scores in (("a", first), ("b", second))
        for i, score in enumerate(scores)
    ]
    return {"episode": episodes, "evidence": work, "rating": ratings}


def agreement() -> None:
    tables = scored(FIRST, SECOND)
    told = {
        "value": 0.7,
        "n": 10,
        "numerator": 7,
        "components": {"kappa": kappa(FIRST, SECOND, 0), "weighted_kappa": kappa(FIRST, SECOND, 2)},
    }
    again = {"rating_id": "a0 again", "evidence_id": "v0", "rater_id": "a", "score": 4, "scale_id": None}
    nine = {
        "value": 6 / 9,
        "n": 9,
        "components": {"kappa": kappa(FIRST[1:], SECOND[1:], 0), "weighted_kappa": kappa(FIRST[1:], SECOND[1:], 2)},
    }
    third = {"rating_id": "c0", "evidence_id": "v0", "rater_id": "c", "score": 2, "scale_id": None}
    one, two = [*FIRST, 1, 1], [*SECOND, 2, 2]
    three = {
        "value": 7 / 12,
        "n": 12,
        "components": {"kappa": kappa(one, two, 0), "weighted_kappa": kappa(one, two, 2)},
    }
    same = {"value": 1.0, "components": {"kappa": None, "weighted_kappa": None}}
    other = scored(FIRST, SECOND, scale_id="t")["rating"]
    more = [{**row, "rating_id": f"{row['rating_id']}t", "score": 3} for row in other]
    scales = {**tables, "rating": [{**row, "scale_id": "s"} for row in tables["rating"]] + more}
    left = [{**row, "exit_date": day(1), "exit_reason": "withdrawn"} for row in tables["episode"][:1]]
    write(
        "CMP-07",
        [
            case("catalogue", tables, told),
            case("the same rating twice is one", {**tables, "rating": tables["rating"] * 2}, told),
            case("two scores of one rater for one piece", {**tables, "rating": [*tables["rating"], again]}, nine),
            case("three raters give three pairs", {**tables, "rating": [*tables["rating"], third]}, three),
            case("one of two scales", scales, told, parameters={"scale": "s"}),
            case("work after the exit", {**tables, "episode": [*left, *tables["episode"][1:]]}, nine),
            case("one score only", scored([2] * 5, [2] * 5), same),
            case("scored once", {**tables, "rating": tables["rating"][:10]}, {"value": None, "n": 0}),
        ],
    )


MIX = (0.5, 0.3, 0.2)
SHARES = (0.7, 0.5, 0.3)
RATIOS = (0.5, 0.67, 0.72)


def strata(sizes: Sequence[int], good: Sequence[int]) -> dict[str, Rows]:
    """Learners of three bands of credits; each has one decision, verified or not."""
    names = [(f"e{band}.{i}", band, i < good[band]) for band, size in enumerate(sizes) for i in range(size)]
    learners = [
        {
            "learner_id": name,
            "birth_date": "2009-01-05",
            "credits_at_entry": 10 * RATIOS[band],
            "credits_expected": 10,
            "entry_gap_days": 30,
        }
        for name, band, _ in names
    ]
    decisions = [
        {
            "decision_id": f"d{name}",
            "episode_id": name,
            "competency_id": "c",
            "date": day(10),
            "mastered": True,
            "evidence_level": 3 if verified else 2,
        }
        for name, _, verified in names
    ]
    episodes = [{"episode_id": name, "entry_date": day(0)} for name, _, _ in names]
    return {"learner": learners, "episode": episodes, "mastery_decision": decisions}


def of_stratum(good: int, n: int) -> tuple[float, float, float, float]:
    """Value, error and Wilson interval of a share, learners independent."""
    p, z = good / n, float(norm.ppf(0.975))
    se = math.sqrt(p * (1 - p) / (n - 1))
    middle, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return p, se, (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


def weighted(parts: Sequence[tuple[float, int, int]]) -> dict[str, Any]:
    found = [(w, *of_stratum(good, n)) for w, good, n in parts]
    value = sum(w * p for w, p, *_ in found)
    return {
        "value": value,
        "se": math.sqrt(sum((w * se) ** 2 for w, _, se, *_ in found)),
        "low": value - math.sqrt(sum((w * (p - low)) ** 2 for w, p, _, low, _ in found)),
        "high": value + math.sqrt(sum((w * (high - p)) ** 2 for w, p, _, _, high in found)),
    }


def mixes() -> None:
    bands = [f"{band}.1.1" for band in (1, 2, 3)]
    settings = {"of": "CMP-05", "mix": " ".join(f"{b}={w}" for b, w in zip(bands, MIX, strict=True))}
    ten = strata((10, 10, 10), (7, 5, 3))
    told = weighted(list(zip(MIX, (7, 5, 3), (10, 10, 10), strict=True)))
    assert round(told["value"], 12) == 0.56
    distance = sum(abs(w - 1 / 3) for w in MIX) / 2
    parts = {"raw": 0.5, "mix_distance": distance}
    small = strata((10, 10, 3), (7, 5, 1))
    joined = weighted([(0.5, 7, 10), (0.5, 6, 13)])
    first = strata((3, 10, 10), (1, 5, 3))
    ahead = weighted([(0.8, 6, 13), (0.2, 3, 10)])
    own = weighted([(10 / 30, 7, 10), (10 / 30, 5, 10), (10 / 30, 3, 10)])
    unknown = {**ten, "learner": [{"learner_id": row["learner_id"]} for row in ten["learner"]]}
    few = strata((2, 0, 0), (1, 0, 0))
    birthday = strata((5, 5, 0), (2, 5, 0))
    for number, learner in enumerate(birthday["learner"]):
        born = {"birth_date": "2008-03-06" if number < 5 else "2008-03-05"}
        birthday["learner"][number] = {"learner_id": learner["learner_id"], **born}
    for row in [*birthday["episode"], *birthday["mastery_decision"]]:
        row.update({name: "2026-03-05" for name in ("entry_date", "date") if name in row})
    ages = {"of": "CMP-05", "mix": "0.1.0=0.25 0.2.0=0.75"}
    write(
        "EQ-04",
        [
            case("catalogue", ten, {**told, "n": 30, "components": parts}, parameters=settings),
            case("the last stratum is too small and joins the one before", small, joined, parameters=settings),
            case("the first stratum is too small and joins the next", first, ahead, parameters=settings),
            case("no stratum is large enough", few, {"value": 0.5}, parameters=settings),
            case(
                "its own mix changes nothing",
                ten,
                {**own, "components": {"raw": 0.5, "mix_distance": 0.0}},
                parameters={"of": "CMP-05"},
            ),
            case(
                "nothing recorded at entry is one stratum",
                unknown,
                {**weighted([(1.0, 15, 30)]), "components": {"raw": 0.5, "mix_distance": 1.0}},
                parameters=settings,
            ),
            case("a learner is 18 from the birthday on", birthday, {"value": 0.25 * 0.4 + 0.75}, parameters=ages),
            case("nobody", {"episode": ten["episode"]}, {"value": None, "n": 0}, parameters=settings),
        ],
    )


def standing() -> None:
    names = [f"e{i}" for i in range(40)]
    episodes = [{"episode_id": name, "entry_date": day(0)} for name in names]
    activity = [row for name in names for row in acts(name, 0, 8)]
    credit = [
        {"credit_id": name, "episode_id": name, "date": day(20), "attempted": 1.0, "earned": 1.0} for name in names
    ]
    plans = [
        {"plan_id": f"{name}{v}", "episode_id": name, "version": v, "made_date": day(v), "baseline": v == 1}
        for name in names
        for v in (1, 2)
    ]
    items = [
        {"plan_item_id": f"{name}{v}{c}", "plan_id": f"{name}{v}", "competency_id": c}
        for name in names
        for v, chosen in ((1, "abc"), (2, "bcd"))
        for c in chosen
    ]
    competencies = [{"competency_id": c, "title": c, "credit_value": 1.0} for c in "abcd"]
    tables = {"episode": episodes, "activity": activity, "credit": credit}
    planned = {**tables, "plan": plans, "plan_item": items, "competency": competencies}
    few = {"episode": episodes[:5], "activity": activity[:10], "credit": credit[:5]}
    write(
        "IMP-05",
        [
            # CMP-10, ENG-01, ENG-12 and ENG-13 stand; OUT-03 is not mature; the other 12 have no records.
            case(
                "acts and credits only",
                tables,
                {
                    "value": 4 / 16,
                    "n": 40,
                    "numerator": 4,
                    "denominator": 16,
                    "excluded": {"not_mature": 1},
                    "components": {"coverage": 0.5, "overrides": 0.0, "plan_drift": None},
                },
                as_of=day(69),
            ),
            # CMP-01 stands too; a, b, c became b, c, d.
            case(
                "with a plan of which half was changed",
                planned,
                {"value": 5 / 16, "components": {"coverage": 0.5, "overrides": 0.0, "plan_drift": 0.5}},
                as_of=day(69),
            ),
            case(
                "five learners",
                few,
                {"value": 0.0, "denominator": 12, "excluded": {"not_mature": 1, "small_n": 4}},
                as_of=day(69),
            ),
        ],
    )


def estimate(area: str, year: int, youth: float, disconnected: float, **more: float) -> dict[str, Any]:
    return {"area_id": area, "year": year, "youth": youth, "disconnected": disconnected, **more}


def areas() -> None:
    parts = {
        "youth_no_diploma": 400.0,
        "disconnected_no_diploma": 60.0,
        "youth_diploma": 500.0,
        "disconnected_diploma": 50.0,
        "youth_credential": 100.0,
        "disconnected_credential": 10.0,
    }
    program = [{"program_id": "p", "name": "P", "time_zone": "UTC", "jurisdiction": "A"}]
    two = [*program, {"program_id": "q", "name": "Q", "time_zone": "UTC", "jurisdiction": "B"}]
    sites = [{"site_id": "s", "program_id": "p", "name": "S"}, {"site_id": "r", "program_id": "q", "name": "R"}]
    twice = [*sites, {"site_id": "s2", "program_id": "p", "name": "S2"}]
    one = {"episode": [{"episode_id": "e", "entry_date": day(0)}], "program": program}
    rows = [estimate("A", 2024, 900.0, 90.0), estimate("A", 2025, 1000.0, 120.0, **parts)]
    later = [*rows, estimate("A", 2026, 1000.0, 500.0)]
    told = {"value": 0.12, "se": None, "n": 1000, "numerator": 120.0, "denominator": 1000.0}
    shares = {"high_school": 0.15, "postsecondary": 0.1, "workforce": 0.1}
    both = [*rows, estimate("B", 2025, 3000.0, 600.0)]
    write(
        "OUT-16",
        [
            case(
                "the latest year that ended",
                {**one, "population_estimate": later},
                {**told, "components": shares},
                "2026-06-30",
            ),
            case(
                "a year that is asked for",
                {**one, "population_estimate": later},
                {"value": 0.1, "components": dict.fromkeys(shares)},
                "2026-06-30",
                parameters={"year": 2024},
            ),
            case(
                "each area once, however many sites it has",
                {**one, "program": two, "site": twice, "population_estimate": both},
                {"value": 720 / 4000, "n": 4000, "components": shares},
                "2026-06-30",
            ),
            case(
                "two estimates that differ",
                {**one, "population_estimate": [*rows[1:], estimate("A", 2025, 1000.0, 130.0)]},
                {"value": None, "reason": "names as its jurisdiction"},
                "2026-06-30",
            ),
            case("no estimate", one, {"value": None, "reason": "no table population_estimate"}, "2026-06-30"),
        ],
    )


def cost(name: str, begin: int, end: int, amount: float, program: str = "p") -> dict[str, Any]:
    span = {"start_date": day(begin), "end_date": day(end)}
    return {"cost_id": name, "program_id": program, **span, "category": "staff", "amount": amount}


def graduate(name: str, end: int, **more: Any) -> dict[str, Any]:
    return {"episode_id": name, "entry_date": day(0), "exit_date": day(end), "exit_reason": "completed_diploma", **more}


def benefit() -> None:
    many = [{"repeat": 996, **graduate("e#", 200)}]
    paid = {"episode": many, "cost": [cost("c", 0, 364, 70_029_385.0)]}
    settings = {"value_per_graduate": 209_200, "discount_rate": 0}
    told = {
        "value": 208_363_200 / 70_029_385,
        "n": 996,
        "numerator": 208_363_200,
        "denominator": 70_029_385.0,
        "components": {"net": 138_333_815 / 70_029_385, "cost_per_graduate": 70_029_385 / 996},
    }
    stayed = {"episode_id": "f", "entry_date": day(0), "exit_date": day(99), "exit_reason": "withdrawn"}
    outside = graduate("late", 400)
    both = {
        "episode": [graduate("e", 99), stayed, outside],
        "cost": [cost("c", 0, 99, 1000.0), cost("open", 100, 800, 9e9)],
    }
    half = {"value_per_graduate": 5000, "discount_rate": 0, "counterfactual": 0.4}
    later = {"episode": [graduate("e", 200)], "cost": [cost("c1", 0, 99, 1000.0), cost("c2", 100, 200, 2000.0)]}

    def at_the_end(number: float) -> float:
        return float(1.05 ** ((600 - number) / 365.25))

    spent = 1000 * at_the_end(49.5) + 2000 * at_the_end(150)
    write(
        "OUT-17",
        [
            case("996 graduates at 209,200", paid, told, day(600), parameters=settings),
            case(
                "one of two graduates inside the time of the costs, less who would have graduated",
                both,
                {
                    "value": 3.0,
                    "n": 3,
                    "numerator": 3000,
                    "components": {"net": 2.0, "cost_per_graduate": 1000.0},
                },
                day(600),
                parameters=half,
            ),
            case(
                "two periods, brought to one date",
                later,
                {
                    "value": 209_200 * at_the_end(200) / spent,
                    "denominator": spent,
                    "components": {"cost_per_graduate": 3000.0},
                },
                day(600),
                parameters={"discount_rate": 0.05},
            ),
            case(
                "no graduate",
                {"episode": [stayed], "cost": [cost("c", 0, 99, 1000.0)]},
                {"value": 0.0, "components": {"net": -1.0, "cost_per_graduate": None}},
                day(600),
            ),
            case("no cost", {"episode": [stayed]}, {"value": None, "reason": "no table cost"}, day(600)),
        ],
    )


if __name__ == "__main__":
    agreement()
    mixes()
    standing()
    areas()
    benefit()
