"""Agreement as a share, and Cohen's kappa of two raters.

Sources: Cohen (1960, 1968); variances of Fleiss, Cohen and Everitt (1969), for any weights.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from blended_standard.errors import UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Estimate, Interval, Row, array, result
from blended_standard.scoring.raters._tables import (
    Orientation,
    Weights,
    check_scale,
    coded,
    units_by_raters,
    weight_table,
)


@result
class Agreement(Estimate):
    """Share of units on which all raters agree; `pairwise` is the mean over units of the share of agreeing pairs."""

    pairwise: float | None
    tolerance: float
    n_raters: int


@result
class CohenKappa(Estimate):
    """Kappa with its non-null standard error; `null_se`, `z` and `p_value` test that kappa is zero.

    `observed` and `expected` are the (weighted) agreement seen and that expected from the two margins.
    """

    observed: float | None
    expected: float | None
    null_se: float | None = None
    z: float | None = None
    categories: tuple[str, ...] = ()
    table: npt.NDArray[np.float64] = array()

    def rows(self) -> list[Row]:
        """One row: the value, its uncertainty, and the agreement seen."""
        keys = ("name", "value", "se", "observed", "expected", "null_se", "z", "p_value", "n")
        row: Row = {key: getattr(self, key) for key in keys}
        if self.interval:
            row |= {"ci_low": self.interval.low, "ci_high": self.interval.high}
        return [row | ({"reason": self.reason} if self.reason else {})]


def exact_agreement(
    ratings: npt.ArrayLike, *, tolerance: float = 0.0, raters: Orientation = "columns", level: float = 0.95
) -> Agreement:
    """Share of units on which all raters give the same rating.

    Parameters
    ----------
    ratings : array-like, shape (units, raters)
        Numbers, or text when `tolerance` is 0. Missing ratings are None or NaN; units with fewer than two are left out.
    tolerance : float
        Ratings at most this far apart agree: 1 gives adjacent agreement.
    raters : {"columns", "rows"}
        Where the raters are.
    level : float
        Coverage of the Wilson interval.

    Returns
    -------
    Agreement
        The share, its binomial standard error, and the mean pairwise agreement, which is higher for 3+ raters.

    Examples
    --------
    >>> exact_agreement([[1, 1], [2, 2], [3, 1], [4, 4]]).value
    0.75
    """
    from scipy.special import ndtri

    check.level(level)
    check.number("tolerance", tolerance, low=0.0)
    table = units_by_raters(ratings, raters)
    if tolerance:
        values = check.matrix("ratings", table, missing=True)
    else:
        codes, _ = coded(table, None)
        values = np.where(codes < 0, np.nan, codes.astype(float))
    present = ~np.isnan(values)
    values, present = values[present.sum(axis=1) >= 2], present[present.sum(axis=1) >= 2]
    n = len(values)
    if not n:
        reason = "No unit has two ratings; have raters share some units."
        return Agreement(
            name="agreement",
            value=None,
            n=0,
            reason=reason,
            pairwise=None,
            tolerance=tolerance,
            n_raters=table.shape[1],
        )
    spread = np.where(present, values, -np.inf).max(axis=1) - np.where(present, values, np.inf).min(axis=1)
    value = float(np.mean(spread <= tolerance))
    z = float(ndtri(0.5 + level / 2.0))
    center = (value + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(value * (1 - value) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return Agreement(
        name="agreement",
        value=value,
        se=math.sqrt(value * (1 - value) / n),
        interval=Interval(low=max(0.0, center - half), high=min(1.0, center + half), level=level, method="Wilson"),
        n=n,
        pairwise=_pairwise(values, tolerance),
        tolerance=tolerance,
        n_raters=table.shape[1],
    )


def adjacent_agreement(ratings: npt.ArrayLike, *, raters: Orientation = "columns", level: float = 0.95) -> Agreement:
    """Share of units on which all ratings lie within one point of each other.

    Parameters
    ----------
    ratings, raters, level
        As in `exact_agreement`.

    Returns
    -------
    Agreement
        With `tolerance` 1.

    Examples
    --------
    >>> adjacent_agreement([[1, 2], [2, 2], [3, 1], [4, 4]]).value
    0.75
    """
    return exact_agreement(ratings, tolerance=1.0, raters=raters, level=level)


def cohen_kappa(
    first: npt.ArrayLike,
    second: npt.ArrayLike | None = None,
    *,
    weights: Weights = None,
    categories: Sequence[object] | None = None,
    level: float = 0.95,
) -> CohenKappa:
    """Agreement of two raters beyond what their own margins would give by chance.

    Parameters
    ----------
    first, second : array-like, shape (n,)
        Ratings of the same units by two raters; units that either left out are dropped. Or, with `second` left out,
        a square table of counts, rows the first rater.
    weights : {None, "linear", "quadratic"} or array, shape (K, K)
        Credit for near agreement: 1 - d, or 1 - d^2, with d the distance of two categories over the largest. Number
        codes are as far apart as they say (as irrCAC; psych goes by place), text goes by place on the scale.
    categories : sequence, optional
        The declared scale in order, also categories that nobody used: they set K. Default: those seen, ascending.
    level : float
        Coverage of the interval.

    Returns
    -------
    CohenKappa
        `value` None with a reason when both raters used one and the same category (kappa is 0/0 there). Print
        `observed` beside it: with a rare category kappa can be low at high agreement.

    Raises
    ------
    UsageError
        Lengths that differ, a category not declared, a table that is not square.

    Examples
    --------
    >>> round(cohen_kappa([[25, 4, 1], [5, 18, 3], [2, 6, 16]]).value, 6)
    0.603025
    """
    check.level(level)
    table, names = _contingency(first, second, categories)
    total = float(table.sum())
    w = weight_table(weights, names)
    labels = tuple(str(name) for name in names)
    shares = table / total if total else table
    rows, columns = shares.sum(axis=1), shares.sum(axis=0)
    observed, expected = float((w * shares).sum()), float(rows @ w @ columns)
    if total == 0 or 1.0 - expected < 1e-12:
        reason = (
            "No unit was rated by both raters."
            if total == 0
            else "Both raters used only one and the same category, so chance alone gives full agreement: kappa is 0/0."
        )
        known = (observed, expected) if total else (None, None)
        return CohenKappa(
            name="kappa",
            value=None,
            n=int(total),
            reason=reason,
            observed=known[0],
            expected=known[1],
            categories=labels,
            table=table,
        )
    value = (observed - expected) / (1.0 - expected)
    se, null_se = _kappa_errors(shares, w, total)
    return _kappa_result(value, se, null_se, observed, expected, total, labels, table, weights, level)


def _kappa_result(
    value: float,
    se: float,
    null_se: float,
    observed: float,
    expected: float,
    total: float,
    labels: tuple[str, ...],
    table: Floats,
    weights: Weights,
    level: float,
) -> CohenKappa:
    from scipy.special import ndtr, ndtri

    half = se * float(ndtri(0.5 + level / 2.0))
    z = value / null_se if null_se > 0 else None
    kind = "unweighted" if weights is None else weights if isinstance(weights, str) else "custom"
    return CohenKappa(
        name="kappa",
        value=value,
        se=se,
        interval=Interval(low=value - half, high=value + half, level=level, method="normal, non-null variance"),
        p_value=None if z is None else 2.0 * float(ndtr(-abs(z))),
        n=int(total),
        method=f"Cohen, {kind} weights",
        observed=observed,
        expected=expected,
        null_se=null_se,
        z=z,
        categories=labels,
        table=table,
    )


def _kappa_errors(shares: Floats, w: Floats, total: float) -> tuple[float, float]:
    """Non-null and null standard errors of (weighted) kappa."""
    rows, columns = shares.sum(axis=1), shares.sum(axis=0)
    observed, expected = float((w * shares).sum()), float(rows @ w @ columns)
    means = (w @ columns)[:, None] + (rows @ w)[None, :]
    inner = w * (1.0 - expected) - means * (1.0 - observed)
    center = observed * expected - 2.0 * expected + observed
    scale = math.sqrt(total) * (1.0 - expected) ** 2
    se = math.sqrt(max(0.0, float((shares * inner**2).sum()) - center**2)) / scale
    null = float((np.outer(rows, columns) * (w - means) ** 2).sum()) - expected**2
    return se, math.sqrt(max(0.0, null)) / (math.sqrt(total) * (1.0 - expected))


def _contingency(
    first: npt.ArrayLike, second: npt.ArrayLike | None, categories: Sequence[object] | None
) -> tuple[Floats, tuple[object, ...]]:
    if second is None:
        table = check.matrix("first", first)
        if table.shape[0] != table.shape[1] or (table < 0).any():
            raise UsageError(f"A table of counts must be square and not negative; its shape is {table.shape}.")
        names = tuple(range(1, len(table) + 1)) if categories is None else tuple(categories)
        if len(names) != len(table):
            raise UsageError(f"categories has {len(names)} entries and the table {len(table)} rows.")
        check_scale(names)
        return table, names
    one, two = np.asarray(first, dtype=object), np.asarray(second, dtype=object)
    if one.ndim != 1 or two.ndim != 1:
        raise UsageError("first and second must have one dimension each: one rating a unit.")
    check.same_length(first=one, second=two)
    if not one.size:
        raise UsageError("first and second are empty; pass one rating a unit.")
    codes, found = coded(np.column_stack([one, two]), categories)
    both = codes[(codes >= 0).all(axis=1)]
    count = len(found)
    flat = np.bincount(both[:, 0] * count + both[:, 1], minlength=count * count)
    return flat.reshape(count, count).astype(float), found


def _pairwise(values: Floats, tolerance: float) -> float:
    """Mean over units of the share of pairs of raters that agree."""
    agreeing = np.zeros(len(values))
    pairs = np.zeros(len(values))
    for first in range(values.shape[1]):
        gap = np.abs(values[:, first + 1 :] - values[:, first : first + 1])
        pairs += (~np.isnan(gap)).sum(axis=1)
        agreeing += (gap <= tolerance).sum(axis=1)
    return float(np.mean(agreeing / pairs))
