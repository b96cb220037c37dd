"""The score rules for millions of rows: sort once, then segment sums; no loop over learners.

A learner's rows become one segment, oldest first. The decaying average has the closed form of weights r (1 - r)^lag by
place from the end, so every rule is a few passes over flat arrays.
"""

from __future__ import annotations

import itertools
from typing import Literal

import attrs
import numpy as np
import numpy.typing as npt

from blended_standard.errors import UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats, Integers
from blended_standard.results import Result, Row, array, result
from blended_standard.scoring.mastery.rules import check_weight

BulkRule = Literal[
    "highest",
    "latest",
    "mean",
    "median",
    "mode",
    "decaying_average",
    "weighted_average",
    "n_of_m",
    "power_law",
]
_RULES = ("highest", "latest", "mean", "median", "mode", "decaying_average", "weighted_average", "n_of_m", "power_law")
_LINEAR = ("latest", "mean", "decaying_average", "weighted_average")
_BLOCK = 1 << 18
_MOST_PARTS = 1 << 10


@result
class LearnerScores(Result):
    """One line a learner, in the order of `learners`: the value of the rule, its standard error, and n scores.

    Where a value or a standard error does not exist (too few scores, no spread, rules with no closed form) the array
    holds a gap: NaN in memory, None in `rows()` and `to_dict()`; `n_not_computable` counts the values that are gaps.
    """

    rule: str
    n_scores: int
    n_missing: int
    n_not_computable: int
    learners: npt.NDArray[np.generic] = array()
    value: npt.NDArray[np.float64] = array()
    se: npt.NDArray[np.float64] | None = array(default=None)
    n: npt.NDArray[np.int64] = array()

    def rows(self) -> list[Row]:
        """One row a learner."""
        errors = np.full(self.value.size, np.nan) if self.se is None else self.se
        columns = (self.learners.tolist(), self.value.tolist(), errors.tolist(), self.n.tolist())
        return [
            {"learner": who, "value": _or_none(value), "se": _or_none(se), "n": count}
            for who, value, se, count in zip(*columns, strict=True)
        ]


@attrs.frozen
class _Segments:
    """Scores in order of learner and time, with the place where each learner starts."""

    scores: Floats
    starts: Integers
    counts: Integers

    @property
    def ends(self) -> Integers:
        return self.starts + self.counts


def by_learner(
    learner_codes: npt.ArrayLike,
    scores: npt.ArrayLike,
    *,
    order: npt.ArrayLike | None = None,
    rule: BulkRule = "decaying_average",
    weight: float = 0.65,
    n: int = 3,
    cut: float | None = None,
    at: Literal["n", "n+1"] = "n",
    standard_errors: bool = True,
) -> LearnerScores:
    """Apply one score rule to every learner at once.

    Parameters
    ----------
    learner_codes : array-like, shape (N,)
        Learner of each score: whole numbers (fast) or any labels that sort.
    scores : array-like of float, shape (N,)
        The scores; missing ones (NaN) are dropped, and a learner with none left is not in the result.
    order : array-like, shape (N,), optional
        What time is: numbers or datetime64. Ties keep the order of the rows. Default: rows are in time order.
    rule : str
        `decaying_average`, `weighted_average`, `mean`, `latest`, `highest`, `median`, `mode`, `n_of_m`, `power_law`;
        each as the function of that name.
    weight : float
        For the decaying and the weighted average.
    n, cut : int, float
        For `n_of_m`, which needs `cut`.
    at : {"n", "n+1"}
        For `power_law`.
    standard_errors : bool
        Also give the closed-form standard errors (averages, latest, power law). False saves two passes.

    Returns
    -------
    LearnerScores
        Arrays over learners in ascending order of code.

    Raises
    ------
    UsageError
        Lengths that differ, an unknown rule, `n_of_m` without a cut, infinite scores, missing order.

    Notes
    -----
    Memory is about four arrays of N numbers. Time is that of one sort of packed whole numbers.

    Examples
    --------
    >>> done = by_learner([7, 7, 3], [1.0, 3.0, 2.0], order=[1, 2, 1], rule="latest")
    >>> done.learners.tolist(), done.value.tolist()
    ([3, 7], [2.0, 3.0])
    """
    check.one_of("rule", rule, _RULES)
    check_weight(weight)
    if rule == "n_of_m" and cut is None:
        raise UsageError("rule='n_of_m' needs cut=, the score that counts as a success.")
    if cut is not None:
        check.number("cut", cut)
    learners, segments, missing = _segmented(learner_codes, scores, order)
    se: Floats | None
    if rule == "power_law":
        value, se = _power_law(segments, at)
    else:
        value = _value(rule, segments, weight, n, cut)
        se = _linear_errors(rule, segments, weight) if rule in _LINEAR and standard_errors else None
    return LearnerScores(
        rule=rule,
        n_scores=segments.scores.size,
        n_missing=missing,
        n_not_computable=int(np.isnan(value).sum()),
        learners=learners,
        value=value,
        se=se if standard_errors else None,
        n=segments.counts,
    )


