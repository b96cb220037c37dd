"""Make the vectors of rules, comparison, producers and aggregates. The expected answers follow from the cases of the
rules, from closed formulas and from faults planted here; none comes from the code under test.

Run: python -m tests.conformance.make_vectors
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from tests.conformance.aggregates import AGGREGATES, REPORTS
from tests.conformance.files import FILES
from tests.conformance.producers import PRODUCED
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
    write("comparison", "comparability", "comparable", comparability())
    write("files", "text", "file", [case(*entry) for entry in FILES])
    write("produce", "submissions", "produce", [case(*entry) for entry in PRODUCED])
    write("report", "aggregates", "report", [case(*entry) for entry in REPORTS])
    write("aggregates", "reports", "aggregate", [case(*entry) for entry in AGGREGATES])


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
        (0.72, 0.60, 50, 50),  # the catalogue of measures, EQ-04
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
    catalogue = [spread(mean, sd, n) for mean, sd, n in ((6.2, 2.4, 40), (5.1, 2.2, 38))]
    for a, b in (
        catalogue,
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
                "Hedges g of the catalogue" if a is catalogue[0] else f"Hedges g of {a} and {b}",
                "hedges_g",
                {"statistic": "hedges_g", "treated": a, "comparison": b},
                {"value": value},
            )
        )
    return made


def spread(mean: float, sd: float, n: int) -> list[float]:
    """Return n numbers, n even, half below and half above, with this mean and standard deviation."""
    away = sd * math.sqrt((n - 1) / n)
    return [mean - away, mean + away] * (n // 2)


def comparability() -> list[dict[str, Any]]:
    """Pairs of keys with what differs between them."""
    weeks = [["minimum_weeks", 4], ["minimum_edge_days", 4]]
    active = key("ENG-01", *weeks)
    gap = [["of", "OUT-03"], ["stratum", "low_income"], ["OUT-03.version", "1.0.0"], ["OUT-03.horizon_days", 365]]
    wider = [["of", "OUT-03"], ["stratum", "low_income"], ["OUT-03.version", "1.0.0"], ["OUT-03.horizon_days", 730]]
    newer = [["of", "OUT-03"], ["stratum", "low_income"], ["OUT-03.version", "1.1.0"], ["OUT-03.horizon_days", 365]]
    pairs = [
        ("the same key", active, key("ENG-01", *weeks), []),
        ("no parameters at all", key("OUT-05"), key("OUT-05"), []),
        ("the order of parameters means nothing", active, key("ENG-01", *reversed(weeks)), []),
        ("4 and 4.0 are one number", active, key("ENG-01", ["minimum_weeks", 4.0], weeks[1]), []),
        ("another measure", active, key("ENG-02", *weeks), ["measure"]),
        ("of another measure nothing else is asked", active, key("ENG-02", version="2.0.0", scale="x"), ["measure"]),
        ("another version", active, key("ENG-01", *weeks, version="1.1.0"), ["version"]),
        ("even the last figure of a version", active, key("ENG-01", *weeks, version="1.0.1"), ["version"]),
        ("another parameter", active, key("ENG-01", ["minimum_weeks", 6], weeks[1]), ["minimum_weeks"]),
        ("a parameter that one lacks", active, key("ENG-01", weeks[0]), ["minimum_edge_days"]),
        ("a parameter that the first lacks", key("ENG-01", weeks[0]), active, ["minimum_edge_days"]),
        ("two parameters", active, key("ENG-01", ["minimum_weeks", 5], ["minimum_edge_days", 3]),
         ["minimum_edge_days", "minimum_weeks"]),
        ("a number is no text", active, key("ENG-01", ["minimum_weeks", "4"], weeks[1]), ["minimum_weeks"]),
        ("a yes and a no", key("OUT-03", ["horizon_days", 365], ["equivalency", False]),
         key("OUT-03", ["horizon_days", 365], ["equivalency", True]), ["equivalency"]),
        ("one year and two", key("OUT-03", ["horizon_days", 365], ["equivalency", False]),
         key("OUT-03", ["horizon_days", 730], ["equivalency", False]), ["horizon_days"]),
        ("one scale", key("CMP-08", scale="TABE 11-12"), key("CMP-08", scale="TABE 11-12"), []),
        ("another scale", key("CMP-08", scale="TABE 11-12"), key("CMP-08", scale="CASAS GOALS"), ["scale"]),
        ("a scale and none", key("CMP-08", scale="TABE 11-12"), key("CMP-08"), ["scale"]),
        ("version, parameter and scale", active, key("ENG-01", ["minimum_weeks", 5], weeks[1], version="2.0.0", scale="x"),
         ["minimum_weeks", "scale", "version"]),
        ("a gap of the same measure", key("EQ-01", *gap), key("EQ-01", *gap), []),
        ("a gap whose measure has another parameter", key("EQ-01", *gap), key("EQ-01", *wider), ["OUT-03.horizon_days"]),
        ("a gap whose measure is at another version", key("EQ-01", *gap), key("EQ-01", *newer), ["OUT-03.version"]),
    ]  # fmt: skip
    return [
        case(
            name, first["measure"], {"first": first, "second": second}, {"comparable": not differs, "differs": differs}
        )
        for name, first, second, differs in pairs
    ]


def key(measure: str, *parameters: Any, version: str = "1.0.0", scale: str | None = None) -> dict[str, Any]:
    return {"measure": measure, "version": version, "parameters": list(parameters), "scale": scale}


def case(name: str, pins: str, given_: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "pins": pins, "input": given_, "expected": expected}


def write(folder: str, name: str, kind: str, cases: list[dict[str, Any]]) -> None:
    path = VECTORS / folder / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"kind": kind, "cases": cases}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
