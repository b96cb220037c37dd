"""The numbers that the catalogue of measures prints, against the vectors, which plain Python computed."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from blended_standard.numeric.events import EventTable, incidence
from tests.measures.vectors import CASES, DIRECTORY

CATALOGUE = Path(__file__).resolve().parents[3] / "shared" / "design" / "measures.md"
EFFECTS = DIRECTORY.parent / "comparison" / "effects.json"
FOUR, FIVE = "100 and 12 in, less 10 and 1: 74 of 101", "five years: 80 of 101"
RECOVERED = "996 graduates at 209,200, as 83 at twelve times that"
RATIO = "30 of 60 against 80 of 100: 0.625 [0.476, 0.820]"
LOST = "22 of 50, 8 lost: bounds 0.44 and 0.60"

PRINTED = [
    ("OUT-09", LOST, "value", "0.440"),
    ("OUT-09", LOST, "bounds.1", "0.600"),
    ("REL-01", "catalogue: 50 with 8 lost", "observed", "0.5238"),
    ("OUT-01", "Wyoming's tutorial: 17 of 20", "value", "0.850"),
    ("OUT-01", "Wyoming's tutorial: 17 of 20", "low", "0.640"),
    ("OUT-01", "Wyoming's tutorial: 17 of 20", "high", "0.948"),
    ("OUT-01", "4 of 14, with the interval of Wilson", "value", "0.286"),
    ("OUT-01", "4 of 14, with the interval of Wilson", "low", "0.117"),
    ("OUT-01", "4 of 14, with the interval of Wilson", "high", "0.546"),
    ("CMP-01", "nine of twelve, two of them prior learning", "value", "0.75"),
    ("CMP-01", "nine of twelve, two of them prior learning", "program", "0.583"),
    ("CMP-03", "nine of twelve on day 140 of 200", "index", "1.0714"),
    ("CMP-07", "catalogue", "value", "0.70"),
    ("CMP-07", "catalogue", "kappa", "0.5890"),
    ("CMP-07", "catalogue", "weighted_kappa", "0.8421"),
    *(
        ("ENG-03", "catalogue", f"{rule}_{minutes}", printed)
        for minutes, row in {
            10: ("21", "51", "32.5"),
            15: ("33", "63", "47.167"),
            30: ("33", "93", "47.167"),
            60: ("68", "128", "84.9"),
        }.items()
        for rule, printed in zip(("drop", "cap", "mean"), row, strict=True)
    ),
    ("ENG-03", "catalogue", "value", "33"),
    ("ENG-04", "catalogue", "value", "0.5556"),
    ("ENG-05", "catalogue", "value", "0.6079"),
    ("ENG-06", "catalogue", "value", "0.4506"),
    ("ENG-07", "catalogue", "value", "15.4974"),
    ("ENG-07", "catalogue", "weekday", "5.1074"),
    ("ENG-07", "catalogue", "weekday_normalized", "0.4548"),
    ("ENG-07", "uniform", "value", "0"),
    ("ENG-08", "catalogue", "value", "0.2849"),
    ("ENG-12", "catalogue at 7 days", "value", "0.4286"),
    ("ENG-12", "catalogue", "value", "0.6190"),
    *(
        ("ENG-13", f"catalogue at {months} months", field, printed)
        for months, row in {2: ("0.900", ".0949"), 4: ("0.675", ".1551"), 8: ("0.540", ".1731")}.items()
        for field, printed in zip(("value", "se"), row, strict=True)
    ),
    ("CMP-04", "the persistence table of the catalogue, in weeks", "restricted", "8.66"),
    ("ENG-14", "catalogue", "value", "0.15"),
    ("OUT-01", FOUR, "denominator", "101"),
    ("OUT-01", FOUR, "value", "0.7327"),
    ("OUT-02", FIVE, "value", "0.7921"),
    ("OUT-02C", "74 of 101 and six in their fifth year: 80 of 107", "value", "0.7477"),
    ("OUT-11", "median of the employed, zero left out: 6550", "value", "6550"),
    ("OUT-17", RECOVERED, "numerator", "208363200"),
    ("OUT-17", RECOVERED, "denominator", "70029385"),
    ("OUT-17", RECOVERED, "value", "2.975"),
    ("OUT-17", RECOVERED, "net", "1.975"),
    ("EQ-01", "catalogue", "value", "-0.300"),
    ("EQ-01", "catalogue", "low", "-0.440"),
    ("EQ-01", "catalogue", "high", "-0.149"),
    ("EQ-02", RATIO, "value", "0.625"),
    ("EQ-02", RATIO, "low", "0.476"),
    ("EQ-02", RATIO, "high", "0.820"),
    ("EQ-04", "catalogue", "value", "0.56"),
]


@pytest.mark.parametrize(("measure", "name", "field", "printed"), PRINTED)
def test_vectors_hold_the_printed_numbers(measure: str, name: str, field: str, printed: str) -> None:
    expected = next(case["expected"] for of, case in CASES if (of, case["name"]) == (measure, name))
    assert lookup(expected, field) == as_printed(printed)


def lookup(expected: dict[str, Any], field: str) -> float:
    key, _, place = field.partition(".")
    found = expected[key] if key in expected else expected["components"][key]
    return found[int(place)] if place else found


def as_printed(number: str) -> Any:
    return pytest.approx(float(number), abs=0.5000001 * 10 ** -len(number.partition(".")[2]))


@pytest.mark.parametrize(
    ("name", "printed"), [("Cox index of 0.72 and 0.6", "0.3267"), ("Hedges g of the catalogue", "0.4725")]
)
def test_vectors_of_comparison_hold_the_printed_numbers(name: str, printed: str) -> None:
    cases = json.loads(EFFECTS.read_text(encoding="utf-8"))["cases"]
    assert next(case["expected"]["value"] for case in cases if case["name"] == name) == as_printed(printed)


def test_the_first_returns_of_the_catalogue_come_before_the_shortest_horizon() -> None:
    """ENG-12 on days 16 and 18; its horizon, counted from day 14, is 7 days or more."""
    table = EventTable(Counter({(2, 1): 1, (4, 1): 1, (7, 1): 1, (11, 0): 1, (16, 1): 1, (26, 0): 1, (46, 0): 1}))
    assert [incidence(table, day).value for day in (2, 4)] == [as_printed("0.1429"), as_printed("0.2857")]


def test_what_the_catalogue_warns_of_is_not_what_the_vectors_hold() -> None:
    hours, total = {9: 5, 10: 3, 20: 2}.values(), 10
    nats = -sum(n / total * math.log(n / total) for n in hours)
    assert (math.log2(24) - nats) * max(hours) == as_printed("17.78")
    assert 4 * (math.log2(24) - math.log(24)) == as_printed("5.63")
    weeks = [[2, 0, 1, 0, 1, 0, 0], [2, 0, 2, 0, 0, 0, 0], [0, 1, 1, 0, 1, 0, 0]]
    shapes = [[hours / sum(week) for hours in week] for week in weeks]
    distances = [divergence(shapes[i], shapes[j]) ** 0.5 for i, j in ((0, 1), (0, 2), (1, 2))]
    assert 1 - sum(distances) / 3 == as_printed("0.394")
    assert -sum(0.1 * math.log1p(0.1) for _ in range(10)) == as_printed("-0.0953")
    assert -math.log1p(1) == as_printed("-0.6931")


def divergence(p: list[float], q: list[float]) -> float:
    both = [(a + b) / 2 for a, b in zip(p, q, strict=True)]
    return sum(x * math.log2(x / m) / 2 for part in (p, q) for x, m in zip(part, both, strict=True) if x)


BESIDES = {
    "0.7": ["0.5792", "0.6352", "0.6075"],  # tests/measures/test_summaries.py: 1,167 learners are no small vector
    "ENG-06": [
        "0.8444",
        "0.5747",
        "0.4046",
        "0.6055",
        "0.3479",
        "0.2284",
        "0.3939",
        "0.6296",
        "0.2222",
        "0.5",
    ],  # pairs
    "ENG-07": ["1.4855", "1.5305"],  # entropies on the way
    "ENG-10": ["-0.0953", "-0.6931"],  # above, as what it must not be
    "ENG-12": ["0.1429", "0.2857"],  # above
    "ENG-13": ["0.60", "0.4286"],  # the two wrong answers
    "OUT-06": [
        "0.5021",
        "0.5103",
        "0.2562",
        ".5040",
        ".5166",
        "39.5",
        "38.5",
    ],  # test_oracle.py: 48,077 people are no small vector
    "OUT-17": ["3.0", "1.29"],
    "EQ-02": ["2.0"],
    "EQ-04": [
        ".05",
        ".25",
        "1.65",
        ".5",
        ".3",
        ".2",
        ".7",
        "6.2",
        "5.1",
        "2.4",
        "2.2",
        ".72",
        ".60",
        "0.4725",
        "0.3267",
    ],
    "BR-01": ["0.0424"],
    "BR-04": ["0.25"],  # tests/measures/bridge/test_bridge.py, as those of BR-01, BR-03 and BR-06
    "BR-06": ["0.75"],
    "9": ["5.63", "17.78", "15.50", "0.394", "0.608", "112.5"],
}
"""Decimals beside a mark [C] that are no vector of a measure: given, on the way, wrong on purpose, or held elsewhere."""


def test_every_number_that_the_catalogue_computed_is_held() -> None:
    if not CATALOGUE.is_file():
        pytest.skip("the catalogue (../shared/design) is not beside this checkout")
    held = {printed.lstrip("-").lstrip("0") for *_, printed in PRINTED}
    for section, text in computed(CATALOGUE.read_text(encoding="utf-8")):
        known = held | {number.lstrip("-").lstrip("0") for number in BESIDES.get(section, [])}
        unknown = [number for number in re.findall(r"\d*\.\d+", text) if number.lstrip("0") not in known]
        assert not unknown, f"{section}: {unknown} are no vector"


def computed(catalogue: str) -> list[tuple[str, str]]:
    """Return the paragraphs with a mark [C], from it (or the sentence before, where it ends one), by section."""
    found, section = [], ""
    for line in catalogue.splitlines():
        if start := re.match(r"\*\*([A-Z]{2,3}-\d\d|\d\.\d)|- \*\*([A-Z]{2,3}-\d\d)|## (\d+)", line):
            section = next(part for part in start.groups() if part)
        if "C]" in line and "How to read" not in line:
            cited = re.sub(r"`\[[^\]]*\]`", lambda mark: "`C`" if "C]" in mark[0] else "", line)
            found.append((section, cited[max(cited.index("`C`") - 90, 0) :]))
    return found
