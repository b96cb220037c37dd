"""The effect of a comparison as a result, and the checks and intervals that all effects share."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import attrs
import numpy as np
import numpy.typing as npt

from blended_standard.numeric.intervals import normal_quantile, student_quantile
from blended_standard.results import Estimate, Interval, result

Parameter = str | int | float | bool | None
Numbers = Sequence[float] | npt.NDArray[np.generic]
Choice = Literal["normal", "t", "noncentral_t"]


@result
class Effect(Estimate):
    """The difference between a treated and a comparison group, with its uncertainty.

    `value` is treated minus comparison (or treated over comparison for ratios), so a positive value means more in
    the treated group. `se` is on the scale named by `se_scale`: for ratios that is the natural logarithm of the ratio.
    `parameters` holds every choice that made the numbers (such as `omega_in_se` or `se_df`), by name.
    """

    n_treated: int | None = None
    n_comparison: int | None = None
    statistic: float | None = None
    se_scale: Literal["identity", "log"] = "identity"
    parameters: dict[str, Parameter] = attrs.field(factory=dict, hash=False)


def no_effect(
    name: str, reason: str, *, n: tuple[int, int], method: str, parameters: Mapping[str, Parameter] | None = None
) -> Effect:
    """Return the effect that cannot be had, with the reason."""
    return Effect(
        name=name,
        value=None,
        reason=reason,
        n=sum(n),
        n_treated=n[0],
        n_comparison=n[1],
        method=method,
        parameters=dict(parameters or {}),
    )


def symmetric_effect(
    name: str,
    value: float,
    se: float,
    *,
    n: tuple[int, int],
    method: str,
    level: float,
    df: float | None = None,
    parameters: Mapping[str, Parameter] | None = None,
) -> Effect:
    """Return an effect with the interval `value -/+ quantile x se`: of t where `df` is given, else of the normal."""
    if se <= 0.0:
        reason = "The standard error is zero, so the effect has no interval."
        return no_effect(name, reason, n=n, method=method, parameters=parameters)
    if not (math.isfinite(value) and math.isfinite(4.0 * se)):
        reason = "The values are so far apart for their spread that the effect is beyond what a number can hold."
        return no_effect(name, reason, n=n, method=method)
    return Effect(
        name=name,
        value=value,
        se=se,
        interval=symmetric_interval(value, se, level=level, df=df),
        df=df,
        statistic=value / se,
        p_value=two_sided_p(value / se, df=df),
        n=sum(n),
        n_treated=n[0],
        n_comparison=n[1],
        method=method,
        parameters=dict(parameters or {}),
    )


def symmetric_interval(value: float, se: float, *, level: float, df: float | None = None) -> Interval:
    """Return `value -/+ quantile x se`."""
    margin = two_sided_quantile(level, df=df) * se
    return Interval(low=value - margin, high=value + margin, level=level, method="normal" if df is None else "t")


def two_sided_quantile(level: float, *, df: float | None = None) -> float:
    """Return the quantile that leaves `(1 - level)/2` in each tail of the normal or of t."""
    return normal_quantile(level) if df is None else student_quantile(df, level)


def two_sided_p(statistic: float, *, df: float | None = None) -> float:
    """Return the two-sided p value of a z (no `df`) or t statistic."""
    from scipy import special

    size = -abs(statistic)
    return float(min(1.0, 2.0 * (special.ndtr(size) if df is None else special.stdtr(df, size))))
