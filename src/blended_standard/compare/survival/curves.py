"""The Kaplan-Meier estimate of a survival curve, its quantiles and its intervals (Kaplan and Meier 1958)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import attrs
import numpy as np
import numpy.typing as npt

from blended_standard.compare.survival._bands import INTERVALS, IntervalMethod, band, first_passage
from blended_standard.compare.survival._inputs import Ints, Records, chosen_times, read_records, whole_numbers
from blended_standard.compare.survival._jackknife import jackknife_variance
from blended_standard.compare.survival.tables import AtRiskTable, RiskSets, tabulate
from blended_standard.errors import UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.numeric.intervals import normal_quantile
from blended_standard.results import Estimate, Interval, Result, Row, array, result


@result
class TimeQuantile(Result):
    """The time by which a share `probability` has had the event; `low` or `high` is None where not reached."""

    name: str
    probability: float
    value: float | None
    low: float | None
    high: float | None
    level: float
    method: str = ""
    reason: str | None = None


@result
class SurvivalCurve(Result):
    """One Kaplan-Meier curve: a step at each time with an event or a censoring."""

    title: ClassVar[str] = "Survival curve"
    group: str | None
    n: float
    n_events: float
    level: float
    interval_method: str
    variance: str
    last_time: float
    quantiles: tuple[TimeQuantile, ...]
    estimates: tuple[Estimate, ...]
    time: npt.NDArray[np.float64] = array()
    at_risk: npt.NDArray[np.float64] = array()
    events: npt.NDArray[np.float64] = array()
    censored: npt.NDArray[np.float64] = array()
    survival: npt.NDArray[np.float64] = array()
    se: npt.NDArray[np.float64] = array()
    low: npt.NDArray[np.float64] = array()
    high: npt.NDArray[np.float64] = array()

    @property
    def median(self) -> TimeQuantile:
        """The median time, with its interval."""
        return next(item for item in self.quantiles if item.probability == 0.5)

    def survival_at(self, time: float) -> Estimate:
        """Return the share still without the event just after `time`."""
        return _estimate_at(self, float(time))

    def rows(self) -> list[Row]:
        """Return one row a step."""
        names = ("time", "at_risk", "events", "censored", "survival", "se", "low", "high")
        columns = [getattr(self, name).tolist() for name in names]
        return [{"group": self.group, **dict(zip(names, line, strict=True))} for line in zip(*columns, strict=True)]


@result
class KaplanMeier(Result):
    """Kaplan-Meier curves, one a group."""

    title: ClassVar[str] = "Kaplan-Meier estimate"
    curves: tuple[SurvivalCurve, ...]

    def curve(self, group: object = None) -> SurvivalCurve:
        """Return the curve of `group`; without an argument, the only curve."""
        return pick(self.curves, group)

    @property
    def median(self) -> TimeQuantile:
        """The median of the only curve."""
        return self.curve().median

    def survival_at(self, time: float, group: object = None) -> Estimate:
        """Return the share still without the event just after `time`."""
        return self.curve(group).survival_at(time)

    def rows(self) -> list[Row]:
        """Return one row a group: size, events, median, and survival at the times asked for."""
        return [
            {
                "group": curve.group,
                "n": curve.n,
                "events": curve.n_events,
                "median": curve.median.value,
                "median_low": curve.median.low,
                "median_high": curve.median.high,
                **{item.name: item.value for item in curve.estimates},
            }
            for curve in self.curves
        ]


def kaplan_meier(
    times: npt.ArrayLike | None = None,
    events: npt.ArrayLike | None = None,
    *,
    groups: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    entry: npt.ArrayLike | None = None,
    table: AtRiskTable | None = None,
    at: npt.ArrayLike | None = None,
    probabilities: Sequence[float] = (0.25, 0.5, 0.75),
    interval: IntervalMethod = "log-log",
    variance: Literal["greenwood", "robust"] | None = None,
    level: float = 0.95,
) -> KaplanMeier:
    """Estimate the share still without the event as a function of time.

    Parameters
    ----------
    times : float array, shape (n,)
        Time from the start to the event or to the end of observation. No missing values.
    events : array of 0/1 or bool, shape (n,)
        1 where the event was seen, 0 where the record was censored.
    groups : array, shape (n,), optional
        Labels; a curve is made for each.
    weights : float array, shape (n,), optional
        Counts (a record stands for so many), or sampling weights.
    entry : float array, shape (n,), optional
        Time at which observation began (left truncation).
    table : AtRiskTable, optional
        Counts instead of records; every kind of event in it counts as the event.
    at : float or array, optional
        Times at which the survival is reported as estimates.
    probabilities : sequence of float
        Shares of the quantiles of time; the median is always given.
    interval : {"log-log", "log", "plain", "logit", "arcsine"}
        Scale of the pointwise intervals. R's default is "log"; "log-log" covers better in small samples.
    variance : {"greenwood", "robust"}, optional
        "robust" is the infinitesimal jackknife, for weights that are not counts; it needs records. Default:
        "robust" where a weight is not a whole number, else "greenwood".
    level : float
        Confidence level.

    Returns
    -------
    KaplanMeier
        `curves`, one a group, with steps, standard errors, intervals, quantiles and the estimates asked for.

    Raises
    ------
    UsageError
        Missing values, events other than 0 and 1, or neither records nor a table.

    Notes
    -----
    S(t) = prod (1 - d/n); Greenwood variance S^2 sum d/(n(n-d)). Quantiles are the first time at which the curve is
    at or below 1 - p (the middle of a part that is flat there); their limits invert the same band. Where S is 0 or 1
    the interval has no width and its method says "degenerate". Sources: Kaplan and Meier (1958); Greenwood (1926);
    Brookmeyer and Crowley (1982). Equal to R `survival::survfit` 3.5-3.

    Examples
    --------
    >>> months = [2, 3, 4, 4, 6, 8, 10, 12, 12, 12]
    >>> left = [1, 0, 1, 1, 0, 1, 0, 0, 0, 0]
    >>> fit = kaplan_meier(months, left, at=[8])
    >>> round(fit.survival_at(8).value, 4), round(fit.survival_at(8).se, 4)
    (0.54, 0.1731)
    """
    z = normal_quantile(level)
    check.one_of("interval", interval, INTERVALS)
    if variance is not None:
        check.one_of("variance", variance, ("greenwood", "robust"))
    shares = _shares(probabilities)
    moments = chosen_times(at)
    if table is None:
        records = _records(times, events, groups, weights, entry)
        table = tabulate(records)
        variance = variance or ("greenwood" if whole_numbers(records.weights) else "robust")
    else:
        records = None
        only_table(times, events, groups, weights, entry)
        if variance == "robust":
            raise UsageError('variance="robust" needs records, and a table was given. Use variance="greenwood".')
        variance = "greenwood"
    curves = []
    for index, part in enumerate(table.groups):
        steps = steps_of(part)
        if variance == "robust" and records is not None:
            se = _robust_se(steps, records_of_group(records, index))
        else:
            se = steps.survival * np.sqrt(steps.hazard_variance)
        curves.append(_curve(part, steps, se, z, level, interval, variance, shares, moments))
    return KaplanMeier(curves=tuple(curves))


class Steps:
    """A product-limit curve of one group before intervals: all events together."""

    def __init__(self, part: RiskSets, events: Floats) -> None:
        keep = (events > 0) | (part.censored > 0)
        self.time = part.time[keep]
        self.at_risk = part.at_risk[keep]
        self.events = events[keep]
        self.censored = part.censored[keep]
        left = self.at_risk - self.events
        share = np.divide(left, self.at_risk, out=np.ones_like(left), where=self.at_risk > 0)
        share[left <= 1e-12 * self.at_risk] = 0.0
        self.survival: Floats = np.cumprod(share, dtype=np.float64)
        # The last set with d = n ends the curve at 0 and adds nothing.
        safe = left > 1e-12 * self.at_risk
        terms = np.divide(self.events, self.at_risk * left, out=np.zeros_like(left), where=safe)
        self.hazard_variance: Floats = np.cumsum(terms)
        self.terms: Floats = terms


def steps_of(part: RiskSets) -> Steps:
    """Return the product-limit curve of a group, every cause counting."""
    return Steps(part, part.events.sum(axis=1))


def read_table(
    times: npt.ArrayLike | None,
    events: npt.ArrayLike | None,
    groups: npt.ArrayLike | None,
    weights: npt.ArrayLike | None,
    entry: npt.ArrayLike | None,
    table: AtRiskTable | None,
) -> AtRiskTable:
    """Return the table given, or the one of the records."""
    if table is None:
        return tabulate(_records(times, events, groups, weights, entry))
    only_table(times, events, groups, weights, entry)
    return table


def pick(curves: Sequence[SurvivalCurve], group: object) -> SurvivalCurve:
    """Return the curve of `group`, or the only one."""
    if group is None and len(curves) == 1:
        return curves[0]
    for curve in curves:
        if curve.group == (None if group is None else str(group)):
            return curve
    raise UsageError(f"group={group!r} is not one of {', '.join(repr(curve.group) for curve in curves)}.")


def _curve(
    part: RiskSets,
    steps: Steps,
    se: Floats,
    z: float,
    level: float,
    interval: str,
    variance: str,
    shares: tuple[float, ...],
    moments: Floats,
) -> SurvivalCurve:
    low, high = band(steps.survival, se, z, interval)
    made = SurvivalCurve(
        group=part.group,
        n=part.n,
        n_events=float(steps.events.sum()),
        level=level,
        interval_method=interval,
        variance=variance,
        last_time=float(part.time[-1]),
        quantiles=tuple(_quantile(steps, low, high, share, level, interval) for share in shares),
        estimates=(),
        time=steps.time,
        at_risk=steps.at_risk,
        events=steps.events,
        censored=steps.censored,
        survival=steps.survival,
        se=se,
        low=low,
        high=high,
    )
    estimates = tuple(_estimate_at(made, float(moment)) for moment in moments)
    finished: SurvivalCurve = attrs.evolve(made, estimates=estimates)  # type: ignore[misc]
    return finished


def _quantile(steps: Steps, low: Floats, high: Floats, share: float, level: float, interval: str) -> TimeQuantile:
    inside = steps.survival > 0
    value = first_passage(steps.time, steps.survival, 1 - share)
    reason = None
    if value is None:
        lowest = steps.survival[-1] if steps.survival.size else 1.0
        reason = f"The curve ends at {lowest:.3g}, above {1 - share:.3g}: this quantile is not reached yet."
    return TimeQuantile(
        name="median" if share == 0.5 else f"quantile {share:g}",
        probability=share,
        value=value,
        low=first_passage(steps.time[inside], low[inside], 1 - share),
        high=first_passage(steps.time[inside], high[inside], 1 - share),
        level=level,
        method=interval,
        reason=reason,
    )


def _estimate_at(curve: SurvivalCurve, time: float) -> Estimate:
    name = f"survival at {time:g}"
    method = f"Kaplan-Meier, {curve.variance} variance, {curve.interval_method} interval"
    last = curve.survival[-1] if curve.survival.size else 1.0
    if time > curve.last_time and last > 0:
        reason = f"Observation ends at {curve.last_time:g}, before {time:g}. Ask for an earlier time."
        return Estimate(name=name, value=None, method=method, reason=reason)
    step = int(np.searchsorted(curve.time, time, side="right")) - 1
    value, se, low, high = (
        (1.0, 0.0, 1.0, 1.0)
        if step < 0
        else (
            float(curve.survival[step]),
            float(curve.se[step]),
            float(curve.low[step]),
            float(curve.high[step]),
        )
    )
    kind = curve.interval_method if 0 < value < 1 else f"{curve.interval_method} (degenerate)"
    return Estimate(
        name=name,
        value=value,
        se=se,
        interval=Interval(low=low, high=high, level=curve.level, method=kind),
        method=method,
    )


def _robust_se(steps: Steps, records: Records) -> Floats:
    """Infinitesimal jackknife: each record's derivative of S, squared, times its squared weight."""
    last = np.searchsorted(steps.time, records.times)
    hazard = steps.hazard_variance
    start: Floats = np.zeros(last.size)
    first: Ints = np.zeros(last.size, dtype=np.intp)
    if records.entry is not None:
        first = np.searchsorted(steps.time, records.entry, side="right")
        start = np.concatenate([[0.0], hazard])[first]
    left = (steps.at_risk - steps.events)[last]
    counts = (records.cause >= 0) & (steps.survival[last] > 0)
    own = np.divide(1.0, left, out=np.zeros(left.size), where=counts)
    nothing = np.zeros(last.size)
    during = np.column_stack([-start, np.ones(last.size)])
    after = np.column_stack([hazard[last] - start - own, nothing])
    basis = np.vstack([np.ones(hazard.size), hazard])
    made: Floats = steps.survival * np.sqrt(jackknife_variance(basis, first, last, during, after, records.weights))
    return made


def records_of_group(records: Records, index: int) -> Records:
    """Return the records of one group."""
    own = records.group == index
    return attrs.evolve(
        records,
        times=records.times[own],
        cause=records.cause[own],
        entry=None if records.entry is None else records.entry[own],
        weights=records.weights[own],
        group=records.group[own],
    )


def _shares(probabilities: Sequence[float]) -> tuple[float, ...]:
    shares = sorted({0.5, *(float(share) for share in probabilities)})
    if not all(0 < share < 1 for share in shares):
        raise UsageError(f"probabilities={tuple(probabilities)!r} must lie between 0 and 1.")
    return tuple(shares)


def _records(
    times: npt.ArrayLike | None,
    events: npt.ArrayLike | None,
    groups: npt.ArrayLike | None,
    weights: npt.ArrayLike | None,
    entry: npt.ArrayLike | None,
) -> Records:
    if times is None or events is None:
        raise UsageError("Pass times and events, or table= with an at-risk table.")
    return read_records(times, events, groups=groups, weights=weights, entry=entry)


def only_table(*others: object) -> None:
    """Refuse records beside a table."""
    if any(other is not None for other in others):
        raise UsageError("table= was given together with records. Pass records or a table, not both.")
