"""Least squares with robust SEs against clubSandwich 0.5.8 and sandwich 3.0-2 (reference/clubsandwich.R)."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from blended_standard import compare
from blended_standard.errors import NotEstimableError, UsageError

spec = importlib.util.spec_from_file_location("data_sets", Path(__file__).with_name("data_sets.py"))
data_sets = importlib.util.module_from_spec(spec)
spec.loader.exec_module(data_sets)


@pytest.fixture(scope="module")
def schools():
    data = data_sets.read("hsb82/hsb82.csv")
    covariates = {"ses": data["ses"], "catholic": (data["sector"] == "Catholic").astype(float)}
    weights = 1.0 + np.arange(1, data["ses"].size + 1) % 3
    return data["mAch"], covariates, data["school"], weights


CLUB = {
    "CR0": ([0.202481528582, 0.127519094250, 0.316139889389], [84.2191071069, 133.5875200364, 141.8618462165]),
    "CR1": ([0.203117264929, 0.127919469158, 0.317132481751], [84.2191071069, 133.5875200364, 141.8618462165]),
    "CR1S": ([0.203145544396, 0.127937279039, 0.317176635247], [84.2191071069, 133.5875200364, 141.8618462165]),
    "CR2": ([0.203846584379, 0.128474358877, 0.318473701655], [84.1161337122, 132.9124091351, 141.4636653028]),
}


@pytest.mark.parametrize("kind", CLUB)
def test_cluster_robust_without_weights(schools, kind):
    outcome, covariates, school, _ = schools
    fit = compare.least_squares(outcome, covariates, clusters=school, se=kind, joint=["ses", "catholic"])
    np.testing.assert_allclose(fit.coefficients, [11.79325442681, 2.94855771647, 1.93501296330], rtol=1e-10)
    np.testing.assert_allclose(fit.se, CLUB[kind][0], rtol=1e-9)
    np.testing.assert_allclose(fit.df, CLUB[kind][1], rtol=1e-8)
    if kind == "CR2":
        assert fit.coefficient("catholic").p_value == pytest.approx(1.08187715075e-08, rel=1e-7)
        assert fit.joint.value == pytest.approx(348.89960592, rel=1e-9)
        assert fit.joint.df_denominator == pytest.approx(130.70845135, rel=1e-9)


@pytest.mark.parametrize(
    ("kind", "inverse", "se", "df"),
    [
        (
            "CR0",
            False,
            [0.205431631448, 0.132413745950, 0.318268395046],
            [84.1301091781, 133.8731576622, 141.7691986502],
        ),
        (
            "CR2",
            False,
            [0.206817511511, 0.133365184651, 0.320619616831],
            [84.02741354, 133.24531525, 141.37805256],
        ),
        (
            "CR2",
            True,
            [0.206795532987, 0.133345230039, 0.320589929975],
            [84.0356579485, 133.5373015486, 141.4684786952],
        ),
    ],
)
def test_cluster_robust_with_weights(schools, kind, inverse, se, df):
    outcome, covariates, school, weights = schools
    fit = compare.least_squares(
        outcome, covariates, clusters=school, weights=weights, se=kind, inverse_variance=inverse
    )
    np.testing.assert_allclose(fit.coefficients, [11.75900981950, 2.98573884670, 1.96578987302], rtol=1e-10)
    np.testing.assert_allclose(fit.se, se, rtol=1e-8)
    np.testing.assert_allclose(fit.df, df, rtol=1e-8)


@pytest.mark.parametrize(
    ("kind", "se"),
    [
        ("HC0", [0.118642261146, 0.103122494433, 0.167181822147]),
        ("HC1", [0.118667037645, 0.103144029881, 0.167216735340]),
        ("HC2", [0.118674219556, 0.103165637465, 0.167228478956]),
        ("HC3", [0.118706192175, 0.103208810738, 0.167275157141]),
    ],
)
def test_heteroskedasticity_robust_with_weights(schools, kind, se):
    outcome, covariates, _, weights = schools
    np.testing.assert_allclose(compare.least_squares(outcome, covariates, weights=weights, se=kind).se, se, rtol=1e-9)


def test_eight_schools_of_hsb82_with_few_clusters(schools):
    outcome, covariates, school, _ = schools
    labels = list(dict.fromkeys(school.tolist()))
    keep = np.isin(school, labels[:4] + labels[99:103])
    part = {name: values[keep] for name, values in covariates.items()}
    fit = compare.least_squares(outcome[keep], part, clusters=school[keep])
    np.testing.assert_allclose(fit.se, [0.913242796178, 0.644265868183, 1.508472822267], rtol=1e-9)
    np.testing.assert_allclose(fit.df, [4.75038907767, 6.19162314690, 2.80124293679], rtol=1e-8)
    assert [note.code for note in fit.notes] == ["few-clusters", "few-df"]


def test_cr2_with_one_row_a_cluster_is_hc2():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(30, 2)), rng.normal(size=30)
    clustered = compare.least_squares(y, x, clusters=np.arange(30))
    np.testing.assert_allclose(clustered.se, compare.least_squares(y, x, se="HC2").se, rtol=1e-10)


@pytest.mark.parametrize("kind", ["CR0", "CR2"])
def test_columns_far_from_zero_or_of_unlike_units_change_nothing(kind):
    rng = np.random.default_rng(8)
    x, clusters = rng.normal(size=(60, 2)), np.repeat(np.arange(12), 5)
    y = x @ [0.5, 1] + rng.normal(size=12)[clusters] + rng.normal(size=60)
    options = {"clusters": clusters, "se": kind, "names": ["seconds", "share"], "joint": ["seconds", "share"]}
    plain = compare.least_squares(y, x, **options)
    units = np.array([1e6, 1e-3])
    far = compare.least_squares(y, 1.7e9 * np.array([1, 0]) + x * units, **options)
    assert far.se[1:] * units == pytest.approx(plain.se[1:], rel=1e-6)
    assert far.df[1:] == pytest.approx(plain.df[1:], rel=1e-6)
    assert (far.joint.value, far.joint.df_denominator) == pytest.approx(
        (plain.joint.value, plain.joint.df_denominator), rel=1e-6
    )
    shifted = compare.least_squares(y, 1e6 + x, **options)
    assert shifted.p_values[1:] == pytest.approx(plain.p_values[1:], rel=1e-6)


def test_jackknife_errors():
    # clubSandwich 0.5.8: coef_test(lm(y ~ x), vcov = "CR3", cluster = g), test "Satterthwaite".
    y, x = [1.0, 3, 2, 5, 4, 6, 8, 7, 9, 4], [0.0, 1, 2, 2, 3, 4, 4, 5, 6, 1]
    g = list("aabbbccdde")
    fit = compare.least_squares(y, x, clusters=g, se="CR3")
    assert fit.se == pytest.approx([0.581686491709, 0.133257517976], rel=1e-9)
    assert fit.df == pytest.approx([1.87290193304, 1.84756468587], rel=1e-9)
    with pytest.raises(NotEstimableError, match="one cluster alone"):
        compare.least_squares(y, [1] * 2 + [0] * 8, clusters=g, se="CR3")


def test_a_saturated_model_has_no_standard_errors_with_clusters_either():
    with pytest.raises(NotEstimableError, match="no degrees of freedom"):
        compare.least_squares([1.0, 2, 4], [[0, 0], [1, 0], [0, 1]], clusters=["a", "a", "b"])


def test_zero_weights_are_left_out():
    y, x = [1.0, 2, 2, 5, 9], [1.0, 2, 3, 4, 5]
    part = compare.least_squares(y[:4], x[:4])
    whole = compare.least_squares(y, x, weights=[1, 1, 1, 1, 0])
    np.testing.assert_allclose(whole.se, part.se)


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: compare.least_squares([1.0, 2, 3], [1.0, 2, 4], clusters=["a"] * 3), NotEstimableError, "one cluster"),
        (lambda: compare.least_squares([1.0, 2], [1.0, 2]), NotEstimableError, "no degrees of freedom"),
        (lambda: compare.least_squares([1.0, 2, 3], [2.0, 2, 2]), NotEstimableError, "constant"),
        (lambda: compare.least_squares([1.0], [1.0]), NotEstimableError, "cannot determine"),
        (lambda: compare.least_squares([1.0, 2, 3], [1.0, 2, 4], se="CR2"), UsageError, "HC0"),
        (lambda: compare.least_squares([np.nan] * 3, [1.0, 2, 4]), UsageError, "no finite value"),
        (
            lambda: compare.least_squares([1.0, 2, 3], [1.0, 2, 4], clusters=["a", None, "b"]),
            UsageError,
            "missing labels",
        ),
        (lambda: compare.least_squares([1.0, 2, 3], [1.0, 2, 4], weights=[1, -1, 1]), UsageError, "negative"),
    ],
)
def test_bad_calls_say_what_is_wrong(call, error, says):
    with pytest.raises(error, match=says):
        call()


def test_constant_outcome_has_zero_errors_and_a_note():
    fit = compare.least_squares([2.0] * 6, [1.0, 2, 3, 4, 5, 6], clusters=list("aabbcc"))
    assert fit.coefficient("x1").value == pytest.approx(0.0, abs=1e-12)
    assert "no-noise" in [note.code for note in fit.notes]
    assert fit.r_squared is None
