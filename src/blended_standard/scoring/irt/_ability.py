"""Abilities of many learners at once, with item parameters known: posterior moments on a grid, and roots by Newton."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from blended_standard.numeric.arguments import Floats
from blended_standard.scoring.irt._kernels import log_probability, theta_curves
from blended_standard.scoring.irt._responses import Positions
from blended_standard.scoring.irt.items import Block, ItemParameters, blocks, information

_CHUNK = 2048
_STEPS = 100


class Moments(NamedTuple):
    """Posterior mean and standard deviation of each row, and the log-likelihood of the row."""

    mean: Floats
    sd: Floats
    log_likelihood: Floats


class Slopes(NamedTuple):
    """At one ability a learner: first derivative of the log-likelihood, information, and the bias term J."""

    first: Floats
    information: Floats
    bias: Floats


class Table:
    """Log-probabilities of every category on a grid, as one matrix that responses multiply.

    Parameters
    ----------
    items : ItemParameters
    theta : float array, shape (points,)
    complete : bool array, shape (items,)
        Items that every row answers: they need no column for their lowest category.
    """

    def __init__(self, items: ItemParameters, theta: Floats, complete: npt.NDArray[np.bool_]) -> None:
        rows: list[Floats] = []
        owners: list[int] = []
        codes: list[int] = []
        self.base = np.zeros(len(theta))
        for block in blocks(items):
            logs = np.maximum(log_probability(block.kind, block.parameters, theta, block.weights), -700.0)
            for row, j in enumerate(block.places):
                whole = bool(complete[j])
                lowest = logs[row, 0] if whole else np.zeros(len(theta))
                self.base += lowest
                for k in range(1 if whole else 0, logs.shape[1]):
                    owners.append(int(j))
                    codes.append(k)
                    rows.append(logs[row, k] - lowest)
        self.matrix, self._owners, self._codes = np.array(rows), owners, np.array(codes, dtype=np.int8)
        self._plain = codes == [1] * len(codes) and owners == list(range(len(complete)))

    def log_likelihood(self, positions: Positions) -> Floats:
        """Return log L, shape (rows, points)."""
        held = positions if self._plain else positions[:, self._owners] == self._codes
        made: Floats = held.astype(float) @ self.matrix
        made += self.base
        return made


def posterior_moments(
    items: ItemParameters, positions: Positions, group: npt.NDArray[np.intp], mean: Floats, sd: Floats
) -> Moments:
    """Return the posterior mean and standard deviation of each row under the normal prior of its group."""
    theta = grid(items, mean, sd)
    table = Table(items, theta, np.all(positions >= 0, axis=0))
    prior = -0.5 * ((theta - mean[:, None]) / sd[:, None]) ** 2
    prior -= np.log(np.exp(prior).sum(axis=1, keepdims=True))
    powers = np.column_stack([np.ones_like(theta), theta, theta**2])
    made = np.empty((3, len(positions)))
    for start in range(0, len(positions), _CHUNK):
        rows = slice(start, start + _CHUNK)
        logs = table.log_likelihood(positions[rows])
        logs += prior[0] if len(prior) == 1 else prior[group[rows]]
        top = logs.max(axis=1)
        logs -= top[:, None]
        np.exp(logs, out=logs)
        total, first, second = (logs @ powers).T
        made[0, rows] = first / total
        made[1, rows] = np.sqrt(np.maximum(second / total - (first / total) ** 2, 0.0))
        made[2, rows] = top + np.log(total)
    return Moments(*made)


def grid(items: ItemParameters, mean: Floats, sd: Floats) -> Floats:
    """Return equally spaced abilities that cover every prior to 6 standard deviations and are as fine as the test."""
    low, high = float((mean - 6 * sd).min()), float((mean + 6 * sd).max())
    rough = np.linspace(low, high, 41)
    sharpest = float(information(items, rough).test.max())
    step = min(0.2 * float(sd.min()), 0.8 / np.sqrt(sharpest + 1.0 / float(sd.max()) ** 2))
    return np.linspace(low, high, min(int(np.ceil((high - low) / step)) + 1, 2001))


def roots(
    items: ItemParameters,
    positions: Positions,
    *,
    prior: tuple[Floats, Floats] | None,
    weighted: bool,
) -> tuple[Floats, Floats, npt.NDArray[np.bool_]]:
    """Return where the estimating function is 0, the test information there, and whether there is such a place.

    Parameters
    ----------
    positions : int array, shape (rows, items)
        Category positions, -1 where missing.
    prior : (mean, sd) of each row, or None
    weighted : bool
        Add J / (2 I) (Warm), with I and J over the items that the row answers.
    """
    theta = _wide_grid(items)
    table = Table(items, theta, np.all(positions >= 0, axis=0))
    bent = _bias_integral(items, positions, theta) if weighted else None
    parts = blocks(items)
    found, at, good = np.empty(len(positions)), np.empty(len(positions)), np.empty(len(positions), dtype=bool)
    for start in range(0, len(positions), _CHUNK):
        rows = slice(start, start + _CHUNK)
        value = table.log_likelihood(positions[rows])
        own = None
        if prior is not None:
            own = prior[0][rows], prior[1][rows]
            value = value - 0.5 * ((theta - own[0][:, None]) / own[1][:, None]) ** 2
        if bent is not None:
            value = value + bent[1][bent[0][rows]]
        best = np.clip(value.argmax(axis=1), 1, len(theta) - 2)
        found[rows], at[rows], good[rows] = _polish(
            parts, positions[rows], theta[best - 1], theta[best], theta[best + 1], own, weighted
        )
    return found, at, good


def slopes(parts: list[Block], positions: Positions, theta: Floats) -> Slopes:
    """Return derivatives at one ability a row, over the items that the row answers."""
    first, info, bias = np.zeros(len(theta)), np.zeros(len(theta)), np.zeros(len(theta))
    at = np.arange(len(theta))
    for block in parts:
        curves = theta_curves(block.kind, block.parameters, theta, block.weights)
        p = np.maximum(curves.p, 1e-300)
        own = positions[:, block.places].T
        held = own >= 0
        picked = np.arange(len(own))[:, None], np.maximum(own, 0), at
        first += np.where(held, curves.first[picked] / p[picked], 0.0).sum(axis=0)
        info += np.where(held, (curves.first**2 / p).sum(axis=1), 0.0).sum(axis=0)
        bias += np.where(held, (curves.first * curves.second / p).sum(axis=1), 0.0).sum(axis=0)
    return Slopes(first, info, bias)


def _polish(
    parts: list[Block],
    positions: Positions,
    low: Floats,
    start: Floats,
    high: Floats,
    prior: tuple[Floats, Floats] | None,
    weighted: bool,
) -> tuple[Floats, Floats, npt.NDArray[np.bool_]]:
    """Scoring steps inside a bracket that shrinks, by halving where a step would leave it."""
    theta, low, high = start.copy(), low.copy(), high.copy()
    info, active = np.ones_like(theta), np.arange(len(theta))
    last = np.full(len(theta), np.inf)
    for _ in range(_STEPS):
        at = slopes(parts, positions[active], theta[active])
        value, weight = at.first, at.information
        info[active] = at.information
        if weighted:
            value = value + at.bias / (2 * np.maximum(at.information, 1e-300))
        if prior is not None:
            value = value - (theta[active] - prior[0][active]) / prior[1][active] ** 2
            weight = weight + prior[1][active] ** -2
        low[active] = np.where(value > 0, theta[active], low[active])
        high[active] = np.where(value > 0, high[active], theta[active])
        moved = theta[active] + value / np.maximum(weight, 1e-300)
        slow = np.abs(moved - theta[active]) > 0.5 * np.abs(last[active])
        outside = (moved <= low[active]) | (moved >= high[active]) | slow
        moved = np.where(outside, (low[active] + high[active]) / 2, moved)
        last[active] = moved - theta[active]
        theta[active] = moved
        active = active[np.abs(last[active]) > 1e-10]
        if not active.size:
            break
    at = slopes(parts, positions, theta)
    value = at.first + (at.bias / (2 * np.maximum(at.information, 1e-300)) if weighted else 0.0)
    weight = at.information
    if prior is not None:
        value, weight = value - (theta - prior[0]) / prior[1] ** 2, weight + prior[1] ** -2
    return theta, at.information, np.abs(value) < 1e-5 * np.sqrt(weight) + 1e-12


def _wide_grid(items: ItemParameters) -> Floats:
    """Return abilities wide enough for the weighted estimate of an extreme pattern."""
    steps = np.concatenate([np.asarray(row) for row in items.thresholds])
    reach = float(np.clip(8.0 / np.abs(items.slope).max() + 6.0 + np.abs(steps).max(), 8.0, 40.0))
    return np.linspace(-reach, reach, 241)


def _bias_integral(items: ItemParameters, positions: Positions, theta: Floats) -> tuple[npt.NDArray[np.intp], Floats]:
    """Return which set of answered items each row has, and the integral of J / (2 I) on the grid for each set."""
    masks, which = np.unique(positions >= 0, axis=0, return_inverse=True)
    made = np.empty((len(masks), len(theta)))
    parts = blocks(items)
    for row, mask in enumerate(masks):
        fake = np.where(mask, 0, -1).astype(np.int8)
        at = slopes(parts, np.broadcast_to(fake, (len(theta), len(fake))), theta)
        ratio = at.bias / (2 * np.maximum(at.information, 1e-300))
        made[row] = np.concatenate([[0.0], np.cumsum((ratio[1:] + ratio[:-1]) / 2 * np.diff(theta))])
    return which.reshape(-1), made
