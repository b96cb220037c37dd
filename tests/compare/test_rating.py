"""Evidence ratings: the table of designs, clusters, cutoffs, and what a report leaves out."""

import attrs
import pytest

from blended_standard import compare
from blended_standard.compare import Arm, Cutoff, Outcome, Study
from blended_standard.errors import UsageError

GOOD = Outcome(
    name="credits", face_valid=True, reliability_kind="administrative_record", over_aligned=False, collected_alike=True
)
LOW = {
    "treated": Arm(n_assigned=200, n_analyzed=190, units=5),
    "comparison": Arm(n_assigned=200, n_analyzed=188, units=4),
}
HIGH = {
    "treated": Arm(n_assigned=200, n_analyzed=100, units=5),
    "comparison": Arm(n_assigned=200, n_analyzed=188, units=4),
}


def baseline(size, adjusted=False):
    return compare.baseline_equivalence_from_effects({"pretest": size}, adjusted=["pretest"] if adjusted else [])


def study(**options):
    return Study(**{"name": "S", "assignment": "random", "outcome": GOOD, **LOW, **options})


def rate(**options):
    return compare.evidence_rating(study(**options))


@pytest.mark.parametrize(
    ("options", "rating"),
    [
        ({}, "without_reservations"),
        ({"baseline": baseline(0.9)}, "without_reservations"),
        ({**HIGH, "baseline": baseline(0.04)}, "with_reservations"),
        ({**HIGH, "baseline": baseline(0.2, adjusted=True)}, "with_reservations"),
        ({**HIGH, "baseline": baseline(0.2)}, "does_not_meet"),
        ({**HIGH, "baseline": baseline(0.3, adjusted=True)}, "does_not_meet"),
        (HIGH, "does_not_meet"),
        ({"assignment": "quasi_experimental", "baseline": baseline(0.0)}, "with_reservations"),
        ({"assignment": "quasi_experimental", "baseline": baseline(0.2, adjusted=True)}, "with_reservations"),
        ({"assignment": "quasi_experimental", "baseline": baseline(0.2)}, "does_not_meet"),
        ({"assignment": "quasi_experimental", "baseline": baseline(0.26)}, "does_not_meet"),
        ({"assignment": "quasi_experimental"}, "does_not_meet"),
    ],
)
def test_the_table_of_designs(options, rating):
    found = rate(**options)
    assert found.rating == rating
    assert found.causal_language is (rating != "does_not_meet")
    assert found.open_questions == ()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"compromised": "learners changed groups"}, "no: learners changed groups"),
        ({"blocks": 4, "block_shares_differ": True, "analysis_uses_blocks": False}, "blocks differ"),
    ],
)
def test_a_compromised_trial_is_judged_as_high_attrition(options, says):
    assert rate(**options).rating == "does_not_meet"
    found = rate(**options, baseline=baseline(0.01))
    assert found.rating == "with_reservations"
    assert any(says in step.finding for step in found.steps)
    assert rate(blocks=4, block_shares_differ=True).rating == "without_reservations"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"treated": Arm(n_assigned=200, n_analyzed=190, units=1)}, "one unit delivered the treated"),
        ({"confounds": ("the posttest was given a month later",)}, "a month later"),
        ({"outcome": attrs.evolve(GOOD, face_valid=False)}, "no"),
        ({"outcome": attrs.evolve(GOOD, over_aligned=True)}, "over-aligned"),
        ({"outcome": attrs.evolve(GOOD, collected_alike=False)}, "no"),
        (
            {"outcome": attrs.evolve(GOOD, reliability=0.49, reliability_kind="internal_consistency")},
            "internal consistency is 0.49; 0.50 is needed",
        ),
        ({"complier_first_stage_f": 15.9}, "first-stage F is 15.9"),
    ],
)
def test_preconditions_end_the_rating(options, says):
    found = rate(**options)
    assert found.rating == "does_not_meet"
    failed = [step for step in found.steps if step.passed is False]
    assert says in failed[0].finding


@pytest.mark.parametrize(("kind", "value"), [("internal_consistency", 0.5), ("test_retest", 0.4), ("inter_rater", 0.5)])
def test_the_least_reliability_is_enough(kind, value):
    good = attrs.evolve(GOOD, reliability=value, reliability_kind=kind)
    bad = attrs.evolve(GOOD, reliability=value - 0.01, reliability_kind=kind)
    assert rate(outcome=good).rating == "without_reservations"
    assert rate(outcome=bad).rating == "does_not_meet"
    assert rate(complier_first_stage_f=16).rating == "without_reservations"


