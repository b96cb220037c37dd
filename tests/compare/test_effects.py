"""Standardized mean differences: worked numbers, metafor and effectsize (reference/effects.R), properties."""

import math
import pickle

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from blended_standard import compare
from blended_standard.errors import UsageError

X = [12, 15, 11, 18, 20, 14, 16]
Y = [10, 9, 14, 12, 8, 11]
MEANS = {
    "mean_treated": 52, "sd_treated": 10, "n_treated": 60,
    "mean_comparison": 48, "sd_comparison": 11, "n_comparison": 55,
}  # fmt: skip
CLOSED = 1e-10  # relative; the expected values carry 12 digits


def test_the_worked_example_of_the_handbook_form():
    effect = compare.hedges_g_from_means(**MEANS)
    assert effect.value == pytest.approx(0.3787872, abs=5e-8)
    assert effect.se == pytest.approx(0.1883409, abs=5e-8)
    assert effect.parameters["omega"] == pytest.approx(0.9933481, abs=5e-8)
    assert compare.pooled_sd(10, 60, 11, 55) == pytest.approx(10.48978, abs=5e-6)
    assert compare.hedges_g_from_means(**MEANS, correction="none").value == pytest.approx(0.3813237, abs=5e-8)


def test_the_worked_options_of_the_standard_error():
    assert compare.hedges_g_from_means(**MEANS, omega_in_se=True).se == pytest.approx(0.1870881, abs=5e-8)
    assert compare.hedges_g_from_means(**MEANS, r_squared=0.5, df=113).se == pytest.approx(0.1343842, abs=5e-8)
    assert compare.hedges_g_from_means(**MEANS, r_squared=0.5).parameters["se_df"] == 113
    assert compare.hedges_g_from_means(**MEANS, covariates=2).parameters["se_df"] == 111


def test_the_example_that_baselinr_prints():
    assert compare.hedges_g([5, 6, 7], [4, 5, 6]).value == pytest.approx(0.8, rel=CLOSED)


def test_the_fixture_of_measure_eq_04():
    effect = compare.hedges_g_from_means(
        mean_treated=6.2, sd_treated=2.4, n_treated=40, mean_comparison=5.1, sd_comparison=2.2, n_comparison=38
    )
    assert effect.value == pytest.approx(0.4725, abs=5e-5)


def test_metafor_smd():
    effect = compare.hedges_g(X, Y, correction="exact")
    assert effect.value == pytest.approx(1.50465730712, rel=CLOSED)
    assert effect.se == pytest.approx(0.62976224633, rel=CLOSED)
    assert (effect.interval.low, effect.interval.high) == pytest.approx((0.270345985486, 2.73896862875), rel=CLOSED)
    assert effect.p_value == pytest.approx(0.016882965843, rel=1e-9)


def test_the_two_worked_metafor_values():
    effect = compare.hedges_g_from_means(**MEANS, correction="exact")
    assert effect.value == pytest.approx(0.37878622, abs=5e-9)
    assert effect.se == pytest.approx(0.18834093, abs=5e-9)


@pytest.mark.parametrize(
    ("equal", "se", "low", "high"),
    [
        (True, 0.749954116797, 0.272210053721, 3.21197617168),
        (False, 0.854441139731, 0.067419251917, 3.41676697348),
    ],
)
def test_metafor_smd1_and_smd1h(equal, se, low, high):
    effect = compare.glass_delta(X, Y, equal_variances=equal)
    assert effect.value == pytest.approx(1.7420931127, rel=CLOSED)
    assert effect.se == pytest.approx(se, rel=CLOSED)
    assert (effect.interval.low, effect.interval.high) == pytest.approx((low, high), rel=1e-9)


def test_the_noncentral_interval_of_cohen_d():
    effect = compare.hedges_g(X, Y, correction="none", interval="noncentral_t")
    assert effect.name == "Cohen d"
    assert effect.value == pytest.approx(1.6179810041, rel=CLOSED)
    # uniroot on R's pt, which warns that it has not full precision
    assert (effect.interval.low, effect.interval.high) == pytest.approx((0.312916174, 2.870341765), abs=2e-7)
    assert effect.p_value == pytest.approx(0.0142344227919, rel=1e-9)
    assert effect.statistic == pytest.approx(2.90821417903, rel=CLOSED)


def test_t_and_f_without_covariates_say_the_same_as_the_data():
    raw = compare.hedges_g(X, Y)
    t = 2.90821417903
    for effect in (
        compare.hedges_g_from_t(t, n_treated=7, n_comparison=6),
        compare.hedges_g_from_f(t * t, sign=1, n_treated=7, n_comparison=6),
    ):
        assert (effect.value, effect.se) == pytest.approx((raw.value, raw.se), rel=1e-10)


def test_an_adjusted_t_has_the_standard_error_of_its_own_statistic():
    effect = compare.hedges_g_from_t(2.5, n_treated=60, n_comparison=55, r=0.6)
    omega = 1 - 3 / (4 * 115 - 9)
    g = omega * 2.5 * math.sqrt(115 / (60 * 55)) * 0.8
    assert effect.value == pytest.approx(g, rel=1e-12)
    assert effect.se == pytest.approx(math.sqrt(g**2 / 2.5**2 + g**2 / (2 * 113)), rel=1e-12)
    assert compare.hedges_g_from_t(0, n_treated=60, n_comparison=55, r=0.6).value == 0


