"""Maximize the marginal likelihood: a few EM cycles, then Newton steps with the observed information.

Large data start from the estimates of every k-th pattern, whose information also serves for the first Newton steps.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from blended_standard.numeric.arguments import Floats
from blended_standard.scoring.irt._kernels import scores
from blended_standard.scoring.irt._marginal import Expectation, ItemBlock, Marginal, State
from blended_standard.scoring.irt._responses import Patterns, sample_patterns

_SAMPLE = 4000
_CYCLES = 12
_LONGEST_STEP = 1.5
_IDLE = 8  # steps in a row that gain nothing, after which the search gives up
_STEEPEST = 50.0  # a slope beyond it has no finite estimate
_NEAR = 0.05  # decrement a parameter below which borrowed curvature is replaced by the data's own
_SLOW = 0.02  # renew the curvature when a step leaves more than this share of the decrement
_MOVED = 2e-4  # largest total move after which the curvature still gives the standard errors


class Problem(NamedTuple):
    """What is estimated: items in blocks, which parameters are free, and normal priors on some of them.

    `free`, `prior_mean`, `prior_precision` follow `State.vector()`; a precision of 0 is no prior. `log_slope` marks
    the slopes whose prior is on their logarithm.
    """

    blocks: tuple[ItemBlock, ...]
    free: np.ndarray
    prior_mean: Floats
    prior_precision: Floats
    log_scale: np.ndarray


class Solution(NamedTuple):
    """Where the search ended, with the information there (all parameters) and how it went."""

    state: State
    log_likelihood: float
    log_prior: float
    information: Floats
    cross_product: Floats
    iterations: int
    gradient: float
    decrement: float
    converged: bool


def maximize(
    patterns: Patterns, problem: Problem, start: State, theta: Floats, *, tolerance: float, max_iterations: int
) -> Solution:
    """Return the maximum of the log-likelihood plus log prior.

    Parameters
    ----------
    tolerance : float
        Stop when the Newton decrement (twice the gain still to be had) falls below it.
    """
    hessian = None
    if len(patterns.frequency) > 2 * _SAMPLE:
        sample = sample_patterns(patterns, _SAMPLE)
        first = maximize(sample, problem, start, theta, tolerance=1e-4, max_iterations=max_iterations)
        start, hessian = first.state, first.information
    marginal = Marginal(patterns, problem.blocks, theta)
    state = start
    if hessian is None:
        state = _em(marginal, problem, start, _CYCLES)
    return _newton(marginal, problem, state, hessian, tolerance, max_iterations)


def log_density(problem: Problem, vector: Floats) -> float:
    """Return the log prior density at `vector` (normal, on the log scale for slopes)."""
    on = problem.prior_precision > 0
    if not on.any():
        return 0.0
    precision, value = problem.prior_precision[on], _prior_scale(problem, vector)[on]
    gap = value - problem.prior_mean[on]
    made = float(np.sum(0.5 * np.log(precision / (2 * np.pi)) - 0.5 * precision * gap**2))
    return made - float(np.log(vector[on & problem.log_scale]).sum())


def _newton(
    marginal: Marginal, problem: Problem, state: State, hessian: Floats | None, tolerance: float, max_iterations: int
) -> Solution:
    """Climb with a curvature matrix that is renewed when it stops serving, and once near the top."""
    free = problem.free
    cell = np.ix_(free, free)
    known: tuple[Floats, Floats] | None = None
    value, gradient = _objective(marginal, problem, state)
    damping, decrement, steps, since, idle = 0.0, np.inf, 0, 0.0, 0
    while steps < max_iterations and idle < _IDLE:
        if hessian is None:
            hessian, cross = _information(marginal, problem, state)
            known, since = (hessian, cross), 0.0
        steps += 1
        step = _direction(hessian[cell], gradient[free], damping)
        last, decrement = decrement, float(gradient[free] @ step)
        if known is None and decrement < _NEAR * len(step):
            hessian = None
            decrement = last
            continue
        if decrement < tolerance:
            break
        moved = _stepped(problem, state, step)
        new_value, new_gradient = (-np.inf, gradient) if moved is None else _objective(marginal, problem, moved)
        if moved is None or new_value < value - 1e-12 * (1 + abs(value)):
            if since > 0 or known is None:
                hessian = None
            elif damping > 1e6:
                break
            else:
                damping = max(10 * damping, 1e-2)
            continue
        since += float(np.abs(step).max()) if step.size else 0.0
        idle = idle + 1 if new_value - value < 1e-7 else 0
        state, value, gradient, damping = moved, new_value, new_gradient, (damping / 10 if damping > 1e-4 else 0.0)
        if decrement > _SLOW * last and known is not None:
            hessian = None
    if known is None or since > _MOVED:
        known = _information(marginal, problem, state)
    step = _direction(known[0][cell], gradient[free], 0.0)
    decrement = abs(float(gradient[free] @ step))
    prior = log_density(problem, state.vector())
    steepest = float(np.abs(gradient[free]).max(initial=0.0))
    converged = decrement < max(10 * tolerance, 1e-7)
    return Solution(state, value - prior, prior, *known, steps, steepest, decrement, converged)


def _information(marginal: Marginal, problem: Problem, state: State) -> tuple[Floats, Floats]:
    information, cross = marginal.information(state)
    return information + _prior_curvature(problem, state.vector()), cross


def _objective(marginal: Marginal, problem: Problem, state: State) -> tuple[float, Floats]:
    expected = marginal.expectation(state)
    vector = state.vector()
    gradient = marginal.gradient(state, expected) + _prior_gradient(problem, vector)
    return expected.log_likelihood + log_density(problem, vector), gradient


def _direction(information: Floats, gradient: Floats, damping: float) -> Floats:
    """Solve (information + damping * its diagonal) step = gradient, raising the damping until it is definite."""
    size = np.abs(np.diag(information)) + 1e-8
    if not (np.all(np.isfinite(information)) and np.all(np.isfinite(gradient))):
        return np.zeros_like(gradient)
    while True:
        try:
            factor = np.linalg.cholesky(information + damping * np.diag(size))
        except np.linalg.LinAlgError:
            damping = max(10 * damping, 1e-3)
            continue
        made: Floats = np.linalg.solve(factor.T, np.linalg.solve(factor, gradient))
        return made


def _stepped(problem: Problem, state: State, step: Floats) -> State | None:
    """Take the step, shortened to stay inside the parameter space; None where no length does."""
    vector = state.vector()
    scale = min(1.0, _LONGEST_STEP / max(float(np.abs(step).max()), 1e-300))
    for _ in range(12):
        moved = vector.copy()
        moved[problem.free] += scale * step
        made = state.moved(moved)
        if _allowed(problem, made):
            return made
        scale /= 2
    return None


def _allowed(problem: Problem, state: State) -> bool:
    if np.any(state.variance <= 1e-6) or np.any(state.vector()[problem.log_scale] <= 0):
        return False
    if any(np.abs(values[:, 0]).max() > _STEEPEST for values in state.blocks):
        return False
    return all(
        block.kind != "graded" or bool(np.all(np.diff(values[:, 1:], axis=1) < 0))
        for block, values in zip(problem.blocks, state.blocks, strict=True)
    )


def _em(marginal: Marginal, problem: Problem, state: State, cycles: int) -> State:
    last = -np.inf
    for _ in range(cycles):
        expected = marginal.expectation(state)
        if expected.log_likelihood - last < 1e-6 * abs(expected.log_likelihood):
            break
        last = expected.log_likelihood
        state = _em_groups(marginal, problem, _em_items(marginal, problem, state, expected), expected)
    return state


def _em_items(marginal: Marginal, problem: Problem, state: State, expected: Expectation) -> State:
    """Take one Fisher step an item on the expected complete-data log-likelihood."""
    made, start = [], 0
    vector = state.vector()
    pull, stiff = _prior_gradient(problem, vector), _prior_curvature_diagonal(problem, vector)
    for block, values, counts in zip(problem.blocks, state.blocks, expected.counts, strict=True):
        span = slice(start, start + values.size)
        start += values.size
        p, s = scores(block.kind, values, marginal.theta, block.weights)
        gradient = np.einsum("jkq,jkaq->ja", counts, s, optimize=True) + pull[span].reshape(values.shape)
        points = counts.sum(axis=1)
        fisher = np.einsum("jq,jkq,jkaq,jkbq->jab", points, p, s, s, optimize=True)
        mask = problem.free[span].reshape(values.shape)
        diagonal = np.maximum(stiff[span].reshape(values.shape), 0) + 1e-6
        fisher = fisher * (mask[:, :, None] & mask[:, None]) + np.eye(block.columns) * (~mask + diagonal)[:, :, None]
        step = np.linalg.solve(fisher, (gradient * mask)[..., None])[..., 0]
        longest = np.abs(step).max(axis=1, keepdims=True)
        step *= np.minimum(1.0, 1.0 / np.maximum(longest, 1e-300))
        made.append(_kept_in_order(block, values, step))
    return State(tuple(made), state.mean, state.variance)


def _kept_in_order(block: ItemBlock, values: Floats, step: Floats) -> Floats:
    """Apply the steps, halving those that would cross graded boundaries or turn a slope through zero."""
    scale = np.ones((len(values), 1))
    for _ in range(20):
        moved = values + scale * step
        bad = moved[:, 0] * values[:, 0] <= 0 if block.kind == "guessing" else np.zeros(len(values), dtype=bool)
        if block.kind == "graded":
            bad |= np.any(np.diff(moved[:, 1:], axis=1) >= 0, axis=1)
        if not bad.any():
            return moved
        scale[bad] /= 2
    return np.where(bad[:, None], values, moved)


def _em_groups(marginal: Marginal, problem: Problem, state: State, expected: Expectation) -> State:
    free = problem.free[-2 * len(state.mean) :].reshape(-1, 2)
    total = np.maximum(expected.group_counts.sum(axis=1), 1e-12)
    mean = np.where(free[:, 0], expected.group_counts @ marginal.theta / total, state.mean)
    square = (expected.group_counts * (marginal.theta - mean[:, None]) ** 2).sum(axis=1) / total
    return State(state.blocks, mean, np.where(free[:, 1], np.maximum(square, 1e-3), state.variance))


def _prior_scale(problem: Problem, vector: Floats) -> Floats:
    made = vector.copy()
    logs = problem.log_scale & (problem.prior_precision > 0)
    made[logs] = np.log(np.maximum(vector[logs], 1e-12))
    return made


def _prior_gradient(problem: Problem, vector: Floats) -> Floats:
    pull: Floats = -problem.prior_precision * (_prior_scale(problem, vector) - problem.prior_mean)
    logs = problem.log_scale & (problem.prior_precision > 0)
    pull[logs] = (pull[logs] - 1.0) / vector[logs]
    return pull


def _prior_curvature_diagonal(problem: Problem, vector: Floats) -> Floats:
    """Return minus the second derivative of the log prior, which is diagonal."""
    made = problem.prior_precision.copy()
    logs = problem.log_scale & (problem.prior_precision > 0)
    inner = -problem.prior_precision * (_prior_scale(problem, vector) - problem.prior_mean)
    made[logs] = (problem.prior_precision[logs] + inner[logs] - 1.0) / vector[logs] ** 2
    return made


def _prior_curvature(problem: Problem, vector: Floats) -> Floats:
    return np.diag(_prior_curvature_diagonal(problem, vector))
