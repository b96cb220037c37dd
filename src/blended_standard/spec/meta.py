"""The meta-schema: JSON Schemas 2020-12 that say what every file of `spec/` must look like.

They are made from the classes that read those files, so that another language refuses what this library refuses.
What a schema cannot say, such as that a profile only narrows what it inherits, is checked as the standard is built.
"""

from __future__ import annotations

import enum
import inspect
import types
import typing
from collections.abc import Mapping
from typing import Any, Literal

import attrs

from blended_standard.model.fields import FieldType
from blended_standard.spec.bridges import RulePack
from blended_standard.spec.definitions import AdapterMap, MeasureDefinition, Rule, Status
from blended_standard.spec.profiles import Profile

DIALECT = "https://json-schema.org/draft/2020-12/schema"
KINDS: Mapping[str, str] = {
    "standard.yaml": "standard",
    "codes/*.yaml": "codes",
    "measures/*/*.yaml": "measure",
    "rules/*.yaml": "rules",
    "profiles/*.yaml": "profile",
    "adapters/*.yaml": "adapter",
    "bridge/*.yaml": "bridge",
    "records/*.yaml": "record",
    "vectors/records/*.json": "record_vectors",
    "vectors/measures/*.json": "measure_vectors",
    "vectors/bridge/*.json": "claim_vectors",
    "vectors/rules/*.json": "vectors",
    "vectors/comparison/*.json": "vectors",
    "vectors/report/*.json": "vectors",
    "vectors/aggregates/*.json": "vectors",
    "vectors/files/*.json": "vectors",
    "vectors/produce/*.json": "vectors",
}
"""The files of `spec/`, and the kind of each."""

_VERSION = r"^\d+\.\d+\.\d+$"
_WORD = r"^[a-z0-9][a-z0-9_]*$"
_TEXT: Mapping[str, Any] = {"type": "string", "minLength": 1}
_PLAIN: Mapping[type, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
}
_FORMS: Mapping[type, dict[str, dict[str, Any]]] = {
    MeasureDefinition: {
        "id": {"type": "string", "pattern": r"^(ENG|CMP|OUT|REL|IMP|EQ)-\d\d[A-Z]?$"},
        "version": {"type": "string", "pattern": _VERSION},
        "question": dict(_TEXT),
        "population": dict(_TEXT),
        "numerator": dict(_TEXT),
        "denominator": dict(_TEXT),
        "source": dict(_TEXT),
    },
    Rule: {"id": {"type": "string", "pattern": r"^[A-Z]{3}-[A-Z0-9]+(-[A-Z0-9]+)*$"}, "mend": dict(_TEXT)},
    Profile: {"id": {"type": "string", "pattern": r"^[a-z][a-z0-9-]*$"}},
    RulePack: {
        "id": {"type": "string", "pattern": r"^BR-\d\d$"},
        "version": {"type": "string", "pattern": _VERSION},
    },
}
"""What a field must look like beyond its type."""


def meta_schemas(version: str) -> dict[str, dict[str, Any]]:
    """Return the schemas by kind of file, the stems of the files in `spec/meta/`, for a version of the standard."""
    made = {
        "standard": _object(
            "Identity and version of the standard.",
            {"id": _TEXT, "title": _TEXT, "version": _form("string", _VERSION), "status": _schema(Status)},
        ),
        "codes": _codes(),
        "measure": _of_class(MeasureDefinition),
        "rules": {"description": "Validation rules.", "type": "array", "items": _of_class(Rule)},
        "profile": _of_class(Profile),
        "adapter": _of_class(AdapterMap),
        "bridge": _of_class(RulePack),
        "record": _record(),
        "record_vectors": _record_vectors(),
        "measure_vectors": _measure_vectors(),
        "claim_vectors": _claim_vectors(),
        "vectors": _vectors(),
    }
    names = {kind: f"urn:blended-standard:{version}:meta:{kind}" for kind in made}
    return {kind: {"$schema": DIALECT, "$id": names[kind], **schema} for kind, schema in made.items()}


def _form(kind: str, pattern: str) -> dict[str, Any]:
    return {"type": kind, "pattern": pattern}