def test_a_coefficient_with_its_own_standard_error():
    effect = compare.hedges_g_from_regression(4, se=1.4, sd=10.48978, n_treated=60, n_comparison=55, covariates=1)
    g = (1 - 3 / 451) * 4 / 10.48978
    assert effect.value == pytest.approx(g, rel=1e-12)
    assert effect.se == pytest.approx(math.sqrt((1.4 / 10.48978) ** 2 + g**2 / (2 * 112)), rel=1e-12)


def gains(**options):
    return compare.difference_in_differences(
        post_mean_treated=55, post_mean_comparison=50, post_sd_treated=10, post_sd_comparison=10,
        pre_mean_treated=51, pre_mean_comparison=49, pre_sd_treated=8, pre_sd_comparison=8,
        n_treated=60, n_comparison=60, **options,
    )  # fmt: skip


def test_difference_in_differences_and_gain():
    omega = 1 - 3 / 471
    did = gains(correlation=0.7)
    assert did.value == pytest.approx(omega * (5 / 10 - 2 / 8), rel=1e-12)
    assert did.se == pytest.approx(math.sqrt(0.6 * (2 / 60) + did.value**2 / (2 * 118)), rel=1e-12)
    assert gains(form="gain").value == pytest.approx(omega * 3 / 10, rel=1e-12)
    from_t = gains(t=2.0)
    assert from_t.se == pytest.approx(math.sqrt(did.value**2 / 4 + did.value**2 / 236), rel=1e-12)
    assert from_t.parameters["correlation"] is None


numbers = st.lists(st.integers(-1000, 1000), min_size=2, max_size=30)


@given(numbers, numbers, st.floats(0.01, 100), st.integers(-10_000, 10_000))
def test_the_unit_of_the_instrument_does_not_matter(one, two, scale, shift):
    assume(len(set(one)) > 1 or len(set(two)) > 1)
    first = compare.hedges_g(one, two)
    second = compare.hedges_g([scale * v + shift for v in one], [scale * v + shift for v in two])
    assert second.value == pytest.approx(first.value, rel=1e-6, abs=1e-6)
    assert second.se == pytest.approx(first.se, rel=1e-6)


@given(numbers, numbers)
def test_swapping_the_groups_turns_the_sign(one, two):
    there, back = compare.hedges_g(one, two), compare.hedges_g(two, one)
    if there.value is None:
        assert back.reason == there.reason
    else:
        assert back.value == pytest.approx(-there.value, rel=1e-12)
        assert back.interval.low == pytest.approx(-there.interval.high, rel=1e-12)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: compare.hedges_g([1, 2, math.nan], Y), "treated has 1 missing or infinite"),
        (lambda: compare.hedges_g([[1, 2]], Y), "treated has 2 dimensions"),
        (lambda: compare.hedges_g(X, ["a", "b"]), "comparison holds something that is not a number"),
        (lambda: compare.hedges_g(X, Y, correction="j"), "approximate, exact, none"),
        (lambda: compare.hedges_g(X, Y, interval="wald"), "normal, t, noncentral_t"),
        (lambda: compare.hedges_g(X, Y, level=1), "between 0 and 1"),
        (lambda: compare.hedges_g(X, Y, level=95), "level=95"),
        (lambda: compare.hedges_g(X, Y, r_squared=1.2), "r_squared=1.2"),
        (lambda: compare.hedges_g(X, Y, covariates=11), "no degrees of freedom"),
        (lambda: compare.hedges_g(X, Y, covariates=1, interval="noncentral_t"), "unadjusted"),
        (lambda: compare.hedges_g_from_t(2, n_treated=-1, n_comparison=4), "n_treated=-1"),
        (lambda: compare.hedges_g_from_f(-2, sign=1, n_treated=5, n_comparison=4), "f=-2"),
        (lambda: compare.hedges_g_from_f(2, sign=0, n_treated=5, n_comparison=4), "sign=0"),
        (lambda: compare.hedges_g_from_means(**{**MEANS, "sd_treated": -1}), "sd_treated=-1"),
        (lambda: compare.hedges_g_from_means(**{**MEANS, "n_treated": 2.5}), "not a whole number"),
    ],
)
def test_misuse_says_what_is_accepted(call, says):
    with pytest.raises(UsageError, match=says):
        call()


@pytest.mark.parametrize(
    ("effect", "says"),
    [
        (compare.hedges_g([1], [1, 2]), "fewer than 2"),
        (compare.hedges_g([], [1, 2]), "fewer than 2"),
        (compare.hedges_g([0.1, 0.1, 0.1], [0.3, 0.3]), "standard deviation to divide"),
        (compare.glass_delta([1, 2], [0.1, 0.1, 0.1]), "no variance"),
        (compare.glass_delta([1, 2], [1, 2]), "3 in the comparison"),
        (compare.hedges_g_from_regression(1, se=1, sd=0, n_treated=5, n_comparison=5), "standard deviation to divide"),
        (compare.hedges_g_from_t(1, n_treated=5, n_comparison=5, r=1.0), "no scale"),
        (gains(t=0), "t is 0"),
    ],
)
def test_degenerate_data_gives_a_reason(effect, says):
    assert effect.value is None
    assert effect.interval is None
    assert says in effect.reason


def test_an_effect_travels():
    effect = compare.hedges_g(X, Y)
    assert pickle.loads(pickle.dumps(effect)) == effect
    assert compare.Effect.from_dict(effect.to_dict()) == effect
    assert hash(effect) == hash(compare.hedges_g(np.array(X), np.array(Y)))
    assert "Hedges g" in str(effect)
