"""Knowledge tracing against worked sequences, brute-force enumeration, pyBKT 1.4.3 and simulated truth."""

from __future__ import annotations

import itertools
import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.scoring import bkt


def simulated(seed, learners=800, length=8, prior=0.3, learn=0.15, slip=0.1, guess=0.2):
    rng = np.random.default_rng(seed)
    moves = np.concatenate([rng.random((learners, 1)) < prior, rng.random((learners, length - 1)) < learn], axis=1)
    known = np.cumsum(moves, axis=1) > 0
    chance = np.where(known, 1 - slip, guess)
    return (rng.random((learners, length)) < chance).astype(int)


def test_worked_sequence():
    found = bkt.trace([0, 1, 1, 0, 1, 1], prior=0.4, learn=0.2, slip=0.1, guess=0.25)
    assert found.log_likelihood == pytest.approx(-4.36587773, abs=5e-9)
    table = np.array([found.before, found.predicted, found.known, found.next_known, found.smoothed]).T
    assert table == pytest.approx(
        np.array(
            [
                [0.400000, 0.510000, 0.081633, 0.265306, 0.206589],
                [0.265306, 0.422449, 0.565217, 0.652174, 0.671413],
                [0.652174, 0.673913, 0.870968, 0.896774, 0.774708],
                [0.896774, 0.832903, 0.536680, 0.629344, 0.797662],
                [0.629344, 0.659073, 0.859402, 0.887522, 0.935388],
                [0.887522, 0.826889, 0.965994, 0.972795, 0.965994],
            ]
        ),
        abs=5.1e-7,
    )


def test_other_worked_sequences():
    found = bkt.trace([1, 1, 1], prior=0.3, learn=0.1, slip=0.1, guess=0.2)
    assert found.log_likelihood == pytest.approx(-1.44035358, abs=5e-9)
    assert found.known == pytest.approx([0.658537, 0.910256, 0.980848], abs=5e-7)
    assert found.smoothed == pytest.approx([0.923393, 0.971272, 0.980848], abs=5e-7)
    found = bkt.trace([0, 0, 1, 1, 1], prior=0.2, learn=0.15, slip=0.08, guess=0.3)
    assert found.log_likelihood == pytest.approx(-2.74185808, abs=5e-9)
    assert found.known == pytest.approx([0.027778, 0.023447, 0.385674, 0.737269, 0.914277], abs=5e-7)
    found = bkt.trace([0, 1, 1, 0, 1, 1], prior=0.4, learn=0.2, slip=0.1, guess=0.25, forget=0.05)
    assert found.log_likelihood == pytest.approx(-4.41020759, abs=5e-9)
    assert found.known[-1] == pytest.approx(0.93201798, abs=5e-9)


chances = st.floats(0.02, 0.98)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 1), min_size=1, max_size=6), chances, chances, chances, chances, chances)
def test_trace_equals_summing_over_all_paths(responses, prior, learn, slip, guess, forget):
    total, final, first = 0.0, 0.0, 0.0
    for path in itertools.product([0, 1], repeat=len(responses)):
        weight = prior if path[0] else 1 - prior
        for before, after in itertools.pairwise(path):
            move = {(0, 1): learn, (0, 0): 1 - learn, (1, 0): forget, (1, 1): 1 - forget}
            weight *= move[before, after]
        for state, right in zip(path, responses, strict=True):
            chance = 1 - slip if state else guess
            weight *= chance if right else 1 - chance
        total, final, first = total + weight, final + weight * path[-1], first + weight * path[0]
    found = bkt.trace(responses, prior=prior, learn=learn, slip=slip, guess=guess, forget=forget)
    assert found.log_likelihood == pytest.approx(math.log(total), abs=1e-9)
    assert found.known[-1] == pytest.approx(final / total, abs=1e-9)
    assert found.smoothed[0] == pytest.approx(first / total, abs=1e-9)


