"""Item response functions and their derivatives, vectorized over items of one kind.

Each item has the columns `slope, d_1 .. d_(K-1)` and, for the guessing kind, `logit c` last. Formulas: Bock and
Aitkin (1981), Samejima (1969), Masters (1982), Muraki (1992), derived here in forms that stay finite in the tails.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from blended_standard.numeric.arguments import Floats

Kind = Literal["logistic", "guessing", "graded", "partial"]

KIND_OF_MODEL: dict[str, Kind] = {
    "rasch": "logistic",
    "1pl": "logistic",
    "2pl": "logistic",
    "3pl": "guessing",
    "graded": "graded",
    "pcm": "partial",
    "gpcm": "partial",
}


class ThetaCurves(NamedTuple):
    """Category probabilities and their first two derivatives in ability, each (items, categories, points)."""

    p: Floats
    first: Floats
    second: Floats


def expit(z: Floats) -> Floats:
    """Return 1 / (1 + exp(-z)) without overflow."""
    e = np.exp(-np.abs(z))
    made: Floats = np.where(z >= 0, 1.0, e) / (1.0 + e)
    return made


def log_expit(z: Floats) -> Floats:
    """Return log(expit(z)) without loss in the tails."""
    made: Floats = np.minimum(z, 0.0) - np.log1p(np.exp(-np.abs(z)))
    return made


def log_probability(kind: Kind, parameters: Floats, theta: Floats, weights: Floats) -> Floats:
    """Return log P(category | theta), shape (items, categories, points).

    Parameters
    ----------
    parameters : float array, shape (items, columns)
    theta : float array, shape (points,)
    weights : float array, shape (items, categories)
        Scoring weight of each category (its code less the lowest code); used by the partial credit kind.
    """
    a = parameters[:, 0, None]
    if kind == "partial":
        eta = _partial_predictor(parameters, theta, weights)
        top = eta.max(axis=1, keepdims=True)
        made: Floats = eta - (top + np.log(np.exp(eta - top).sum(axis=1, keepdims=True)))
        return made
    if kind == "graded":
        z = _padded_boundaries(parameters, theta)
        with np.errstate(divide="ignore"):
            log_gap = np.log(-np.expm1(np.minimum(z[:, 1:] - z[:, :-1], 0.0)))
        within: Floats = _log_upper(z[:, :-1]) + _log_upper(-z[:, 1:]) + log_gap
        return within
    z = a * theta + parameters[:, 1, None]
    right, wrong = log_expit(z), log_expit(-z)
    if kind == "guessing":
        g = parameters[:, 2, None]
        right, wrong = np.logaddexp(log_expit(g), log_expit(-g) + right), log_expit(-g) + wrong
    return np.stack([wrong, right], axis=1)


def scores(kind: Kind, parameters: Floats, theta: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Return P (items, categories, points) and d log P / d parameter (items, categories, columns, points)."""
    p = np.exp(log_probability(kind, parameters, theta, weights))
    items, categories, points = p.shape
    made = np.zeros((items, categories, parameters.shape[1], points))
    if kind == "partial":
        centered = weights[:, :, None] - (weights[:, :, None] * p).sum(axis=1, keepdims=True)
        made[:, :, 0] = centered * theta
        for m in range(1, categories):
            made[:, :, m] = -p[:, m, None]
            made[:, m, m] += 1.0
    elif kind == "graded":
        upper = expit(_padded_boundaries(parameters, theta))
        made[:, :, 0] = theta * (1.0 - upper[:, :-1] - upper[:, 1:])
        density = upper * (1.0 - upper)
        for k in range(1, categories):
            made[:, k, k] = density[:, k] / _floor(p[:, k])
            made[:, k - 1, k] = -density[:, k] / _floor(p[:, k - 1])
    else:
        upper = expit(parameters[:, 0, None] * theta + parameters[:, 1, None])
        right, wrong = 1.0 - upper, -upper
        if kind == "guessing":
            c = expit(parameters[:, 2, None])
            right = (1 - c) * upper * (1 - upper) / p[:, 1]
            made[:, 1, 2] = c * (1 - c) * (1 - upper) / p[:, 1]
            made[:, 0, 2] = -c
        made[:, 1, 0], made[:, 1, 1] = right * theta, right
        made[:, 0, 0], made[:, 0, 1] = wrong * theta, wrong
    return p, made


