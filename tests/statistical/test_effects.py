"""Do the intervals of effects cover, and do the tests keep their size? Seeded simulation.

A bound on a count is one that a right method breaks once in 10,000 runs.
"""

import numpy as np
import pytest
from scipy import stats

from blended_standard import compare

pytestmark = pytest.mark.statistical

RUNS = 2000


def expected_hits(share, runs=RUNS, slack=0.0):
    low, _ = stats.binom.interval(0.9999, runs, share - slack)
    _, high = stats.binom.interval(0.9999, runs, share + slack)
    return low, high


def covers(interval, truth):
    return interval.low <= truth <= interval.high


@pytest.mark.parametrize(("truth", "sizes"), [(0.0, (12, 15)), (0.5, (20, 30)), (1.2, (8, 9))])
def test_the_noncentral_interval_covers_exactly(truth, sizes):
    rng = np.random.default_rng(20260101)
    hits = 0
    for _ in range(RUNS):
        one, two = rng.normal(truth, 1, sizes[0]), rng.normal(0, 1, sizes[1])
        hits += covers(compare.hedges_g(one, two, interval="noncentral_t").interval, truth)
    low, high = expected_hits(0.95)
    assert low <= hits <= high


@pytest.mark.parametrize("interval", ["normal", "t"])
@pytest.mark.parametrize("truth", [0.0, 0.4])
def test_the_interval_of_hedges_g_covers_to_one_point(interval, truth):
    rng = np.random.default_rng(20260102)
    hits, values = 0, []
    for _ in range(RUNS):
        effect = compare.hedges_g(rng.normal(truth, 1, 40), rng.normal(0, 1, 50), interval=interval)
        hits += covers(effect.interval, truth)
        values.append(effect.value)
    low, high = expected_hits(0.95, slack=0.01)
    assert low <= hits <= high
    assert np.mean(values) == pytest.approx(truth, abs=4 * np.std(values) / RUNS**0.5)


def test_glass_delta_covers_when_the_variances_differ():
    rng = np.random.default_rng(20260103)
    hits = sum(
        covers(compare.glass_delta(rng.normal(1.0, 4, 60), rng.normal(0, 2, 60)).interval, 0.5) for _ in range(RUNS)
    )
    low, high = expected_hits(0.95, slack=0.01)
    assert low <= hits <= high


@pytest.mark.parametrize(("p", "n"), [((0.6, 0.45), (60, 80)), ((0.1, 0.05), (50, 40)), ((0.9, 0.9), (30, 200))])
def test_newcombe_covers_on_average(p, n):
    rng = np.random.default_rng(20260104)
    one, two = rng.binomial(n[0], p[0], RUNS), rng.binomial(n[1], p[1], RUNS)
    hits = sum(
        covers(compare.risk_difference(a, n[0], b, n[1]).interval, p[0] - p[1])
        for a, b in zip(one.tolist(), two.tolist(), strict=True)
    )
    low, high = expected_hits(0.955, slack=0.015)  # discrete data: it covers a little more than 95 percent
    assert low <= hits <= high


@pytest.mark.parametrize("p", [0.02, 0.3, 0.5])
def test_wilson_covers_exactly_as_the_binomial_says(p):
    """No simulation: the coverage summed over all outcomes stays near 0.95 (Brown, Cai and DasGupta 2001)."""
    n = 80
    covered = [covers(compare.proportion(k, n).interval, p) for k in range(n + 1)]
    assert 0.92 < float(np.dot(stats.binom.pmf(np.arange(n + 1), n, p), covered)) < 0.985


def test_ratios_and_the_cox_index_cover():
    rng = np.random.default_rng(20260105)
    n, p = (150, 120), (0.55, 0.4)
    truth = {
        compare.risk_ratio: p[0] / p[1],
        compare.odds_ratio: (p[0] / (1 - p[0])) / (p[1] / (1 - p[1])),
    }
    truth[compare.cox_index_from_counts] = np.log(truth[compare.odds_ratio]) / 1.65
    hits = dict.fromkeys(truth, 0)
    for a, b in zip(rng.binomial(n[0], p[0], RUNS).tolist(), rng.binomial(n[1], p[1], RUNS).tolist(), strict=True):
        for function, value in truth.items():
            hits[function] += covers(function(a, n[0], b, n[1]).interval, value)
    low, high = expected_hits(0.95, slack=0.01)
    for count in hits.values():
        assert low <= count <= high


