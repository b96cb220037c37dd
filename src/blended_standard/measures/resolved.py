"""A measure with every parameter in force, its own and those of the measure it is taken of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

import attrs

from blended_standard.measures.report import ComparabilityKey, Value
from blended_standard.spec import MeasureDefinition, Standard

Overrides = Mapping[str, Mapping[str, Value]]


@attrs.frozen
class ResolvedMeasure:
    """A definition, the parameters in force, and for a difference the measure that it is a difference of."""

    definition: MeasureDefinition
    parameters: Mapping[str, Value]
    base: ResolvedMeasure | None = None

    @classmethod
    def of(cls, measure: str, standard: Standard, overrides: Overrides) -> Self:
        """Resolve a measure; `overrides` are by measure id."""
        definition = standard.measures[measure]
        parameters = definition.resolve(overrides.get(measure, {}))
        base = cls.of(str(parameters["of"]), standard, overrides) if "of" in parameters else None
        return cls(definition, parameters, base)

    def component(self, name: str) -> ResolvedMeasure:
        """Return the measure as one of its components sees it: with the component's statistic, range and unit."""
        part = next(entry for entry in self.definition.components if entry.id == name)
        own = self.definition
        combine = attrs.evolve(own.combine, statistic=part.statistic, ticks=part.ticks)
        seen = attrs.evolve(
            own, combine=combine, range=part.range, unit=attrs.evolve(own.unit, result=part.unit), components=()
        )
        return ResolvedMeasure(seen, self.parameters)

    def settings(self) -> tuple[tuple[str, Value], ...]:
        """Return every parameter in force, those of the base named `MEASURE.parameter`."""
        return (*self.parameters.items(), *self._of_base(comparability=False))

    def key(self) -> ComparabilityKey:
        """Return what must agree before two results of this measure may be compared."""
        own = [
            (name, value) for name, value in self.parameters.items() if self.definition.parameters[name].comparability
        ]
        return ComparabilityKey(
            measure=self.definition.id,
            version=self.definition.version,
            parameters=(*own, *self._of_base(comparability=True)),
        )

    def _of_base(self, *, comparability: bool) -> tuple[tuple[str, Value], ...]:
        if self.base is None:
            return ()
        pairs = self.base.key().parameters if comparability else self.base.settings()
        version = ((f"{self.base.definition.id}.version", self.base.definition.version),) if comparability else ()
        return (*version, *((f"{self.base.definition.id}.{name}", value) for name, value in pairs))


def overrides_of(measure: str, settings: tuple[tuple[str, Value], ...]) -> dict[str, dict[str, Value]]:
    """Return the overrides that resolve to `settings` again."""
    found: dict[str, dict[str, Value]] = {measure: {}}
    for name, value in settings:
        owner, dot, parameter = name.rpartition(".")
        found.setdefault(owner if dot else measure, {})[parameter] = value
    return found
