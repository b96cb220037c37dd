"""Effects on a yes-or-no outcome: worked numbers, metafor and statsmodels (reference/), properties."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blended_standard import compare
from blended_standard.errors import UsageError

CLOSED = 1e-10  # relative; the expected values carry 12 digits


def limits(estimate):
    return estimate.interval.low, estimate.interval.high


def test_cox_index_worked_example():
    effect = compare.cox_index(0.80, 0.70, n_treated=200, n_comparison=180)
    assert (effect.value, effect.se) == pytest.approx((0.3266645, 0.1455871), abs=5e-8)
    corrected = compare.cox_index(0.80, 0.70, n_treated=200, n_comparison=180, omega=True)
    assert (corrected.value, corrected.se) == pytest.approx((0.3260160, 0.1452980), abs=5e-8)
    logistic = compare.cox_index_from_regression(1.65, se=0.33, n_treated=200, n_comparison=180)
    assert (logistic.value, logistic.se) == pytest.approx((1.0, 0.2), rel=1e-12)
    assert compare.cox_index(0.72, 0.60, n_treated=50, n_comparison=50).value == pytest.approx(0.3267, abs=5e-5)


def test_cox_index_of_baselinr_hand_computed():
    value = compare.cox_index_from_counts(8, 10, 5, 10).value
    assert value == pytest.approx(math.log(4) / 1.65, rel=1e-12)


@pytest.mark.parametrize(
    ("counts", "expected"),  # statsmodels 0.15.0 confint_proportions_2indep(..., compare="diff", method="newcomb")
    [
        ((30, 60, 80, 100), (-0.439581261669, -0.148561617496)),
        ((0, 10, 0, 20), (-0.161125158053, 0.277532799863)),
        ((10, 10, 0, 20), (0.679086037142, 1.0)),
        ((56, 70, 48, 80), (0.0524314724024, 0.333872654037)),  # Newcombe 1998, table II (a): .0524 to .3339
    ],
)
def test_newcombe(counts, expected):
    assert limits(compare.risk_difference(*counts)) == pytest.approx(expected, rel=CLOSED)


def test_measure_eq_01():
    effect = compare.risk_difference(30, 60, 80, 100)
    assert effect.value == pytest.approx(-0.3, rel=1e-12)
    assert limits(effect) == pytest.approx((-0.440, -0.149), abs=5e-4)
    assert effect.se == pytest.approx(0.075938571666, rel=CLOSED)  # metafor escalc RD
    assert effect.statistic == pytest.approx(-3.96346955445, rel=CLOSED)  # prop.test, root of chi-squared
    assert effect.p_value == pytest.approx(7.38682879376e-05, rel=1e-9)
    wald = compare.risk_difference(30, 60, 80, 100, method="wald")
    assert limits(wald) == pytest.approx((-0.448836865503, -0.151163134497), rel=CLOSED)


def test_measure_eq_02_and_metafor_rr():
    effect = compare.risk_ratio(30, 60, 80, 100)
    assert effect.value == pytest.approx(0.625, rel=1e-12)
    assert effect.se == pytest.approx(0.138443731049, rel=CLOSED)
    assert effect.se_scale == "log"
    assert limits(effect) == pytest.approx((math.exp(-0.741348355986), math.exp(-0.198658902505)), rel=CLOSED)
    assert limits(effect) == pytest.approx((0.476, 0.820), abs=5e-4)
    assert effect.p_value == pytest.approx(0.00068651848091, rel=1e-9)


def test_metafor_or():
    effect = compare.odds_ratio(30, 60, 80, 100)
    assert effect.value == pytest.approx(0.25, rel=1e-12)
    assert effect.se == pytest.approx(0.359397644214, rel=CLOSED)
    assert limits(effect) == pytest.approx((math.exp(-2.09070079991), math.exp(-0.681887922332)), rel=CLOSED)
    assert effect.p_value == pytest.approx(0.000114659689404, rel=1e-9)


@pytest.mark.parametrize(
    ("function", "log_value", "se"),
    [(compare.odds_ratio, -2.3978952728, 1.50976129154), (compare.risk_ratio, -2.1843211725, 1.44766625841)],
)
def test_the_optional_correction_is_labelled_and_equals_metafor(function, log_value, se):
    effect = function(0, 20, 5, 25, continuity_correction=True)
    assert math.log(effect.value) == pytest.approx(log_value, rel=CLOSED)
    assert effect.se == pytest.approx(se, rel=CLOSED)
    assert "WWC does not" in effect.parameters["continuity"]
    assert function(3, 20, 5, 25, continuity_correction=True) == function(3, 20, 5, 25)


@pytest.mark.parametrize(
    ("events", "n", "expected"),  # prop.test(correct = FALSE), R 4.2.2
    [
        (17, 20, (0.639581135259, 0.947631254104)),
        (709, 1167, (0.579216185139, 0.63515955131)),
        (4, 14, (0.117213786446, 0.546490843299)),
        (0, 10, (0.0, 0.277532799863)),
        (10, 10, (0.722467200137, 1.0)),
    ],
)
def test_wilson(events, n, expected):
    assert limits(compare.proportion(events, n)) == pytest.approx(expected, rel=CLOSED, abs=1e-14)


@pytest.mark.parametrize(
    ("effect", "says"),
    [
        (compare.cox_index(1.0, 0.5, n_treated=10, n_comparison=10), "exactly 0 or 1"),
        (compare.cox_index(0.5, 0.0, n_treated=10, n_comparison=10), "exactly 0 or 1"),
        (compare.cox_index_from_counts(1, 2, 0, 0), "no learners"),
        (compare.odds_ratio(10, 10, 3, 10), "exactly 0 or 1"),
        (compare.risk_ratio(0, 10, 3, 10), "exactly 0"),
        (compare.risk_ratio(10, 10, 10, 10), "standard error is zero"),
        (compare.risk_difference(0, 0, 3, 10), "no learners"),
        (compare.risk_difference(0, 5, 10, 10, method="wald"), "newcombe"),
        (compare.proportion(0, 0), "no learners"),
    ],
)
def test_what_is_not_defined_has_a_reason(effect, says):
    assert effect.value is None
    assert effect.interval is None
    assert says in effect.reason


def test_a_full_and_an_empty_group_still_have_a_difference():
    effect = compare.risk_difference(10, 10, 0, 20)
    assert effect.value == 1.0
    assert effect.se is None
    assert effect.p_value < 0.001
    assert compare.risk_difference(10, 10, 20, 20).p_value is None


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: compare.cox_index(1.2, 0.5, n_treated=10, n_comparison=10), "p_treated=1.2"),
        (lambda: compare.cox_index(0.2, 50, n_treated=10, n_comparison=10), "p_comparison=50"),
        (lambda: compare.risk_difference(11, 10, 1, 10), "events_treated=11"),
        (lambda: compare.risk_difference(1, 10, 1, 10, method="score"), "newcombe, wald"),
        (lambda: compare.risk_ratio(1, 10, -1, 10), "events_comparison=-1"),
        (lambda: compare.odds_ratio(1, 9.5, 1, 10), "not a whole number"),
        (lambda: compare.proportion(math.nan, 5), "events=nan"),
        (lambda: compare.proportion(3, 5, level=0), "level=0"),
    ],
)
def test_misuse_says_what_is_accepted(call, says):
    with pytest.raises(UsageError, match=says):
        call()


@st.composite
def tables(draw):
    n = draw(st.integers(1, 400)), draw(st.integers(1, 400))
    return draw(st.integers(0, n[0])), n[0], draw(st.integers(0, n[1])), n[1]


@given(tables())
def test_the_interval_holds_the_difference_and_stays_inside_its_range(table):
    effect = compare.risk_difference(*table)
    low, high = limits(effect)
    assert -1.0 - 1e-12 <= low <= effect.value <= high <= 1.0 + 1e-12


@given(tables())
def test_counting_the_other_outcome_turns_the_sign(table):
    a, n, b, m = table
    there, back = compare.cox_index_from_counts(a, n, b, m), compare.cox_index_from_counts(n - a, n, m - b, m)
    if there.value is None:
        assert back.value is None
    else:
        assert back.value == pytest.approx(-there.value, abs=1e-12)
        assert back.se == pytest.approx(there.se, rel=1e-12)
        ratio = compare.odds_ratio(a, n, b, m)
        assert math.log(ratio.value) / 1.65 == pytest.approx(there.value, abs=1e-12)
