"""Profiles: what a nation, state, program or site asks for. A profile may only narrow what it inherits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import attrs

from blended_standard.errors import SpecError
from blended_standard.spec.definitions import MeasureDefinition, Value

Level = Literal["core", "state", "program", "site"]
_LEVELS: tuple[Level, ...] = ("core", "state", "program", "site")


@attrs.frozen(kw_only=True)
class Profile:
    """One profile; after `resolve`, with all that it inherits.

    `parameters` fix a value by measure. `required_fields` make optional fields required, `codes` leave out codes of a
    list, `namespace` is the prefix of its local fields.
    """

    id: str
    title: str
    level: Level
    meaning: str
    inherits: str | None = None
    namespace: str | None = None
    required_tables: tuple[str, ...] = ()
    required_fields: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict, hash=False)
    measures: tuple[str, ...] = ()
    codes: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict, hash=False)
    parameters: Mapping[str, Mapping[str, Value]] = attrs.field(factory=dict, hash=False)
    disclosure: Mapping[str, Any] = attrs.field(factory=dict, hash=False)
    small_n: Mapping[str, int] = attrs.field(factory=dict, hash=False)
    coverage: Mapping[str, float] = attrs.field(factory=dict, hash=False)
    source: str = ""


def resolve(profiles: Mapping[str, Profile], measures: Mapping[str, MeasureDefinition]) -> dict[str, Profile]:
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
        for problem in _problems(profile, parent, measures):
            raise SpecError(f"Profile {name}: {problem}")
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
