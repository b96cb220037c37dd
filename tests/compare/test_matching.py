"""Matching, weights and balance against MatchIt 4.5.1 (reference/matchit_nearest.R), glm and published values."""

from __future__ import annotations

import importlib.util
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blended_standard import compare
from blended_standard.errors import NotEstimableError, UsageError

spec = importlib.util.spec_from_file_location("data_sets", Path(__file__).with_name("data_sets.py"))
data_sets = importlib.util.module_from_spec(spec)
spec.loader.exec_module(data_sets)

COVARIATES = ("age", "educ", "race", "married", "nodegree", "re74", "re75")


@pytest.fixture(scope="module")
def lalonde():
    data = data_sets.read("nsw/lalonde_matchit.csv")
    return data["treat"], {name: data[name] for name in COVARIATES}, data["re78"], data


def test_propensity_model_is_that_of_glm(lalonde):
    treatment, covariates, _, _ = lalonde
    fit = compare.propensity_score(treatment, covariates)
    assert fit.names == (
        "intercept",
        "age",
        "educ",
        "race[hispan]",
        "race[white]",
        "married",
        "nodegree",
        "re74",
        "re75",
    )
    expected = [-1.6632816, 0.0157771, 0.1613069, -2.0817341, -3.0653677, -0.8321133, 0.7072969, -7.18e-5, 5.34e-5]
    np.testing.assert_allclose(fit.coefficients, expected, rtol=1e-3, atol=5e-8)
    assert fit.deviance == pytest.approx(487.8439, abs=5e-5)
    assert fit.scores.mean() == pytest.approx(0.3013029, abs=5e-8)
    assert fit.scores.std(ddof=1) == pytest.approx(0.2903134, abs=5e-8)
    assert fit.linear.std(ddof=1) == pytest.approx(1.804512, abs=5e-7)
    assert (fit.scores.min(), fit.scores.max()) == pytest.approx((0.009080193, 0.8531528), rel=1e-6)


# nn_matchC of MatchIt 4.5.1 on the same scores: pairs, distinct controls, ATT. Mahalanobis rows: matchit() itself.
MATCHIT = [
    ({}, 185, 185, 894.367480270),
    ({"caliper": 0.2}, 113, 113, 1571.744454425),
    ({"caliper": 0.05}, 109, 109, 2277.591522477),
    ({"caliper": 0.2, "link": "logit"}, 117, 117, 1770.602906410),
    ({"ratio": 2}, 370, 370, 220.288640676),
    ({"replace": True}, 185, 80, 1967.939684324),
    ({"replace": True, "ratio": 2}, 370, 125, 1778.866589135),
    ({"exact": "race"}, 116, 116, 1472.687353879),
    ({"order": "data"}, 185, 185, 894.367480270),
    ({"order": "smallest"}, 185, 185, 894.367480270),
    ({"distance": "mahalanobis"}, 185, 185, 516.63666838),
    ({"distance": "mahalanobis", "replace": True}, 185, 76, 625.75679178),
    ({"distance": "mahalanobis", "exact": "race"}, 116, 116, 349.34523060),
    ({"distance": "euclidean"}, 185, 185, 349.91716838),
    ({"estimand": "ATC"}, 185, 185, -2620.74451243),
]


@pytest.mark.parametrize(("options", "pairs", "controls", "effect"), MATCHIT, ids=[str(row[0]) for row in MATCHIT])
def test_matches_matchit(lalonde, options, pairs, controls, effect):
    treatment, covariates, outcome, data = lalonde
    options = {key: data[value] if key == "exact" else value for key, value in options.items()}
    found = compare.match(treatment, covariates, outcome=outcome, **options)
    assert (found.n_pairs, found.matched_comparison) == (pairs, controls)
    assert found.effect.value == pytest.approx(effect, abs=1e-6)
    assert found.weights[treatment == 0].sum() == pytest.approx(controls)


