"""The item container and its curves: published information, numeric derivatives, invariants, misuse."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from blended_standard.errors import UsageError
from blended_standard.scoring.irt import ItemParameters, information, item_parameters, probability
from blended_standard.scoring.irt._kernels import curvature, log_probability, scores, theta_curves
from blended_standard.scoring.irt.items import blocks

THETA = np.linspace(-3, 3, 7)


def mixed_items() -> ItemParameters:
    return item_parameters(
        [1.0, 1.3, 1.7, 0.9, 1.1],
        [[0.2], [-0.4], [-1.0, 0.0, 1.2], [0.5, -0.3], [-0.2, 0.4]],
        model=["rasch", "3pl", "graded", "gpcm", "gpcm"],
        guessing=[0, 0.2, 0, 0, 0],
        categories=[(0, 1), (0, 1), (1, 2, 3, 4), (0, 1, 2), (0, 1, 3)],
        scale_id="demo",
    )


def test_test_information_of_lsat6_two_parameter_as_mirt_prints_it() -> None:
    # mirt 1.47, testinfo() at -2, -1, 0, 1, 2 with the estimates below: psychometrics.md 2.6
    a = np.array([0.82566, 0.72274, 0.89087, 0.68837, 0.65686])
    d = np.array([2.77323, 0.99020, 0.24915, 1.28476, 2.05327])
    got = information(item_parameters(a, -d / a), [-2, -1, 0, 1, 2]).test
    np.testing.assert_allclose(got, [0.578880, 0.559201, 0.460183, 0.307008, 0.170841], atol=1e-5)


def test_probabilities_sum_to_one_and_scores_use_the_codes() -> None:
    curves = probability(mixed_items(), THETA)
    np.testing.assert_allclose(curves.probability.sum(axis=2), 1.0, atol=1e-12)
    assert 1 < curves.expected_score[0, 2] < curves.expected_score[-1, 2] < 4
    np.testing.assert_allclose(curves.test_characteristic, curves.expected_score.sum(axis=1))


def test_steps_of_partial_credit_are_where_neighbors_cross() -> None:
    items = mixed_items()
    for j in (3, 4):
        for k, step in enumerate(items.thresholds[j]):
            p = probability(items, step).probability[0, j]
            assert p[k] == pytest.approx(p[k + 1], abs=1e-12)


def test_graded_thresholds_are_where_half_reach_the_category() -> None:
    items = mixed_items()
    for k, threshold in enumerate(items.thresholds[2], start=1):
        assert probability(items, threshold).probability[0, 2, k:].sum() == pytest.approx(0.5, abs=1e-12)


@pytest.mark.parametrize("place", range(5))
def test_derivatives_equal_numeric_ones(place: int) -> None:
    (block,) = blocks(mixed_items().select([f"item{place + 1}"]))
    kind, parameters, weights = block.kind, block.parameters, block.weights
    p, s = scores(kind, parameters, THETA, weights)
    counts = np.random.default_rng(1).uniform(1, 5, p.shape)
    step, columns = 1e-5, parameters.shape[1]
    second = np.zeros((columns, columns))

    def shifted(*moves: tuple[int, float]) -> np.ndarray:
        moved = parameters.copy()
        for column, size in moves:
            moved[0, column] += size
        return np.exp(log_probability(kind, moved, THETA, weights))

    for i in range(columns):
        numeric = (shifted((i, step)) - shifted((i, -step))) / (2 * step) / p
        np.testing.assert_allclose(s[:, :, i], numeric, atol=1e-7)
        for j in range(columns):
            h = 1e-3
            mixed = (
                shifted((i, h), (j, h))
                - shifted((i, h), (j, -h))
                - shifted((i, -h), (j, h))
                + shifted((i, -h), (j, -h))
            ) / (4 * h * h)
            second[i, j] = (counts * mixed / p).sum()
    np.testing.assert_allclose(curvature(kind, parameters, THETA, weights, counts)[0], second, rtol=2e-5, atol=2e-3)
    curves = theta_curves(kind, parameters, THETA, weights)
    ahead, behind = (theta_curves(kind, parameters, THETA + move, weights) for move in (step, -step))
    np.testing.assert_allclose(curves.first, (ahead.p - behind.p) / (2 * step), atol=1e-8)
    np.testing.assert_allclose(curves.second, (ahead.first - behind.first) / (2 * step), atol=1e-8)


def test_probabilities_stay_finite_far_out() -> None:
    curves = probability(mixed_items(), [-800.0, 800.0])
    assert np.isfinite(curves.probability).all()
    np.testing.assert_allclose(curves.probability.sum(axis=2), 1.0, atol=1e-9)


def test_rescaling_leaves_the_curves_where_the_learners_are() -> None:
    items = mixed_items()
    moved = items.rescaled(slope=1.7, intercept=-0.4, scale_id="other")
    np.testing.assert_allclose(
        probability(items, THETA).probability, probability(moved, 1.7 * THETA - 0.4).probability, atol=1e-12
    )


def test_container_survives_pickling_and_dictionaries() -> None:
    items = mixed_items()
    assert pickle.loads(pickle.dumps(items)) == items
    assert ItemParameters.from_dict(items.to_dict()) == items
    assert len(items.rows()) == 5
    assert "item3" in str(items)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: item_parameters([1, 1], [0.0]), "slope has shape"),
        (lambda: item_parameters(["a"], [0.0]), "slope holds something that is not a number"),
        (lambda: item_parameters([0.0], [0.0]), "not 0"),
        (lambda: item_parameters([1.0], [0.0], model="4pl"), "is not one of"),  # type: ignore[arg-type]
        (lambda: item_parameters([1.0], [[1.0, 0.0]], model="graded"), "must rise"),
        (lambda: item_parameters([1.0], [0.0], guessing=0.2), "unless the model is 3pl"),
        (lambda: item_parameters([1.0], [[0.0, 1.0]]), "codes 0 and 1"),
        (lambda: item_parameters([1.0, 1.0], [0.0, 1.0], item_ids=["a", "a"]), "repeats"),
        (lambda: item_parameters([1.0], [[0.0, 1.0]], model="gpcm", categories=[(0, 2)]), "one more than"),
        (lambda: mixed_items().select(["nope"]), "nope"),
        (lambda: mixed_items().rescaled(slope=-1, intercept=0, scale_id=""), "above 0"),
        (lambda: probability(mixed_items(), [np.nan]), "finite"),
    ],
)
def test_misuse_is_named(call: object, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        call()  # type: ignore[operator]
