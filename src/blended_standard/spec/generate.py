"""What is generated from the classes and the sources: dictionary, schemas, meta-schema, record vectors, bundle."""

from __future__ import annotations

import inspect
import io
import json
from pathlib import Path
from typing import Any

from blended_standard.model import RECORDS, FieldSpec, Missing, Record
from blended_standard.model.fields import MAXIMUM_ID_LENGTH
from blended_standard.spec.meta import DIALECT, meta_schemas
from blended_standard.spec.standard import BUNDLE, Standard, build_standard, read_sources
from blended_standard.spec.vectors import record_vectors

_IDENTIFIER = r"^\S(?:[\s\S]*\S)?$"
_DATE = r"^(19|2[01])\d\d-\d\d-\d\d$|^2200-\d\d-\d\d$"
_INSTANT = r"^(19\d\d|2[01]\d\d|2200)-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d)$"
_NOTICE = "# Generated from the record class. Do not edit: run `python -m blended_standard.spec build`.\n"


def generated(directory: Path) -> dict[Path, str]:
    """Return the content of every generated file of the standard, by path."""
    sources = read_sources(directory)
    standard = build_standard(sources)
    files = {directory / BUNDLE: _json(sources)}
    for name, record in RECORDS.items():
        files[directory / "records" / f"{name}.yaml"] = _NOTICE + _yaml(dictionary_entry(record))
        files[directory / "schemas" / f"{name}.schema.json"] = _json(record_schema(record, standard))
        files[directory / "vectors" / "records" / f"{name}.json"] = _json(record_vectors(record, standard))
    for kind, schema in meta_schemas(standard.version).items():
        files[directory / "meta" / f"{kind}.schema.json"] = _json(schema)
    return files


def dictionary_entry(record: type[Record]) -> dict[str, Any]:
    """Return the entry of a record in the data dictionary."""
    return {
        "record": record.table,
        "meaning": inspect.cleandoc(record.__doc__ or ""),
        "key": list(record.key_fields()),
        "fields": [_field_entry(field) for field in record.fields()],
    }


def record_schema(record: type[Record], standard: Standard) -> dict[str, Any]:
    """Return the JSON Schema of one record as a line of JSON Lines; fields that the standard does not know are kept."""
    return {
        "$schema": DIALECT,
        "$id": f"urn:blended-standard:{standard.version}:record:{record.table}",
        "title": record.table,
        "description": inspect.cleandoc(record.__doc__ or ""),
        "type": "object",
        "properties": {
            **{field.name: _property(field, standard) for field in record.fields()},
            "missing": {
                "description": "Why a value is absent, by field name.",
                "type": ["object", "null"],
                "additionalProperties": {"enum": [reason.value for reason in Missing]},
            },
        },
        "required": [field.name for field in record.fields() if field.required],
        "additionalProperties": True,
    }


def _field_entry(field: FieldSpec) -> dict[str, Any]:
    facts: dict[str, Any] = {"name": field.name, "type": field.type, "meaning": field.meaning}
    for name in ("required", "key", "identifying", "legacy"):
        if getattr(field, name):
            facts[name] = True
    for name in ("refers_to", "codes", "minimum", "maximum", "unit"):
        if getattr(field, name) is not None:
            facts[name] = getattr(field, name)
    if field.counterparts:
        facts["counterparts"] = dict(field.counterparts)
    return {**facts, "since": field.since}


def _property(field: FieldSpec, standard: Standard) -> dict[str, Any]:
    made: dict[str, Any] = {"description": field.meaning}
    kinds = {"text": "string", "date": "string", "instant": "string"}
    kind = kinds.get(field.type, field.type)
    made["type"] = kind if field.required else [kind, "null"]
    if field.codes:
        names = list(standard.codes[field.codes].names())
        made["enum"] = names if field.required else [*names, None]
    elif field.key or field.refers_to:
        made |= {"pattern": _IDENTIFIER, "maxLength": MAXIMUM_ID_LENGTH} if field.type == "text" else {}
    if field.type in ("date", "instant"):
        made |= {"format": "date" if field.type == "date" else "date-time"}
        made |= {"pattern": _DATE if field.type == "date" else _INSTANT}
    for name in ("minimum", "maximum"):
        if getattr(field, name) is not None:
            made[name] = getattr(field, name)
    if field.unit:
        made["x-unit"] = field.unit
    if field.refers_to:
        made["x-refers-to"] = field.refers_to
    return made


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def _yaml(value: Any) -> str:
    from ruamel.yaml import YAML

    writer = YAML()
    writer.default_flow_style = False
    writer.width = 110
    stream = io.StringIO()
    writer.dump(value, stream)
    return stream.getvalue()
