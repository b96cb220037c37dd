"""The marginal likelihood of an IRT model on a grid of abilities: value, gradient, observed information.

Source: Bock and Aitkin (1981) for the likelihood, Louis (1982) for the information. Every sum over learners is a
matrix product over distinct response patterns.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from blended_standard.numeric.arguments import Floats
from blended_standard.scoring.irt._kernels import Kind, curvature, log_probability, scores
from blended_standard.scoring.irt._responses import Indexes, Patterns

_CHUNK = 2048
_MOST_STRATA = 40


class ItemBlock(NamedTuple):
    """Items of one kind and number of categories: which they are, their scoring weights, columns of parameters."""

    kind: Kind
    places: Indexes
    weights: Floats
    columns: int


class State(NamedTuple):
    """Parameters: one array (items, columns) a block, and the mean and variance of ability in each group."""

    blocks: tuple[Floats, ...]
    mean: Floats
    variance: Floats

    def vector(self) -> Floats:
        """Return all parameters in one row: block after block, then mean and variance group by group."""
        return np.concatenate([*(b.ravel() for b in self.blocks), np.stack([self.mean, self.variance], 1).ravel()])

    def moved(self, vector: Floats) -> State:
        """Return the state that holds `vector`, shaped like this one."""
        made, start = [], 0
        for block in self.blocks:
            made.append(vector[start : start + block.size].reshape(block.shape))
            start += block.size
        last = vector[start:].reshape(-1, 2)
        return State(tuple(made), last[:, 0].copy(), last[:, 1].copy())


class Expectation(NamedTuple):
    """What one pass over the patterns gives: log-likelihood and expected counts."""

    log_likelihood: float
    counts: tuple[Floats, ...]
    group_counts: Floats


class Marginal:
    """The likelihood of one data set, ready to be evaluated at any `State`.

    Parameters
    ----------
    patterns : Patterns
    blocks : the items, in blocks
    theta : float array, shape (points,)
    """

    def __init__(self, patterns: Patterns, blocks: tuple[ItemBlock, ...], theta: Floats) -> None:
        self.patterns, self.blocks, self.theta = patterns, blocks, theta
        self.complete: npt.NDArray[np.bool_] = np.all(patterns.positions >= 0, axis=0)
        self._slots: list[Indexes] = []
        owners: list[int] = []
        codes: list[int] = []
        for block in blocks:
            slots = np.full(block.weights.shape, -1)
            for row, place in enumerate(block.places):
                for k in range(1 if self.complete[place] else 0, block.weights.shape[1]):
                    slots[row, k] = len(owners)
                    owners.append(int(place))
                    codes.append(k)
            self._slots.append(slots)
        wanted = np.array(codes, dtype=np.int8)
        self._alike = len(patterns.strata) <= _MOST_STRATA
        self._strata = patterns.strata if self._alike else _by_group(patterns.group)
        self._indicator = np.equal(patterns.positions[:, owners], wanted).astype(np.uint8)

    def expectation(self, state: State) -> Expectation:
        """Return the log-likelihood with the expected counts of each category at each ability (the E-step)."""
        table, base, prior = self._tables(state)
        total = 0.0
        held = np.zeros((table.shape[0], len(self.theta)))
        group_counts = np.zeros((len(state.mean), len(self.theta)))
        for group, rows in self._chunks():
            ones = self._indicator[rows].astype(float)
            posterior, log_sum = _posterior(ones @ table + (base + prior[group]))
            frequency = self.patterns.frequency[rows]
            total += float(frequency @ log_sum)
            posterior *= frequency[:, None]
            held += ones.T @ posterior
            group_counts[group] += posterior.sum(axis=0)
        return Expectation(total, tuple(self._counts(held, group_counts.sum(axis=0))), group_counts)

    def gradient(self, state: State, expected: Expectation) -> Floats:
        """Return the gradient of the log-likelihood, by Fisher's identity from the expected counts."""
        parts = []
        for block, parameters, counts in zip(self.blocks, state.blocks, expected.counts, strict=True):
            _, s = scores(block.kind, parameters, self.theta, block.weights)
            parts.append(np.einsum("jkq,jkaq->ja", counts, s, optimize=True).ravel())
        slope, _ = group_derivatives(self.theta, state)
        parts.append(np.einsum("gq,gaq->ga", expected.group_counts, slope).ravel())
        return np.concatenate(parts)

    def posterior(self, state: State) -> tuple[Floats, Floats]:
        """Return posterior weights (patterns, points) and the log-likelihood of each pattern."""
        table, base, prior = self._tables(state)
        weights = np.empty((len(self.patterns.frequency), len(self.theta)))
        logs = np.empty(len(weights))
        for group, rows in self._chunks():
            weights[rows], logs[rows] = _posterior(self._indicator[rows].astype(float) @ table + (base + prior[group]))
        return weights, logs

    def information(self, state: State) -> tuple[Floats, Floats]:
        """Return the observed information (Louis) and the cross-product of the learners' scores.

        Both have shape (parameters, parameters) over `state.vector()`, fixed parameters included.
        """
        size = state.vector().size
        table, base, prior = self._tables(state)
        per_item = self._score_tables(state)
        slope, bend = group_derivatives(self.theta, state)
        direct = self._alike and all(block.kind in ("logistic", "partial") for block in self.blocks)
        cross, moments = np.zeros((size, size)), np.zeros((size, size))
        held = np.zeros((table.shape[0], len(self.theta)))
        group_counts = np.zeros((len(state.mean), len(self.theta)))
        items = size - 2 * len(state.mean)
        for group, rows in self._chunks():
            ones = self._indicator[rows].astype(float)
            posterior, _ = _posterior(ones @ table + (base + prior[group]))
            weighted = posterior * self.patterns.frequency[rows][:, None]
            held += ones.T @ weighted
            group_counts[group] += weighted.sum(axis=0)
            active = np.concatenate([np.arange(items), items + 2 * group + np.arange(2)])
            add = self._moments_direct if direct else self._moments_by_point
            products, second = add(per_item, posterior, weighted, rows, slope[group])
            cross[np.ix_(active, active)] += products
            moments[np.ix_(active, active)] += second
        counts = self._counts(held, group_counts.sum(axis=0))
        own = self._own_blocks(state, counts, group_counts, slope, bend, moments)
        return own - moments + cross, cross

    def _own_blocks(
        self,
        state: State,
        counts: list[Floats],
        group_counts: Floats,
        slope: Floats,
        bend: Floats,
        moments: Floats,
    ) -> Floats:
        """Return the diagonal blocks of E[-second derivative]; clears those of `moments`, which they include."""
        made, start = np.zeros_like(moments), 0
        for block, parameters, count in zip(self.blocks, state.blocks, counts, strict=True):
            bent = curvature(block.kind, parameters, self.theta, block.weights, count)
            for row in range(len(parameters)):
                span = slice(start, start + block.columns)
                made[span, span], moments[span, span] = -bent[row], 0.0
                start += block.columns
        for group in range(len(state.mean)):
            span = slice(start, start + 2)
            made[span, span] = -np.einsum("q,abq->ab", group_counts[group], bend[group])
            made[span, span] -= np.einsum("q,aq,bq->ab", group_counts[group], slope[group], slope[group])
            moments[span, span] = 0.0
            start += 2
        return made

    def _tables(self, state: State) -> tuple[Floats, Floats, Floats]:
        """Return log-probabilities by indicator column, those of the reference categories summed, log prior."""
        table = np.zeros((self._indicator.shape[1], len(self.theta)))
        base = np.zeros(len(self.theta))
        for block, parameters, slots in zip(self.blocks, state.blocks, self._slots, strict=True):
            logs = np.maximum(log_probability(block.kind, parameters, self.theta, block.weights), -700.0)
            whole = slots[:, 0] < 0
            base += logs[whole, 0].sum(axis=0)
            logs = logs - np.where(whole, 1.0, 0.0)[:, None, None] * logs[:, :1]
            table[slots[slots >= 0]] = logs[slots >= 0]
        return table, base, log_prior(self.theta, state)

    def _chunks(self) -> Iterator[tuple[int, slice]]:
        for low, high in self._strata:
            for start in range(low, high, _CHUNK):
                yield int(self.patterns.group[low]), slice(start, min(start + _CHUNK, high))

    def _counts(self, held: Floats, points: Floats) -> list[Floats]:
        made = []
        for slots in self._slots:
            counts = np.where((slots >= 0)[:, :, None], held[slots], 0.0)
            whole = slots[:, 0] < 0
            counts[whole, 0] = points - counts[whole].sum(axis=1)
            made.append(np.maximum(counts, 0.0))
        return made

    def _score_tables(self, state: State) -> list[Floats]:
        return [
            scores(block.kind, parameters, self.theta, block.weights)[1]
            for block, parameters in zip(self.blocks, state.blocks, strict=True)
        ]

    def _mean_scores(self, per_item: list[Floats], posterior: Floats, rows: slice, group_score: Floats) -> Floats:
        """Return the posterior mean of each learner's score vector, shape (rows, parameters of items and one group)."""
        positions, parts = self.patterns.positions[rows], []
        for block, s in zip(self.blocks, per_item, strict=True):
            items, categories, columns, points = s.shape
            means = (posterior @ s.reshape(-1, points).T).reshape(-1, items, categories, columns)
            picked = np.zeros((len(means), items, columns))
            for k in range(categories):
                picked += (positions[:, block.places] == k)[:, :, None] * means[:, :, k]
            parts.append(picked.reshape(len(means), -1))
        parts.append(posterior @ group_score.T)
        return np.hstack(parts)

    def _moments_by_point(
        self, per_item: list[Floats], posterior: Floats, weighted: Floats, rows: slice, group_score: Floats
    ) -> tuple[Floats, Floats]:
        """Return sums of E[s] E[s]' and of E[s s'] over learners: any kind of item, any pattern of missing."""
        positions = self.patterns.positions[rows]
        mean = self._mean_scores(per_item, posterior, rows, group_score)
        products = (mean * self.patterns.frequency[rows][:, None]).T @ mean
        made = np.zeros_like(products)
        for q in np.flatnonzero(posterior.max(axis=0) > 1e-12):
            parts = []
            for block, s in zip(self.blocks, per_item, strict=True):
                table = np.concatenate([s[..., q], np.zeros((s.shape[0], 1, s.shape[2]))], axis=1)
                own = positions[:, block.places]
                parts.append(table[np.arange(s.shape[0]), own].reshape(len(positions), -1))
            at_q = np.hstack([*parts, np.broadcast_to(group_score[:, q], (len(positions), 2))])
            made += (at_q * weighted[:, q, None]).T @ at_q
        return products, made

    def _moments_direct(
        self, per_item: list[Floats], posterior: Floats, weighted: Floats, rows: slice, group_score: Floats
    ) -> tuple[Floats, Floats]:
        """Return the same where scores are u t(theta) - h(theta), t = theta or 1, and the rows miss the same items."""
        frequency = self.patterns.frequency[rows]
        h = np.vstack([*(-s[:, 0].reshape(-1, len(self.theta)) for s in per_item), -group_score])
        h[: len(self._present)] *= self._present[:, rows.start, None]
        u = self._use[rows].astype(float)
        first = posterior @ self.theta
        spread = posterior @ self.theta**2 - first**2
        sloped = np.flatnonzero(self._sloped)
        uses = u[:, sloped]
        mixed = (u.T @ weighted) @ h.T
        mixed[sloped] = (uses.T @ (weighted * self.theta)) @ h.T
        u[:, sloped] *= first[:, None]
        mean = u - posterior @ h.T
        products = (mean * frequency[:, None]).T @ mean
        made = (u * frequency[:, None]).T @ u
        made[np.ix_(sloped, sloped)] += (uses * (spread * frequency)[:, None]).T @ uses
        return products, made - mixed - mixed.T + (h * weighted.sum(axis=0)) @ h.T

    @functools.cached_property
    def _sloped(self) -> npt.NDArray[np.bool_]:
        """Which parameters of items multiply theta: the first column of each item."""
        flags = [[column == 0 for column in range(b.columns)] * len(b.places) for b in self.blocks]
        return np.array([flag for block in flags for flag in block] + [False, False])

    @functools.cached_property
    def _use(self) -> npt.NDArray[np.uint8]:
        """Return u of every pattern: scoring weights at slopes, category indicators at intercepts, 0 for the group."""
        positions, parts = self.patterns.positions, []
        for block in self.blocks:
            own = positions[:, block.places]
            weight = np.take_along_axis(block.weights, np.maximum(own, 0).T.astype(np.intp), axis=1).T * (own >= 0)
            steps = [(own == k).astype(np.uint8) for k in range(1, block.weights.shape[1])]
            parts.append(np.stack([weight.astype(np.uint8), *steps], axis=2).reshape(len(own), -1))
        return np.hstack([*parts, np.zeros((len(positions), 2), dtype=np.uint8)])

    @functools.cached_property
    def _present(self) -> npt.NDArray[np.bool_]:
        """Whether each pattern answers the item of each parameter, (parameters of items, patterns)."""
        owner = np.concatenate([np.repeat(b.places, b.columns) for b in self.blocks])
        made: npt.NDArray[np.bool_] = np.greater_equal(self.patterns.positions.T[owner], 0)
        return made