def test_fit_recovers_the_truth_and_its_errors_are_right():
    found = bkt.fit(simulated(5, learners=3000))
    truth = np.array([0.3, 0.15, 0.1, 0.2])
    assert found.converged
    assert np.all(np.abs(found.estimates[0, :4] - truth) < 4 * found.errors[0, :4])
    doubled = bkt.fit(np.repeat(simulated(5, learners=3000), 4, axis=0))
    assert doubled.estimates == pytest.approx(found.estimates, abs=1e-5)
    assert doubled.errors[0, :4] == pytest.approx(found.errors[0, :4] / 2, rel=1e-3)


def test_a_search_whose_line_search_fails_goes_on():
    """L-BFGS-B gives up on the way here, and comes to a maximum when it begins again from where it stood."""
    rows = ["101010", "010000", "110000", "100011", "100011", "100111"]
    found = bkt.fit([[int(right) for right in row] for row in rows], forget=True)
    assert found.converged
    assert found.log_likelihood == pytest.approx(-22.2097764, abs=1e-6)


def test_a_group_whose_search_stopped_early_is_a_gap_with_its_steps():
    quick, slow = simulated(1, learners=200), simulated(2, learners=200, learn=0.4)
    learners = np.tile(np.repeat(np.arange(200), 8), 2)
    skills = np.repeat(["add", "divide"], 1600)
    given = np.concatenate([quick.ravel(), slow.ravel()])
    fits = (bkt.fit(given, learners=learners, skills=skills, max_iterations=steps) for steps in range(5, 60))
    found = next(fit for fit in fits if np.isfinite(fit.estimates[:, 0]).sum() == 1)
    gap = int(np.isnan(found.estimates[1, 0]))
    assert not found.converged
    assert "without converging; the largest gradient is" in found.notes[gap]
    assert np.isnan(found.known[skills == found.groups[gap]]).all()
    assert not found.mastered[skills == found.groups[gap]].any()


def test_fit_is_a_maximum():
    data = simulated(6, learners=300)
    found = bkt.fit(data)

    def log_likelihood(values):
        names = dict(zip(("prior", "learn", "slip", "guess"), values, strict=True))
        return sum(bkt.trace(row, **names).log_likelihood for row in data)

    best = found.estimates[0, :4]
    assert log_likelihood(best) == pytest.approx(found.log_likelihood, abs=1e-6)
    for i in range(4):
        for step in (-0.01, 0.01):
            moved = best.copy()
            moved[i] += step
            assert log_likelihood(moved) < found.log_likelihood


def test_following_matches_the_trace_in_input_order():
    data = simulated(7, learners=60, length=6).astype(float)
    data[::3, 4:] = np.nan
    table = bkt.fit(data)
    names = dict(zip(("prior", "learn", "slip", "guess"), table.estimates[0, :4], strict=True))
    for row, known, predicted in zip(data, table.known, table.predicted, strict=True):
        seen = ~np.isnan(row)
        one = bkt.trace(row[seen], **names)
        assert known[seen] == pytest.approx(one.known, abs=1e-12)
        assert predicted[seen] == pytest.approx(one.predicted, abs=1e-12)
    rng = np.random.default_rng(1)
    learner, time = np.nonzero(~np.isnan(data))
    shuffle = rng.permutation(learner.size)
    flat = bkt.fit(data[learner, time][shuffle], learners=learner[shuffle], order=time[shuffle])
    assert flat.log_likelihood == pytest.approx(table.log_likelihood, abs=1e-9)
    assert flat.known == pytest.approx(table.known[learner, time][shuffle], abs=1e-9)


def test_long_sequences_are_not_merged_and_agree():
    data = simulated(8, learners=40, length=70)
    found = bkt.fit(data)
    names = dict(zip(("prior", "learn", "slip", "guess"), found.estimates[0, :4], strict=True))
    assert sum(bkt.trace(row, **names).log_likelihood for row in data) == pytest.approx(found.log_likelihood, abs=1e-6)


