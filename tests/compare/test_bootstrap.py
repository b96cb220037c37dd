"""The bootstrap from sums against closed forms of the bootstrap variance and against plain resampling."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from blended_standard.compare import bootstrap_contrast
from blended_standard.errors import NotEstimableError, UsageError

RNG = np.random.default_rng(8)
T = np.repeat([1.0, 0.0], 3000)
Y = RNG.gamma(2.0, size=6000) + 0.2 * T
SITE = np.repeat(np.arange(60), 100)


def closed_form(y, treatment):
    """The exact bootstrap SE of a difference of means drawn within arms."""
    return np.sqrt(sum(y[treatment == arm].var() / (treatment == arm).sum() for arm in (0, 1)))


@pytest.mark.parametrize("y", [Y, np.round(Y), (Y > 2).astype(float)], ids=["continuous", "counts", "binary"])
def test_rows_have_the_exact_bootstrap_variance(y):
    found = bootstrap_contrast(y, T)
    # The Monte Carlo error of an SE from 10,000 draws is 0.7 %; four of them.
    assert found.se == pytest.approx(closed_form(y, T), rel=0.03)
    assert abs(found.bias) < 4 * found.se / np.sqrt(10_000)
    assert found.value == pytest.approx(y[T == 1].mean() - y[T == 0].mean())


def test_clusters_agree_with_plain_resampling():
    found = bootstrap_contrast(Y, T, clusters=SITE, draws=20_000)
    rng = np.random.default_rng(1)
    means = np.array([Y[site == SITE].mean() for site in range(60)])
    plain = [means[rng.integers(0, 30, 30)].mean() - means[30 + rng.integers(0, 30, 30)].mean() for _ in range(20_000)]
    assert found.se == pytest.approx(np.std(plain), rel=0.03)
    np.testing.assert_allclose(
        [found.interval.low, found.interval.high], np.quantile(plain, [0.025, 0.975]), atol=0.003
    )
    assert "clusters within arms" in found.method


def test_clusters_that_hold_both_arms_are_drawn_whole():
    mixed = np.tile(np.arange(60), 100)
    found = bootstrap_contrast(Y, T, clusters=mixed, draws=5000)
    gaps = [Y[(mixed == site) & (T == 1)].mean() - Y[(mixed == site) & (T == 0)].mean() for site in range(60)]
    assert found.se == pytest.approx(np.std(gaps) / np.sqrt(60), rel=0.05)


def test_other_statistics_and_intervals():
    ratio = bootstrap_contrast(Y, T, statistic="ratio", draws=2000)
    assert ratio.value == pytest.approx(Y[T == 1].mean() / Y[T == 0].mean())
    d = bootstrap_contrast(Y, T, statistic="standardized", draws=4000)
    pooled = np.sqrt((Y[T == 1].var(ddof=1) + Y[T == 0].var(ddof=1)) / 2)
    assert d.value == pytest.approx((Y[T == 1].mean() - Y[T == 0].mean()) / pooled)
    basic = bootstrap_contrast(Y, T, interval="basic", draws=2000)
    percentile = bootstrap_contrast(Y, T, draws=2000)
    assert basic.interval.low == pytest.approx(2 * basic.value - percentile.interval.high)


def test_the_seed_decides():
    assert bootstrap_contrast(Y, T, draws=200) == bootstrap_contrast(Y, T, draws=200)
    assert bootstrap_contrast(Y, T, draws=200, seed=2) != bootstrap_contrast(Y, T, draws=200)


def test_weights_count_as_copies():
    y, t = [1.0, 2.0, 4.0, 2.0, 3.0, 7.0], [1, 1, 1, 0, 0, 0]
    found = bootstrap_contrast(y, t, weights=[1, 2, 1, 1, 1, 2], draws=500)
    assert found.value == pytest.approx(9 / 4 - 19 / 4)


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (
            lambda: bootstrap_contrast([1.0, 2, 3], [1, 0, 0], clusters=["a", "b", "c"]),
            NotEstimableError,
            "one cluster",
        ),
        (lambda: bootstrap_contrast([1.0, 2, 3], [1, 0, 0], clusters=["a"] * 3), NotEstimableError, "one cluster"),
        (lambda: bootstrap_contrast([2.0] * 4, [1, 1, 0, 0], statistic="standardized"), NotEstimableError, "zero"),
        (lambda: bootstrap_contrast([2.0, 1, 0, 0], [1, 1, 0, 0], statistic="ratio"), NotEstimableError, "zero"),
        (lambda: bootstrap_contrast(Y, T, draws=5), UsageError, "whole number of 100 or more"),
        (lambda: bootstrap_contrast(Y, T, statistic="median"), UsageError, "difference, ratio"),
        (lambda: bootstrap_contrast(Y, T, weights=Y), UsageError, "clusters="),
        (lambda: bootstrap_contrast([np.nan] * 4, [1, 1, 0, 0]), UsageError, "no finite value"),
    ],
)
def test_bad_calls_say_what_is_wrong(call, error, says):
    with pytest.raises(error, match=says):
        call()


def test_constant_outcome_and_round_trip():
    found = bootstrap_contrast([2.0] * 6, [1, 1, 1, 0, 0, 0], draws=100)
    assert (found.value, found.se) == (0.0, 0.0)
    few = bootstrap_contrast([1.0, 2, 3, 4], [1, 1, 0, 0], clusters=list("abcd"), draws=100)
    assert [note.code for note in few.notes] == ["few-clusters"]
    assert pickle.loads(pickle.dumps(few)) == few
    assert type(few).from_dict(few.to_dict()) == few
