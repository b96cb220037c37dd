"""Coverage and size by simulation; a right method fails a bound about once in 10,000 runs of the suite."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binom

from blended_standard import compare
from blended_standard.compare import meta, sensitivity, survival, validity

pytestmark = pytest.mark.statistical


def within(hits: int, runs: int, target: float, slack: float = 0.0) -> bool:
    low = binom.ppf(5e-5, runs, max(target - slack, 0.0))
    high = binom.ppf(1 - 5e-5, runs, min(target + slack, 1.0))
    return low <= hits <= high


def covers(interval, truth: float) -> bool:
    return interval.low <= truth <= interval.high


def test_kaplan_meier_restricted_mean_and_median():
    # Exponential events (rate 1), uniform censoring on 0 to 3.
    rng, runs = np.random.default_rng(20260101), 1000
    survival_hits = mean_hits = median_hits = 0
    for _ in range(runs):
        event, censor = rng.exponential(size=100), rng.uniform(0, 3, 100)
        time, seen = np.minimum(event, censor), event <= censor
        fit = survival.kaplan_meier(time, seen, at=[0.7])
        survival_hits += covers(fit.curve().estimates[0].interval, math.exp(-0.7))
        median = fit.median
        median_hits += (median.low or 0) <= math.log(2) and (median.high is None or median.high >= math.log(2))
        mean = survival.restricted_mean(time, seen, until=1.5).means[0]
        mean_hits += covers(mean.interval, 1 - math.exp(-1.5))
    # Asymptotic intervals at n = 100: one percentage point of slack, two for the mean.
    assert within(survival_hits, runs, 0.95, 0.01)
    assert within(median_hits, runs, 0.95, 0.015)
    assert within(mean_hits, runs, 0.95, 0.02)


@pytest.mark.parametrize("variance", ["aalen", "delta", "infinitesimal_jackknife"])
def test_cumulative_incidence(variance):
    # Causes with rates .6 and .4: F1(t) = .6 (1 - exp(-t)).
    rng, runs, hits = np.random.default_rng(7), 1000, 0
    for _ in range(runs):
        event, censor = rng.exponential(size=120), rng.uniform(0, 4, 120)
        cause = np.where(event <= censor, rng.choice([1, 2], 120, p=[0.6, 0.4]), 0)
        fit = survival.cumulative_incidence(np.minimum(event, censor), cause, at=[1.0], variance=variance)
        hits += covers(fit.curve(1).estimates[0].interval, 0.6 * (1 - math.exp(-1)))
    assert within(hits, runs, 0.95, 0.01)


def test_size_of_log_rank_and_gray():
    rng, runs = np.random.default_rng(11), 1000
    log_rank = gray = 0
    for _ in range(runs):
        event, censor = rng.exponential(size=100), rng.uniform(0, 3, 100)
        time = np.round(np.minimum(event, censor), 2)
        cause = np.where(event <= censor, rng.choice([1, 2], 100), 0)
        arm = np.repeat(["a", "b"], 50)
        log_rank += survival.log_rank(time, cause > 0, arm).p_value < 0.05
        gray += survival.gray_test(time, cause, arm).cause(1).p_value < 0.05
    assert within(log_rank, runs, 0.05, 0.01)
    assert within(gray, runs, 0.05, 0.01)


def test_cox_interval():
    rng, runs, hits = np.random.default_rng(13), 600, 0
    for _ in range(runs):
        x = rng.normal(size=120)
        event, censor = rng.exponential(size=120) / np.exp(0.5 * x), rng.uniform(0, 3, 120)
        fit = survival.proportional_hazards(np.minimum(event, censor), event <= censor, covariates=x)
        hits += covers(fit.coefficients[0].interval, 0.5)
    assert within(hits, runs, 0.95, 0.01)


def test_meta_analysis_intervals():
    # Eight unequal studies with heterogeneity: z intervals are known to be short, Knapp-Hartung and Q-profile are not.
    rng, runs = np.random.default_rng(17), 1000
    z_hits = knapp = profile = prediction = 0
    for _ in range(runs):
        errors = rng.uniform(0.1, 0.4, 8)
        effects = rng.normal(0.3, np.sqrt(errors**2 + 0.05))
        fit = meta.meta_analysis(effects, errors, test="knha")
        knapp += covers(fit.interval, 0.3)
        profile += covers(fit.tau2_interval, 0.05)
        prediction += covers(fit.prediction_interval, rng.normal(0.3, math.sqrt(0.05)))
        z_hits += covers(meta.meta_analysis(effects, errors).interval, 0.3)
    assert within(knapp, runs, 0.95, 0.01)
    assert within(profile, runs, 0.95, 0.005)
    # Prediction intervals from few studies are known to be short (Partlett and Riley 2017): tau2 is often 0.
    assert 0.80 * runs < prediction < 0.97 * runs
    assert z_hits < knapp


def test_robust_interval_with_few_clusters():
    rng, runs, hits = np.random.default_rng(19), 200, 0
    cluster = np.repeat(np.arange(12), 4)
    for _ in range(runs):
        errors = rng.uniform(0.1, 0.4, 48)
        effects = 0.2 + rng.normal(0, 0.3, 12)[cluster] + rng.normal(0, np.sqrt(errors**2 + 0.02))
        fit = meta.robust_meta_analysis(effects, errors, clusters=cluster)
        hits += covers(fit.coefficients[0].interval, 0.2)
    assert within(hits, runs, 0.95, 0.015)


def test_lee_bounds_standard_error():
    # All treated with y > -0.5 stay in both arms; those below stay only when treated.
    rng, runs = np.random.default_rng(23), 1500
    values, errors, hits = [], [], 0
    for _ in range(runs):
        arm = np.repeat([1, 0], 200)
        latent = rng.normal(size=400)
        outcomes = latent + 0.4 * arm
        stay = np.where(arm == 1, latent > -1.0, latent > -0.5)
        bounds = sensitivity.lee_bounds(np.where(stay, outcomes, np.nan), arm)
        values.append(bounds.upper.value)
        errors.append(bounds.upper.se)
        hits += covers(bounds.interval, 0.4)
    # The spread of 1,500 values is known to 1/sqrt(3000) = 2 %: four of these.
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.08)
    # The effect is at the upper bound here, the least favorable place.
    assert within(hits, runs, 0.95, 0.015)


def test_delong_interval():
    rng, runs, hits = np.random.default_rng(29), 1500, 0
    truth = 0.5 * (1 + math.erf(1 / 2))
    y = np.repeat([0, 1], [60, 60])
    for _ in range(runs):
        score = rng.normal(size=120) + y
        hits += covers(validity.auc(y, score).interval, truth)
    assert within(hits, runs, 0.95, 0.015)


def test_out_of_sample_gain_error():
    # The reported error of the gain in R2 against the spread of the gain over samples.
    rng, runs = np.random.default_rng(31), 300
    values, errors = [], []
    for _ in range(runs):
        x, z = rng.normal(size=(2, 200))
        fit = validity.incremental_validity(0.5 * x + 0.4 * z + rng.normal(size=200), x, z, repeats=1)
        gain = fit.increment("r2").difference
        values.append(gain.value)
        errors.append(gain.se)
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.2)


def test_firth_interval_bias_and_size():
    # Some 8 events in 40 rows, where maximum likelihood overstates and often has no estimate.
    rng, runs, truth = np.random.default_rng(20260111), 800, 1.0
    covered = rejected = 0
    estimates = []
    for _ in range(runs):
        x = rng.normal(size=(40, 2))
        y = rng.random(40) < 1 / (1 + np.exp(1.7 - truth * x[:, 0]))
        fit = compare.firth_logistic(y, x)
        estimates.append(fit.coefficients[1])
        covered += fit.low[1] <= truth <= fit.high[1]
        rejected += fit.p_values[2] < 0.05
    assert within(covered, runs, 0.95, 0.02)
    assert within(rejected, runs, 0.05, 0.02)
    assert abs(np.mean(estimates) - truth) < 0.05 + 4 * np.std(estimates) / math.sqrt(runs)
