"""Turn the raw values of a row into the types of the model; what cannot be read is a finding, never a guess."""

from __future__ import annotations

import datetime as dt
import functools
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from blended_standard.findings import FindingCollector
from blended_standard.io.tables import EXTRA, INVALID, LINE, MISSING, ROW, Columns
from blended_standard.io.text import RawRow
from blended_standard.model import FieldSpec, FieldType, Missing, Record

_INTEGER = re.compile(r"[+-]?\d{1,18}")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:?\d{2})")
FORMS: Mapping[FieldType, str] = {
    "text": "text",
    "integer": "a whole number such as 12",
    "number": "a number such as 12.5",
    "boolean": "true or false",
    "date": "a date such as 2025-01-31",
    "instant": "an instant with its offset such as 2025-01-31T14:05:00Z",
}
D = TypeVar("D", dt.date, dt.datetime)


def to_columns(rows: Iterable[RawRow], record: type[Record], found: FindingCollector) -> Columns:
    """Collect rows into typed columns; every row is kept, a value that cannot be read becomes None and is marked."""
    fields = record.fields()
    values: dict[str, list[Any]] = {name: [] for name in (*(field.name for field in fields), MISSING, EXTRA)}
    values |= {ROW: [], LINE: [], INVALID: []}
    readers = [(field, READERS[field.type], values[field.name]) for field in fields]
    known = {field.name for field in fields} | {MISSING}
    unknown: dict[str, RawRow] = {}
    for raw in rows:
        invalid = _read_fields(raw, readers, record.table, found)
        values[ROW].append(raw.row)
        values[LINE].append(raw.line)
        values[INVALID].append(",".join(["", *invalid, ""]) if invalid else None)
        values[MISSING].append(_read_missing(raw, record.table, found))
        extra = {name: value for name, value in raw.values.items() if name not in known and value is not None}
        for name in extra:
            unknown.setdefault(name, raw)
        values[EXTRA].append(json.dumps(extra, ensure_ascii=False, sort_keys=True) if extra else None)
    for name, raw in unknown.items():
        if ":" not in name:
            found.add("FLD-UNKNOWN", table=record.table, row=raw.row, line=raw.line, field=name)
    return Columns(values=values)


def _read_fields(
    raw: RawRow,
    readers: list[tuple[FieldSpec, Callable[[Any], Any], list[Any]]],
    table: str,
    found: FindingCollector,
) -> list[str]:
    invalid: list[str] = []
    for field, read, column in readers:
        value = raw.values.get(field.name)
        if value is not None:
            try:
                value = read_typed(field, value) if raw.typed else read(value)
            except ValueError as error:
                hint = f" {error}" if str(error).startswith("(") else ""
                found.add(
                    "FLD-TYPE",
                    table=table,
                    row=raw.row,
                    line=raw.line,
                    field=field.name,
                    value=value,
                    detail=f"Accepted: {FORMS[field.type]}.{hint}",
                    identifying=field.identifying,
                )
                value = None
                invalid.append(field.name)
        column.append(value)
    return invalid


def _read_missing(raw: RawRow, table: str, found: FindingCollector) -> str | None:
    """Read `missing`, an object in JSON and `field=reason; field=reason` in CSV, into JSON text."""
    given = raw.values.get(MISSING)
    if given is None:
        return None
    pairs = dict(part.partition("=")[::2] for part in given.split(";")) if isinstance(given, str) else given
    try:
        reasons = {name.strip(): Missing(reason.strip()).value for name, reason in pairs.items()}
    except (ValueError, AttributeError):
        detail = f"Accepted reasons: {', '.join(Missing)}."
        found.add("FLD-TYPE", table=table, row=raw.row, line=raw.line, field=MISSING, value=given, detail=detail)
        return None
    return json.dumps(reasons, sort_keys=True)


def read_typed(field: FieldSpec, value: Any) -> Any:
    """Read a value as JSON holds it: text is no number and no truth value there; `ValueError` where it is refused."""
    if isinstance(value, str) is not (field.type in ("text", "date", "instant")):
        raise ValueError
    return READERS[field.type](value)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise ValueError


def _integer(value: Any) -> int:
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63:
        return value
    raise ValueError


def _number(value: Any) -> float:
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = float(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**1023:
        return float(value)
    if isinstance(value, float) and math.isfinite(value):
        return value + 0.0
    raise ValueError("(thousands are not grouped)" if isinstance(value, str) and "," in value else "")


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return bool(value == "true")
    raise ValueError


def _date(value: Any) -> dt.date:
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value
    if isinstance(value, str):
        return _date_of_text(value)
    raise ValueError


@functools.lru_cache(maxsize=1 << 16)  # a program's records name the same few thousand days
def _date_of_text(value: str) -> dt.date:
    if _DATE.fullmatch(value):
        return _in_calendar(dt.date.fromisoformat, value)
    raise ValueError


def read_instant(value: Any) -> dt.datetime:
    """Read an instant that carries its offset, into UTC; `ValueError` says in brackets what keeps it out."""
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        return value.astimezone(dt.UTC)
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        no_offset = isinstance(value, str) and bool(_INSTANT.fullmatch(value + "Z"))
        raise ValueError("(the offset from UTC is missing)" if no_offset else "")
    try:
        return _in_calendar(dt.datetime.fromisoformat, value).astimezone(dt.UTC)
    except OverflowError:
        raise ValueError("(it lies outside the calendar)") from None


def _in_calendar(parse: Callable[[str], D], value: str) -> D:
    try:
        return parse(value)
    except ValueError as error:
        raise ValueError(f"({error})") from None


READERS: Mapping[FieldType, Callable[[Any], Any]] = {
    "text": _text,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "instant": read_instant,
}