def test_balance_after_matching_as_the_matchit_vignette_prints_it(lalonde):
    treatment, covariates, _, _ = lalonde
    found = compare.match(treatment, covariates)
    lines = {line.name: line for line in found.balance.covariates}
    means = [lines[name].mean_comparison_weighted for name in ("age", "educ", "re74", "re75")]
    np.testing.assert_allclose(means, [25.3027, 10.6054, 2342.1076, 1614.7451], atol=5e-5)
    smd = [lines[name].smd_after for name in ("age", "educ", "re74", "re75")]
    np.testing.assert_allclose(smd, [0.0718, -0.1290, -0.0505, -0.0257], atol=5e-5)
    scores = compare.balance_table(treatment, found.scores, weights=found.weights, denominator="treated")
    assert scores.covariates[0].smd_after == pytest.approx(0.9739, abs=5e-5)


def test_mahalanobis_within_a_caliper_on_the_score(lalonde):
    # matchit(..., mahvars = ~ age + educ + re74, caliper = .2), MatchIt 4.5.1
    treatment, covariates, outcome, _ = lalonde
    scores = compare.propensity_score(treatment, covariates).scores
    few = {name: covariates[name] for name in ("age", "educ", "re74")}
    found = compare.match(treatment, few, scores=scores, outcome=outcome, distance="mahalanobis", caliper=0.2)
    assert found.n_pairs == 113
    assert found.effect.value == pytest.approx(1440.14845708, abs=1e-6)


def test_widths_and_effective_size(lalonde):
    treatment, covariates, _, _ = lalonde
    assert compare.match(treatment, covariates, caliper=0.2).caliper_width == pytest.approx(0.05806267, abs=5e-9)
    logit = compare.match(treatment, covariates, caliper=0.2, link="logit")
    assert logit.caliper_width == pytest.approx(0.3609024, abs=5e-8)
    assert compare.match(treatment, covariates, replace=True).ess_comparison == pytest.approx(43.48793, abs=5e-6)


@pytest.mark.parametrize(
    ("denominator", "expected"),
    [
        ("treated", [-0.309445, 0.054965, -0.721084, -0.290263]),
        ("average", [-0.241904, 0.044755, -0.595752, -0.287002]),
        ("pooled", [-0.225083, 0.042021, -0.561294, -0.285732]),
        ("all", [-0.224071, 0.042048, -0.543946, -0.283532]),
    ],
)
def test_denominators_before_matching(lalonde, denominator, expected):
    treatment, covariates, _, _ = lalonde
    table = compare.balance_table(treatment, covariates, denominator=denominator)
    found = [line.smd_before for line in table.covariates if line.name in ("age", "educ", "re74", "re75")]
    np.testing.assert_allclose(found, expected, atol=5e-7)
    assert len(table.love_plot()) == 2 * len(table.covariates)


@pytest.mark.parametrize(
    ("estimand", "effect", "treated_size", "control_size"),
    [
        ("ATE", 224.6763, 58.32666, 329.0078),
        ("ATT", 1214.071, 185.0, 99.81539),
        ("overlap", 1242.201, 145.6359, 166.1014),
    ],
)
def test_inverse_probability_weights(lalonde, estimand, effect, treated_size, control_size):
    treatment, covariates, outcome, _ = lalonde
    found = compare.ipw(treatment, covariates, outcome=outcome, estimand=estimand)
    assert found.effect.value == pytest.approx(effect, rel=5e-7)
    assert (found.ess_treated, found.ess_comparison) == pytest.approx((treated_size, control_size), rel=1e-6)
    if estimand == "overlap":
        assert found.balance.largest_smd < 1e-10


def test_standard_errors_of_the_att(lalonde):
    treatment, covariates, outcome, _ = lalonde
    found = compare.ipw(treatment, covariates, outcome=outcome, estimand="ATT")
    assert found.effect.se == pytest.approx(824.0517, abs=5e-5)
    hc3 = compare.weighted_difference(outcome, treatment, weights=found.weights, se="HC3")
    assert hc3.se == pytest.approx(831.4906, abs=5e-5)


