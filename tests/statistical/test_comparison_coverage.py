"""Coverage of the intervals of the comparison module by seeded simulation: 95 % within Monte Carlo error."""

from __future__ import annotations

import numpy as np
import pytest

from blended_standard import compare

pytestmark = pytest.mark.statistical

RUNS = 600
# Four Monte Carlo errors of a coverage of .95 in 600 runs.
SLACK = 4 * np.sqrt(0.95 * 0.05 / RUNS)


def share(hits):
    return float(np.mean(hits))


def test_cr2_covers_with_twelve_unequal_clusters():
    rng = np.random.default_rng(21)
    sizes = np.array([4, 4, 6, 8, 10, 12, 14, 20, 25, 30, 40, 60])
    site = np.repeat(np.arange(12), sizes)
    hits, naive = [], []
    for _ in range(RUNS):
        treated = rng.permutation(np.repeat([0.0, 1.0], 6))[site]
        y = 0.3 * treated + 0.6 * rng.normal(size=12)[site] + rng.normal(size=site.size)
        for se, found in (("CR2", hits), ("HC2", naive)):
            fit = compare.least_squares(y, treated, clusters=site if se == "CR2" else None, se=se)
            interval = fit.coefficient("x1").interval
            found.append(interval.low <= 0.3 <= interval.high)
    assert share(hits) > 0.95 - SLACK
    assert share(naive) < 0.8


def test_doubly_robust_interval_covers():
    rng = np.random.default_rng(22)
    hits = []
    for _ in range(RUNS):
        x = rng.normal(size=(500, 2))
        t = (rng.random(500) < 1 / (1 + np.exp(-0.7 * x[:, 0]))).astype(float)
        y = 0.5 * t + x @ [1.0, -0.5] + rng.normal(size=500)
        interval = compare.doubly_robust(y, t, covariates=x).interval
        hits.append(interval.low <= 0.5 <= interval.high)
    assert abs(share(hits) - 0.95) < SLACK + 0.01


def test_mixed_model_intervals_cover():
    rng = np.random.default_rng(23)
    site = np.repeat(np.arange(20), 15)
    fixed, variance, effects, predictions = [], [], [], []
    for _ in range(RUNS):
        u = 0.5 * rng.normal(size=20)
        practice = rng.normal(size=20)[site]
        y = 1 + 0.4 * practice + u[site] + rng.normal(size=site.size)
        fit = compare.random_intercept(y, site, covariates={"practice": practice})
        interval = fit.coefficient("practice").interval
        fixed.append(interval.low <= 0.4 <= interval.high)
        between = fit.variance_between_interval
        variance.append(between.low <= 0.25 <= between.high)
        gap = np.abs(fit.effects[:, 0] - u)
        effects.append(np.mean(gap <= 1.96 * np.sqrt(fit.effect_covariances[:, 0, 0])))
        predictions.append(np.mean(gap <= 1.96 * np.sqrt(fit.prediction_covariances[:, 0, 0])))
    assert abs(share(fixed) - 0.95) < SLACK + 0.01
    assert abs(share(variance) - 0.95) < SLACK + 0.02
    assert share(effects) < share(predictions)
    assert abs(share(predictions) - 0.95) < 0.03


def test_cluster_bootstrap_covers_with_sixty_clusters():
    rng = np.random.default_rng(24)
    site = np.repeat(np.arange(60), 10)
    treated = (site % 2).astype(float)
    hits = []
    for run in range(RUNS):
        y = 0.2 * treated + 0.4 * rng.normal(size=60)[site] + rng.normal(size=site.size)
        interval = compare.bootstrap_contrast(y, treated, clusters=site, draws=500, seed=run).interval
        hits.append(interval.low <= 0.2 <= interval.high)
    assert abs(share(hits) - 0.94) < SLACK + 0.01
