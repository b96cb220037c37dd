"""Reliability against psych 2.2.9 (reference/reliability.R), closed forms and a simulation."""

from __future__ import annotations

import importlib.util
import math
import pickle
from pathlib import Path

import numpy as np
import pytest

from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.scoring import reliability

_spec = importlib.util.spec_from_file_location("lsat", Path(__file__).parent / "lsat.py")
lsat = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(lsat)

SHROUT_FLEISS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
LOWER = (
    ".828 .776 .779 .439 .493 .460 .432 .464 .425 .674 .447 .489 .443 .590 .541 .447 .432 .401 .381 .402 .288 "
    ".541 .537 .534 .350 .367 .320 .555 .380 .358 .359 .424 .446 .325 .598 .452"
)


def thurstone():
    table = np.eye(9)
    table[np.tril_indices(9, -1)] = [float(value) for value in LOWER.split()]
    return table + np.tril(table, -1).T


def test_alpha_of_lsat():
    rows, counts = lsat.patterns(6)
    six = reliability.alpha(rows, frequencies=counts)
    got = (six.value, six.standardized, six.lambda6, six.se)
    assert got == pytest.approx((0.29499719, 0.29302827, 0.25170664, 0.034222492), abs=6e-9)
    assert six.if_dropped == pytest.approx([0.275356, 0.237584, 0.216799, 0.245933, 0.266294], abs=5e-7)
    assert six.n == 1000
    rows, counts = lsat.patterns(7)
    seven = reliability.alpha(np.repeat(rows, counts, axis=0))
    assert (seven.value, seven.standardized, seven.lambda6) == pytest.approx((0.453409, 0.455805, 0.408011), abs=5e-7)


def test_alpha_of_shrout_fleiss():
    found = reliability.alpha(SHROUT_FLEISS)
    got = (found.value, found.standardized, found.lambda6, found.average_correlation, found.se)
    assert got == pytest.approx((0.9093155424, 0.9269436463, 0.9178984852, 0.7603077176, 0.05671525915), abs=1e-9)
    assert found.if_dropped == pytest.approx([0.8833922261, 0.8665048544, 0.8715486194, 0.9178743961], abs=1e-9)
    # Feldt's interval of alpha is that of ICC(3,k)
    assert (found.interval.low, found.interval.high) == pytest.approx((0.67567471382, 0.9858916782), abs=1e-9)


def test_kuder_richardson():
    rows, counts = lsat.patterns(6)
    assert reliability.kr20(rows, frequencies=counts).value == pytest.approx(0.29499719, abs=6e-9)
    total = np.repeat(rows, counts, axis=0).sum(axis=1)
    mean, variance = total.mean(), total.var(ddof=1)
    by_hand = 5 / 4 * (1 - mean * (5 - mean) / (5 * variance))
    assert reliability.kr21(rows, frequencies=counts).value == pytest.approx(by_hand, rel=1e-10)
    assert reliability.lambda6(rows, frequencies=counts).value == pytest.approx(0.25170664, abs=6e-9)


def test_omega_of_thurstone():
    found = reliability.omega(correlation=thurstone(), n=213)
    # psych's own printed solution; rotation stops differ, hence 1e-5
    got = (found.hierarchical, found.value, found.limit)
    assert got == pytest.approx((0.7360703183, 0.9308254149, 0.7907716168), abs=1e-5)
    assert (found.alpha, found.lambda6) == pytest.approx((0.8914575356, 0.9081762418), abs=1e-9)
    general = [
        0.70895379,
        0.72570512,
        0.68315851,
        0.64608003,
        0.62222216,
        0.55836231,
        0.58712802,
        0.57679726,
        0.54062747,
    ]
    assert found.general == pytest.approx(general, abs=1e-5)
    assert sorted(found.group_hierarchical) == pytest.approx([0.3206331491, 0.3223344059, 0.3437232952], abs=1e-5)


def test_omega_of_two_and_one_factors():
    two, one = (reliability.omega(correlation=thurstone(), n_factors=k) for k in (2, 1))
    assert (two.hierarchical, two.value) == pytest.approx((0.7139080411, 0.9127933253), abs=2e-5)
    assert "equally" in two.note
    assert one.value == pytest.approx(0.8930360500, abs=1e-5)
    assert one.hierarchical is None


