"""Effects on a yes-or-no outcome: Cox index, risk difference, risk ratio, odds ratio, and one proportion.

Source: WWC Procedures Handbooks 4.1 and 5.0 (Cox index); Newcombe (1998), method 10; Katz et al. (1978); Woolf (1955);
Wilson (1927).
"""

from __future__ import annotations

import math
from typing import Literal

import attrs

from blended_standard.compare._effect import (
    Effect,
    Parameter,
    no_effect,
    symmetric_effect,
    two_sided_p,
    two_sided_quantile,
)
from blended_standard.compare._standardized import small_sample_correction
from blended_standard.errors import UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.intervals import difference, wilson
from blended_standard.results import Estimate, Interval

COX_DIVISOR = 1.65
_NON_WWC = "0.5 added to each cell because one is zero; WWC does not do this"
_LARGEST_LOG = 700.0  # math.exp holds no more
_NOBODY = "A group has no learners."


def cox_index(
    p_treated: float,
    p_comparison: float,
    *,
    n_treated: int,
    n_comparison: int,
    continuity_correction: bool = False,
    omega: bool = False,
    level: float = 0.95,
) -> Effect:
    """Cox index: the log odds ratio of two proportions, brought to the scale of Hedges g.

    Parameters
    ----------
    p_treated, p_comparison : float
        Shares with the outcome, from 0 to 1.
    n_treated, n_comparison : int
        Learners analyzed.
    continuity_correction : bool
        Add 0.5 to each of the four cells when one is zero. Not WWC; the method says so.
    omega : bool
        Multiply value and standard error by the small-sample correction, as some transcriptions of the handbook do.
    level : float
        Confidence level.

    Returns
    -------
    Effect
        `(logit(p1) - logit(p2)) / 1.65`. `value` is None with a reason where a proportion is 0 or 1.

    Raises
    ------
    UsageError
        A proportion outside 0 to 1, or numbers that are not whole.

    Examples
    --------
    >>> effect = cox_index(0.80, 0.70, n_treated=200, n_comparison=180)
    >>> f"{effect.value:.7f} {effect.se:.7f}"
    '0.3266645 0.1455871'
    """
    shares = (
        check.number("p_treated", p_treated, low=0.0, high=1.0),
        check.number("p_comparison", p_comparison, low=0.0, high=1.0),
    )
    n = check.whole("n_treated", n_treated), check.whole("n_comparison", n_comparison)
    return cox_index_from_counts(
        shares[0] * n[0],
        n[0],
        shares[1] * n[1],
        n[1],
        continuity_correction=continuity_correction,
        omega=omega,
        level=level,
    )


def cox_index_from_counts(
    events_treated: float,
    n_treated: int,
    events_comparison: float,
    n_comparison: int,
    *,
    continuity_correction: bool = False,
    omega: bool = False,
    level: float = 0.95,
) -> Effect:
    """Cox index from numbers of learners with the outcome; see `cox_index`.

    Examples
    --------
    >>> round(cox_index_from_counts(160, 200, 126, 180).value, 7)
    0.3266645
    """
    table = _Table.of(events_treated, n_treated, events_comparison, n_comparison)
    table, parameters = table.filled(continuity_correction)
    method = "Cox index (WWC)" if "continuity" not in parameters else "Cox index, continuity-corrected (not WWC)"
    if (reason := table.undefined(needs_nonevents=True)) is not None:
        return no_effect("Cox index", reason, n=table.n, method=method, parameters=parameters)
    factor = small_sample_correction(max(sum(table.n) - 2, 2)) if omega else 1.0
    return symmetric_effect(
        "Cox index",
        factor * table.log_odds_ratio() / COX_DIVISOR,
        factor * table.log_odds_ratio_se() / COX_DIVISOR,
        n=table.n,
        method=method,
        level=check.level(level),
        parameters={"divisor": COX_DIVISOR, "omega": factor, **parameters},
    )


def cox_index_from_regression(
    coefficient: float, *, se: float, n_treated: int, n_comparison: int, level: float = 0.95
) -> Effect:
    """Cox index from the coefficient of treatment in a logistic regression and its standard error.

    Parameters
    ----------
    coefficient, se : float
        On the log-odds scale. A probit coefficient is another metric and must not be passed.
    n_treated, n_comparison : int
        Learners analyzed.
    level : float
        Confidence level.

    Examples
    --------
    >>> round(cox_index_from_regression(0.33, se=0.165, n_treated=90, n_comparison=90).value, 4)
    0.2
    """
    return symmetric_effect(
        "Cox index",
        check.number("coefficient", coefficient) / COX_DIVISOR,
        check.positive("se", se) / COX_DIVISOR,
        n=(check.whole("n_treated", n_treated), check.whole("n_comparison", n_comparison)),
        method="Cox index (WWC), from a logistic regression coefficient",
        level=check.level(level),
        parameters={"divisor": COX_DIVISOR},
    )


