"""Observed-score equating of nonequivalent groups through an anchor test (the NEAT design).

Group 1 took X and the anchor V, group 2 took Y and V; the synthetic population weighs them w and 1 - w.
Source: Kolen & Brennan, Test Equating, Scaling, and Linking (3rd ed.), ch. 4 and 5.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.numeric import arguments as check
from blended_standard.scoring.link.equating import (
    Equating,
    linear_result,
    moments,
    smoothed,
    smoothing_text,
    through,
)
from blended_standard.scoring.link.frequencies import FrequencyTable, as_table
from blended_standard.scoring.link.smoothing import Degree

_DESIGN = "nonequivalent groups with anchor"


def tucker(x: object, y: object, *, synthetic_weight: float | None = None) -> Equating:
    """Linear equating that takes the regression of the score on the anchor to be the same in both groups.

    Parameters
    ----------
    x, y : FrequencyTable with anchor, or float array of shape (n, 2)
        Score and anchor of each group.
    synthetic_weight : float in [0, 1], optional
        Weight of group 1. Default: its share of the learners.

    Returns
    -------
    Equating
        Standard error by the delta method, scores not assumed normal (Zu & Yuan, 2012).

    Raises
    ------
    NotEstimableError
        No variance in the anchor or in a score.

    Notes
    -----
    gamma = cov(X, V) / var(V) in each group. Suits groups that are alike on the anchor.

    Examples
    --------
    >>> group = [(0, 0), (1, 0), (2, 1), (3, 1), (4, 2)]
    >>> round(tucker(group, group).slope, 6)
    1.0
    """
    return _synthetic("Tucker", x, y, synthetic_weight, lambda m: m[4] / m[3])


def levine(
    x: object,
    y: object,
    *,
    anchor: Literal["internal", "external"] = "internal",
    true_score: bool = False,
    synthetic_weight: float | None = None,
) -> Equating:
    """Linear equating under a congeneric model of true scores.

    Parameters
    ----------
    x, y : FrequencyTable with anchor, or float array of shape (n, 2)
        Score and anchor of each group.
    anchor : {"internal", "external"}
        Whether the anchor items count in the score.
    true_score : bool
        Equate true scores (no synthetic population) instead of observed scores.
    synthetic_weight : float in [0, 1], optional
        Weight of group 1. Default: its share of the learners.

    Returns
    -------
    Equating
        Standard error by the delta method, scores not assumed normal.

    Raises
    ------
    NotEstimableError
        A covariance of score and anchor at or below 0.

    Notes
    -----
    gamma = var(X) / cov(X, V) (internal), [var(X) + cov(X, V)] / [var(V) + cov(X, V)] (external). Suits groups that
    differ, with forms built alike.

    Examples
    --------
    >>> group = [(0, 0), (1, 0), (2, 1), (3, 1), (4, 2)]
    >>> round(levine(group, group).slope, 6)
    1.0
    """
    if anchor not in ("internal", "external"):
        raise UsageError(f"anchor={anchor!r} is not one of internal, external.")

    def gamma(m: Any) -> Any:
        return m[2] / m[4] if anchor == "internal" else (m[2] + m[4]) / (m[3] + m[4])

    if not true_score:
        return _synthetic("Levine observed score", x, y, synthetic_weight, gamma)
    first, second = _pair(x, y)

    def coefficients(m: Any, k: Any) -> tuple[Any, Any]:
        slope = gamma(k) / gamma(m)
        return k[0] + gamma(k) * (m[1] - k[1]) - slope * m[0], slope

    return linear_result("Levine true score", _DESIGN, first, second, coefficients, **_groups(first, second))


def chained_linear(x: object, y: object) -> Equating:
    """Linear equating of X to the anchor in group 1, then of the anchor to Y in group 2.

    Parameters
    ----------
    x, y : FrequencyTable with anchor, or float array of shape (n, 2)
        Score and anchor of each group.

    Returns
    -------
    Equating
        Standard error by the delta method, scores not assumed normal.

    Examples
    --------
    >>> group = [(0, 0), (1, 0), (2, 1), (3, 1), (4, 2)]
    >>> round(chained_linear(group, group).slope, 6)
    1.0
    """
    first, second = _pair(x, y)

    def coefficients(m: Any, k: Any) -> tuple[Any, Any]:
        rise = np.sqrt(k[2] / k[3])
        slope = rise * np.sqrt(m[3] / m[2])
        return k[0] + rise * (m[1] - k[1]) - slope * m[0], slope

    return linear_result("chained linear", _DESIGN, first, second, coefficients, **_groups(first, second))


def braun_holland(x: object, y: object, *, synthetic_weight: float | None = None) -> Equating:
    """Linear equating with the means and variances of the frequency-estimation distributions.

    Parameters
    ----------
    x, y : FrequencyTable with anchor, or float array of shape (n, 2)
        Score and anchor of each group, on one anchor scale.
    synthetic_weight : float in [0, 1], optional
        Weight of group 1. Default: its share of the learners.

    Returns
    -------
    Equating
        Without standard errors: use `bootstrap_equating`.

    Examples
    --------
    >>> group = [(0, 0), (1, 0), (2, 1), (3, 1), (4, 2)]
    >>> round(braun_holland(group, group).slope, 6)
    1.0
    """
    first, second = _pair(x, y)
    weight = _weight(first, second, synthetic_weight)
    left, right, cautions = _frequency_estimation(first, second, weight)
    if left.variance <= 0 or right.variance <= 0:
        raise NotEstimableError("Braun-Holland: a synthetic distribution has no variance.")
    slope = float(np.sqrt(right.variance / left.variance))
    intercept = right.mean - slope * left.mean
    return Equating(
        method="Braun-Holland",
        design=_DESIGN,
        scores=first.scores,
        equated=slope * first.scores + intercept,
        slope=slope,
        intercept=intercept,
        synthetic_weight=weight,
        n_x=first.n,
        n_y=second.n,
        chain=(left, right),
        **_groups(first, second, cautions),
    )


def frequency_estimation(
    x: object, y: object, *, synthetic_weight: float | None = None, degree: Degree | None = None, cross: int = 1
) -> Equating:
    """Equipercentile equating in the synthetic population, distributions given the anchor taken to be the same.

    Parameters
    ----------
    x, y : FrequencyTable with anchor, or float array of shape (n, 2)
        Score and anchor of each group, on one anchor scale.
    synthetic_weight : float in [0, 1], optional
        Weight of group 1. Default: its share of the learners.
    degree : int or (int, int), optional
        Smooth both joint distributions first (`link.loglinear`).
    cross : int
        Cross terms of the smoothing.

    Returns
    -------
    Equating
        Without standard errors: use `bootstrap_equating`.

    Notes
    -----
    Also called poststratification. f_s(x) = w f_1(x) + (1 - w) sum_v f_1(x | v) h_2(v), in shares of each group.
    (R's equate mixes counts instead, so that groups of unequal size shift its weight.)

    Examples
    --------
    >>> group = [(0, 0), (1, 0), (2, 1), (3, 1), (4, 2)]
    >>> frequency_estimation(group, group).equated[1:].round(6).tolist()
    [1.0, 2.0, 3.0, 4.0]
    """
    first, second = _pair(x, y)
    weight = _weight(first, second, synthetic_weight)
    left, right, cautions = _frequency_estimation(
        smoothed(first, degree, cross), smoothed(second, degree, cross), weight
    )
    return _percentile_result(
        "frequency estimation", first, second, (left, right), degree, cross, cautions, synthetic_weight=weight
    )


def chained_equipercentile(x: object, y: object, *, degree: Degree | None = None, cross: int = 1) -> Equating:
    """Equipercentile equating of X to the anchor in group 1, then of the anchor to Y in group 2.

    Parameters
    ----------
    x, y : FrequencyTable with anchor, or float array of shape (n, 2)
        Score and anchor of each group.
    degree : int or (int, int), optional
        Smooth both joint distributions first (`link.loglinear`).
    cross : int
        Cross terms of the smoothing.

    Returns
    -------
    Equating
        Without standard errors: use `bootstrap_equating`.

    Examples
    --------
    >>> group = [(0, 0), (1, 0), (2, 1), (3, 1), (4, 2)]
    >>> chained_equipercentile(group, group).equated[1:].round(6).tolist()
    [1.0, 2.0, 3.0, 4.0]
    """
    first, second = _pair(x, y)
    one, two = smoothed(first, degree, cross), smoothed(second, degree, cross)
    chain = (one.total, one.anchor, two.anchor, two.total)
    return _percentile_result("chained equipercentile", first, second, chain, degree, cross, ())


def _synthetic(method: str, x: object, y: object, synthetic_weight: float | None, gamma: Any) -> Equating:
    first, second = _pair(x, y)
    w = _weight(first, second, synthetic_weight)

    def coefficients(m: Any, k: Any) -> tuple[Any, Any]:
        shift, spread = m[1] - k[1], m[3] - k[3]
        g, h = gamma(m), gamma(k)
        mean_x, mean_y = m[0] - (1 - w) * g * shift, k[0] + w * h * shift
        variance_x = m[2] - (1 - w) * g**2 * spread + w * (1 - w) * g**2 * shift**2
        variance_y = k[2] + w * h**2 * spread + w * (1 - w) * h**2 * shift**2
        if np.real(variance_x) <= 0 or np.real(variance_y) <= 0:
            return np.inf, np.inf
        slope = np.sqrt(variance_y / variance_x)
        return mean_y - slope * mean_x, slope

    return linear_result(method, _DESIGN, first, second, coefficients, synthetic_weight=w, **_groups(first, second))


def _percentile_result(
    method: str,
    first: FrequencyTable,
    second: FrequencyTable,
    chain: tuple[FrequencyTable, ...],
    degree: Degree | None,
    cross: int,
    cautions: tuple[str, ...],
    synthetic_weight: float | None = None,
) -> Equating:
    return Equating(
        method=method,
        design=_DESIGN,
        scores=first.scores,
        equated=through(chain, first.scores),
        synthetic_weight=synthetic_weight,
        n_x=first.n,
        n_y=second.n,
        smoothing=smoothing_text(degree, cross),
        chain=chain,
        **_groups(first, second, cautions),
    )


def _pair(x: object, y: object) -> tuple[FrequencyTable, FrequencyTable]:
    first, second = as_table(x, name="x", joint=True), as_table(y, name="y", joint=True)
    for name, table in (("x", first), ("y", second)):
        spread = moments(table, 0)
        if spread[3] <= 0 or spread[4] <= 0:
            raise NotEstimableError(
                f"{name}: the anchor has no variance or no positive covariance with the score; it cannot link groups."
            )
    return first, second


def _weight(x: FrequencyTable, y: FrequencyTable, given: float | None) -> float:
    if given is None:
        return x.n / (x.n + y.n)
    return check.share("synthetic_weight", given, closed=True)


def _frequency_estimation(
    x: FrequencyTable, y: FrequencyTable, w: float
) -> tuple[FrequencyTable, FrequencyTable, tuple[str, ...]]:
    x, y = _one_anchor_scale(x, y)
    cautions: list[str] = []
    size = w * x.n + (1 - w) * y.n
    made = []
    for own, other, keep in ((x, y, w), (y, x, 1 - w)):
        mine, theirs = own.anchor.counts / own.n, other.anchor.counts / other.n
        known = mine > 0
        lost = float(theirs[~known].sum())
        if lost > 0 and keep < 1:
            cautions.append(
                f"{lost:.1%} of a group have anchor scores that nobody in the other group has; left out of the "
                "synthetic distribution"
            )
        if lost >= 1 - 1e-12 and keep == 0:
            raise NotEstimableError("The two groups have no anchor score in common; nothing links the forms.")
        factor = np.where(known, keep + (1 - keep) * theirs / np.where(known, mine, 1.0), 0.0)
        made.append(FrequencyTable(scores=own.scores, counts=own.counts @ factor * (size / own.n)))
    return made[0], made[1], tuple(cautions)


def _one_anchor_scale(x: FrequencyTable, y: FrequencyTable) -> tuple[FrequencyTable, FrequencyTable]:
    one, two = x.anchor.scores, y.anchor.scores
    step, offset = x.anchor.step, (two[0] - one[0]) / x.anchor.step
    if not np.isclose(y.anchor.step, step) or not np.isclose(offset, round(offset)):
        raise UsageError("x and y have anchor scores on different points; the anchor must be scored the same way.")
    low, high = min(one[0], two[0]), max(one[-1], two[-1])
    points = low + step * np.arange(round((high - low) / step) + 1)

    def widened(table: FrequencyTable) -> FrequencyTable:
        before = round((table.anchor.scores[0] - low) / step)
        after = len(points) - before - len(table.anchor.scores)
        return FrequencyTable(
            scores=table.scores, counts=np.pad(table.counts, ((0, 0), (before, after))), anchor_scores=points
        )

    return widened(x), widened(y)


def _groups(x: FrequencyTable, y: FrequencyTable, cautions: tuple[str, ...] = ()) -> dict[str, Any]:
    one, two = moments(x, 1), moments(y, 1)
    pooled = np.sqrt(((x.n - 1) * one[3] + (y.n - 1) * two[3]) / (x.n + y.n - 2))
    difference = float((one[1] - two[1]) / pooled)
    if abs(difference) > 0.5:
        text = (
            f"the groups differ by {abs(difference):.2f} standard deviations on the anchor; past 0.5 the methods "
            "part ways and none is safe"
        )
        cautions = (*cautions, text)
    return {"anchor_difference": difference, "cautions": cautions}
