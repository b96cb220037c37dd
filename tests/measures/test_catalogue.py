"""The numbers that the catalogue of measures computed: each stands in a vector, which plain Python worked out."""

from __future__ import annotations

import functools
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import pytest

from blended_standard.validate.conformance import Vector, load_vectors

CATALOGUE = Path(__file__).resolve().parents[3] / "shared" / "design" / "measures.md"
Field = str | Callable[[Vector], float]

LOST = "measures/OUT-09/22 of 50, 8 lost: bounds 0.44 and 0.60"
WYOMING, FOURTEEN, LEVELS = (
    f"measures/OUT-01/{name}"
    for name in (
        "Wyoming's tutorial: 17 of 20",
        "4 of 14, with the interval of Wilson",
        "709 of 1167, with the interval of Wilson",
    )
)
NINE = "measures/CMP-01/nine of twelve, two of them prior learning"
PEAKS, HOURS = "measures/ENG-07/catalogue", "measures/ENG-07/uniform over the hours of four days"
NAIVE = "measures/ENG-13/the share not yet gone (0.60) and that of those seen to the end (0.4286) are both wrong"
FOUR, FIVE = "measures/OUT-01/100 and 12 in, less 10 and 1: 74 of 101", "measures/OUT-02/five years: 80 of 101"
COMBINED = "measures/OUT-02C/74 of 101 and six in their fifth year: 80 of 107"
CENSUS = "measures/OUT-06/the census of 2015-16: 48,077 reached, 24,140 taken in, 12,319 placed"
TAKEN_IN = "measures/OUT-06/of those taken in, with the interval of Wilson"
MEDIAN = "measures/OUT-11/median of the employed, zero left out: 6550"
RECOVERED = "measures/OUT-17/996 graduates at 209,200"
RATIO = "measures/EQ-02/30 of 60 against 80 of 100: 0.625 [0.476, 0.820]"
TEXAS = [
    f"bridge/BR-04/{name}" for name in ("43,200 minutes are 180 days", "10,800 minutes are 45 days, and 0.25 of 180")
]
ACCRUED = "bridge/BR-01/nine of twelve competencies of one credit accrue 90 hours"
AWARDED = "bridge/BR-01/and award none, since the course is not complete"
UNITS = "bridge/BR-01/competency units of weights that add up to 71 are 3"
CONTINUATION = "bridge/BR-03/hours of 12, 15, 17 and 9 a week are 17 days of continuation school"
ABOVE_ALL = "aggregates/reports/40 of a class of 80, and 50 recovered who are not of the class: 112.5 %"
HEDGES, COX = (f"comparison/effects/{name}" for name in ("Hedges g of the catalogue", "Cox index of 0.72 and 0.6"))
VALUE, WRONG = "expected.value", "wrong.0.value"
LOW, HIGH = "expected.low", "expected.high"


def sessions(minutes: int) -> Field:
    """Return how many sessions there are: the rule `cap` adds the threshold for each break between them."""
    part = "expected.components.{}_" + str(minutes)
    return lambda vector: 1 + (found(vector, part.format("cap")) - found(vector, part.format("drop"))) / minutes


def of_input(function: Callable[[list[float]], float], name: str) -> Field:
    return lambda vector: function(vector.input[name])


def week_pairs(measure: str, field: str, printed: str) -> list[tuple[str, Field, str]]:
    names = ("weeks 1 and 2", "weeks 1 and 3", "weeks 2 and 3")
    return [
        (f"measures/{measure}/{name} of the catalogue", field, number)
        for name, number in zip(names, printed.split(), strict=True)
    ]