def _or_none(value: float) -> float | None:
    return None if value != value else value


def _segmented(
    learner_codes: npt.ArrayLike, scores: npt.ArrayLike, order: npt.ArrayLike | None
) -> tuple[npt.NDArray[np.generic], _Segments, int]:
    """Learners in ascending order, their scores in segments, and how many scores were missing."""
    codes, values = check.labels("learner_codes", learner_codes, unit="score"), np.asarray(scores)
    if values.ndim != 1:
        raise UsageError("scores must have one dimension, one entry a score.")
    check.same_length(learner_codes=codes, scores=values)
    if values.dtype != np.float64:
        values = check.vector("scores", values, missing=True)
    moments = None if order is None else whole_order(np.asarray(order), values.size)
    check.numbers("scores", values, missing=True, unit="score")
    if np.isnan(values.sum()):
        kept = ~np.isnan(values)
        codes, moments = codes[kept], None if moments is None else moments[kept]
        values = values[kept]
    missing = len(np.asarray(scores)) - values.size
    labels = None
    if not np.can_cast(codes.dtype, np.int64):
        labels, codes = np.unique(codes, return_inverse=True)
    codes, values = _in_order(codes.astype(np.int64, copy=False), moments, values)
    change = np.flatnonzero(codes[1:] != codes[:-1]) + 1
    starts = np.concatenate(([0], change)).astype(np.int64) if codes.size else np.zeros(0, np.int64)
    counts = np.diff(np.concatenate((starts, [codes.size]))) if codes.size else np.zeros(0, np.int64)
    learners = codes[starts] if labels is None else labels[codes[starts]]
    return learners, _Segments(values, starts, counts), missing


def whole_order(order: npt.NDArray[np.generic], count: int) -> Integers:
    """Turn the order key into whole numbers that sort alike."""
    if order.shape != (count,):
        raise UsageError(f"order has shape {order.shape}; pass {count} entries, one a score.")
    if np.can_cast(order.dtype, np.int64):
        return order.astype(np.int64, copy=False)
    if order.dtype.kind == "M":
        if np.isnat(order).any():
            raise UsageError("order holds missing times (NaT); give every score its time or leave it out.")
        return order.astype(np.int64)
    missing = (
        np.isnan(order.astype(float)) if order.dtype.kind == "f" else np.array([moment is None for moment in order])
    )
    if missing.any():
        raise UsageError("order holds missing values; give every score its time or leave it out.")
    ranks: Integers = np.unique(order, return_inverse=True)[1].astype(np.int64)
    return ranks


def _in_order(codes: Integers, moments: Integers | None, values: Floats) -> tuple[Integers, Floats]:
    """Codes and values in stable order by code, then moment."""
    if codes.size < 2:
        return codes, values
    same = codes[1:] == codes[:-1]
    if (codes[1:] >= codes[:-1]).all() and (moments is None or not (same & (moments[1:] < moments[:-1])).any()):
        return codes, values
    del same
    if moments is None:
        places = _stable_sort(codes)
        return codes[places], values[places]
    span = _room(int(moments.max()) - int(moments.min()) + 1)
    parts = _parts(codes, span)
    if parts is None:
        first = _stable_sort(moments)
        places = first[_stable_sort(codes[first])]
        return codes[places], values[places]
    return _in_order_by_part(codes, moments - moments.min(), values, parts, span)


