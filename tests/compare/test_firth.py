"""Firth's logistic regression against R brglm2 0.9, R logistf, its own score, and tables where it has a closed form."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blended_standard import compare
from blended_standard.errors import NotEstimableError, UsageError

DATA = np.genfromtxt(Path(__file__).parent / "reference/endometrial.csv", delimiter=",", names=True)
CANCER = {name: DATA[name] for name in ("NV", "PI", "EH")}


@pytest.fixture(scope="module")
def cancer():
    return compare.firth_logistic(DATA["HG"], CANCER)


# reference/firth.R: brglm2 for the coefficients, optim for tests and profiles
def test_endometrial_cancer_is_that_of_r(cancer):
    expected = {
        "coefficients": [3.774559713647105, 2.929273353197117, -0.0347517598704364, -2.604163925293679],
        "se": [1.488691663435669, 1.550763729453048, 0.03957814734776, 0.776017642501567],
        "low": [1.082537108447698, 0.609724436303195, -0.1244587208517285, -4.36518324726324],
        "high": [7.20928049824695, 7.85463171387697, 0.0404554731808051, -1.232721057217],
        "chi_square": [8.198013575844765, 6.798457248666068, 0.7468285134321277, 17.7593174794384],
        "p_values": [0.00419362788558673, 0.00912366754708574, 0.3874822035664423, 2.50686721485577e-05],
    }
    for name, numbers in expected.items():
        assert getattr(cancer, name) == pytest.approx(numbers, rel=1e-9), name
    assert cancer.log_likelihood == pytest.approx(-24.0372678006979, rel=1e-12)
    assert (cancer.model_chi_square, cancer.model_df) == (pytest.approx(43.6558184657446, rel=1e-11), 3)


# Heinze & Schemper (2002) by R logistf, as its users publish it (converged there to some six digits).
def test_endometrial_cancer_is_that_of_logistf(cancer):
    assert cancer.coefficients == pytest.approx([3.77455951, 2.92927330, -0.03475175, -2.60416387], rel=1e-6)
    assert cancer.low == pytest.approx([1.0825371, 0.6097244, -0.1244587, -4.3651832], rel=1e-6)
    assert cancer.high == pytest.approx([7.20928050, 7.85463171, 0.04045547, -1.23272106], rel=1e-6)


def test_separation_is_told(cancer):
    assert [note.code for note in cancer.notes] == ["separation"]
    with pytest.raises(NotEstimableError, match="firth_logistic"):
        compare.propensity_score(DATA["HG"], CANCER)
    with pytest.raises(NotEstimableError, match="firth_logistic"):
        compare.discrete_time_hazard([1, 1, 2, 2], [1, 1, 0, 0], covariates=[1, 1, 0, 0])
    overlapping = compare.firth_logistic(DATA["HG"], {"EH": DATA["EH"]})
    assert overlapping.notes == ()


def test_a_two_by_two_table_has_half_a_case_added_to_each_cell():
    for a, b, c, d in ((7, 0, 3, 9), (12, 5, 4, 20), (0, 6, 1, 30)):
        fit = compare.firth_logistic([1, 0, 1, 0], [1, 1, 0, 0], weights=[a, b, c, d])
        expected = np.log((c + 0.5) / (d + 0.5)), np.log((a + 0.5) * (d + 0.5) / ((b + 0.5) * (c + 0.5)))
        assert fit.coefficients == pytest.approx(expected, abs=1e-10)
        one, two = ((a + 0.5) / (a + b + 1), (c + 0.5) / (c + d + 1))
        variance = 1 / ((a + b) * one * (1 - one)) + 1 / ((c + d) * two * (1 - two))
        assert fit.se[1] == pytest.approx(np.sqrt(variance), rel=1e-9)


def modified_score(fit, y, x):
    """Return X'(y - p + h (1/2 - p)), columns of a length of 1 at most and h the diagonal of the hat matrix."""
    design = np.column_stack([np.ones(y.size), x])
    mean = 1 / (1 + np.exp(-design @ fit.coefficients))
    columns = np.linalg.qr(design / np.abs(design).max(axis=0))[0]
    root = np.sqrt(mean * (1 - mean))[:, None] * columns
    leverage = np.diag(root @ np.linalg.pinv(root))
    return columns.T @ (y - mean + leverage * (0.5 - mean))


