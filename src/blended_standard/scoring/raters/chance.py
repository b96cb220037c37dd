"""Chance-corrected agreement of any number of raters: Fleiss, Gwet, Brennan-Prediger; ratings may be missing.

Sources: Fleiss (1971), null variance of Fleiss, Nee and Landis (1979); Gwet (2008, 2014), whose linearized variance
over units gives the standard errors here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import attrs
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
    count_table,
    units_by_raters,
    weight_table,
)


@result
class ChanceCorrected(Estimate):
    """A coefficient with the agreement seen and expected; `n` units, of which `n_paired` have two ratings or more.

    For Fleiss without weights on complete data, `null_se` and `z` are those of the test that kappa is zero and
    `by_category` has one kappa a category (a gap where a category is never used).
    """

    observed: float | None
    expected: float | None
    n_paired: int
    null_se: float | None = None
    z: float | None = None
    categories: tuple[str, ...] = ()
    by_category: npt.NDArray[np.float64] | None = array(default=None)

    def rows(self) -> list[Row]:
        """One row: the value, its uncertainty, and the agreement seen."""
        keys = ("name", "value", "se", "observed", "expected", "null_se", "z", "p_value", "n", "n_paired")
        row: Row = {key: getattr(self, key) for key in keys}
        if self.interval:
            row |= {"ci_low": self.interval.low, "ci_high": self.interval.high}
        return [row | ({"reason": self.reason} if self.reason else {})]


@attrs.frozen
class _Counts:
    """Ratings as counts of raters in each category, and the weights between categories."""

    table: Floats
    weights: Floats
    categories: tuple[str, ...]

    @property
    def shares(self) -> Floats:
        """Share of each category in each rated unit."""
        shares: Floats = self.table / self.table.sum(axis=1, keepdims=True)
        return shares


def fleiss_kappa(
    ratings: npt.ArrayLike,
    *,
    counts: bool = False,
    weights: Weights = None,
    categories: Sequence[object] | None = None,
    raters: Orientation = "columns",
    level: float = 0.95,
) -> ChanceCorrected:
    """Fleiss' kappa: chance agreement from the pooled use of the categories (for two raters, Scott's pi).

    Parameters
    ----------
    ratings : array-like, shape (units, raters), or (units, K) with `counts`
        Categories as numbers or text, missing as None or NaN. With `counts=True`: how many raters put each unit in
        each category.
    counts : bool
        Whether `ratings` holds such counts.
    weights : {None, "linear", "quadratic", "ordinal"} or array, shape (K, K)
        Credit for near agreement, as in `cohen_kappa`.
    categories : sequence, optional
        The declared scale in order. Default: those seen, ascending.
    raters : {"columns", "rows"}
        Where the raters are.
    level : float
        Coverage of the interval.

    Returns
    -------
    ChanceCorrected
        With Gwet's standard error and t interval over units. On complete unweighted data `z` and `p_value` are those
        of Fleiss' test against zero, else those of value / se. None with a reason when only one category was used.

    Examples
    --------
    >>> found = fleiss_kappa([[0, 3], [3, 0], [2, 1], [3, 0]], counts=True)
    >>> round(found.value, 4)
    0.625
    """
    data = _read(ratings, counts, weights, categories, raters)
    shares = data.shares
    mean = shares.sum(axis=0) / max(len(shares), 1)
    toward = (data.weights @ mean + mean @ data.weights) / 2.0
    found = _coefficient("Fleiss kappa", data, float(mean @ data.weights @ mean), shares @ toward, level)
    sizes = data.table.sum(axis=1)
    if found.value is None or weights is not None or sizes.min() != sizes.max() or sizes[0] < 2:
        return found
    return _with_null_test(found, data, mean, float(sizes[0]))


def gwet_ac1(
    ratings: npt.ArrayLike,
    *,
    counts: bool = False,
    categories: Sequence[object] | None = None,
    raters: Orientation = "columns",
    level: float = 0.95,
) -> ChanceCorrected:
    """Gwet's AC1: agreement beyond chance that holds up when one category is rare.

    Parameters
    ----------
    ratings, counts, categories, raters, level
        As in `fleiss_kappa`.

    Returns
    -------
    ChanceCorrected
        With Gwet's standard error and t interval over units.

    Examples
    --------
    >>> round(gwet_ac1([["a", "a"]] * 118 + [["a", "b"]] * 2 + [["b", "a"]] * 5).value, 6)
    0.940776
    """
    return _gwet("Gwet AC1", _read(ratings, counts, None, categories, raters), level)


def gwet_ac2(
    ratings: npt.ArrayLike,
    *,
    weights: Weights = "quadratic",
    counts: bool = False,
    categories: Sequence[object] | None = None,
    raters: Orientation = "columns",
    level: float = 0.95,
) -> ChanceCorrected:
    """Gwet's AC2: AC1 with credit for near agreement.

    Parameters
    ----------
    ratings, counts, categories, raters, level
        As in `fleiss_kappa`.
    weights : {"quadratic", "linear", "ordinal"} or array, shape (K, K)
        Credit for near agreement. "ordinal" is Gwet's rank weight, another metric than Krippendorff's ordinal.

    Returns
    -------
    ChanceCorrected
        With Gwet's standard error and t interval over units.

    Examples
    --------
    >>> round(gwet_ac2([[1, 1], [2, 3], [3, 3], [1, 2]], weights="linear").value, 4)
    0.4483
    """
    return _gwet("Gwet AC2", _read(ratings, counts, weights, categories, raters), level)


def brennan_prediger(
    ratings: npt.ArrayLike,
    *,
    counts: bool = False,
    weights: Weights = None,
    categories: Sequence[object] | None = None,
    raters: Orientation = "columns",
    level: float = 0.95,
) -> ChanceCorrected:
    """Brennan-Prediger coefficient: chance agreement as if every category were equally likely.

    Parameters
    ----------
    ratings, counts, weights, categories, raters, level
        As in `fleiss_kappa`. The declared categories matter here: they set the chance agreement.

    Returns
    -------
    ChanceCorrected
        With Gwet's standard error and t interval over units.

    Examples
    --------
    >>> brennan_prediger([[1, 1], [2, 2], [1, 2], [2, 2]]).value
    0.5
    """
    data = _read(ratings, counts, weights, categories, raters)
    expected = float(data.weights.sum()) / max(data.weights.size, 1)
    return _coefficient("Brennan-Prediger", data, expected, np.full(len(data.table), expected), level)


def _gwet(name: str, data: _Counts, level: float) -> ChanceCorrected:
    count = len(data.categories)
    shares = data.shares
    mean = shares.sum(axis=0) / max(len(shares), 1)
    scale = float(data.weights.sum()) / (count * (count - 1)) if count > 1 else 1.0
    expected = scale * float(mean @ (1.0 - mean)) if count > 1 else 1.0
    return _coefficient(name, data, expected, scale * (shares @ (1.0 - mean)), level)


def _read(
    ratings: npt.ArrayLike,
    counts: bool,
    weights: Weights,
    categories: Sequence[object] | None,
    raters: Orientation,
) -> _Counts:
    """Counts of the rated units."""
    if counts:
        table = check.matrix("ratings", ratings)
        if (table < 0).any() or (table != np.floor(table)).any():
            raise UsageError("With counts=True, ratings must hold whole numbers of raters, 0 or more.")
        names: tuple[object, ...] = tuple(range(1, table.shape[1] + 1)) if categories is None else tuple(categories)
        if len(names) != table.shape[1]:
            raise UsageError(f"categories has {len(names)} entries and ratings {table.shape[1]} columns.")
        check_scale(names)
    else:
        codes, names = coded(units_by_raters(ratings, raters), categories)
        table = count_table(codes, len(names))
    rated = table[table.sum(axis=1) > 0]
    return _Counts(rated, weight_table(weights, names), tuple(str(name) for name in names))


def _coefficient(name: str, data: _Counts, expected: float, expected_by_unit: Floats, level: float) -> ChanceCorrected:
    """Turn observed and expected agreement into the coefficient with Gwet's linearized variance."""
    from scipy.special import stdtr, stdtrit

    check.level(level)
    sizes = data.table.sum(axis=1)
    paired = sizes >= 2
    n, n_paired = len(data.table), int(paired.sum())
    reason = None
    if not n_paired:
        reason = "No unit has two ratings; have raters share some units."
    elif len(data.categories) < 2 or 1.0 - expected < 1e-12:
        reason = "Only one category was used, so chance alone gives full agreement; declare the whole scale."
    if reason is not None:
        return ChanceCorrected(
            name=name, value=None, n=n, reason=reason, observed=None, expected=None, n_paired=n_paired
        )
    agreeing = (data.table * (data.table @ data.weights.T - 1.0)).sum(axis=1)
    by_unit = np.where(paired, agreeing / np.maximum(sizes * (sizes - 1.0), 1.0), 0.0)
    observed = float(by_unit.sum()) / n_paired
    value = (observed - expected) / (1.0 - expected)
    part = (n / n_paired) * (by_unit - expected * paired) / (1.0 - expected)
    part = part - 2.0 * (1.0 - value) * (expected_by_unit - expected) / (1.0 - expected)
    se = math.sqrt(float(((part - value) ** 2).sum()) / (n * (n - 1.0))) if n > 1 else None
    interval, p_value = None, None
    if se:
        half = se * float(stdtrit(n - 1, 0.5 + level / 2.0))
        interval = Interval(low=value - half, high=min(1.0, value + half), level=level, method="t over units")
        p_value = 2.0 * float(stdtr(n - 1, -abs(value / se)))
    return ChanceCorrected(
        name=name,
        value=value,
        se=se,
        interval=interval,
        df=n - 1.0,
        p_value=p_value,
        n=n,
        method="linearized over units (Gwet)",
        observed=observed,
        expected=expected,
        n_paired=n_paired,
        categories=data.categories,
    )