HELD: dict[str, list[tuple[str, Field, str]]] = {
    "0.3": [
        (LOST, VALUE, "0.440"),
        (LOST, "expected.bounds.1", "0.600"),
        ("measures/REL-01/catalogue: 50 with 8 lost", "expected.components.observed", "0.5238"),
    ],
    "0.7": [
        (vector, field, printed)
        for vector, numbers in (
            (WYOMING, "0.850 0.640 0.948"),
            (LEVELS, "0.6075 0.5792 0.6352"),
            (FOURTEEN, "0.286 0.117 0.546"),
        )
        for field, printed in zip((VALUE, LOW, HIGH), numbers.split(), strict=True)
    ]
    + [
        (LEVELS, "expected.numerator", "709"),
        (LEVELS, "expected.denominator", "1167"),
        (FOURTEEN, "expected.numerator", "4"),
        (FOURTEEN, "expected.denominator", "14"),
    ],
    "CMP-01": [(NINE, VALUE, "0.75"), (NINE, "expected.components.program", "0.583")],
    "CMP-03": [("measures/CMP-03/nine of twelve on day 140 of 200", "expected.components.index", "1.0714")],
    "CMP-07": [
        ("measures/CMP-07/catalogue", VALUE, "0.70"),
        ("measures/CMP-07/catalogue", "expected.components.kappa", "0.5890"),
        ("measures/CMP-07/catalogue", "expected.components.weighted_kappa", "0.8421"),
    ],
    "ENG-03": [
        ("measures/ENG-03/catalogue", field, printed)
        for minutes, numbers in {
            10: "21 51 32.5 4",
            15: "33 63 47.167 3",
            30: "33 93 47.167 3",
            60: "68 128 84.9 2",
        }.items()
        for field, printed in zip(
            (*(f"expected.components.{rule}_{minutes}" for rule in ("drop", "cap", "mean")), sessions(minutes)),
            numbers.split(),
            strict=True,
        )
    ],
    "ENG-06": [
        ("measures/ENG-04/catalogue", VALUE, "0.5556"),
        ("measures/ENG-05/catalogue", VALUE, "0.6079"),
        ("measures/ENG-05/catalogue", WRONG, "0.3939"),
        ("measures/ENG-06/catalogue", VALUE, "0.4506"),
        *week_pairs("ENG-05", VALUE, "0.8444 0.5747 0.4046"),
        *week_pairs("ENG-05", WRONG, "0.6055 0.3479 0.2284"),
        *week_pairs("ENG-06", VALUE, "0.6296 0.5 0.2222"),
        ("measures/ENG-04/weeks 1 and 2 of the catalogue", lambda vector: 3 * found(vector, VALUE), "2"),
        ("measures/ENG-04/weeks 1 and 3 of the catalogue", lambda vector: 3 * found(vector, VALUE), "2"),
        ("measures/ENG-04/weeks 2 and 3 of the catalogue", lambda vector: 3 * found(vector, VALUE), "1"),
    ],
    "ENG-07": [
        (PEAKS, lambda vector: math.log2(24) - found(vector, VALUE) / 5, "1.4855"),
        (PEAKS, VALUE, "15.4974"),
        (PEAKS, lambda vector: math.log2(7) - found(vector, "expected.components.weekday") / 4, "1.5305"),
        (PEAKS, "expected.components.weekday", "5.1074"),
        (PEAKS, "expected.components.weekday_normalized", "0.4548"),
        (HOURS, VALUE, "0"),
    ],
    "ENG-08": [("measures/ENG-08/catalogue", VALUE, "0.2849")],
    "ENG-10": [
        ("measures/ENG-10/uniform over 10 weeks", WRONG, "-0.0953"),
        ("measures/ENG-10/all in one week", WRONG, "-0.6931"),
    ],
    "ENG-12": [
        ("measures/ENG-12/catalogue on day 16, seven days after day 9", VALUE, "0.1429"),
        ("measures/ENG-12/catalogue on day 18, seven days after day 11", VALUE, "0.2857"),
        ("measures/ENG-12/catalogue at 7 days", VALUE, "0.4286"),
        ("measures/ENG-12/catalogue", VALUE, "0.6190"),
    ],
    "ENG-13": [
        *(
            (f"measures/ENG-13/catalogue at {months} months", field, printed)
            for months, numbers in {2: "0.900 .0949", 4: "0.675 .1551", 8: "0.540 .1731"}.items()
            for field, printed in zip((VALUE, "expected.se"), numbers.split(), strict=True)
        ),
        ("measures/CMP-04/the persistence table of the catalogue, in weeks", "expected.components.restricted", "8.66"),
        (NAIVE, WRONG, "0.60"),
        (NAIVE, "wrong.1.value", "0.4286"),
    ],
    "OUT-01": [
        (FOUR, "expected.excluded.transfer_out", "10"),
        (FOUR, "expected.excluded.emigrated", "1"),
        (FOUR, "expected.denominator", "101"),
        (FOUR, "expected.numerator", "74"),
        (FOUR, VALUE, "0.7327"),
        (FIVE, "expected.numerator", "80"),
        (FIVE, VALUE, "0.7921"),
    ],
    "OUT-02": [
        (COMBINED, VALUE, "0.7477"),
        (FOUR, "expected.numerator", "74"),
        (FOUR, "expected.denominator", "101"),
        (FIVE, VALUE, "0.7921"),
    ],
    "OUT-06": [
        (CENSUS, "expected.denominator", "48,077"),
        (CENSUS, lambda vector: found(vector, "expected.components.intake") * 48_077, "24,140"),
        (CENSUS, "expected.numerator", "12,319"),
        (CENSUS, "expected.components.intake", "0.5021"),
        (CENSUS, "expected.components.placement", "0.5103"),
        (TAKEN_IN, LOW, ".5040"),
        (TAKEN_IN, HIGH, ".5166"),
        (CENSUS, VALUE, "0.2562"),
    ],
    "OUT-11": [(MEDIAN, VALUE, "6550"), (MEDIAN, WRONG, "6100")],
    "OUT-17": [
        (RECOVERED, "expected.n", "996"),
        (RECOVERED, "input.parameters.value_per_graduate", "209,200"),
        (RECOVERED, "expected.numerator", "208,363,200"),
        (RECOVERED, "expected.denominator", "70,029,385"),
        (RECOVERED, VALUE, "2.975"),
        (RECOVERED, lambda vector: found(vector, "expected.components.net") * 70_029_385, "138,333,815"),
        (RECOVERED, VALUE, "3.0"),
    ],
    "EQ-01": [
        ("measures/EQ-01/catalogue", field, printed)
        for field, printed in zip((VALUE, LOW, HIGH), ("-0.300", "-0.440", "-0.149"), strict=True)
    ],
    "EQ-02": [
        (RATIO, field, printed) for field, printed in zip((VALUE, LOW, HIGH), ("0.625", "0.476", "0.820"), strict=True)
    ],
    "EQ-04": [
        ("measures/EQ-04/catalogue", VALUE, "0.56"),
        (HEDGES, VALUE, "0.4725"),
        *(
            (HEDGES, of_input(function, side), number)
            for function, pair in {mean: ("6.2", "5.1"), stdev: ("2.4", "2.2"), len: ("40", "38")}.items()
            for side, number in zip(("treated", "comparison"), pair, strict=True)
        ),
        (COX, VALUE, "0.3267"),
        (COX, "input.p_treated", ".72"),
        (COX, "input.p_comparison", ".60"),
    ],
    "BR-01": [(ACCRUED, VALUE, "90"), (AWARDED, VALUE, "0"), (UNITS, VALUE, "3")],
    "BR-03": [(CONTINUATION, VALUE, "17"), (CONTINUATION, lambda vector: 3 * found(vector, VALUE), "51")],
    "BR-04": [
        (TEXAS[0], "expected.steps.eligible minutes", "43,200"),
        (TEXAS[0], "expected.steps.eligible days", "180"),
        (TEXAS[1], "expected.steps.eligible minutes", "10,800"),
        (TEXAS[1], "expected.steps.eligible days", "45"),
        (TEXAS[1], VALUE, "0.25"),
    ],
    "BR-06": [("bridge/BR-06/675 of 900 hours in grade 10", VALUE, "0.75")],
    "9": [
        (HOURS, WRONG, "5.63"),
        (PEAKS, WRONG, "17.78"),
        (PEAKS, VALUE, "15.50"),
        ("measures/ENG-05/catalogue", WRONG, "0.394"),
        ("measures/ENG-05/catalogue", VALUE, "0.608"),
        (ABOVE_ALL, lambda vector: 100 * found(vector, "input.report.results.0.value"), "112.5"),
    ],
}
"""Where each number stands that a paragraph of the catalogue computed: vector, field, and the number as printed."""