def test_the_modified_score_is_zero(cancer):
    assert np.abs(modified_score(cancer, DATA["HG"], np.column_stack(list(CANCER.values())))).max() < 1e-10


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.integers(-3, 3), st.sampled_from([0.0, 1.0, 1e5])), min_size=4, max_size=25),
    st.floats(-1e4, 1e4),
)
def test_any_data_are_at_the_root_of_the_score_or_are_refused(rows, shift):
    y, one, two = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    x = np.column_stack([one + shift, two])
    try:
        fit = compare.firth_logistic(y, x)
    except NotEstimableError:
        return
    assert np.abs(modified_score(fit, y, x)).max() < 1e-7
    numbers = (fit.se, fit.chi_square, fit.p_values, fit.low, fit.high)
    assert all(np.isfinite(each).all() for each in numbers)
    assert (fit.low < fit.coefficients).all()
    assert (fit.coefficients < fit.high).all()


# Arithmetic of 200 digits (mpmath): there the penalized likelihood has fallen by half of chi2(.999), to 1e-11.
def test_limits_far_out_on_flat_profiles():
    fit = compare.firth_logistic(
        [0, 0, 0, 0, 0, 1], np.array([[0, 0, 1, -2, -2, 0], [0, 0, 1, 0, 0, 1]]).T, level=0.999
    )
    assert fit.low == pytest.approx([-30.802807130, -14.419727403, -4.643075219], rel=1e-9)
    assert fit.high == pytest.approx([2.075789252, 4.548914985, 41.665899974], rel=1e-9)


def test_units_order_and_copies_change_what_they_should(cancer):
    turned = compare.firth_logistic(1 - DATA["HG"], {"EH": 100 * DATA["EH"] - 7, "PI": DATA["PI"], "NV": DATA["NV"]})
    assert turned.coefficient("NV").value == pytest.approx(-cancer.coefficient("NV").value, rel=1e-9)
    assert turned.coefficient("EH").value == pytest.approx(-cancer.coefficient("EH").value / 100, rel=1e-9)
    assert turned.coefficient("EH").interval.low == pytest.approx(-cancer.coefficient("EH").interval.high / 100)
    assert turned.coefficient("EH").p_value == pytest.approx(cancer.coefficient("EH").p_value, rel=1e-7)
    twice = compare.firth_logistic(np.tile(DATA["HG"], 2), {name: np.tile(x, 2) for name, x in CANCER.items()})
    counted = compare.firth_logistic(DATA["HG"], CANCER, weights=np.full(79, 2))
    assert counted.coefficients == pytest.approx(twice.coefficients, rel=1e-9)
    assert counted.low == pytest.approx(twice.low, rel=1e-8)
    assert counted.n == twice.n == 158


def test_results_travel(cancer):
    assert pickle.loads(pickle.dumps(cancer)) == cancer
    assert type(cancer).from_dict(cancer.to_dict()) == cancer
    assert "maximum likelihood has no finite estimate" in str(cancer)
    assert cancer.rows()[1]["ci_low"] == pytest.approx(0.609724436)


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: compare.firth_logistic([1, 1, 1], [1, 2, 3]), NotEstimableError, "both outcomes must occur"),
        (lambda: compare.firth_logistic([0, 0], [1, 2]), NotEstimableError, "both outcomes must occur"),
        (lambda: compare.firth_logistic([0, 1, 1], [1, 2, 3], weights=[0, 1, 1]), NotEstimableError, "both outcomes"),
        (lambda: compare.firth_logistic([0, 1, 2], [1, 2, 3]), UsageError, "other than 0 and 1"),
        (lambda: compare.firth_logistic([0, 1, 1], [1, 1, 1]), NotEstimableError, "x1 is constant"),
        (lambda: compare.firth_logistic([0, 1], [[1, 2], [2, 1]]), NotEstimableError, "2 rows cannot determine 3"),
        (lambda: compare.firth_logistic([0, 1, 1], [1, 2]), UsageError, "2 rows and 3 are needed"),
        (lambda: compare.firth_logistic([0, 1], [1, np.nan]), UsageError, "1 missing"),
        (lambda: compare.firth_logistic([0, 1, 1], [1, 2, 3], level=95), UsageError, "level=95"),
        (lambda: compare.firth_logistic([0, 1, 1], [1, 2, 3], weights=[-1, 1, 1]), UsageError, "negative"),
        (lambda: compare.firth_logistic([0, 1, 1], [1, 2, 3]).coefficient("z"), UsageError, "'z' is not a coefficient"),
    ],
)
def test_misuse_says_what_is_wrong(call, error, says):
    with pytest.raises(error, match=says):
        call()