def curvature(kind: Kind, parameters: Floats, theta: Floats, weights: Floats, counts: Floats) -> Floats:
    """Return sum over categories and points of counts * (d2 P / d parameters^2) / P, shape (items, columns, columns).

    `counts` has shape (items, categories, points). This is what Louis' formula needs on its diagonal blocks.
    """
    p, s = scores(kind, parameters, theta, weights)
    items, columns = parameters.shape
    made = np.zeros((items, columns, columns))
    if kind in ("partial", "logistic"):
        total = counts.sum(axis=1)
        made += np.einsum("jkq,jkaq,jkbq->jab", counts, s, s, optimize=True)
        made -= np.einsum("jq,jkq,jkaq,jkbq->jab", total, p, s, s, optimize=True)
    elif kind == "graded":
        upper = expit(_padded_boundaries(parameters, theta))
        bend = upper * (1.0 - upper) * (1.0 - 2.0 * upper)
        share = counts / _floor(p)
        made[:, 0, 0] = (share * (bend[:, :-1] - bend[:, 1:]) * theta**2).sum(axis=(1, 2))
        for k in range(1, p.shape[1]):
            own = (share[:, k] - share[:, k - 1]) * bend[:, k]
            made[:, k, k] = own.sum(axis=1)
            made[:, 0, k] = made[:, k, 0] = (own * theta).sum(axis=1)
    else:
        c = expit(parameters[:, 2, None])
        upper = expit(parameters[:, 0, None] * theta + parameters[:, 1, None])
        density = upper * (1 - upper)
        own = counts[:, 1] / p[:, 1] - counts[:, 0] / _floor(p[:, 0])
        in_z, z_g = (1 - c) * density * (1 - 2 * upper), -c * (1 - c) * density
        for row, column, factor in ((0, 0, theta**2), (0, 1, theta), (1, 1, np.ones_like(theta))):
            made[:, row, column] = made[:, column, row] = (own * in_z * factor).sum(axis=1)
        made[:, 0, 2] = made[:, 2, 0] = (own * z_g * theta).sum(axis=1)
        made[:, 1, 2] = made[:, 2, 1] = (own * z_g).sum(axis=1)
        made[:, 2, 2] = (own * c * (1 - c) * (1 - 2 * c) * (1 - upper)).sum(axis=1)
    return made


def theta_curves(kind: Kind, parameters: Floats, theta: Floats, weights: Floats) -> ThetaCurves:
    """Return the category probabilities with their first and second derivatives in ability."""
    p = np.exp(log_probability(kind, parameters, theta, weights))
    a = parameters[:, 0, None, None]
    if kind == "partial":
        w = weights[:, :, None]
        centered = w - (w * p).sum(axis=1, keepdims=True)
        spread = (p * centered**2).sum(axis=1, keepdims=True)
        return ThetaCurves(p, a * p * centered, a**2 * p * (centered**2 - spread))
    if kind == "graded":
        upper = expit(_padded_boundaries(parameters, theta))
        density = upper * (1 - upper)
        bend = density * (1 - 2 * upper)
        return ThetaCurves(p, a * (density[:, :-1] - density[:, 1:]), a**2 * (bend[:, :-1] - bend[:, 1:]))
    upper = expit(parameters[:, 0, None] * theta + parameters[:, 1, None])
    scale = 1.0 - expit(parameters[:, 2, None]) if kind == "guessing" else np.ones((len(parameters), 1))
    first = scale * a[:, 0] * upper * (1 - upper)
    second = first * a[:, 0] * (1 - 2 * upper)
    return ThetaCurves(p, np.stack([-first, first], axis=1), np.stack([-second, second], axis=1))


def _partial_predictor(parameters: Floats, theta: Floats, weights: Floats) -> Floats:
    steps = np.concatenate([np.zeros((len(parameters), 1)), parameters[:, 1:]], axis=1)
    made: Floats = parameters[:, 0, None, None] * weights[:, :, None] * theta + steps[:, :, None]
    return made


def _padded_boundaries(parameters: Floats, theta: Floats) -> Floats:
    """Return a * theta + d_k with +inf before the first boundary and -inf after the last."""
    z = parameters[:, 0, None, None] * theta + parameters[:, 1:, None]
    edge = np.full((z.shape[0], 1, z.shape[2]), np.inf)
    return np.concatenate([edge, z, -edge], axis=1)


def _log_upper(z: Floats) -> Floats:
    made: Floats = np.where(np.isposinf(z), 0.0, log_expit(np.where(np.isinf(z), 0.0, z)))
    return made


def _floor(p: Floats) -> Floats:
    return np.maximum(p, 1e-300)
