"""The further numbers of a measure beside its headline."""

from __future__ import annotations

from collections.abc import Mapping

from blended_standard.measures.report import Component
from blended_standard.measures.resolved import ResolvedMeasure
from blended_standard.measures.summaries import Numbers, Summary
from blended_standard.spec.definitions import ComponentDefinition


def components(measure: ResolvedMeasure, headline: Numbers, summaries: Mapping[str, Summary]) -> tuple[Component, ...]:
    """Compute the components of one group, in the order of the definition."""
    parts = measure.definition.components
    direct = {part.id: _direct(measure, part.id, summaries.get(part.id)) for part in parts if not part.derived}
    values = [headline.value, *(found.value for found in direct.values())]
    return tuple(direct[part.id] if part.id in direct else _derived(part, values) for part in parts)


def _direct(measure: ResolvedMeasure, name: str, summary: Summary | None) -> Component:
    if summary is None:
        return Component(name=name, value=None, n=0, reason="No unit has what it needs.")
    numbers = summary.evaluate(measure.component(name))
    return Component(
        name=name, value=numbers.value, se=numbers.se, interval=numbers.interval, n=summary.n, reason=numbers.reason
    )


def _derived(part: ComponentDefinition, values: list[float | None]) -> Component:
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return Component(name=part.id, value=None, reason="The measure or another component has no value.")
    low, high = min(known), max(known)
    if part.statistic == "spread_above":
        return Component(name=part.id, value=float(high > (part.limit or 1.0) * low))
    return Component(name=part.id, value=low if part.statistic == "lowest" else high)