def _parts(codes: Integers, span: int) -> Integers | None:
    """Part of each row, by ranges of the code so narrow that code, moment and row pack into 63 bits; None if none are.

    Parts that are sorted inside the processor's cache are sorted faster, so there are more than the bits ask for.
    """
    low, width = int(codes.min()), int(codes.max()) - int(codes.min()) + 1
    if width >= 2**63:
        return None
    wanted = min(_MOST_PARTS, max(1, codes.size // _BLOCK))
    for shift in range(max(0, width.bit_length() - wanted.bit_length()), -1, -1):
        if (width >> shift) > _MOST_PARTS:
            return None
        parts: Integers = ((codes - low) >> shift).astype(np.uint16)
        if span * _room(int(np.bincount(parts).max())) << shift < 2**63:
            return parts
    return None


def _in_order_by_part(
    codes: Integers, moments: Integers, values: Floats, parts: Integers, span: int
) -> tuple[Integers, Floats]:
    """Sort part by part, each by one whole number that holds code, moment (below `span`, a power of 2) and row."""
    places = np.argsort(parts, kind="stable")
    bounds = np.concatenate(([0], np.cumsum(np.bincount(parts))))
    sorted_codes, sorted_values = np.empty_like(codes), np.empty_like(values)
    for begin, end in itertools.pairwise(bounds):
        if end == begin:
            continue
        rows, room = places[begin:end], _room(int(end - begin))
        packed = codes[rows]
        low = packed.min()
        packed -= low
        packed *= span
        packed += moments[rows]
        packed *= room
        packed += np.arange(packed.size)
        packed.sort()
        sorted_values[begin:end] = values[rows][packed & (room - 1)]
        packed >>= (room * span).bit_length() - 1
        packed += low
        sorted_codes[begin:end] = packed
    return sorted_codes, sorted_values


def _room(count: int) -> int:
    return 1 << max(1, (count - 1).bit_length())


def _stable_sort(keys: Integers) -> Integers:
    """Places that sort `keys`, ties in row order: sorts the key packed with its row, which is much faster."""
    low, room = int(keys.min()), _room(keys.size)
    if (int(keys.max()) - low + 1) * room >= 2**63:
        return np.argsort(keys, kind="stable")
    packed = (keys - low) * room
    packed += np.arange(keys.size)
    packed.sort()
    packed &= room - 1
    return packed


def _value(rule: str, segments: _Segments, weight: float, n: int, cut: float | None) -> Floats:
    scores, starts, counts = segments.scores, segments.starts, segments.counts
    if not starts.size:
        return np.zeros(0)
    if rule == "latest":
        return scores[segments.ends - 1]
    if rule == "highest":
        return np.maximum.reduceat(scores, starts)
    if rule == "decaying_average":
        return _decaying(segments, weight)
    if rule == "median":
        return _median(segments)
    if rule == "mode":
        return _mode(segments)
    if rule == "n_of_m":
        return _n_of_m(segments, check.whole("n", n, minimum=1), 0.0 if cut is None else cut)
    sums = np.add.reduceat(scores, starts)
    if rule == "mean":
        return sums / counts
    newest = scores[segments.ends - 1]
    return np.where(counts > 1, weight * newest + (1 - weight) * (sums - newest) / np.maximum(counts - 1, 1), newest)


def _decaying(segments: _Segments, weight: float) -> Floats:
    """Sum of r (1 - r)^lag s over each segment, the oldest score topped up to (1 - r)^(n - 1); block by block."""
    keep = 1.0 - weight
    powers = weight * keep ** np.arange(int(segments.counts.max()) + 1, dtype=float)
    value = np.empty(segments.starts.size)
    ends = segments.ends
    first = 0
    while first < value.size:
        last = max(first + 1, int(np.searchsorted(ends, segments.starts[first] + _BLOCK, side="right")))
        begin, end = int(segments.starts[first]), int(ends[last - 1])
        lag = np.repeat(ends[first:last] - 1 - begin, segments.counts[first:last])
        lag -= np.arange(end - begin)
        weighted = powers[lag]
        weighted *= segments.scores[begin:end]
        value[first:last] = np.add.reduceat(weighted, segments.starts[first:last] - begin)
        first = last
    topped_up: Floats = value + keep ** segments.counts.astype(float) * segments.scores[segments.starts]
    return topped_up


def _by_value(segments: _Segments) -> tuple[Integers, Floats]:
    """Places and scores of every segment in ascending order of score, ties in time order."""
    owner = np.repeat(np.arange(segments.starts.size), segments.counts)
    places = np.lexsort((segments.scores, owner))
    return places, segments.scores[places]


def _median(segments: _Segments) -> Floats:
    _, ascending = _by_value(segments)
    low = segments.starts + (segments.counts - 1) // 2
    high = segments.starts + segments.counts // 2
    middle: Floats = (ascending[low] + ascending[high]) / 2.0
    return middle


def _mode(segments: _Segments) -> Floats:
    """Longest run of equal scores in each segment; among equal runs the one that ends latest in time."""
    places, ascending = _by_value(segments)
    fresh = np.ones(ascending.size, dtype=bool)
    fresh[1:] = ascending[1:] != ascending[:-1]
    fresh[segments.starts] = True
    runs = np.flatnonzero(fresh)
    lengths = np.diff(np.concatenate((runs, [ascending.size])))
    owner = np.searchsorted(segments.starts, runs, side="right") - 1
    newest = places[runs + lengths - 1]
    best = np.lexsort((newest, lengths, owner))
    return ascending[runs[best[np.cumsum(np.bincount(owner, minlength=segments.starts.size)) - 1]]]


def _n_of_m(segments: _Segments, n: int, cut: float) -> Floats:
    passing = segments.scores >= cut
    hits = np.add.reduceat(passing.astype(np.int64), segments.starts)
    sums = np.add.reduceat(np.where(passing, segments.scores, 0.0), segments.starts)
    value: Floats = np.where(hits >= n, sums / np.maximum(hits, 1), np.nan)
    return value


def _linear_errors(rule: str, segments: _Segments, weight: float) -> Floats:
    """Standard deviation of each learner's scores times the root of the sum of squared weights."""
    counts = segments.counts.astype(float)
    if not counts.size:
        return np.zeros(0)
    squared = {"latest": np.ones_like(counts), "mean": 1.0 / counts}.get(rule)
    keep = 1.0 - weight
    if rule == "decaying_average":
        oldest = keep ** (2.0 * (counts - 1.0))
        squared = weight**2 * (1.0 - oldest) / (1.0 - keep**2) + oldest
    if rule == "weighted_average" or squared is None:
        squared = weight**2 + keep**2 / np.maximum(counts - 1.0, 1.0)
    spread = _spread(segments)
    errors: Floats = np.where(spread > 0.0, spread * np.sqrt(squared), np.nan)
    return errors


def _spread(segments: _Segments) -> Floats:
    """Standard deviation (n - 1) of each segment, from deviations about its own mean; 0 where n is 1."""
    means = np.add.reduceat(segments.scores, segments.starts) / segments.counts
    deviations = segments.scores - np.repeat(means, segments.counts)
    deviations *= deviations
    squares = np.add.reduceat(deviations, segments.starts)
    level = np.maximum(np.abs(means), 1.0) ** 2 * 1e-28 * segments.counts
    spread: Floats = np.sqrt(np.where(squares > level, squares, 0.0) / np.maximum(segments.counts - 1, 1))
    return spread


def _power_law(segments: _Segments, at: str) -> tuple[Floats, Floats]:
    """Least squares of ln score on ln attempt in each segment, read at the last or the next attempt."""
    check.one_of("at", at, ("n", "n+1"))
    starts, counts = segments.starts, segments.counts
    if not starts.size:
        return np.zeros(0), np.zeros(0)
    valid = np.minimum.reduceat(segments.scores, starts) > 0.0
    x = np.log(np.arange(1.0, segments.scores.size + 1.0) - np.repeat(starts, counts))
    y = np.log(np.where(segments.scores > 0.0, segments.scores, 1.0))
    x_mean, y_mean = np.add.reduceat(x, starts) / counts, np.add.reduceat(y, starts) / counts
    x -= np.repeat(x_mean, counts)
    y -= np.repeat(y_mean, counts)
    several = counts > 1
    variation = np.where(several, np.add.reduceat(x * x, starts), 1.0)
    slope = np.where(several, np.add.reduceat(x * y, starts), 0.0) / variation
    place = np.log(counts + float(at == "n+1")) - x_mean
    value = np.where(valid, np.exp(y_mean + np.where(several, slope * place, 0.0)), np.nan)
    y -= np.repeat(slope, counts) * x
    variance = np.add.reduceat(y * y, starts) / np.maximum(counts - 2, 1)
    spread = np.sqrt(variance * (1.0 / counts + place**2 / variation))
    return value, np.where(valid & (counts > 2) & (variance > 1e-20), value * spread, np.nan)
