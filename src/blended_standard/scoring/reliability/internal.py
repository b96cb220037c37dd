"""Internal consistency: coefficient alpha with its interval, KR-20, KR-21, Guttman's lambda 6.

Sources: Cronbach (1951); interval of Feldt (1965); standard error of Duhachek and Iacobucci (2004); Kuder and
Richardson (1937); Guttman (1945).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Estimate, Interval, Row, array, result
from blended_standard.scoring.reliability._moments import (
    complete_cases,
    correlations,
    moments,
    squared_multiple_correlations,
)


@result
class Alpha(Estimate):
    """Coefficient alpha with Feldt's interval, and what it does without each item.

    `n_negative` counts the pairs of items with a negative covariance: a reversed item, perhaps; none is reversed here.
    """

    standardized: float
    lambda6: float | None
    average_correlation: float
    standard_error_of_measurement: float | None
    n_items: int
    n_dropped: int
    n_negative: int
    if_dropped: npt.NDArray[np.float64] | None = array(default=None)
    item_rest_correlations: npt.NDArray[np.float64] = array()

    def rows(self) -> list[Row]:
        """One row for the whole scale, then one an item."""
        whole: Row = {"item": "all", "alpha": self.value, "se": self.se, "standardized": self.standardized}
        if self.interval:
            whole |= {"ci_low": self.interval.low, "ci_high": self.interval.high}
        without = [None] * self.n_items if self.if_dropped is None else self.if_dropped.tolist()
        rest = self.item_rest_correlations.tolist()
        items: list[Row] = [
            {"item": f"without {j + 1}", "alpha": without[j], "item_rest_correlation": rest[j]}
            for j in range(self.n_items)
        ]
        return [whole, *items]


def alpha(scores: npt.ArrayLike, *, frequencies: npt.ArrayLike | None = None, level: float = 0.95) -> Alpha:
    """Coefficient alpha: a lower bound of reliability when errors are uncorrelated.

    Parameters
    ----------
    scores : array-like, shape (persons, items)
        Item scores; persons with a missing score (None, NaN) are dropped and counted.
    frequencies : array-like of int, shape (persons,), optional
        How many persons gave each row, for tables of response patterns.
    level : float
        Coverage of Feldt's interval.

    Returns
    -------
    Alpha
        With standard error, standardized alpha, lambda 6, alpha without each item (none where the others cancel out).
        A negative value is returned as is.

    Raises
    ------
    NotEstimableError
        Fewer than 2 items or complete persons, an item without variance, or a sum score without variance.

    Examples
    --------
    >>> table = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    >>> round(alpha(table).value, 6)
    0.909316
    """
    check.level(level)
    found = moments(scores, frequencies)
    covariance, k = found.covariance, found.covariance.shape[0]
    value = _alpha(covariance)
    correlation = correlations(covariance)
    average = float((correlation.sum() - k) / (k * (k - 1)))
    sums = covariance.sum(axis=1)
    rest = sums - np.diag(covariance)
    rest_sd = np.sqrt(np.maximum(covariance.sum() - 2 * sums + np.diag(covariance), 1e-300))
    dropped = [_alpha_without(covariance, j) for j in range(k)] if k > 2 else None
    total_sd = math.sqrt(float(covariance.sum()))
    return Alpha(
        name="alpha",
        value=value,
        se=_alpha_error(covariance, found.n),
        interval=_feldt(value, found.n, k, level),
        n=found.n,
        method="Cronbach",
        standardized=_alpha(correlation),
        lambda6=_lambda6(correlation),
        average_correlation=average,
        standard_error_of_measurement=total_sd * math.sqrt(1.0 - value) if 0.0 <= value <= 1.0 else None,
        n_items=k,
        n_dropped=found.n_dropped,
        n_negative=int((covariance[np.triu_indices(k, 1)] < 0).sum()),
        if_dropped=None if dropped is None else np.array(dropped),
        item_rest_correlations=rest / (np.sqrt(np.diag(covariance)) * rest_sd),
    )


def kr20(scores: npt.ArrayLike, *, frequencies: npt.ArrayLike | None = None, level: float = 0.95) -> Alpha:
    """Kuder-Richardson 20: alpha of right-or-wrong items.

    Parameters
    ----------
    scores, frequencies, level
        As in `alpha`, scores being 0 or 1.

    Returns
    -------
    Alpha
        As `alpha`.

    Raises
    ------
    UsageError
        A score that is neither 0 nor 1.

    Examples
    --------
    >>> round(kr20([[1, 1, 1], [1, 1, 0], [1, 0, 0], [0, 0, 0]]).value, 4)
    0.75
    """
    _check_binary(scores, frequencies)
    return alpha(scores, frequencies=frequencies, level=level)


def kr21(scores: npt.ArrayLike, *, frequencies: npt.ArrayLike | None = None) -> Estimate:
    """Kuder-Richardson 21: reliability of right-or-wrong items as if all were equally hard (a lower bound of KR-20).

    Parameters
    ----------
    scores, frequencies
        As in `kr20`.

    Returns
    -------
    Estimate
        From the mean and the variance (n - 1) of the number right.

    Examples
    --------
    >>> round(kr21([[1, 1, 1], [1, 1, 0], [1, 0, 0], [0, 0, 0]]).value, 4)
    0.825
    """
    _check_binary(scores, frequencies)
    found = moments(scores, frequencies)
    k, mean, variance = found.means.size, float(found.means.sum()), float(found.covariance.sum())
    if variance <= 0:
        raise NotEstimableError("The number right has no variance; everybody has the same.")
    value = k / (k - 1.0) * (1.0 - mean * (k - mean) / (k * variance))
    return Estimate(name="KR-21", value=value, n=found.n, method="Kuder-Richardson 21")


def lambda6(scores: npt.ArrayLike, *, frequencies: npt.ArrayLike | None = None) -> Estimate:
    """Guttman's lambda 6: the error of each item is what the other items cannot predict.

    Parameters
    ----------
    scores, frequencies
        As in `alpha`; computed on correlations, as psych does.

    Returns
    -------
    Estimate
        Its value; the literature gives no standard error.

    Raises
    ------
    NotEstimableError
        Items that are linearly dependent.

    Examples
    --------
    >>> round(lambda6([[1, 2, 1], [2, 1, 3], [3, 4, 3], [4, 4, 5], [5, 4, 4]]).value, 4)
    0.8949
    """
    found = moments(scores, frequencies)
    correlation = correlations(found.covariance)
    squared_multiple_correlations(correlation)
    return Estimate(name="lambda 6", value=_lambda6(correlation), n=found.n, method="Guttman, on correlations")


def _check_binary(scores: npt.ArrayLike, frequencies: npt.ArrayLike | None) -> None:
    (table, _), _ = complete_cases(scores, frequencies)
    seen = table[~np.isnan(table)]
    if not np.isin(seen, (0.0, 1.0)).all():
        raise UsageError("scores must be 0 or 1; for other scores use alpha.")


def _alpha(covariance: Floats) -> float:
    k, total = covariance.shape[0], float(covariance.sum())
    if total <= 1e-14 * float(np.trace(covariance)):
        raise NotEstimableError("The sum score has no variance: the items cancel each other out.")
    return float(k / (k - 1.0) * (1.0 - float(np.trace(covariance)) / total))


def _alpha_without(covariance: Floats, item: int) -> float:
    """Alpha of the other items; NaN, which reads as absent, where these cancel each other out."""
    try:
        return _alpha(np.delete(np.delete(covariance, item, 0), item, 1))
    except NotEstimableError:
        return math.nan


def _alpha_error(covariance: Floats, n: int) -> float:
    """Large-sample standard error of alpha for normal items."""
    k, total, trace = covariance.shape[0], float(covariance.sum()), float(np.trace(covariance))
    squared = covariance @ covariance
    inner = total * (float(np.trace(squared)) + trace**2) - 2.0 * trace * float(squared.sum())
    variance = float(2.0 * k**2 / ((k - 1.0) ** 2 * total**3) * inner / n)
    return math.sqrt(max(0.0, variance))


def _feldt(value: float, n: int, k: int, level: float) -> Interval:
    from scipy.special import fdtri

    df1, df2 = n - 1.0, (n - 1.0) * (k - 1.0)
    tail = (1.0 - level) / 2.0
    low = 1.0 - (1.0 - value) * float(fdtri(df1, df2, 1.0 - tail))
    high = 1.0 - (1.0 - value) * float(fdtri(df1, df2, tail))
    return Interval(low=low, high=high, level=level, method="Feldt")


def _lambda6(correlation: Floats) -> float | None:
    if np.linalg.eigvalsh(correlation)[0] < 1e-10:
        return None
    unexplained = float((1.0 - squared_multiple_correlations(correlation)).sum())
    return 1.0 - unexplained / float(correlation.sum())
