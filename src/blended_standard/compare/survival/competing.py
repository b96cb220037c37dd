"""Cumulative incidence of competing events by the Aalen-Johansen estimate (Aalen and Johansen 1978)."""

from __future__ import annotations

from typing import ClassVar, Literal

import attrs
import numpy as np
import numpy.typing as npt

from blended_standard.compare.survival._bands import INTERVALS, IntervalMethod, band
from blended_standard.compare.survival._incidence import (
    IncidenceSteps,
    aalen_variance,
    delta_variance,
    jackknife_incidence_variance,
    records_of_table,
)
from blended_standard.compare.survival._inputs import chosen_times, read_records, whole_numbers
from blended_standard.compare.survival.curves import only_table, records_of_group
from blended_standard.compare.survival.tables import AtRiskTable, tabulate
from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.numeric.intervals import normal_quantile
from blended_standard.results import Estimate, Interval, Result, Row, array, result

VarianceMethod = Literal["aalen", "delta", "infinitesimal_jackknife"]


@result
class IncidenceCurve(Result):
    """The cumulative incidence of one cause in one group: a step at each time with an event of any cause."""

    title: ClassVar[str] = "Cumulative incidence curve"
    group: str | None
    cause: str
    n: float
    n_events: float
    level: float
    interval_method: str
    variance: str
    last_time: float
    estimates: tuple[Estimate, ...]
    time: npt.NDArray[np.float64] = array()
    at_risk: npt.NDArray[np.float64] = array()
    events: npt.NDArray[np.float64] = array()
    incidence: npt.NDArray[np.float64] = array()
    se: npt.NDArray[np.float64] = array()
    low: npt.NDArray[np.float64] = array()
    high: npt.NDArray[np.float64] = array()
    event_free: npt.NDArray[np.float64] = array()

    def incidence_at(self, time: float) -> Estimate:
        """Return the share with an event of this cause by `time`."""
        return _estimate_at(self, float(time))

    def rows(self) -> list[Row]:
        """Return one row a step."""
        names = ("time", "at_risk", "events", "incidence", "se", "low", "high", "event_free")
        columns = [getattr(self, name).tolist() for name in names]
        lines = zip(*columns, strict=True)
        return [{"group": self.group, "cause": self.cause, **dict(zip(names, line, strict=True))} for line in lines]


@result
class CumulativeIncidence(Result):
    """Cumulative incidence curves, one a group and cause."""

    title: ClassVar[str] = "Cumulative incidence"
    causes: tuple[str, ...]
    groups: tuple[str | None, ...]
    curves: tuple[IncidenceCurve, ...]

    def curve(self, cause: object = None, group: object = None) -> IncidenceCurve:
        """Return the curve of `cause` in `group`; both may be left out where there is one."""
        wanted = self.causes[0] if cause is None and len(self.causes) == 1 else str(cause)
        place = self.groups[0] if group is None and len(self.groups) == 1 else (None if group is None else str(group))
        for curve in self.curves:
            if curve.cause == wanted and curve.group == place:
                return curve
        raise UsageError(
            f"There is no curve of cause={cause!r}, group={group!r}: causes are {self.causes}, groups {self.groups}."
        )

    def incidence_at(self, time: float, cause: object = None, group: object = None) -> Estimate:
        """Return the share with an event of `cause` by `time`."""
        return self.curve(cause, group).incidence_at(time)

    def rows(self) -> list[Row]:
        """Return one row a curve: size, events, last value, and the incidence at the times asked for."""
        return [
            {
                "group": curve.group,
                "cause": curve.cause,
                "n": curve.n,
                "events": curve.n_events,
                "last": float(curve.incidence[-1]) if curve.incidence.size else 0.0,
                **{f"by {item.name.rsplit(' ', 1)[-1]}": item.value for item in curve.estimates},
            }
            for curve in self.curves
        ]


