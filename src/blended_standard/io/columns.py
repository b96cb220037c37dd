"""Collect rows of text into typed columns; what cannot be read is a finding, never a guess."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from types import NoneType
from typing import Any
from zoneinfo import ZoneInfo

import attrs

from blended_standard.findings import FindingCollector
from blended_standard.io.arrow import packed
from blended_standard.io.local_time import Reading, local_instant
from blended_standard.io.plain import plain
from blended_standard.io.tables import EXTRA, INVALID, LINE, MISSING, ROW, Columns
from blended_standard.io.text import RawRow
from blended_standard.io.typed import (
    FORMS,
    PLAIN_JSON_READERS,
    PLAIN_READERS,
    READERS,
    TEXTUAL,
    local_time,
    read_typed,
    reasons_of,
)
from blended_standard.model import FieldSpec, FieldType, Missing, Record
from blended_standard.model.fields import HALF_A_CHARACTER, is_written

_AT_ONCE = 1 << 10
"""Rows that are typed together: enough that most values occur more than once, few enough to stay in the cache."""
_NATIVE: Mapping[FieldType, tuple[type, ...]] = {
    "text": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "date": (dt.date,),
    "instant": (dt.datetime,),
}
"""The types of Python of which equal values are read alike; 1 and True are equal too, and are not."""
_TOTALS = re.compile(r"\s*((grand |sub-?)?totals?|sums?)\s*:?\s*", re.IGNORECASE)


def to_columns(
    rows: Iterable[RawRow], record: type[Record], found: FindingCollector, *, zone: ZoneInfo | None = None
) -> Any:
    """Collect rows into typed columns; every row is kept, a value that cannot be read becomes None and is marked.

    Few rows become `Columns`, many an Arrow table that holds the same, in a fifth of the memory. `zone` is that of
    instants without an offset, which are refused where none is given.
    """
    blocks = ColumnReader(record, found, zone).blocks(iter(rows))
    first, second = next(blocks), next(blocks, None)
    return Columns(values=first) if second is None else packed(itertools.chain((first, second), blocks), record)


@attrs.frozen
class ColumnReader:
    """Reads the values of one table into the types of the model."""

    record: type[Record]
    found: FindingCollector
    zone: ZoneInfo | None = None

    def blocks(self, rows: Iterator[RawRow]) -> Iterator[dict[str, list[Any]]]:
        """Yield the columns of some rows at once, of none where there are none."""
        known = {field.name for field in self.record.fields()} | {MISSING}
        unknown: dict[str, RawRow] = {}
        block = list(itertools.islice(rows, _AT_ONCE))
        while True:
            invalid: dict[int, str] = {}
            values = {field.name: self._column(field, block, invalid) for field in self.record.fields()}
            values[MISSING] = [self._missing(raw) if MISSING in raw.values else None for raw in block]
            values[EXTRA] = [None if raw.values.keys() <= known else self._extra(raw, known, unknown) for raw in block]
            values[ROW] = [raw.row for raw in block]
            values[LINE] = [raw.line for raw in block]
            values[INVALID] = [invalid.get(number) for number in range(len(block))]
            yield values
            block = list(itertools.islice(rows, _AT_ONCE))
            if not block:
                break
        for name, raw in unknown.items():
            if ":" not in name:
                self._add("FLD-UNKNOWN", raw, name)

    def _column(self, field: FieldSpec, block: list[RawRow], invalid: dict[int, str]) -> list[Any]:
        """Read one field of some rows; mark in `invalid`, by the numbers of the rows, those that cannot be read."""
        given = [raw.values.get(field.name) for raw in block]
        kinds = set(map(type, given))
        if kinds <= {NoneType}:
            return given
        if field.type == "text" and kinds <= {str, NoneType} and is_written("".join(filter(None, given))):
            return given
        as_text = field.type in TEXTUAL or not any(raw.typed for raw in block)
        if kinds <= {NoneType, *_NATIVE[field.type], *([str] if as_text else [])}:
            read = PLAIN_READERS[field.type]
            try:
                made = {value: None if value is None else read(value) for value in set(given)}
                return [made[value] for value in given]
            except ValueError:
                pass
        return [
            None if value is None else self.value(field, value, raw, number, invalid)
            for number, (value, raw) in enumerate(zip(given, block, strict=True))
        ]

    def value(self, field: FieldSpec, value: Any, raw: RawRow, number: int, invalid: dict[int, str]) -> Any:
        """Read one value; one that cannot be read is a finding, None, and marked at its `number`."""
        try:
            return (PLAIN_JSON_READERS if raw.typed else PLAIN_READERS)[field.type](value)
        except ValueError:
            made = self._with_care(field, value, raw)
        self._add(made.code, raw, field.name, value=value, detail=made.detail, identifying=field.identifying)
        if made.value is None:
            invalid[number] = f"{invalid.get(number, ',')}{field.name},"
        return made.value

    def _with_care(self, field: FieldSpec, value: Any, raw: RawRow) -> Reading:
        """Read a value that is not plainly of its type, or say why it is refused."""
        local = local_time(value) if field.type == "instant" else None
        if local and self.zone:
            return local_instant(local, self.zone)
        try:
            cast = read_typed(field, value) if raw.typed else READERS[field.type](value)
            return Reading(cast, "TYP-CAST", f"It was read as {cast}.")
        except ValueError as error:
            hint = f" {error}" if str(error).startswith("(") else ""
        if any(isinstance(part, str) and _TOTALS.fullmatch(part) for part in raw.values.values()):
            hint += " (This looks like a row of totals, which is no record.)"
        return Reading(None, "FLD-TYPE", f"Accepted: {FORMS[field.type]}.{hint}")

    def _missing(self, raw: RawRow) -> str | None:
        """Read `missing`, an object in JSON and `field=reason; field=reason` in CSV, into JSON text."""
        given = raw.values[MISSING]
        if given is None:
            return None
        try:
            return json.dumps(reasons_of(given), sort_keys=True)
        except ValueError:
            self._add("FLD-TYPE", raw, MISSING, value=given, detail=f"Accepted reasons: {', '.join(Missing)}.")
            return None

    def _extra(self, raw: RawRow, known: set[str], unknown: dict[str, RawRow]) -> str | None:
        """Return fields that the standard does not know as JSON text, and keep the first row of each."""
        extra = {name: value for name, value in raw.values.items() if name not in known and value is not None}
        for name in extra:
            unknown.setdefault(name, raw)
        made = _json(extra)
        if not is_written(made):
            lost = [name for name, value in extra.items() if not is_written(name + _json(value))]
            for name in lost:
                self._add("FLD-TYPE", raw, name, detail=f"Accepted: text. ({HALF_A_CHARACTER})")
            made = _json({name: value for name, value in extra.items() if name not in lost})
        return made if made != "{}" else None

    def _add(
        self, code: str, raw: RawRow, field: str, *, value: Any = None, detail: str = "", identifying: bool = False
    ) -> None:
        self.found.add(
            code,
            table=self.record.table,
            row=raw.row,
            line=raw.line,
            field=field,
            value=value,
            detail=detail,
            identifying=identifying,
        )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=plain)
