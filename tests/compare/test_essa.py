"""ESSA tiers and the conclusion over the studies of a domain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blended_standard import compare
from blended_standard.compare import StudyFinding
from blended_standard.errors import UsageError


def tier(rating="without_reservations", *, p=0.03, n=350, sites=2, value=0.2, **options):
    return compare.essa_tier(rating, value=value, p_value=p, n_learners=n, n_sites=sites, **options).tier


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (tier(n=349), 3),
        (tier(), 1),
        (tier(sites=1), 3),
        (tier(p=0.06), None),
        (tier(p=0.06, logic_model=True), 4),
        (tier("with_reservations", n=400), 2),
        (tier("with_reservations", n=40), 3),
        (tier(value=-0.2), None),
        (tier(overriding_negative=True), None),
        (tier("does_not_meet"), None),
        (tier("does_not_meet", statistical_controls=True), 3),
        (tier(None, statistical_controls=True), 3),
        (tier(None, logic_model=True), 4),
        (tier(p=0.05), None),
    ],
)
def test_tiers(found, expected):
    assert found == expected


def test_a_tier_shows_what_is_missing():
    found = compare.essa_tier("without_reservations", value=0.2, p_value=0.01, n_learners=300, n_sites=4)
    assert found.label == "Tier 3: promising"
    missing = [step for step in found.steps if not step.passed]
    assert missing[0].finding == "300 learners (350 needed), 4 sites (2 needed)"
    assert compare.EssaTier.from_dict(found.to_dict()) == found


@given(st.sampled_from(["without_reservations", "with_reservations"]), st.floats(0, 1), st.integers(0, 900))
def test_more_learners_never_lower_the_tier(rating, p, n):
    low, high = (tier(rating, p=p, n=size) or 9 for size in (n, n + 50))
    assert high <= low


def finding(study, value, se, rating="without_reservations", n=300, sites=1):
    return StudyFinding(study=study, value=value, se=se, rating=rating, n_learners=n, n_sites=sites)


def test_the_fixed_effect_mean_by_hand():
    found = compare.domain_conclusion([finding("A", 0.3, 0.1), finding("B", 0.1, 0.2, "with_reservations")])
    assert found.value == pytest.approx((0.3 * 100 + 0.1 * 25) / 125, rel=1e-12)
    assert found.se == pytest.approx(125**-0.5, rel=1e-12)
    assert found.share_without_reservations == pytest.approx(0.8, rel=1e-12)
    assert (found.label, found.extent, found.n_learners) == ("positive", "medium_to_large", 600)
    assert compare.DomainConclusion.from_dict(found.to_dict()) == found


@pytest.mark.parametrize(
    ("findings", "label"),
    [
        ([finding("A", 0.3, 0.1, "with_reservations")], "potentially_positive"),
        ([finding("A", 0.3, 0.2)], "uncertain"),
        ([finding("A", -0.3, 0.1)], "negative"),
        ([finding("A", -0.3, 0.1, "with_reservations")], "potentially_negative"),
        ([finding("A", 0.3, 0.1, "does_not_meet")], "no_evidence"),
        ([], "no_evidence"),
    ],
)
def test_labels_of_handbook_41(findings, label):
    assert compare.domain_conclusion(findings).label == label


@pytest.mark.parametrize(
    ("findings", "label"),
    [
        ([finding("A", 0.3, 0.1), finding("B", 0.3, 0.1, "with_reservations")], "positive"),
        ([finding("A", 0.3, 0.1, "with_reservations"), finding("B", 0.3, 0.1, "with_reservations")], "potentially_positive"),
        ([finding("A", 0.25, 0.2)], "potentially_positive"),
        ([finding("A", 0.3, 0.1), finding("B", 0.0, 0.1), finding("C", 0.0, 0.1)], "mixed"),
        ([finding("A", 0.3, 0.1), finding("B", -0.25, 0.2)], "mixed"),
        ([finding("A", 0.1, 0.2)], "no_discernible"),
        ([finding("A", -0.3, 0.1), finding("B", -0.3, 0.1)], "negative"),
    ],
)  # fmt: skip
def test_labels_of_handbook_20(findings, label):
    assert compare.domain_conclusion(findings, rule="2.0").label == label


def test_findings_of_one_study_count_once():
    found = compare.domain_conclusion([finding("A", 0.2, 0.1, n=200), finding("A", 0.4, 0.2, n=180)])
    assert (found.value, found.se) == pytest.approx((0.3, 0.15), rel=1e-12)
    assert (found.n_studies, found.n_learners, found.extent) == (1, 200, "small")


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: tier("good"), "without_reservations, with_reservations"),
        (lambda: tier(p=1.5), "p_value=1.5"),
        (lambda: finding("A", 0.1, 0), "se=0"),
        (lambda: compare.domain_conclusion([finding("A", 0.1, 0.1)], rule="3.0"), "4.1, 2.0"),
        (
            lambda: compare.domain_conclusion(
                [finding("A", 0.1, 0.1), finding("A", 0.1, 0.1, rating="with_reservations")]
            ),
            "different ratings",
        ),
    ],
)
def test_misuse_says_what_is_accepted(call, says):
    with pytest.raises(UsageError, match=says):
        call()
