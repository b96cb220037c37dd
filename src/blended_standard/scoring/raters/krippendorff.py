"""Krippendorff's alpha for any number of raters, missing ratings and four levels of measurement.

Source: Krippendorff (2011). Interval and ordinal differences need only moments (ordinal ones are squared differences of
midranks), so time grows as N log N; the interval is a bootstrap over units.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from blended_standard.errors import UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Estimate, Interval, result
from blended_standard.scoring.raters._tables import Orientation, coded, count_table, units_by_raters

Measurement = Literal["nominal", "ordinal", "interval", "ratio"]
_CELLS = 20_000_000


@result
class KrippendorffAlpha(Estimate):
    """Alpha with its bootstrap over units; `n` counts the units with two or more ratings, `n_ratings` their ratings."""

    measurement: str
    n_ratings: int
    observed_disagreement: float | None = None
    expected_disagreement: float | None = None


def krippendorff_alpha(
    ratings: npt.ArrayLike,
    measurement: Measurement = "nominal",
    *,
    raters: Orientation = "columns",
    level: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> KrippendorffAlpha:
    """One minus the observed over the expected disagreement.

    Parameters
    ----------
    ratings : array-like, shape (units, raters)
        Numbers (or text when nominal); missing ratings are None or NaN. Units with one rating are dropped.
    measurement : {"nominal", "ordinal", "interval", "ratio"}
        What differences mean. "ordinal" is Krippendorff's own (midranks of the pooled ratings).
    raters : {"columns", "rows"}
        Where the raters are: "rows" for a table of raters by units.
    level : float
        Coverage of the bootstrap interval.
    resamples : int
        Bootstrap samples of units; 0 for none.
    seed : int
        Seed of the bootstrap.

    Returns
    -------
    KrippendorffAlpha
        `value` None with a reason when all ratings are equal (alpha is 0/0, not 1) or no unit has two.

    Raises
    ------
    UsageError
        Text that is not nominal, negative values for "ratio", an unknown level of measurement.

    Examples
    --------
    >>> table = [[1, 1], [2, 2], [3, 3], [3, 1], [2, None]]
    >>> round(krippendorff_alpha(table, "interval").value, 4)
    0.4167
    """
    check.one_of("measurement", measurement, ("nominal", "ordinal", "interval", "ratio"))
    check.level(level)
    check.whole("resamples", resamples, minimum=0)
    values, counts, points = _read(ratings, measurement, raters)
    n_units = len(values)
    total = int(np.sum(~np.isnan(values)))
    rng = np.random.default_rng(seed)
    observed, expected = _disagreements(np.ones((1, n_units)), values, counts, points, measurement)
    if not n_units or expected[0] <= 0:
        reason = (
            "No unit has two ratings; have raters share some units."
            if not n_units
            else "All ratings are equal: nothing shows whether raters can tell units apart (alpha is 0/0)."
        )
        return KrippendorffAlpha(
            name="alpha", value=None, n=n_units, reason=reason, measurement=measurement, n_ratings=total
        )
    value = 1.0 - float(observed[0] / expected[0])
    draws = _bootstrap(rng, resamples, values, counts, points, measurement)
    interval, se = None, None
    if draws.size > 1:
        tail = (1.0 - level) / 2.0
        low, high = np.quantile(draws, [tail, 1.0 - tail])
        interval = Interval(low=float(low), high=float(high), level=level, method="bootstrap over units")
        se = float(draws.std(ddof=1))
    return KrippendorffAlpha(
        name="alpha",
        value=value,
        se=se,
        interval=interval,
        n=n_units,
        method=f"Krippendorff, {measurement}",
        measurement=measurement,
        n_ratings=total,
        observed_disagreement=float(observed[0]) / total,
        expected_disagreement=float(expected[0]) / total,
    )


def _read(ratings: npt.ArrayLike, measurement: str, raters: str) -> tuple[Floats, Floats, Floats]:
    """Units with two ratings or more, their counts by distinct value, and the distinct values."""
    table = units_by_raters(ratings, raters)
    if measurement == "nominal":
        codes, names = coded(table, None)
        values = np.where(codes < 0, np.nan, codes.astype(float))
        points = np.arange(float(len(names)))
    else:
        values = check.matrix("ratings", table, missing=True)
        if measurement == "ratio" and (values < 0).any():
            raise UsageError("measurement='ratio' needs ratings of 0 or more; use 'interval' for these.")
    values = values[(~np.isnan(values)).sum(axis=1) >= 2]
    if measurement == "interval":
        return values, np.zeros((len(values), 0)), np.zeros(0)
    points, places = np.unique(values, return_inverse=True)
    points = points[~np.isnan(points)]
    if len(values) * points.size > 10 * _CELLS:
        raise UsageError(f"{points.size} distinct values are too many for measurement={measurement!r}; use 'interval'.")
    codes = np.where(np.isnan(values), -1, places.reshape(values.shape))
    return values, count_table(codes, points.size), points


def _bootstrap(
    rng: np.random.Generator, resamples: int, values: Floats, counts: Floats, points: Floats, measurement: str
) -> Floats:
    """Alpha of samples of units drawn with replacement; samples without any disagreement expected are left out."""
    n_units = len(values)
    if n_units < 2:
        return np.zeros(0)
    step = max(1, min(resamples, _CELLS // max(n_units, points.size**2 if measurement == "ratio" else 1)))
    found = []
    for start in range(0, resamples, step):
        size = min(step, resamples - start)
        weights = rng.multinomial(n_units, np.full(n_units, 1.0 / n_units), size=size).astype(float)
        observed, expected = _disagreements(weights, values, counts, points, measurement)
        usable = expected > 0
        found.append(1.0 - observed[usable] / expected[usable])
    return np.concatenate(found) if found else np.zeros(0)


def _disagreements(
    weights: Floats, values: Floats, counts: Floats, points: Floats, measurement: str
) -> tuple[Floats, Floats]:
    """Observed and expected disagreement (times the number of ratings) for each row of unit weights."""
    sizes = np.sum(~np.isnan(values), axis=1).astype(float)
    total = weights @ sizes
    if not sizes.size:
        return np.zeros(1), np.zeros(1)
    spare = np.maximum(total - 1.0, 1.0)
    if measurement == "interval":
        centered = np.nan_to_num(values - np.nanmean(values))
        least = 1e-24 * float(np.nanmax(np.abs(values))) ** 2
        sums, squares = centered.sum(axis=1), (centered**2).sum(axis=1)
        observed = weights @ (2.0 * (sizes * squares - sums**2) / (sizes - 1.0))
        return observed, _positive(2.0 * (total * (weights @ squares) - (weights @ sums) ** 2) / spare, least)
    pooled = weights @ counts
    if measurement == "ordinal":
        return _ordinal(weights, counts, sizes, pooled, total, spare)
    if measurement == "nominal":
        observed = weights @ ((sizes**2 - (counts**2).sum(axis=1)) / (sizes - 1.0))
        return observed, (total**2 - (pooled**2).sum(axis=1)) / spare
    sums = np.add.outer(points, points)
    apart = (np.subtract.outer(points, points) / np.where(sums > 0, sums, 1.0)) ** 2
    observed = weights @ ((counts @ apart * counts).sum(axis=1) / (sizes - 1.0))
    return observed, (pooled @ apart * pooled).sum(axis=1) / spare


def _ordinal(
    weights: Floats, counts: Floats, sizes: Floats, pooled: Floats, total: Floats, spare: Floats
) -> tuple[Floats, Floats]:
    """Squared differences of midranks, which move with each sample."""
    ranks = np.cumsum(pooled, axis=1) - pooled / 2.0 - total[:, None] / 2.0
    squares = ((weights * (sizes / (sizes - 1.0))) @ counts * ranks**2).sum(axis=1)
    sums = ranks @ counts.T
    observed = 2.0 * (squares - (weights / (sizes - 1.0) * sums**2).sum(axis=1))
    expected = 2.0 * (total * (pooled * ranks**2).sum(axis=1) - (pooled * ranks).sum(axis=1) ** 2) / spare
    return observed, _positive(expected, 1e-12)


def _positive(expected: Floats, least: float) -> Floats:
    """Zero where rounding alone keeps a sum of squares from zero."""
    cleaned: Floats = np.where(expected > least, expected, 0.0)
    return cleaned
