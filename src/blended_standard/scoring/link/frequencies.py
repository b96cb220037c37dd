"""Score distributions for equating: counts by score, with an anchor or a second form, and percentile ranks.

Source: Kolen & Brennan, Test Equating, Scaling, and Linking (3rd ed.), ch. 2.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from blended_standard.errors import UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Result, Row, array, result

_MOST_POINTS = 1_000_000
_TIE = 1e-10  # cumulative shares closer than this count as equal


@result
class FrequencyTable(Result):
    """Counts by score: shape (K,), or (K, L) with `anchor_scores` (a common part, or a second form) across.

    Counts may be fractions (smoothed or synthetic distributions). Score points are equally spaced.
    """

    title = "Score frequencies"
    scores: Floats = array()
    counts: Floats = array()
    anchor_scores: Floats | None = array(default=None)

    @property
    def n(self) -> float:
        """Number of learners: the sum of the counts."""
        return float(self.counts.sum())

    @property
    def total(self) -> FrequencyTable:
        """The distribution of the first score alone."""
        if self.anchor_scores is None:
            return self
        return FrequencyTable(scores=self.scores, counts=self.counts.sum(axis=1))

    @property
    def anchor(self) -> FrequencyTable:
        """The distribution of the anchor (or second form) alone."""
        if self.anchor_scores is None:
            raise UsageError("This table has no anchor; make it with frequency_table(scores, anchor, ...).")
        return FrequencyTable(scores=self.anchor_scores, counts=self.counts.sum(axis=0))

    @property
    def mean(self) -> float:
        """Mean of the first score."""
        return float(self.scores @ self.total.counts / self.n)

    @property
    def variance(self) -> float:
        """Variance of the first score, divisor n - 1."""
        return float((self.scores - self.mean) ** 2 @ self.total.counts / (self.n - 1))

    @property
    def covariance(self) -> float:
        """Covariance of score and anchor, divisor n - 1."""
        if self.anchor_scores is None:
            raise UsageError("This table has no anchor; make it with frequency_table(scores, anchor, ...).")
        left, right = self.scores - self.mean, self.anchor_scores - self.anchor.mean
        return float(left @ self.counts @ right / (self.n - 1))

    @property
    def step(self) -> float:
        """Distance between neighboring score points."""
        return float(self.scores[1] - self.scores[0])

    def percentile_rank(self, score: npt.ArrayLike) -> Floats:
        """Return the share below `score`, each count spread evenly over its unit (0 to 1, not percent)."""
        at = np.asarray(score, dtype=float)
        shares = self.total.counts / self.n
        edges = np.concatenate([self.scores - self.step / 2, [self.scores[-1] + self.step / 2]])
        return np.asarray(np.interp(at, edges, np.concatenate([[0.0], np.cumsum(shares)])), dtype=float)

    def quantile(self, share: npt.ArrayLike) -> Floats:
        """Return the score with the given share below; across a gap of empty scores, the middle of the gap.

        A share of 0 gives the lower edge of the scale, a share of 1 the upper edge.
        """
        p = np.atleast_1d(np.asarray(share, dtype=float))
        shares = self.total.counts / self.n
        above, half = np.cumsum(shares), self.step / 2
        found = np.empty_like(p)
        for i, value in enumerate(p):
            if value <= _TIE:
                found[i] = self.scores[0] - half
            elif value >= 1 - _TIE:
                found[i] = self.scores[-1] + half
            else:
                cells = (int(np.sum(above <= value + _TIE)), int(np.sum(above < value - _TIE)))
                inside = [(value - above[k] + shares[k]) / shares[k] for k in cells]
                ends = [self.scores[k] - half + w * self.step for k, w in zip(cells, inside, strict=True)]
                found[i] = sum(ends) / 2
        return found.reshape(np.shape(share))

    def rows(self) -> list[Row]:
        """Return one row a score (and anchor score)."""
        if self.anchor_scores is None:
            ranks = self.percentile_rank(self.scores)
            return [
                {"score": float(s), "count": float(c), "percentile_rank": 100 * float(p)}
                for s, c, p in zip(self.scores, self.counts, ranks, strict=True)
            ]
        return [
            {"score": float(s), "anchor": float(v), "count": float(self.counts[i, j])}
            for i, s in enumerate(self.scores)
            for j, v in enumerate(self.anchor_scores)
            if self.counts[i, j] > 0
        ]


def frequency_table(
    scores: npt.ArrayLike,
    anchor: npt.ArrayLike | None = None,
    *,
    counts: npt.ArrayLike | None = None,
    scale: tuple[float, float] | None = None,
    anchor_scale: tuple[float, float] | None = None,
    step: float = 1.0,
) -> FrequencyTable:
    """Count scores, or wrap counts that are already there.

    Parameters
    ----------
    scores : float array, shape (n,) or (K,)
        One score a learner; with `counts`, the K score points of the scale.
    anchor : float array, shape (n,) or (L,), optional
        The anchor score (or the score on the second form) of the same learners; with `counts`, its L points.
    counts : float array, shape (K,) or (K, L), optional
        Frequencies, 0 or above; fractions are allowed.
    scale, anchor_scale : (low, high), optional
        Ends of the scales; every point between is kept, also where nobody scored. Default: ends of what was observed.
    step : float
        Distance of score points.

    Returns
    -------
    FrequencyTable

    Raises
    ------
    UsageError
        Scores off the scale or missing, fewer than two score points, negative counts.

    Examples
    --------
    >>> frequency_table([0, 1, 1, 3], scale=(0, 3)).counts.tolist()
    [1.0, 2.0, 0.0, 1.0]
    >>> frequency_table([0, 1, 2], counts=[5, 3, 2]).mean
    0.7
    """
    first = _vector("scores", scores)
    second = None if anchor is None else _vector("anchor", anchor)
    if counts is not None:
        return _wrapped(first, second, counts)
    points = _points("scale", first, scale, step)
    rows = _places("scores", first, points)
    if second is None:
        return FrequencyTable(scores=points, counts=np.bincount(rows, minlength=len(points)).astype(float))
    if second.shape != first.shape:
        raise UsageError(f"anchor has {second.size} values and scores {first.size}; they must be of the same learners.")
    across = _points("anchor_scale", second, anchor_scale, step)
    columns = _places("anchor", second, across)
    made = np.zeros((len(points), len(across)))
    np.add.at(made, (rows, columns), 1.0)
    return FrequencyTable(scores=points, counts=made, anchor_scores=across)


def as_table(value: object, *, name: str, joint: bool = False) -> FrequencyTable:
    """Read a table from a FrequencyTable or raw scores: shape (n,), or (n, 2) where a joint distribution is needed."""
    if not isinstance(value, FrequencyTable):
        raw = check.floats(name, value)
        if raw.ndim == 2 and raw.shape[1] == 2:
            value = frequency_table(raw[:, 0], raw[:, 1])
        elif raw.ndim == 1:
            value = frequency_table(raw)
        else:
            raise UsageError(f"{name} has shape {raw.shape}; give a FrequencyTable, scores (n,) or pairs (n, 2).")
    if joint and value.anchor_scores is None:
        raise UsageError(
            f"{name} has one score; this design needs pairs: frequency_table(scores, anchor, ...) or an array (n, 2)."
        )
    if value.n <= 1:
        raise UsageError(f"{name} has {value.n:g} learners; at least 2 are needed.")
    return value


def _wrapped(first: Floats, second: Floats | None, counts: npt.ArrayLike) -> FrequencyTable:
    given = check.floats("counts", counts)
    shape = (first.size,) if second is None else (first.size, second.size)
    if given.shape != shape:
        raise UsageError(f"counts has shape {given.shape}; with these score points it must be {shape}.")
    if not np.all(np.isfinite(given)) or np.any(given < 0) or given.sum() <= 0:
        raise UsageError("counts must be 0 or above, none missing, and not all 0.")
    for label, points in (("scores", first), ("anchor", second)):
        if points is not None and (points.size < 2 or not np.allclose(np.diff(points), points[1] - points[0])):
            raise UsageError(f"{label} must hold at least two score points, equally spaced and in order.")
        if points is not None and points[1] <= points[0]:
            raise UsageError(f"{label} must rise from point to point.")
    return FrequencyTable(scores=first, counts=given, anchor_scores=second)


def _vector(name: str, values: npt.ArrayLike) -> Floats:
    made = check.vector(name, values)
    if made.size == 0:
        raise UsageError(f"{name} is empty; pass at least one score.")
    return made


def _points(name: str, values: Floats, ends: tuple[float, float] | None, step: float) -> Floats:
    low, high = (float(values.min()), float(values.max())) if ends is None else check.pair(f"{name} scale", ends)
    count = round((high - low) / check.positive("step", step)) + 1
    if count > _MOST_POINTS:
        raise UsageError(
            f"{name}=({low:g}, {high:g}) in steps of {step:g} has more than {_MOST_POINTS:,} score points."
        )
    if count < 2 or not np.isclose(low + (count - 1) * step, high):
        raise UsageError(f"{name}=({low:g}, {high:g}) must span at least two score points, a whole number of steps.")
    return np.asarray(low + step * np.arange(count), dtype=float)


def _places(name: str, values: Floats, points: Floats) -> npt.NDArray[np.intp]:
    places = (values - points[0]) / (points[1] - points[0])
    rounded = np.rint(places)
    off = (np.abs(places - rounded) > 1e-9) | (rounded < 0) | (rounded >= points.size)
    if np.any(off):
        raise UsageError(
            f"{name} holds {values[off][0]:g}, which is not a point of the scale {points[0]:g} to {points[-1]:g} in "
            f"steps of {points[1] - points[0]:g}; set scale and step, or round the scores."
        )
    return np.asarray(rounded, dtype=np.intp)
