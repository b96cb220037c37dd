"""Power and minimum detectable effects: PowerUpR's worked numbers, R and pwr (reference/power.R), statsmodels."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blended_standard import compare
from blended_standard.errors import UsageError

DESIGNS = {
    "individual": (compare.individual_design(400, r_squared=0.5, covariates=1), 0.1985898782),
    "cluster": (compare.cluster_design(20, 4, icc=0.2), 0.8380546721),
    "cluster with covariates": (
        compare.cluster_design(30, 25, icc=0.15, r_squared_clusters=0.6, r_squared_learners=0.3, covariates=1),
        0.3072780874,
    ),
    "random blocks, many": (
        compare.blocked_design(480, 83, effects="random", icc=0.35, effect_variation=0.10),
        0.03299954851,
    ),
    "random blocks, few": (
        compare.blocked_design(20, 83, effects="random", icc=0.35, effect_variation=0.10),
        0.1701105995,
    ),
    "constant": (compare.blocked_design(10, 50, r_squared=0.4, covariates=1), 0.1944882081),
    "three levels": (
        compare.three_level_blocked_design(
            100, 10, 69, icc_sites=0.20, icc_blocks=0.15, effect_variation_sites=0.1, effect_variation_blocks=0.1
        ),
        0.04497732997,
    ),
}


@pytest.mark.parametrize(("design", "expected"), DESIGNS.values(), ids=DESIGNS)
def test_minimum_detectable_effects(design, expected):
    assert compare.mdes(design).value == pytest.approx(expected, rel=3e-10)  # ten digits printed


@pytest.mark.parametrize(("df", "multiplier"), [(18, 2.962970708), (10, 3.107196681), (1e9, 2.801585218)])
def test_the_multiplier(df, multiplier):
    design = compare.PlannedDesign(name="x", se=1.0, df=df, n_learners=20)
    assert compare.mdes(design).value == pytest.approx(multiplier, rel=3e-9)


@pytest.mark.parametrize("method", ["multiplier", "noncentral_t"])
@pytest.mark.parametrize("design", [design for design, _ in DESIGNS.values()], ids=DESIGNS)
def test_power_at_the_minimum_detectable_effect_is_the_power_asked_for(design, method):
    size = compare.mdes(design, power=0.9, alpha=0.01, method=method).value
    assert compare.power(size, design, alpha=0.01, method=method).value == pytest.approx(0.9, rel=1e-8)
    assert compare.power(-size, design, alpha=0.01, method=method).value == pytest.approx(0.9, rel=1e-8)


def test_r_power_t_test_and_pwr():
    assert compare.power(0.5, compare.individual_design(128)).value == pytest.approx(0.801459557922, rel=1e-8)
    unequal = compare.individual_design(150, treated_share=2 / 3)
    assert compare.power(0.4, unequal).value == pytest.approx(0.630983518251, rel=1e-8)
    # power.t.test and pwr solve with uniroot to about 1e-5
    assert compare.mdes(unequal, method="noncentral_t").value == pytest.approx(0.488425217736, rel=1e-4)
    equal = compare.individual_design(400)
    assert compare.mdes(equal, method="noncentral_t").value == pytest.approx(0.280835124267, rel=1e-4)


def test_statsmodels():
    power = pytest.importorskip("statsmodels.stats.power")
    for n, d in ((20, 0.2), (200, 0.3), (51, 1.1)):
        expected = power.TTestIndPower().power(d, n, 0.05)
        assert compare.power(d, compare.individual_design(2 * n)).value == pytest.approx(expected, rel=1e-7)


def test_no_effect_is_found_with_the_level_of_the_test():
    for design, _ in DESIGNS.values():
        assert compare.power(0.0, design).value == pytest.approx(0.05, rel=1e-8)


def test_three_level_cluster_by_hand():
    design = compare.three_level_cluster_design(
        40, 3, 20, icc_clusters=0.1, icc_subclusters=0.05, r_squared_clusters=0.5, covariates=2
    )
    assert design.se == pytest.approx(math.sqrt((0.05 + 0.05 / 3 + 0.85 / 60) / 10), rel=1e-12)
    assert design.df == 36
    assert compare.blocked_design(10, 50, effects="fixed", covariates=1).df == 479


def test_r_power_prop_test():
    found = compare.power_proportions(0.7, 0.5, n_treated=100, n_comparison=100)
    assert found.value == pytest.approx(0.828109771966, rel=1e-10)
    size = compare.mdes_proportions(0.5, n_treated=100, n_comparison=100, power=found.value)
    assert size.value == pytest.approx(0.2, rel=1e-9)
    lower = compare.mdes_proportions(0.5, n_treated=100, n_comparison=100, power=found.value, direction="lower")
    assert lower.value == pytest.approx(-0.2, rel=1e-9)


def test_clusters_cost_learners():
    alone = compare.power_proportions(0.7, 0.5, n_treated=100, n_comparison=100).value
    clustered = compare.power_proportions(0.7, 0.5, n_treated=300, n_comparison=300, design_effect=3.0).value
    assert clustered == pytest.approx(alone, rel=1e-12)


def test_what_no_share_could_show_has_a_reason():
    found = compare.mdes_proportions(0.99, n_treated=20, n_comparison=20)
    assert found.value is None
    assert "Plan more learners" in found.reason
    assert compare.mdes_proportions(1.0, n_treated=20, n_comparison=20).value is None
    assert compare.power_proportions(1.0, 0.0, n_treated=20, n_comparison=20).value == 1.0


@given(st.integers(4, 2000), st.floats(0.01, 1.5))
def test_power_grows_with_learners(n, d):
    fewer, more = (compare.power(d, compare.individual_design(size)).value for size in (n, 2 * n))
    assert 0.0499 < fewer <= more + 1e-9 <= 1.0 + 1e-8


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: compare.individual_design(2), "n=2"),
        (lambda: compare.individual_design(10, covariates=8), "degrees of freedom"),
        (lambda: compare.individual_design(10, treated_share=1), "nobody to compare"),
        (lambda: compare.individual_design(10, r_squared=1), "no variance"),
        (lambda: compare.cluster_design(10, 20, icc=2), "icc=2"),
        (lambda: compare.cluster_design(10, 20, domain="math"), "achievement, other"),
        (lambda: compare.blocked_design(10, 20, effects="mixed"), "constant, fixed, random"),
        (lambda: compare.blocked_design(10, 20, icc=0.2), "effects='random'"),
        (lambda: compare.three_level_cluster_design(9, 2, 9, icc_clusters=0.6, icc_subclusters=0.5), "more than 1"),
        (lambda: compare.mdes(compare.individual_design(10), power=0.04), "not above alpha"),
        (lambda: compare.power(0.2, compare.individual_design(10), method="exact"), "noncentral_t, multiplier"),
        (lambda: compare.power(0.2, compare.individual_design(10), alpha=0), "alpha=0"),
        (lambda: compare.power_proportions(2, 0.5, n_treated=9, n_comparison=9), "p_treated=2"),
    ],
)
def test_misuse_says_what_is_accepted(call, says):
    with pytest.raises(UsageError, match=says):
        call()


def test_a_plan_travels():
    design = compare.cluster_design(20, 30, domain="achievement")
    assert design.parameters["icc"] == 0.20
    assert compare.PlannedDesign.from_dict(design.to_dict()) == design