def _with_null_test(found: ChanceCorrected, data: _Counts, mean: Floats, m: float) -> ChanceCorrected:
    """Add Fleiss' test against zero and the kappa of each category, for `m` ratings of every unit."""
    from scipy.special import ndtr

    n = len(data.table)
    spread = mean * (1.0 - mean)
    total = float(spread.sum())
    variance = 2.0 * (total**2 - float((spread * (1.0 - 2.0 * mean)).sum())) / (total**2 * n * m * (m - 1.0))
    null_se = math.sqrt(variance) if variance > 0 else None
    z = found.value / null_se if null_se and found.value is not None else None
    disagreeing = (data.table * (m - data.table)).sum(axis=0) / (n * m * (m - 1.0))
    used = spread > 0
    by_category = np.where(used, 1.0 - disagreeing / np.where(used, spread, 1.0), np.nan)
    return ChanceCorrected(
        name=found.name,
        value=found.value,
        se=found.se,
        interval=found.interval,
        df=found.df,
        p_value=found.p_value if z is None else 2.0 * float(ndtr(-abs(z))),
        n=found.n,
        method=found.method,
        observed=found.observed,
        expected=found.expected,
        n_paired=found.n_paired,
        null_se=null_se,
        z=z,
        categories=found.categories,
        by_category=by_category,
    )
