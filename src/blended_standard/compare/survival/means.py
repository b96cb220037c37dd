"""Restricted mean survival time: the area under the survival curve up to a time (Royston and Parmar 2013)."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from blended_standard.compare.survival.curves import Steps, read_table, steps_of
from blended_standard.compare.survival.tables import AtRiskTable
from blended_standard.errors import UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.intervals import normal_quantile
from blended_standard.results import Estimate, Interval, Result, Row, result


@result
class RestrictedMean(Result):
    """Mean time without the event up to `until`, a group, and the differences from the first group."""

    title: ClassVar[str] = "Restricted mean survival time"
    until: float
    groups: tuple[str | None, ...]
    means: tuple[Estimate, ...]
    differences: tuple[Estimate, ...]
    ratios: tuple[Estimate, ...]

    @property
    def value(self) -> float | None:
        """The restricted mean of the first (or only) group."""
        return self.means[0].value

    @property
    def se(self) -> float | None:
        """The standard error of the restricted mean of the first (or only) group."""
        return self.means[0].se

    @property
    def interval(self) -> Interval | None:
        """The interval of the restricted mean of the first (or only) group."""
        return self.means[0].interval

    @property
    def difference(self) -> Estimate:
        """The difference of the second group from the first."""
        if not self.differences:
            raise UsageError("There is one group, and so no difference. Pass groups= with two labels or more.")
        return self.differences[0]

    def rows(self) -> list[Row]:
        """Return one row an estimate: means, differences, ratios."""
        return [row for item in (*self.means, *self.differences, *self.ratios) for row in item.rows()]


def restricted_mean(
    times: npt.ArrayLike | None = None,
    events: npt.ArrayLike | None = None,
    *,
    until: float | None = None,
    groups: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    entry: npt.ArrayLike | None = None,
    table: AtRiskTable | None = None,
    level: float = 0.95,
) -> RestrictedMean:
    """Estimate the mean time without the event within the first `until` units of time.

    Parameters
    ----------
    times, events, groups, weights, entry, table
        As in `kaplan_meier`; times of 0 or more.
    until : float, optional
        The horizon. Default: the smallest of the groups' largest observed times.
    level : float
        Confidence level.

    Returns
    -------
    RestrictedMean
        `means` (one a group), `differences` (each group less the first) and `ratios` (each over the first), with
        standard errors and normal intervals; ratios on the log scale.

    Raises
    ------
    UsageError
        `until` is not positive, or lies where a curve is not known: beyond a group's last time, unless its curve has
        reached 0 there.

    Notes
    -----
    Variance sum over events up to `until` of A(t)^2 d/(n(n-d)), A the area from t to `until`; a last set with d = n
    adds nothing. Source: Klein and Moeschberger (2003), section 4.5. Equal to R `survfit(..., rmean=)` and to
    `survRM2::rmst2`.

    Examples
    --------
    >>> months = [2, 3, 4, 4, 6, 8, 10, 12, 12, 12]
    >>> left = [1, 0, 1, 1, 0, 1, 0, 0, 0, 0]
    >>> round(restricted_mean(months, left, until=12).means[0].value, 2)
    8.66
    """
    z = normal_quantile(level)
    known = read_table(times, events, groups, weights, entry, table)
    curves = [steps_of(part) for part in known.groups]
    if any(part.time.size and part.time[0] < 0 for part in known.groups):
        raise UsageError("times holds a negative value: a restricted mean starts at time 0. Shift the times.")
    ends = [
        float("inf") if _ends_at_zero(curve) else float(part.time[-1])
        for curve, part in zip(curves, known.groups, strict=True)
    ]
    horizon = _horizon(until, ends, [float(part.time[-1]) for part in known.groups])
    areas = [_area(curve, horizon) for curve in curves]
    labels = tuple(part.group for part in known.groups)
    first, first_variance = areas[0]
    means, differences, ratios = [], [], []
    for label, part, (area, variance) in zip(labels, known.groups, areas, strict=True):
        name = f"restricted mean to {horizon:g}" + ("" if label is None else f", {label}")
        means.append(_normal(name, area, variance**0.5, z, level, round(part.n)))
    for label, (area, variance) in zip(labels[1:], areas[1:], strict=True):
        contrast = f"{label} v {labels[0]}"
        spread = (variance + first_variance) ** 0.5
        differences.append(_normal(f"difference of restricted means, {contrast}", area - first, spread, z, level, None))
        ratios.append(_ratio(f"ratio of restricted means, {contrast}", areas[0], (area, variance), z, level))
    return RestrictedMean(
        until=horizon, groups=labels, means=tuple(means), differences=tuple(differences), ratios=tuple(ratios)
    )


def _horizon(until: float | None, ends: list[float], last: list[float]) -> float:
    limit = min(ends)
    horizon = min(last) if until is None else check.number("until", until)
    if not horizon > 0:
        raise UsageError(f"until={horizon:g} must be positive.")
    if horizon > limit:
        raise UsageError(
            f"until={horizon:g} is beyond {limit:g}, the last time at which every group is still observed. "
            f"Pass until={limit:g} or less."
        )
    return horizon


def _area(curve: Steps, until: float) -> tuple[float, float]:
    keep = curve.time <= until
    edges = np.concatenate([[0.0], curve.time[keep], [until]])
    heights = np.concatenate([[1.0], curve.survival[keep]])
    pieces = np.diff(edges) * heights
    after = np.cumsum(pieces[::-1])[::-1][1:]
    return float(pieces.sum()), float((after**2 * curve.terms[keep]).sum())


def _ends_at_zero(curve: Steps) -> bool:
    return bool(curve.survival.size and curve.survival[-1] == 0)


def _normal(name: str, value: float, se: float, z: float, level: float, n: int | None) -> Estimate:
    from scipy.special import ndtr

    p_value = float(2 * ndtr(-abs(value / se))) if n is None and se > 0 else None
    interval = Interval(low=value - z * se, high=value + z * se, level=level, method="normal")
    method = "area under Kaplan-Meier, Greenwood-type variance"
    return Estimate(name=name, value=value, se=se, interval=interval, p_value=p_value, n=n, method=method)


def _ratio(name: str, first: tuple[float, float], second: tuple[float, float], z: float, level: float) -> Estimate:
    from scipy.special import ndtr

    if first[0] <= 0 or second[0] <= 0:
        return Estimate(name=name, value=None, reason="A restricted mean is 0, and so there is no ratio.")
    value = second[0] / first[0]
    spread = (first[1] / first[0] ** 2 + second[1] / second[0] ** 2) ** 0.5
    interval = Interval(
        low=value * float(np.exp(-z * spread)), high=value * float(np.exp(z * spread)), level=level, method="log-normal"
    )
    p_value = float(2 * ndtr(-abs(np.log(value) / spread))) if spread > 0 else None
    return Estimate(
        name=name, value=value, se=value * spread, interval=interval, p_value=p_value, method="delta method, log scale"
    )
