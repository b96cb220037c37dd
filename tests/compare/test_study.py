"""Two groups on one measure: the effects agree with the formulas for complete data, and what does not compare is refused."""

from __future__ import annotations

import datetime as dt

import pytest

import blended_standard as bs
from blended_standard.compare import Arm, Study, compare_groups, cox_index, risk_difference
from blended_standard.errors import NotComparableError, UsageError
from blended_standard.measures import MeasureReport, score

ENTRY = dt.date(2024, 1, 1)


def complete(finished: dict[str, tuple[int, int]], **options: object) -> MeasureReport:
    """Programs in which everybody is followed for two years: (finished, learners) by name."""
    tables: dict[str, dict[str, list[object]]] = {
        "program": {"program_id": list(finished), "name": list(finished), "time_zone": ["UTC"] * len(finished)},
        "site": {"site_id": list(finished), "program_id": list(finished), "name": list(finished)},
    }
    people = [(name, i, i < done) for name, (done, n) in finished.items() for i in range(n)]
    ids = [f"{name}{i}" for name, i, _ in people]
    tables["learner"] = {"learner_id": list(ids)}
    tables["episode"] = {
        "episode_id": list(ids),
        "learner_id": list(ids),
        "site_id": [name for name, _, _ in people],
        "entry_date": [ENTRY] * len(ids),
        "exit_date": [ENTRY + dt.timedelta(days=100) if done else None for _, _, done in people],
        "exit_reason": ["completed_diploma" if done else None for _, _, done in people],
    }
    submission = bs.Submission.from_tables(tables, manifest={"as_of": "2026-01-01"})  # type: ignore[arg-type]
    return score(submission, "OUT-03", **options)  # type: ignore[arg-type]


def test_effects_of_complete_data_are_those_of_counts() -> None:
    study = compare_groups(complete({"X": (160, 200), "Y": (126, 180)}), "OUT-03", ("X", "Y"))
    by_name = {effect.name: effect for effect in study.effects}
    cox = cox_index(0.8, 0.7, n_treated=200, n_comparison=180)
    assert by_name["Cox index"].value == pytest.approx(cox.value, rel=1e-12)
    assert by_name["Cox index"].se == pytest.approx(cox.se, rel=1e-12)
    # The published worked example: p .80/.70, n 200/180 (statistics.md 1.2).
    assert by_name["Cox index"].value == pytest.approx(0.3266645, abs=5e-8)
    assert by_name["Cox index"].se == pytest.approx(0.1455871, abs=5e-8)
    difference = risk_difference(160, 200, 126, 180)
    assert by_name["Risk difference"].value == pytest.approx(difference.value, abs=1e-12)


def test_sentences_do_not_claim_what_the_interval_does_not_show() -> None:
    alike = compare_groups(complete({"X": (52, 100), "Y": (50, 100)}), "OUT-03", ("X", "Y"))
    assert any("cannot be told apart" in sentence for sentence in alike.sentences)
    apart = compare_groups(complete({"X": (80, 100), "Y": (50, 100)}), "OUT-03", ("X", "Y"))
    assert any("about 30 more in 100 at X;" in sentence for sentence in apart.sentences)
    odd = compare_groups(complete({"X": (594, 1000), "Y": (118, 1000)}), "OUT-03", ("X", "Y"))
    assert any("about 48 more in 100 at X (before rounding);" in sentence for sentence in odd.sentences)
    assert all("does not show what a program did" in study.sentences[-1] for study in (alike, apart))


def test_a_design_brings_its_rating_and_lifts_the_caution() -> None:
    scored = complete({"X": (160, 200), "Y": (126, 180)})
    trial = Study(
        name="lottery",
        assignment="random",
        treated=Arm(n_assigned=210, n_analyzed=200, units=4),
        comparison=Arm(n_assigned=190, n_analyzed=180, units=4),
    )
    study = compare_groups(scored, "OUT-03", ("X", "Y"), design=trial)
    assert study.rating is not None
    assert study.rating.rating == "without_reservations"
    assert study.tier is not None
    assert study.tier.tier == 1
    assert "can be credited to the program" in study.sentences[-1]
    found = compare_groups(
        scored, "OUT-03", ("X", "Y"), design=Study.from_dict(trial.to_dict() | {"assignment": "quasi_experimental"})
    )
    assert found.rating is not None
    assert not found.rating.causal_language
    assert "does not show what a program did" in found.sentences[-1]


