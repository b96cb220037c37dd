"""The meta-schema: an independent validator accepts every file of the standard, and refuses what the library refuses."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from blended_standard.errors import SpecError
from blended_standard.spec.meta import KINDS, meta_schemas
from blended_standard.spec.standard import build_standard, read_sources, read_yaml, spec_directory

SPEC = spec_directory()
SCHEMAS = {path.name.split(".")[0]: json.loads(path.read_text("utf-8")) for path in (SPEC / "meta").glob("*.json")}


def checker(kind: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(SCHEMAS[kind], format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)


def content(path: Path) -> Any:
    return read_yaml(path) if path.suffix == ".yaml" else json.loads(path.read_text("utf-8"))


def test_every_schema_is_one_and_is_used() -> None:
    assert {*SCHEMAS} == {*KINDS.values()} == {*meta_schemas("0.0.0")}
    for schema in SCHEMAS.values():
        jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("pattern", KINDS)
def test_every_file_is_as_its_schema_says(pattern: str) -> None:
    files = sorted(SPEC.glob(pattern))
    assert files
    for file in files:
        error = jsonschema.exceptions.best_match(checker(KINDS[pattern]).iter_errors(content(file)))
        assert error is None, f"{file.relative_to(SPEC)}: {error.json_path} {error.message}"


def test_no_file_is_left_out() -> None:
    covered = {file for pattern in KINDS for file in SPEC.glob(pattern)}
    generated = {"meta", "schemas", "versions"}
    others = {
        file
        for file in SPEC.rglob("*")
        if file.suffix in (".yaml", ".json")
        and not file.name.endswith(".schema.json")
        and file.relative_to(SPEC).parts[0] not in generated
    }
    assert others - covered == {SPEC / "standard.json"}


WRONG: dict[str, tuple[str, Callable[[Any], object]]] = {
    "a field that is not known": ("measure", lambda entry: entry.update(colour="red")),
    "no denominator": ("measure", lambda entry: entry.pop("denominator")),
    "a direction that is not known": ("measure", lambda entry: entry.update(direction="up")),
    "a parameter without meaning": (
        "measure",
        lambda entry: entry.update(parameters={"x": {"type": "integer", "default": 1}}),
    ),
    "an exclusion without a reason": ("measure", lambda entry: entry.update(exclusions=[{"id": "x"}])),
    "a severity that is not known": ("rule", lambda entry: entry.update(severity="fatal")),
    "a rule without a mend": ("rule", lambda entry: entry.pop("mend")),
    "a level that is not known": ("profile", lambda entry: entry.update(level="planet")),
    "a fate that is not known": ("adapter", lambda entry: entry["fields"][0].update(fate="lost")),
    "a combine that is not known": ("bridge", lambda entry: entry.update(combine="median")),
}


@pytest.mark.parametrize("case", WRONG)
def test_library_and_schema_refuse_alike(case: str) -> None:
    part, spoil = WRONG[case]
    bundle = copy.deepcopy(BUNDLE)
    build_standard(bundle)
    spoil(bundle[f"{part}s"][0])
    with pytest.raises(SpecError):
        build_standard(bundle)
    entry = [bundle["rules"][0]] if part == "rule" else bundle[f"{part}s"][0]
    assert not checker("rules" if part == "rule" else part).is_valid(entry)


BUNDLE = read_sources(SPEC)
