"""Scores against R mirt, brute force, and the reasons for those that do not exist."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize_scalar

from blended_standard.errors import UsageError
from blended_standard.scoring import irt
from tests.scoring.irt.tables import BINARY, LSAT6, LSAT7, SCIENCE, SCIENCE_N, people, simulate

# mirt 1.47 (fscores), LSAT6 2PL: psychometrics.md 2.5. The items are our own estimates, equal to 5 digits.
PATTERNS = BINARY[[0, 1, 7, 15, 16, 21, 23, 27, 30, 31]]
EAP = [-1.89677, -1.47481, -0.44088, 0.05360, -1.36606, -0.34835, 0.12565, 0.00818, 0.17202, 0.64562]
SD = [0.80128, 0.80228, 0.81969, 0.83540, 0.80309, 0.82230, 0.83803, 0.83378, 0.83977, 0.85901]
MAP = [-1.89526, -1.47951, -0.46324, 0.02247, -1.37243, -0.37239, 0.09334, -0.02219, 0.13897, 0.60633]
WLE = [-5.70390, -3.95150, -1.35153, -0.19901, -3.63535, -1.13741, -0.02240, -0.30809, 0.09426, 1.64973]
ML = [-4.35729, -1.30624, 0.07201, -3.93132, -1.06466, 0.30970, -0.06976, 0.47327]


@pytest.fixture(scope="module")
def lsat6() -> irt.IrtFit:
    return irt.fit(BINARY, weights=LSAT6)


def test_eap_and_map_as_mirt(lsat6: irt.IrtFit) -> None:
    eap = irt.score(PATTERNS, lsat6)
    np.testing.assert_allclose(eap.theta, EAP, atol=3e-5)
    np.testing.assert_allclose(eap.se, SD, atol=3e-5)
    np.testing.assert_allclose(irt.score(PATTERNS, lsat6, method="map").theta, MAP, atol=3e-5)


def test_weighted_likelihood_as_mirt(lsat6: irt.IrtFit) -> None:
    np.testing.assert_allclose(irt.score(PATTERNS, lsat6, method="wle").theta, WLE, atol=2e-4)


def test_maximum_likelihood_as_mirt_with_reasons_at_the_ends(lsat6: irt.IrtFit) -> None:
    made = irt.score(PATTERNS, lsat6, method="ml")
    np.testing.assert_allclose(made.theta[1:-1], ML, atol=1e-4)
    assert made.reason_code.tolist() == [3, *[0] * 8, 2]
    assert made.rows()[0]["theta"] is None
    assert "bottom category" in str(made.rows()[0]["reason"])


def test_rasch_scores_depend_on_the_sum_only() -> None:
    fit = irt.fit(BINARY, "rasch", weights=LSAT6)
    rows = BINARY[[0, 1, 3, 7, 15, 31]]
    eap = irt.score(rows, fit)
    np.testing.assert_allclose(eap.theta, [-1.44241, -1.07895, -0.71026, -0.33126, 0.06308, 0.47741], atol=3e-5)
    np.testing.assert_allclose(eap.se, [0.60209, 0.60435, 0.61074, 0.62116, 0.63530, 0.65245], atol=3e-5)
    wle = irt.score(rows, fit, method="wle")
    np.testing.assert_allclose(wle.theta, [-4.26513, -2.81242, -1.88634, -1.05292, -0.13919, 1.30136], atol=1e-4)
    # TAM reports the plain 1 / sqrt(information)
    np.testing.assert_allclose(wle.se, [1.72097, 1.11434, 0.98551, 0.98356, 1.10945, 1.71405], atol=1e-4)
    ml = irt.score(rows[1:5], fit, method="ml")
    np.testing.assert_allclose(ml.theta, [-3.07633, -1.94918, -0.99400, 0.12500], atol=1e-4)


@pytest.mark.parametrize(
    ("model", "eap"),
    [
        ("graded", [0.40071, 0.05183, -0.89179, 0.76726]),
        ("gpcm", [0.37630, 0.04886, -0.90241, 0.60028]),
        ("pcm", [0.50207, 0.09926, -0.65896, 0.09926]),
    ],
)
def test_science_scores_as_mirt(model: str, eap: list[float]) -> None:
    fit = irt.fit(SCIENCE, model, weights=SCIENCE_N)
    rows = [[4, 4, 3, 2], [3, 3, 3, 3], [3, 2, 2, 3], [3, 4, 4, 1]]
    np.testing.assert_allclose(irt.score(rows, fit).theta, eap, atol=1e-4)
    if model == "graded":
        assert irt.score(rows, fit).se[0] == pytest.approx(0.59739, abs=1e-4)
    if model == "pcm":
        np.testing.assert_allclose(
            irt.score(rows, fit, method="wle").theta, [0.78487, 0.07851, -1.09752, 0.07851], atol=1e-4
        )


MIXED = irt.item_parameters(
    [1.1, 1.5, 0.9, 1.3, 1.2],
    [[0.1], [-0.3], [-1.0, 0.2, 1.1], [-0.4, 0.6], [0.7]],
    model=["2pl", "3pl", "graded", "gpcm", "3pl"],
    guessing=[0, 0.2, 0, 0, 0.15],
)


@pytest.mark.parametrize("row", [[1, 1, 2, 1, 1], [0, 1, 1, 2, 0], [1, 0, 3, 0, 1], [1, np.nan, 2, 1, 0]])
def test_modes_equal_a_general_optimizer(row: list[float]) -> None:
    def log_likelihood(theta: float) -> float:
        p = irt.probability(MIXED, theta).probability[0]
        return sum(float(np.log(p[j, int(x)])) for j, x in enumerate(row) if not np.isnan(x))

    ml = minimize_scalar(lambda t: -log_likelihood(t), bounds=(-4, 4), method="bounded", options={"xatol": 1e-9}).x
    mode = minimize_scalar(
        lambda t: -log_likelihood(t) + t**2 / 2, bounds=(-4, 4), method="bounded", options={"xatol": 1e-9}
    ).x
    assert irt.score([row], MIXED, method="ml").theta[0] == pytest.approx(ml, abs=1e-6)
    assert irt.score([row], MIXED, method="map").theta[0] == pytest.approx(mode, abs=1e-6)


def test_many_learners_at_once_equal_one_at_a_time() -> None:
    rng = np.random.default_rng(5)
    rows = np.column_stack([rng.integers(0, k, 60) for k in (2, 2, 4, 3, 2)]).astype(float)
    rows[rng.random(rows.shape) < 0.2] = np.nan
    rows[0] = np.nan
    for method in ("eap", "map", "ml", "wle"):
        together = irt.score(rows, MIXED, method=method)
        alone = [irt.score(row[None], MIXED, method=method) for row in rows]
        np.testing.assert_allclose(together.theta, [one.theta[0] for one in alone], atol=1e-6)
        np.testing.assert_allclose(together.se, [one.se[0] for one in alone], atol=1e-6)
        assert together.reason_code[0] == 1
        assert together.n_scored == int(np.isfinite(together.theta).sum())


def test_each_group_has_its_own_prior() -> None:
    rng = np.random.default_rng(9)
    group = np.repeat(["a", "b"], 500)
    theta = np.concatenate([rng.normal(size=500), 1 + rng.normal(size=500)])
    data = simulate(rng, theta, np.full(8, 1.2), np.linspace(-1, 2, 8))
    fit = irt.fit(data, groups=group)
    made = irt.score(data, fit, groups=group)
    for name, rows in (("a", group == "a"), ("b", group == "b")):
        own = irt.score(data[rows], fit.items, prior=(fit.group(name).mean, fit.group(name).sd))
        np.testing.assert_allclose(made.theta[rows], own.theta, atol=1e-5)
    assert made.theta[group == "b"].mean() == pytest.approx(fit.group("b").mean, abs=0.01)


def test_columns_are_matched_by_name(lsat6: irt.IrtFit) -> None:
    frame = pd.DataFrame(PATTERNS, columns=lsat6.items.item_ids)
    turned = irt.score(frame[list(reversed(frame.columns))], lsat6)
    np.testing.assert_allclose(turned.theta, EAP, atol=3e-5)
    part = irt.score(frame[["item2"]], lsat6)
    assert part.n_answered.tolist() == [1] * 10


def test_sum_score_table_as_mirt(lsat6: irt.IrtFit) -> None:
    table = irt.sum_score_table(lsat6)
    np.testing.assert_allclose(table.theta, [-1.897, -1.413, -0.935, -0.446, 0.075, 0.646], atol=6e-4)
    np.testing.assert_allclose(table.se, [0.801, 0.804, 0.810, 0.822, 0.839, 0.859], atol=6e-4)
    np.testing.assert_allclose(1000 * table.probability, [2.276, 20.469, 89.028, 229.126, 362.422, 296.679], atol=6e-3)
    science = irt.sum_score_table(irt.fit(SCIENCE, "pcm", weights=SCIENCE_N))
    assert science.score.tolist() == list(range(4, 17))
    assert science.theta[12 - 4] == pytest.approx(0.09926, abs=1e-4)  # pcm: a function of the sum
    assert science.probability.sum() == pytest.approx(1, abs=1e-9)


def test_reliability_as_mirt(lsat6: irt.IrtFit) -> None:
    assert irt.marginal_reliability(lsat6).value == pytest.approx(0.298949, abs=2e-5)
    assert irt.empirical_reliability(irt.score(people(BINARY, LSAT6), lsat6)).value == pytest.approx(0.301089, abs=3e-4)
    lsat7 = irt.fit(BINARY, weights=LSAT7)
    assert irt.marginal_reliability(lsat7).value == pytest.approx(0.441819, abs=2e-5)
    assert irt.empirical_reliability(irt.score(people(BINARY, LSAT7), lsat7)).value == pytest.approx(0.452305, abs=3e-4)
    science = irt.fit(SCIENCE, "graded", weights=SCIENCE_N)
    assert irt.marginal_reliability(science).value == pytest.approx(0.669216, abs=2e-5)


def test_results_survive_pickling_and_dictionaries(lsat6: irt.IrtFit) -> None:
    for made in (irt.score(PATTERNS, lsat6, method="ml"), irt.sum_score_table(lsat6)):
        assert pickle.loads(pickle.dumps(made)) == made
        assert type(made).from_dict(made.to_dict()) == made


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: irt.score([[0, 1, 0, 0, 0]], MIXED, method="mle"), "is not one of"),
        (lambda: irt.score([[0, 1]], MIXED), "2 columns for 5 items"),
        (lambda: irt.score([[0, 1, 7, 0, 0]], MIXED), "the code 7"),
        (lambda: irt.score([[0, 1]], MIXED, item_ids=["item1", "x"]), "'x' is not among"),
        (lambda: irt.score([[2]], MIXED.select(["item1"])), "the code 2"),
        (lambda: irt.score([[0, 1, 0, 0, 0]], MIXED, prior=(0, 0)), "above 0"),
        (lambda: irt.score([[0, 1, 0, 0, 0]], MIXED, prior=("a", 1)), "prior"),  # type: ignore[arg-type]
        (lambda: irt.score([[0, 1, 0, 0, 0]], MIXED, groups=["a"]), "IrtFit"),
        (lambda: irt.empirical_reliability(irt.score([[0, 1, 0, 0, 0]], MIXED, method="wle")), "eap"),
    ],
)
def test_misuse_is_named(call: object, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        call()  # type: ignore[operator]
