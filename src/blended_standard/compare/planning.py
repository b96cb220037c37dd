"""Power and minimum detectable effects of a planned study.

Source: Bloom (1995, 2006); Dong and Maynard (2013) and the R package PowerUpR for the standard errors; Fleiss (1981)
for two proportions. Standard errors are in standard deviations of the outcome among learners.
"""

from __future__ import annotations

import math
from typing import Literal

from blended_standard.compare._effect import (
    two_sided_quantile,
)
from blended_standard.compare._noncentral import noncentral_t_cdf
from blended_standard.compare.planned_designs import PlannedDesign
from blended_standard.errors import UsageError
from blended_standard.numeric import arguments as check
from blended_standard.results import Estimate

PowerMethod = Literal["noncentral_t", "multiplier"]


def power(
    effect_size: float, design: PlannedDesign, *, alpha: float = 0.05, method: PowerMethod = "noncentral_t"
) -> Estimate:
    """Chance that a planned study finds an effect of this size significant (two-sided).

    Parameters
    ----------
    effect_size : float
        True effect in standard deviations of learners.
    design : PlannedDesign
        From `individual_design`, `cluster_design`, `blocked_design`, or one of the three-level designs.
    alpha : float
        Level of the test.
    method : {"noncentral_t", "multiplier"}
        Exact for normal outcomes, or the inverse of `mdes` with the multiplier of Bloom; they differ slightly.

    Returns
    -------
    Estimate
        `value` is the power.

    Examples
    --------
    >>> from blended_standard.compare import individual_design
    >>> round(power(0.5, individual_design(128)).value, 4)
    0.8015
    """
    size, level = check.number("effect_size", effect_size), 1.0 - check.share("alpha", alpha)
    check.one_of("method", method, ("noncentral_t", "multiplier"))
    shift, critical = abs(size) / design.se, two_sided_quantile(level, df=design.df)
    return Estimate(
        name="Power",
        value=_power(shift, critical, design.df, method),
        df=design.df,
        n=design.n_learners,
        method=f"{design.name}, {method.replace('_', ' ')}",
    )


def mdes(
    design: PlannedDesign, *, power: float = 0.80, alpha: float = 0.05, method: PowerMethod = "multiplier"
) -> Estimate:
    """Smallest true effect that a planned study would find significant with the given chance.

    Parameters
    ----------
    design : PlannedDesign
        As in `power`.
    power : float
        Chance wanted.
    alpha : float
        Level of the two-sided test.
    method : {"multiplier", "noncentral_t"}
        `(t(1 - alpha/2, df) + t(power, df)) se`, as Bloom and PowerUpR, or the exact inverse of `power`.

    Returns
    -------
    Estimate
        `value` in standard deviations of learners; `se` is the planned standard error of the effect.

    Examples
    --------
    >>> from blended_standard.compare import individual_design
    >>> round(mdes(individual_design(400, r_squared=0.5, covariates=1)).value, 10)
    0.1985898782
    """
    from scipy import optimize, special

    level, chance = 1.0 - check.share("alpha", alpha), check.share("power", power)
    check.one_of("method", method, ("noncentral_t", "multiplier"))
    if chance <= alpha:
        raise UsageError(f"power={power!r} is not above alpha={alpha!r}. Pass a larger power, such as 0.8.")
    critical = two_sided_quantile(level, df=design.df)
    multiplier = critical + float(special.stdtrit(design.df, chance))
    if method == "noncentral_t":

        def gap(shift: float) -> float:
            return _power(shift, critical, design.df, "noncentral_t") - chance

        multiplier = float(optimize.brentq(gap, 0.0, 4.0 * (critical + abs(multiplier)), xtol=1e-12))
    return Estimate(
        name="Minimum detectable effect size",
        value=multiplier * design.se,
        se=design.se,
        df=design.df,
        n=design.n_learners,
        method=f"{design.name}, {method.replace('_', ' ')}",
    )


