"""Mastery rules against published numbers (canvas-lms specs, JumpRope help page), closed forms and each other."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blended_standard.errors import UsageError
from blended_standard.scoring import mastery
from blended_standard.scoring.mastery import bulk

CLOSED = 1e-10  # closed forms
PRINTED = 5e-7  # numbers printed with six decimals

scores = st.lists(st.integers(1, 8).map(lambda x: x / 2), min_size=1, max_size=12)


def test_a_sort_in_parts_is_the_stable_sort() -> None:
    """Ranges of codes of uneven size, times so long that code, time and row do not pack together, and ties."""
    draw = np.random.default_rng(4)
    who = np.concatenate([draw.integers(0, 1000, 300_000), draw.integers(0, 2**20, 500_000)]) - 77
    when = draw.integers(0, 4, who.size) * 2**30 - 5
    values = draw.random(who.size)
    codes, ordered = bulk._in_order(who, when, values)
    places = np.lexsort((when, who))
    assert bulk._parts(who, 2**33) is not None
    assert np.array_equal(codes, who[places])
    assert np.array_equal(ordered, values[places])


def test_canvas_numbers():
    assert mastery.weighted_average([1, 2, 3, 4, 5], weight=0.65).value == pytest.approx(4.125, abs=CLOSED)
    assert mastery.canvas_round(4.125) == 4.13
    assert mastery.canvas_round(-4.125) == -4.13
    assert mastery.decaying_average([1, 2, 3, 4, 5]).value == pytest.approx(4.469619, abs=PRINTED)
    steps = [mastery.decaying_average([1, 2, 3, 4, 5][:k]).value for k in range(1, 6)]
    assert steps == pytest.approx([1, 1.65, 2.5275, 3.484625, 4.469619], abs=PRINTED)
    assert mastery.n_of_m([1, 2, 3, 4, 5], n=3, cut=3).value == 4.0
    assert mastery.n_of_m([1, 2, 3, 4, 5], n=4, cut=3).value is None
    assert mastery.median([1, 2, 3, 4]).value == 2.5


@pytest.mark.parametrize(
    ("given_scores", "weight", "decaying", "weighted"),
    [
        ((4, 4, 1), 0.65, 2.05, 2.05),
        ((2, 3, 3, 4), 0.65, 3.607125, 3.533333),
        ((3, 5, 4, 4), 0.65, 4.03675, 4.0),
        ((4, 3, 2, 1), 0.65, 1.515375, 1.7),
        ((1, 3, 2, 4), 0.65, 3.33675, 3.3),
        ((1, 2, 3, 4, 5), 0.75, 4.667969, None),
        ((4, 3, 2, 1), 0.75, 1.328125, None),
    ],
)
def test_both_averages(given_scores, weight, decaying, weighted):
    assert mastery.decaying_average(given_scores, weight=weight).value == pytest.approx(decaying, abs=PRINTED)
    if weighted is not None:
        assert mastery.weighted_average(given_scores, weight=weight).value == pytest.approx(weighted, abs=PRINTED)


@pytest.mark.parametrize(
    ("given_scores", "now", "following"),
    [
        ((1, 2, 3, 4), 4.0000, 5.0),
        ((1, 3, 2, 4), 3.6567, 4.4188),
        ((2, 4, 1, 3), 2.1643, 2.1460),
        ((4, 3, 2, 1), 1.2809, 1.0422),
    ],
)
def test_power_law(given_scores, now, following):
    assert mastery.power_law(given_scores).value == pytest.approx(now, abs=5e-5)
    # the design document prints 4.4188 = a (n+1)^b
    assert mastery.power_law(given_scores, at="n+1").value == pytest.approx(following, abs=5e-5)


def test_power_law_standard_error_is_that_of_least_squares():
    y, x = np.log([1, 3, 2, 4]), np.column_stack([np.ones(4), np.log([1, 2, 3, 4])])
    inverse = np.linalg.inv(x.T @ x)
    residual = y - x @ (inverse @ x.T @ y)
    place = np.array([1.0, math.log(4)])
    spread = math.sqrt(residual @ residual / 2 * (place @ inverse @ place))
    found = mastery.power_law([1, 3, 2, 4])
    assert found.se == pytest.approx(found.value * spread, rel=CLOSED)
    assert "0 or below" in mastery.power_law([0, 2, 3, 3.5]).reason


@pytest.mark.parametrize(
    ("prior", "k", "n", "mean", "sd", "chance", "low", "high"),
    [
        ((1, 1), 7, 10, 0.666667, 0.130744, 0.161139, 0.390257, 0.890737),
        ((0.5, 0.5), 7, 10, 0.681818, 0.134456, 0.205443, 0.394182, 0.907305),
        ((1, 1), 9, 10, 0.833333, 0.103362, 0.677877, 0.587220, 0.977169),
        ((1, 1), 10, 10, 0.916667, 0.076656, 0.914101, 0.715086, 0.997701),
        ((1, 1), 4, 5, 0.714286, 0.159719, 0.344640, 0.358765, 0.956728),
        ((1, 1), 3, 3, 0.800000, 0.163299, 0.590400, 0.397635, 0.993691),
    ],
)
def test_posterior_table(prior, k, n, mean, sd, chance, low, high):
    found = mastery.beta_binomial(k, n, cut=0.8, prior=prior)
    got = (found.value, found.se, found.probability, found.interval.low, found.interval.high)
    assert got == pytest.approx((mean, sd, chance, low, high), abs=PRINTED)


def test_thirteen_of_thirteen_for_95_percent():
    assert mastery.beta_binomial(12, 12).probability < 0.95 <= mastery.beta_binomial(13, 13).probability
    assert mastery.beta_binomial(13, 13).probability == pytest.approx(1 - 0.8**14, abs=CLOSED)


def test_beta_binomial_counts():
    found = mastery.beta_binomial_counts(10, 4, 2)
    assert found.mass[7] == pytest.approx(0.159840, abs=PRINTED)
    assert (found.mean, found.variance) == pytest.approx((6.666667, 5.079365), abs=PRINTED)
    assert found.mass.sum() == pytest.approx(1, abs=CLOSED)
    assert found.mass @ np.arange(11) == pytest.approx(found.mean, abs=CLOSED)


def test_mean_agrees_with_the_t_interval():
    found = mastery.mean([2, 3, 3, 4, 1], cut=3)
    values = np.array([2, 3, 3, 4, 1.0])
    assert found.se == pytest.approx(values.std(ddof=1) / math.sqrt(5), rel=CLOSED)
    assert found.interval.high - found.value == pytest.approx(2.7764451 * found.se, rel=1e-7)  # qt(.975, 4)
    assert not found.mastered
    assert found.probability < 0.5


def test_beta_interval_of_a_scale_matches_the_posterior():
    found = mastery.mean([1, 1, 1, 0], scale=(0, 1), cut=0.8)
    posterior = mastery.beta_binomial(3, 4, cut=0.8)
    assert (found.probability, found.se) == pytest.approx((posterior.probability, posterior.se), rel=CLOSED)
    assert found.interval.low == pytest.approx(posterior.interval.low, rel=CLOSED)


def test_equal_scores_give_no_false_certainty():
    found = mastery.decaying_average([4, 4, 4], cut=3)
    assert (found.value, found.mastered, found.se, found.probability) == (4, True, None, None)
    assert "scale" in found.note
    assert 0.5 < mastery.decaying_average([4, 4, 4], cut=3, scale=(0, 4)).probability < 0.95


@settings(max_examples=40)
@given(scores, st.integers(0, 11), st.sampled_from([0.5, 1.0]))
def test_raising_one_score_never_lowers(values, place, rise):
    raised = list(values)
    raised[place % len(values)] += rise
    for rule in (mastery.highest, mastery.latest, mastery.mean, mastery.median):
        assert rule(raised).value >= rule(values).value - 1e-12
    for rule in (mastery.weighted_average, mastery.decaying_average):
        assert rule(raised).value >= rule(values).value - 1e-12


def test_raising_a_score_can_lower_some_rules():
    assert mastery.n_of_m([4, 4, 2], n=2, cut=3).value == 4.0
    assert mastery.n_of_m([4, 4, 3], n=2, cut=3).value == pytest.approx(11 / 3)
    assert mastery.power_law([3, 1, 2, 4]).value < mastery.power_law([1, 1, 2, 4]).value


@settings(max_examples=40)
@given(scores)
def test_weight_one_is_latest_and_missing_scores_are_dropped(values):
    assert mastery.decaying_average(values, weight=1.0).value == mastery.latest(values).value
    with_gap = [values[0], None, *values[1:]]
    assert mastery.weighted_average(with_gap).value == mastery.weighted_average(values).value


RULES = ("highest", "latest", "mean", "median", "mode", "decaying_average", "weighted_average", "power_law", "n_of_m")


@pytest.mark.parametrize("rule", RULES)
def test_many_learners_at_once_equal_one_by_one(rule):
    rng = np.random.default_rng(20260101)
    who, when = rng.integers(-3, 60, 700), rng.integers(0, 20, 700)
    values = rng.integers(1, 9, 700) / 2
    values[::50] = np.nan
    found = mastery.by_learner(who, values, order=when, rule=rule, cut=3, n=3)
    assert found.learners.tolist() == sorted(set(who[~np.isnan(values)].tolist()))
    assert found.n_missing == 14
    options = {"cut": 3, "n": 3} if rule == "n_of_m" else {}
    for i, learner in enumerate(found.learners):
        rows = np.flatnonzero(who == learner)
        one = getattr(mastery, rule)(values[rows[np.argsort(when[rows], kind="stable")]], **options)
        assert found.n[i] == one.n
        assert np.nan_to_num(found.value[i], nan=-1) == pytest.approx(-1 if one.value is None else one.value, abs=1e-11)
        if found.se is not None:
            assert np.nan_to_num(found.se[i], nan=-1) == pytest.approx(-1 if one.se is None else one.se, abs=1e-9)


def test_order_of_time_decides_and_ties_keep_rows():
    shuffled = mastery.by_learner(["b", "a", "b"], [1, 2, 3], order=["2026-02", "2026-01", "2026-01"], rule="latest")
    assert (shuffled.learners.tolist(), shuffled.value.tolist()) == (["a", "b"], [2, 1])
    when = np.array(["2026-01-01T10:00:00", "2026-01-01T10:00:00"], dtype="datetime64[s]")
    assert mastery.by_learner([1, 1], [5, 6], order=when, rule="latest").value.tolist() == [6]
    huge = np.array([2**62, -(2**62), 0])
    assert mastery.by_learner([1, 1, 1], [1, 2, 3], order=huge, rule="latest").value.tolist() == [1]
    assert mastery.by_learner(huge, [1, 2, 3], rule="mean").learners.tolist() == sorted(huge.tolist())
    assert mastery.by_learner([], [], rule="mean").n_scores == 0


def test_codes_and_times_of_any_64_bits_keep_their_order():
    high, low = 2**63 - 5, -(2**63) + 5
    done = mastery.by_learner([high, low, 0, 5, high], [1.0, 2.0, 3.0, 4.0, 5.0], rule="latest")
    assert (done.learners.tolist(), done.value.tolist()) == ([low, 0, 5, high], [2.0, 3.0, 4.0, 5.0])
    hashes = np.array([2**63 + 5, 3, 3], np.uint64)
    done = mastery.by_learner(hashes, [1.0, 2.0, 4.0], order=np.array([1, 2**63 + 5, 3], np.uint64), rule="latest")
    assert (done.learners.tolist(), done.value.tolist()) == ([3, 2**63 + 5], [2.0, 1.0])


def test_blocks_do_not_show(monkeypatch):
    rng = np.random.default_rng(5)
    who, values = rng.integers(0, 40, 500), rng.random(500)
    whole = mastery.by_learner(who, values)
    monkeypatch.setattr("blended_standard.scoring.mastery.bulk._BLOCK", 16)
    assert mastery.by_learner(who, values).value == pytest.approx(whole.value, abs=1e-14)


def test_components():
    both = mastery.conjunctive([3, 4, 2.5], 3, standard_errors=[0.5, 0.5, 0.5])
    assert (both.mastered, both.value, both.n_met) == (False, -0.5, 2)
    chances = both.component_probabilities
    assert both.probability == pytest.approx(np.prod(chances), rel=CLOSED)
    two = mastery.k_of_j([3, 4, 2.5], 3, k=2, standard_errors=[0.5, 0.5, 0.5])
    a, b, c = chances
    by_hand = a * b * (1 - c) + a * (1 - b) * c + (1 - a) * b * c + a * b * c
    assert two.mastered
    assert two.probability == pytest.approx(by_hand, rel=CLOSED)
    total = mastery.compensatory([3, 4, 2.5], [1, 1, 2], cut=12, standard_errors=[0.5, 0.5, 0.5])
    assert (total.value, total.mastered, total.probability) == (12.0, True, 0.5)
    assert total.se == pytest.approx(0.5 * math.sqrt(6), rel=CLOSED)
    assert mastery.conjunctive([3, None], 3).mastered is None
    assert mastery.conjunctive([2, None], 3).mastered is False
    assert mastery.k_of_j([3, None], 3, k=1).mastered is True


def test_evidence_gate_and_decision():
    gate = mastery.evidence_gate(
        [1, 2, 3, 4, None, 3, 3],
        dates=["2026-01-01", "2026-01-01", "2026-03-01", "2025-01-01", "2026-03-01", "2026-09-01", "2026-03-01"],
        as_of="2026-06-30",
        valid_days=365,
        revoked=[None, None, None, None, None, None, "2026-06-30"],
    )
    states = [gate.states[i] for i in gate.state]
    assert states == ["level too low", "counts", "counts", "expired", "level unknown", "after as_of", "revoked"]
    assert (gate.n_counting, gate.n_verified, gate.highest_level) == (2, 1, 3)
    verified = mastery.decide([2, 3, 4], [2, 2, 3], cut=3)
    plain = mastery.decide([2, 3, 4], [3, 2, 2], cut=3)
    assert verified.standing is mastery.Standing.VERIFIED
    assert plain.standing is mastery.Standing.MASTERED  # the verified piece itself is below the cut
    assert mastery.decide([1, 1, 2], [2, 2, 3], cut=3).standing is mastery.Standing.NOT_MASTERED
    nothing = mastery.decide([4, 4], [0, 1], cut=3)
    assert nothing.value is None
    assert "level too low: 2" in nothing.reason
    late = mastery.decide([4, 1], [2, 2], cut=3, rule="latest", dates=["2026-02-01", "2026-01-01"])
    assert late.value == 4


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: mastery.decaying_average([1, 2], weight=65), "weight=0.65"),
        (lambda: mastery.mean([1, 9], scale=(0, 4)), "outside scale"),
        (lambda: mastery.mean([1, math.inf]), "infinite"),
        (lambda: mastery.mean([[1], [2]]), "dimensions"),
        (lambda: mastery.mean(["a"]), "not a number"),
        (lambda: mastery.mean([1, 2], cut=math.nan), "cut=nan"),
        (lambda: mastery.highest([1, 2], cut="3"), "cut='3' is text"),
        (lambda: mastery.power_law([1, 2], cut=math.inf), "cut=inf"),
        (lambda: mastery.compensatory([1, 2], cut=[1, 2]), "cut="),
        (lambda: mastery.evidence_gate([3], dates=[1.0], as_of=math.nan), "as_of=nan is a missing date"),
        (lambda: mastery.beta_binomial(1, 2, prior=(1,)), "prior has 1 values"),
        (lambda: mastery.n_of_m([1], n=3, cut=3, m=2), "smaller"),
        (lambda: mastery.power_law([1, 2], at="n+2"), "is not one of n"),
        (lambda: mastery.beta_binomial(4, 3), "successes"),
        (lambda: mastery.beta_binomial(3, 4, cut=80), "cut=80"),
        (lambda: mastery.by_learner([1], [1, 2]), "Lengths differ"),
        (lambda: mastery.by_learner([1], [1], rule="n_of_m"), "cut"),
        (lambda: mastery.by_learner([1], [1], rule="best"), "rule='best'"),
        (lambda: mastery.by_learner([1], [1], order=[math.nan]), "order"),
        (lambda: mastery.k_of_j([1, 2], 1, k=3), "k=3"),
        (lambda: mastery.conjunctive([1, 2], [1, 1], standard_errors=[0, 1]), "standard_errors"),
        (lambda: mastery.evidence_gate([5]), "levels"),
        (lambda: mastery.evidence_gate([1], valid_days=3), "dates"),
    ],
)
def test_misuse_is_named(call, says):
    with pytest.raises(UsageError, match=says):
        call()


@pytest.mark.parametrize(
    "found",
    [
        mastery.decaying_average([1, 2, 3], cut=2),
        mastery.mode([]),
        mastery.beta_binomial(1, 2),
        mastery.by_learner([1, 1, 2], [1, 2, 3], rule="n_of_m", n=2, cut=1),
        mastery.k_of_j([3, None], 3, k=1),
        mastery.decide([4], [3], cut=3),
        mastery.evidence_gate([1, 2]),
    ],
)
def test_results_travel(found):
    assert pickle.loads(pickle.dumps(found)) == found
    assert type(found).from_dict(found.to_dict()) == found
    assert len(repr(found)) <= 100
    assert str(found)
