"""Hedges g from what a publication prints: t, F, or a regression coefficient.

Source: What Works Clearinghouse (WWC) Procedures Handbooks 4.1 and 5.0.
"""

from __future__ import annotations

import math
from typing import Literal

from blended_standard.compare._effect import Effect, no_effect
from blended_standard.compare._standardized import (
    METHOD,
    NAME,
    NO_VARIANCE,
    TOO_FEW,
    Correction,
    IntervalChoice,
    Options,
    df_of_se,
    sizes,
    standardized,
)
from blended_standard.errors import UsageError
from blended_standard.numeric import arguments as check


def hedges_g_from_t(
    t: float,
    *,
    n_treated: int,
    n_comparison: int,
    r: float | None = None,
    covariates: int = 0,
    df: float | None = None,
    correction: Correction = "approximate",
    omega_in_se: bool = False,
    interval: IntervalChoice = "normal",
    level: float = 0.95,
) -> Effect:
    """Hedges g from the t statistic of the treatment term.

    Parameters
    ----------
    t : float
        Statistic of treated minus comparison.
    n_treated, n_comparison : int
        Learners analyzed.
    r : float, optional
        Correlation of the covariate (or all covariates) with the outcome, when the t comes from an adjusted analysis.
        Without it the t is that of two independent groups, and the answer equals `hedges_g`.
    covariates, df, correction, omega_in_se, interval, level
        As in `hedges_g`.

    Returns
    -------
    Effect
        `g = omega t sqrt(N / (n1 n2)) sqrt(1 - r**2)`; adjusted, `se**2 = (g / t)**2 + g**2 / (2 df)`.

    Examples
    --------
    >>> effect = hedges_g_from_t(2.0, n_treated=40, n_comparison=40)
    >>> f"{effect.value:.4f} {effect.se:.4f}"
    '0.4429 0.2263'
    """
    options = Options(correction=correction, omega_in_se=omega_in_se, interval=interval, level=level)
    n, statistic = sizes(n_treated, n_comparison), check.number("t", t)
    spread = sum(n) / (n[0] * n[1]) if min(n) > 0 else 0.0
    adjusted = r is not None or covariates > 0
    if min(n) < 2:
        return no_effect(NAME, TOO_FEW, n=n, method=METHOD)
    left = math.sqrt(1.0 - check.number("r", r or 0.0, low=-1.0, high=1.0) ** 2)
    if left == 0.0:
        return no_effect(
            NAME, "The covariate explains all of the outcome (r = 1), so t has no scale.", n=n, method=METHOD
        )
    unit = math.sqrt(spread) * left
    return standardized(
        statistic * unit,
        (options.factor(n) * unit) ** 2 if adjusted else spread,
        n=n,
        se_df=df_of_se(df, n, covariates=covariates if adjusted else None),
        covariates=covariates,
        form="t of an adjusted analysis" if adjusted else "t",
        options=options,
    )


def hedges_g_from_f(
    f: float,
    *,
    sign: Literal[1, -1],
    n_treated: int,
    n_comparison: int,
    r: float | None = None,
    covariates: int = 0,
    df: float | None = None,
    correction: Correction = "approximate",
    omega_in_se: bool = False,
    interval: IntervalChoice = "normal",
    level: float = 0.95,
) -> Effect:
    """Hedges g from the F statistic of a comparison of two groups (1 numerator df), one-way or ANCOVA.

    Parameters
    ----------
    f : float
        F of the treatment term, 0 or more.
    sign : {1, -1}
        1 when the treated group is higher: F has lost the direction.
    n_treated, n_comparison, r, covariates, df, correction, omega_in_se, interval, level
        As in `hedges_g_from_t`.

    Returns
    -------
    Effect
        That of `t = sign sqrt(F)`.

    Examples
    --------
    >>> round(hedges_g_from_f(4.0, sign=-1, n_treated=40, n_comparison=40).value, 4)
    -0.4429
    """
    if sign not in (1, -1):
        raise UsageError(f"sign={sign!r} is not accepted. Pass 1 when the treated group is higher, -1 when lower.")
    return hedges_g_from_t(
        sign * math.sqrt(check.number("f", f, low=0.0)),
        n_treated=n_treated,
        n_comparison=n_comparison,
        r=r,
        covariates=covariates,
        df=df,
        correction=correction,
        omega_in_se=omega_in_se,
        interval=interval,
        level=level,
    )


def hedges_g_from_regression(
    coefficient: float,
    *,
    se: float,
    sd: float,
    n_treated: int,
    n_comparison: int,
    covariates: int = 0,
    df: float | None = None,
    correction: Correction = "approximate",
    omega_in_se: bool = False,
    interval: IntervalChoice = "normal",
    level: float = 0.95,
) -> Effect:
    """Hedges g from the regression coefficient of the treatment.

    Parameters
    ----------
    coefficient, se : float
        Coefficient of treatment (1 treated, 0 comparison) and its standard error, in the unit of `sd`.
    sd : float
        Unadjusted pooled standard deviation of the outcome (`pooled_sd`). Pass 1 for an outcome already standardized.
    n_treated, n_comparison : int
        Learners analyzed.
    covariates, df, correction, omega_in_se, interval, level
        As in `hedges_g`.

    Returns
    -------
    Effect
        `g = omega b / S`, `se**2 = (se_b / S)**2 + g**2 / (2 df)`.

    Examples
    --------
    >>> effect = hedges_g_from_regression(4.0, se=1.4, sd=10.48978, n_treated=60, n_comparison=55, covariates=1)
    >>> f"{effect.value:.4f} {effect.se:.4f}"
    '0.3788 0.1358'
    """
    options = Options(correction=correction, omega_in_se=omega_in_se, interval=interval, level=level)
    n = sizes(n_treated, n_comparison)
    covariates = check.whole("covariates", covariates)
    scale = check.number("sd", sd, low=0.0)
    error = check.positive("se", se)
    value = check.number("coefficient", coefficient)
    if min(n) < 2:
        return no_effect(NAME, TOO_FEW, n=n, method=METHOD)
    if scale < check.SMALLEST:
        return no_effect(NAME, NO_VARIANCE, n=n, method=METHOD)
    return standardized(
        value / scale,
        (error / scale) ** 2,
        n=n,
        se_df=df_of_se(df, n, covariates=covariates),
        covariates=covariates,
        form="regression coefficient",
        options=options,
    )
