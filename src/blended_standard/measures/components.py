"""The further numbers of a measure beside its headline."""

from __future__ import annotations

import math
from collections.abc import Mapping

from blended_standard.measures.numbers import Numbers
from blended_standard.measures.report import Component
from blended_standard.measures.resolved import ResolvedMeasure
from blended_standard.measures.summaries import Summary
from blended_standard.spec.definitions import ComponentDefinition


def components(measure: ResolvedMeasure, headline: Numbers, summaries: Mapping[str, Summary]) -> tuple[Component, ...]:
    """Compute the components of one group, in the order of the definition."""
    found: list[Component] = []
    values = [headline.value]
    for part in measure.definition.components:
        if part.derived:
            found.append(_derived(part, values))
        elif part.counted:
            found.append(_direct(measure, part.id, summaries.get(part.id)))
            values.append(found[-1].value)
        else:
            found.append(_component(part.id, headline.parts.get(part.id, _NONE)))
    return tuple(found)


_NONE = Numbers(reason="The measure has no value.")


def _direct(measure: ResolvedMeasure, name: str, summary: Summary | None) -> Component:
    if summary is None:
        return Component(name=name, value=None, n=0, reason="No unit has what it needs.")
    return _component(name, summary.evaluate(measure.component(name)), summary.n)


def _component(name: str, numbers: Numbers, n: int | None = None) -> Component:
    return Component(
        name=name, value=numbers.value, se=numbers.se, interval=numbers.interval, n=n, reason=numbers.reason
    )


def _derived(part: ComponentDefinition, values: list[float | None]) -> Component:
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return Component(name=part.id, value=None, reason="The measure or another component has no value.")
    if part.statistic == "evenness":
        entropy = -math.fsum(value * math.log(value) for value in known if value > 0)
        return Component(name=part.id, value=entropy / math.log(len(known)))
    low, high = min(known), max(known)
    if part.statistic == "spread_above":
        return Component(name=part.id, value=float(high > (part.limit or 1.0) * low))
    return Component(name=part.id, value=low if part.statistic == "lowest" else high)
