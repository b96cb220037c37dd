"""Observed-score equating of two forms: the result, and the methods for equivalent groups or one group.

Sources: Kolen & Brennan, Test Equating, Scaling, and Linking (3rd ed.), ch. 2, 7; Braun & Holland (1982); Lord (1982).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import attrs
import numpy as np
import numpy.typing as npt

from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Result, Row, array, result
from blended_standard.scoring.link.frequencies import FrequencyTable, as_table
from blended_standard.scoring.link.smoothing import Degree, loglinear

Coefficients = Callable[[npt.NDArray[Any], npt.NDArray[Any]], tuple[Any, Any]]


@result
class Equating(Result):
    """Scores of form X expressed on the scale of form Y, one for each score point of X.

    `slope` and `intercept` are there for linear methods. `chain` holds the distributions that an equipercentile method
    passes through. `se` is None where no formula is documented: use `bootstrap_equating`. `anchor_difference` is the
    difference of the groups on the anchor in pooled standard deviations.
    """

    title = "Equating"
    method: str
    design: str
    scores: Floats = array()
    equated: Floats = array()
    se: Floats | None = array(default=None)
    se_method: str = ""
    slope: float | None = None
    intercept: float | None = None
    synthetic_weight: float | None = None
    n_x: float
    n_y: float
    anchor_difference: float | None = None
    smoothing: str = ""
    chain: tuple[FrequencyTable, ...] = ()
    cautions: tuple[str, ...] = ()

    def transform(self, score: npt.ArrayLike) -> Floats:
        """Return scores of X (whole or not) on the scale of Y, same shape as `score`."""
        at = check.floats("score", score)
        if self.slope is not None and self.intercept is not None:
            return self.slope * at + self.intercept
        half = self.chain[0].step / 2
        if np.any(~np.isfinite(at)) or np.any((at < self.scores[0] - half) | (at > self.scores[-1] + half)):
            raise UsageError(f"score lies outside the scale of X, {self.scores[0]:g} to {self.scores[-1]:g}.")
        return through(self.chain, at)

    def inverse(self) -> Equating:
        """Return the equating of Y to X: the same relation read backwards (without standard errors)."""
        if self.slope is not None and self.intercept is not None:
            if self.slope == 0:
                raise NotEstimableError("An equating of slope 0 has no inverse: form Y has no spread.")
            back, shift = 1 / self.slope, -self.intercept / self.slope
            scores = self.chain[-1].scores
            return cast(
                Equating,
                attrs.evolve(
                    cast(Any, self), **_turned(self), equated=back * scores + shift, slope=back, intercept=shift
                ),
            )
        chain = tuple(reversed(self.chain))
        return cast(Equating, attrs.evolve(cast(Any, self), **_turned(self), equated=through(chain, chain[0].scores)))

    def rows(self) -> list[Row]:
        """Return one row a score point of X."""
        return [
            {"score": float(s), "equated": float(e), "se": None if self.se is None else float(self.se[i])}
            for i, (s, e) in enumerate(zip(self.scores, self.equated, strict=True))
        ]


def mean_equating(x: object, y: object) -> Equating:
    """Equate by the means alone, equivalent groups: y = x + mean(Y) - mean(X).

    Parameters
    ----------
    x, y : FrequencyTable or float array, shape (n,)
        Scores on the two forms of two random groups.

    Returns
    -------
    Equating
        Standard error by the delta method.

    Examples
    --------
    >>> mean_equating([0, 1, 2, 3], [1, 2, 3, 4]).equated.tolist()
    [1.0, 2.0, 3.0, 4.0]
    """
    first, second = as_table(x, name="x").total, as_table(y, name="y").total
    return linear_result("mean", "equivalent groups", first, second, lambda m, k: (k[0] - m[0], 1.0))


def linear_equating(x: object, y: object | None = None) -> Equating:
    """Equate means and standard deviations: y = mean(Y) + sd(Y) / sd(X) (x - mean(X)).

    Parameters
    ----------
    x, y : FrequencyTable or float array, shape (n,)
        Scores on the two forms of two random groups. Without `y`, one group that took both forms: a joint table, or
        pairs of shape (n, 2).

    Returns
    -------
    Equating
        Standard deviations have divisor n - 1. Standard error by the delta method without assuming normal scores
        (Braun & Holland, 1982); one group counts the covariance of the two scores.

    Raises
    ------
    NotEstimableError
        No variance in the scores of a form.

    Examples
    --------
    >>> found = linear_equating([0, 1, 2, 3], [0, 2, 4, 6])
    >>> (found.slope, found.intercept)
    (2.0, 0.0)
    """
    if y is None:
        both = as_table(x, name="x", joint=True)
        return linear_result("linear", "single group", both, None, lambda m, k: _line(m[0], m[2], m[1], m[3]))
    first, second = as_table(x, name="x").total, as_table(y, name="y").total
    return linear_result("linear", "equivalent groups", first, second, lambda m, k: _line(m[0], m[2], k[0], k[2]))


def equipercentile(x: object, y: object | None = None, *, degree: Degree | None = None, cross: int = 1) -> Equating:
    """Equate scores of equal percentile rank.

    Parameters
    ----------
    x, y : FrequencyTable or float array, shape (n,)
        Scores on the two forms of two random groups. Without `y`, one group that took both forms: a joint table, or
        pairs of shape (n, 2).
    degree : int or (int, int), optional
        Smooth first by a loglinear model of this degree (`link.loglinear`).
    cross : int
        Cross terms of the smoothing of one group (see `link.loglinear`).

    Returns
    -------
    Equating
        Standard errors by Lord's formula for random groups without smoothing; otherwise None (`bootstrap_equating`).

    Notes
    -----
    Percentile rank P(x) = F(x - 1) + f(x) / 2, inverted with counts spread evenly over the unit. Where the rank falls
    on a run of empty scores of Y, the middle of the run; a rank of 0 goes to the lower edge (-.5 on a scale from 0).

    Examples
    --------
    >>> equipercentile([0, 1, 2, 3], [1, 2, 3, 4]).equated.tolist()
    [1.0, 2.0, 3.0, 4.0]
    """
    if y is None:
        both = smoothed(as_table(x, name="x", joint=True), degree, cross)
        first, second, design = both.total, both.anchor, "single group"
    else:
        first, second = (smoothed(as_table(t, name=n).total, degree, cross) for t, n in ((x, "x"), (y, "y")))
        design = "equivalent groups"
    lord = y is not None and degree is None
    return Equating(
        method="equipercentile",
        design=design,
        scores=first.scores,
        equated=through((first, second), first.scores),
        se=_lord(first, second) if lord else None,
        se_method="delta method for random groups (Lord, 1982)" if lord else "",
        n_x=first.n,
        n_y=second.n,
        smoothing=smoothing_text(degree, cross if y is None else 0),
        chain=(first, second),
    )


def through(chain: tuple[FrequencyTable, ...], at: Floats) -> Floats:
    """Pass scores through pairs of distributions: percentile rank in the one, score of that rank in the next."""
    for k in range(0, len(chain), 2):
        at = chain[k + 1].quantile(chain[k].percentile_rank(at))
    return at


def smoothed(table: FrequencyTable, degree: Degree | None, cross: int) -> FrequencyTable:
    """Smooth a table where a degree is given."""
    return table if degree is None else loglinear(table, degree=degree, cross=cross).table


def smoothing_text(degree: Degree | None, cross: int) -> str:
    """Say which smoothing was done."""
    return "" if degree is None else f"loglinear, degree {degree}" + (f", cross {cross}" if cross else "")


def linear_result(
    method: str,
    design: str,
    x: FrequencyTable,
    y: FrequencyTable | None,
    coefficients: Coefficients,
    **more: Any,
) -> Equating:
    """Assemble a linear equating: (intercept, slope) as a function of the moments, with its errors."""
    first = moments(x, 1)
    second = first if y is None else moments(y, 1)
    if first[2] <= 0 or (second[3] if y is None else second[2]) <= 0:
        raise NotEstimableError(f"{method}: the scores of a form have no variance: there is no scale to equate.")
    intercept, slope = coefficients(first, second)
    if not (np.isfinite(intercept) and np.isfinite(slope)):
        raise NotEstimableError(
            f"{method}: the anchor does not covary with the scores, or the synthetic variance is not above 0."
        )
    errors = _delta(x, y, coefficients)
    return Equating(
        method=method,
        design=design,
        scores=x.scores,
        equated=slope * x.scores + intercept,
        se=errors,
        se_method="" if errors is None else "delta method, no assumption of normal scores",
        slope=float(slope),
        intercept=float(intercept),
        n_x=x.n,
        n_y=x.n if y is None else y.n,
        chain=(x.total, x.anchor if y is None else y.total),
        **more,
    )


def moments(table: FrequencyTable, ddof: int) -> Floats:
    """Return mean, anchor mean, variance, anchor variance and covariance (anchor parts 0 where there is no anchor)."""
    share, rest = table.counts / table.n, table.n / (table.n - ddof)
    if table.anchor_scores is None:
        mean = share @ table.scores
        return np.array([mean, 0.0, rest * (share @ (table.scores - mean) ** 2), 0.0, 0.0])
    mean, other = share.sum(axis=1) @ table.scores, share.sum(axis=0) @ table.anchor_scores
    left, right = table.scores - mean, table.anchor_scores - other
    spread = (share.sum(axis=1) @ left**2, share.sum(axis=0) @ right**2, left @ share @ right)
    return np.array([mean, other, *(rest * part for part in spread)])


def _line(mean_x: Any, variance_x: Any, mean_y: Any, variance_y: Any) -> tuple[Any, Any]:
    slope = np.sqrt(variance_y / variance_x)
    return mean_y - slope * mean_x, slope


def _delta(x: FrequencyTable, y: FrequencyTable | None, coefficients: Coefficients) -> Floats | None:
    tables = [x] if y is None else [x, y]
    centers = [moments(table, 0).astype(complex) for table in tables]
    variance = np.zeros(len(x.scores))
    for k, table in enumerate(tables):
        columns = []
        for i in range(5):
            shifted = [center.copy() for center in centers]
            shifted[k][i] += 1e-30j
            intercept, slope = coefficients(shifted[0], shifted[-1])
            if not (np.isfinite(intercept) and np.isfinite(slope)):
                return None
            columns.append(np.imag(intercept + slope * x.scores) / 1e-30)
        gradient = np.stack(columns, axis=1)
        variance += np.einsum("si,ij,sj->s", gradient, _moment_covariance(table), gradient)
    return np.sqrt(np.clip(variance, 0.0, None)) if np.all(np.isfinite(variance)) else None


def _moment_covariance(table: FrequencyTable) -> Floats:
    center = moments(table, 0)
    share = (table.counts / table.n).ravel()
    left = table.scores - center[0]
    if table.anchor_scores is None:
        zero = np.zeros_like(left)
        influence = np.stack([left, zero, left**2 - center[2], zero, zero])
    else:
        one, other = (part.ravel() for part in np.meshgrid(left, table.anchor_scores - center[1], indexing="ij"))
        influence = np.stack([one, other, one**2 - center[2], other**2 - center[3], one * other - center[4]])
    return np.asarray((influence * share) @ influence.T / table.n, dtype=float)


def _lord(x: FrequencyTable, y: FrequencyTable) -> Floats:
    ranks = x.percentile_rank(x.scores)
    shares = y.counts / y.n
    above = np.cumsum(shares)
    errors = np.zeros(len(ranks))
    for i, p in enumerate(ranks):
        if not 1e-10 < p < 1 - 1e-10:
            continue
        k = int(np.sum(above <= p + 1e-10))
        density = shares[k]
        spread = p * (1 - p) * (x.n + y.n) / (x.n * y.n)
        spread -= (above[k] - p) * (p - above[k] + density) / (y.n * density)
        errors[i] = y.step * np.sqrt(max(spread, 0.0)) / density
    return errors


def _turned(made: Equating) -> dict[str, Any]:
    return {
        "method": f"{made.method}, inverted",
        "scores": made.chain[-1].scores,
        "chain": tuple(reversed(made.chain)),
        "n_x": made.n_y,
        "n_y": made.n_x,
        "se": None,
        "se_method": "",
    }
