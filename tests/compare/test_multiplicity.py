"""Benjamini-Hochberg and the improvement index: worked numbers and scipy as the independent implementation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from blended_standard import compare
from blended_standard.errors import UsageError

BENJAMINI_HOCHBERG_1995 = [
    0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205, 0.212, 0.216, 0.222, 0.251, 0.269, 0.275, 0.34,
]  # fmt: skip


def test_the_worked_example():
    found = compare.benjamini_hochberg(BENJAMINI_HOCHBERG_1995)
    expected = [0.015, 0.06, 0.126, 0.126, 0.126, 0.15, 0.158571, *[0.294643] * 7, 0.34]
    assert found.adjusted.tolist() == pytest.approx(expected, abs=5e-7)
    assert found.significant == (True,) + (False,) * 14


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_scipy_agrees_in_any_order(p_values):
    found = compare.benjamini_hochberg(p_values)
    assert found.adjusted.tolist() == pytest.approx(stats.false_discovery_control(p_values).tolist(), rel=1e-12)
    clear = np.abs(found.adjusted - 0.05) > 1e-9
    assert [s for s, c in zip(found.significant, clear, strict=True) if c] == (found.adjusted <= 0.05)[clear].tolist()


def test_all_below_the_largest_passing_rank_are_significant():
    assert compare.benjamini_hochberg([0.04, 0.045, 0.048]).significant == (True, True, True)


def test_each_domain_stands_by_itself():
    found = compare.benjamini_hochberg([0.03, 0.03, 0.6], domains=["a", "b", "b"], labels=["x", "y", "z"])
    assert found.significant == (True, False, False)
    assert found.rows()[1]["critical"] == pytest.approx(0.025)
    assert compare.MultipleComparisons.from_dict(found.to_dict()) == found


def test_no_findings_are_no_error():
    assert compare.benjamini_hochberg([]).rows() == []


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: compare.benjamini_hochberg([0.2, 1.2]), "outside 0 to 1"),
        (lambda: compare.benjamini_hochberg([0.2, float("nan")]), "missing"),
        (lambda: compare.benjamini_hochberg([0.2], domains=["a", "b"]), "domains has 2 entries for 1"),
        (lambda: compare.improvement_index(compare.risk_difference(1, 2, 1, 2)), "standardized effect"),
        (lambda: compare.improvement_index(float("inf")), "effect=inf"),
    ],
)
def test_misuse_says_what_is_accepted(call, says):
    with pytest.raises(UsageError, match=says):
        call()


@pytest.mark.parametrize(("g", "points"), [(0.25, 9.870633), (0.05, 1.993881), (0.3772, 14.69875), (0.0, 0.0)])
def test_improvement_index(g, points):
    assert compare.improvement_index(g).value == pytest.approx(points, abs=5e-6)


def test_improvement_index_carries_the_interval():
    effect = compare.cox_index(0.8, 0.7, n_treated=200, n_comparison=180)
    index = compare.improvement_index(effect)
    assert index.interval.high == pytest.approx(100 * (stats.norm.cdf(effect.interval.high) - 0.5), rel=1e-12)
    assert compare.improvement_index(compare.hedges_g([1], [2, 3])).reason is not None
