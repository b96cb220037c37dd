"""Components, bounds and coverage of reports: through JSON, through publication, and with a measure's own minimum."""

from __future__ import annotations

import json

import pytest

from blended_standard.errors import UsageError
from blended_standard.io import Submission
from blended_standard.measures import MeasureReport, score
from blended_standard.report.publish import for_publication
from blended_standard.testing import district


def opportunities(due: int, learners: int = 12) -> Submission:
    """Every learner had one live opportunity; only the first `due` had one in their own time."""
    names = [f"l{i}" for i in range(learners)]
    events = [(name, "live") for name in names] + [(name, "asynchronous") for name in names[:due]]
    return Submission.from_tables(
        {
            "program": {"program_id": ["p"], "name": ["P"], "time_zone": ["UTC"]},
            "site": {"site_id": ["s"], "program_id": ["p"], "name": ["S"]},
            "learner": {"learner_id": names},
            "episode": {
                "episode_id": names,
                "learner_id": names,
                "site_id": ["s"] * learners,
                "entry_date": ["2026-01-05"] * learners,
            },
            "learning_opportunity": {
                "opportunity_id": [str(i) for i in range(len(events))],
                "episode_id": [name for name, _ in events],
                "date": ["2026-01-06"] * len(events),
                "kind": [kind for _, kind in events],
                "taken": [i % 3 == 0 for i in range(len(events))],
            },
        }
    )


def test_components_survive_json_and_are_found_by_name() -> None:
    report = score(district(30, seed=3, days=200), ["ENG-03", "ENG-11"], by=(), engine="polars")
    assert MeasureReport.from_dict(json.loads(json.dumps(report.to_dict()))) == report
    assert report.one("ENG-03").component("drop_30").value == pytest.approx(report.one("ENG-03").value)
    with pytest.raises(UsageError, match="has no component 'drop_31'"):
        report.one("ENG-03").component("drop_31")


def test_a_withheld_result_has_no_components() -> None:
    report = score(opportunities(due=3, learners=5), "ENG-14", by=(), as_of="2026-02-01", engine="polars")
    assert report.one("ENG-14").component("asynchronous").value is not None
    shown = for_publication(report).one("ENG-14")
    assert (shown.value, shown.components, shown.bounds, shown.statistics) == (None, (), None, ())


def test_a_component_of_few_units_is_withheld_by_itself() -> None:
    report = score(opportunities(due=3), "ENG-14", by=(), as_of="2026-02-01", engine="polars")
    assert report.one("ENG-14").component("asynchronous").n == 3
    shown = for_publication(report).one("ENG-14")
    assert shown.value is not None
    assert shown.component("asynchronous").value is None
    assert "fewer than 10" in (shown.component("asynchronous").reason or "")


def test_a_component_without_units_of_its_own_is_no_zero() -> None:
    found = score(opportunities(due=0), "ENG-14", by=(), as_of="2026-02-01", engine="polars").one("ENG-14")
    part = found.component("asynchronous")
    assert part.value is None
    assert part.reason is not None
    assert found.value is not None


def test_a_measure_may_ask_for_more_coverage_than_its_profile() -> None:
    names = [f"l{i}" for i in range(100)]
    rows = opportunities(due=0, learners=100).tables
    survey = {
        "survey_response_id": names,
        "episode_id": names,
        "date": ["2026-01-07"] * 100,
        "respondent": ["learner"] * 100,
        "status": ["answered"] * 55 + ["refused"] * 45,
        "items_asked": [10] * 100,
        "items_answered": [10] * 55 + [0] * 45,
        "score": [i / 54 for i in range(55)] + [None] * 45,
    }
    made = Submission.from_tables({**rows, "survey_response": survey})
    found = score(made, "ENG-15", by=(), as_of="2026-02-01", engine="polars").one("ENG-15")
    assert (found.n, found.coverage, found.status.value) == (55, 0.55, "low_coverage")
    assert found.value == pytest.approx(0.5)
    lower = {"ENG-15": {"minimum_coverage": 0.5}}
    again = score(made, "ENG-15", by=(), as_of="2026-02-01", engine="polars", parameters=lower)
    assert again.one("ENG-15").status.value == "ok"
