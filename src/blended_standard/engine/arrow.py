"""Tables in memory in canonical form as Arrow, for the engines that have no casts of their own."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from blended_standard.engine.base import SchemaProblem
from blended_standard.io.tables import INVALID, LINE, ROW
from blended_standard.model import FieldSpec, FieldType, Record

_FIELD_TYPES: dict[FieldType, Any] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.int64(),
    "instant": pa.int64(),
}
_TYPES = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
_OWN = {ROW: pa.int64(), LINE: pa.int64(), INVALID: pa.string()}


Canonical = tuple[pa.Table, tuple[SchemaProblem, ...], tuple[str, ...], tuple[SchemaProblem, ...]]


def canonical(table: pa.Table, record: type[Record]) -> Canonical:
    """Return the table in canonical form, what was wrong with its columns, columns that are not known, values lost."""
    problems: list[SchemaProblem] = []
    lost: list[SchemaProblem] = []
    columns = {field.name: _column(field, table, problems, lost) for field in record.fields()}
    for name, kind in _OWN.items():
        columns[name] = table[name].cast(kind) if name in table.column_names else pa.nulls(len(table), kind)
    if ROW not in table.column_names:
        columns[ROW] = pa.array(range(1, len(table) + 1), pa.int64())
    known = {*columns, "missing", "extra"}
    unknown = tuple(name for name in table.column_names if name not in known)
    return pa.table(columns), tuple(problems), unknown, tuple(lost)


def empty_table(record: type[Record]) -> pa.Table:
    """Return the canonical form of a table without rows."""
    types = {field.name: _FIELD_TYPES[field.type] for field in record.fields()} | _OWN
    return pa.table({name: pa.nulls(0, kind) for name, kind in types.items()})


def small_table(columns: dict[str, list[Any]], types: dict[str, type]) -> pa.Table:
    """Return small columns of int, float, bool or str."""
    schema = pa.schema([(name, _TYPES[kind]) for name, kind in types.items()])
    return pa.table({name: columns[name] for name in types}, schema=schema)


def _column(field: FieldSpec, table: pa.Table, problems: list[SchemaProblem], lost: list[SchemaProblem]) -> Any:
    """Return one column cast to its canonical type, or nulls when it is absent or cannot be cast."""
    kind = _FIELD_TYPES[field.type]
    nothing = pa.nulls(len(table), kind)
    if field.name not in table.column_names:
        problems.append(SchemaProblem(field, None))
        return nothing
    column = table[field.name]
    if pa.types.is_null(column.type):
        return nothing
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    made = _cast(field.type, column)
    if made is None:
        problems.append(SchemaProblem(field, str(column.type)))
        return nothing
    if count := made.null_count - column.null_count:
        lost.append(SchemaProblem(field, str(column.type), count=count))
    return made.cast(kind)


def _where(kept: Any, column: Any) -> Any:
    return pc.if_else(kept, column, None)


def _cast(kind: FieldType, column: Any) -> Any | None:
    """Return a lossless cast of an Arrow column, or None where there is none."""
    types, found = pa.types, column.type
    real = types.is_floating(found) or types.is_decimal(found)
    whole = types.is_integer(found)
    if kind == "text" and (
        types.is_string(found) or types.is_large_string(found) or types.is_string_view(found) or whole
    ):
        return column.cast(pa.string())
    if kind == "integer" and whole:
        return (
            _where(pc.less_equal(column, pa.scalar(2**63 - 1, pa.uint64())), column) if found == pa.uint64() else column
        )
    if kind in ("integer", "number") and (real or whole):
        number = column.cast(pa.float64(), safe=False)
        kept = pc.is_finite(number)
        if kind == "integer":
            kept = pc.and_(kept, pc.and_(pc.equal(number, pc.floor(number)), pc.less(pc.abs(number), 2.0**63)))
        elif types.is_decimal(found) or found in (pa.int64(), pa.uint64()):
            kept = pc.equal(number.cast(found, safe=False), column)
        return _where(kept, number)
    if kind == "boolean" and types.is_boolean(found):
        return column
    zoned = types.is_timestamp(found) and found.tz is not None
    if kind == "date" and (types.is_date(found) or (types.is_timestamp(found) and not zoned)):
        day = column.cast(pa.date32(), safe=False)
        exact = pc.equal(day.cast(found, safe=False), column) if types.is_timestamp(found) else True
        return _where(exact, day.cast(pa.int32()))
    if kind == "instant" and zoned:
        return pc.floor_temporal(column, unit="second").cast(pa.timestamp("s", found.tz)).cast(pa.int64())
    return None
