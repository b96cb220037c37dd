"""Changes of the data that must, or must not, move IMP-05, how the core measures stand, and OUT-16, the area's context."""

from __future__ import annotations

from typing import Any

import pytest

from blended_standard.io import Submission
from blended_standard.measures import MeasureResult, score
from blended_standard.testing import district, plain_tables
from tests.properties.changes import PRESENCE, append, changed, columns, repeated

Estimates = list[dict[str, Any]]
PROGRAMS = [("p", "A"), ("q", "B")]


@pytest.fixture(scope="module")
def made() -> Submission:
    return district(60, seed=8, programs=1, days=400)


@pytest.fixture(scope="module")
def before(made: Submission) -> MeasureResult:
    return standing(made)


def standing(submission: Submission, **options: Any) -> MeasureResult:
    return score(submission, "IMP-05", by=(), engine="polars", **options).one("IMP-05")


def test_presence_and_copies_do_not_move_the_standing(made: Submission, before: MeasureResult) -> None:
    activity = columns(made, "activity")
    signs = zip(activity["episode_id"], activity["at"], strict=True)
    seen = [{"episode_id": episode, "at": at, "verb": PRESENCE[0]} for episode, at in signs]
    tables = {"activity": append(activity, seen), "contact": repeated(columns(made, "contact"))}
    assert standing(changed(made, **tables)) == before


def test_a_table_that_goes_takes_its_measures_from_those_that_stand(made: Submission, before: MeasureResult) -> None:
    tables = plain_tables(made)
    without = Submission.from_tables(
        {name: tables[name] for name in tables if name != "contact"}, manifest=made.manifest
    )
    after = standing(without)
    assert before.numerator is not None
    assert after.numerator == before.numerator - 1  # REL-02 alone needs contacts
    assert after.denominator == before.denominator


def test_overrides_are_counted_and_named(made: Submission, before: MeasureResult) -> None:
    after = standing(made, parameters={"ENG-01": {"minimum_weeks": 5}, "REL-02": {"reply_days": 6}})
    assert (before.component("overrides").value, after.component("overrides").value) == (0, 2)
    assert after.value == before.value


def test_a_measure_whose_time_has_not_come_leaves_the_count(made: Submission, before: MeasureResult) -> None:
    """Nobody has reached the horizon: the measure leaves numerator and denominator."""
    after = standing(made, parameters={"ENG-13": {"horizon_days": 1095}})
    assert before.numerator is not None
    assert before.denominator is not None
    assert (after.numerator, after.denominator) == (before.numerator - 1, before.denominator - 1)


def area(name: str, youth: float = 1000.0, disconnected: float = 120.0, year: int = 2024) -> dict[str, Any]:
    return {"area_id": name, "year": year, "youth": youth, "disconnected": disconnected}


def disconnection(*estimates: dict[str, Any], programs: list[tuple[str, str]] = PROGRAMS, **more: Any) -> MeasureResult:
    names = [program for program, _ in programs]
    tables = {
        "program": {
            "program_id": names,
            "name": names,
            "time_zone": ["UTC"] * len(names),
            "jurisdiction": [area for _, area in programs],
        },
        "site": {"site_id": names, "program_id": names, "name": names},
        "population_estimate": {name: [row[name] for row in estimates] for name in estimates[0]},
        **more,
    }
    given = Submission.from_tables(tables)
    return score(given, "OUT-16", by=(), as_of="2026-06-30", engine="polars").one("OUT-16")


def test_what_does_not_move_disconnection() -> None:
    plain = disconnection(area("A"), area("B", 3000.0, 600.0))
    assert plain.value == 720 / 4000
    same = {
        "an area of no program": disconnection(area("A"), area("B", 3000.0, 600.0), area("C", 10.0, 10.0)),
        "a year before, and one that has not ended": disconnection(
            area("A"), area("B", 3000.0, 600.0), area("A", 1.0, 1.0, 2020), area("B", 1.0, 1.0, 2026)
        ),
        "an estimate twice": disconnection(area("A"), area("A"), area("B", 3000.0, 600.0)),
        "a second program in an area": disconnection(
            area("A"), area("B", 3000.0, 600.0), programs=[*PROGRAMS, ("r", "A")]
        ),
        "learners": disconnection(
            area("A"),
            area("B", 3000.0, 600.0),
            learner={"learner_id": ["x"]},
            episode={"episode_id": ["e"], "learner_id": ["x"], "site_id": ["p"], "entry_date": ["2026-01-05"]},
        ),
    }
    for change, found in same.items():
        assert (found.value, found.numerator, found.denominator) == (plain.value, 720, 4000), change


def test_an_area_in_two_parts_is_the_area() -> None:
    whole = disconnection(area("A", 4000.0, 720.0), programs=[("p", "A")])
    parts = disconnection(area("A", 1000.0, 120.0), area("B", 3000.0, 600.0))
    assert (parts.value, parts.denominator) == (whole.value, whole.denominator)


def test_all_people_in_twice_the_number_are_the_same_share_and_one_more_disconnected_is_more() -> None:
    plain = disconnection(area("A"), area("B", 3000.0, 600.0))
    assert disconnection(area("A", 2000.0, 240.0), area("B", 6000.0, 1200.0)).value == plain.value
    more = disconnection(area("A", 1000.0, 121.0), area("B", 3000.0, 600.0))
    assert more.value is not None
    assert plain.value is not None
    assert more.value == pytest.approx(plain.value + 1 / 4000)


def test_an_area_without_an_estimate_lowers_coverage_alone() -> None:
    found = disconnection(area("A"))
    assert (found.value, found.coverage) == (0.12, 0.5)
