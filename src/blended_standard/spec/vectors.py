"""Record vectors: for each field what it must accept and what it must refuse, made from its declaration."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from blended_standard.model import FieldSpec, Record
from blended_standard.model.fields import MAXIMUM_ID_LENGTH
from blended_standard.spec.standard import Standard

Case = dict[str, Any]


def record_vectors(record: type[Record], standard: Standard) -> dict[str, Any]:
    """Return the vectors of a record: `{"table", "cases": [{"name", "valid", "record", "rule"}]}`.

    `rule` is the id of the rule that an invalid record breaks. Rules across records and references are left aside.
    """
    minimal = {field.name: _sound(field, standard) for field in record.fields() if field.required}
    full = {field.name: _sound(field, standard) for field in record.fields()}
    cases = [
        _case("every required field", minimal),
        _case("every field", full),
        _case("a local field under a namespace is kept", {**minimal, "local:field": {"any": ["value", 1]}}),
        _case("a field that the standard does not know is kept", {**minimal, "not_a_field": "kept"}),
        _case("no reason for a missing value", {**minimal, "missing": {}}),
        _case("a reason that does not exist", {**minimal, "missing": {"x": "because"}}, "FLD-TYPE"),
    ]
    for field in record.fields():
        cases += [
            _case(f"{field.name}: {name}", _changed(full, field, value), rule) for name, value, rule in _tries(field)
        ]
        if not field.required:
            cases.append(_case(f"{field.name}: absent", {**full, field.name: None}))
            cases.append(_case(f"{field.name}: absent, with the reason", {**minimal, "missing": {field.name: "lost"}}))
    return {"table": record.table, "cases": cases}


def _case(name: str, record: dict[str, Any], rule: str | None = None) -> Case:
    return {"name": name, "valid": rule is None, "record": record, "rule": rule}


def _changed(full: dict[str, Any], field: FieldSpec, value: Any) -> dict[str, Any]:
    if value is _LEFT_OUT:
        return {name: kept for name, kept in full.items() if name != field.name}
    return {**full, field.name: value}


_LEFT_OUT = object()


def _sound(field: FieldSpec, standard: Standard) -> Any:
    if field.codes:
        return standard.codes[field.codes].names()[0]
    if field.name == "time_zone":
        return "America/Los_Angeles"
    if field.type in ("integer", "number"):
        low = field.minimum if field.minimum is not None else 0
        high = field.maximum if field.maximum is not None else low + 1
        return min(int(low) + 1, int(high))
    values = {"text": "a1", "boolean": True, "date": "2025-09-02", "instant": "2025-09-02T15:04:05Z"}
    return values[field.type]


def _tries(field: FieldSpec) -> Iterator[tuple[str, Any, str | None]]:
    """Yield names, values and the rule that each value breaks."""
    if field.required:
        yield "left out", _LEFT_OUT, "FLD-REQUIRED"
        yield "null", None, "FLD-REQUIRED"
    yield "an object", {}, "FLD-TYPE"
    if field.codes:
        yield "a code that is not in the list", "no such code", "FLD-CODE"
    elif field.type == "text" and (field.key or field.refers_to):
        yield "blank", " ", "FLD-ID"
        yield "ends with a space", "a1 ", "FLD-ID"
        yield "begins with a space", " a1", "FLD-ID"
        yield "as long as may be", "x" * MAXIMUM_ID_LENGTH, None
        yield "too long", "x" * (MAXIMUM_ID_LENGTH + 1), "FLD-ID"
        yield "letters of any script, and spaces inside", "é 漢 1", None
    elif field.type == "text":
        yield "a number", 7, "FLD-TYPE"
    yield from _number_tries(field)
    yield from _time_tries(field)
    if field.type == "boolean":
        yield "no", False, None
        yield "a number", 1, "FLD-TYPE"


def _number_tries(field: FieldSpec) -> Iterator[tuple[str, Any, str | None]]:
    if field.type not in ("integer", "number"):
        return
    yield "a word", "many", "FLD-TYPE"
    yield "true", True, "FLD-TYPE"
    if field.type == "integer":
        yield "a part of a whole", _between(field), "FLD-TYPE"
    if field.minimum is not None:
        yield "the smallest", _plain(field.minimum), None
        yield "below the smallest", _plain(field.minimum - 1), "FLD-RANGE"
    if field.maximum is not None:
        yield "the largest", _plain(field.maximum), None
        yield "above the largest", _plain(field.maximum + 1), "FLD-RANGE"


def _time_tries(field: FieldSpec) -> Iterator[tuple[str, Any, str | None]]:
    if field.type == "date":
        yield "first year", "1900-01-01", None
        yield "before the first year", "1899-12-31", "FLD-YEAR"
        yield "last year", "2200-12-31", None
        yield "after the last year", "2201-01-01", "FLD-YEAR"
        yield "month before day of another land", "09/02/2025", "FLD-TYPE"
        yield "a day that the month does not have", "2025-02-30", "FLD-TYPE"
        yield "29 February of a leap year", "2024-02-29", None
        yield "with a time", "2025-09-02T00:00:00Z", "FLD-TYPE"
    if field.type == "instant":
        yield "with an offset", "2025-09-02T08:04:05-07:00", None
        yield "with microseconds", "2025-09-02T15:04:05.123456Z", None
        yield "without an offset", "2025-09-02T15:04:05", "FLD-TYPE"
        yield "without a time", "2025-09-02", "FLD-TYPE"
        yield "seconds since 1970", 1756825445, "FLD-TYPE"
        yield "a year before 1900", "1899-06-30T12:00:00Z", "FLD-YEAR"


def _between(field: FieldSpec) -> float:
    low = field.minimum if field.minimum is not None else 0
    return low + 0.5


def _plain(number: float) -> float:
    return int(number) if float(number).is_integer() else number
