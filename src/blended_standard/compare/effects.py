"""Standardized mean differences of two groups: Hedges g and Glass delta.

Source: What Works Clearinghouse (WWC) Procedures Handbooks 4.1 and 5.0; Hedges (1981).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from blended_standard.compare._effect import (
    Effect,
    Numbers,
    no_effect,
    symmetric_effect,
)
from blended_standard.compare._standardized import (
    METHOD,
    NAME,
    NO_VARIANCE,
    TOO_FEW,
    Correction,
    IntervalChoice,
    Options,
    df_of_se,
    pooled_sd,
    same_scale,
    sizes,
    small_sample_correction,
    standardized,
)
from blended_standard.numeric import arguments as check


def hedges_g(
    treated: Numbers,
    comparison: Numbers,
    *,
    r_squared: float = 0.0,
    covariates: int = 0,
    df: float | None = None,
    correction: Correction = "approximate",
    omega_in_se: bool = False,
    interval: IntervalChoice = "normal",
    level: float = 0.95,
) -> Effect:
    """Standardized mean difference of two groups with the small-sample correction.

    Parameters
    ----------
    treated, comparison : float array, shape (n_treated,) and (n_comparison,)
        Outcomes in the instrument's own unit; no missing values.
    r_squared : float
        Share of outcome variance that the covariates of an adjusted analysis explain; 0 when not reported.
    covariates : int
        How many covariates the adjusted analysis had; lowers the df of the standard error.
    df : float, optional
        The number in `g**2 / (2 df)`. Default: N without adjustment, N - 2 - covariates with it.
    correction : {"approximate", "exact", "none"}
        `1 - 3 / (4 N - 9)` (WWC), the exact ratio of gamma functions (as metafor), or none (Cohen d).
    omega_in_se : bool
        Multiply the standard error by the correction too, as some transcriptions of the handbook do.
    interval : {"normal", "t", "noncentral_t"}
        `g -/+ z se`, `g -/+ t(N - 2) se`, or the exact interval of an unadjusted difference. The exact limits are those
        of the population difference and so are not multiplied by the correction (the R package effectsize does that).
    level : float
        Confidence level.

    Returns
    -------
    Effect
        In standard deviations. `value` is None with a reason when a group has fewer than 2 learners or there is no
        variance.

    Raises
    ------
    UsageError
        A missing value, a wrong shape, or an option outside its range.

    Notes
    -----
    `se**2 = N / (n1 n2) + g**2 / (2 N)` unadjusted, `(1 - r_squared) N / (n1 n2) + g**2 / (2 df)` adjusted. The p value
    and the interval belong together: both use the normal, or both use t; `interval="t"` gives the t of WWC (F.1.0) with
    N - 2 df. Source: WWC Procedures Handbook 4.1.

    Examples
    --------
    >>> effect = hedges_g([5.0, 6.0, 7.0], [4.0, 5.0, 6.0])
    >>> round(effect.value, 4), effect.n
    (0.8, 6)
    """
    one, two = same_scale(treated, comparison)
    if min(one.size, two.size) < 2:
        return no_effect(NAME, TOO_FEW, n=(one.size, two.size), method=METHOD)
    return hedges_g_from_means(
        mean_treated=_mean_difference(one, two),
        sd_treated=_sd(one),
        n_treated=one.size,
        mean_comparison=0.0,
        sd_comparison=_sd(two),
        n_comparison=two.size,
        r_squared=r_squared,
        covariates=covariates,
        df=df,
        correction=correction,
        omega_in_se=omega_in_se,
        interval=interval,
        level=level,
    )


def hedges_g_from_means(
    *,
    mean_treated: float,
    sd_treated: float,
    n_treated: int,
    mean_comparison: float,
    sd_comparison: float,
    n_comparison: int,
    r_squared: float = 0.0,
    covariates: int = 0,
    df: float | None = None,
    correction: Correction = "approximate",
    omega_in_se: bool = False,
    interval: IntervalChoice = "normal",
    level: float = 0.95,
) -> Effect:
    """Hedges g from means, standard deviations and numbers of learners, adjusted or not.

    Parameters
    ----------
    mean_treated, mean_comparison : float
        Means, covariate-adjusted where there are such.
    sd_treated, sd_comparison : float
        **Unadjusted** standard deviations of the outcome (divisor n - 1).
    n_treated, n_comparison : int
        Learners analyzed.
    r_squared, covariates, df, correction, omega_in_se, interval, level
        As in `hedges_g`.

    Returns
    -------
    Effect
        In pooled standard deviations.

    Examples
    --------
    >>> effect = hedges_g_from_means(
    ...     mean_treated=52, sd_treated=10, n_treated=60, mean_comparison=48, sd_comparison=11, n_comparison=55
    ... )
    >>> f"{effect.value:.7f} {effect.se:.7f}"
    '0.3787872 0.1883409'
    """
    options = Options(correction=correction, omega_in_se=omega_in_se, interval=interval, level=level)
    n = sizes(n_treated, n_comparison)
    share = 1.0 - check.number("r_squared", r_squared, low=0.0, high=1.0)
    difference = check.number("mean_treated", mean_treated) - check.number("mean_comparison", mean_comparison)
    if min(n) < 2:
        return no_effect(NAME, TOO_FEW, n=n, method=METHOD)
    pooled = pooled_sd(sd_treated, n[0], sd_comparison, n[1])
    if pooled == 0.0:
        return no_effect(NAME, NO_VARIANCE, n=n, method=METHOD)
    adjusted = r_squared > 0.0 or covariates > 0
    return standardized(
        difference / pooled,
        share * sum(n) / (n[0] * n[1]),
        n=n,
        se_df=df_of_se(df, n, covariates=covariates if adjusted else None),
        covariates=covariates,
        form="adjusted means" if adjusted else "means",
        options=options,
    )


def glass_delta(treated: Numbers, comparison: Numbers, *, equal_variances: bool = False, level: float = 0.95) -> Effect:
    """Mean difference in standard deviations of the comparison group alone (Glass delta).

    For an intervention that changes the variance as well as the mean; say so in the report, because WWC accepts it
    only then.

    Parameters
    ----------
    treated, comparison : float array, shape (n_treated,) and (n_comparison,)
        Outcomes in the instrument's own unit; no missing values.
    equal_variances : bool
        Take the two population variances as equal in the standard error.
    level : float
        Confidence level.

    Returns
    -------
    Effect
        `delta = J(n2 - 1) (m1 - m2) / s2`, with the exact J; `se**2 = s1**2 / (s2**2 n1) + 1/n2 + delta**2 / (2 n2)`
        (metafor's SMD1H), or with `1/n1` for its first term (SMD1).

    Examples
    --------
    >>> round(glass_delta([5.0, 6.0, 9.0], [4.0, 5.0, 6.0]).value, 4)
    0.9403
    """
    one, two = same_scale(treated, comparison)
    n = (one.size, two.size)
    method = "Glass delta, variances " + ("equal" if equal_variances else "unequal")
    if n[0] < 2 or n[1] < 3:
        reason = "Glass delta needs 2 learners in the treated and 3 in the comparison group."
        return no_effect("Glass delta", reason, n=n, method=method)
    sd_one, sd_two = _sd(one), _sd(two)
    if sd_two == 0.0:
        return no_effect("Glass delta", "The comparison group has no variance to divide by.", n=n, method=method)
    factor = small_sample_correction(n[1] - 1, exact=True)
    value = factor * _mean_difference(one, two) / sd_two
    ratio = 1.0 if equal_variances else sd_one / sd_two
    se = math.hypot(ratio / math.sqrt(n[0]), 1.0 / math.sqrt(n[1]), value / math.sqrt(2.0 * n[1]))
    return symmetric_effect(
        "Glass delta",
        value,
        se,
        n=n,
        method=method,
        level=check.level(level),
        parameters={"correction": "exact", "equal_variances": equal_variances},
    )


def _mean_difference(one: npt.NDArray[np.float64], two: npt.NDArray[np.float64]) -> float:
    """Return the difference of two means, to the last digits also where both are large and close.

    Each sum is rounded once, less what the common mean accounts for.
    """
    common = math.fsum((*one, *two)) / (one.size + two.size)
    first, second = (math.fsum((*values, *[-common] * values.size)) / values.size for values in (one, two))
    return first - second


def _sd(values: npt.NDArray[np.float64]) -> float:
    """Return the standard deviation, exactly 0 where all values are the same; large, close values keep their digits."""
    return 0.0 if values.min() == values.max() else float((values - values.mean()).std(ddof=1))
