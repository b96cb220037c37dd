"""What is kept of one group: sums that add up over disjoint learners and are enough to compute the result."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Protocol, Self

import attrs

from blended_standard.errors import SpecError
from blended_standard.measures.report import Statistic
from blended_standard.measures.resolved import ResolvedMeasure
from blended_standard.numeric.events import EventTable, incidence, survival
from blended_standard.numeric.intervals import RatioMoments, difference, ratio_interval
from blended_standard.results import Interval
from blended_standard.spec import MeasureDefinition

Sums = Mapping[str, float | int]


@attrs.frozen(kw_only=True)
class Numbers:
    """The numbers of one result, before small-n and coverage rules; `reason` says why there is no value."""

    value: float | None = None
    se: float | None = None
    interval: Interval | None = None
    numerator: float | None = None
    denominator: float | None = None
    reason: str | None = None
    mature: bool = True


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


@attrs.frozen
class RatioSummary:
    """A ratio of sums, learners independent."""

    moments: RatioMoments

    @property
    def n(self) -> int:
        """The number of units."""
        return self.moments.n

    def __add__(self, other: RatioSummary) -> RatioSummary:
        return RatioSummary(self.moments + other.moments)

    def sums(self) -> Sums:
        """Return the moments by name."""
        return attrs.asdict(self.moments)

    @classmethod
    def from_sums(cls, sums: Sums) -> RatioSummary:
        """Rebuild a summary."""
        n, clusters = int(sums["n"]), int(sums["clusters"])
        x, y, xx, xy, yy = (sums[name] for name in ("x", "y", "xx", "xy", "yy"))
        return cls(RatioMoments(n=n, clusters=clusters, x=x, y=y, xx=xx, xy=xy, yy=yy))

    def evaluate(self, measure: ResolvedMeasure) -> Numbers:
        """Compute the ratio with its linearized error."""
        if self.moments.y == 0:
            return Numbers(reason=f"No unit has a denominator: {measure.definition.denominator}")
        limits = measure.definition.range
        share = limits.minimum == 0 and limits.maximum == 1
        return Numbers(
            value=self.moments.ratio,
            se=self.moments.se,
            interval=ratio_interval(self.moments, share=share),
            numerator=self.moments.x,
            denominator=self.moments.y,
        )


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
        horizon = int(measure.parameters["horizon_days"])
        if self.n == 0:
            return Numbers(reason="Nobody was at risk.")
        if not self.table.reaches(horizon):
            longest = max(time for time, _ in self.table.counts)
            reason = f"Nobody has been followed for {horizon} days; the longest follow-up is {longest}."
            return Numbers(reason=reason, mature=False, denominator=self.n)
        estimate = incidence if measure.definition.combine.statistic == "cumulative_incidence" else survival
        at = estimate(self.table, horizon)
        return Numbers(
            value=at.value, se=at.se, interval=at.interval, numerator=self.table.events(), denominator=self.n
        )


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
        return GapSummary({side: _plus(self.parts.get(side), other.parts.get(side)) for side in sides})

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


def _plus(first: Summary | None, second: Summary | None) -> Summary:
    if first is None or second is None:
        found = first or second
        if found is None:
            raise SpecError("A side of a split has no summary.")
        return found
    return first + second


def rebuild(measure: ResolvedMeasure, statistics: tuple[Statistic, ...]) -> Summary:
    """Rebuild the summary that `as_statistics` wrote."""
    sums = {entry.name: entry.value for entry in statistics}
    if measure.base is None:
        return summary_kind(measure.definition).from_sums(sums)
    sides: dict[str, dict[str, float | int]] = {}
    for name, value in sums.items():
        side, _, rest = name.partition(":")
        sides.setdefault(side, {})[rest] = value
    kind = summary_kind(measure.base.definition)
    return GapSummary({side: kind.from_sums(part) for side, part in sides.items()})


def summary_kind(definition: MeasureDefinition) -> type[RatioSummary] | type[EventSummary]:
    """Return what is kept of a group for the statistic that the definition names."""
    kinds: dict[str, type[RatioSummary] | type[EventSummary]] = {
        "ratio_of_sums": RatioSummary,
        "survival": EventSummary,
        "cumulative_incidence": EventSummary,
    }
    if definition.combine.statistic not in kinds:
        raise SpecError(
            f"{definition.id}: combine.statistic is {definition.combine.statistic!r}; known: {list(kinds)}."
        )
    return kinds[definition.combine.statistic]


def as_statistics(sums: Sums) -> tuple[Statistic, ...]:
    """Return sums as results hold them."""
    return tuple(Statistic(name=name, value=value) for name, value in sums.items())
