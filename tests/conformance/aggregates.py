"""What a producer of aggregates is asked to report, and reports with a planted fault that a consumer must find."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from tests.measures.make_vectors_core import act, day, decision, stay, work

Json = dict[str, Any]
LEARNERS = [f"l{n}" for n in range(6)]
TABLES: Json = {
    "program": [{"program_id": name, "name": name, "time_zone": "America/New_York"} for name in ("north", "south")],
    "site": [{"site_id": name, "program_id": name, "name": name} for name in ("north", "south")],
    "learner": [{"learner_id": name} for name in LEARNERS],
    "episode": [
        stay(f"e{n}", last=day(3 + n, 6) if n else day(1, 6), learner_id=name, site_id=("north", "south")[n % 2])
        for n, name in enumerate(LEARNERS)
    ],
    "activity": [act(week, name=f"e{n}") for n in range(6) for week in range(n)],
    "evidence": [
        {"evidence_id": f"w{n}{week}", **work(week, name=f"e{n}", level=2, accepted=week % 2 == 0)}
        for n in range(6)
        for week in range(n)
    ],
    "mastery_decision": [
        {"decision_id": f"d{n}{level}", **decision(level=level, name=f"e{n}", prior_learning=level == n)}
        for n in range(6)
        for level in range(5)
    ],
}

REPORTS: list[tuple[str, str, Json, Json]] = [
    *(
        (f"{measure} by program", measure,
         {"measures": [measure], "by": ["program"], "groups": [["north"], ["south"]], "as_of": "2026-12-31",
          "tables": TABLES}, {"consistent": True})
        for measure in ("ENG-01", "ENG-02", "CMP-05")
    ),
    *(
        (f"{measure} over all", measure,
         {"measures": [measure], "by": [], "groups": [[]], "as_of": "2026-12-31", "tables": TABLES},
         {"consistent": True})
        for measure in ("ENG-01", "ENG-02", "CMP-05", "OUT-03")
    ),
    ("nobody to report on", "AGG-STATUS",
     {"measures": ["ENG-01"], "by": [], "groups": [[]], "as_of": "2020-01-01", "tables": TABLES}, {"consistent": True}),
    ("measures of the program's own by program", "AGG-SUM", {"by": ["program"]}, {"consistent": True}),
]  # fmt: skip


def entry(program: str | None, numerator: int, denominator: int, n: int, excluded: int) -> Json:
    """One result of ENG-01 as it should be."""
    return {
        "measure": "ENG-01",
        "version": "1.0.0",
        "group": [["program", program]] if program else [],
        "status": "ok",
        "value": numerator / denominator,
        "se": 0.05,
        "interval": {"low": 0.05, "high": 0.95},
        "numerator": numerator,
        "denominator": denominator,
        "n": n,
        "coverage": 0.9,
        "reason": None,
        "key": {
            "measure": "ENG-01",
            "version": "1.0.0",
            "parameters": [["minimum_weeks", 4], ["minimum_edge_days", 4]],
            "scale": None,
        },
        "bounds": None,
        "excluded": [{"id": "too_short", "count": excluded}],
        "statistics": [
            {"name": "n", "value": n},
            {"name": "x", "value": numerator},
            {"name": "y", "value": denominator},
        ],
    }


def report(*results: Json, by: tuple[str, ...] = ("program",)) -> Json:
    return {
        "standard_version": "0.1.0",
        "profile": "core",
        "as_of": "2026-06-30",
        "by": list(by),
        "results": [*results],
    }


NORTH, SOUTH, ALL = entry("north", 300, 400, 40, 3), entry("south", 90, 200, 30, 1), entry(None, 390, 600, 70, 4)
HIDDEN: Json = {
    **dict.fromkeys(NORTH, None),
    **{name: NORTH[name] for name in ("measure", "version", "group", "key")},
    "status": "suppressed",
    "reason": "Withheld: fewer than 10 learners.",
    "excluded": [],
    "statistics": [],
}


def faulty(
    pins: str, name: str, base: Json = NORTH, whole: bool = False, **changes: Any
) -> tuple[str, str, Json, Json]:
    """A report in which the first result has a fault."""
    first = {**deepcopy(base), **changes}
    given = report({key: value for key, value in first.items() if value is not LEFT_OUT}, SOUTH)
    more = {"whole": report(ALL, by=())} if whole else {}
    return name, pins, {"report": given, **more}, {"valid": False}


LEFT_OUT = object()
GRADUATES = {
    **NORTH,
    **dict.fromkeys(("se", "interval", "numerator", "denominator")),
    "measure": "OUT-01",
    "n": 80,
    "key": {"measure": "OUT-01", "version": "1.0.0", "parameters": [["cohort_year", 2024]], "scale": None},
    "excluded": [],
    "statistics": [],
}
KEY = NORTH["key"]


def sound(pins: str, name: str, given: Json, **more: Json) -> tuple[str, str, Json, Json]:
    return name, pins, {"report": given, **more}, {"valid": True}


def without(status: str) -> Json:
    """A result that has no value, and says why."""
    nothing = dict.fromkeys(("value", "se", "interval", "numerator", "denominator"), None)
    return {**NORTH, **nothing, "n": 0, "statistics": [], "status": status, "reason": "No unit of the population."}


AGGREGATES: list[tuple[str, str, Json, Json]] = [
    sound("ENG-01", "two programs", report(NORTH, SOUTH)),
    sound("AGG-SUM", "two programs add up to the whole", report(NORTH, SOUTH), whole=report(ALL, by=())),
    sound("AGG-SUPPRESSED", "one suppressed", report(HIDDEN, SOUTH), whole=report(ALL, by=())),
    sound("AGG-STATUS", "not computable, with its reason", report(without("not_computable"), SOUTH)),
    sound("AGG-STATUS", "not mature, with its reason", report(without("not_mature"), SOUTH)),
    sound("AGG-STATUS", "a small group has a value", report({**NORTH, "status": "small_n"}, SOUTH)),
    sound("AGG-STATUS", "low coverage has a value", report({**NORTH, "status": "low_coverage"}, SOUTH)),
    sound("AGG-INTERVAL", "no error and no interval", report({**NORTH, "se": None, "interval": None}, SOUTH)),
    sound("AGG-NUMERATOR", "all of all", report({**entry("north", 400, 400, 40, 0), "interval": None}, SOUTH)),
    sound("AGG-NUMERATOR", "none of all", report({**entry("north", 0, 400, 40, 0), "interval": None}, SOUTH)),
    sound("AGG-KEY", "another value of a parameter, inside its range", report(
        {**NORTH, "key": {**KEY, "parameters": [["minimum_weeks", 12], ["minimum_edge_days", 1]]}}, SOUTH)),
    sound("AGG-FORM", "what the standard does not know is kept", report({**NORTH, "vendor:note": {"any": 1}}, SOUTH)),
    sound("AGG-COUNT", "nobody excluded", report({**NORTH, "excluded": []}, SOUTH)),
    faulty("AGG-FORM", "no measure", measure=LEFT_OUT),
    faulty("AGG-FORM", "no group", group=LEFT_OUT),
    faulty("AGG-FORM", "a group that is a text", group="north"),
    faulty("AGG-FORM", "a value in words", value="three quarters"),
    faulty("AGG-FORM", "a value that is yes", value=True),
    faulty("AGG-FORM", "a status that does not exist", status="fine"),
    faulty("AGG-FORM", "an interval of one end", interval={"low": 0.5}),
    faulty("AGG-FORM", "exclusions without a count", excluded=[{"id": "too_short"}]),
    faulty("AGG-FORM", "a reason that is a number", reason=7),
    faulty("AGG-MEASURE", "no such measure", measure="ENG-99"),
    faulty("AGG-MEASURE", "no such version", version="9.0.0"),
    faulty("AGG-GROUP", "a group of another level", group=[["site", "north"]]),
    faulty("AGG-GROUP", "a group of no level", group=[]),
    faulty("AGG-GROUP", "a group that stands twice", group=[["program", "south"]]),
    faulty("AGG-STATUS", "ok, and no value", value=None, se=None, interval=None),
    faulty("AGG-STATUS", "not mature, and a value", status="not_mature", reason="Too early."),
    faulty("AGG-STATUS", "no value, and no reason", base=without("not_computable"), reason=None),
    faulty("AGG-STATUS", "a value, and a reason for none", reason="No unit of the population."),
    faulty("AGG-COUNT", "fewer than no units", n=-1, statistics=[]),
    faulty("AGG-COUNT", "half a unit", n=39.5, statistics=[]),
    faulty("AGG-COUNT", "fewer than none excluded", excluded=[{"id": "too_short", "count": -3}]),
    faulty("AGG-COUNT", "an exclusion that the measure does not have", excluded=[{"id": "absent", "count": 3}]),
    faulty("AGG-RANGE", "a share in percent", value=75.0, interval=None, numerator=None, denominator=None, statistics=[]),
    faulty("AGG-RANGE", "a share below zero", value=-0.1, interval=None, numerator=None, denominator=None, statistics=[]),
    faulty("AGG-RANGE", "40 of a class of 80, and 50 recovered who are not of the class: 112.5 %", base=GRADUATES,
           value=(40 + 50) / 80),
    faulty("AGG-NUMERATOR", "more than all", numerator=401, value=1.0, interval=None, statistics=[]),
    faulty("AGG-NUMERATOR", "less than none", numerator=-1, value=0.0, interval=None, statistics=[]),
    faulty("AGG-RATIO", "a rounded value", value=0.7, numerator=299, statistics=[]),
    faulty("AGG-RATIO", "the share of the others", value=0.25),
    faulty("AGG-RATIO", "a value of no units", numerator=0, denominator=0, n=0, statistics=[]),
    faulty("AGG-INTERVAL", "an interval beside the value", interval={"low": 0.8, "high": 0.9}),
    faulty("AGG-INTERVAL", "an interval that is turned round", interval={"low": 0.9, "high": 0.5}),
    faulty("AGG-INTERVAL", "an error below zero", se=-0.05),
    faulty("AGG-INTERVAL", "bounds above the value", bounds={"low": 0.8, "high": 1.0}),
    faulty("AGG-KEY", "no key", key=LEFT_OUT),
    faulty("AGG-KEY", "a key of another measure", key={**KEY, "measure": "ENG-02"}),
    faulty("AGG-KEY", "a key of another version", key={**KEY, "version": "0.9.0"}),
    faulty("AGG-KEY", "a key without a parameter", key={**KEY, "parameters": [["minimum_weeks", 4]]}),
    faulty("AGG-KEY", "a key with a parameter too many", key={**KEY, "parameters": [*KEY["parameters"], ["color", 1]]}),
    faulty("AGG-KEY", "a parameter outside its range", key={
        **KEY, "parameters": [["minimum_weeks", 0], ["minimum_edge_days", 4]]}),
    faulty("AGG-SUM", "a statistic that is another number", statistics=[{"name": "x", "value": 301}]),
    faulty("AGG-SUM", "units of the statistics and of the result", statistics=[{"name": "n", "value": 41}]),
    faulty("AGG-SUM", "units that the whole does not have", whole=True, n=41, statistics=[]),
    faulty("AGG-SUM", "exclusions that the whole does not have", whole=True, excluded=[{"id": "too_short", "count": 4}]),
    faulty("AGG-SUM", "a numerator that the whole does not have", whole=True, numerator=200, value=0.5, statistics=[]),
    faulty("AGG-SUPPRESSED", "a suppressed value", base=HIDDEN, n=7),
    faulty("AGG-SUPPRESSED", "suppressed, and its exclusions shown", base=HIDDEN,
           excluded=[{"id": "too_short", "count": 3}]),
    faulty("AGG-SUPPRESSED", "suppressed, and its statistics left", base=HIDDEN,
           statistics=[{"name": "x", "value": 3}]),
]  # fmt: skip