def test_omega_recovers_a_bifactor_population():
    general, group = np.full(9, 0.6), np.full(9, 0.5)
    table = np.outer(general, general)
    for start in (0, 3, 6):
        table[start : start + 3, start : start + 3] += 0.25
    np.fill_diagonal(table, 1)
    found = reliability.omega(correlation=table)
    assert found.hierarchical == pytest.approx(general.sum() ** 2 / table.sum(), abs=1e-6)
    assert found.value == pytest.approx(1 - 9 * (1 - 0.61) / table.sum(), abs=1e-6)
    assert group[0] == pytest.approx(np.abs(found.group).max(), abs=1e-5)


def test_omega_bootstrap():
    rng = np.random.default_rng(4)
    groups = np.repeat(rng.normal(size=(300, 3)), 3, axis=1)
    scores = rng.normal(size=(300, 1)) + 0.8 * groups + rng.normal(size=(300, 9))
    found = reliability.omega(scores, resamples=20)
    assert found.interval.low < found.value < found.interval.high
    assert 0 < found.se < found.hierarchical_se < 0.1


def test_closed_forms():
    assert reliability.spearman_brown(0.6, 2).value == pytest.approx(0.75, rel=1e-12)
    assert reliability.spearman_brown(0.75, 0.5).value == pytest.approx(0.6, rel=1e-12)
    assert reliability.length_needed(0.6, 0.75).value == pytest.approx(2, rel=1e-12)
    assert reliability.standard_error_of_measurement(10, 0.91).value == pytest.approx(3, rel=1e-12)
    assert reliability.conditional_standard_error([0, 5, 10], 10).se == pytest.approx([0, math.sqrt(25 / 9), 0])
    assert reliability.information_standard_error([0, 1], [4, 16]).se.tolist() == [0.5, 0.25]


def test_marginal_reliability_and_its_jackknife():
    rng = np.random.default_rng(3)
    theta, errors = rng.normal(size=40), rng.uniform(0.2, 0.6, 40)
    for kind in ("eap", "ml"):
        found = reliability.marginal_reliability(theta, errors, kind=kind)
        left_out = [
            reliability.marginal_reliability(np.delete(theta, i), np.delete(errors, i), kind=kind).value
            for i in range(40)
        ]
        assert found.se == pytest.approx(math.sqrt(39 * np.var(left_out)), rel=1e-9)
    variance, noise = theta.var(ddof=1), np.mean(errors**2)
    assert reliability.marginal_reliability(theta, errors).value == pytest.approx(variance / (variance + noise))


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: reliability.alpha([[1], [2]]), NotEstimableError, "2 items"),
        (lambda: reliability.alpha([[1, 2]]), NotEstimableError, "complete case"),
        (lambda: reliability.alpha([[1, 2], [1, 3]]), NotEstimableError, "Item 1"),
        (lambda: reliability.alpha([[1, 2], [2, 1]]), NotEstimableError, "cancel"),
        (lambda: reliability.kr20([[1, 2], [0, 1]]), UsageError, "0 or 1"),
        (lambda: reliability.omega(), UsageError, "either"),
        (lambda: reliability.omega(correlation=[[1, 2], [3, 1]]), UsageError, "symmetric"),
        (lambda: reliability.omega(correlation=np.eye(4), n_factors=3), NotEstimableError, "do not identify"),
        (lambda: reliability.spearman_brown(2, 2), UsageError, "reliability=2"),
        (lambda: reliability.standard_error_of_measurement(-1, 0.5), UsageError, "sd=-1"),
        (lambda: reliability.information_standard_error([0], [0]), UsageError, "above 0"),
        (lambda: reliability.conditional_standard_error([11], 10), UsageError, "n_items=10"),
    ],
)
def test_misuse_and_the_not_estimable(call, error, says):
    with pytest.raises(error, match=says):
        call()


@pytest.mark.parametrize(
    "found",
    [
        reliability.alpha(SHROUT_FLEISS),
        reliability.omega(correlation=thurstone()),
        reliability.conditional_standard_error([1, 2], 5),
        reliability.marginal_reliability([1, 1, 1], [0.1, 0.1, 0.1]),
    ],
)
def test_results_travel(found):
    assert pickle.loads(pickle.dumps(found)) == found
    assert type(found).from_dict(found.to_dict()) == found
    assert len(repr(found)) <= 100
    assert str(found)


def test_items_that_cancel_without_a_third_leave_that_gap_alone():
    one, two = np.array([1.0, 2, 3, 4, 6]), np.array([2.0, 1, 4, 3, 5])
    found = reliability.alpha(np.column_stack([one, -one, two]))
    assert found.value is not None
    assert [row["alpha"] is None or math.isnan(row["alpha"]) for row in found.rows()[1:]] == [False, False, True]
