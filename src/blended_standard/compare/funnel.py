"""Funnel limits: how far a program may lie from the target by chance alone, given its size.

Source: Spiegelhalter (2005), Funnel plots for comparing institutional performance.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from blended_standard.compare.columns import as_vector
from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Result, Row, array, result

_METHODS = ("normal", "exact", "interpolated")
_OVERDISPERSION = ("none", "multiplicative", "additive")


@result
class Funnel(Result):
    """Each unit with its limits at each level (columns of `low` and `high`), and which lie outside."""

    title = "Funnel"
    target: float
    levels: tuple[float, ...]
    method: str
    overdispersion: str
    phi: float
    variance_between: float
    n_units: int
    values: npt.NDArray[np.float64] = array()
    z: npt.NDArray[np.float64] = array()
    low: npt.NDArray[np.float64] = array()
    high: npt.NDArray[np.float64] = array()
    outside: npt.NDArray[np.bool_] = array()

    def rows(self) -> list[Row]:
        """Return one row a unit."""
        made: list[Row] = []
        for i in range(self.n_units):
            row: Row = {"unit": i, "value": float(self.values[i]), "z": float(self.z[i])}
            for j, level in enumerate(self.levels):
                row[f"low_{100 * level:g}"] = float(self.low[i, j])
                row[f"high_{100 * level:g}"] = float(self.high[i, j])
                row[f"outside_{100 * level:g}"] = bool(self.outside[i, j])
            made.append(row)
        return made


def funnel_rates(
    events: npt.ArrayLike,
    sizes: npt.ArrayLike,
    *,
    target: float | None = None,
    levels: Sequence[float] = (0.95, 0.998),
    method: str = "normal",
    overdispersion: str = "none",
) -> Funnel:
    """Compute funnel limits for proportions.

    Parameters
    ----------
    events, sizes : arrays, shape (m,)
        Successes and learners of each program.
    target : float, optional
        Default: all events over all learners.
    levels : sequence of float
    method : {"normal", "exact", "interpolated"}
        normal: p0 -/+ z sqrt(p0 (1 - p0) / n), cut at 0 and 1; exact: binomial quantiles over n; interpolated:
        between quantiles, so that limits change smoothly with n.
    overdispersion : {"none", "multiplicative", "additive"}
        phi is the mean squared z after winsorizing 10 % at each end; multiplicative widens by sqrt(phi) when above 1,
        additive adds a variance between programs. Normal limits only.

    Example
    -------
    >>> limits = funnel_rates([35], [50], target=0.7)
    >>> limits.low[0].round(4).tolist()
    [0.573, 0.4997]
    """
    counts, n = as_vector(events, name="events"), as_vector(sizes, name="sizes")
    if counts.size != n.size:
        raise UsageError(f"events has {counts.size} values and sizes {n.size}; they must be the same.")
    if (n < 1).any() or (counts < 0).any() or (counts > n).any() or (n != np.round(n)).any():
        raise UsageError("sizes must be whole numbers of 1 or more, and events between 0 and the size.")
    p0 = float(counts.sum() / n.sum()) if target is None else check.number("target", target)
    check.apart_from_zero("target", p0)
    if not 0 < p0 < 1:
        raise NotEstimableError(f"The target rate is {p0:g}: at 0 or 1 nothing varies by chance.")
    if method not in _METHODS:
        raise UsageError(f"method={method!r} is not one of {', '.join(_METHODS)}.")
    if method != "normal" and overdispersion != "none":
        raise UsageError('overdispersion= needs method="normal"; binomial limits have no room for it.')
    values, se = counts / n, np.sqrt(p0 * (1 - p0) / n)
    if method == "normal":
        return _normal(values, se, p0, levels, overdispersion, inside=(0.0, 1.0))
    checked = _levels(levels)
    tails = np.array([(1 - level) / 2 for level in checked])
    low, high = _binomial(n, p0, tails, method), _binomial(n, p0, 1 - tails, method)
    return Funnel(
        target=p0,
        levels=checked,
        method=f"binomial, {method}",
        overdispersion="none",
        phi=_phi((values - p0) / se),
        variance_between=0.0,
        n_units=n.size,
        values=values,
        z=(values - p0) / se,
        low=low,
        high=high,
        outside=(values[:, None] < low) | (values[:, None] > high),
    )


def funnel_means(
    values: npt.ArrayLike,
    se: npt.ArrayLike,
    *,
    target: float | None = None,
    levels: Sequence[float] = (0.95, 0.998),
    overdispersion: str = "none",
) -> Funnel:
    """Compute normal funnel limits for means or effects with known standard errors.

    Parameters
    ----------
    values, se : arrays, shape (m,)
    target : float, optional
        Default: the mean weighted by 1 / se^2.
    levels : sequence of float
    overdispersion : {"none", "multiplicative", "additive"}
        As in `funnel_rates`.

    Example
    -------
    >>> funnel_means([1.0, 3.0], [0.5, 0.5]).target
    2.0
    """
    y = as_vector(values, name="values")
    spread = as_vector(se, name="se", n=y.size)
    if (spread < check.SMALLEST).any():
        raise UsageError("se must be positive for every unit, and not so near 0 that its inverse has no square.")
    center = float(np.average(y, weights=1 / spread**2)) if target is None else check.number("target", target)
    return _normal(y, spread, center, levels, overdispersion)


def _levels(levels: Sequence[float]) -> tuple[float, ...]:
    checked = check.vector("levels", levels, unit="limit")
    if not checked.size:
        raise UsageError("levels is empty; pass at least one, such as 0.95.")
    return tuple(check.share("levels", level) for level in checked.tolist())


def _phi(z: Floats) -> float:
    low, high = np.quantile(z, [0.1, 0.9])
    return float((np.clip(z, low, high) ** 2).mean())


def _normal(
    values: Floats,
    se: Floats,
    target: float,
    levels: Sequence[float],
    overdispersion: str,
    *,
    inside: tuple[float, float] = (-np.inf, np.inf),
) -> Funnel:
    from scipy.special import ndtri

    if overdispersion not in _OVERDISPERSION:
        raise UsageError(f"overdispersion={overdispersion!r} is not one of {', '.join(_OVERDISPERSION)}.")
    checked = _levels(levels)
    z = (values - target) / se
    phi, between, wide = _phi(z), 0.0, se
    if overdispersion == "multiplicative":
        wide = se * np.sqrt(max(phi, 1.0))
    elif overdispersion == "additive":
        if values.size < 2:
            raise NotEstimableError("One unit cannot show a variance between units.")
        w = 1 / se**2
        between = max(0.0, (values.size * phi - (values.size - 1)) / float(w.sum() - (w @ w) / w.sum()))
        wide = np.sqrt(se**2 + between)
    reach = np.array([float(ndtri((1 + level) / 2)) for level in checked])
    low = np.maximum(target - wide[:, None] * reach, inside[0])
    high = np.minimum(target + wide[:, None] * reach, inside[1])
    return Funnel(
        target=target,
        levels=checked,
        method="normal",
        overdispersion=overdispersion,
        phi=phi,
        variance_between=between,
        n_units=values.size,
        values=values,
        z=z,
        low=low,
        high=high,
        outside=(values[:, None] < low) | (values[:, None] > high),
    )


def _binomial(n: Floats, p0: float, tails: Floats, method: str) -> Floats:
    from scipy.stats import binom

    sizes = n[:, None]
    quantile = binom.ppf(tails, sizes, p0)
    if method == "exact":
        return np.asarray(quantile / sizes)
    at = binom.cdf(quantile, sizes, p0)
    before = binom.cdf(quantile - 1, sizes, p0)
    return np.asarray(np.clip((quantile - (at - tails) / (at - before)) / sizes, 0.0, 1.0))