def test_stabilizing_and_trimming(lalonde):
    treatment, covariates, outcome, _ = lalonde
    plain = compare.ipw(treatment, covariates, outcome=outcome)
    stable = compare.ipw(treatment, covariates, outcome=outcome, stabilize=True)
    assert stable.effect.value == pytest.approx(plain.effect.value, rel=1e-10)
    assert stable.weights.mean() == pytest.approx(1.0, abs=0.2)
    trimmed = compare.ipw(treatment, covariates, outcome=outcome, trim=(0.1, 0.9))
    assert trimmed.n_trimmed == int(((plain.scores < 0.1) | (plain.scores > 0.9)).sum()) > 0
    assert "0.1 to 0.9" in trimmed.trimming


def test_entropy_balancing(lalonde):
    treatment, covariates, outcome, _ = lalonde
    found = compare.entropy_balance(treatment, covariates, outcome=outcome)
    assert found.effect.value == pytest.approx(1273.262, abs=5e-4)
    assert found.ess_comparison == pytest.approx(98.45783, abs=5e-6)
    control = found.weights[treatment == 0]
    assert control.max() / control.mean() == pytest.approx(9.420446, abs=5e-7)
    assert found.balance.largest_smd < 1e-12
    two = compare.entropy_balance(treatment, covariates, moments=2)
    ratios = [line.variance_ratio_after for line in two.balance.covariates if not line.binary]
    np.testing.assert_allclose(ratios, 1.0, rtol=0.04)  # the n - 1 like correction differs by arm


def test_entropy_balancing_says_which_moment_cannot_be_met():
    with pytest.raises(NotEstimableError, match=r"pretest.*convex hull"):
        compare.entropy_balance([1, 1, 0, 0, 0], {"pretest": [9.0, 9.0, 1.0, 2.0, 3.0]})


def test_entropy_balancing_infeasible_jointly():
    x = [[1, 1], [1, 1], [1, 0], [0, 1], [0, 0], [1, 0], [0, 1]]
    with pytest.raises(NotEstimableError, match="convex hull"):
        compare.entropy_balance([1, 1, 0, 0, 0, 0, 0], x)


def test_doubly_robust_is_right_when_one_model_is_wrong():
    rng = np.random.default_rng(11)
    n = 40_000
    x = rng.normal(size=n)
    e = 1 / (1 + np.exp(-x))
    t = (rng.random(n) < e).astype(float)
    y = 1.0 * t + np.exp(x) + rng.normal(size=n)
    naive = y[t == 1].mean() - y[t == 0].mean()
    wrong_outcome = compare.doubly_robust(y, t, covariates=x)
    wrong_score = compare.doubly_robust(y, t, covariates=np.column_stack([x, np.exp(x)]), scores=np.full(n, 0.5))
    assert naive > 1.5
    assert abs(wrong_outcome.value - 1) < 4 * wrong_outcome.se
    assert abs(wrong_score.value - 1) < 4 * wrong_score.se