def power_proportions(
    p_treated: float,
    p_comparison: float,
    *,
    n_treated: int,
    n_comparison: int,
    design_effect: float = 1.0,
    alpha: float = 0.05,
) -> Estimate:
    """Chance that two proportions are found to differ (two-sided pooled z test, no continuity correction).

    Parameters
    ----------
    p_treated, p_comparison : float
        True shares, from 0 to 1.
    n_treated, n_comparison : int
        Learners a group.
    design_effect : float
        Factor on the variance for clusters, `1 + (cluster size - 1) icc`; 1 for learners assigned one by one.
    alpha : float
        Level of the test.

    Examples
    --------
    >>> round(power_proportions(0.7, 0.5, n_treated=100, n_comparison=100).value, 4)
    0.8281
    """
    shares = (
        check.number("p_treated", p_treated, low=0.0, high=1.0),
        check.number("p_comparison", p_comparison, low=0.0, high=1.0),
    )
    n = check.whole("n_treated", n_treated, minimum=1), check.whole("n_comparison", n_comparison, minimum=1)
    factor = check.positive("design_effect", design_effect)
    critical = two_sided_quantile(1.0 - check.share("alpha", alpha))
    return Estimate(
        name="Power",
        value=_power_of_shares(shares, n, factor, critical),
        n=sum(n),
        method="two proportions, pooled z test",
    )


def mdes_proportions(
    p_comparison: float,
    *,
    n_treated: int,
    n_comparison: int,
    direction: Literal["higher", "lower"] = "higher",
    design_effect: float = 1.0,
    power: float = 0.80,
    alpha: float = 0.05,
) -> Estimate:
    """Smallest difference of two shares that would be found significant with the given chance.

    Parameters
    ----------
    p_comparison : float
        Share of the comparison group.
    n_treated, n_comparison, design_effect, alpha
        As in `power_proportions`.
    direction : {"higher", "lower"}
        Whether the treated share is above or below; the two differ unless the comparison share is one half.
    power : float
        Chance wanted.

    Returns
    -------
    Estimate
        `value` is the difference, negative for "lower"; None with a reason when even 0 or 1 would not be enough.

    Examples
    --------
    >>> round(mdes_proportions(0.5, n_treated=100, n_comparison=100).value, 4)
    0.1932
    """
    from scipy import optimize

    base = check.number("p_comparison", p_comparison, low=0.0, high=1.0)
    n = check.whole("n_treated", n_treated, minimum=1), check.whole("n_comparison", n_comparison, minimum=1)
    factor = check.positive("design_effect", design_effect)
    chance, critical = check.share("power", power), two_sided_quantile(1.0 - check.share("alpha", alpha))
    end = 1.0 if check.one_of("direction", direction, ("higher", "lower")) == "higher" else 0.0
    if chance <= alpha:
        raise UsageError(f"power={power!r} is not above alpha={alpha!r}. Pass a larger power, such as 0.8.")

    def gap(share: float) -> float:
        return _power_of_shares((share, base), n, factor, critical) - chance

    name, method = "Minimum detectable difference of shares", f"two proportions, pooled z test, {direction}"
    if base == end or gap(end) < 0.0:
        reason = f"Even a treated share of {end:g} would be found with less than the chance wanted. Plan more learners."
        return Estimate(name=name, value=None, reason=reason, n=sum(n), method=method)
    found = float(optimize.brentq(gap, base, end, xtol=1e-12))
    return Estimate(name=name, value=found - base, n=sum(n), method=method)


def _power(shift: float, critical: float, df: float, method: str) -> float:
    from scipy import special

    if method == "multiplier":
        return float(special.stdtr(df, shift - critical))
    return 1.0 - noncentral_t_cdf(critical, df, shift) + noncentral_t_cdf(-critical, df, shift)


def _power_of_shares(shares: tuple[float, float], n: tuple[int, int], factor: float, critical: float) -> float:
    from scipy import special

    pooled = (n[0] * shares[0] + n[1] * shares[1]) / sum(n)
    null = critical * math.sqrt(factor * pooled * (1.0 - pooled) * (1.0 / n[0] + 1.0 / n[1]))
    se = math.sqrt(factor * sum(p * (1.0 - p) / m for p, m in zip(shares, n, strict=True)))
    apart = abs(shares[0] - shares[1])
    if se == 0.0:
        return float(apart > null)
    return float(special.ndtr((apart - null) / se) + special.ndtr((-apart - null) / se))
