"""Sensitivity analyses against worked examples (statistics.md, section 6), mice 3.15.0 and exact constructions."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blended_standard.compare import sensitivity as sens
from blended_standard.errors import NotEstimableError, UsageError


@pytest.mark.parametrize(
    ("arguments", "options", "value", "limit"),
    [
        (3.9, {"low": 1.8, "high": 8.7}, 7.263034344, 3.0),
        (0.80, {"low": 0.71, "high": 0.91}, 1.809016994, 1.428571429),
        (10.73, {"low": 8.02, "high": 14.36}, 20.94777373, 15.52335925),
        (3.9, {"scale": "odds_ratio", "common": True}, 3.362342481, None),
        (3.9, {"scale": "odds_ratio"}, 7.263034344, None),
        (0.56, {"scale": "hazard_ratio", "common": True}, 2.349531257, None),
        (1.5, {"scale": "hazard_ratio", "common": True}, 1.978541387, None),
        (0.25, {"scale": "smd", "se": 0.1}, 1.821775322, 1.281658362),
        (1.2, {"low": 0.9, "high": 1.6}, 1.2 + math.sqrt(0.24), 1.0),
        (1.0, {}, 1.0, None),
    ],
)
def test_e_value(arguments, options, value, limit):
    answer = sens.e_value(arguments, **options)
    assert answer.value == pytest.approx(value, rel=1e-9)
    assert answer.limit == (None if limit is None else pytest.approx(limit, rel=1e-9))


def test_e_value_conversions_and_other_null():
    assert sens.e_value(3.9, scale="odds_ratio", common=True).risk_ratio == pytest.approx(1.974841766, rel=1e-9)
    assert sens.e_value(0.56, scale="hazard_ratio", common=True).risk_ratio == pytest.approx(0.6700839517, rel=1e-9)
    assert sens.e_value(1.5, scale="hazard_ratio", common=True).risk_ratio == pytest.approx(1.323813474, rel=1e-9)
    moved = sens.e_value(2.0, low=1.5, high=3.0, null=1.25)
    assert moved.value == pytest.approx(1.6 + math.sqrt(1.6 * 0.6))
    assert moved.limit == pytest.approx(1.2 + math.sqrt(1.2 * 0.2))


@given(st.floats(0.05, 20))
def test_e_value_is_symmetric_and_at_least_the_ratio(ratio):
    answer = sens.e_value(ratio).value
    assert answer == pytest.approx(sens.e_value(1 / ratio).value)
    assert answer >= max(ratio, 1 / ratio) - 1e-12


def test_robustness_of_inference():
    answer = sens.robustness_of_inference(2, 0.4, n=100, covariates=3)
    assert answer.threshold == pytest.approx(0.7941004014, abs=1e-10)
    assert answer.percent_bias == pytest.approx(60.29497993, abs=1e-8)
    assert answer.cases == 60
    assert answer.correlation == pytest.approx(0.4564354646, abs=1e-10)
    assert answer.critical_correlation == pytest.approx(0.1995844908, abs=1e-10)
    assert answer.itcv == pytest.approx(0.3208970477, abs=1e-10)
    weak = sens.robustness_of_inference(0.4, 0.4, n=100, covariates=3)
    assert not weak.significant
    assert weak.percent_bias == pytest.approx(100 * (1 - 0.4 / 0.7941004014), abs=1e-6)
    assert weak.itcv < 0
    negative = sens.robustness_of_inference(-2, 0.4, n=100, covariates=3)
    assert negative.percent_bias == pytest.approx(answer.percent_bias)
    assert negative.itcv == pytest.approx(-answer.itcv)


def test_rosenbaum_signed_rank():
    bounds = sens.rosenbaum_bounds([3, 5, -1, 8, 2, 6, -4, 9, 7, 10])
    assert bounds.statistic == 50
    assert bounds.upper == pytest.approx([0.01091213781, 0.03848599916, 0.07472174709, 0.1515384986], abs=1e-10)
    assert bounds.lower[0] == bounds.upper[0]
    again = sens.rosenbaum_bounds([3, 5, -1, 8, 2, 6, -4, 9, 7, 10], gamma=bounds.tolerated)
    assert again.upper[0] == pytest.approx(0.05, abs=1e-10)
    less = sens.rosenbaum_bounds([-3, -5, 1, -8, -2, -6, 4, -9, -7, -10, 0], alternative="less")
    assert less.upper == pytest.approx(bounds.upper)
    assert less.dropped == 1


def test_rosenbaum_sign():
    # R: binom.test(9, 12, alternative = "greater"), pbinom(8, 12, 2/3, lower.tail = FALSE)
    bounds = sens.rosenbaum_bounds([1] * 9 + [-1] * 3 + [0] * 5, test="sign", gamma=[1, 2])
    assert bounds.upper == pytest.approx([0.072998046875, 0.393074678092206], abs=1e-12)
    assert bounds.tolerated is None
    assert "not significant" in bounds.reason


def test_oster_linear():
    answer = sens.oster_delta(0.5, 0.4, uncontrolled_r2=0.1, controlled_r2=0.4)
    assert (answer.r_max, answer.adjusted_coefficient, answer.delta) == pytest.approx((0.52, 0.36, 10))
    assert "linear" in answer.method
    none = sens.oster_delta(0.5, 0.5, uncontrolled_r2=0.1, controlled_r2=0.4)
    assert none.delta is None
    assert none.reason


@pytest.mark.parametrize("delta", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("effect", [0.0, 0.7])
def test_oster_full_estimator_recovers_selection_in_a_population(delta, effect):
    # X = a W1 + delta a W2 + e; Y = effect X + W1 + W2 + noise; W1 observed. All moments in closed form.
    s1, s2, a, ve, noise = 1.3, 0.8, 0.5, 1.1, 2.0
    var_x = a**2 * s1 + (delta * a) ** 2 * s2 + ve
    cov_xw1, cov_xw2 = a * s1, delta * a * s2
    cov_xy = effect * var_x + cov_xw1 + cov_xw2
    cov_w1y = effect * cov_xw1 + s1
    var_y = effect**2 * var_x + s1 + s2 + noise + 2 * effect * (cov_xw1 + cov_xw2)
    gram = np.array([[var_x, cov_xw1], [cov_xw1, s1]])
    slope = np.linalg.solve(gram, [cov_xy, cov_w1y])
    answer = sens.oster_delta(
        cov_xy / var_x, slope[0], uncontrolled_r2=cov_xy**2 / var_x / var_y,
        controlled_r2=float(slope @ [cov_xy, cov_w1y]) / var_y, r_max=1 - noise / var_y, target=effect,
        outcome_variance=var_y, treatment_variance=var_x, treatment_residual_variance=var_x - cov_xw1**2 / s1,
    )  # fmt: skip
    assert answer.delta == pytest.approx(delta, rel=1e-9)


def test_lee_bounds():
    outcomes = [1, 2, 3, 4, 5, 6, 7, 8, math.nan, math.nan, 2, 3, 4, 5, 6, *[math.nan] * 5]
    bounds = sens.lee_bounds(outcomes, [1] * 10 + [0] * 10)
    assert (bounds.lower.value, bounds.upper.value, bounds.naive.value) == (-1, 2, 0.5)
    assert bounds.trim_share == pytest.approx(0.375)
    assert (bounds.trimmed, bounds.trimmed_group) == (3, "treated")
    assert bounds.interval.low < -1
    assert bounds.interval.high > 2
    swapped = sens.lee_bounds(outcomes, [0] * 10 + [1] * 10)
    assert (swapped.lower.value, swapped.upper.value) == (-2, 1)
    assert swapped.lower.se == pytest.approx(bounds.upper.se)
    full = sens.lee_bounds([1, 2, 3, 2, 3, 5], [0, 0, 0, 1, 1, 1])
    assert full.lower.value == full.upper.value == full.naive.value
    assert full.lower.se == pytest.approx(full.naive.se)


def test_follow_up_bounds():
    bounds = sens.follow_up_bounds(22, 50, lost=8)
    assert (bounds.lower.value, bounds.upper.value) == pytest.approx((0.44, 0.6))
    assert bounds.observed_only.value == pytest.approx(0.5238, abs=5e-5)
    everyone = sens.follow_up_bounds(0, 5, lost=5)
    assert everyone.observed_only.value is None
    assert "unknown" in everyone.observed_only.reason


def test_rubin_worked_example():
    pooled = sens.pool_imputations([1.20, 1.35, 1.10, 1.28, 1.17], [0.40, 0.42, 0.38, 0.41, 0.39], complete_df=60)
    assert (pooled.value, pooled.within, pooled.between, pooled.total) == pytest.approx(
        (1.22, 0.1602, 0.00945, 0.17154)
    )
    assert pooled.se == pytest.approx(0.4141738765, abs=1e-10)
    assert (pooled.missing_share, pooled.relative_increase) == pytest.approx((0.06610703043, 0.07078651685), abs=1e-11)
    assert pooled.df == pytest.approx(51.21873426, abs=1e-8)
    assert pooled.fraction_missing_information == pytest.approx(0.1005561183, abs=1e-10)
    assert (pooled.interval.low, pooled.interval.high) == pytest.approx((0.3885974559, 2.051402544), abs=1e-9)
    assert pooled.p_value == pytest.approx(0.004839062305, abs=1e-12)
    many = sens.pool_imputations([1.20, 1.35, 1.10, 1.28, 1.17], [0.40, 0.42, 0.38, 0.41, 0.39])
    assert many.df == pytest.approx(915.3025951121, abs=1e-8)
    assert many.fraction_missing_information == pytest.approx(0.0681409851953286, abs=1e-12)


def test_rubin_against_mice():
    # mice 3.15.0: pool(lm(chl ~ bmi + hyp)) over 5 imputations of nhanes2 (reference/sensitivity.R)
    pooled = sens.pool_imputations(
        [2.71778459346851, 2.81356983692900, 2.05927713527478, 3.57866738884429, 2.66854830364000],
        [1.62977836125428, 2.14511003257799, 2.22320208849244, 2.02629527653836, 2.07119555980727],
        complete_df=22,
    )
    assert (pooled.value, pooled.se) == pytest.approx((2.767569451631314, 2.114566722349232), rel=1e-12)
    assert (pooled.df, pooled.p_value) == pytest.approx((18.121742898247980, 0.206953657892610), rel=1e-10)
    assert (pooled.interval.low, pooled.interval.high) == pytest.approx((-1.672832055112118, 7.207970958374746))
    assert pooled.relative_increase == pytest.approx(0.085498846431850, rel=1e-10)
    assert pooled.missing_share == pytest.approx(0.078764566828324, rel=1e-10)
    assert pooled.fraction_missing_information == pytest.approx(0.165995572111329, rel=1e-10)


def test_no_variance_between_imputations():
    pooled = sens.pool_imputations([1, 1], [0.5, 0.5], complete_df=60)
    assert pooled.df == pytest.approx(61 / 63 * 60)
    assert sens.pool_imputations([1, 1], [0.5, 0.5]).df is None


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: sens.e_value(-1), UsageError, "estimate=-1 is not accepted. Pass a finite number above 0"),
        (lambda: sens.e_value(2, low=3, high=4), UsageError, "do not enclose"),
        (lambda: sens.e_value(2, scale="beta"), UsageError, "scale='beta'"),
        (lambda: sens.e_value(2, se=0.1), UsageError, "se= is for"),
        (lambda: sens.robustness_of_inference(2, 0, n=100), UsageError, "se=0 is not accepted"),
        (lambda: sens.robustness_of_inference(2, 1, n=3, covariates=3), UsageError, "too few"),
        (lambda: sens.rosenbaum_bounds([0, 0]), NotEstimableError, "No pair differs"),
        (lambda: sens.rosenbaum_bounds([1, 2], gamma=0.5), UsageError, "gamma=0.5"),
        (lambda: sens.rosenbaum_bounds([1, 2], test="t"), UsageError, "test='t'"),
        (lambda: sens.oster_delta(1, 2, uncontrolled_r2=0.5, controlled_r2=0.4), UsageError, "0 to 1"),
        (lambda: sens.oster_delta(1, 2, uncontrolled_r2=0.1, controlled_r2=0.4, r_max=0.3), UsageError, "r_max=0.3"),
        (
            lambda: sens.oster_delta(1, 2, uncontrolled_r2=0.1, controlled_r2=0.4, outcome_variance=1),
            UsageError,
            "Pass all",
        ),
        (lambda: sens.lee_bounds([1, 2, 3], [1, 1, 0]), NotEstimableError, "comparison group has 1"),
        (lambda: sens.lee_bounds([1, 2, 3], [1, 2, 0]), UsageError, "other than 0 and 1"),
        (lambda: sens.follow_up_bounds(5, 4), UsageError, "do not fit"),
        (lambda: sens.pool_imputations([1], [1]), UsageError, "2 or more"),
        (
            lambda: sens.pool_imputations([0, 1e6], [1e-6, 1e-6], complete_df=5),
            NotEstimableError,
            "no degrees of freedom",
        ),
        (lambda: sens.pool_imputations([1, 2], [1, 0]), UsageError, "not positive"),
        (lambda: sens.pool_imputations([1, math.nan], [1, 1]), UsageError, r"estimates\[1\]"),
    ],
)
def test_misuse_says_what_is_accepted(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_results_travel():
    made = [
        sens.e_value(3.9, low=1.8, high=8.7),
        sens.robustness_of_inference(2, 0.4, n=100),
        sens.rosenbaum_bounds([1, 2, 3]),
        sens.oster_delta(0.5, 0.4, uncontrolled_r2=0.1, controlled_r2=0.4),
        sens.lee_bounds([1, 2, 3, 2, 3, 5], [0, 0, 0, 1, 1, 1]),
        sens.follow_up_bounds(22, 50, lost=8),
        sens.pool_imputations([1, 2], [0.5, 0.5]),
    ]
    for item in made:
        assert pickle.loads(pickle.dumps(item)) == item
        assert type(item).from_dict(item.to_dict()) == item
        assert len(repr(item)) <= 100
        assert str(item)
