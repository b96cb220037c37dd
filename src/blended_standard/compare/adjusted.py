"""Hedges g of two groups, adjusted for covariates by analysis of covariance.

Source: What Works Clearinghouse (WWC) Procedures Handbook 4.1: adjusted difference over the **unadjusted** pooled
standard deviation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from blended_standard.compare._effect import Effect, Numbers, no_effect
from blended_standard.compare._standardized import (
    METHOD,
    NAME,
    NO_VARIANCE,
    TOO_FEW,
    Correction,
    IntervalChoice,
    pooled_sd,
    same_scale,
)
from blended_standard.compare.published import hedges_g_from_regression
from blended_standard.errors import UsageError
from blended_standard.numeric import arguments as check


def hedges_g_adjusted(
    treated: Numbers,
    comparison: Numbers,
    *,
    covariates_treated: Sequence[Numbers] | npt.NDArray[np.float64],
    covariates_comparison: Sequence[Numbers] | npt.NDArray[np.float64],
    df: float | None = None,
    correction: Correction = "approximate",
    omega_in_se: bool = False,
    interval: IntervalChoice = "t",
    level: float = 0.95,
) -> Effect:
    """Standardized mean difference adjusted for baseline measures by ordinary least squares.

    Parameters
    ----------
    treated, comparison : float array, shape (n_treated,) and (n_comparison,)
        Outcomes; no missing values.
    covariates_treated, covariates_comparison : float array, shape (n_treated, q) and (n_comparison, q)
        Baseline measures of the same learners, one column each; one measure may be of shape (n,).
    df, correction, omega_in_se, level
        As in `hedges_g`; `df` is N - 2 - q when left out.
    interval : {"t", "normal"}
        With t, N - 2 - q degrees of freedom.

    Returns
    -------
    Effect
        `g = omega b / S` with `se**2 = (se_b / S)**2 + g**2 / (2 df)`. `value` is None with a reason
        when the covariates determine each other or the group.

    Raises
    ------
    UsageError
        Shapes that do not fit, or missing values.

    Examples
    --------
    >>> effect = hedges_g_adjusted(
    ...     [12, 15, 11, 18], [10, 9, 14, 12], covariates_treated=[5, 7, 4, 8], covariates_comparison=[5, 4, 8, 6]
    ... )
    >>> round(effect.value, 4)
    0.7557
    """
    one, two = same_scale(treated, comparison)
    first = check.columns("covariates_treated", covariates_treated, rows=one.size, unit="learner", reach=math.inf)
    second = check.columns(
        "covariates_comparison", covariates_comparison, rows=two.size, unit="learner", reach=math.inf
    )
    if min(first.shape[1], second.shape[1]) == 0:
        raise UsageError("covariates_treated and covariates_comparison need at least one column each.")
    if first.shape[1] != second.shape[1]:
        raise UsageError(f"The groups have {first.shape[1]} and {second.shape[1]} covariates. Pass the same ones.")
    n, q = (one.size, two.size), first.shape[1]
    if min(n) < 2:
        return no_effect(NAME, TOO_FEW, n=n, method=METHOD)
    if sum(n) - 2 - q < 1:
        reason = f"{q} covariates leave no degrees of freedom with {sum(n)} learners."
        return no_effect(NAME, reason, n=n, method=METHOD)
    sd = pooled_sd(float(one.std(ddof=1)), n[0], float(two.std(ddof=1)), n[1])
    if max(np.ptp(one), np.ptp(two)) == 0.0 or sd == 0.0:
        return no_effect(NAME, NO_VARIANCE, n=n, method=METHOD)
    found = _coefficient(one, two, _scaled(np.vstack([first, second])))
    if found is None:
        reason = "The covariates determine each other, the group, or the outcome, so nothing is left to estimate from."
        return no_effect(NAME, reason, n=n, method=METHOD)
    return hedges_g_from_regression(
        found[0],
        se=found[1],
        sd=sd,
        n_treated=n[0],
        n_comparison=n[1],
        covariates=q,
        df=df,
        correction=correction,
        omega_in_se=omega_in_se,
        interval=interval,
        level=level,
    )


def _coefficient(
    one: npt.NDArray[np.float64], two: npt.NDArray[np.float64], covariates: npt.NDArray[np.float64]
) -> tuple[float, float] | None:
    """Return the coefficient of the group and its standard error, or None without a unique answer."""
    outcome = np.concatenate([one, two])
    group = np.concatenate([np.ones(one.size), np.zeros(two.size)])
    design = np.column_stack([np.ones(outcome.size), group, covariates - covariates.mean(axis=0)])
    spread = np.sqrt((design**2).sum(axis=0))
    if (spread == 0.0).any():
        return None
    q, r = np.linalg.qr(design / spread)
    if abs(np.diag(r)).min() < 1e-10:
        return None
    inverse = np.linalg.inv(r)
    residuals = outcome - q @ (q.T @ outcome)
    left = outcome.size - design.shape[1]
    variance = float(residuals @ residuals) / left
    se = float(np.sqrt(variance * (inverse[1] @ inverse[1]))) / float(spread[1])
    if se <= 1e-12 * float(outcome.std()):
        return None
    return float(inverse[1] @ (q.T @ outcome)) / float(spread[1]), se


def _scaled(covariates: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Divide each column by a power of 2, so that squares cannot overflow."""
    _, exponents = np.frexp(abs(covariates).max(axis=0))
    scaled: npt.NDArray[np.float64] = np.ldexp(covariates, -exponents)
    return scaled
