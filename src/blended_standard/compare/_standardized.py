"""What all forms of a standardized mean difference share: pooling, correction, standard error, interval.

Source: What Works Clearinghouse (WWC) Procedures Handbooks 4.1 and 5.0; Hedges (1981); noncentral interval after
Steiger and Fouladi (1997).
"""

from __future__ import annotations

import math
from typing import Literal

import attrs
import numpy as np

from blended_standard.compare._effect import Effect, Numbers, symmetric_effect, two_sided_p
from blended_standard.compare._noncentral import noncentral_t_cdf
from blended_standard.errors import UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Interval

Correction = Literal["approximate", "exact", "none"]
IntervalChoice = Literal["normal", "t", "noncentral_t"]

NO_VARIANCE = "No learner of either group differs from the others, so there is no standard deviation to divide by."
TOO_FEW = "A group has fewer than 2 learners, so it has no standard deviation. Pool or report the values alone."
NAME = "Hedges g"
METHOD = "Hedges g (WWC)"


def pooled_sd(sd_treated: float, n_treated: int, sd_comparison: float, n_comparison: int) -> float:
    """Return the pooled standard deviation of two groups, `sqrt(((n1-1) s1**2 + (n2-1) s2**2) / (N-2))`.

    Examples
    --------
    >>> round(pooled_sd(10, 60, 11, 55), 5)
    10.48978
    """
    n = sizes(n_treated, n_comparison)
    first = check.number("sd_treated", sd_treated, low=0.0)
    second = check.number("sd_comparison", sd_comparison, low=0.0)
    if sum(n) < 3 or min(n) < 1:
        raise UsageError(f"n_treated={n[0]} and n_comparison={n[1]} are too few. Pass 3 learners or more in all.")
    shares = (n[0] - 1) / (sum(n) - 2), (n[1] - 1) / (sum(n) - 2)
    return math.hypot(math.sqrt(shares[0]) * first, math.sqrt(shares[1]) * second)


def small_sample_correction(df: float, *, exact: bool = False) -> float:
    """Return the factor that takes the small-sample bias out of a standardized mean difference.

    Parameters
    ----------
    df : float
        Degrees of freedom of the standard deviation: N - 2 when two groups are pooled.
    exact : bool
        The ratio of gamma functions, instead of the approximation `1 - 3 / (4 df - 1)` that WWC calls omega.

    Examples
    --------
    >>> round(small_sample_correction(113), 7)
    0.9933481
    """
    number = check.number("df", df, low=1.0, open_low=True)
    if not exact:
        return 1.0 - 3.0 / (4.0 * number - 1.0)
    return math.exp(math.lgamma(number / 2.0) - math.lgamma((number - 1.0) / 2.0)) / math.sqrt(number / 2.0)


@attrs.frozen(kw_only=True)
class Options:
    """The choices that all forms of Hedges g share."""

    correction: str
    omega_in_se: bool
    interval: str
    level: float

    def __attrs_post_init__(self) -> None:
        check.one_of("correction", self.correction, ("approximate", "exact", "none"))
        check.one_of("interval", self.interval, ("normal", "t", "noncentral_t"))
        check.level(self.level)

    def factor(self, n: tuple[int, int]) -> float:
        if self.correction == "none":
            return 1.0
        return small_sample_correction(sum(n) - 2, exact=self.correction == "exact")


def standardized(
    d: float,
    base_variance: float,
    *,
    n: tuple[int, int],
    se_df: float,
    covariates: int,
    form: str,
    options: Options,
) -> Effect:
    """Return the effect of the uncorrected difference `d`; `base_variance` is its variance where the effect is 0."""
    factor = options.factor(n)
    value = factor * d
    se = math.hypot(math.sqrt(base_variance), value / math.sqrt(2.0 * se_df)) * (factor if options.omega_in_se else 1.0)
    df = sum(n) - 2 - covariates
    effect = symmetric_effect(
        NAME if options.correction != "none" else "Cohen d",
        value,
        se,
        n=n,
        method=f"{METHOD}, from {form}",
        level=options.level,
        df=df if options.interval == "t" and df > 0 else None,
        parameters={
            "correction": options.correction,
            "omega": factor,
            "omega_in_se": options.omega_in_se,
            "se_df": se_df,
            "covariates": covariates,
        },
    )
    if options.interval != "noncentral_t" or effect.value is None:
        return effect
    if form not in ("means", "t"):
        raise UsageError("interval='noncentral_t' is exact for unadjusted differences only. Pass 'normal' or 't'.")
    return _with_noncentral_interval(effect, d, level=options.level)


def _with_noncentral_interval(effect: Effect, d: float, *, level: float) -> Effect:
    """Replace interval and p value by those of the t test; the limits are for the population difference."""
    n = (effect.n_treated or 0, effect.n_comparison or 0)
    df, unit = sum(n) - 2, math.sqrt(sum(n) / (n[0] * n[1]))
    low, high = _noncentrality_limits(d / unit, df, level)
    return attrs.evolve(  # type: ignore[misc]
        effect,
        df=float(df),
        statistic=d / unit,
        p_value=two_sided_p(d / unit, df=df),
        interval=Interval(low=low * unit, high=high * unit, level=level, method="noncentral t"),
    )


def _noncentrality_limits(t: float, df: int, level: float) -> tuple[float, float]:
    from scipy import optimize

    tail = (1.0 - level) / 2.0
    reach = 40.0 + 14.0 * abs(t)

    def limit(probability: float) -> float:
        def gap(noncentrality: float) -> float:
            return noncentral_t_cdf(t, df, noncentrality) - probability

        return float(optimize.brentq(gap, t - reach, t + reach, xtol=1e-10))

    return limit(1.0 - tail), limit(tail)


def df_of_se(df: float | None, n: tuple[int, int], *, covariates: int | None) -> float:
    """Return the number in `g**2 / (2 df)`; `covariates` is None for an unadjusted analysis."""
    if df is not None:
        return check.positive("df", df)
    if covariates is None:
        return float(sum(n))
    left = sum(n) - 2 - check.whole("covariates", covariates)
    if left <= 0:
        raise UsageError(f"covariates={covariates} leave no degrees of freedom with {sum(n)} learners.")
    return float(left)


def same_scale(treated: Numbers, comparison: Numbers) -> tuple[Floats, Floats]:
    """Divide both by one power of 2, so that squares cannot overflow; a standardized effect does not change."""
    one = check.vector("treated", treated, unit="learner", reach=math.inf)
    two = check.vector("comparison", comparison, unit="learner", reach=math.inf)
    largest = max((float(abs(values).max()) for values in (one, two) if values.size), default=0.0)
    _, exponent = math.frexp(largest)
    return np.ldexp(one, -exponent), np.ldexp(two, -exponent)


def sizes(n_treated: int, n_comparison: int) -> tuple[int, int]:
    return check.whole("n_treated", n_treated), check.whole("n_comparison", n_comparison)
