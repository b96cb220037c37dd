"""Adjusted Hedges g: R's lm (reference/adjusted.R), and what adjustment must not change."""

import math

import numpy as np
import pytest

from blended_standard import compare
from blended_standard.errors import UsageError

X = [12, 15, 11, 18, 20, 14, 16]
Y = [10, 9, 14, 12, 8, 11]
PRE = [5, 7, 4, 8, 9, 7, 6], [5, 4, 8, 6, 3, 7]
FLAG = [1, 0, 0, 1, 1, 0, 1], [1, 0, 0, 1, 0, 1]


def adjusted(one=PRE[0], two=PRE[1], treated=X, comparison=Y, **options):
    return compare.hedges_g_adjusted(treated, comparison, covariates_treated=one, covariates_comparison=two, **options)


@pytest.mark.parametrize(
    ("columns", "b", "se"),
    [
        ((PRE[0], PRE[1]), 2.9722785666, 0.711817727675),
        (tuple(np.column_stack(pair) for pair in zip(PRE, FLAG, strict=True)), 2.98958333333, 0.717999250067),
    ],
)
def test_the_coefficient_of_lm(columns, b, se):
    effect = adjusted(*columns)
    s, omega = 2.76652844802, 1 - 3 / (4 * 13 - 9)
    q = effect.parameters["covariates"]
    g = omega * b / s
    assert effect.value == pytest.approx(g, rel=1e-10)
    assert effect.se == pytest.approx(math.sqrt((se / s) ** 2 + g**2 / (2 * (11 - q))), rel=1e-10)
    assert effect.df == 11 - q


def test_the_unit_of_a_covariate_does_not_matter():
    effect = adjusted()
    other = adjusted([1e200 * v for v in PRE[0]], [1e200 * v for v in PRE[1]])
    moved = adjusted([3 * v + 500 for v in PRE[0]], [3 * v + 500 for v in PRE[1]])
    for again in (other, moved):
        assert (again.value, again.se) == pytest.approx((effect.value, effect.se), rel=1e-9)


@pytest.mark.parametrize(
    ("effect", "says"),
    [
        (adjusted([1] * 7, [1] * 6), "determine each other"),
        (adjusted([1] * 7, [0] * 6), "determine each other"),
        (adjusted(X, Y), "the outcome"),
        (adjusted([[v, 2 * v] for v in PRE[0]], [[v, 2 * v] for v in PRE[1]]), "determine each other"),
        (adjusted(treated=[1] * 7, comparison=[1] * 6), "standard deviation to divide"),
        (adjusted([1], PRE[1], treated=[1]), "fewer than 2"),
        (adjusted([[1, 2], [2, 1]], [[2, 3], [4, 4]], treated=[1, 2], comparison=[3, 5]), "no degrees of freedom"),
    ],
)
def test_degenerate_data_gives_a_reason(effect, says):
    assert effect.value is None
    assert says in effect.reason


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: adjusted([1, 2]), "there are 7: pass one row"),
        (lambda: adjusted([[v] for v in PRE[0]], [[v, v] for v in PRE[1]]), "1 and 2 covariates"),
        (lambda: adjusted([math.nan] * 7), "missing"),
        (lambda: adjusted([[]] * 7), "at least one column"),
        (lambda: adjusted([[1, 2], [1]] * 3), "unequal length"),
        (lambda: adjusted(interval="noncentral_t"), "unadjusted"),
    ],
)
def test_misuse_says_what_is_accepted(call, says):
    with pytest.raises(UsageError, match=says):
        call()
