"""Spark: distributed, on a session that the caller made; for what is larger than one machine.

Columns are cast by Spark itself, so that tables given as Spark frames or Parquet never pass through the driver.
"""

from __future__ import annotations

from typing import Any

import narwhals.stable.v2 as nw
import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as sql
from pyspark.sql import types as kinds

from blended_standard.engine.arrow import canonical, empty_table, small_table
from blended_standard.engine.base import Bound, Engine, SchemaProblem, wrap
from blended_standard.errors import UsageError
from blended_standard.io.arrow import to_arrow
from blended_standard.io.tables import INVALID, LINE, ROW, ParquetSource
from blended_standard.model import FieldSpec, FieldType, Record

OLDEST = 4
_FIELD_TYPES: dict[FieldType, str] = {
    "text": "string",
    "integer": "bigint",
    "number": "double",
    "boolean": "boolean",
    "date": "bigint",
    "instant": "bigint",
}
_OWN = {ROW: "bigint", LINE: "bigint", INVALID: "string"}


class SparkEngine(Engine):
    """Runs on a session of its own beside the one given, whose settings stay as they are.

    Parameters
    ----------
    session : pyspark.sql.SparkSession
        Spark 4 or later.

    Raises
    ------
    UsageError
        The version of Spark is older.
    """

    name = "spark"
    numbers_rows = False

    def __init__(self, session: SparkSession) -> None:
        if int(session.version.partition(".")[0]) < OLDEST:
            raise UsageError(f"Spark {session.version} is too old: Spark {OLDEST} or later is needed.")
        self._session = session.newSession()
        partitions = session.conf.get("spark.sql.shuffle.partitions")
        settings = {
            "spark.sql.session.timeZone": "UTC",
            "spark.sql.ansi.enabled": "false",
            "spark.sql.shuffle.partitions": str(partitions),
        }
        for setting, value in settings.items():
            self._session.conf.set(setting, value)

    def bind(self, data: Any, record: type[Record]) -> Bound:
        """Return `data` in canonical form."""
        if not isinstance(data, ParquetSource | DataFrame):
            table, problems, unknown, _ = canonical(to_arrow(data, record), record)
            return Bound(wrap(self._session.createDataFrame(table)), problems, unknown)
        frame = self._session.read.parquet(*map(str, data.paths)) if isinstance(data, ParquetSource) else data
        types = {field.name: field.dataType for field in frame.schema.fields}
        found: list[SchemaProblem] = []
        columns = [self._column(frame, field, types, found).alias(field.name) for field in record.fields()]
        for name, kind in _OWN.items():
            columns.append((sql.col(name) if name in types else sql.lit(None)).cast(kind).alias(name))
        known = {field.name for field in record.fields()} | {*_OWN, "missing", "extra"}
        unknown = tuple(name for name in types if name not in known)
        return Bound(wrap(frame.select(columns)), tuple(found), unknown)

    def empty(self, record: type[Record]) -> nw.LazyFrame[Any]:
        """Return the canonical form of a table without rows."""
        return wrap(self._session.createDataFrame(empty_table(record)))

    def materialise(self, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """Compute `frame` on the workers and cut its plan, which grows with every step otherwise."""
        return wrap(frame.to_native().localCheckpoint())

    def frame(self, columns: dict[str, list[Any]], types: dict[str, type]) -> nw.LazyFrame[Any]:
        """Bring small columns into the engine."""
        return wrap(self._session.createDataFrame(small_table(columns, types)))

    def collect(self, frame: nw.LazyFrame[Any]) -> dict[str, list[Any]]:
        """Bring a small result out, as plain Python values."""
        table: pa.Table = frame.to_native().toArrow()
        columns: dict[str, list[Any]] = table.to_pydict()
        return columns

    def _column(
        self, frame: DataFrame, field: FieldSpec, types: dict[str, kinds.DataType], problems: list[SchemaProblem]
    ) -> Column:
        """Return the expression that casts one column, or a null column when it is absent or cannot be cast."""
        target, found = _FIELD_TYPES[field.type], types.get(field.name)
        nothing = sql.lit(None).cast(target)
        if found is None:
            problems.append(SchemaProblem(field, None))
            return nothing
        if isinstance(found, kinds.NullType):
            return nothing
        made = _cast(field.type, found, sql.col(field.name))
        if made is None:
            problems.append(SchemaProblem(field, found.simpleString()))
            return nothing
        if field.type == "integer" and not isinstance(found, kinds.IntegralType):
            lost = frame.filter(sql.col(field.name).isNotNull() & made.isNull()).count()
            if lost:
                problems.append(SchemaProblem(field, found.simpleString(), count=lost))
        return made.cast(target)


def _cast(kind: FieldType, found: kinds.DataType, column: Column) -> Column | None:
    """Return a lossless cast of a column of Spark type `found`, or None where there is none."""
    whole, number = isinstance(found, kinds.IntegralType), isinstance(found, kinds.NumericType)
    if kind == "text" and (whole or isinstance(found, kinds.StringType)):
        return column
    if kind == "integer" and whole:
        return column
    if kind in ("integer", "number") and number:
        real = column.cast("double")
        finite = ~sql.isnan(real) & (sql.abs(real) != float("inf"))
        return sql.when(finite & (real == sql.floor(real)) if kind == "integer" else finite, real)
    if kind == "boolean" and isinstance(found, kinds.BooleanType):
        return column
    if kind == "date" and isinstance(found, kinds.DateType | kinds.TimestampNTZType):
        return sql.datediff(column.cast("date"), sql.lit("1970-01-01").cast("date"))
    if kind == "instant" and isinstance(found, kinds.TimestampType):
        return sql.unix_seconds(column)
    return None