@pytest.mark.parametrize("icc", [0.05, 0.2])
def test_the_corrected_t_keeps_its_size_where_the_plain_t_does_not(icc):
    rng = np.random.default_rng(20260106)
    clusters, size = 24, 15
    corrected = plain = 0
    for _ in range(RUNS):
        between = np.repeat(rng.normal(0, icc**0.5, clusters), size)
        y = between + rng.normal(0, (1 - icc) ** 0.5, clusters * size)
        half = clusters * size // 2
        g = compare.hedges_g(y[:half], y[half:]).value
        effect = compare.cluster_adjusted_g(g, n_treated=half, n_comparison=half, n_clusters=clusters, icc=icc)
        corrected += effect.p_value < 0.05
        plain += effect.correction.p_uncorrected < 0.05
    low, high = expected_hits(0.05, slack=0.01)
    assert low <= corrected <= high
    assert plain > 2 * corrected


def test_benjamini_hochberg_keeps_the_false_discovery_rate():
    rng = np.random.default_rng(20260107)
    shares = []
    for _ in range(RUNS):
        z = rng.normal(0, 1, 20)
        z[:8] += 3.0
        found = np.array(compare.benjamini_hochberg(2 * stats.norm.sf(abs(z))).significant)
        shares.append(found[8:].sum() / max(found.sum(), 1))
    exact = 0.05 * 12 / 20
    assert np.mean(shares) == pytest.approx(exact, abs=4 * np.std(shares) / RUNS**0.5)


def test_planned_power_is_the_power_that_comes():
    rng = np.random.default_rng(20260108)
    planned = compare.power(0.45, compare.individual_design(120, treated_share=1 / 3)).value
    hits = sum(stats.ttest_ind(rng.normal(0.45, 1, 40), rng.normal(0, 1, 80)).pvalue < 0.05 for _ in range(RUNS))
    low, high = expected_hits(planned)
    assert low <= hits <= high


def test_planned_power_of_clusters_is_the_power_of_a_test_on_cluster_means():
    rng = np.random.default_rng(20260109)
    icc, size, clusters, effect = 0.15, 20, 30, 0.5
    planned = compare.power(effect, compare.cluster_design(clusters, size, icc=icc)).value
    sd = (icc + (1 - icc) / size) ** 0.5
    hits = sum(stats.ttest_ind(rng.normal(effect, sd, 15), rng.normal(0, sd, 15)).pvalue < 0.05 for _ in range(RUNS))
    low, high = expected_hits(planned)
    assert low <= hits <= high


def test_planned_power_of_two_shares_is_close_to_the_power_that_comes():
    rng = np.random.default_rng(20260110)
    planned = compare.power_proportions(0.65, 0.5, n_treated=150, n_comparison=150).value
    one, two = rng.binomial(150, 0.65, RUNS), rng.binomial(150, 0.5, RUNS)
    hits = sum(
        compare.risk_difference(a, 150, b, 150).p_value < 0.05 for a, b in zip(one.tolist(), two.tolist(), strict=True)
    )
    low, high = expected_hits(planned, slack=0.02)  # normal approximation of discrete data
    assert low <= hits <= high


@pytest.mark.parametrize(("boundary", "alpha"), [("cautious", (0.20, 0.15)), ("optimistic", (0.075, 0.050))])
def test_the_attrition_model_is_the_bias_of_leavers(boundary, alpha):
    rng = np.random.default_rng(20260111)
    overall, apart, n = 0.30, 0.10, 1_000_000
    means = []
    for share, correlation in ((1 - overall - apart / 2, alpha[0]), (1 - overall + apart / 2, alpha[1])):
        propensity = rng.normal(0, 1, n)
        outcome = correlation**0.5 * propensity + (1 - correlation) ** 0.5 * rng.normal(0, 1, n)
        means.append(outcome[propensity > stats.norm.ppf(1 - share)].mean())
    assert compare.attrition_bias(overall, apart, boundary=boundary) == pytest.approx(means[0] - means[1], abs=0.008)
