"""Hazards in whole periods: the life table, and regression on person-periods (Singer and Willett 2003, ch. 10-12)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from blended_standard.compare.survival._inputs import Ints
from blended_standard.compare.survival.curves import Steps, read_table
from blended_standard.compare.survival.tables import AtRiskTable, RiskSets
from blended_standard.compare.validity._models import columns, logistic
from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.numeric.intervals import normal_quantile
from blended_standard.results import Estimate, Interval, Result, Row, array, result


@result
class LifeTable(Result):
    """A life table of one group: one row an interval; `survival` is at the end of the interval."""

    title: ClassVar[str] = "Life table"
    group: str | None
    method: str
    start: npt.NDArray[np.float64] = array()
    end: npt.NDArray[np.float64] = array()
    at_risk: npt.NDArray[np.float64] = array()
    events: npt.NDArray[np.float64] = array()
    censored: npt.NDArray[np.float64] = array()
    effective: npt.NDArray[np.float64] = array()
    hazard: npt.NDArray[np.float64] = array()
    hazard_se: npt.NDArray[np.float64] = array()
    survival: npt.NDArray[np.float64] = array()
    survival_se: npt.NDArray[np.float64] = array()

    def rows(self) -> list[Row]:
        """Return one row an interval."""
        counted = ("start", "end", "at_risk", "events", "censored", "effective")
        names = (*counted, "hazard", "hazard_se", "survival", "survival_se")
        lines = zip(*(getattr(self, name).tolist() for name in names), strict=True)
        return [{"group": self.group, **dict(zip(names, line, strict=True))} for line in lines]


@result
class LifeTables(Result):
    """Life tables, one a group."""

    title: ClassVar[str] = "Life tables"
    tables: tuple[LifeTable, ...]

    def table(self, group: object = None) -> LifeTable:
        """Return the life table of `group`; without an argument, the only one."""
        if group is None and len(self.tables) == 1:
            return self.tables[0]
        for item in self.tables:
            if item.group == (None if group is None else str(group)):
                return item
        raise UsageError(f"group={group!r} is not one of {', '.join(repr(item.group) for item in self.tables)}.")

    def rows(self) -> list[Row]:
        """Return one row a group and interval."""
        return [row for item in self.tables for row in item.rows()]


@result
class DiscreteTimeHazard(Result):
    """Hazards a period, and coefficients of covariates on the scale of `link`.

    `hazard` and `survival` are those of the sample (events over those at risk); `baseline` holds the period
    intercepts of the regression, in the order of `baseline_periods`.
    """

    title: ClassVar[str] = "Discrete-time hazard"
    link: str
    n: float
    n_events: float
    log_likelihood: float
    coefficients: tuple[Estimate, ...]
    period: npt.NDArray[np.float64] = array()
    at_risk: npt.NDArray[np.float64] = array()
    events: npt.NDArray[np.float64] = array()
    hazard: npt.NDArray[np.float64] = array()
    hazard_se: npt.NDArray[np.float64] = array()
    survival: npt.NDArray[np.float64] = array()
    survival_se: npt.NDArray[np.float64] = array()
    baseline_periods: npt.NDArray[np.float64] = array()
    baseline: npt.NDArray[np.float64] = array()

    def rows(self) -> list[Row]:
        """Return one row a period."""
        names = ("period", "at_risk", "events", "hazard", "hazard_se", "survival", "survival_se")
        lines = zip(*(getattr(self, name).tolist() for name in names), strict=True)
        return [dict(zip(names, line, strict=True)) for line in lines]


def life_table(
    times: npt.ArrayLike | None = None,
    events: npt.ArrayLike | None = None,
    *,
    breaks: npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    entry: npt.ArrayLike | None = None,
    table: AtRiskTable | None = None,
    exposure: float = 0.5,
) -> LifeTables:
    """Tabulate events by intervals of time, such as weeks or terms.

    Parameters
    ----------
    times, events, groups, weights, entry, table
        As in `kaplan_meier`.
    breaks : float array
        Rising limits; an interval holds its start and not its end. The last may be beyond the data.
    exposure : float
        The part of an interval that those censored (or entering late) in it are taken to be at risk; 0.5 is the
        actuarial convention, 1 counts the censored in full.

    Returns
    -------
    LifeTables
        Conditional probabilities of the event with sqrt(q(1-q)/n'), and survival with Greenwood errors.

    Raises
    ------
    UsageError
        Breaks that do not rise, or times before the first or at or after the last.

    Examples
    --------
    >>> found = life_table([1, 1, 2, 3, 3, 5], [1, 0, 1, 1, 0, 0], breaks=[0, 2, 4, 6]).table()
    >>> found.effective.tolist(), found.hazard.round(4).tolist()
    ([5.5, 3.5, 0.5], [0.1818, 0.5714, 0.0])
    """
    edges = check.vector("breaks", breaks)
    if edges.size < 2 or (np.diff(edges) <= 0).any():
        raise UsageError("breaks must hold two limits or more that rise.")
    if not 0 <= exposure <= 1:
        raise UsageError(f"exposure={exposure!r} is not between 0 and 1.")
    known = read_table(times, events, groups, weights, entry, table)
    return LifeTables(tables=tuple(_one_life_table(part, edges, exposure) for part in known.groups))


def discrete_time_hazard(
    periods: npt.ArrayLike | None = None,
    events: npt.ArrayLike | None = None,
    *,
    covariates: npt.ArrayLike | None = None,
    covariate_names: Sequence[str] | None = None,
    weights: npt.ArrayLike | None = None,
    table: AtRiskTable | None = None,
    link: Literal["logit", "cloglog"] = "logit",
    level: float = 0.95,
) -> DiscreteTimeHazard:
    """Model the chance of the event in each whole period, given none before.

    Parameters
    ----------
    periods : int array, shape (n,)
        The period (1, 2, ...) in which the event happened, or the last in which the learner was observed throughout.
    events : array of 0/1 or bool, shape (n,)
    covariates : float array, shape (n,) or (n, p), optional
        Characteristics that do not change over periods; their effect is the same in all.
    covariate_names : sequence of str, optional
    weights : float array, shape (n,), optional
        Counts.
    table : AtRiskTable, optional
        Counts instead of records, without covariates; its groups are pooled and each of its times is a period.
    link : {"logit", "cloglog"}
        Log odds of the hazard (proportional odds), or complementary log-log (proportional hazards of grouped time).
    level : float
        Confidence level.

    Returns
    -------
    DiscreteTimeHazard
        The person-period regression with an intercept a period. Periods in which none or all have the event have no
        finite intercept; they say nothing about the covariates and are left out of the regression.

    Raises
    ------
    UsageError
        Periods that are not whole numbers of 1 or more.
    NotEstimableError
        No event, or covariates that separate those with the event.

    Examples
    --------
    >>> fit = discrete_time_hazard([1, 2, 2, 3, 3, 3], [1, 1, 0, 1, 0, 0])
    >>> fit.hazard.round(4).tolist(), fit.survival.round(4).tolist()
    ([0.1667, 0.2, 0.3333], [0.8333, 0.6667, 0.4444])
    """
    z = normal_quantile(level)
    check.one_of("link", link, ("logit", "cloglog"))
    known = read_table(periods, events, None, weights, None, table)
    part = known.pooled().groups[0]
    if (part.time < 1).any() or (part.time != np.rint(part.time)).any():
        raise UsageError("periods must be whole numbers of 1 or more: the number of the period, not a length of time.")
    steps = Steps(part, part.events.sum(axis=1))
    if not steps.events.any():
        raise NotEstimableError("No event was seen: the hazard is 0 in every period and cannot be modeled.")
    hazard = steps.events / steps.at_risk
    x = columns(covariates, "covariates", 0 if periods is None else np.asarray(periods).size)
    names = tuple(covariate_names) if covariate_names else tuple(f"covariate {i + 1}" for i in range(x.shape[1]))
    if len(names) != x.shape[1]:
        raise UsageError(f"covariate_names has {len(names)} names and there are {x.shape[1]} covariates.")
    inside = (hazard > 0) & (hazard < 1)
    if x.shape[1]:
        baseline, estimates, value = _regression(
            check.vector("periods", periods if periods is not None else []),
            check.vector("events", np.asarray(events)),
            None if weights is None else check.vector("weights", weights),
            x,
            steps.time[inside],
            link,
            z,
            level,
            names,
        )
    else:
        baseline = np.log(hazard[inside] / (1 - hazard[inside]))
        if link == "cloglog":
            baseline = np.log(-np.log1p(-hazard[inside]))
        spread = steps.events * np.log(np.where(hazard > 0, hazard, 1.0))
        spread += (steps.at_risk - steps.events) * np.log1p(-np.where(hazard < 1, hazard, 0.0))
        estimates, value = (), float(spread.sum())
    return DiscreteTimeHazard(
        link=link,
        n=part.n,
        n_events=float(steps.events.sum()),
        log_likelihood=value,
        coefficients=estimates,
        period=steps.time,
        at_risk=steps.at_risk,
        events=steps.events,
        hazard=hazard,
        hazard_se=np.sqrt(hazard * (1 - hazard) / steps.at_risk),
        survival=steps.survival,
        survival_se=steps.survival * np.sqrt(steps.hazard_variance),
        baseline_periods=steps.time[inside],
        baseline=baseline,
    )


def _one_life_table(part: RiskSets, edges: Floats, exposure: float) -> LifeTable:
    events = part.events.sum(axis=1)
    moving = (events > 0) | (part.censored > 0) | (part.entered > 0)
    inside = (part.time >= edges[0]) & (part.time < edges[-1])
    if (moving & ~inside).any() and part.time[moving & ~inside].min() < edges[0]:
        raise UsageError(f"breaks start at {edges[0]:g}, after the first time {part.time[moving].min():g}.")
    if (moving & ~inside).any():
        raise UsageError(
            f"breaks end at {edges[-1]:g}, and the last time is {part.time[moving].max():g}: go beyond it."
        )
    place = np.clip(np.searchsorted(edges, part.time, side="right") - 1, 0, edges.size - 2)
    count = edges.size - 1
    columns_ = (events, part.censored, part.entered)
    deaths, gone, late = (np.bincount(place, weights=each, minlength=count).astype(np.float64) for each in columns_)
    before = np.concatenate([[0.0], np.cumsum(deaths + gone - late)[:-1]])
    at_risk = part.initial - before
    effective = at_risk - (1 - exposure) * gone + exposure * late
    hazard = np.divide(deaths, effective, out=np.zeros(count), where=effective > 0)
    spread = np.divide(hazard * (1 - hazard), effective, out=np.zeros(count), where=effective > 0)
    survival = np.cumprod(1 - hazard)
    left = effective - deaths
    terms = np.divide(deaths, effective * left, out=np.zeros(count), where=(effective > 0) & (left > 1e-12))
    return LifeTable(
        group=part.group,
        method="actuarial" if exposure == 0.5 else f"exposure {exposure:g}",
        start=edges[:-1],
        end=edges[1:],
        at_risk=at_risk,
        events=deaths,
        censored=gone,
        effective=effective,
        hazard=hazard,
        hazard_se=np.sqrt(np.maximum(spread, 0.0)),
        survival=survival,
        survival_se=survival * np.sqrt(np.cumsum(terms)),
    )


def _regression(
    periods: Floats,
    events: Floats,
    weights: Floats | None,
    x: Floats,
    used: Floats,
    link: str,
    z: float,
    level: float,
    names: Sequence[str],
) -> tuple[Floats, tuple[Estimate, ...], float]:
    """Fit one row a learner and period at risk, with an intercept for each period in use."""
    person: Ints
    period: Ints
    person, period = np.nonzero(periods[:, None] >= used[None, :])
    happened = (events[person] == 1) & (periods[person] == used[period])
    count = np.ones(person.size) if weights is None else weights[person]
    middle = x.mean(axis=0)
    design = np.column_stack([(period[:, None] == np.arange(used.size)).astype(np.float64), (x - middle)[person]])
    columns_of = (*(f"period {number:g}" for number in used.tolist()), *names)
    fit = logistic(design, happened * count, trials=count, link=link, names=columns_of)
    slopes = fit.beta[used.size :]
    estimates = []
    for name, value, variance in zip(
        names, slopes.tolist(), np.diag(fit.covariance)[used.size :].tolist(), strict=True
    ):
        from scipy.special import ndtr

        se = variance**0.5
        estimates.append(
            Estimate(
                name=name,
                value=value,
                se=se,
                interval=Interval(low=value - z * se, high=value + z * se, level=level, method="Wald"),
                p_value=float(2 * ndtr(-abs(value / se))),
                n=periods.size,
                method=f"person-period regression, {link}",
            )
        )
    return fit.beta[: used.size] - middle @ slopes, tuple(estimates), fit.log_likelihood