def test_groups_are_skills_or_learners():
    first, second = simulated(1, learners=200), simulated(2, learners=200, learn=0.4)
    learners = np.tile(np.repeat(np.arange(200), 8), 2)
    skills = np.repeat(["add", "divide"], 1600)
    found = bkt.fit(np.concatenate([first.ravel(), second.ravel()]), learners=learners, skills=skills)
    assert found.groups == ("add", "divide")
    assert found.estimates[1, :4] == pytest.approx(bkt.fit(second).estimates[0, :4], abs=1e-4)
    assert found.estimates[1, 1] > found.estimates[0, 1]
    few = learners < 5
    each = bkt.fit(
        np.concatenate([first.ravel(), second.ravel()])[few], learners=learners[few], skills=skills[few], by="learner"
    )
    assert len(each.groups) == 5
    assert each.n_sequences.tolist() == [2] * 5


def test_forgetting_is_estimated_when_asked():
    rng = np.random.default_rng(3)
    state = rng.random(3000) < 0.5
    rows = []
    for _ in range(12):
        rows.append(rng.random(3000) < np.where(state, 0.9, 0.15))
        state = np.where(state, rng.random(3000) > 0.1, rng.random(3000) < 0.25)
    found = bkt.fit(np.array(rows).T.astype(int), forget=True)
    assert np.all(np.abs(found.estimates[0] - [0.5, 0.25, 0.1, 0.15, 0.1]) < 4 * found.errors[0])


def test_bounds_and_degenerate_groups_are_named():
    noisy = np.random.default_rng(4).integers(0, 2, (300, 6))
    found = bkt.fit(noisy)
    assert "bound" in found.notes[0]
    assert np.all(found.estimates[0, 2:4] <= [0.3 + 1e-12, 0.5 + 1e-12])
    assert bkt.trace([0, 1], prior=0.5, learn=0.1, slip=0.6, guess=0.5).degenerate
    part = bkt.fit([1, 1, 1, 0, 1, 0, 1, 1], learners=[1, 1, 1, 2, 2, 2, 3, 3], skills=[1, 1, 1, 2, 2, 2, 1, 1])
    assert "All responses are right" in part.notes[0]
    assert part.rows()[0]["learn"] is None
    assert not part.mastered[0]


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: bkt.fit([[1, 2]]), UsageError, "0 .wrong. or 1"),
        (lambda: bkt.fit([[1, None, 1]]), UsageError, "gap inside"),
        (lambda: bkt.fit([1, 0]), UsageError, "learners="),
        (lambda: bkt.fit([1, 0], learners=[1]), UsageError, "Lengths differ"),
        (lambda: bkt.fit([[1, 0]], slip_limit=0.6, guess_limit=0.5), UsageError, "slip_limit"),
        (lambda: bkt.fit([1, 0], learners=["a", None]), UsageError, "1 missing labels"),
        (lambda: bkt.fit([1, 0], learners=[1, 1], order=[1, np.nan]), UsageError, "order holds missing values"),
        (lambda: bkt.fit([[1, 0]], by="school"), UsageError, "by='school'"),
        (lambda: bkt.fit([[1, 1], [1, 1]]), NotEstimableError, "All responses are right"),
        (lambda: bkt.fit([[1], [0]]), NotEstimableError, "one response"),
        (lambda: bkt.trace([], prior=0.5, learn=0.1, slip=0.1, guess=0.1), UsageError, "empty"),
        (lambda: bkt.trace([1], prior=1.5, learn=0.1, slip=0.1, guess=0.1), UsageError, "prior=1.5"),
        (lambda: bkt.trace([0], prior=1, learn=0, slip=0, guess=0), NotEstimableError, "no chance"),
    ],
)
def test_misuse_and_the_not_estimable(call, error, says):
    with pytest.raises(error, match=says):
        call()


def test_results_travel():
    for found in (bkt.fit(simulated(9, learners=40)), bkt.trace([1, 0], prior=0.5, learn=0.1, slip=0.1, guess=0.1)):
        assert pickle.loads(pickle.dumps(found)) == found
        again = type(found).from_dict(found.to_dict())
        assert again.to_dict() == found.to_dict()
        assert len(repr(found)) <= 100
        assert str(found)