def risk_difference(
    events_treated: float,
    n_treated: int,
    events_comparison: float,
    n_comparison: int,
    *,
    method: Literal["newcombe", "wald"] = "newcombe",
    level: float = 0.95,
) -> Effect:
    """Difference between two proportions, treated minus comparison.

    Parameters
    ----------
    events_treated, events_comparison : float
        Learners with the outcome.
    n_treated, n_comparison : int
        Learners analyzed.
    method : {"newcombe", "wald"}
        Newcombe's hybrid of two Wilson intervals (no continuity correction), or value -/+ z se.
    level : float
        Confidence level.

    Returns
    -------
    Effect
        `se` is unpooled (Wald); None where both groups are all or nothing. The p value is that of the pooled z test
        (the chi-squared test without continuity correction).

    Examples
    --------
    >>> effect = risk_difference(30, 60, 80, 100)
    >>> f"{effect.value:.3f} [{effect.interval.low:.3f}, {effect.interval.high:.3f}]"
    '-0.300 [-0.440, -0.149]'
    """
    if method not in ("newcombe", "wald"):
        raise UsageError(f"method={method!r} is not accepted. Pass one of: newcombe, wald.")
    table, share = _Table.of(events_treated, n_treated, events_comparison, n_comparison), check.level(level)
    label = "Risk difference, " + ("Newcombe hybrid score interval" if method == "newcombe" else "Wald interval")
    if min(table.n) == 0:
        return no_effect("Risk difference", _NOBODY, n=table.n, method=label)
    one, two = table.shares()
    se = math.sqrt(one * (1.0 - one) / table.n[0] + two * (1.0 - two) / table.n[1])
    if method == "wald" and se == 0.0:
        reason = "Both groups are all or nothing, so the Wald interval has no width. Use method='newcombe'."
        return no_effect("Risk difference", reason, n=table.n, method=label)
    interval = _newcombe(table, share) if method == "newcombe" else _wald(one - two, se, share)
    z = _pooled_z(table)
    return Effect(
        name="Risk difference",
        value=one - two,
        se=se if se > 0.0 else None,
        interval=interval,
        statistic=z,
        p_value=None if z is None else two_sided_p(z),
        n=sum(table.n),
        n_treated=table.n[0],
        n_comparison=table.n[1],
        method=label,
        parameters={"p_treated": one, "p_comparison": two, "test": "pooled z"},
    )


def risk_ratio(
    events_treated: float,
    n_treated: int,
    events_comparison: float,
    n_comparison: int,
    *,
    continuity_correction: bool = False,
    level: float = 0.95,
) -> Effect:
    """Ratio of two proportions, treated over comparison, with the log-normal interval of Katz.

    Parameters
    ----------
    events_treated, n_treated, events_comparison, n_comparison : float and int
        As in `risk_difference`.
    continuity_correction : bool
        Add 0.5 to each of the four cells when one is zero. Not WWC; the method says so.
    level : float
        Confidence level.

    Returns
    -------
    Effect
        `se` is that of the natural logarithm of the ratio. State whether the outcome is good or bad.

    Examples
    --------
    >>> effect = risk_ratio(30, 60, 80, 100)
    >>> f"{effect.value:.3f} [{effect.interval.low:.3f}, {effect.interval.high:.3f}]"
    '0.625 [0.476, 0.820]'
    """
    table, parameters = _Table.of(events_treated, n_treated, events_comparison, n_comparison).filled(
        continuity_correction
    )
    method = "Risk ratio, Katz log interval"
    if (reason := table.undefined(needs_nonevents=False)) is not None:
        return no_effect("Risk ratio", reason, n=table.n, method=method, parameters=parameters)
    one, two = table.shares()
    se = math.sqrt((1.0 - one) / table.events[0] + (1.0 - two) / table.events[1])
    return _ratio("Risk ratio", math.log(one / two), se, table, method=method, level=level, parameters=parameters)


def odds_ratio(
    events_treated: float,
    n_treated: int,
    events_comparison: float,
    n_comparison: int,
    *,
    continuity_correction: bool = False,
    level: float = 0.95,
) -> Effect:
    """Ratio of the odds of two groups, treated over comparison, with the log-normal interval of Woolf.

    Parameters and result as in `risk_ratio`.

    Examples
    --------
    >>> round(odds_ratio(160, 200, 126, 180).value, 4)
    1.7143
    """
    table, parameters = _Table.of(events_treated, n_treated, events_comparison, n_comparison).filled(
        continuity_correction
    )
    method = "Odds ratio, Woolf log interval"
    if (reason := table.undefined(needs_nonevents=True)) is not None:
        return no_effect("Odds ratio", reason, n=table.n, method=method, parameters=parameters)
    return _ratio(
        "Odds ratio",
        table.log_odds_ratio(),
        table.log_odds_ratio_se(),
        table,
        method=method,
        level=level,
        parameters=parameters,
    )


