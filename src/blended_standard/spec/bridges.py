"""Rule packs: what a jurisdiction asks for, dated and versioned, as bridge measures claim it from evidence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import attrs

from blended_standard.errors import UsageError
from blended_standard.spec.definitions import Parameter, Value


@attrs.frozen(kw_only=True)
class PackCondition:
    """One condition that a claim must meet."""

    id: str
    text: str


@attrs.frozen(kw_only=True)
class RulePack:
    """The rule of one jurisdiction at one version; rules change, so it says when it was read and where."""

    id: str
    version: str
    title: str
    jurisdiction: str
    effective_from: str | None
    effective_to: str | None
    seen_on: str
    notice: str
    unit: str
    combine: Literal["sum", "ratio", "maximum"]
    rule: str
    inputs: tuple[str, ...]
    source: str
    conditions: tuple[PackCondition, ...] = ()
    parameters: Mapping[str, Parameter] = attrs.field(factory=dict, hash=False)
    limits: tuple[str, ...] = ()

    def resolve(self, overrides: Mapping[str, Value]) -> dict[str, Value]:
        """Return every parameter in force: the defaults, with `overrides` checked against their ranges."""
        for name, value in overrides.items():
            if name not in self.parameters:
                raise UsageError(f"{self.id} has no parameter {name!r}. It has: {', '.join(self.parameters)}.")
            problem = self.parameters[name].problem_with(value)
            if problem:
                raise UsageError(f"{name}={value!r} {problem}, which {self.id} does not accept.")
        return {name: overrides.get(name, parameter.default) for name, parameter in self.parameters.items()}
