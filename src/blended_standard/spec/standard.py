"""The standard as objects: code lists, measure definitions, rules and profiles, read from `spec/`."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import attrs

from blended_standard.errors import MissingExtraError, SpecError, UnreadableInputError, UsageError, did_you_mean, expect
from blended_standard.spec.bridges import RulePack
from blended_standard.spec.definitions import AdapterMap, Code, CodeList, MeasureDefinition, Rule, Status, Value
from blended_standard.spec.profiles import Profile, resolve

BUNDLE = "standard.json"

T = TypeVar("T")


def _count(entries: Mapping[str, object]) -> str:
    return f"<{len(entries)}>"


@attrs.frozen(kw_only=True)
class Standard:
    """The whole standard at one version."""

    id: str
    title: str
    version: str
    status: Status
    codes: Mapping[str, CodeList] = attrs.field(hash=False, repr=_count)
    measures: Mapping[str, MeasureDefinition] = attrs.field(hash=False, repr=_count)
    rules: Mapping[str, Rule] = attrs.field(hash=False, repr=_count)
    profiles: Mapping[str, Profile] = attrs.field(hash=False, repr=_count)
    adapters: Mapping[str, AdapterMap] = attrs.field(factory=dict, hash=False, repr=_count)
    bridges: Mapping[str, RulePack] = attrs.field(factory=dict, hash=False, repr=_count)

    def profile(self, name: str) -> Profile:
        """Return the profile `name`."""
        if name not in self.profiles:
            hint = did_you_mean(name, self.profiles)
            raise UsageError(f"There is no profile {name!r}.{hint} There are: {', '.join(sorted(self.profiles))}.")
        return self.profiles[name]

    def measure_ids(self, measures: Sequence[str]) -> tuple[str, ...]:
        """Turn a profile's name, one id or a list of ids into the ids of measures."""
        if isinstance(measures, str):
            asked = self.profiles[measures].measures if measures in self.profiles else (measures,)
        else:
            expect("measures", measures, Iterable, "a measure such as 'ENG-01', a list of them, or a profile")
            asked = tuple(measures)
        for name in asked:
            if name not in self.measures:
                hint = did_you_mean(name, (*self.measures, *self.profiles))
                raise UsageError(
                    f"There is no measure {name!r}.{hint} There are: {', '.join(sorted(self.measures))}; "
                    f"or name a profile: {', '.join(sorted(self.profiles))}."
                )
        return asked


E = TypeVar("E", CodeList, MeasureDefinition, Rule, Profile, AdapterMap, RulePack)


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
    if not source.is_file():
        raise UnreadableInputError(f"{source}: no such file or directory. Pass a spec/ directory or a standard.json.")
    return build_standard(json.loads(source.read_text(encoding="utf-8")))


def spec_directory() -> Path:
    """Return the `spec/` directory that this installation uses: beside the sources, or inside the wheel."""
    installed = Path(__file__).parents[1] / "_spec"
    return installed if installed.is_dir() else Path(__file__).parents[3] / "spec"


def read_sources(directory: Path) -> dict[str, Any]:
    """Read the YAML files of a `spec/` directory into one plain mapping, the content of the bundle."""
    head = read_yaml(directory / "standard.yaml")
    rules = [rule for file in sorted((directory / "rules").glob("*.yaml")) for rule in read_yaml(file)]
    return {
        **head,
        "codes": [read_yaml(file) for file in sorted((directory / "codes").glob("*.yaml"))],
        "measures": [read_yaml(file) for file in sorted((directory / "measures").rglob("*.yaml"))],
        "rules": rules,
        "profiles": [read_yaml(file) for file in sorted((directory / "profiles").glob("*.yaml"))],
        "adapters": [read_yaml(file) for file in sorted((directory / "adapters").glob("*.yaml"))],
        "bridges": [read_yaml(file) for file in sorted((directory / "bridge").glob("*.yaml"))],
    }


def build_standard(data: Mapping[str, Any]) -> Standard:
    """Turn the content of a bundle into objects, checking each entry."""
    measures = _by_id([_structure(entry, MeasureDefinition) for entry in data["measures"]])
    rules = _by_id([_structure(entry, Rule) for entry in data["rules"]])
    codes = _by_id([_code_list(entry) for entry in data["codes"]])
    profiles = _by_id([_structure(entry, Profile) for entry in data["profiles"]])
    return Standard(
        id=data["id"],
        title=data["title"],
        version=data["version"],
        status=data["status"],
        codes=codes,
        measures=measures,
        rules=rules,
        profiles=resolve(profiles, measures=measures, rules=rules, codes=codes),
        adapters=_by_id([_structure(entry, AdapterMap) for entry in data.get("adapters", ())]),
        bridges=_by_id([_structure(entry, RulePack) for entry in data.get("bridges", [])]),
    )


@functools.cache
def _shipped() -> Standard:
    bundle = spec_directory() / BUNDLE
    return build_standard(json.loads(bundle.read_text(encoding="utf-8")))


def read_yaml(file: Path) -> Any:
    """Read one YAML file; `SpecError` names the file that is malformed."""
    try:
        from ruamel.yaml import YAML
        from ruamel.yaml.error import YAMLError
        from ruamel.yaml.events import AliasEvent
    except ModuleNotFoundError:
        raise MissingExtraError("yaml", needs="ruamel.yaml, which reads a standard from its YAML sources,") from None
    try:
        text = file.read_text(encoding="utf-8")
        # A few lines of aliases of aliases unfold to more than a machine holds.
        if "*" in text and any(isinstance(event, AliasEvent) for event in YAML(typ="safe", pure=True).parse(text)):
            raise SpecError(f"{file.name}: aliases (*name) are not read. Write the value where it is needed.")
        return YAML(typ="safe", pure=True).load(text)
    except (OSError, ValueError, YAMLError) as error:
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