def test_a_share_of_everybody_has_no_odds() -> None:
    study = compare_groups(complete({"X": (50, 50), "Y": (30, 60)}), "OUT-03", ("X", "Y"))
    cox = next(effect for effect in study.effects if effect.name == "Cox index")
    assert cox.value is None
    assert cox.reason == "In X the share is 100%, so its odds do not exist."


def test_what_has_no_value_is_refused_with_the_reason() -> None:
    early = complete({"X": (5, 50), "Y": (3, 60)}, parameters={"OUT-03": {"horizon_days": 2000}})
    with pytest.raises(NotComparableError, match="Nobody has been followed for 2000 days"):
        compare_groups(early, "OUT-03", ("X", "Y"))


@pytest.mark.parametrize("groups", [("X",), ("X", "X"), "XY", ("X", "Z")])
def test_groups_must_be_two_that_are_there(groups: tuple[str, ...]) -> None:
    with pytest.raises(UsageError):
        compare_groups(complete({"X": (5, 50), "Y": (3, 60)}), "OUT-03", groups)


def test_means_are_compared_by_hedges_g() -> None:
    """CMP-01 is a mean over learners, so its effect is g from the sums, as from the learners' own values."""
    plans = {"X": [0, 1, 2, 3, 4, 2, 3, 1], "Y": [1, 0, 1, 2, 1, 0, 2, 1]}
    people = [(name, f"{name}{i}", mastered) for name, found in plans.items() for i, mastered in enumerate(found)]
    ids = [person for _, person, _ in people]
    items = [(person, k) for _, person, _ in people for k in range(4)]
    decided = [(person, k) for _, person, mastered in people for k in range(mastered)]
    tables = {
        "program": {"program_id": ["X", "Y"], "name": ["X", "Y"], "time_zone": ["UTC", "UTC"]},
        "site": {"site_id": ["X", "Y"], "program_id": ["X", "Y"], "name": ["X", "Y"]},
        "learner": {"learner_id": ids},
        "competency": {"competency_id": [f"c{k}" for k in range(4)], "title": ["t"] * 4},
        "episode": {
            "episode_id": ids,
            "learner_id": ids,
            "site_id": [name for name, _, _ in people],
            "entry_date": ["2025-01-06"] * len(ids),
        },
        "plan": {
            "plan_id": ids,
            "episode_id": ids,
            "version": [1] * len(ids),
            "made_date": ["2025-01-06"] * len(ids),
            "baseline": [True] * len(ids),
        },
        "plan_item": {
            "plan_item_id": [f"{p}{k}" for p, k in items],
            "plan_id": [p for p, _ in items],
            "competency_id": [f"c{k}" for _, k in items],
        },
        "mastery_decision": {
            "decision_id": [f"{p}{k}" for p, k in decided],
            "episode_id": [p for p, _ in decided],
            "competency_id": [f"c{k}" for _, k in decided],
            "date": ["2025-03-01"] * len(decided),
            "mastered": [True] * len(decided),
            "evidence_level": [3] * len(decided),
        },
    }
    scored = score(bs.Submission.from_tables(tables, manifest={"as_of": "2025-12-31"}), "CMP-01")
    study = compare_groups(scored, "CMP-01", ("X", "Y"))
    expected = bs.compare.hedges_g([m / 4 for m in plans["X"]], [m / 4 for m in plans["Y"]])
    assert study.effects[1].name == "Hedges g"
    assert study.effects[1].value == pytest.approx(expected.value, rel=1e-9)
    assert study.effects[1].se == pytest.approx(expected.se, rel=1e-9)
