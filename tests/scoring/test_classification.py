"""Classification against cacIRT 1.4 and betafunctions 1.9.0 (printed numbers), and against direct integration."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from scipy import stats

from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.scoring import classification

A = np.array([1, 1.2, 0.8, 1.5, 1.1, 0.9, 1.3, 1, 1.4, 0.7])
B = np.array([-1.5, -1, -0.6, -0.3, 0, 0.2, 0.5, 0.8, 1.2, 1.6])
THETA = np.array([-1, -0.2, 0, 0.4, 1.3])
SE = [0.705314, 0.631725, 0.627463, 0.633756, 0.721905]
COUNTS = [0, 0, 1, 2, 4, 7, 11, 16, 22, 28, 33, 37, 40, 41, 39, 34, 28, 20, 12, 6, 2]


def chances(scaling):
    return 1 / (1 + np.exp(-scaling * A * (THETA[:, None] - B)))


def test_rudner_published():
    found = classification.rudner(THETA, SE, cuts=0.3)
    assert found.by_person_accuracy == pytest.approx([0.967347, 0.785669, 0.683716, 0.562689, 0.917008], abs=1e-6)
    assert found.by_person_consistency == pytest.approx([0.936826, 0.663214, 0.567503, 0.507860, 0.847791], abs=1e-6)
    assert (found.accuracy, found.consistency) == pytest.approx((0.783286, 0.704639), abs=1e-6)


def test_rudner_errors_are_those_of_the_information():
    p = chances(1.0)
    assert 1 / np.sqrt((A**2 * p * (1 - p)).sum(axis=1)) == pytest.approx(SE, abs=5e-7)


def test_lee_published():
    # cacIRT scales the logit by 1.7; the design page does not say so
    found = classification.lee(THETA, probabilities=chances(1.7), cuts=5)
    assert found.by_person_accuracy == pytest.approx([0.983509, 0.612113, 0.422730, 0.875116, 0.999358], abs=1e-6)
    assert (found.accuracy, found.consistency) == pytest.approx((0.778565, 0.756956), abs=1e-6)


def test_lee_of_equal_items_is_binomial():
    found = classification.lee([0.0, 1.0], probabilities=np.repeat([[0.4], [0.7]], 12, axis=1), cuts=[4, 8])
    for i, p in enumerate((0.4, 0.7)):
        tail = stats.binom.cdf([3, 7], 12, p)
        masses = np.diff([0, *tail, 1])
        assert found.by_person_consistency[i] == pytest.approx((masses**2).sum(), rel=1e-12)


def test_weights_are_repeated_persons():
    weighted = classification.rudner(THETA, SE, cuts=[-0.5, 0.3], weights=[1, 2, 3, 1, 1])
    repeated = classification.rudner(
        np.repeat(THETA, [1, 2, 3, 1, 1]), np.repeat(SE, [1, 2, 3, 1, 1]), cuts=[-0.5, 0.3]
    )
    assert (weighted.accuracy, weighted.kappa) == pytest.approx((repeated.accuracy, repeated.kappa), rel=1e-12)


def test_livingston_lewis_published():
    found = classification.livingston_lewis(np.arange(21), cut=12, reliability=0.8, maximum=20, frequencies=COUNTS)
    assert found.effective_length_exact == pytest.approx(34.605557, abs=5e-7)
    assert found.effective_length == 35
    assert (found.alpha, found.beta, found.low, found.high) == pytest.approx((5.2477724, 3.4361629, 0, 1), abs=5e-8)
    got = (found.accuracy, found.consistency, found.chance, found.kappa)
    assert got == pytest.approx((0.856863, 0.804513, 0.506764, 0.603665), abs=1e-6)
    # betafunctions calls failing "positive", we call passing so
    assert (found.false_negative, found.false_positive) == pytest.approx((0.057270, 0.085867), abs=1e-6)
    assert "four-parameter" in found.note


def test_livingston_lewis_recovers_a_four_parameter_beta():
    rng = np.random.default_rng(8)
    truth = 0.2 + 0.7 * rng.beta(2, 3, 400_000)
    scores = rng.binomial(40, truth)
    error = np.mean(40 * truth * (1 - truth))
    found = classification.livingston_lewis(scores, cut=20, reliability=1 - error / scores.var(), maximum=40)
    assert (found.low, found.high) == pytest.approx((0.2, 0.9), abs=0.06)
    assert found.note == ""
    assert found.accuracy == pytest.approx(np.mean((truth >= 0.5) == (scores >= 20)), abs=0.004)
    again = rng.binomial(40, truth)
    assert found.consistency == pytest.approx(np.mean((again >= 20) == (scores >= 20)), abs=0.004)
    passing_below = np.mean((truth < 0.5) & (scores >= 20))
    assert found.false_positive == pytest.approx(passing_below, abs=0.004)


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: classification.rudner([0], [0], cuts=0), UsageError, "standard_errors"),
        (lambda: classification.rudner([0], [1], cuts=[1, 0]), UsageError, "ascending"),
        (lambda: classification.rudner([0], [1, 1], cuts=0), UsageError, "Lengths"),
        (lambda: classification.rudner([0], [1], cuts=0, weights=[0]), UsageError, "weights"),
        (lambda: classification.lee([0], probabilities=[[2]], cuts=0), UsageError, "0 to 1"),
        (lambda: classification.livingston_lewis([1, 2], cut=9, reliability=0.5, maximum=4), UsageError, "scale"),
        (lambda: classification.livingston_lewis([1, 2], cut=2, reliability=1, maximum=4), UsageError, "reliability"),
        *(
            (
                lambda wrong=wrong: classification.livingston_lewis(
                    [1, 2], cut=2, reliability=0.5, maximum=4, frequencies=wrong
                ),
                UsageError,
                "frequencies must be whole",
            )
            for wrong in ([0, 0], [3, -1], [0.5, 0.5])
        ),
        (
            lambda: classification.livingston_lewis([2, 2], cut=2, reliability=0.5, maximum=4),
            NotEstimableError,
            "equal",
        ),
        (
            lambda: classification.livingston_lewis([10, 1], cut=10, reliability=0.1, maximum=10),
            NotEstimableError,
            "worth 0.57 items",
        ),
    ],
)
def test_misuse_and_the_not_estimable(call, error, says):
    with pytest.raises(error, match=says):
        call()


def test_results_travel():
    for found in (
        classification.rudner(THETA, SE, cuts=0.3),
        classification.livingston_lewis(np.arange(21), cut=12, reliability=0.8, maximum=20, frequencies=COUNTS),
    ):
        assert pickle.loads(pickle.dumps(found)) == found
        assert type(found).from_dict(found.to_dict()) == found
        assert len(repr(found)) <= 100
        assert math.isfinite(found.accuracy)