def _by_group(group: Indexes) -> tuple[tuple[int, int], ...]:
    """Return where each group starts and ends: too many patterns of missing to take each by itself."""
    edges = [0, *(np.flatnonzero(np.diff(group)) + 1).tolist(), len(group)]
    return tuple(itertools.pairwise(edges))


def log_prior(theta: Floats, state: State) -> Floats:
    """Return the log weight of each ability in each group: a normal density, normalized on the grid."""
    raw = -0.5 * (theta - state.mean[:, None]) ** 2 / state.variance[:, None]
    top = raw.max(axis=1, keepdims=True)
    made: Floats = raw - (top + np.log(np.exp(raw - top).sum(axis=1, keepdims=True)))
    return made


def group_derivatives(theta: Floats, state: State) -> tuple[Floats, Floats]:
    """Return first (groups, 2, points) and second (groups, 2, 2, points) derivatives of `log_prior`."""
    gap, v = theta - state.mean[:, None], state.variance[:, None]
    slope = np.stack([gap / v, gap**2 / (2 * v**2)], axis=1)
    cross = -gap / v**2
    bend = np.stack(
        [np.stack([-np.ones_like(gap) / v, cross], axis=1), np.stack([cross, -(gap**2) / v**3], axis=1)], axis=1
    )
    weight = np.exp(log_prior(theta, state))
    mean_slope = np.einsum("gq,gaq->ga", weight, slope)
    spread = np.einsum("gq,gaq,gbq->gab", weight, slope, slope) - mean_slope[:, :, None] * mean_slope[:, None]
    mean_bend = np.einsum("gq,gabq->gab", weight, bend)
    return slope - mean_slope[..., None], bend - (mean_bend + spread)[..., None]


def _posterior(logs: npt.NDArray[np.float64]) -> tuple[Floats, Floats]:
    """Turn log-likelihoods (rows, points) into posterior weights, in place, with their log sums."""
    top = logs.max(axis=1)
    logs -= top[:, None]
    np.exp(logs, out=logs)
    total = logs.sum(axis=1)
    logs /= total[:, None]
    return logs, top + np.log(total)