def _object(description: str, properties: Mapping[str, Any], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "description": description,
        "type": "object",
        "properties": {name: dict(schema) for name, schema in properties.items()},
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def _of_class(kind: type) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    forms = _FORMS.get(kind, {})
    fields = attrs.fields(kind)
    properties = {field.name: forms.get(field.name) or _schema(hints[field.name]) for field in fields}
    optional = tuple(field.name for field in fields if field.default is not attrs.NOTHING)
    return _object(inspect.cleandoc(kind.__doc__ or ""), properties, optional)


def _schema(hint: Any) -> dict[str, Any]:
    """Return the schema of a type as the classes of the standard declare it."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return {}
    if hint in _PLAIN:
        return dict(_PLAIN[hint])
    if attrs.has(hint):
        return _of_class(hint)
    if isinstance(hint, type) and issubclass(hint, enum.StrEnum):
        return {"enum": [member.value for member in hint]}
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in (types.UnionType, typing.Union):
        return {"anyOf": [_schema(argument) for argument in arguments]}
    if origin is tuple:
        return {"type": "array", "items": _schema(arguments[0])}
    return {"type": "object", "additionalProperties": _schema(arguments[1])}


def _codes() -> dict[str, Any]:
    one = _object("A code; what else stands here are facts that measures use.", {"code": _form("string", _WORD)})
    one["properties"]["meaning"] = dict(_TEXT)
    one |= {"required": ["code", "meaning"], "additionalProperties": {"type": ["boolean", "number", "string", "null"]}}
    listed = {"type": "array", "minItems": 1, "items": one}
    known = {"id": _form("string", _WORD), "title": _TEXT, "note": {"type": "string"}, "codes": listed}
    return _object("A code list.", known, ("note",))


def _record() -> dict[str, Any]:
    known: dict[str, Any] = {"name": _form("string", _WORD), "type": _schema(FieldType), "meaning": _TEXT}
    known |= {name: {"const": True} for name in ("required", "key", "identifying", "legacy")}
    known |= {"refers_to": _form("string", _WORD), "codes": _form("string", _WORD)}
    known |= {"minimum": {"type": "number"}, "maximum": {"type": "number"}, "unit": _TEXT}
    known |= {"counterparts": {"type": "object", "additionalProperties": _TEXT}, "since": _form("string", _VERSION)}
    field = _object(
        "A field.", known, tuple(name for name in known if name not in ("name", "type", "meaning", "since"))
    )
    names = {"type": "array", "items": {"type": "string"}}
    parts = {"record": _form("string", _WORD), "meaning": _TEXT, "key": names}
    return _object("A record of the data dictionary.", {**parts, "fields": {"type": "array", "items": field}})


def _cases(description: str, head: Mapping[str, Any], case: dict[str, Any]) -> dict[str, Any]:
    return _object(description, {**head, "cases": {"type": "array", "minItems": 1, "items": case}})


def _record_vectors() -> dict[str, Any]:
    parts = {
        "name": _TEXT,
        "valid": {"type": "boolean"},
        "record": {"type": "object"},
        "rule": {"type": ["string", "null"]},
    }
    case = _object("A record, and the rule that it breaks.", parts)
    return _cases("Cases of the fields of one record.", {"table": _form("string", _WORD)}, case)


def _rows() -> dict[str, Any]:
    row = {"type": "object", "properties": {"repeat": {"type": "integer", "minimum": 1}}}
    rows = {"type": "array", "items": row}
    return {"type": "object", "propertyNames": {"pattern": _WORD}, "additionalProperties": rows}


def _of_measure(measure: dict[str, Any], when: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of the cases of one measure, of the days that are asked for and of what is answered."""
    expected = _object("What every implementation must give.", answer, tuple(answer)) | {"minProperties": 1}
    wrong = _object("An answer known to be wrong.", {**answer, "why": _TEXT}, tuple(answer)) | {"minProperties": 2}
    parts: dict[str, Any] = {"name": _TEXT, "tables": _rows(), **when, "parameters": {"type": "object"}}
    parts |= {"expected": expected, "wrong": {"type": "array", "minItems": 1, "items": wrong}}
    case = _object("Input and result.", parts, ("as_of", "parameters", "wrong"))
    return _cases("Cases of one measure.", {"measure": measure}, case)


_NUMBER: Mapping[str, Any] = {"type": ["number", "null"]}
_DAY: Mapping[str, Any] = {"type": "string", "format": "date"}


def _measure_vectors() -> dict[str, Any]:
    numbers = ("value", "se", "low", "high", "numerator", "denominator")
    counts = {"type": "object", "additionalProperties": {"type": "integer"}}
    answer: dict[str, Any] = {**dict.fromkeys(numbers, _NUMBER), "n": {"type": ["integer", "null"]}}
    answer |= {"status": {"type": "string"}, "reason": {"type": "string"}, "excluded": counts}
    answer |= {"bounds": {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "number"}}}
    answer |= {"components": {"type": "object", "additionalProperties": _NUMBER}}
    return _of_measure(_FORMS[MeasureDefinition]["id"], {"as_of": _DAY}, answer)


def _claim_vectors() -> dict[str, Any]:
    answer: dict[str, Any] = dict.fromkeys(("value", "numerator", "denominator"), _NUMBER)
    answer |= {"reason": {"type": "string"}, "unmet": {"type": "array", "items": _form("string", _WORD)}}
    answer |= {"steps": {"type": "object", "additionalProperties": {"type": "number"}}}
    period = {"type": "array", "minItems": 2, "maxItems": 2, "items": _DAY}
    return _of_measure(_FORMS[RulePack]["id"], {"period": period}, answer)


def _vectors() -> dict[str, Any]:
    parts = {"name": _TEXT, "pins": _TEXT, "input": {"type": "object"}, "expected": {"type": "object"}}
    case = _object("What a program is asked, and what it must answer at least.", parts)
    return _cases("Cases that pin a rule or a statistic.", {"kind": _form("string", _WORD)}, case)
