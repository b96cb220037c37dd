"""The standard as objects: code lists, measure definitions, rules and profiles, read from `spec/`."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

import attrs

from blended_standard.errors import MissingExtraError, SpecError, UsageError

Severity = Literal["error", "warning", "note"]
Status = Literal["draft", "trial", "normative"]
Value = bool | int | float | str

BUNDLE = "standard.json"

T = TypeVar("T")


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
    """How the units of a group make one number, its interval, and whether partial results merge."""

    statistic: str
    interval: str
    mergeable: bool
    why_not: str = ""


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
    """One validation rule: what is wrong, why it matters and how to mend it."""

    id: str
    severity: Severity
    scope: Literal["file", "row", "field", "table", "reference", "record"]
    what: str
    why: str
    mend: str
    table: str | None = None
    field: str | None = None


@attrs.frozen(kw_only=True)
class Profile:
    """What one nation, state, program or site asks for on top of the core."""

    id: str
    title: str
    level: Literal["core", "state", "program", "site"]
    meaning: str
    required_tables: tuple[str, ...]
    measures: tuple[str, ...]
    inherits: str | None = None
    parameters: Mapping[str, Mapping[str, Value]] = attrs.field(factory=dict, hash=False)
    disclosure: Mapping[str, Value] = attrs.field(factory=dict, hash=False)
    small_n: Mapping[str, int] = attrs.field(factory=dict, hash=False)
    coverage: Mapping[str, float] = attrs.field(factory=dict, hash=False)


@attrs.frozen(kw_only=True)
class Standard:
    """The whole standard at one version."""

    id: str
    title: str
    version: str
    status: Status
    codes: Mapping[str, CodeList] = attrs.field(hash=False)
    measures: Mapping[str, MeasureDefinition] = attrs.field(hash=False)
    rules: Mapping[str, Rule] = attrs.field(hash=False)
    profiles: Mapping[str, Profile] = attrs.field(hash=False)

    def profile(self, name: str) -> Profile:
        """Return the profile `name`."""
        if name not in self.profiles:
            raise UsageError(f"There is no profile {name!r}. There are: {', '.join(sorted(self.profiles))}.")
        return self.profiles[name]

    def measure_ids(self, measures: Sequence[str]) -> tuple[str, ...]:
        """Turn a profile's name, one id or a list of ids into the ids of measures."""
        if isinstance(measures, str):
            asked = self.profiles[measures].measures if measures in self.profiles else (measures,)
        else:
            asked = tuple(measures)
        for name in asked:
            if name not in self.measures:
                raise UsageError(
                    f"There is no measure {name!r}. There are: {', '.join(sorted(self.measures))}; "
                    f"or name a profile: {', '.join(sorted(self.profiles))}."
                )
        return asked


E = TypeVar("E", CodeList, MeasureDefinition, Rule, Profile)


def load_standard(path: str | Path | None = None) -> Standard:
    """Load the standard.

    Parameters
    ----------
    path : path, optional
        A `spec/` directory of YAML sources (needs the extra `yaml`) or a bundle, `standard.json`. Default: the
        standard shipped with the package.

    Raises
    ------
    SpecError
        A file is malformed; the message names the file and the entry.

    Examples
    --------
    >>> load_standard().measures["ENG-01"].title
    'Active-week rate'
    """
    if path is None:
        return _shipped()
    source = Path(path)
    if source.is_dir():
        return build_standard(read_sources(source))
    return build_standard(json.loads(source.read_text(encoding="utf-8")))


def spec_directory() -> Path:
    """Return the `spec/` directory that this installation uses: beside the sources, or inside the wheel."""
    installed = Path(__file__).parents[1] / "_spec"
    return installed if installed.is_dir() else Path(__file__).parents[3] / "spec"


def read_sources(directory: Path) -> dict[str, Any]:
    """Read the YAML files of a `spec/` directory into one plain mapping, the content of the bundle."""
    head = _read_yaml(directory / "standard.yaml")
    rules = [rule for file in sorted((directory / "rules").glob("*.yaml")) for rule in _read_yaml(file)]
    return {
        **head,
        "codes": [_read_yaml(file) for file in sorted((directory / "codes").glob("*.yaml"))],
        "measures": [_read_yaml(file) for file in sorted((directory / "measures").rglob("*.yaml"))],
        "rules": rules,
        "profiles": [_read_yaml(file) for file in sorted((directory / "profiles").glob("*.yaml"))],
    }


def build_standard(data: Mapping[str, Any]) -> Standard:
    """Turn the content of a bundle into objects, checking each entry."""
    return Standard(
        id=data["id"],
        title=data["title"],
        version=data["version"],
        status=data["status"],
        codes=_by_id([_code_list(entry) for entry in data["codes"]]),
        measures=_by_id([_structure(entry, MeasureDefinition) for entry in data["measures"]]),
        rules=_by_id([_structure(entry, Rule) for entry in data["rules"]]),
        profiles=_by_id([_structure(entry, Profile) for entry in data["profiles"]]),
    )


@functools.cache
def _shipped() -> Standard:
    bundle = spec_directory() / BUNDLE
    return build_standard(json.loads(bundle.read_text(encoding="utf-8")))


def _read_yaml(file: Path) -> Any:
    try:
        from ruamel.yaml import YAML
        from ruamel.yaml.error import YAMLError
    except ModuleNotFoundError:
        raise MissingExtraError("yaml", needs="ruamel.yaml, which reads a standard from its YAML sources,") from None
    try:
        return YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8"))
    except (OSError, YAMLError) as error:
        raise SpecError(f"{file.name}: {error}") from error


def _code_list(entry: Mapping[str, Any]) -> CodeList:
    known = ("code", "meaning")
    codes = tuple(
        Code(
            code=item["code"],
            meaning=item["meaning"],
            facts={name: value for name, value in item.items() if name not in known},
        )
        for item in entry["codes"]
    )
    return CodeList(id=entry["id"], title=entry["title"], note=entry.get("note", ""), codes=codes)


def _structure(entry: Mapping[str, Any], kind: type[T]) -> T:
    import cattrs

    try:
        made: T = _converter().structure(entry, kind)
    except cattrs.BaseValidationError as error:
        problems = "; ".join(cattrs.transform_error(error))
        raise SpecError(f"{kind.__name__} {entry.get('id', '?')}: {problems}") from error
    return made


@functools.cache
def _converter() -> Any:
    import cattrs

    made = cattrs.Converter(forbid_extra_keys=True)
    made.register_structure_hook(Value, lambda value, _: value)
    made.register_structure_hook(float | None, lambda value, _: None if value is None else float(value))
    return made


def _by_id(entries: list[E]) -> dict[str, E]:
    found: dict[str, E] = {}
    for entry in entries:
        if entry.id in found:
            raise SpecError(f"{type(entry).__name__} {entry.id} stands twice.")
        found[entry.id] = entry
    return found