def greedy(scores, treatment, ratio, width):
    """The plain quadratic search that the fast one must equal."""
    treated = np.flatnonzero(treatment == 1)
    treated = treated[np.argsort(-scores[treated], kind="stable")]
    free = set(np.flatnonzero(treatment == 0).tolist())
    pairs = []
    for _ in range(ratio):
        for i in treated.tolist():
            options = [(abs(scores[i] - scores[j]), j) for j in sorted(free)]
            options = [option for option in options if option[0] <= width]
            if options:
                j = min(options)[1]
                free.remove(j)
                pairs.append((i, j))
    return sorted(pairs)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 30), st.booleans()), min_size=4, max_size=40),
    st.integers(1, 3),
    st.sampled_from([None, 0.0625, 0.25]),
)
def test_fast_search_is_the_greedy_search(rows, ratio, width):
    treatment = np.array([float(arm) for _, arm in rows])
    scores = np.array([value / 32 for value, _ in rows])
    if treatment.min() == treatment.max():
        return
    expected = greedy(scores, treatment, ratio, np.inf if width is None else width)
    if not expected:
        with pytest.raises(NotEstimableError, match="caliper"):
            compare.match(treatment, scores=scores, ratio=ratio, caliper=width, caliper_unit="raw")
        return
    found = compare.match(treatment, scores=scores, ratio=ratio, caliper=width, caliper_unit="raw")
    assert sorted(zip(found.treated_rows.tolist(), found.comparison_rows.tolist(), strict=True)) == expected


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 30), st.booleans()), min_size=4, max_size=40), st.integers(1, 3))
def test_replacement_takes_the_nearest(rows, ratio):
    treatment = np.array([float(arm) for _, arm in rows])
    scores = np.array([value / 32 for value, _ in rows])
    if treatment.min() == treatment.max():
        return
    found = compare.match(treatment, scores=scores, ratio=ratio, replace=True)
    control = np.flatnonzero(treatment == 0)
    for i in np.flatnonzero(treatment == 1):
        nearest = sorted((abs(scores[i] - scores[j]), j) for j in control.tolist())[:ratio]
        assert found.comparison_rows[found.treated_rows == i].tolist() == [j for _, j in nearest]


def test_random_order_repeats_with_its_seed(lalonde):
    treatment, covariates, _, _ = lalonde
    one = compare.match(treatment, covariates, order="random", seed=4)
    two = compare.match(treatment, covariates, order="random", seed=4)
    assert np.array_equal(one.comparison_rows, two.comparison_rows)


def test_common_support(lalonde):
    treatment, covariates, _, _ = lalonde
    scores = compare.propensity_score(treatment, covariates).scores
    found = compare.common_support(treatment, scores)
    assert (
        found.treated_above + found.treated_below + found.comparison_above + found.comparison_below
        == (~found.inside).sum()
    )
    apart = compare.common_support([1, 1, 0, 0], [0.8, 0.9, 0.1, 0.2])
    assert "do not overlap" in apart.reason


