"""Recovery of known item parameters: bias, calibration of standard errors, coverage, by simulation with seeds.

Bounds are such that a right method fails about once in 10,000 runs: binomial or normal quantiles, stated at each.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, chi2, norm

from blended_standard.scoring import irt
from tests.scoring.irt.tables import simulate

pytestmark = pytest.mark.statistical

A = np.array([0.8, 1.0, 1.2, 1.4, 1.6, 1.0, 1.3, 0.9, 1.5, 1.1])
B = np.linspace(-1.5, 1.5, 10)
RUNS = 200


def standardized(estimates: np.ndarray, errors: np.ndarray, truth: np.ndarray) -> np.ndarray:
    return (estimates - truth) / errors


def assert_covers(z: np.ndarray) -> None:
    """Check 95 percent intervals parameter by parameter: each between the 1e-5 binomial quantiles."""
    hits = (np.abs(z) < 1.96).sum(axis=0)
    low, high = binom.interval(1 - 2e-5, len(z), 0.95)
    assert np.all((hits >= low) & (hits <= high)), hits


def assert_right_size(z: np.ndarray) -> None:
    """Check that standard errors are those of repeated samples: mean square of z over all parameters near 1.

    Parameters of one run are correlated, so the bound counts runs only; the skew of slopes in samples of 1,000
    widens it by a tenth.
    """
    low, high = chi2.ppf([5e-5, 1 - 5e-5], len(z)) / len(z)
    assert low * 0.9 < np.mean(z**2) < high * 1.1


def test_two_parameter() -> None:
    rng = np.random.default_rng(20261124)
    slopes, thresholds = [], []
    for _ in range(RUNS):
        fit = irt.fit(simulate(rng, rng.normal(size=1000), A, B), "2pl")
        assert fit.converged
        errors = [(e.slope_se, e.threshold_se[0]) for e in fit.estimates]
        slope_se, threshold_se = np.array(errors, dtype=float).T
        slopes.append(standardized(fit.items.slope, slope_se, A))
        thresholds.append(standardized(fit.items.location, threshold_se, B))
    for z in (np.array(slopes), np.array(thresholds)):
        assert_covers(z)
        assert_right_size(z)
        # bias below 0.3 standard errors: finite-sample bias of slopes is about +0.1
        assert np.all(np.abs(z.mean(axis=0)) < 0.3 + norm.ppf(1 - 1e-5) / np.sqrt(RUNS))


@pytest.mark.parametrize("method", ["louis", "cross_product", "sandwich"])
def test_every_kind_of_standard_error_covers(method: str) -> None:
    rng = np.random.default_rng(7)
    z = []
    for _ in range(RUNS):
        fit = irt.fit(simulate(rng, rng.normal(size=1500), A[:6], B[2:8]), "2pl", se_method=method)
        d = np.array([e.intercepts[0] for e in fit.estimates])
        z.append(standardized(d, np.array([e.intercept_se[0] for e in fit.estimates], dtype=float), -A[:6] * B[2:8]))
    assert_covers(np.array(z))
    assert_right_size(np.array(z))


def test_rasch_variance_and_groups_with_linked_forms() -> None:
    rng = np.random.default_rng(11)
    group = np.repeat(["a", "b"], 500)
    z = []
    for _ in range(RUNS):
        theta = np.concatenate([1.2 * rng.normal(size=500), 0.5 + 0.8 * rng.normal(size=500)])
        data = simulate(rng, theta, np.ones(10), B).astype(float)
        data[:500, 7:], data[500:, :3] = np.nan, np.nan
        fit = irt.fit(data, "rasch", groups=group)
        first, second = fit.groups
        assert first.variance_se is not None
        assert second.mean_se is not None
        assert second.variance_se is not None
        z.append(
            [
                (first.variance - 1.44) / first.variance_se,
                (second.mean - 0.5) / second.mean_se,
                (second.variance - 0.64) / second.variance_se,
            ]
        )
    assert_covers(np.array(z))
    assert_right_size(np.array(z))


@pytest.mark.parametrize("model", ["graded", "gpcm"])
def test_polytomous(model: str) -> None:
    rng = np.random.default_rng(13)
    steps = [[-1.2, 0.0, 1.0], [-0.8, 0.3, 1.4], [-1.5, -0.4, 0.6], [-0.5, 0.5, 1.2], [-1.0, 0.1, 0.9]]
    truth = irt.item_parameters([1.0, 1.4, 0.8, 1.7, 1.2], steps, model=model)
    z = []
    for _ in range(RUNS):
        p = irt.probability(truth, rng.normal(size=1000)).probability
        data = (rng.random((*p.shape[:2], 1)) > np.cumsum(p, axis=2)).sum(axis=2)
        fit = irt.fit(data, model)
        errors = np.array([[e.slope_se, *e.threshold_se] for e in fit.estimates], dtype=float)
        found = np.column_stack([fit.items.slope, np.array(fit.items.thresholds)])
        expected = np.column_stack([truth.slope, np.array(truth.thresholds)])
        z.append(standardized(found, errors, expected).ravel())
    assert_covers(np.array(z))
    assert_right_size(np.array(z))


def test_three_parameter_recovers_with_its_prior() -> None:
    rng = np.random.default_rng(17)
    a, b = np.linspace(0.9, 1.8, 20), np.linspace(-1.5, 1.8, 20)
    chance = 0.25 + 0.75 / (1 + np.exp(-a * (rng.normal(size=(8000, 1)) - b)))
    fit = irt.fit((rng.random(chance.shape) < chance).astype(int), "3pl")
    assert fit.converged
    assert np.sqrt(np.mean((fit.items.slope - a) ** 2)) < 0.2
    assert np.sqrt(np.mean((fit.items.location - b) ** 2)) < 0.2
    assert np.sqrt(np.mean((fit.items.guessing - 0.25) ** 2)) < 0.06


def test_ability_intervals_cover() -> None:
    rng = np.random.default_rng(19)
    items = irt.item_parameters(np.tile(A, 3), np.tile(B, 3))
    theta = rng.normal(size=20_000)
    data = simulate(rng, theta, items.slope, items.location)
    eap = irt.score(data, items)
    hits = int((np.abs(eap.theta - theta) < 1.96 * eap.se).sum())
    # posterior intervals cover exactly under the prior, up to the normal shape of the posterior (half a point)
    low, high = binom.interval(0.9999, len(theta), 0.95)
    assert low - 100 <= hits <= high + 100
    wle = irt.score(data, items, method="wle")
    inner = np.abs(theta) < 1.5
    assert abs(float(np.mean(wle.theta[inner] - theta[inner]))) < 0.02