ROWS = "given, and made into rows"
BESIDES: dict[str, dict[str, str]] = {
    "0.3": {ROWS: "50 22 8"},
    "0.7": {ROWS: "17 20"},
    "CMP-01": {ROWS: "12 9 2 9 7 12"},
    "CMP-03": {ROWS: "9 12 140 200", "the parts of the index, 9/12 and 140/200": "0.75 0.70"},
    "CMP-07": {ROWS: "1 2 3 3 4 2 3 4 1 2 1 2 3 2 4 3 3 4 2 2", "K, the number of scores": "4"},
    "ENG-03": {
        ROWS: "0 3 8 20 55 57 130 131 141 141",
        "thresholds, which the components name": "10 15 30 60",
        "the tail of the last session": "0",
    },
    "ENG-06": {
        ROWS: "2 0 1 0 1 0 0 2 0 2 0 0 0 0 0 1 1 0 1 0 0",
        "the denominators of thirds": "3 3 3",
    },
    "ENG-07": {ROWS: "9 5 10 3 20 2 4 0 3 0 2 0 0"},
    "ENG-08": {ROWS: "4 0 3 0 2 0 0"},
    "ENG-10": {ROWS: "10"},
    "ENG-12": {ROWS: "16 18 21 25 30 40 60", "days that the vectors name": "16 18 21 30"},
    "ENG-13": {ROWS: "2 1 3 0 4 1 4 1 6 0 8 1 10 0 12 0 3 1", "months that the vectors name": "2 4 8 12"},
    "OUT-01": {ROWS: "100 12"},
    "OUT-02": {ROWS: "6 6", "the names of the rates": "4 5 4 5 4 5 5"},
    "OUT-06": {"years of the census and number of programs": "2015 16 20"},
    "OUT-11": {ROWS: "5200 6100 7000 8200 0"},
    "EQ-01": {ROWS: "30 60 80 100"},
    "EQ-02": {"sizes of cells that another source asks for": "10 30"},
    "EQ-04": {
        ROWS: ".5 .3 .2 .7 .5 .3",
        "formulas of g and of the Cox index": "1 3 4 9 1.65",
        "limits and bands of other sources": ".05 .05 .25 .25 65 70 75",
    },
    "BR-01": {ROWS: "1.0 9 12 71", "a parameter of the pack": "0.0424"},
    "BR-03": {ROWS: "12 15 17 9", "parameters of the pack, and where they stand in the sum": "15 3 3"},
    "BR-04": {"a parameter of the pack": "180", "minutes a day that other sources allow": "45 600 45"},
    "BR-06": {ROWS: "675"},
    "9": {
        ROWS: "4 80 40 50",
        "the value of the uniform learner, under ENG-07": "0",
        "numbers of formulas, and all in percent": "1 2 100",
    },
}
"""The other numbers of those paragraphs, by reason: what is given is no result, and some are no input either."""


