"""The effect of a comparison as a result, and the checks and intervals that all effects share."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import attrs
import numpy as np
import numpy.typing as npt

from blended_standard.errors import UsageError
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


def checked_values(name: str, values: Numbers) -> npt.NDArray[np.float64]:
    """Return `values` as a one-dimensional float array, or say what is wrong with it."""
    try:
        numbers = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{name} holds values that are not numbers. Pass one number a learner.") from error
    if numbers.ndim != 1:
        raise UsageError(f"{name} has {numbers.ndim} dimensions; one is accepted: one number a learner.")
    if not np.isfinite(numbers).all():
        count = int((~np.isfinite(numbers)).sum())
        raise UsageError(f"{name} has {count} missing or infinite values. Leave those learners out, or impute first.")
    return numbers


def checked_number(
    name: str, value: float, *, low: float = -math.inf, high: float = math.inf, open_low: bool = False
) -> float:
    """Return `value` as a float inside the range accepted, or say what is accepted."""
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{name}={value!r} is not a number.") from error
    below = number <= low if open_low else number < low
    if not math.isfinite(number) or below or number > high:
        raise UsageError(f"{name}={value!r} is not accepted. Pass a finite number {_range(low, high, open_low)}.")
    return number


def checked_count(name: str, value: float, *, low: int = 0) -> int:
    """Return `value` as a whole number of at least `low`."""
    number = checked_number(name, value, low=low)
    if number != int(number):
        raise UsageError(f"{name}={value!r} is not a whole number.")
    return int(number)


def checked_level(level: float) -> float:
    """Return the confidence level, a share strictly between 0 and 1."""
    number = checked_number("level", level, low=0.0, high=1.0, open_low=True)
    if number >= 1.0:
        raise UsageError(f"level={level!r} is not accepted. Pass a share below 1, such as 0.95.")
    return number


def checked_choice(name: str, value: str, accepted: Sequence[str]) -> str:
    """Return `value` when it is one of `accepted`."""
    if value not in accepted:
        raise UsageError(f"{name}={value!r} is not accepted. Pass one of: {', '.join(accepted)}.")
    return value


def _range(low: float, high: float, open_low: bool) -> str:
    start = "" if low == -math.inf else f"{'above' if open_low else 'from'} {low:g}"
    end = "" if high == math.inf else f"up to {high:g}"
    return " ".join(part for part in (start, end) if part) or "of any size"
