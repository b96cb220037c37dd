"""Maximum likelihood of one group of sequences: EM from several starts, then a bounded quasi-Newton finish.

The starts are compared on a sample of whole sequences where there are many; the finish uses them all.
"""

from __future__ import annotations

import attrs
import numpy as np
import numpy.typing as npt

from blended_standard.numeric.arguments import Floats
from blended_standard.scoring.bkt._recursions import Packed, backward, forward, sample

LEAST = 1e-4
_WARM_UP = 15
_STEP = 1e-4
_TRIAL = 5_000
_FLAT = 1e-5


@attrs.frozen
class Fitted:
    """Estimates of one group, their standard errors (NaN at a bound), and how the search ended.

    `gradient` is the largest of the log-likelihood a response by a parameter inside its bounds.
    """

    parameters: Floats
    errors: Floats
    at_bound: tuple[bool, ...]
    log_likelihood: float
    iterations: int
    gradient: float

    @property
    def converged(self) -> bool:
        """Say whether the search ended at a maximum."""
        return self.gradient < _FLAT


def maximize(packed: Packed, upper: Floats, *, starts: int, seed: int, iterations: int) -> Fitted:
    """Fit prior, learn, slip, guess (and forget where its bound is above 0) in so many steps at most."""
    from scipy.optimize import minimize

    rng = np.random.default_rng(seed)
    first = np.array([[0.4, 0.15, 0.1, 0.2, 0.05]])[:, : upper.size]
    others = rng.uniform(0.05, 0.95, (starts - 1, upper.size)) * upper
    vectors = np.clip(np.concatenate((first, others)), LEAST, upper)
    found, values = _expectation_maximization(sample(packed, _TRIAL, rng), vectors, upper)
    size = packed.n_responses
    vector, left = found[np.argmax(values)], iterations
    while True:
        finish = minimize(
            lambda vector: _negative(packed, vector, size),
            vector,
            jac=True,
            method="L-BFGS-B",
            bounds=[(LEAST, top) for top in upper],
            options={"maxiter": left, "ftol": 1e-14, "gtol": 1e-8},
        )
        vector, left = np.clip(finish.x, LEAST, upper), left - int(finish.nit)
        value, gradient = _negative(packed, vector, size)
        low, high = vector <= LEAST * 1.001, vector >= upper - 1e-9
        free = ~(low | high)
        steepest = float(np.abs(gradient[free]).max(initial=0.0))
        # A line search may fail on the way; begun anew from where it stood, without its memory, the search goes on.
        if steepest < _FLAT or left <= 0 or not finish.nit:
            break
    errors = _errors(packed, vector, free, size)
    return Fitted(vector, errors, tuple((low | high).tolist()), -value * size, iterations - left, steepest)


def _expectation_maximization(packed: Packed, vectors: Floats, upper: Floats) -> tuple[Floats, Floats]:
    """A few EM steps from every start; clipping keeps each M step the maximum inside the bounds."""
    for _ in range(_WARM_UP):
        _, counts = backward(packed, vectors, forward(packed, vectors))
        counts = counts[:, : vectors.shape[1]]
        total = counts.sum(axis=2)
        shares = np.where(total > 0, counts[:, :, 0] / np.where(total > 0, total, 1.0), vectors)
        vectors = np.clip(shares, LEAST, upper)
    return vectors, forward(packed, vectors).log_likelihood


def _negative(packed: Packed, vector: Floats, size: float) -> tuple[float, Floats]:
    """Negative log-likelihood a response and its gradient, from the expected counts (Fisher's identity)."""
    at = vector[None, :]
    passes = forward(packed, at)
    counts = backward(packed, at, passes)[1][0, : vector.size]
    gradient: Floats = counts[:, 0] / vector - counts[:, 1] / (1.0 - vector)
    return -float(passes.log_likelihood[0]) / size, -gradient / size


def _errors(packed: Packed, vector: Floats, free: npt.NDArray[np.bool_], size: float) -> Floats:
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
