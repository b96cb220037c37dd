"""Do the standard errors and intervals of scoring hold what they say? Seeded simulations.

Bounds: a right method falls outside them about once in 10,000 runs; where a method is only asymptotic the slack is
stated beside it.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from blended_standard.scoring import bkt, dif, mastery, raters, reliability, standards

pytestmark = pytest.mark.statistical


def holds(hits, runs, *, slack=0.0):
    low, high = stats.binom.interval(0.9999, runs, 0.95)
    return low - slack * runs <= hits <= high + slack * runs


def inside(interval, truth):
    return interval.low <= truth <= interval.high


def test_interval_of_the_mean_and_the_decaying_average():
    rng = np.random.default_rng(1)
    runs = 2000
    plain = decayed = 0
    for _ in range(runs):
        scores = rng.normal(2.5, 0.7, 6)
        plain += inside(mastery.mean(scores).interval, 2.5)
        decayed += inside(mastery.decaying_average(scores).interval, 2.5)
    assert holds(plain, runs)
    # conservative: the newest score sits in both the value and the spread, so the two move together
    assert stats.binom.interval(0.9999, runs, 0.95)[0] <= decayed <= 0.99 * runs


def test_posterior_is_calibrated_under_its_own_prior():
    rng = np.random.default_rng(2)
    runs = 4000
    rates = rng.beta(2, 2, runs)
    right = rng.binomial(12, rates)
    found = [mastery.beta_binomial(int(k), 12, cut=0.6, prior=(2, 2)) for k in right]
    assert holds(sum(inside(one.interval, rate) for one, rate in zip(found, rates, strict=True)), runs)
    chance = np.array([one.probability for one in found])
    error = np.sqrt((chance * (1 - chance)).sum()) / runs
    assert abs(np.mean(rates >= 0.6) - chance.mean()) < 4 * error


def test_interval_of_kappa():
    rng = np.random.default_rng(3)
    shares = np.array([[0.30, 0.05, 0.02], [0.04, 0.24, 0.06], [0.01, 0.05, 0.23]])
    truth = raters.cohen_kappa(shares * 1e6, weights="quadratic").value
    runs = 1500
    tables = rng.multinomial(200, shares.ravel(), runs).reshape(runs, 3, 3)
    hits = sum(inside(raters.cohen_kappa(table, weights="quadratic").interval, truth) for table in tables)
    assert holds(hits, runs, slack=0.015)  # normal approximation at n = 200


def test_interval_of_alpha_and_of_the_intraclass_correlation():
    rng = np.random.default_rng(4)
    runs = 1000
    one, mean = 0, 0
    for _ in range(runs):
        table = rng.normal(size=(40, 1)) + rng.normal(size=(40, 4))
        found = raters.intraclass_correlation(table)
        one += inside(found.icc3.interval, 0.5)
        mean += inside(reliability.alpha(table).interval, 0.8)
    assert holds(one, runs)
    assert holds(mean, runs)


def test_standard_error_of_alpha():
    rng = np.random.default_rng(5)
    found = [reliability.alpha(rng.normal(size=(200, 1)) + rng.normal(size=(200, 5))) for _ in range(800)]
    spread = np.std([one.value for one in found])
    assert np.mean([one.se for one in found]) == pytest.approx(spread, rel=0.12)  # spread itself has 2.5 % error


def test_bootstrap_of_krippendorff():
    rng = np.random.default_rng(6)
    values, errors = [], []
    for seed in range(200):
        truth = rng.integers(0, 4, (80, 1))
        table = np.where(rng.random((80, 3)) < 0.7, truth, rng.integers(0, 4, (80, 3)))
        found = raters.krippendorff_alpha(table, resamples=300, seed=seed)
        values.append(found.value)
        errors.append(found.se)
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.2)


def test_severities_of_a_facet_model():
    rng = np.random.default_rng(7)
    truth = np.array([-0.7, 0.0, 0.7])
    scaled = []
    for _ in range(60):
        ability = rng.normal(0, 1, 150)
        learner, rater = np.repeat(np.arange(150), 3), np.tile(np.arange(3), 150)
        logits = (ability[learner] - truth[rater])[:, None] * np.arange(3) - np.array([0, -0.8, 0])
        masses = np.exp(logits)
        masses /= masses.sum(axis=1, keepdims=True)
        score = (rng.random(450)[:, None] > masses.cumsum(axis=1)).sum(axis=1)
        fit = raters.many_facet_rasch(learner, rater, score)
        scaled.append((fit.raters.measure - truth) / fit.raters.se)
    scaled = np.array(scaled)
    assert np.abs(scaled.mean(axis=0)).max() < 4 / np.sqrt(60)
    assert scaled.std(axis=0) == pytest.approx(1, abs=0.35)


def test_standard_errors_of_knowledge_tracing():
    rng = np.random.default_rng(8)
    truth = np.array([0.3, 0.2, 0.1, 0.2])
    scaled = []
    for _ in range(80):
        moves = np.concatenate([rng.random((600, 1)) < 0.3, rng.random((600, 9)) < 0.2], axis=1)
        known = np.cumsum(moves, axis=1) > 0
        found = bkt.fit((rng.random((600, 10)) < np.where(known, 0.9, 0.2)).astype(int), starts=2)
        scaled.append((found.estimates[0, :4] - truth) / found.errors[0, :4])
    scaled = np.array(scaled)
    assert np.abs(scaled.mean(axis=0)).max() < 0.5
    assert scaled.std(axis=0) == pytest.approx(1, abs=0.3)


def test_interval_of_a_regression_cut():
    rng = np.random.default_rng(9)
    runs = 1500
    hits = 0
    for _ in range(runs):
        grades = rng.integers(1, 6, 40)
        scores = 30 + 10 * grades + rng.normal(0, 5, 40)
        hits += inside(standards.borderline_group(scores, grades, borderline=2).interval, 50)
    assert holds(hits, runs)


def test_size_of_mantel_and_the_standard_error_of_its_difference():
    rng, runs = np.random.default_rng(11), 2000
    shares, sizes = (
        np.array([[0.5, 0.3, 0.2], [0.3, 0.4, 0.3], [0.1, 0.3, 0.6]]),
        np.array([[30, 12], [40, 25], [15, 30]]),
    )
    found = []
    for _ in range(runs):
        tables = [[rng.multinomial(n, share) for n in pair] for share, pair in zip(shares, sizes, strict=True)]
        found.append(dif.mantel_table(tables))
    assert holds(sum(one.p_value >= 0.05 for one in found), runs, slack=0.005)
    assert holds(sum(abs(one.mean_difference) < 1.96 * one.mean_difference_se for one in found), runs, slack=0.01)
