"""Factor extraction by minimum residuals, oblimin rotation, and the Schmid-Leiman transformation.

Sources: Harman and Jones (1966); gradient projection of Jennrich (2002); Schmid and Leiman (1957).
"""

from __future__ import annotations

import numpy as np

from blended_standard.errors import NotEstimableError
from blended_standard.numeric.arguments import Floats

_LEAST_UNIQUENESS = 0.005
_TURNS = 3
_STOP = 1e-6


def minimum_residuals(correlation: Floats, n_factors: int) -> Floats:
    """Unrotated loadings, shape (items, factors), that leave the least squares off the diagonal."""
    from scipy.optimize import minimize

    def objective(uniqueness: Floats) -> tuple[float, Floats]:
        values, vectors = np.linalg.eigh(correlation - np.diag(uniqueness))
        left = values[: values.size - n_factors].copy()
        spare = np.minimum(values[values.size - n_factors :], 0.0)
        left = np.concatenate((left, spare))
        return 0.5 * float(left @ left), -(vectors**2 @ left)

    start = np.clip(1.0 / np.diag(np.linalg.inv(correlation)), _LEAST_UNIQUENESS, 1.0)
    found = minimize(
        objective,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[(_LEAST_UNIQUENESS, 1.0)] * len(correlation),
        options={"maxiter": 2000, "ftol": 1e-14, "gtol": 1e-8},
    )
    values, vectors = np.linalg.eigh(correlation - np.diag(found.x))
    top = slice(-1, -n_factors - 1, -1)
    loadings: Floats = vectors[:, top] * np.sqrt(np.maximum(values[top], 0.0))
    return loadings * _signs(loadings)


def oblimin(loadings: Floats) -> tuple[Floats, Floats]:
    """Rotate to oblique simple structure (gamma 0); returns loadings and correlations of the factors.

    Starts from the unrotated solution and from a few fixed turns of it; the first of the best is taken, since a
    symmetric structure can hold the plain start on a saddle.
    """
    count = loadings.shape[1]
    rng = np.random.default_rng(0)
    starts = [np.eye(count), *(np.linalg.qr(rng.normal(size=(count, count)))[0] for _ in range(_TURNS))]
    value, rotated, turn = _rotate(loadings, starts[0])
    for start in starts[1:]:
        other = _rotate(loadings, start)
        if other[0] < value - 1e-6 * max(value, 1e-12):
            value, rotated, turn = other
    sign = _signs(rotated)
    return rotated * sign, (turn.T @ turn) * np.outer(sign, sign)


def schmid_leiman(loadings: Floats, factor_correlations: Floats) -> tuple[Floats, Floats]:
    """General loadings, shape (items,), and group loadings, shape (items, factors)."""
    count = len(factor_correlations)
    if count == 2:
        between = float(factor_correlations[0, 1])
        if between < 0:
            raise NotEstimableError("The two factors correlate negatively, so no general factor stands above them.")
        higher = np.full(2, np.sqrt(between))
    else:
        higher = minimum_residuals(factor_correlations, 1)[:, 0]
    group = loadings * np.sqrt(np.maximum(1.0 - higher**2, 0.0))
    return loadings @ higher, group


def _rotate(loadings: Floats, turn: Floats) -> tuple[float, Floats, Floats]:
    """Gradient projection from one start: criterion, rotated loadings, and the turn."""
    others = 1.0 - np.eye(len(turn))
    step = 1.0
    rotated = loadings @ np.linalg.inv(turn).T
    value, slope = _quartimin(rotated, others)
    for _ in range(500):
        gradient = -((rotated.T @ slope) @ np.linalg.inv(turn)).T
        projected = gradient - turn * (turn * gradient).sum(axis=0)
        size = float(np.linalg.norm(projected))
        if size < _STOP:
            break
        step *= 2.0
        for _ in range(30):
            moved = turn - step * projected
            moved = moved / np.sqrt((moved**2).sum(axis=0))
            candidate = loadings @ np.linalg.inv(moved).T
            new_value, new_slope = _quartimin(candidate, others)
            if value - new_value > 0.5 * size**2 * step:
                break
            step /= 2.0
        if new_value > value:
            break
        turn, rotated, value, slope = moved, candidate, new_value, new_slope
    return value, rotated, turn


def _quartimin(loadings: Floats, others: Floats) -> tuple[float, Floats]:
    squared = loadings**2
    cross = squared @ others
    return float((squared * cross).sum()) / 4.0, loadings * cross


def _signs(loadings: Floats) -> Floats:
    """Sign that makes each factor's loadings sum to a positive number."""
    signs: Floats = np.where(loadings.sum(axis=0) < 0, -1.0, 1.0)
    return signs
