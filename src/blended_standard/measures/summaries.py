"""What is kept of one group: sums that add up over disjoint learners and are enough to compute the result."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Protocol, Self

import attrs

from blended_standard.errors import SpecError
from blended_standard.measures.agreement import AgreementSummary
from blended_standard.measures.mix import MixSummary
from blended_standard.measures.numbers import Numbers, Sums
from blended_standard.measures.report import Bounds, Statistic
from blended_standard.measures.resolved import ResolvedMeasure
from blended_standard.numeric.events import EventTable, incidence, median_time, restricted_mean, survival
from blended_standard.numeric.intervals import RatioMoments, difference, normal_quantile, ratio_interval
from blended_standard.numeric.medians import median
from blended_standard.results import Interval


class Summary(Protocol):
    """The sufficient statistics of one group for one kind of statistic."""

    @property
    def n(self) -> int:
        """The number of units."""

    def __add__(self, other: Self) -> Self:
        """Merge with the summary of other units, of learners that are not in this one."""

    def sums(self) -> Sums:
        """Return the statistics by name; `rebuild` reads them back."""

    def evaluate(self, measure: ResolvedMeasure) -> Numbers:
        """Compute the result."""


_BEYOND = "The sums, or their squares, are beyond what a number can hold. Correct the values, or use a larger unit."
_ABOVE_ONE = (
    "The numerator, {:g}, exceeds the denominator, {:g}: that is no rate. Check that both count the same units."
)


def _is_share(measure: ResolvedMeasure) -> bool:
    limits = measure.definition.range
    return limits.minimum == 0 and limits.maximum == 1


def _at_most_one(moments: RatioMoments) -> RatioMoments:
    """Take back what rounding put the numerator of a share above its denominator: sums come in any order."""
    above = moments.y < moments.x <= moments.y * (1 + _ROUNDING)
    return attrs.evolve(moments, x=moments.y) if above else moments


_ROUNDING = 1e-12


@attrs.frozen
class RatioSummary:
    """A ratio of sums, learners independent; `lost` is the part of the denominator whose outcome is unknown."""

    moments: RatioMoments
    lost: float | None = None

    @property
    def n(self) -> int:
        """The number of units."""
        return self.moments.n

    def __add__(self, other: RatioSummary) -> RatioSummary:
        known = [part.lost for part in (self, other) if part.lost is not None]
        return RatioSummary(self.moments + other.moments, sum(known) if known else None)

    def sums(self) -> Sums:
        """Return the moments by name, and `lost` where it is counted."""
        return attrs.asdict(self.moments) | ({} if self.lost is None else {"lost": self.lost})

    @classmethod
    def from_sums(cls, sums: Sums) -> RatioSummary:
        """Rebuild a summary."""
        return cls(_moments(sums), sums.get("lost"))

    def evaluate(self, measure: ResolvedMeasure) -> Numbers:
        """Compute the ratio with its linearized error."""
        if not self.moments.finite:
            return Numbers(reason=_BEYOND)
        if self.moments.y == 0:
            return Numbers(reason=f"No unit has a denominator: {measure.definition.denominator}")
        share = _is_share(measure)
        moments = _at_most_one(self.moments) if share else self.moments
        if share and moments.x > moments.y:
            return Numbers(reason=_ABOVE_ONE.format(moments.x, moments.y))
        return Numbers(
            value=moments.ratio,
            se=moments.se,
            interval=ratio_interval(moments, share=share),
            numerator=moments.x,
            denominator=moments.y,
            bounds=None if self.lost is None else Bounds(low=moments.ratio, high=(moments.x + self.lost) / moments.y),
        )


@attrs.frozen
class MeanSummary:
    """A mean over units, learners independent: a ratio of sums in which every unit has the denominator 1.

    Where every learner has one unit the interval is Student's; where the range is 0 to 1 it is taken on the logit.
    """

    moments: RatioMoments

    @property
    def n(self) -> int:
        """The number of units."""
        return self.moments.n

    def __add__(self, other: MeanSummary) -> MeanSummary:
        return MeanSummary(self.moments + other.moments)

    def sums(self) -> Sums:
        """Return the moments by name."""
        return attrs.asdict(self.moments)

    @classmethod
    def from_sums(cls, sums: Sums) -> MeanSummary:
        """Rebuild a summary."""
        return cls(_moments(sums))

    def evaluate(self, measure: ResolvedMeasure) -> Numbers:
        """Compute the mean."""
        if not self.moments.finite:
            return Numbers(reason=_BEYOND)
        share = _is_share(measure)
        moments = _at_most_one(self.moments) if share else self.moments
        return Numbers(
            value=moments.ratio,
            se=moments.se,
            interval=ratio_interval(moments, share=share),
            numerator=moments.x,
            denominator=self.n,
        )


@attrs.frozen
class MedianSummary:
    """A median over units, from the histogram of their values in whole ticks: it merges exactly."""

    counts: Mapping[int, int]

    @property
    def n(self) -> int:
        """The number of units."""
        return sum(self.counts.values())

    def __add__(self, other: MedianSummary) -> MedianSummary:
        return MedianSummary(dict(Counter(self.counts) + Counter(other.counts)))

    def sums(self) -> Sums:
        """Return the counts, named by the value in ticks."""
        return {str(value): self.counts[value] for value in sorted(self.counts)}

    @classmethod
    def from_sums(cls, sums: Sums) -> MedianSummary:
        """Rebuild a summary."""
        return cls({int(name): int(count) for name, count in sums.items()})

    def evaluate(self, measure: ResolvedMeasure) -> Numbers:
        """Compute the median with its order-statistic interval."""
        at = median(self.counts)
        ticks = measure.definition.combine.ticks
        interval = _in_units(at.interval, ticks)
        return Numbers(value=at.value / ticks, interval=interval, denominator=self.n)


@attrs.frozen
class EventSummary:
    """Times to event and how each ended, as a table of counts."""

    table: EventTable

    @property
    def n(self) -> int:
        """The number of units."""
        return self.table.n

    def __add__(self, other: EventSummary) -> EventSummary:
        return EventSummary(self.table + other.table)

    def sums(self) -> Sums:
        """Return the counts, named `days/code`."""
        return {f"{time}/{code}": count for (time, code), count in sorted(self.table.counts.items())}

    @classmethod
    def from_sums(cls, sums: Sums) -> EventSummary:
        """Rebuild a summary."""
        pairs = {name: tuple(map(int, name.split("/"))) for name in sums}
        return cls(EventTable({(time, code): int(sums[name]) for name, (time, code) in pairs.items()}))

    def evaluate(self, measure: ResolvedMeasure) -> Numbers:
        """Compute the probability at the horizon of the parameters."""
        if self.n == 0:
            return Numbers(reason="Nobody was at risk.")
        if measure.definition.combine.statistic == "median_time":
            return self._median_time(measure)
        horizon = int(measure.parameters["horizon_days"])
        if not self.table.reaches(horizon):
            longest = max(time for time, _ in self.table.counts)
            reason = f"Nobody has been followed for {horizon} days; the longest follow-up is {longest}."
            return Numbers(reason=reason, mature=False, denominator=self.n)
        at = _AT_HORIZON[measure.definition.combine.statistic](self.table, horizon)
        ticks = measure.definition.combine.ticks
        return Numbers(
            value=at.value / ticks,
            se=at.se / ticks,
            interval=_in_units(at.interval, ticks),
            numerator=self.table.events(),
            denominator=self.n,
        )

    def _median_time(self, measure: ResolvedMeasure) -> Numbers:
        at = median_time(self.table)
        if at.value is None:
            return Numbers(reason="Fewer than half have had the event in the time seen.", denominator=self.n)
        ticks = measure.definition.combine.ticks
        interval = _in_units(at.interval, ticks)
        return Numbers(value=at.value / ticks, interval=interval, numerator=self.table.events(), denominator=self.n)


_AT_HORIZON = {"survival": survival, "cumulative_incidence": incidence, "restricted_mean": restricted_mean}


@attrs.frozen
class GapSummary:
    """The summaries of the two sides of a split, and of those whose side is not recorded."""

    parts: Mapping[str, Summary]

    @property
    def n(self) -> int:
        """The number of units on either side."""
        return sum(self.parts[side].n for side in SIDES if side in self.parts)

    def __add__(self, other: GapSummary) -> GapSummary:
        sides = dict.fromkeys((*self.parts, *other.parts))
        sums = {side: added(self.parts.get(side), other.parts.get(side)) for side in sides}
        return GapSummary({side: part for side, part in sums.items() if part is not None})

    def sums(self) -> Sums:
        """Return the sums of each side, named `side:name`."""
        sides = sorted(self.parts.items())
        return {f"{side}:{name}": value for side, part in sides for name, value in part.sums().items()}

    def evaluate(self, measure: ResolvedMeasure) -> Numbers:
        """Compute the difference: those of whom the split is true, less all others."""
        if measure.base is None:
            raise SpecError(f"{measure.definition.id} is a difference and names no measure that it is taken of.")
        sides: list[Numbers] = []
        for side in SIDES:
            part = self.parts.get(side)
            numbers = part.evaluate(measure.base) if part else Numbers(reason="Nobody belongs to it.")
            if numbers.value is None:
                reason = f"{measure.parameters['stratum']} = {side}: {numbers.reason}"
                return Numbers(reason=reason, mature=numbers.mature)
            sides.append(numbers)
        if measure.definition.combine.statistic == "risk_ratio":
            return _risk_ratio(*sides)
        return _difference(*sides)


SIDES = ("yes", "no")


def _difference(focal: Numbers, reference: Numbers) -> Numbers:
    gap = (focal.value or 0.0) - (reference.value or 0.0)
    interval = (
        difference(focal.value or 0.0, focal.interval, reference.value or 0.0, reference.interval)
        if focal.interval and reference.interval
        else None
    )
    se = None if focal.se is None or reference.se is None else math.hypot(focal.se, reference.se)
    return Numbers(value=gap, se=se, interval=interval)


def _risk_ratio(focal: Numbers, reference: Numbers) -> Numbers:
    """Ratio of two shares; the interval is Katz's, on the log scale."""
    first, second = focal.value or 0.0, reference.value or 0.0
    if second == 0:
        return Numbers(reason="The share of the reference group is 0, so that there is no ratio.")
    counts = (focal.numerator, focal.denominator, reference.numerator, reference.denominator)
    if any(not count for count in counts):
        return Numbers(value=first / second)
    a, n, c, m = (float(count or 0) for count in counts)
    error = math.sqrt(max(1 / a - 1 / n + 1 / c - 1 / m, 0.0))
    ratio, width = first / second, normal_quantile(0.95) * error
    interval = Interval(low=ratio * math.exp(-width), high=ratio * math.exp(width), level=0.95, method="Katz")
    return Numbers(value=ratio, se=ratio * error, interval=interval)