def cumulative_incidence(
    times: npt.ArrayLike | None = None,
    events: npt.ArrayLike | None = None,
    *,
    groups: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    entry: npt.ArrayLike | None = None,
    censored: int | str = 0,
    table: AtRiskTable | None = None,
    at: npt.ArrayLike | None = None,
    variance: VarianceMethod | None = None,
    interval: IntervalMethod = "log-log",
    level: float = 0.95,
) -> CumulativeIncidence:
    """Estimate, for each kind of event, the share who have had it by each time while others compete with it.

    Parameters
    ----------
    times : float array, shape (n,)
        Time from the start to the first event or to the end of observation. No missing values.
    events : array, shape (n,)
        The value `censored`, or the code (number or text) of the event that came first.
    groups : array, shape (n,), optional
        Labels; curves are made for each.
    weights : float array, shape (n,), optional
        Counts (a record stands for so many), or sampling weights.
    entry : float array, shape (n,), optional
        Time at which observation began (left truncation).
    censored : int or str
        The code that means that no event was seen.
    table : AtRiskTable, optional
        Counts instead of records.
    at : float or array, optional
        Times at which the incidence is reported as estimates.
    variance : {"aalen", "delta", "infinitesimal_jackknife"}, optional
        "aalen" as R `cmprsk::cuminc`; "delta" the delta method of Dinse and Larson; "infinitesimal_jackknife" as R
        `survival::survfit`. Default: "infinitesimal_jackknife" where a weight is not a whole number, else "aalen".
    interval : {"log-log", "log", "plain", "logit", "arcsine"}
        Scale of the pointwise intervals. R's `survfit` has "log".
    level : float
        Confidence level.

    Returns
    -------
    CumulativeIncidence
        `curves`, one a group and cause; at each time they and `event_free` add up to 1.

    Raises
    ------
    UsageError
        Missing values, lengths that differ, or a variance that the input cannot give.
    NotEstimableError
        No event at all: every record is censored.

    Notes
    -----
    F_k(t) = sum of S(t-) d_k/n. Events of several causes at one time are no difficulty: nothing is moved apart.

    Examples
    --------
    >>> fit = cumulative_incidence([1, 2, 3, 4, 5, 6], [0, 1, 1, 2, 2, 0])
    >>> [round(fit.incidence_at(6, cause=k).value, 10) for k in (1, 2)]
    [0.4, 0.4]
    """
    z = normal_quantile(level)
    check.one_of("interval", interval, INTERVALS)
    if variance is not None:
        check.one_of("variance", variance, ("aalen", "delta", "infinitesimal_jackknife"))
    moments = chosen_times(at)
    records = None
    if table is None:
        if times is None or events is None:
            raise UsageError("Pass times and events, or table= with an at-risk table.")
        records = read_records(
            times, events, groups=groups, weights=weights, entry=entry, censored=censored, competing=True
        )
        table = tabulate(records)
        variance = variance or ("aalen" if whole_numbers(records.weights) else "infinitesimal_jackknife")
    else:
        variance = variance or "aalen"
        only_table(times, events, groups, weights, entry)
    if not table.causes:
        raise NotEstimableError(
            f"Every record is censored (events all equal {censored!r}): no event was seen, so that there is no "
            "incidence to estimate. Follow longer, or check the code of censoring."
        )
    curves: list[IncidenceCurve] = []
    for index, part in enumerate(table.groups):
        steps = IncidenceSteps(part)
        own = None
        if variance == "infinitesimal_jackknife":
            own = records_of_table(part) if records is None else records_of_group(records, index)
        for k, cause in enumerate(table.causes):
            if own is not None:
                spread = jackknife_incidence_variance(steps, k, own)
            else:
                spread = (aalen_variance if variance == "aalen" else delta_variance)(steps, k)
            made = _curve(steps, k, np.sqrt(np.maximum(spread, 0.0)), z, interval)
            curves.append(
                _finished(
                    IncidenceCurve(
                        group=part.group,
                        cause=cause,
                        n=part.n,
                        n_events=float(part.events[:, k].sum()),
                        level=level,
                        interval_method=interval,
                        variance=variance,
                        last_time=float(part.time[-1]),
                        estimates=(),
                        **made,
                    ),
                    moments,
                )
            )
    labels = tuple(part.group for part in table.groups)
    return CumulativeIncidence(causes=table.causes, groups=labels, curves=tuple(curves))


def _curve(steps: IncidenceSteps, k: int, se: Floats, z: float, interval: str) -> dict[str, Floats]:
    incidence = steps.incidence(k)
    low, high = band(incidence, se, z, interval)
    return {
        "time": steps.time,
        "at_risk": steps.at_risk,
        "events": steps.events[:, k],
        "incidence": incidence,
        "se": se,
        "low": low,
        "high": high,
        "event_free": steps.survival,
    }


def _finished(curve: IncidenceCurve, moments: Floats) -> IncidenceCurve:
    estimates = tuple(_estimate_at(curve, float(moment)) for moment in moments)
    finished: IncidenceCurve = attrs.evolve(curve, estimates=estimates)  # type: ignore[misc]
    return finished


def _estimate_at(curve: IncidenceCurve, time: float) -> Estimate:
    name = f"cumulative incidence of {curve.cause} by {time:g}"
    method = f"Aalen-Johansen, {curve.variance} variance, {curve.interval_method} interval"
    rest = curve.event_free[-1] if curve.event_free.size else 1.0
    if time > curve.last_time and rest > 0:
        reason = f"Observation ends at {curve.last_time:g}, before {time:g}. Ask for an earlier time."
        return Estimate(name=name, value=None, method=method, reason=reason)
    step = int(np.searchsorted(curve.time, time, side="right")) - 1
    columns = (curve.incidence, curve.se, curve.low, curve.high)
    value, se, low, high = (float(column[step]) if step >= 0 else 0.0 for column in columns)
    kind = curve.interval_method if 0 < value < 1 else f"{curve.interval_method} (degenerate)"
    interval = Interval(low=low, high=high, level=curve.level, method=kind)
    return Estimate(name=name, value=value, se=se, interval=interval, n=round(curve.n), method=method)
