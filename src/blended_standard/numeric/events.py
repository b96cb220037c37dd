"""Time to event from a table of counts: Kaplan-Meier and Aalen-Johansen at one horizon.

Sources: Kaplan and Meier (1958); Greenwood (1926); Aalen and Johansen (1978), with the delta-method variance of
Marubini and Valsecchi (1995, section 10.2).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from itertools import zip_longest

import attrs

from blended_standard.numeric.intervals import normal_quantile, wilson
from blended_standard.results import Interval

CENSORED, EVENT, COMPETING = 0, 1, 2


@attrs.frozen
class EventTable:
    """How many units left at each time and how: (time, code) to count. Addition merges disjoint units."""

    counts: Mapping[tuple[int, int], int]

    @property
    def n(self) -> int:
        """The number of units."""
        return sum(self.counts.values())

    def __add__(self, other: EventTable) -> EventTable:
        return EventTable(dict(Counter(self.counts) + Counter(other.counts)))

    def events(self) -> int:
        """The number of units with the event of interest."""
        return sum(count for (_, code), count in self.counts.items() if code == EVENT)

    def reaches(self, horizon: int) -> bool:
        """Say whether the curve is known at `horizon`: somebody was followed so far, or nobody was left by then."""
        last = max((time for time, _ in self.counts), default=0)
        return last >= horizon or (bool(self.counts) and not self.counts.get((last, CENSORED)))

    def followed_to(self, horizon: int) -> int:
        """The number of units whose time reaches `horizon`."""
        return sum(count for (time, _), count in self.counts.items() if time >= horizon)


@attrs.frozen
class AtHorizon:
    """A probability at the horizon, or a mean up to it, with its standard error and interval."""

    value: float
    se: float
    interval: Interval


def survival(table: EventTable, horizon: int, *, level: float = 0.95) -> AtHorizon:
    """Kaplan-Meier probability of no event up to and including `horizon`, Greenwood error, log-log interval.

    Examples
    --------
    >>> table = EventTable({(2, 1): 1, (3, 0): 1, (4, 1): 2, (6, 0): 1, (8, 1): 1, (10, 0): 1, (12, 0): 3})
    >>> at = survival(table, 4)
    >>> round(at.value, 4), round(at.se, 4)
    (0.675, 0.1551)
    """
    value, greenwood = 1.0, 0.0
    for at_risk, events, _ in _steps(table, horizon):
        value *= 1 - events / at_risk
        if at_risk > events:
            greenwood += events / (at_risk * (at_risk - events))
    se = value * math.sqrt(greenwood)
    return AtHorizon(value, se, _log_log(value, se, table, horizon, level))


def incidence(table: EventTable, horizon: int, *, level: float = 0.95) -> AtHorizon:
    """Aalen-Johansen probability of the event, before any competing one, up to and including `horizon`."""
    steps = list(_steps(table, horizon))
    free, value = 1.0, 0.0
    path: list[tuple[float, float]] = []
    for at_risk, events, competing in steps:
        value += free * events / at_risk
        path.append((free, value))
        free *= 1 - (events + competing) / at_risk
    variance = 0.0
    for (at_risk, events, competing), (before, reached) in zip(steps, path, strict=True):
        left, gone = value - reached, events + competing
        if at_risk > gone:
            variance += left**2 * gone / (at_risk * (at_risk - gone))
        variance += before**2 * (at_risk - events) * events / at_risk**3
        variance -= 2 * left * before * events / at_risk**2
    se = math.sqrt(max(variance, 0.0))
    return AtHorizon(value, se, _log_log(value, se, table, horizon, level))


def restricted_mean(table: EventTable, horizon: int, *, level: float = 0.95) -> AtHorizon:
    """Mean time to the event restricted to `horizon`: the area under the Kaplan-Meier curve up to there.

    The error is Greenwood's of the area (Klein and Moeschberger 2003, section 4.5), the interval normal inside 0 and
    the horizon.

    Examples
    --------
    >>> table = EventTable({(2, 1): 1, (3, 0): 1, (4, 1): 2, (6, 0): 1, (8, 1): 1, (10, 0): 1, (12, 0): 3})
    >>> at = restricted_mean(table, 12)
    >>> round(at.value, 2), round(at.se, 4)
    (8.66, 1.3078)
    """
    times = [time for time in _event_times(table) if time <= horizon]
    steps = [(at_risk, events) for at_risk, events, _ in _steps(table, horizon)]
    curve, value = [], 1.0
    for at_risk, events in steps:
        value *= 1 - events / at_risk
        curve.append(value)
    ends = [*times, horizon]
    areas = [height * (end - begin) for height, begin, end in zip(curve, times, ends[1:], strict=True)]
    mean = ends[0] + math.fsum(areas)
    variance = math.fsum(
        math.fsum(areas[place:]) ** 2 * events / (at_risk * (at_risk - events))
        for place, (at_risk, events) in enumerate(steps)
        if at_risk > events
    )
    se = math.sqrt(variance)
    half = normal_quantile(level) * se
    interval = Interval(low=max(0.0, mean - half), high=min(float(horizon), mean + half), level=level, method="normal")
    return AtHorizon(mean, se, interval)


@attrs.frozen
class AtHalf:
    """The time by which half have had the event; None while the curve stays above one half."""

    value: float | None
    interval: Interval | None


def median_time(table: EventTable, *, level: float = 0.95) -> AtHalf:
    """Kaplan-Meier median, with the interval of Brookmeyer and Crowley (1982) on the log-log scale.

    Where the curve is exactly one half the median is the middle of the flat part, as R's survfit has it. The interval
    is None when its upper end is not reached.

    Examples
    --------
    >>> median_time(EventTable({(2, 1): 1, (3, 0): 1, (4, 1): 2, (6, 0): 1, (8, 1): 1})).value
    4.0
    """
    curve: list[tuple[int, float, float, float]] = []
    value, greenwood, z = 1.0, 0.0, normal_quantile(level)
    for time, (at_risk, events, competing) in zip(_event_times(table), _steps(table, _last(table)), strict=True):
        value *= 1 - (events + competing) / at_risk
        if at_risk > events + competing:
            greenwood += (events + competing) / (at_risk * (at_risk - events - competing))
        low = high = value
        if 0 < value < 1:
            half = z * math.sqrt(greenwood) / math.log(value)
            low, high = sorted((value ** math.exp(half), value ** math.exp(-half)))
        curve.append((time, value, low, high))
    ends = [_crosses([(time, point[side]) for time, *point in curve]) for side in range(3)]
    middle, first, last = ends
    interval = (
        Interval(low=first, high=last, level=level, method="log-log")
        if first is not None and last is not None
        else None
    )
    return AtHalf(middle, interval)


def _crosses(curve: list[tuple[int, float]]) -> float | None:
    """Return the time at which a falling curve reaches one half."""
    for (time, value), after in zip_longest(curve, curve[1:]):
        if abs(value - 0.5) < 1e-12:
            return float(time) if after is None else (time + after[0]) / 2
        if value < 0.5:
            return float(time)
    return None


def _last(table: EventTable) -> int:
    return max((time for time, _ in table.counts), default=0)


def _event_times(table: EventTable) -> list[int]:
    return sorted({time for (time, code), count in table.counts.items() if code != CENSORED and count})


def _steps(table: EventTable, horizon: int) -> list[tuple[int, int, int]]:
    """Return (at risk, events, competing events) at each time with any of the two, up to the horizon."""
    at_risk, steps = table.n, []
    for time in sorted({time for time, _ in table.counts}):
        if time > horizon:
            break
        events, competing, censored = (table.counts.get((time, code), 0) for code in (EVENT, COMPETING, CENSORED))
        if events or competing:
            steps.append((at_risk, events, competing))
        at_risk -= events + competing + censored
    return steps


def _log_log(value: float, se: float, table: EventTable, horizon: int, level: float) -> Interval:
    """Interval on the log(-log) scale; where the value is 0 or 1, Wilson's on those followed to the horizon."""
    if not 0 < value < 1 or se == 0:
        followed = max(table.followed_to(horizon), 1)
        return wilson(round(value) * followed, followed, level=level)
    half = normal_quantile(level) * se / (value * math.log(value))
    low, high = sorted((value ** math.exp(half), value ** math.exp(-half)))
    return Interval(low=low, high=high, level=level, method="log-log")
