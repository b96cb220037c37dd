"""Polars: in memory, lazy until a result is needed."""

from __future__ import annotations

from typing import Any

import narwhals.stable.v2 as nw
import polars as pl

from blended_standard.engine.base import Bound, Engine, SchemaProblem, Suspects, wrap
from blended_standard.io.arrow import to_arrow
from blended_standard.io.tables import INVALID, LINE, ROW, ParquetSource
from blended_standard.model import FieldSpec, FieldType, Record

_FIELD_TYPES: dict[FieldType, Any] = {
    "text": pl.String,
    "integer": pl.Int64,
    "number": pl.Float64,
    "boolean": pl.Boolean,
    "date": pl.Int64,
    "instant": pl.Int64,
}
_TYPES = {str: pl.String, int: pl.Int64, float: pl.Float64, bool: pl.Boolean}


class PolarsEngine(Engine):
    """Runs in this process on Polars; the shared intermediates are held in memory."""

    name = "polars"

    def bind(self, data: Any, record: type[Record]) -> Bound:
        """Return `data` in canonical form."""
        frame = self._lazy(data, record)
        types = dict(frame.collect_schema())
        problems: list[SchemaProblem] = []
        columns = [self._column(field, types, problems).alias(field.name) for field in record.fields()]
        lossy = [(f, _lost(f.type, types.get(f.name), pl.col(f.name))) for f in record.fields()]

        def lost() -> tuple[SchemaProblem, ...]:
            asked = [(field, changed) for field, changed in lossy if changed is not None]
            counts = (
                frame.select(**{field.name: changed.sum() for field, changed in asked}).collect() if asked else None
            )
            found = zip(asked, counts.row(0) if counts is not None else (), strict=True)
            return tuple(SchemaProblem(f, str(types[f.name]), count=count) for (f, _), count in found if count)

        for name, kind in ((ROW, pl.Int64), (LINE, pl.Int64), (INVALID, pl.String)):
            columns.append((pl.col(name) if name in types else pl.lit(None)).cast(kind).alias(name))
        known = {field.name for field in record.fields()} | {ROW, LINE, INVALID, "missing", "extra"}
        bound = frame.select(columns)
        return Bound(wrap(bound), tuple(problems), tuple(name for name in types if name not in known), lost)

    def empty(self, record: type[Record]) -> nw.LazyFrame[Any]:
        """Return the canonical form of a table without rows."""
        types = {field.name: _FIELD_TYPES[field.type] for field in record.fields()}
        types |= {ROW: pl.Int64, LINE: pl.Int64, INVALID: pl.String}
        return wrap(pl.LazyFrame(schema=types))

    def materialise(self, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """Compute `frame` into memory."""
        return wrap(frame.to_native().collect().lazy())

    def suspects(self, frame: nw.LazyFrame[Any], columns: list[str]) -> Suspects:
        """Compare hashes, eight bytes a row, and look closer only at rows whose hash stands twice."""

        def outcome() -> nw.LazyFrame[Any] | None:
            native = frame.to_native().with_columns(_hash=pl.struct(columns).hash())
            hashes = native.select("_hash").collect()["_hash"].sort()
            repeated = hashes.filter(hashes == hashes.shift(1)).unique()
            if repeated.is_empty():
                return None
            return wrap(native.join(repeated.to_frame().lazy(), on="_hash", how="semi"))

        return outcome

    def frame(self, columns: dict[str, list[Any]], types: dict[str, type]) -> nw.LazyFrame[Any]:
        """Bring small columns into the engine."""
        schema = {name: _TYPES[kind] for name, kind in types.items()}
        return wrap(pl.LazyFrame({name: columns[name] for name in types}, schema=schema))

    def _lazy(self, data: Any, record: type[Record]) -> pl.LazyFrame:
        if isinstance(data, ParquetSource):
            frame = pl.scan_parquet(list(data.paths))
        elif isinstance(data, pl.LazyFrame | pl.DataFrame):
            frame = data.lazy()
        else:
            made = pl.from_arrow(to_arrow(data, record))
            frame = made.lazy() if isinstance(made, pl.DataFrame) else made.to_frame().lazy()
        if ROW in frame.collect_schema().names():
            return frame
        return frame.with_row_index(ROW, offset=1)

    def _column(self, field: FieldSpec, types: dict[str, Any], problems: list[SchemaProblem]) -> pl.Expr:
        """Return the expression that casts one column, or a null column when it is absent or cannot be cast."""
        found = types.get(field.name)
        nothing = pl.lit(None).cast(_FIELD_TYPES[field.type])
        if found is None:
            problems.append(SchemaProblem(field, None))
            return nothing
        if found == pl.Null:
            return nothing
        made = _cast(field.type, found, pl.col(field.name))
        if made is None:
            problems.append(SchemaProblem(field, str(found)))
            return nothing
        changed = _lost(field.type, found, pl.col(field.name))
        return made if changed is None else pl.when(~changed).then(made)


def _whole(column: pl.Expr) -> pl.Expr:
    number = column.cast(pl.Float64)
    return number.is_finite() & (number == number.floor())


def _lost(kind: FieldType, found: Any, column: pl.Expr) -> pl.Expr | None:
    """Return what is true for values which the cast would change, or None where it changes none."""
    if kind == "integer" and found in (pl.UInt64, pl.Int128):
        return column.cast(pl.Int64, strict=False).is_null() & column.is_not_null()
    if kind == "integer" and found is not None and found.is_numeric() and not found.is_integer():
        return ~_whole(column) | (column.cast(pl.Int64, strict=False).is_null() & column.is_not_null())
    if kind == "number" and found in (pl.Float32, pl.Float64):
        return ~column.is_finite()
    if kind == "number" and (found in (pl.Int64, pl.UInt64, pl.Int128) or isinstance(found, pl.Decimal)):
        return column.cast(pl.Float64).cast(found, strict=False).ne_missing(column)
    if kind == "date" and isinstance(found, pl.Datetime) and found.time_zone is None:
        return column.dt.truncate("1d") != column
    return None


def _cast(kind: FieldType, found: Any, column: pl.Expr) -> pl.Expr | None:
    """Return a lossless cast of a column of Polars type `found`, or None where there is none."""
    is_text = found == pl.String or isinstance(found, pl.Categorical | pl.Enum)
    if kind == "text" and (is_text or found.is_integer()):
        return column.cast(pl.String)
    if kind == "integer" and found.is_numeric():
        return column.cast(pl.Int64, strict=False)
    if kind == "number" and found.is_numeric():
        return column.cast(pl.Float64)
    if kind == "boolean" and found == pl.Boolean:
        return column
    if kind == "date" and (found == pl.Date or (isinstance(found, pl.Datetime) and found.time_zone is None)):
        return column.cast(pl.Date).cast(pl.Int32).cast(pl.Int64)
    if kind == "instant" and isinstance(found, pl.Datetime) and found.time_zone is not None:
        return column.dt.epoch("ms").floordiv(1000)
    return None
