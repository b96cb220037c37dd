"""Maximum likelihood of one group of sequences: EM from several starts, then a bounded quasi-Newton finish."""

from __future__ import annotations

import attrs
import numpy as np

from blended_standard.scoring._checks import Floats
from blended_standard.scoring.bkt._recursions import Packed, Parameters, backward, forward

LEAST = 1e-4
_WARM_UP = 15
_STEP = 1e-4


@attrs.frozen
class Fitted:
    """Estimates of one group, their standard errors (NaN at a bound), and how the search ended."""

    parameters: Floats
    errors: Floats
    at_bound: tuple[bool, ...]
    log_likelihood: float
    converged: bool


def maximize(packed: Packed, upper: Floats, *, starts: int, seed: int) -> Fitted:
    """Fit prior, learn, slip, guess (and forget where its bound is above 0)."""
    from scipy.optimize import minimize

    rng = np.random.default_rng(seed)
    best, best_value = np.zeros(upper.size), -np.inf
    for attempt in range(starts):
        start = np.array([0.4, 0.15, 0.1, 0.2, 0.05])[: upper.size]
        if attempt:
            start = rng.uniform(0.05, 0.95, upper.size) * upper
        found, value = _expectation_maximization(packed, np.clip(start, LEAST, upper), upper)
        if value > best_value:
            best, best_value = found, value
    size = packed.n_responses
    finish = minimize(
        lambda vector: _negative(packed, vector, size),
        best,
        jac=True,
        method="L-BFGS-B",
        bounds=[(LEAST, top) for top in upper],
        options={"maxiter": 500, "ftol": 1e-14, "gtol": 1e-9},
    )
    vector = np.clip(finish.x, LEAST, upper)
    value, gradient = _negative(packed, vector, size)
    if -value * size < best_value:
        vector = best
        value, gradient = _negative(packed, vector, size)
    low, high = vector <= LEAST * 1.001, vector >= upper - 1e-9
    free = ~(low | high)
    converged = bool(np.abs(gradient[free]).max(initial=0.0) < 1e-5)
    errors = _errors(packed, vector, free, upper, size)
    return Fitted(vector, errors, tuple((low | high).tolist()), -value * size, converged)


def _expectation_maximization(packed: Packed, vector: Floats, upper: Floats) -> tuple[Floats, float]:
    """A few EM steps; clipping keeps each M step the maximum inside the bounds."""
    value = -np.inf
    for _ in range(_WARM_UP):
        at = Parameters(*vector.tolist())
        passes = forward(packed, at)
        _, counts = backward(packed, at, passes)
        value = passes.log_likelihood
        shares = np.array(
            [
                _share(counts[0], counts[1]),
                _share(counts[3], counts[2]),
                _share(counts[7], counts[6]),
                _share(counts[8], counts[9]),
                _share(counts[4], counts[5]),
            ]
        )[: vector.size]
        vector = np.clip(np.where(np.isnan(shares), vector, shares), LEAST, upper)
    return vector, max(value, forward(packed, Parameters(*vector.tolist())).log_likelihood)


def _share(yes: float, no: float) -> float:
    return yes / (yes + no) if yes + no > 0 else float("nan")


def _negative(packed: Packed, vector: Floats, size: float) -> tuple[float, Floats]:
    """Negative log-likelihood a response and its gradient, from the expected counts (Fisher's identity)."""
    at = Parameters(*vector.tolist())
    passes = forward(packed, at)
    _, counts = backward(packed, at, passes)
    yes = np.array([counts[0], counts[3], counts[7], counts[8], counts[4]])[: vector.size]
    no = np.array([counts[1], counts[2], counts[6], counts[9], counts[5]])[: vector.size]
    gradient: Floats = yes / vector - no / (1.0 - vector)
    return -passes.log_likelihood / size, -gradient / size


def _errors(packed: Packed, vector: Floats, free: np.ndarray, upper: Floats, size: float) -> Floats:
    """Standard errors of the parameters inside their bounds, from the observed information; NaN for the others."""
    errors = np.full(vector.size, np.nan)
    places = np.flatnonzero(free)
    if not places.size:
        return errors
    rows = []
    for place in places:
        step = min(_STEP, (vector[place] - LEAST / 2) / 2, (1.0 - vector[place]) / 2)
        shift = np.zeros(vector.size)
        shift[place] = step
        up, down = _negative(packed, vector + shift, size)[1], _negative(packed, vector - shift, size)[1]
        rows.append((up - down)[places] / (2.0 * step) * size)
    information = np.array(rows)
    values, vectors = np.linalg.eigh((information + information.T) / 2.0)
    if values[0] <= 1e-8 * values[-1]:
        return errors
    errors[places] = np.sqrt(((vectors**2) / values).sum(axis=1))
    return errors