def proportion(events: float, n: int, *, level: float = 0.95) -> Estimate:
    """Return a proportion with its Wilson score interval.

    Parameters
    ----------
    events : float
        Learners with the outcome.
    n : int
        Learners that could have it.
    level : float
        Confidence level.

    Examples
    --------
    >>> share = proportion(17, 20)
    >>> f"{share.value:.3f} [{share.interval.low:.3f}, {share.interval.high:.3f}]"
    '0.850 [0.640, 0.948]'
    """
    size, share = check.whole("n", n), check.level(level)
    count = check.number("events", events, low=0.0, high=size)
    if size == 0:
        return Estimate(name="Proportion", value=None, reason="There are no learners.", n=0, method="Wilson score")
    p = count / size
    se = math.sqrt(p * (1.0 - p) / size)
    return Estimate(
        name="Proportion",
        value=p,
        se=se if se > 0.0 else None,
        interval=wilson(count, size, level=share),
        n=size,
        method="Wilson score",
    )


@attrs.frozen(kw_only=True)
class _Table:
    """Events and learners of the two groups; `added` is what a continuity correction put into each cell."""

    events: tuple[float, float]
    n: tuple[int, int]
    added: float = 0.0

    @classmethod
    def of(cls, events_treated: float, n_treated: int, events_comparison: float, n_comparison: int) -> _Table:
        n = check.whole("n_treated", n_treated), check.whole("n_comparison", n_comparison)
        given = ("events_treated", events_treated, n[0]), ("events_comparison", events_comparison, n[1])
        one, two = (
            check.apart_from_zero(name, check.number(name, value, low=0.0, high=top)) for name, value, top in given
        )
        return cls(events=(one, two), n=n)

    def filled(self, continuity_correction: bool) -> tuple[_Table, dict[str, Parameter]]:
        if not continuity_correction or min(self.events + self.nonevents()) > 0.0 or min(self.n) == 0:
            return self, {}
        events = self.events[0] + 0.5, self.events[1] + 0.5
        return attrs.evolve(self, events=events, added=0.5), {"continuity": _NON_WWC}

    def nonevents(self) -> tuple[float, float]:
        return (
            self.n[0] + 2.0 * self.added - self.events[0],
            self.n[1] + 2.0 * self.added - self.events[1],
        )

    def shares(self) -> tuple[float, float]:
        return (
            self.events[0] / (self.n[0] + 2.0 * self.added),
            self.events[1] / (self.n[1] + 2.0 * self.added),
        )

    def undefined(self, *, needs_nonevents: bool) -> str | None:
        if min(self.n) == 0:
            return _NOBODY
        cells = self.events + (self.nonevents() if needs_nonevents else ())
        if min(cells) > 0.0:
            return None
        which = "0 or 1" if needs_nonevents else "0"
        return (
            f"A proportion is exactly {which}, so the ratio is not defined. Report the risk difference, or pass "
            "continuity_correction=True, which WWC does not do."
        )

    def log_odds_ratio(self) -> float:
        non = self.nonevents()
        return math.log(self.events[0] / non[0]) - math.log(self.events[1] / non[1])

    def log_odds_ratio_se(self) -> float:
        return math.sqrt(sum(1.0 / cell for cell in self.events + self.nonevents()))


def _ratio(
    name: str,
    log_value: float,
    se: float,
    table: _Table,
    *,
    method: str,
    level: float,
    parameters: dict[str, Parameter],
) -> Effect:
    """Return the ratio whose logarithm is `log_value`, with the interval made on the log scale."""
    log_effect = symmetric_effect(
        name, log_value, se, n=table.n, method=method, level=check.level(level), parameters=parameters
    )
    if log_effect.interval is None:
        return log_effect
    low, high = log_effect.interval.low, log_effect.interval.high
    if max(-low, high) > _LARGEST_LOG:
        return no_effect(
            name,
            "A count is so near 0 that the interval would have no end.",
            n=table.n,
            method=method,
            parameters=parameters,
        )
    interval = Interval(low=math.exp(low), high=math.exp(high), level=level, method="log normal")
    return attrs.evolve(  # type: ignore[misc]
        log_effect, value=math.exp(log_value), interval=interval, se_scale="log"
    )


def _newcombe(table: _Table, level: float) -> Interval:
    one, two = (wilson(count, size, level=level) for count, size in zip(table.events, table.n, strict=True))
    shares = table.shares()
    return difference(shares[0], one, shares[1], two)


def _wald(gap: float, se: float, level: float) -> Interval:
    margin = two_sided_quantile(level) * se
    return Interval(low=gap - margin, high=gap + margin, level=level, method="Wald")


def _pooled_z(table: _Table) -> float | None:
    pooled = sum(table.events) / sum(table.n)
    se = math.sqrt(pooled * (1.0 - pooled) * (1.0 / table.n[0] + 1.0 / table.n[1]))
    one, two = table.shares()
    return (one - two) / se if se > 0.0 else None
