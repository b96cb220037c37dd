"""What missing outcomes can do: Lee bounds, bounds for lost follow-up, and pooling of multiple imputations."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from blended_standard.compare.rates import proportion
from blended_standard.compare.sensitivity._inputs import flags
from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.numeric.intervals import normal_quantile
from blended_standard.results import Estimate, Interval, Result, Row, result


@result
class LeeBounds(Result):
    """Bounds of the effect on those who would be observed in either group."""

    title: ClassVar[str] = "Lee bounds"
    lower: Estimate
    upper: Estimate
    naive: Estimate
    interval: Interval
    trimmed_group: str | None
    trim_share: float
    trimmed: int
    observed_share_treated: float
    observed_share_comparison: float
    method: str = "Lee (2009), monotone selection"

    def rows(self) -> list[Row]:
        """Return one row a bound, and the difference of those observed."""
        return [row for item in (self.lower, self.upper, self.naive) for row in item.rows()]


@result
class FollowUpBounds(Result):
    """A rate of success when some are lost: all lost as failures, all as successes, and those observed only."""

    title: ClassVar[str] = "Bounds for lost follow-up"
    lower: Estimate
    upper: Estimate
    observed_only: Estimate
    lost_share: float

    def rows(self) -> list[Row]:
        """Return one row a reading."""
        return [row for item in (self.lower, self.upper, self.observed_only) for row in item.rows()]


@result
class PooledEstimate(Estimate):
    """An estimate pooled over imputations, with the parts of its variance and what the missing values cost.

    `within`, `between`, `total`: variances. `missing_share` is lambda, the share of the variance that is due to the
    missing values; `relative_increase` is riv; `fraction_missing_information` is fmi.
    """

    imputations: int
    within: float
    between: float
    total: float
    missing_share: float
    relative_increase: float
    fraction_missing_information: float


def lee_bounds(
    outcomes: npt.ArrayLike, treated: npt.ArrayLike, *, observed: npt.ArrayLike | None = None, level: float = 0.95
) -> LeeBounds:
    """Bound an effect when the program changed who stays to be measured.

    Parameters
    ----------
    outcomes : float array, shape (n,)
        Outcome; NaN where it is not known.
    treated : array of 0/1 or bool, shape (n,)
        Assignment.
    observed : array of 0/1 or bool, shape (n,), optional
        Where the outcome is known. Default: where `outcomes` is not NaN.
    level : float
        Confidence level.

    Returns
    -------
    LeeBounds
        Bounds with standard errors, and the interval of Imbens and Manski, which covers the effect itself.

    Raises
    ------
    NotEstimableError
        A group without a known outcome, or nothing left after trimming.

    Notes
    -----
    Assumes that assignment moves everyone's chance of being observed in one direction. The group with more observed
    is trimmed by q = (p1 - p0)/p1 of its outcomes, floor(q n1) of them, from either end. Variance: Lee (2009, Review
    of Economic Studies 76:1071-1102), proposition 3.

    Examples
    --------
    >>> y = [1, 2, 3, 4, 5, 6, 7, 8, None, None, 2, 3, 4, 5, 6, None, None, None, None, None]
    >>> bounds = lee_bounds(y, [1] * 10 + [0] * 10)
    >>> bounds.lower.value, bounds.upper.value, bounds.naive.value
    (-1.0, 2.0, 0.5)
    """
    z = normal_quantile(level)
    try:
        y = np.asarray(outcomes, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise UsageError("outcomes holds text or the like. Pass numbers, and NaN where unknown.") from error
    if y.ndim != 1:
        raise UsageError(f"outcomes has {y.ndim} dimensions. Pass one value a learner.")
    seen = ~np.isnan(y) if observed is None else flags(observed, "observed", y.size)
    if not np.isfinite(y[seen]).all():
        raise UsageError("outcomes is missing or infinite where observed says that it is known.")
    arm = flags(treated, "treated", y.size)
    groups = [(y[seen & arm], int(arm.sum())), (y[seen & ~arm], int((~arm).sum()))]
    for name, (values, _) in zip(("treated", "comparison"), groups, strict=True):
        if values.size < 2:
            raise NotEstimableError(f"The {name} group has {values.size} known outcomes: bounds need 2 in each.")
    shares = [values.size / size for values, size in groups]
    naive = float(groups[0][0].mean() - groups[1][0].mean())
    first = 0 if shares[0] >= shares[1] else 1
    trim = (shares[first] - shares[1 - first]) / shares[first]
    count = math.floor(trim * groups[first][0].size + 1e-9)
    sides = [_trimmed(groups, shares, first, count, trim, keep_top=top) for top in (False, True)]
    # What lowers the mean of the comparison raises the difference.
    (low, low_se), (high, high_se) = sides if first == 0 else sides[::-1]
    spread = math.sqrt(sum(float(values.var(ddof=1)) / values.size for values, _ in groups))
    return LeeBounds(
        lower=_normal("lower bound", low, low_se, z, level),
        upper=_normal("upper bound", high, high_se, z, level),
        naive=_normal("difference of those observed", naive, spread, z, level),
        interval=_imbens_manski(low, low_se, high, high_se, level),
        trimmed_group=None if count == 0 else ("treated", "comparison")[first],
        trim_share=trim,
        trimmed=count,
        observed_share_treated=shares[0],
        observed_share_comparison=shares[1],
    )


def follow_up_bounds(successes: int, n: int, *, lost: int = 0, level: float = 0.95) -> FollowUpBounds:
    """Bound a rate of success when the outcome of some is unknown.

    Parameters
    ----------
    successes : int
        Known successes.
    n : int
        All who should be counted, the lost included.
    lost : int
        Those whose outcome is not known.
    level : float
        Confidence level of the Wilson intervals.

    Returns
    -------
    FollowUpBounds
        `lower` = s/n, `upper` = (s + lost)/n, `observed_only` = s/(n - lost).

    Examples
    --------
    >>> bounds = follow_up_bounds(22, 50, lost=8)
    >>> [round(item.value, 4) for item in (bounds.lower, bounds.upper, bounds.observed_only)]
    [0.44, 0.6, 0.5238]
    """
    successes, lost = check.whole("successes", successes), check.whole("lost", lost)
    n = check.whole("n", n, minimum=1)
    if successes + lost > n:
        raise UsageError(f"successes={successes}, lost={lost} and n={n} do not fit: successes + lost is at most n.")
    made = [
        _renamed(proportion(count, size, level=level), name)
        for name, count, size in (
            ("lost counted as failures", successes, n),
            ("lost counted as successes", successes + lost, n),
            ("observed only", successes, n - lost),
        )
    ]
    return FollowUpBounds(lower=made[0], upper=made[1], observed_only=made[2], lost_share=lost / n)


def pool_imputations(
    estimates: npt.ArrayLike,
    standard_errors: npt.ArrayLike,
    *,
    complete_df: float | None = None,
    name: str = "pooled estimate",
    level: float = 0.95,
) -> PooledEstimate:
    """Pool one estimate over multiply imputed data sets by Rubin's rules.

    Parameters
    ----------
    estimates, standard_errors : float array, shape (m,)
        The estimate and its standard error in each imputed data set, m of 2 or more.
    complete_df : float, optional
        Degrees of freedom that the analysis would have without missing values (n less coefficients). Default: many.
    name : str
        Name of the estimate.
    level : float
        Confidence level.

    Returns
    -------
    PooledEstimate
        With Barnard and Rubin's degrees of freedom.

    Raises
    ------
    UsageError
        Fewer than two imputations, or a standard error that is not positive.
    NotEstimableError
        Imputations that differ without any relation to their standard errors.

    Notes
    -----
    Sources: Rubin (1987); Barnard and Rubin (1999, Biometrika 86:948-955). Equal to R `mice::pool` 3.15.

    Examples
    --------
    >>> pooled = pool_imputations([1.20, 1.35, 1.10, 1.28, 1.17], [.40, .42, .38, .41, .39], complete_df=60)
    >>> round(pooled.value, 3), round(pooled.se, 4), round(pooled.df, 2)
    (1.22, 0.4142, 51.22)
    """
    from scipy.special import ndtr, stdtr, stdtrit

    q = check.vector("estimates", estimates)
    u = check.vector("standard_errors", standard_errors, size=q.size) ** 2
    m = q.size
    if m < 2:
        raise UsageError(f"estimates holds {m} imputations: pooling needs 2 or more.")
    if (u <= 0).any():
        raise UsageError("standard_errors holds a value that is not positive.")
    nu_complete = None if complete_df is None else check.positive("complete_df", complete_df)
    within, between = float(u.mean()), float(q.var(ddof=1))
    total = within + (1 + 1 / m) * between
    share, increase = (1 + 1 / m) * between / total, (1 + 1 / m) * between / within
    df = _barnard_rubin(m, share, nu_complete)
    if df is not None and df < 1e-6:
        raise NotEstimableError(
            "The imputations differ so much more than their standard errors that no degrees of freedom are left. "
            "Check the imputation model and the units."
        )
    value, se = float(q.mean()), math.sqrt(total)
    z = normal_quantile(level)
    half = (z if df is None else float(stdtrit(df, 0.5 + level / 2))) * se
    tail = ndtr(-abs(value) / se) if df is None else stdtr(df, -abs(value) / se)
    return PooledEstimate(
        name=name,
        value=value,
        se=se,
        interval=Interval(low=value - half, high=value + half, level=level, method="t, Barnard-Rubin"),
        df=df,
        p_value=float(2 * tail),
        method="Rubin's rules",
        imputations=m,
        within=within,
        between=between,
        total=total,
        missing_share=share,
        relative_increase=increase,
        fraction_missing_information=(increase + (0.0 if df is None else 2 / (df + 3))) / (1 + increase),
    )


def _renamed(share: Estimate, name: str) -> Estimate:
    reason = None if share.reason is None else "The outcome of everyone is unknown."
    return Estimate(
        name=name,
        value=share.value,
        se=share.se,
        interval=share.interval,
        n=share.n,
        method=share.method,
        reason=reason,
    )


def _barnard_rubin(m: int, share: float, complete: float | None) -> float | None:
    old = (m - 1) / share**2 if share > 1e-12 else None
    if complete is None:
        return old
    seen = (complete + 1) / (complete + 3) * complete * (1 - share)
    return seen if old is None else old * seen / (old + seen)


def _trimmed(
    groups: list[tuple[Floats, int]], shares: list[float], first: int, count: int, trim: float, *, keep_top: bool
) -> tuple[float, float]:
    """Return the difference and its standard error after trimming `count` outcomes from one end."""
    values, size = groups[first]
    others, other_size = groups[1 - first]
    ordered = np.sort(values)
    kept = ordered[count:] if keep_top else ordered[: ordered.size - count]
    if kept.size < 2:
        raise NotEstimableError("Fewer than 2 outcomes are left after trimming: attrition differs too much to bound.")
    edge, mean = float(kept[0] if keep_top else kept[-1]), float(kept.mean())
    sign = 1.0 if first == 0 else -1.0
    kept_count = values.size * (1 - trim)
    variance = float(kept.var(ddof=1)) / kept_count
    if count > 0:
        variance += (edge - mean) ** 2 * trim / kept_count
        odds = (1 - shares[first]) / (shares[first] * size) + (1 - shares[1 - first]) / (shares[1 - first] * other_size)
        variance += (edge - mean) ** 2 * odds
    variance += float(others.var(ddof=1)) / others.size
    return sign * (mean - float(others.mean())), math.sqrt(variance)


def _normal(name: str, value: float, se: float, z: float, level: float) -> Estimate:
    interval = Interval(low=value - z * se, high=value + z * se, level=level, method="normal")
    return Estimate(name=name, value=value, se=se, interval=interval, method="Lee (2009)")


def _imbens_manski(low: float, low_se: float, high: float, high_se: float, level: float) -> Interval:
    from scipy.optimize import brentq
    from scipy.special import ndtr

    widest = max(low_se, high_se)
    if widest == 0:
        return Interval(low=low, high=high, level=level, method="Imbens-Manski")
    width = (high - low) / widest
    c = float(brentq(lambda c: ndtr(c + width) - ndtr(-c) - level, 0.0, 40.0, xtol=1e-13))
    return Interval(low=low - c * low_se, high=high + c * high_se, level=level, method="Imbens-Manski")
