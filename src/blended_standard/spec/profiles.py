"""Profiles: what a nation, state, program or site asks for. A profile may only narrow what it inherits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import attrs

from blended_standard.errors import SpecError
from blended_standard.model import RECORDS, Missing
from blended_standard.spec.definitions import SEVERITIES, CodeList, MeasureDefinition, Rule, Severity, Value

Level = Literal["core", "state", "program", "site"]
_LEVELS: tuple[Level, ...] = ("core", "state", "program", "site")
_UNKNOWN_FIELD = "FLD-UNKNOWN"


@attrs.frozen(kw_only=True)
class Profile:
    """One profile; after `resolve`, with all that it inherits.

    `parameters` fix a value by measure. `required_fields` make optional fields required, `codes` leave out codes of a
    list, `namespace` is the prefix of its local fields. `closed_tables` accept no field that the standard does not
    know, but for local ones (`namespace:field`). `missing_values` are words that stand for an absent value, such as N/A
    or -99, each with its reason. `severities` set how grave a finding is, by rule.
    """

    id: str
    title: str
    level: Level
    meaning: str
    inherits: str | None = None
    namespace: str | None = None
    required_tables: tuple[str, ...] = ()
    required_fields: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict, hash=False)
    closed_tables: tuple[str, ...] = ()
    missing_values: Mapping[str, Missing] = attrs.field(factory=dict, hash=False)
    severities: Mapping[str, Severity] = attrs.field(factory=dict, hash=False)
    measures: tuple[str, ...] = ()
    codes: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict, hash=False)
    parameters: Mapping[str, Mapping[str, Value]] = attrs.field(factory=dict, hash=False)
    disclosure: Mapping[str, Any] = attrs.field(factory=dict, hash=False)
    small_n: Mapping[str, int] = attrs.field(factory=dict, hash=False)
    coverage: Mapping[str, float] = attrs.field(factory=dict, hash=False)
    source: str = ""

    def severity_of(self, rule: Rule, table: str) -> Severity:
        """Return how grave it is that a record of `table` breaks a rule."""
        if rule.id == _UNKNOWN_FIELD and table in self.closed_tables:
            return "error"
        return self.severities.get(rule.id, rule.severity)


def resolve(
    profiles: Mapping[str, Profile],
    *,
    measures: Mapping[str, MeasureDefinition],
    rules: Mapping[str, Rule],
    codes: Mapping[str, CodeList],
) -> dict[str, Profile]:
    """Return every profile with what it inherits; `SpecError` says which one widens what, and by how much."""
    done: dict[str, Profile] = {}

    def visit(name: str, path: tuple[str, ...]) -> Profile:
        if name in done:
            return done[name]
        if name in path:
            raise SpecError(f"Profile {name} inherits from itself: {' -> '.join((*path, name))}.")
        if name not in profiles:
            raise SpecError(
                f"Profile {path[-1]} inherits from {name!r}, which does not exist. There are: {[*profiles]}."
            )
        profile = profiles[name]
        parent = visit(profile.inherits, (*path, name)) if profile.inherits else None
        problems = (
            *_problems(profile, parent, measures),
            *_missing_value_problems(profile, parent, codes),
            *_severity_problems(profile, parent, rules),
        )
        if problems:
            raise SpecError(f"Profile {name}: {problems[0]}")
        done[name] = _merged(profile, parent) if parent else profile
        return done[name]

    for name in profiles:
        visit(name, ())
    return done


def _problems(profile: Profile, parent: Profile | None, measures: Mapping[str, MeasureDefinition]) -> Iterator[str]:
    for name in profile.measures:
        if name not in measures:
            yield f"it asks for the measure {name}, which is not defined."
    for measure, values in profile.parameters.items():
        if measure not in measures:
            yield f"it sets parameters of {measure}, which is not defined."
            continue
        yield from _parameter_problems(measures[measure], values, parent)
    for table in profile.closed_tables:
        if table not in RECORDS:
            yield f"it closes {table!r}, which is not a table of the standard."
    if parent is not None:
        yield from _widenings(profile, parent)


def _parameter_problems(
    measure: MeasureDefinition, values: Mapping[str, Value], parent: Profile | None
) -> Iterator[str]:
    fixed = parent.parameters.get(measure.id, {}) if parent else {}
    for name, value in values.items():
        if name not in measure.parameters:
            yield f"{measure.id} has no parameter {name!r}. It has: {', '.join(measure.parameters)}."
        elif problem := measure.parameters[name].problem_with(value):
            yield f"{name}={value!r} {problem}, which {measure.id} does not accept."
        elif name in fixed and fixed[name] != value:
            yield f"{name}={value!r} of {measure.id}: {parent.id if parent else ''} has fixed it at {fixed[name]!r}."


def _missing_value_problems(profile: Profile, parent: Profile | None, codes: Mapping[str, CodeList]) -> Iterator[str]:
    held = parent.missing_values if parent else {}
    for word, reason in profile.missing_values.items():
        if not word.strip():
            yield "it lists a blank as a missing value. An empty cell is absent already."
        for codelist in codes.values():
            if word in codelist:
                yield f"it takes {word!r} for a missing value, which is a code of {codelist.id}."
        if held.get(word, reason) != reason:
            yield f"missing value {word!r}: {parent.id if parent else ''} has fixed its reason at {held[word]}."


def _severity_problems(profile: Profile, parent: Profile | None, rules: Mapping[str, Rule]) -> Iterator[str]:
    held = parent.severities if parent else {}
    for code, severity in profile.severities.items():
        if code not in rules:
            yield f"it sets the severity of {code}, which is not a rule."
            continue
        rule = rules[code]
        lowest = held.get(code, rule.lowest_severity or rule.severity)
        if SEVERITIES.index(severity) > SEVERITIES.index(lowest):
            who = parent.id if parent and code in held else "the standard"
            yield f"severity {severity} of {code} is below {lowest}, the lowest that {who} leaves."


def _widenings(profile: Profile, parent: Profile) -> Iterator[str]:
    if _LEVELS.index(profile.level) < _LEVELS.index(parent.level):
        yield f"its level {profile.level} stands above {parent.level}, the level of {parent.id}."
    for name, codes in profile.codes.items():
        more = sorted(set(codes) - set(parent.codes.get(name, codes)))
        if more:
            yield f"it accepts {more[0]!r} in {name}, which {parent.id} has left out."
    for kind in ("small_n", "coverage", "disclosure"):
        held: Mapping[str, Any] = getattr(parent, kind)
        for name, value in getattr(profile, kind).items():
            if _is_number(value) and _is_number(held.get(name)) and value < held[name]:
                yield f"{kind}.{name}={value} is below {held[name]}, which {parent.id} sets. Pass {held[name]} or more."


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _merged(profile: Profile, parent: Profile) -> Profile:
    tables = {*parent.required_fields, *profile.required_fields}
    return attrs.evolve(
        profile,
        required_tables=_union(parent.required_tables, profile.required_tables),
        required_fields={
            table: _union(parent.required_fields.get(table, ()), profile.required_fields.get(table, ()))
            for table in sorted(tables)
        },
        closed_tables=_union(parent.closed_tables, profile.closed_tables),
        missing_values={**parent.missing_values, **profile.missing_values},
        severities={**parent.severities, **profile.severities},
        measures=_union(parent.measures, profile.measures),
        codes={**parent.codes, **profile.codes},
        parameters={
            measure: {**parent.parameters.get(measure, {}), **profile.parameters.get(measure, {})}
            for measure in sorted({*parent.parameters, *profile.parameters})
        },
        disclosure={**parent.disclosure, **profile.disclosure},
        small_n={**parent.small_n, **profile.small_n},
        coverage={**parent.coverage, **profile.coverage},
    )


def _union(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *second)))
