"""Accuracy and calibration of predicted probabilities (Brier 1950; Murphy 1973; Cox 1958)."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from blended_standard.compare.validity._models import binary, logistic
from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Estimate, Interval, Result, Row, result


@result
class BrierScore(Estimate):
    """The Brier score with Murphy's parts: value = reliability - resolution + uncertainty + within_bins.

    `within_bins` is 0 when predictions are equal within each bin.
    """

    reliability: float
    resolution: float
    uncertainty: float
    within_bins: float
    bins: int


@result
class Calibration(Result):
    """Calibration of predicted probabilities; perfect is 0, 0 and 1."""

    title: ClassVar[str] = "Calibration"
    in_the_large: Estimate
    intercept: Estimate
    slope: Estimate

    def rows(self) -> list[Row]:
        """Return one row a coefficient."""
        return [row for item in (self.in_the_large, self.intercept, self.slope) for row in item.rows()]


def brier_score(
    outcome: npt.ArrayLike, probabilities: npt.ArrayLike, *, bins: int | None = None, level: float = 0.95
) -> BrierScore:
    """Measure predicted probabilities by their mean squared error, and say what it is made of.

    Parameters
    ----------
    outcome : array of 0/1 or bool, shape (n,)
    probabilities : float array, shape (n,)
        Between 0 and 1.
    bins : int, optional
        Bins of equal width for the parts. Default: one bin a distinct prediction, where the parts are exact.
    level : float
        Confidence level.

    Returns
    -------
    BrierScore

    Examples
    --------
    >>> score = brier_score([0, 0, 1, 1], [0.2, 0.2, 0.6, 0.6])
    >>> round(score.value, 3), round(score.resolution, 3)
    (0.1, 0.25)
    """
    from scipy.special import ndtri

    y = check.vector("outcome", np.asarray(outcome))
    p = _probabilities(probabilities, y.size)
    if not np.isin(y, (0.0, 1.0)).all():
        raise UsageError("outcome holds values other than 0 and 1.")
    if y.size == 0:
        raise NotEstimableError("outcome is empty.")
    if bins is not None and bins < 1:
        raise UsageError(f"bins={bins} must be 1 or more.")
    group = np.unique(p if bins is None else np.minimum((p * bins).astype(int), bins - 1), return_inverse=True)[1]
    count = np.bincount(group)
    rate, forecast = np.bincount(group, weights=y) / count, np.bincount(group, weights=p) / count
    loss = (p - y) ** 2
    value, base = float(loss.mean()), float(y.mean())
    reliability = float((count * (forecast - rate) ** 2).sum() / y.size)
    resolution = float((count * (rate - base) ** 2).sum() / y.size)
    uncertainty = base * (1 - base)
    se = float(loss.std(ddof=1) / y.size**0.5) if y.size > 1 else None
    z = float(ndtri(0.5 + check.level(level) / 2))
    interval = None if se is None else Interval(low=value - z * se, high=value + z * se, level=level, method="normal")
    return BrierScore(
        name="Brier score",
        value=value,
        se=se,
        interval=interval,
        n=y.size,
        method="mean squared error of probabilities",
        reliability=reliability,
        resolution=resolution,
        uncertainty=uncertainty,
        within_bins=value - (reliability - resolution + uncertainty),
        bins=int(count.size),
    )


def calibration(outcome: npt.ArrayLike, probabilities: npt.ArrayLike, *, level: float = 0.95) -> Calibration:
    """Regress the outcome on the logit of predicted probabilities.

    Parameters
    ----------
    outcome : array of 0/1 or bool, shape (n,)
    probabilities : float array, shape (n,)
        Strictly between 0 and 1.
    level : float
        Confidence level.

    Returns
    -------
    Calibration
        `in_the_large`: the intercept with the slope fixed at 1; `intercept` and `slope` together.

    Raises
    ------
    NotEstimableError
        Predictions that are all equal or separate the outcome.

    Examples
    --------
    >>> fit = calibration([0, 0, 0, 1, 0, 1, 0, 1, 1, 1], [.1, .1, .3, .3, .3, .6, .6, .6, .9, .9])
    >>> round(fit.slope.value, 4), round(fit.in_the_large.value, 4)
    (1.6145, 0.1746)
    """
    y = binary(outcome, "outcome")
    p = _probabilities(probabilities, y.size)
    if (p <= 0).any() or (p >= 1).any():
        raise UsageError("probabilities holds 0 or 1, whose logit does not exist. Shrink them, for example to .001.")
    logit = np.log(p) - np.log1p(-p)
    ones = np.ones((y.size, 1))
    if np.ptp(logit) < 1e-12:
        raise NotEstimableError("All predictions are equal: there is no calibration slope.")
    large = logistic(ones, y, offset=logit)
    both = logistic(np.column_stack([ones, logit]), y)
    return Calibration(
        in_the_large=_coefficient("calibration in the large", large.beta[0], large.covariance[0, 0], level, y.size),
        intercept=_coefficient("calibration intercept", both.beta[0], both.covariance[0, 0], level, y.size),
        slope=_coefficient("calibration slope", both.beta[1], both.covariance[1, 1], level, y.size),
    )


def _probabilities(values: npt.ArrayLike, size: int) -> Floats:
    made = check.vector("probabilities", values, size=size)
    if (made < 0).any() or (made > 1).any():
        raise UsageError("probabilities holds a value outside 0 to 1.")
    return made


def _coefficient(name: str, value: float, variance: float, level: float, n: int) -> Estimate:
    from scipy.special import ndtri

    z, se = float(ndtri(0.5 + check.level(level) / 2)), float(variance) ** 0.5
    interval = Interval(low=float(value) - z * se, high=float(value) + z * se, level=level, method="Wald")
    return Estimate(name=name, value=float(value), se=se, interval=interval, n=n, method="logistic regression on logit")