def printed_cases() -> set[tuple[str, str]]:
    """Return the measures and names of the vectors of measures and bridge measures that hold a printed number."""
    ids = (vector.split("/", 2) for entries in HELD.values() for vector, *_ in entries)
    return {(measure, name) for folder, measure, name in ids if folder in ("measures", "bridge")}


@functools.cache
def vectors() -> dict[str, Vector]:
    classes = ("calculator", "comparer", "consumer")
    return {vector.id: vector for name in classes for vector in load_vectors(name)}


def found(vector: Vector, field: str) -> Any:
    """Return what stands in a vector under a path such as `expected.components.kappa`."""
    part, *path = field.split(".")
    value: Any = getattr(vector, part)
    for key in path:
        value = value[int(key)] if key.isdigit() else value[key]
    return value


@pytest.mark.parametrize(("vector", "field", "printed"), [entry for entries in HELD.values() for entry in entries])
def test_vectors_hold_the_printed_numbers(vector: str, field: Field, printed: str) -> None:
    held = vectors()[vector]
    decimals = len(printed.partition(".")[2])
    value = field(held) if callable(field) else found(held, field)
    assert value == pytest.approx(float(printed.replace(",", "")), abs=0.5000001 * 10**-decimals if decimals else 1e-6)


def test_every_number_that_the_catalogue_computed_is_held() -> None:
    """Each number once: what is held, and what is besides, make up all that a section prints."""
    if not CATALOGUE.is_file():
        pytest.skip("the catalogue (../shared/design) is not beside this checkout")
    printed: dict[str, Counter[str]] = defaultdict(Counter)
    for section, passage in computed(CATALOGUE.read_text(encoding="utf-8")):
        printed[section].update(NUMBER.findall(passage))
    for section in printed.keys() | HELD.keys() | BESIDES.keys():
        told = Counter(number.lstrip("-") for *_, number in HELD.get(section, []))
        told.update(number for numbers in BESIDES.get(section, {}).values() for number in numbers.split())
        assert told == printed[section], (
            f"{section}: {printed[section] - told} in no vector, {told - printed[section]} not printed"
        )


NUMBER = re.compile(r"(?<![\w.,])\d{1,3}(?:,\d{3})+(?![\d,])|(?<![A-Za-z_\d.])(?:\d+\.\d+|\.\d+|\d+)")
"""A number with or without decimals or thousands; not the digits of an id or a name."""


def computed(catalogue: str) -> Iterator[tuple[str, str]]:
    """Yield what is marked [C], by section: from the word Fixture to the end of the line, else the sentence."""
    section = ""
    for line in catalogue.splitlines():
        if start := re.match(r"\*\*([A-Z]{2,3}-\d\d|\d\.\d)|- \*\*([A-Z]{2,3}-\d\d)|## (\d+)", line):
            section = next(part for part in start.groups() if part)
        if "C]" not in line or "How to read" in line:
            continue
        cited = re.sub(r"`\[[^\]]*\]`", lambda mark: "`C`" if "C]" in mark[0] else "`S`", line)
        cited = re.sub(r"^[-\d.]* *(\*\*.*?\*\*)?|\b[A-Z]{2,3}-\d\d", "", cited)
        if "Fixture" in cited and "`C`" in cited[cited.index("Fixture") :]:
            yield section, cited[cited.index("Fixture") :]
        else:
            sentences = re.split(r"(?<=[.)`]) (?=[A-Z\d])(?<!i\.e\. )", cited)
            yield from ((section, sentence) for sentence in sentences if "`C`" in sentence)