T, X = [1, 1, 0, 0, 1, 0], [1.0, 2.0, 1.5, 2.5, 3.0, 2.0]
BAD = [
    (lambda: compare.match([1, 1, 1], scores=[0.1, 0.2, 0.3]), UsageError, "both a treated and a comparison arm"),
    (lambda: compare.match([1, 2, 0], scores=[0.1, 0.2, 0.3]), UsageError, "0 .comparison. and 1"),
    (lambda: compare.match(T), UsageError, "Pass covariates"),
    (lambda: compare.match(T, X, distance="cosine"), UsageError, "propensity, mahalanobis, euclidean"),
    (lambda: compare.match(T, X, ratio=0), UsageError, "ratio=0"),
    (lambda: compare.match(T, X, caliper=-1), UsageError, "caliper=-1"),
    (lambda: compare.match(T, X, order="random"), UsageError, "seed"),
    (lambda: compare.match(T, X, exact=["a", "b"]), UsageError, "exact"),
    (lambda: compare.match(T, X, exact=list("aabbab")), NotEstimableError, "stratum"),
    (lambda: compare.match(T, scores=[0.0, 0.5, 0.5, 0.5, 0.5, 0.5]), UsageError, "strictly between"),
    (lambda: compare.match(T, [1.0, 2, 3, 4, 5, np.nan]), UsageError, "1 missing"),
    (lambda: compare.match(T, [np.nan] * 6), UsageError, "no finite value"),
    (lambda: compare.match(T, [1.0] * 6, distance="mahalanobis"), NotEstimableError, "No covariate varies"),
    (
        lambda: compare.propensity_score([0, 0, 1, 1], {"pretest": [1.0, 2, 3, 4]}),
        NotEstimableError,
        "pretest separates",
    ),
    (
        lambda: compare.propensity_score([0, 0, 1, 1, 0, 1], {"x": [1.0, 4, 3, 4, 2, 2], "late": [0, 0, 0, 0, 0, 1]}),
        NotEstimableError,
        "late separates",
    ),
    (lambda: compare.propensity_score(T, {"a": X, "b": [2 * x for x in X]}), NotEstimableError, "Column b is a linear"),
    (lambda: compare.propensity_score(T, {"a": X, "b": [3.0] * 6}), NotEstimableError, "b is constant"),
    (lambda: compare.ipw(T, X, estimand="LATE"), UsageError, "ATE, ATT, ATC"),
    (lambda: compare.ipw(T, scores=[0.5] * 6, trim=(0.9, 0.95)), NotEstimableError, "trimming"),
    (lambda: compare.ipw(T, scores=[0.5] * 6, trim=(0.9, 0.1)), UsageError, "low < high"),
    (lambda: compare.ipw(T, scores=[0.5] * 6, truncate=2), UsageError, "truncate"),
    (lambda: compare.entropy_balance(T, [1.0] * 6), NotEstimableError, "constant"),
    (lambda: compare.entropy_balance(T, X, moments=7), UsageError, "moments=7"),
    (lambda: compare.balance_table(T, X, weights=[0, 0, 1, 1, 0, 1]), NotEstimableError, "No treated row"),
    (lambda: compare.balance_table(T, X, denominator="sd"), UsageError, "average, treated"),
    (lambda: compare.doubly_robust([1.0] * 6, T, covariates=[X] * 2), UsageError, "rows"),
    (
        lambda: compare.weighted_difference([1.0, 2, 3, 4, 5, 6], [1, 1, 0, 0, 0, 0], clusters=list("aabbcc")),
        NotEstimableError,
        "one cluster",
    ),
    (lambda: compare.effective_sample_size([0.0, 0.0]), UsageError, "all zero"),
]


@pytest.mark.parametrize(("call", "error", "says"), BAD)
def test_bad_calls_say_what_is_wrong(call, error, says):
    with pytest.raises(error, match=says):
        call()


def test_constant_outcome_and_single_pair_are_explained():
    flat = compare.match(T, scores=[0.4, 0.5, 0.45, 0.55, 0.6, 0.5], outcome=[2.0] * 6)
    assert (flat.effect.value, flat.effect.se) == pytest.approx((0.0, 0.0), abs=1e-12)
    single = compare.match([1, 0, 0], scores=[0.4, 0.5, 0.45], outcome=[2.0, 1.0, 1.0])
    assert single.effect.value is None
    assert "One row" in single.effect.reason
    line = compare.balance_table(T, {"flat": [2.0] * 6}).covariates[0]
    assert line.smd_before is None
    assert "does not vary" in line.reason


@pytest.mark.parametrize(
    "made",
    [
        lambda: compare.match(T, X, distance="mahalanobis", outcome=[1.0, 2, 3, 4, 5, 7]),
        lambda: compare.ipw(T, scores=[0.5] * 6, outcome=[1.0, 2, 3, 4, 5, 7]),
        lambda: compare.entropy_balance(T, X),
        lambda: compare.balance_table(T, X),
        lambda: compare.propensity_score(T, X),
        lambda: compare.common_support(T, [0.5, 0.4, 0.6, 0.5, 0.4, 0.6]),
        lambda: compare.least_squares([1.0, 2, 3, 4, 5, 7], X, clusters=list("aabbcc"), joint=["x1"]),
    ],
)
def test_results_survive_the_round_trip(made):
    found = made()
    assert pickle.loads(pickle.dumps(found)) == found
    assert type(found).from_dict(found.to_dict()) == found
    assert "nan" not in str(found.to_dict()).lower()
    assert len(repr(found)) <= 100
