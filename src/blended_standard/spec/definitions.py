"""The entries of the standard: codes, parameters, measure definitions and rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import attrs

from blended_standard.errors import UsageError

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
"""From the gravest on."""
Status = Literal["draft", "trial", "normative", "deprecated"]
Value = bool | int | float | str
ConformanceClass = Literal["producer-record", "producer-aggregate", "consumer", "calculator", "comparer"]


@attrs.frozen(kw_only=True)
class Code:
    """One code of a list, with what it means and whatever else the list says of it."""

    code: str
    meaning: str
    facts: Mapping[str, Any] = attrs.field(factory=dict, hash=False)


@attrs.frozen(kw_only=True)
class CodeList:
    """The values that a coded field accepts."""

    id: str
    title: str
    codes: tuple[Code, ...]
    note: str = ""

    def __contains__(self, code: object) -> bool:
        return any(entry.code == code for entry in self.codes)

    def names(self, **facts: object) -> tuple[str, ...]:
        """Return the codes, or those of which all `facts` hold: `codes["verb"].names(qualifying=True)`."""
        return tuple(
            entry.code for entry in self.codes if all(entry.facts.get(name) == value for name, value in facts.items())
        )


@attrs.frozen(kw_only=True)
class Parameter:
    """A number or choice that a profile may set, inside the range given here."""

    type: Literal["integer", "number", "boolean", "text"]
    default: Value
    meaning: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    unit: str | None = None
    comparability: bool = False

    def problem_with(self, value: object) -> str | None:
        """Say why `value` is not accepted, or None."""
        kinds: dict[str, tuple[type, ...]] = {
            "integer": (int,),
            "number": (int, float),
            "boolean": (bool,),
            "text": (str,),
        }
        if not isinstance(value, kinds[self.type]) or (isinstance(value, bool) and self.type != "boolean"):
            return f"is not a {self.type}"
        if self.choices and value not in self.choices:
            return f"is not one of {', '.join(self.choices)}"
        if isinstance(value, int | float) and not isinstance(value, bool):
            low = -float("inf") if self.minimum is None else self.minimum
            high = float("inf") if self.maximum is None else self.maximum
            if not low <= value <= high:
                return f"is outside {low:g} to {high:g}"
        return None


@attrs.frozen(kw_only=True)
class Exclusion:
    """A reason for which a unit leaves the population of a measure."""

    id: str
    reason: str


@attrs.frozen(kw_only=True)
class Unit:
    """What a measure is taken of, and in what its value is expressed."""

    of: str
    result: str


@attrs.frozen(kw_only=True)
class Range:
    """The values that a measure can take; an absent end is open."""

    minimum: float | None = None
    maximum: float | None = None


@attrs.frozen(kw_only=True)
class Combine:
    """How the units of a group make one number, its interval, and whether partial results merge.

    Medians and times are counted in whole ticks, `ticks` of them to one unit of the result.
    """

    statistic: str
    interval: str
    mergeable: bool
    why_not: str = ""
    ticks: int = 1


@attrs.frozen(kw_only=True)
class ComponentDefinition:
    """A further number that a measure gives beside its headline, in `unit`, combined by a statistic of its own.

    The statistics lowest, highest, spread_above (1 where highest / lowest is above `limit`) and evenness (the entropy
    of the shares by its largest value) read the values of the headline and of the components before it;
    `with_headline` is computed together with the headline; all others read the units, as the headline does.
    """

    id: str
    meaning: str
    statistic: str
    unit: str
    range: Range = attrs.field(factory=Range)
    ticks: int = 1
    limit: float | None = None

    @property
    def derived(self) -> bool:
        """Say whether it is computed from the values of the others."""
        return self.statistic in ("lowest", "highest", "spread_above", "evenness")

    @property
    def counted(self) -> bool:
        """Say whether it is computed from sums of its own over the units."""
        return not self.derived and self.statistic != "with_headline"


@attrs.frozen(kw_only=True)
class MeasureDefinition:
    """One measure: what is counted, of whom, when, and with what limits."""

    id: str
    version: str
    status: Status
    title: str
    domain: str
    core: bool
    attendance_independent: bool
    question: str
    direction: Literal["higher_is_better", "lower_is_better", "toward_zero", "descriptive"]
    unit: Unit
    range: Range
    population: str
    numerator: str
    denominator: str
    window: str
    missing_data: str
    combine: Combine
    inputs: tuple[str, ...]
    source: str
    plain: str = ""
    needs_any: tuple[str, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    maturity: str = ""
    parameters: Mapping[str, Parameter] = attrs.field(factory=dict, hash=False)
    components: tuple[ComponentDefinition, ...] = ()
    limits: tuple[str, ...] = ()
    references: tuple[str, ...] = ()

    @property
    def versioned_id(self) -> str:
        """Return `id@version`, as results cite it."""
        return f"{self.id}@{self.version}"

    def resolve(self, overrides: Mapping[str, Value]) -> dict[str, Value]:
        """Return every parameter in force: the defaults, with `overrides` checked against their ranges."""
        unknown = sorted(set(overrides) - set(self.parameters))
        if unknown:
            raise UsageError(
                f"{self.id} has no parameter {unknown[0]!r}. It has: {', '.join(self.parameters) or 'none'}."
            )
        for name, value in overrides.items():
            problem = self.parameters[name].problem_with(value)
            if problem:
                raise UsageError(f"{name}={value!r} {problem}, which {self.id} does not accept.")
        return {name: overrides.get(name, parameter.default) for name, parameter in self.parameters.items()}


@attrs.frozen(kw_only=True)
class Rule:
    """One validation rule: what is wrong, why it matters, how to mend it, and the conformance classes it binds.

    A producer must not break it at error level; a consumer must find it. A profile may raise its severity, and lower it
    as far as `lowest_severity` where the standard leaves the matter to profiles.
    """

    id: str
    severity: Severity
    scope: Literal["file", "row", "field", "table", "reference", "record", "aggregate"]
    classes: tuple[ConformanceClass, ...]
    what: str
    why: str
    mend: str
    table: str | None = None
    field: str | None = None
    lowest_severity: Severity | None = None


@attrs.frozen(kw_only=True)
class Term:
    """What one word of a neighboring standard counts as here; `code` is None where it counts as nothing, and why."""

    term: str
    reason: str
    code: str | None = None
    level: int | None = None
    scored: str | None = None
    evidence: str | None = None


@attrs.frozen(kw_only=True)
class Vocabulary:
    """The words of one field of a neighboring standard, and the code list that they are mapped to."""

    id: str
    codes: str
    terms: tuple[Term, ...]


@attrs.frozen(kw_only=True)
class FieldFate:
    """Where one field of a neighboring standard goes: into a field of ours, a local field, or nowhere, and why."""

    field: str
    fate: Literal["mapped", "kept", "dropped"]
    to: str = ""
    reason: str = ""


@attrs.frozen(kw_only=True)
class AdapterMap:
    """How a neighboring standard is read: what its fields and words become."""

    id: str
    title: str
    versions: tuple[str, ...]
    fields: tuple[FieldFate, ...]
    vocabularies: tuple[Vocabulary, ...] = ()
    note: str = ""

    def vocabulary(self, name: str) -> dict[str, Term]:
        """Return the terms of one vocabulary by their word."""
        return {entry.term: entry for listed in self.vocabularies if listed.id == name for entry in listed.terms}