def _in_units(interval: Interval | None, ticks: int) -> Interval | None:
    if interval is None:
        return None
    low, high = interval.low / ticks, interval.high / ticks
    return Interval(low=low, high=high, level=interval.level, method=interval.method)


def added(first: Summary | None, second: Summary | None) -> Summary | None:
    """Return the sum of two summaries of which either may be absent."""
    if first is None or second is None:
        return first or second
    return first + second


def _moments(sums: Sums) -> RatioMoments:
    n, clusters = int(sums["n"]), int(sums["clusters"])
    x, y, xx, xy, yy = (sums[name] for name in ("x", "y", "xx", "xy", "yy"))
    return RatioMoments(n=n, clusters=clusters, x=x, y=y, xx=xx, xy=xy, yy=yy)


def rebuild(measure: ResolvedMeasure, statistics: tuple[Statistic, ...]) -> tuple[Summary | None, dict[str, Summary]]:
    """Rebuild the summary of the headline and those of the components, which `as_statistics` wrote."""
    sums = {entry.name: entry.value for entry in statistics if _OF not in entry.name}
    parts = _split((entry for entry in statistics if _OF in entry.name), _OF)
    components: dict[str, Summary] = {
        name: kind_of(measure.component(name).definition.combine.statistic).from_sums(part)
        for name, part in parts.items()
    }
    if not sums:
        return None, components
    if measure.base is None:
        return kind_of(measure.definition.combine.statistic).from_sums(sums), components
    kind = kind_of(measure.base.definition.combine.statistic)
    sides = _split((entry for entry in statistics if _OF not in entry.name), ":")
    of_sides = MixSummary if measure.definition.combine.statistic == "mix_adjusted" else GapSummary
    return of_sides({side: kind.from_sums(part) for side, part in sides.items()}), components


