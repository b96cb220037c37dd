"""pandas: eager, in memory, for small submissions and for those who have pandas at hand and nothing else.

Columns are held as Arrow, whose nulls are those of the other engines: a condition on an unknown value is unknown, and
not false or true, as in NumPy columns.
"""

from __future__ import annotations

from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from blended_standard.engine.base import Bound, Engine, SchemaProblem, wrap
from blended_standard.io.arrow import to_arrow
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


class PandasEngine(Engine):
    """Runs in this process on pandas; everything is computed at once and held in memory."""

    name = "pandas"

    def bind(self, data: Any, record: type[Record]) -> Bound:
        """Return `data` in canonical form."""
        table = to_arrow(data, record)
        problems: list[SchemaProblem] = []
        columns = {field.name: _column(field, table, problems) for field in record.fields()}
        for name, kind in _OWN.items():
            columns[name] = table[name].cast(kind) if name in table.column_names else pa.nulls(len(table), kind)
        if ROW not in table.column_names:
            columns[ROW] = pa.array(range(1, len(table) + 1), pa.int64())
        known = {*columns, "missing", "extra"}
        unknown = tuple(name for name in table.column_names if name not in known)
        return Bound(_wrapped(pa.table(columns)), tuple(problems), unknown)

    def empty(self, record: type[Record]) -> nw.LazyFrame[Any]:
        """Return the canonical form of a table without rows."""
        types = {field.name: _FIELD_TYPES[field.type] for field in record.fields()} | _OWN
        return _wrapped(pa.table({name: pa.nulls(0, kind) for name, kind in types.items()}))

    def materialise(self, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """Return `frame`, which is computed already."""
        return frame

    def frame(self, columns: dict[str, list[Any]], types: dict[str, type]) -> nw.LazyFrame[Any]:
        """Bring small columns into the engine."""
        schema = pa.schema([(name, _TYPES[kind]) for name, kind in types.items()])
        return _wrapped(pa.table({name: columns[name] for name in types}, schema=schema))

    def collect(self, frame: nw.LazyFrame[Any]) -> dict[str, list[Any]]:
        """Bring a small result out, as plain Python values."""
        columns: dict[str, list[Any]] = frame.collect().to_arrow().to_pydict()
        return columns


def _wrapped(table: pa.Table) -> nw.LazyFrame[Any]:
    return wrap(table.to_pandas(types_mapper=pd.ArrowDtype))


def _column(field: FieldSpec, table: pa.Table, problems: list[SchemaProblem]) -> Any:
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
    if field.type == "integer" and (lost := made.null_count - column.null_count):
        problems.append(SchemaProblem(field, str(column.type), count=lost))
    return made.cast(kind)


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
        return column.cast(pa.int64())
    if kind in ("integer", "number") and (real or whole):
        number = column.cast(pa.float64())
        whole_number = pc.equal(number, pc.floor(number)) if kind == "integer" else True
        return pc.if_else(pc.and_(pc.is_finite(number), whole_number), number, None)
    if kind == "boolean" and types.is_boolean(found):
        return column
    zoned = types.is_timestamp(found) and found.tz is not None
    if kind == "date" and (types.is_date(found) or (types.is_timestamp(found) and not zoned)):
        return column.cast(pa.date32(), safe=False).cast(pa.int32())
    if kind == "instant" and zoned:
        return pc.floor_temporal(column, unit="second").cast(pa.timestamp("s", found.tz)).cast(pa.int64())
    return None
