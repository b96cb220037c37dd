"""Standardized effects of a change over time: gain scores and difference in differences.

Source: What Works Clearinghouse (WWC) Procedures Handbooks 4.1 and 5.0.
"""

from __future__ import annotations

import math
from typing import Literal

from blended_standard.compare._effect import (
    Effect,
    no_effect,
    symmetric_effect,
)
from blended_standard.compare._standardized import pooled_sd, small_sample_correction
from blended_standard.numeric import arguments as check

Form = Literal["difference_in_differences", "gain"]


def difference_in_differences(
    *,
    post_mean_treated: float,
    post_mean_comparison: float,
    post_sd_treated: float,
    post_sd_comparison: float,
    pre_mean_treated: float,
    pre_mean_comparison: float,
    pre_sd_treated: float,
    pre_sd_comparison: float,
    n_treated: int,
    n_comparison: int,
    form: Form = "difference_in_differences",
    correlation: float = 0.5,
    t: float | None = None,
    covariates: int = 0,
    df: float | None = None,
    omega_in_se: bool = False,
    level: float = 0.95,
) -> Effect:
    """Standardized difference between the changes of two groups.

    Parameters
    ----------
    post_mean_treated, post_mean_comparison, post_sd_treated, post_sd_comparison : float
        Means and standard deviations after.
    pre_mean_treated, pre_mean_comparison, pre_sd_treated, pre_sd_comparison : float
        Means and standard deviations before, of the same learners.
    n_treated, n_comparison : int
        Learners analyzed.
    form : {"difference_in_differences", "gain"}
        Each wave in its own pooled standard deviations; or, where both waves are on one scale, the difference of the
        gains in standard deviations of the outcome.
    correlation : float
        Correlation of before with after; WWC takes 0.5 when it is not known.
    t : float, optional
        The t statistic of the difference in differences, where reported: then `se**2 = (g / t)**2 + g**2 / (2 df)`.
    covariates, df, omega_in_se, level
        As in `hedges_g`; `df` is N - 2 - covariates when left out.

    Returns
    -------
    Effect
        `se**2 = 2 (1 - correlation) (1/n1 + 1/n2) + g**2 / (2 df)` unless `t` is given.

    Examples
    --------
    >>> effect = difference_in_differences(
    ...     post_mean_treated=55, post_mean_comparison=50, post_sd_treated=10, post_sd_comparison=10,
    ...     pre_mean_treated=51, pre_mean_comparison=49, pre_sd_treated=8, pre_sd_comparison=8,
    ...     n_treated=60, n_comparison=60,
    ... )
    >>> round(effect.value, 4)
    0.2484
    """
    name = "Difference in differences" if form == "difference_in_differences" else "Difference of gains"
    method = f"{name} in standard deviations (WWC)"
    check.one_of("form", form, ("difference_in_differences", "gain"))
    n = check.whole("n_treated", n_treated), check.whole("n_comparison", n_comparison)
    if min(n) < 2:
        return no_effect(name, "A group has fewer than 2 learners.", n=n, method=method)
    after = pooled_sd(post_sd_treated, n[0], post_sd_comparison, n[1])
    before = pooled_sd(pre_sd_treated, n[0], pre_sd_comparison, n[1]) if form != "gain" else after
    if min(after, before) == 0.0:
        return no_effect(name, "One wave has no variance to divide by.", n=n, method=method)
    means = [
        check.number(wave, mean)
        for wave, mean in (
            ("post_mean_treated", post_mean_treated),
            ("post_mean_comparison", post_mean_comparison),
            ("pre_mean_treated", pre_mean_treated),
            ("pre_mean_comparison", pre_mean_comparison),
        )
    ]
    change = (means[0] - means[1]) / after - (means[2] - means[3]) / before
    omega = small_sample_correction(sum(n) - 2)
    value = omega * check.number("the difference of the changes", change)
    se_df = float(sum(n) - 2 - covariates) if df is None else df
    base = _base_variance(value, n, correlation=correlation, t=t)
    if base is None:
        return no_effect(name, "t is 0, which leaves the scale of the effect open.", n=n, method=method)
    se = math.hypot(math.sqrt(base), value / math.sqrt(2.0 * check.positive("df", se_df)))
    return symmetric_effect(
        name,
        value,
        se * (omega if omega_in_se else 1.0),
        n=n,
        method=method,
        level=check.level(level),
        parameters={
            "form": form,
            "correlation": correlation if t is None else None,
            "omega": omega,
            "omega_in_se": omega_in_se,
            "se_df": se_df,
        },
    )


def _base_variance(value: float, n: tuple[int, int], *, correlation: float, t: float | None) -> float | None:
    if t is None:
        apart = 1.0 - check.number("correlation", correlation, low=-1.0, high=1.0)
        return 2.0 * apart * (1.0 / n[0] + 1.0 / n[1])
    statistic = check.number("t", t)
    return None if statistic == 0.0 else (value / statistic) ** 2
