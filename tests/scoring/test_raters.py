"""Raters against Shrout-Fleiss (1979), Krippendorff (2011), Fleiss (1971), irrCAC, krippendorff, psych and irr."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.scoring import raters

GAP = None
THREE = [
    [GAP, GAP, GAP, GAP, GAP, 3, 4, 1, 2, 1, 1, 3, 3, GAP, 3],
    [1, GAP, 2, 1, 3, 3, 4, 3, GAP, GAP, GAP, GAP, GAP, GAP, GAP],
    [GAP, GAP, 2, 1, 3, 4, 4, GAP, 2, 1, 1, 3, 3, GAP, 4],
]
FOUR = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, GAP, GAP, GAP],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, GAP, 3],
    [GAP, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, GAP],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, GAP],
]
TABLE = [[25, 4, 1], [5, 18, 3], [2, 6, 16]]
SHROUT_FLEISS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
FLEISS = [
    [0, 0, 0, 0, 14],
    [0, 2, 6, 4, 2],
    [0, 0, 3, 5, 6],
    [0, 3, 9, 2, 0],
    [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0],
    [3, 2, 6, 3, 0],
    [2, 5, 3, 2, 2],
    [6, 5, 2, 1, 0],
    [0, 2, 2, 3, 7],
]


def pairs_of(table):
    return np.array([(i, j) for i, row in enumerate(table) for j, count in enumerate(row) for _ in range(count)])


# irr 0.84.1 and krippendorff 0.9.0 agree on these
@pytest.mark.parametrize(
    ("data", "metric", "expected"),
    [
        (THREE, "nominal", 0.691358),
        (THREE, "ordinal", 0.806721),
        (THREE, "interval", 0.810845),
        (THREE, "ratio", 0.808944),
        (FOUR, "nominal", 0.743421),
        (FOUR, "ordinal", 0.815388),
        (FOUR, "interval", 0.849107),
        (FOUR, "ratio", 0.797403),
    ],
)
def test_krippendorff_published(data, metric, expected):
    found = raters.krippendorff_alpha(data, metric, raters="rows")
    assert found.value == pytest.approx(expected, abs=5e-7)
    assert found.interval.low < found.value <= found.interval.high
    assert 0 < found.se < 0.3
    assert raters.krippendorff_alpha(np.array(data, dtype=object).T, metric, resamples=0).value == found.value


# krippendorff 0.9.0, reference/raters.py ("large")
@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("nominal", -0.02275339002528165),
        ("ordinal", -0.07207977606777605),
        ("interval", -0.08027301723931357),
        ("ratio", -0.026574579679357946),
    ],
)
def test_krippendorff_on_random_data(metric, expected):
    rng = np.random.default_rng(7)
    data = rng.integers(1, 6, (4, 60)).astype(float) ** 1.5
    data[rng.random((4, 60)) < 0.2] = np.nan
    found = raters.krippendorff_alpha(data, metric, raters="rows")
    assert found.value == pytest.approx(expected, abs=1e-12)


def test_krippendorff_table_and_text():
    words = np.array(["x", "y", "z"], dtype=object)[pairs_of(TABLE)]
    assert raters.krippendorff_alpha(words, resamples=0).value == pytest.approx(0.60495, abs=5e-6)


def test_krippendorff_bootstrap_is_near_gwets_linearized_error():
    # irrCAC 0.4.4: krippendorff se .17135 (3 x 15), .14557 (4 x 12); two estimators, so 10 % apart at most
    assert raters.krippendorff_alpha(THREE, raters="rows").se == pytest.approx(0.17135, rel=0.1)
    assert raters.krippendorff_alpha(FOUR, raters="rows").se == pytest.approx(0.14557, rel=0.1)


def test_many_continuous_values_take_no_square_of_memory():
    rng = np.random.default_rng(1)
    truth = rng.normal(size=20_000)
    data = truth[:, None] + rng.normal(size=(20_000, 2))
    assert raters.krippendorff_alpha(data, "interval", resamples=20).value == pytest.approx(0.5, abs=0.02)


# irrCAC 0.4.4, five printed decimals
@pytest.mark.parametrize(
    ("data", "call", "options", "value", "se"),
    [
        (THREE, raters.gwet_ac1, {}, 0.70916, 0.16474),
        (THREE, raters.fleiss_kappa, {}, 0.68602, 0.18015),
        (THREE, raters.brennan_prediger, {}, 0.70370, 0.16795),
        (THREE, raters.gwet_ac2, {"weights": "linear"}, 0.77342, 0.14565),
        (THREE, raters.gwet_ac2, {"weights": "quadratic"}, 0.83524, 0.13140),
        (THREE, raters.gwet_ac2, {"weights": "ordinal"}, 0.81546, 0.13493),
        (THREE, raters.fleiss_kappa, {"weights": "linear"}, 0.74429, 0.16233),
        (FOUR, raters.gwet_ac1, {}, 0.77544, 0.14295),
        (FOUR, raters.fleiss_kappa, {}, 0.76117, 0.15302),
        (FOUR, raters.brennan_prediger, {}, 0.77273, 0.14472),
        (FOUR, raters.gwet_ac2, {"weights": "linear"}, 0.85874, 0.11733),
        (FOUR, raters.gwet_ac2, {"weights": "quadratic"}, 0.91400, 0.10396),
        (FOUR, raters.fleiss_kappa, {"weights": "quadratic"}, 0.86494, 0.14603),
    ],
)
def test_chance_corrected_against_irrcac(data, call, options, value, se):
    found = call(data, raters="rows", **options)
    assert (found.value, found.se) == pytest.approx((value, se), abs=5.1e-6)


def test_chance_corrected_interval_and_test():
    found = raters.gwet_ac1(FOUR, raters="rows")
    assert (found.interval.low, found.interval.high) == pytest.approx((0.46081, 1), abs=5.1e-6)
    assert found.p_value == pytest.approx(0.0002087209840633264, rel=1e-9)


def test_three_by_three_table():
    data = pairs_of(TABLE)
    plain = raters.cohen_kappa(TABLE)
    # psych 2.2.9 cohen.kappa and irr 0.84.1
    assert (plain.value, plain.se**2) == pytest.approx((0.603024574669, 0.005467580279), abs=1e-11)
    assert (plain.interval.low, plain.interval.high) == pytest.approx((0.4580987851, 0.7479503643), abs=1e-9)
    assert (plain.null_se, plain.z) == pytest.approx((0.0791644, 7.6174), abs=5e-5)
    assert raters.cohen_kappa(data[:, 0], data[:, 1]).value == pytest.approx(plain.value, rel=1e-12)
    assert raters.cohen_kappa(TABLE, weights="linear").value == pytest.approx(0.657142857143, abs=1e-11)
    assert raters.cohen_kappa(TABLE, weights="quadratic").value == pytest.approx(0.712092130518, abs=1e-11)
    ac1 = raters.gwet_ac1(data)
    assert (ac1.value, ac1.se) == pytest.approx((0.60812, 0.07418), abs=5.1e-6)
    assert raters.gwet_ac2(data, weights="linear").value == pytest.approx(0.66647, abs=5.1e-6)
    assert raters.gwet_ac2(data, weights="quadratic").value == pytest.approx(0.72401, abs=5.1e-6)
    assert raters.fleiss_kappa(data).value == pytest.approx(0.60246, abs=5.1e-6)


@pytest.mark.parametrize("weights", [None, "linear", "quadratic"])
def test_kappa_variance_is_the_delta_method(weights):
    # psych 2.2.9 gives .00510779 for quadratic weights; the derivative of kappa itself gives .00524193, as here
    table = np.array(TABLE, dtype=float)
    total = table.sum()
    slopes = np.zeros(9)
    for i in range(9):
        step = np.zeros(9)
        step[i] = 1e-5 * total
        up = raters.cohen_kappa(table + step.reshape(3, 3), weights=weights).value
        down = raters.cohen_kappa(np.maximum(table - step.reshape(3, 3), 0), weights=weights).value
        slopes[i] = (up - down) / 2e-5
    shares = table.ravel() / total
    variance = (shares @ slopes**2 - (shares @ slopes) ** 2) / total
    assert raters.cohen_kappa(TABLE, weights=weights).se ** 2 == pytest.approx(variance, rel=1e-6)


def test_declared_categories_set_the_weights():
    first, second = [1, 2, 3, 3], [1, 3, 3, 2]
    seen = raters.cohen_kappa(first, second, weights="linear")
    declared = raters.cohen_kappa(first, second, weights="linear", categories=[1, 2, 3, 4, 5])
    assert seen.value == pytest.approx(declared.value)  # linear kappa is free of K
    assert declared.observed > seen.observed


def test_a_code_that_nobody_used_keeps_its_place():
    # irrCAC 0.4.4: CAC(frame, weights=...).gwet(), .fleiss() and .conger(), which is Cohen's kappa of two raters.
    table = np.array([[1, 1], [2, 4], [4, 4], [1, 2], [2, 2]])
    assert raters.gwet_ac2(table, weights="linear").value == pytest.approx(0.5555555556, abs=1e-9)
    assert raters.fleiss_kappa(table, weights="quadratic").value == pytest.approx(0.6453900709, abs=1e-9)
    kappa = raters.cohen_kappa(*table.T, weights="linear")
    assert kappa.value == pytest.approx(0.5454545455, abs=1e-9)
    assert raters.cohen_kappa(*table.T, weights="linear", categories=[1, 2, 3, 4]).value == pytest.approx(kappa.value)
    with pytest.raises(UsageError, match="infinite"):
        raters.fleiss_kappa([[1, np.inf], [1, 1]], weights="linear")


def test_kappa_of_nobody_travels():
    nobody = raters.cohen_kappa([None, 1], [2, None], weights="linear")
    assert "No unit" in nobody.reason
    empty = raters.cohen_kappa([np.nan], [np.nan])
    for found in (nobody, empty):
        assert type(found).from_dict(found.to_dict()) == found


def test_prevalence_paradox():
    kappa = raters.cohen_kappa([[118, 2], [5, 0]])
    assert (kappa.observed, kappa.value) == pytest.approx((0.944, -0.023392), abs=5e-7)
    assert raters.gwet_ac1(pairs_of([[118, 2], [5, 0]])).value == pytest.approx(0.940776, abs=5e-7)


def test_fleiss_published():
    found = raters.fleiss_kappa(FLEISS, counts=True)
    assert (found.value, found.z) == pytest.approx((0.2099307, 12.374291), abs=5e-7)
    assert found.by_category == pytest.approx([0.201, 0.080, 0.172, 0.030, 0.508], abs=5e-4)


def test_agreement():
    found = raters.exact_agreement([[1, 1, 1], [2, 2, 3], [1, 2, 3], [None, 4, None]])
    assert found.value == pytest.approx(1 / 3)
    assert found.pairwise == pytest.approx((1 + 1 / 3 + 0) / 3)
    assert found.n == 3
    assert raters.adjacent_agreement([[1, 1, 1], [2, 2, 3], [1, 2, 3]]).value == pytest.approx(2 / 3)
    # prop.test(30, 40, correct = FALSE)$conf.int in R 4.2.2
    wilson = raters.exact_agreement([[1, 1]] * 30 + [[1, 2]] * 10).interval
    assert (wilson.low, wilson.high) == pytest.approx((0.5980604, 0.8581288), abs=5e-8)


def test_shrout_fleiss():
    found = raters.intraclass_correlation(SHROUT_FLEISS)
    squares = (found.ms_between, found.ms_raters, found.ms_error)
    assert squares == pytest.approx((11.2417, 32.4861, 1.0194), abs=5e-5)
    # psych 2.2.9 ICC(lmer = FALSE), reference/raters.R
    expected = {
        "ICC1": (0.1657417684, -0.13293232487, 0.7225600623, 1.794678492, 5, 18, 0.1647688083446),
        "ICC2": (0.2897637795, 0.01878651337, 0.7610843696, 11.027247956, 5, 15, 0.0001345665165),
        "ICC3": (0.7148407148, 0.34246476503, 0.9458582600, 11.027247956, 5, 15, 0.0001345665165),
        "ICC1k": (0.4427971337, -0.88444215524, 0.9124154203, 1.794678492, 5, 18, 0.1647688083446),
        "ICC2k": (0.6200505476, 0.07113681530, 0.9272320402, 11.027247956, 5, 15, 0.0001345665165),
        "ICC3k": (0.9093155424, 0.67567471382, 0.9858916782, 11.027247956, 5, 15, 0.0001345665165),
    }
    for form in (found.icc1, found.icc2, found.icc3, found.icc1k, found.icc2k, found.icc3k):
        got = (form.value, form.interval.low, form.interval.high, form.f, form.df, form.df2, form.p_value)
        assert got == pytest.approx(expected[form.name], rel=2e-8)
    irr = raters.icc(SHROUT_FLEISS, average_interval="recomputed").icc2k.interval
    assert (irr.low, irr.high) == pytest.approx((0.03944, 0.92857), abs=5e-6)


def simulated(seed, learners=400, severity=(-0.8, -0.2, 0.3, 0.7)):
    rng = np.random.default_rng(seed)
    ability = rng.normal(0, 1.3, learners)
    difficulty, steps = np.array([-0.5, 0.0, 0.5]), np.array([-1.0, 0.0, 1.0])
    learner = np.repeat(np.arange(learners), 6)
    item = np.tile(np.arange(3), 2 * learners)
    rater = np.concatenate([np.repeat(rng.choice(4, 2, replace=False), 3) for _ in range(learners)])
    place = ability[learner] - difficulty[item] - np.array(severity)[rater]
    logits = place[:, None] * np.arange(4) - np.concatenate(([0], np.cumsum(steps)))
    masses = np.exp(logits)
    masses /= masses.sum(axis=1, keepdims=True)
    score = (rng.random(learner.size)[:, None] > masses.cumsum(axis=1)).sum(axis=1)
    return learner, rater, item, score, ability


def test_facets_recover_the_truth():
    learner, rater, item, score, ability = simulated(3)
    fit = raters.many_facet_rasch(learner, rater, score, items=item)
    assert fit.converged
    for found, truth in ((fit.raters, (-0.8, -0.2, 0.3, 0.7)), (fit.items, (-0.5, 0.0, 0.5))):
        assert np.all(np.abs(found.measure - truth) < 4 * found.se)
        assert found.infit == pytest.approx(1, abs=0.12)
        assert found.outfit == pytest.approx(1, abs=0.15)
    assert np.all(np.abs(fit.steps - [-1, 0, 1]) < 4 * fit.steps_se)
    assert abs(fit.ability_sd.value - 1.3) < 4 * fit.ability_sd.se
    assert fit.raters.measure.sum() == pytest.approx(0, abs=1e-12)
    assert np.corrcoef(fit.learners.measure, ability)[0, 1] > 0.85


def test_facets_of_one_item_and_two_categories_are_a_rasch_model():
    # raters in the place of items: the marginal log-likelihood must be that of direct integration
    rng = np.random.default_rng(2)
    score = (rng.random((150, 4)) < 1 / (1 + np.exp(-(rng.normal(size=(150, 1)) - [-1, -0.3, 0.3, 1])))).astype(int)
    fit = raters.many_facet_rasch(np.repeat(np.arange(150), 4), np.tile(np.arange(4), 150), score.ravel(), nodes=41)
    grid = np.linspace(-8, 8, 4001)
    density = np.exp(-(grid**2) / 2) / math.sqrt(2 * math.pi)
    place = fit.ability_sd.value * grid[:, None] - fit.items.measure[0] - fit.raters.measure
    p = 1 / (1 + np.exp(-place))
    likelihood = np.array([np.trapezoid(density * np.prod(np.where(row, p, 1 - p), axis=1), grid) for row in score])
    assert fit.log_likelihood == pytest.approx(np.log(likelihood).sum(), abs=1e-6)


def test_a_harsh_site_does_not_lower_its_learners():
    learner, rater, item, score, ability = simulated(11, learners=600, severity=(-0.5, 0, 0.5, 3.0))
    fit = raters.many_facet_rasch(learner, rater, score, items=item)
    met = np.zeros(600, bool)
    met[learner[rater == 3]] = True
    raw = np.bincount(learner, weights=score) / 6
    gap = ability[met].mean() - ability[~met].mean()
    assert raw[met].mean() < raw[~met].mean() - 0.4
    assert fit.learners.measure[met].mean() - fit.learners.measure[~met].mean() == pytest.approx(gap, abs=0.2)
    fair = fit.learners.fair_average
    assert abs(fair[met].mean() - fair[~met].mean()) < 0.25


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: raters.many_facet_rasch([1, 1, 2, 2], [1, 2, 3, 4], [0, 1, 0, 1]), NotEstimableError, "2 groups"),
        (lambda: raters.many_facet_rasch([1, 2], [1, 2], [1, 1]), NotEstimableError, "only one category"),
        (
            lambda: raters.many_facet_rasch([1, 2], [1, 2], [0, 2], categories=[0, 1, 2]),
            NotEstimableError,
            "category 1 was never used",
        ),
        (lambda: raters.many_facet_rasch([1, 2], [1, 1], [0, 1]), NotEstimableError, "2 raters"),
        (lambda: raters.many_facet_rasch([1, 1, 2, 2], [1, 2, 1, 2], [0, 1, 0, 0]), NotEstimableError, "only the"),
        (
            lambda: raters.many_facet_rasch([1, 1, 2, 2, 3, 3, 4, 4], [1, 2] * 4, [0, 1, 1, 1, 0, 0, 1, 0]),
            NotEstimableError,
            "do not differ in ability",
        ),
        (lambda: raters.many_facet_rasch([1], [1, 2], [0, 1]), UsageError, "one label a rating, 2 in all"),
        (lambda: raters.many_facet_rasch([1, 2], [1, 2], [0, 5], categories=[0, 1]), UsageError, "categories"),
        (lambda: raters.icc([[1, 2]]), NotEstimableError, "2 complete units"),
        (lambda: raters.icc([[1, 1], [1, 1]]), NotEstimableError, "no variance"),
        (lambda: raters.icc([1, 2]), UsageError, "shape"),
        (lambda: raters.cohen_kappa([1, 2], [1]), UsageError, "Lengths differ"),
        (lambda: raters.cohen_kappa([1, 2], [1, 7], categories=[1, 2]), UsageError, "declare every category"),
        (lambda: raters.cohen_kappa([[1, 2], [3, 4]], categories=[1, 1], weights="linear"), UsageError, "repeats"),
        (lambda: raters.fleiss_kappa([[1, 2], [3, 0]], counts=True, categories=[1, np.inf]), UsageError, "infinite"),
        (lambda: raters.exact_agreement([[1, 2]], tolerance=np.nan), UsageError, "tolerance=nan"),
        (lambda: raters.many_facet_rasch([1, 2], [1, 2], [0, 1], categories=["a", "b"]), UsageError, "categories"),
        (lambda: raters.cohen_kappa([[1, 2, 3], [1, 2, 3]]), UsageError, "square"),
        (lambda: raters.cohen_kappa([1, 2], [1, 2], weights="cubic"), UsageError, "cubic"),
        (lambda: raters.krippendorff_alpha([[1, "a"]]), UsageError, "mixes"),
        (lambda: raters.krippendorff_alpha([["a", "b"]], "interval"), UsageError, "not a number"),
        (lambda: raters.krippendorff_alpha([[-1, 2]], "ratio"), UsageError, "0 or more"),
        (lambda: raters.fleiss_kappa([[1, 2], [3]]), UsageError, "shape"),
        (lambda: raters.gwet_ac1([[0.5, 1]], counts=True), UsageError, "whole numbers"),
    ],
)
def test_misuse_and_the_not_estimable(call, error, says):
    with pytest.raises(error, match=says):
        call()


@pytest.mark.parametrize(
    "found",
    [
        raters.krippendorff_alpha([[1, 1], [1, 1]]),
        raters.krippendorff_alpha([[1, None]]),
        raters.krippendorff_alpha([[2, 2], [2, 2]], "ordinal"),
        raters.cohen_kappa([1, 1], [1, 1]),
        raters.cohen_kappa([1, None], [None, 1]),
        raters.gwet_ac1([[1, 1], [1, 1]]),
        raters.fleiss_kappa([[1, None], [None, 2]]),
        raters.exact_agreement([[1, None]]),
    ],
)
def test_nothing_to_estimate_gives_a_reason(found):
    assert found.value is None
    assert found.reason
    assert type(found).from_dict(found.to_dict()) == found


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 3), min_size=3, max_size=3), min_size=3, max_size=12), st.permutations([0, 1, 2])
)
def test_order_of_raters_and_names_of_categories_do_not_matter(table, order):
    data = np.array(table)
    renamed = np.array([13, 7, 11, 5])[data[:, order]]
    for call in (raters.fleiss_kappa, raters.gwet_ac1, lambda t: raters.krippendorff_alpha(t, resamples=0)):
        first, second = call(data), call(renamed)
        assert (first.value is None) == (second.value is None)
        if first.value is not None:
            assert first.value == pytest.approx(second.value, abs=1e-12)
            assert first.se is None or first.se == pytest.approx(second.se, abs=1e-12)


@pytest.mark.parametrize(
    "found",
    [
        raters.krippendorff_alpha(FOUR, raters="rows"),
        raters.cohen_kappa(TABLE),
        raters.fleiss_kappa(FLEISS, counts=True),
        raters.icc(SHROUT_FLEISS),
        raters.many_facet_rasch(*[simulated(3, learners=60)[i] for i in (0, 1, 3)]),
    ],
)
def test_results_travel(found):
    assert pickle.loads(pickle.dumps(found)) == found
    assert type(found).from_dict(found.to_dict()) == found
    assert len(repr(found)) <= 100
    assert str(found)


@pytest.mark.parametrize("kind", ["spearman_brown", "recomputed"])
def test_an_interval_of_mean_ratings_holds_their_agreement_or_is_not_there(kind):
    for table in ([[1, 2], [2, 1], [3, 3]], [[1, 3], [2, 1], [3, 2]], [[5, 6], [6, 5], [7, 7], [5, 5]]):
        found = raters.icc(table, average_interval=kind).icc2k
        if found.interval is not None:
            assert found.interval.low <= found.value <= found.interval.high
    assert raters.icc([[1, 2], [2, 1], [3, 3]], average_interval=kind).icc2k.interval is None


def test_alpha_does_not_depend_on_the_unit_of_the_ratings():
    table = np.array([[1, 1], [2, 2], [3, 3], [3, 1]])
    found = raters.krippendorff_alpha(table, "interval").value
    assert raters.krippendorff_alpha(table * 1e-9, "interval").value == pytest.approx(found)
    assert raters.krippendorff_alpha(np.full((4, 3), 0.1), "interval").value is None
