"""Effects of clustered studies: worked numbers, the t of a multilevel analysis, properties."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blended_standard import compare
from blended_standard.errors import UsageError

SIZES = {"n_treated": 200, "n_comparison": 200, "n_clusters": 20, "icc": 0.20}


def test_the_worked_example_of_a_study_that_ignored_clusters():
    effect = compare.cluster_adjusted_g(0.30, **SIZES)
    found = effect.correction
    assert found.t_uncorrected == pytest.approx(2.983266, abs=5e-7)
    assert found.p_uncorrected == pytest.approx(0.0030275, abs=5e-8)
    assert effect.statistic == found.t_corrected == pytest.approx(1.348605, abs=5e-7)
    assert found.h == effect.df == pytest.approx(231.6576, abs=5e-5)
    assert effect.p_value == found.p_corrected == pytest.approx(0.1787808, abs=5e-8)
    assert found.gamma == pytest.approx(0.9809045, abs=5e-8)
    assert found.design_effect == pytest.approx(4.8, rel=1e-12)
    assert effect.value == pytest.approx(0.2971219, abs=5e-8)
    assert effect.se == pytest.approx(0.2195234, abs=5e-8)


def test_the_worked_example_of_a_study_that_handled_clusters():
    effect = compare.cluster_adjusted_g(0.30, **SIZES, analysis="handled", se=0.1)
    assert effect.se == pytest.approx(0.0999979, abs=5e-8)
    assert effect.statistic == pytest.approx(effect.value / effect.se, rel=1e-12)


def test_h_of_the_package_that_rounds_it():
    effect = compare.cluster_adjusted_g(0.3, n_treated=50, n_comparison=50, n_clusters=20, icc=0.1)
    assert effect.correction.h == pytest.approx(94.40288, abs=5e-6)


@pytest.mark.parametrize(("domain", "icc"), [("achievement", 0.20), ("other", 0.10)])
def test_default_intraclass_correlations(domain, icc):
    effect = compare.cluster_adjusted_g(0.3, n_treated=50, n_comparison=50, n_clusters=20, domain=domain)
    assert effect.parameters["icc"] == icc
    assert effect.parameters["icc_is_default"] is True


def test_an_effect_ignoring_clusters_from_f_or_from_its_coefficient():
    from_f = compare.cluster_adjusted_g(0.30, **SIZES, f=9.0)
    g = from_f.value
    h = from_f.correction.h
    assert from_f.se == pytest.approx(math.sqrt(g**2 / 9 * 4.8 + g**2 / (2 * h)), rel=1e-12)
    from_se = compare.cluster_adjusted_g(0.30, **SIZES, se=0.08)
    assert from_se.se == pytest.approx(math.sqrt(0.08**2 * 4.8 + g**2 / (2 * h)), rel=1e-12)


def test_without_correlation_clusters_do_not_matter():
    effect = compare.cluster_adjusted_g(0.3, n_treated=200, n_comparison=200, n_clusters=20, icc=0)
    assert effect.value == pytest.approx(0.3, rel=1e-12)
    assert effect.correction.h == pytest.approx(398, rel=1e-12)
    assert effect.p_value == pytest.approx(effect.correction.p_uncorrected, rel=1e-12)
    one = compare.cluster_adjusted_g(
        0.3, n_treated=200, n_comparison=200, n_clusters=10, icc=0, arms_clustered="treated"
    )
    assert (one.value, one.correction.h) == pytest.approx((0.3, 398), rel=1e-12)


def test_one_clustered_arm():
    effect = compare.cluster_adjusted_g(
        0.3, n_treated=100, n_comparison=100, n_clusters=10, icc=0.2, arms_clustered="treated"
    )
    assert effect.correction.gamma == pytest.approx(1 - (100 + 10 - 2) * 0.2 / 198, rel=1e-12)
    assert effect.correction.design_effect == pytest.approx(1 + (10 * 0.5 - 1) * 0.2, rel=1e-12)
    top = (198 * 0.8 + 90 * 0.2) ** 2
    assert effect.correction.h == pytest.approx(top / (198 * 0.64 + 90 * 10 * 0.04 + 2 * 90 * 0.8 * 0.2), rel=1e-12)
    assert effect.correction.upsilon is None


def test_upsilon_is_the_moment_match_of_the_between_and_within_parts():
    m, n, rho = 20, 20, 0.2
    between = 2 * ((1 + (n - 1) * rho) / n) ** 2 / (m - 2)  # variance of the variance of the cluster means
    within = 2 * ((n - 1) / n * (1 - rho)) ** 2 / (m * (n - 1))
    assert compare.upsilon_df(m, n, rho) == pytest.approx(2 / (between + within), rel=1e-12)
    effect = compare.cluster_adjusted_g(0.3, **SIZES, df_method="upsilon")
    assert effect.df == pytest.approx(compare.upsilon_df(m, n, rho), rel=1e-12)


@given(st.floats(0.001, 0.99), st.floats(-2, 2).filter(lambda g: abs(g) > 1e-6))
def test_more_correlation_never_makes_a_finding_stronger(icc, g):
    sizes = {"n_treated": 120, "n_comparison": 100, "n_clusters": 11}
    without, within = (compare.cluster_adjusted_g(g, **sizes, icc=value) for value in (0.0, icc))
    assert abs(within.value) < abs(without.value)
    assert within.p_value >= without.p_value
    assert within.correction.h <= without.correction.h + 1e-9


def test_cluster_level_effects_say_their_unit():
    treated, comparison = [52, 55, 50, 54], [49, 51, 50, 48]
    means = compare.cluster_level_g(treated, comparison)
    learners = compare.cluster_level_g(treated, comparison, cluster_size=25, icc=0.2)
    assert means.parameters["unit"] == "standard deviations of cluster means"
    factor = math.sqrt((1 + 24 * 0.2) / 25)
    assert learners.value == pytest.approx(factor * means.value, rel=1e-12)
    assert learners.se == pytest.approx(factor * means.se, rel=1e-12)
    assert learners.interval.low == pytest.approx(factor * means.interval.low, rel=1e-12)
    assert compare.cluster_level_g([1], [1, 2]).value is None


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"icc": 1.1}, "icc=1.1"),
        ({"n_clusters": 2}, "n_clusters=2"),
        ({"n_clusters": 900}, "more than the 400 learners"),
        ({"analysis": "multilevel"}, "ignored, handled"),
        ({"analysis": "handled"}, "se or f is needed"),
        ({"df_method": "upsilon", "arms_clustered": "treated"}, "two clustered arms"),
        ({"domain": "math"}, "achievement, other"),
    ],
)
def test_misuse_says_what_is_accepted(options, says):
    with pytest.raises(UsageError, match=says):
        compare.cluster_adjusted_g(0.3, **{**SIZES, **options})


def test_size_and_correlation_belong_together():
    with pytest.raises(UsageError, match="belong together"):
        compare.cluster_level_g([1, 2], [2, 3], icc=0.2)


def test_a_cluster_effect_travels():
    effect = compare.cluster_adjusted_g(0.30, **SIZES)
    assert compare.ClusterEffect.from_dict(effect.to_dict()) == effect


def test_the_factors_of_one_clustered_arm_follow_from_the_moments_of_the_variance():
    """The code of VIVECampbell has N_T - 2 where its manual and this derivation have N_T - n."""
    clusters, size, other, rho = 10, 10, 100, 0.2
    treated = clusters * size
    within, between = 1 - rho, rho  # the comparison learners have the variance within clusters only
    mean = (clusters - 1) * (within + size * between) + (treated - clusters + other - 1) * within
    variance = 2 * ((clusters - 1) * (within + size * between) ** 2 + (treated - clusters + other - 1) * within**2)
    found = compare.cluster_adjusted_g(
        0.3, n_treated=treated, n_comparison=other, n_clusters=clusters, icc=rho, arms_clustered="treated"
    ).correction
    assert found.gamma == pytest.approx(mean / (treated + other - 2), rel=1e-12)
    assert found.h == pytest.approx(2 * mean**2 / variance, rel=1e-12)
    of_means = (within + size * between) / treated + within / other
    assert found.design_effect == pytest.approx(of_means / (1 / treated + 1 / other), rel=1e-12)


def test_the_factors_of_two_clustered_arms_follow_from_the_moments_of_the_variance():
    clusters, size, rho = 20, 20, 0.2
    n = clusters * size
    parts = ((clusters - 2, 1 - rho + size * rho), (n - clusters, 1 - rho))
    mean = sum(df * variance for df, variance in parts)
    found = compare.cluster_adjusted_g(0.30, **SIZES).correction
    assert found.gamma == pytest.approx(mean / (n - 2), rel=1e-12)
    assert found.h == pytest.approx(mean**2 / sum(df * variance**2 for df, variance in parts), rel=1e-12)


def test_covariates_lower_the_df_of_the_standard_error_when_asked():
    effect = compare.cluster_adjusted_g(0.30, **SIZES, r_squared=0.5, covariates=3)
    left = effect.correction.h - 3
    assert effect.se == pytest.approx(math.sqrt(0.5 * 0.01 * 4.8 + effect.value**2 / (2 * left)), rel=1e-12)
    handled = compare.cluster_adjusted_g(0.30, **SIZES, analysis="handled", f=9.0)
    g = handled.value
    assert handled.se == pytest.approx(
        math.sqrt(g**2 / 9 * handled.correction.gamma + g**2 / (2 * handled.correction.h)), rel=1e-12
    )