def _split(statistics: Iterable[Statistic], mark: str) -> dict[str, dict[str, float | int]]:
    """Sort statistics named `owner` `mark` `name` by owner."""
    found: dict[str, dict[str, float | int]] = {}
    for entry in statistics:
        owner, _, name = entry.name.partition(mark)
        found.setdefault(owner, {})[name] = entry.value
    return found


_OF = "|"
Kind = type[RatioSummary] | type[MeanSummary] | type[MedianSummary] | type[EventSummary] | type[AgreementSummary]
_KINDS: dict[str, Kind] = {
    "ratio_of_sums": RatioSummary,
    "mean": MeanSummary,
    "median": MedianSummary,
    "survival": EventSummary,
    "cumulative_incidence": EventSummary,
    "median_time": EventSummary,
    "restricted_mean": EventSummary,
    "kappa": AgreementSummary,
    "weighted_kappa": AgreementSummary,
    "area_ratio": RatioSummary,
}


def kind_of(statistic: str) -> Kind:
    """Return what is kept of a group for a statistic."""
    if statistic not in _KINDS:
        raise SpecError(f"statistic is {statistic!r}; known: {', '.join(_KINDS)}.")
    return _KINDS[statistic]


def as_statistics(summary: Summary | None, components: Mapping[str, Summary]) -> tuple[Statistic, ...]:
    """Return sums as results hold them; those of a component are named `component|name`."""
    own = summary.sums() if summary else {}
    found = [Statistic(name=name, value=value) for name, value in own.items()]
    for component, part in components.items():
        found += [Statistic(name=f"{component}{_OF}{name}", value=value) for name, value in part.sums().items()]
    return tuple(found)
