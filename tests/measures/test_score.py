"""Measures against an independent day-by-day computation, engine against engine, and parts against the whole."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable

import pytest

from blended_standard.errors import UsageError
from blended_standard.io import Submission
from blended_standard.measures import MeasureReport, comparable, merge, score
from blended_standard.measures.score import example
from blended_standard.testing import plain_tables
from tests.measures.oracle import Oracle
from tests.measures.synthetic import Tables, join, make

AS_OF = dt.date(2025, 12, 31)
A, B = make("A", 120, seed=1), make("B", 80, seed=2)
BOTH = join(A, B)


def submission(tables: Tables) -> Submission:
    return Submission.from_tables({name: t for name, t in tables.items() if t}, manifest={"as_of": AS_OF})


@pytest.fixture(scope="module", params=["duckdb", "polars"])
def report(request: pytest.FixtureRequest) -> MeasureReport:
    return score(submission(BOTH), by=("program",), engine=request.param)


@pytest.mark.parametrize(
    ("measure", "days"),
    [
        ("ENG-01", lambda oracle: oracle.learning_days(productive=False)),
        ("ENG-02", lambda oracle: oracle.learning_days(productive=True)),
        ("REL-02", lambda oracle: oracle.contact_days()),
    ],
)
def test_week_rates_equal_a_walk_over_every_day(
    measure: str, days: Callable[..., object], report: MeasureReport
) -> None:
    oracle = Oracle(BOTH, AS_OF)
    expected = oracle.week_rate(days(oracle))  # type: ignore[arg-type]
    for program, ratio in expected.items():
        found = report.one(measure, program)
        # The oracle keeps the ratio in lowest terms; the denominator of the result is the sum itself.
        assert found.value == pytest.approx(float(ratio), abs=1e-12)
        assert found.denominator is not None
        assert found.denominator % ratio.denominator == 0


def test_completion_equals_the_textbook_recursion(report: MeasureReport) -> None:
    for program, times in Oracle(BOTH, AS_OF).completion(365).items():
        free, incidence = 1.0, 0.0
        for day in range(366):
            at_risk = sum(time >= day for time, _ in times)
            done = sum(time == day and code == 1 for time, code in times)
            other = sum(time == day and code == 2 for time, code in times)
            if at_risk:
                incidence += free * done / at_risk
                free *= 1 - (done + other) / at_risk
        assert report.one("OUT-03", program).value == pytest.approx(incidence, abs=1e-12)


def test_engines_agree_to_the_last_digit() -> None:
    duckdb, polars = (score(submission(BOTH), by=("program", "site"), engine=e).results for e in ("duckdb", "polars"))
    assert duckdb == polars


def test_merged_parts_equal_the_whole() -> None:
    for by in ((), ("site",), ("low_income",)):
        parts = merge([score(submission(part), by=by) for part in (A, B)])
        whole = score(submission(BOTH), by=by)
        assert sorted(parts.results, key=str) == sorted(whole.results, key=str)


def test_productive_weeks_never_exceed_active_weeks() -> None:
    found = score(submission(BOTH), ["ENG-01", "ENG-02"], by=("episode",))
    active = {entry.group: entry for entry in found.select("ENG-01")}
    for entry in found.select("ENG-02"):
        if entry.value is not None:
            assert entry.value <= (active[entry.group].value or 0)


def test_a_report_survives_json() -> None:
    whole = score(submission(A))
    assert MeasureReport.from_dict(json.loads(json.dumps(whole.to_dict()))) == whole


def test_a_table_that_is_not_there_is_said() -> None:
    found = score(submission({name: t for name, t in A.items() if name != "contact"}), "REL-02").one("REL-02")
    assert found.value is None
    assert found.reason == "The submission has no table contact."


def test_a_horizon_that_nobody_reached_is_not_mature() -> None:
    found = score(submission(A), "OUT-03", parameters={"OUT-03": {"horizon_days": 2000}}).one("OUT-03")
    assert found.status.value == "not_mature"
    assert found.value is None


def test_other_parameters_do_not_compare() -> None:
    one = score(submission(A), "ENG-01").one("ENG-01")
    other = score(submission(A), "ENG-01", parameters={"ENG-01": {"minimum_weeks": 6}}).one("ENG-01")
    answer = comparable(one, other)
    assert not answer
    assert "minimum_weeks is 4 in one and 6 in the other" in answer.reasons[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"measures": "ENG-99"}, "There is no measure 'ENG-99'"),
        ({"measures": 5}, "measures is of the type int"),
        ({"by": ("planet",)}, "by='planet' is not a way to group"),
        ({"by": None}, "by is of the type NoneType"),
        ({"by": ("site", "site")}, "by names 'site' twice"),
        ({"as_of": "tomorrow"}, "as_of='tomorrow' is not a date"),
        ({"as_of": "9999-12-31"}, "as_of='9999-12-31' is not in the years 1900 to 2100"),
        ({"engine": "abacus"}, "engine='abacus' is not one of duckdb, polars"),
        ({"measures": "ENG-01", "parameters": {"ENG-01": {"minimum_weeks": 0}}}, "outside 1 to 12"),
        ({"measures": "ENG-01", "parameters": {"ENG-01": {"weeks": 1}}}, "has no parameter 'weeks'"),
        ({"parameters": {"minimum_weeks": 6}}, "There is no measure 'minimum_weeks'"),
        ({"parameters": {"ENG-01": 6}}, r"parameters\['ENG-01'\] is of the type int"),
        ({"parameters": [6]}, "parameters is of the type list"),
        ({"profile": "moon"}, "There is no profile 'moon'"),
    ],
)
def test_misuse_says_what_is_accepted(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        score(submission(A), **arguments)  # type: ignore[arg-type]


def test_an_override_leaves_the_other_parameters_of_the_profile() -> None:
    given = {"ENG-01": {"minimum_edge_days": 3}}
    found = score(submission(A), "ENG-01", by=(), profile="harbor-north-site", parameters=given).one("ENG-01")
    assert dict(found.parameters) == {"minimum_weeks": 6, "minimum_edge_days": 3}


def test_no_message_names_a_learner() -> None:
    found = score(submission(A), "ENG-01", by=("learner",))
    other = score(submission(B), "ENG-01", by=("learner",), parameters={"ENG-01": {"minimum_weeks": 6}})
    relabelled = MeasureReport.from_dict(json.loads(json.dumps(other.to_dict()).replace('"BL', '"AL')))
    for call in (lambda: found.one("ENG-01"), lambda: merge([found, relabelled])):
        with pytest.raises(UsageError) as refused:
            call()
        assert "AL" not in str(refused.value)


@pytest.mark.parametrize("engine", ["duckdb", "polars"])
def test_days_that_stand_for_no_day_end_no_score(engine: str) -> None:
    tables = plain_tables(example())
    instants = ["1900-01-01T15:00:00Z", "1900-01-01T15:05:00Z", "2026-01-06T15:00:00Z"]
    acts = {"episode_id": ["e"] * 3, "at": instants, "verb": ["submit"] * 3}
    estimates = {"area_id": ["a", "b"], "year": [99_999, 2020], "youth": [9, 9], "disconnected": [3, 3]}
    for entry, minutes in (("0001-01-01", None), ("1900-01-01", 5.0)):
        episode = {**tables["episode"], "entry_date": [entry]}
        activity = acts if minutes else tables["activity"]
        given = Submission.from_tables(
            {**tables, "episode": episode, "activity": activity, "population_estimate": estimates}
        )
        found = score(given, ["ENG-01", "ENG-03", "OUT-16"], by=(), as_of="2026-01-31", engine=engine)
        assert found.one("ENG-01").n == 1
        assert minutes is None or found.one("ENG-03").value == minutes
