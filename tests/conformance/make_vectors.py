"""Make the vectors of rules and comparison. The expected answers follow from the cases of the rules and from
closed formulas written out here; none comes from the code under test. Run: python tests/conformance/make_vectors.py"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from tests.validate.test_rules import CASES, PLACES

VECTORS = Path(__file__).parents[2] / "spec" / "vectors"


def main() -> None:
    for code, (broken, row, sound) in CASES.items():
        cases = [
            case("broken", code, {"tables": given(broken)}, {"breaks": True, "row": row}),
            case("just beside", code, {"tables": given(sound)}, {"breaks": False}),
        ]
        for entry in cases:
            entry["input"] |= {"rule": code, "as_of": "2026-06-30"}
        write("rules", code, "rule", cases)
    write("comparison", "effects", "effect", effects())


def given(rows: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    return {name: entries for name, entries in {**PLACES, **rows}.items() if entries}


def effects() -> list[dict[str, Any]]:
    made = []
    for p, q, n, m in (
        (0.7, 0.5, 100, 120),
        (0.5, 0.5, 40, 40),
        (0.05, 0.1, 200, 180),
        (0.9, 0.6, 35, 50),
        (0.31, 0.3, 1000, 1500),
    ):
        value = (math.log(p / (1 - p)) - math.log(q / (1 - q))) / 1.65
        made.append(
            case(
                f"Cox index of {p} and {q}",
                "cox_index",
                {"statistic": "cox_index", "p_treated": p, "p_comparison": q, "n_treated": n, "n_comparison": m},
                {"value": value},
            )
        )
    for effect in (-1.0, -0.25, 0.0, 0.05, 0.25, 0.8, 2.0):
        value = 100 * (0.5 * (1 + math.erf(effect / math.sqrt(2))) - 0.5)
        made.append(
            case(
                f"improvement index of {effect}",
                "improvement_index",
                {"statistic": "improvement_index", "effect": effect},
                {"value": value},
            )
        )
    for a, b in (
        ([3, 4, 5, 6], [1, 2, 3, 4]),
        ([1.5, 2.5, 9], [2, 2.25, 4, 1]),
        ([10, 12, 11, 13, 9], [10, 12, 11, 13, 9]),
    ):
        mean = sum(a) / len(a) - sum(b) / len(b)
        squares = sum((x - sum(a) / len(a)) ** 2 for x in a) + sum((x - sum(b) / len(b)) ** 2 for x in b)
        df = len(a) + len(b) - 2
        value = (1 - 3 / (4 * df - 1)) * mean / math.sqrt(squares / df)
        made.append(
            case(
                f"Hedges g of {a} and {b}",
                "hedges_g",
                {"statistic": "hedges_g", "treated": a, "comparison": b},
                {"value": value},
            )
        )
    return made


def case(name: str, pins: str, given_: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "pins": pins, "input": given_, "expected": expected}


def write(folder: str, name: str, kind: str, cases: list[dict[str, Any]]) -> None:
    path = VECTORS / folder / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"kind": kind, "cases": cases}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
