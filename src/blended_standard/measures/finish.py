"""From the sums of one group to its result: the number, its status, and what it rests on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import attrs

from blended_standard.measures.components import components
from blended_standard.measures.numbers import Numbers
from blended_standard.measures.report import Excluded, Group, MeasureResult, Status
from blended_standard.measures.resolved import ResolvedMeasure
from blended_standard.measures.summaries import Summary, added, as_statistics
from blended_standard.spec import Profile


@attrs.frozen(kw_only=True)
class Collected:
    """What was brought out of the engine for one group; `absent` says why nothing could be."""

    summary: Summary | None = None
    components: Mapping[str, Summary] = attrs.field(factory=dict)
    excluded: Mapping[str, int] = attrs.field(factory=dict)
    covered: int = 0
    needed: int = 0
    learners: int = 0
    absent: str | None = None

    def __add__(self, other: Collected) -> Collected:
        names = dict.fromkeys((*self.components, *other.components))
        parts = {name: added(self.components.get(name), other.components.get(name)) for name in names}
        return Collected(
            summary=added(self.summary, other.summary),
            components={name: part for name, part in parts.items() if part is not None},
            excluded=dict(Counter(self.excluded) + Counter(other.excluded)),
            covered=self.covered + other.covered,
            needed=self.needed + other.needed,
            learners=self.learners + other.learners,
            absent=self.absent and other.absent,
        )


def finish(
    measure: ResolvedMeasure, profile: Profile, group: Group, collected: Collected, *, label: str
) -> MeasureResult:
    """Compute the result of one group."""
    if collected.summary is None:
        numbers = Numbers(reason=collected.absent or _nobody(measure, collected))
    else:
        numbers = collected.summary.evaluate(measure)
    n = collected.summary.n if collected.summary else 0
    coverage = collected.covered / collected.needed if collected.needed else None
    reasons = {exclusion.id: exclusion.reason for exclusion in measure.definition.exclusions}
    return MeasureResult(
        measure=measure.definition.id,
        version=measure.definition.version,
        name=measure.definition.title,
        group=group,
        label=label,
        status=_status(numbers, n, coverage, _minimum_coverage(measure, profile), profile),
        value=numbers.value,
        se=numbers.se,
        interval=numbers.interval,
        numerator=numbers.numerator,
        denominator=numbers.denominator,
        n=n,
        coverage=coverage,
        reason=numbers.reason,
        key=measure.key(),
        bounds=numbers.bounds,
        components=components(measure, numbers, collected.components),
        excluded=tuple(
            Excluded(id=name, reason=reasons.get(name, name), count=count)
            for name, count in sorted(collected.excluded.items())
        ),
        parameters=measure.settings(),
        statistics=as_statistics(collected.summary, collected.components),
        covered=collected.covered,
        needed=collected.needed,
        learners=collected.learners,
    )


def _nobody(measure: ResolvedMeasure, collected: Collected) -> str:
    left = sum(collected.excluded.values())
    if left:
        return f"All {left} units are excluded."
    return f"No unit of the population: {measure.definition.population}"


def _minimum_coverage(measure: ResolvedMeasure, profile: Profile) -> float:
    """The larger of the profile's and the measure's own, if it has one."""
    return max(profile.coverage.get("minimum", 0.0), float(measure.parameters.get("minimum_coverage", 0)))


def _status(numbers: Numbers, n: int, coverage: float | None, minimum: float, profile: Profile) -> Status:
    if numbers.value is None:
        return Status.NOT_COMPUTABLE if numbers.mature else Status.NOT_MATURE
    if n < profile.small_n.get("rating", 0):
        return Status.SMALL_N
    if coverage is not None and coverage < minimum:
        return Status.LOW_COVERAGE
    return Status.OK