def test_what_the_report_leaves_out_is_listed():
    found = rate(outcome=None, treated=Arm(n_assigned=200, n_analyzed=190))
    assert found.rating == "without_reservations"
    assert len(found.open_questions) == 5
    assert rate(treated=Arm(n_analyzed=190, units=3), baseline=baseline(0.0)).rating == "with_reservations"


def clusters(**options):
    arm = {
        "n_analyzed": 300, "n_reference": 320, "n_joined": 0, "clusters_assigned": 10, "clusters_analyzed": 10, **options,
    }  # fmt: skip
    return {"unit": "cluster", "treated": Arm(**arm), "comparison": Arm(**arm)}


@pytest.mark.parametrize(
    ("options", "alone", "with_baseline"),
    [
        (clusters(), "without_reservations", "without_reservations"),
        (clusters(n_joined=20), "does_not_meet", "with_reservations"),
        (clusters(n_joined=None), "does_not_meet", "with_reservations"),
        (clusters(n_reference=900), "does_not_meet", "with_reservations"),
        (clusters(clusters_analyzed=4), "does_not_meet", "with_reservations"),
    ],
)
def test_clusters(options, alone, with_baseline):
    assert rate(**options).rating == alone
    found = rate(**options, baseline=baseline(0.0))
    assert (found.rating, found.inference) == (with_baseline, "learners")


def test_only_clusters_may_be_claimed_when_learners_are_not_alike():
    options = {**clusters(n_joined=20), "baseline": baseline(0.4), "cluster_baseline": baseline(0.02)}
    assert rate(**options).rating == "does_not_meet"
    found = rate(**options, clusters_representative=True)
    assert (found.rating, found.inference) == ("with_reservations", "clusters")
    assert "not about single learners" in found.steps[-1].consequence


def test_one_cluster_in_a_group_is_a_confound():
    found = rate(**clusters(clusters_assigned=1, clusters_analyzed=1))
    assert found.rating == "does_not_meet"
    assert "one cluster is in the treated group" in found.steps[4].finding


FULL = Cutoff(
    manipulation_unlikely=True, density_p_value=0.4, continuity_shown=True, bandwidth_justified=True, both_slopes=True
)


@pytest.mark.parametrize(
    ("changes", "rating"),
    [
        ({}, "without_reservations"),
        ({"density_p_value": 0.01}, "does_not_meet"),
        ({"density_p_value": None}, "with_reservations"),
        ({"bandwidth_justified": None, "both_slopes": None}, "does_not_meet"),
        ({"fuzzy": True, "first_stage_f": 20.0, "exclusion_holds": True, "monotonicity_holds": True}, "without_reservations"),
        ({"fuzzy": True, "first_stage_f": 20.0, "exclusion_holds": True}, "with_reservations"),
        ({"fuzzy": True, "first_stage_f": 15.0, "exclusion_holds": True, "monotonicity_holds": True}, "does_not_meet"),
        ({"fuzzy": True, "exclusion_holds": True, "monotonicity_holds": True}, "does_not_meet"),
    ],
)  # fmt: skip
def test_regression_discontinuity(changes, rating):
    options = {"assignment": "regression_discontinuity", "cutoff": attrs.evolve(FULL, **changes)}
    assert rate(**options, baseline=baseline(0.0)).rating == rating


def test_a_cutoff_with_high_attrition_rests_on_the_baseline():
    options = {"assignment": "regression_discontinuity", "cutoff": FULL, **HIGH}
    assert rate(**options, baseline=baseline(0.0)).rating == "with_reservations"
    assert rate(**options).rating == "does_not_meet"
    assert rate(assignment="regression_discontinuity").rating == "does_not_meet"


def test_every_step_is_data_and_travels():
    found = rate(**clusters(n_joined=3), baseline=baseline(0.1))
    assert set(found.rows()[0]) == {"question", "finding", "consequence", "source", "passed"}
    assert compare.EvidenceRating.from_dict(found.to_dict()) == found
    assert "pretest differs by 0.100 and is not adjusted for" in str(found.rows())
    one = study(**clusters())
    assert Study.from_dict(one.to_dict()) == one


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: study(assignment="matched"), "random, quasi_experimental"),
        (lambda: study(unit="school"), "learner, cluster"),
        (lambda: study(blocks=0), "blocks=0"),
        (lambda: study(confounds="timing"), "Pass a tuple"),
        (lambda: study(treated=Arm(n_assigned=100, n_analyzed=110)), "n_analyzed=110 is more than"),
        (lambda: Arm(n_analyzed=-1), "n_analyzed=-1"),
        (lambda: Arm(n_analyzed=3, n_joined=4), "n_joined=4"),
        (lambda: Outcome(name="x", reliability=0.7), "reliability_kind"),
    ],
)
def test_misuse_says_what_is_accepted(call, says):
    with pytest.raises(UsageError, match=says):
        call()
