"""Bring any table of a submission to Arrow, from which every in-memory engine reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from blended_standard.errors import MissingExtraError, UsageError
from blended_standard.io.tables import EXTRA, INVALID, LINE, MISSING, ROW, Columns, ParquetSource
from blended_standard.model import Record


def to_arrow(data: Any, record: type[Record]) -> Any:
    """Return a table of a submission as a `pyarrow.Table`; a lazy frame is collected."""
    try:
        import pyarrow as pa
    except ModuleNotFoundError:
        raise MissingExtraError("parquet", needs="pyarrow, which carries tables to the engine,") from None
    if isinstance(data, Columns):
        return pa.table(dict(data.values), schema=own_schema(record))
    if isinstance(data, pa.Table):
        return data
    if isinstance(data, ParquetSource):
        import pyarrow.parquet as pq

        return pa.concat_tables([pq.ParquetFile(path).read() for path in data.paths], promote_options="default")
    import narwhals.stable.v2 as nw

    try:
        frame = nw.from_native(data)
    except TypeError:
        raise UsageError(
            f"The table {record.table} is a {type(data).__name__}. Accepted: a mapping of columns, or a frame of "
            "Polars, pandas, PyArrow, DuckDB or another library that narwhals knows. Of a list of rows make a frame, "
            "such as polars.DataFrame(rows)."
        ) from None
    if isinstance(frame, nw.LazyFrame):
        return frame.collect("pyarrow").to_native()
    return frame.to_arrow()


def packed(blocks: Iterable[Mapping[str, list[Any]]], record: type[Record]) -> Any:
    """Return the columns of rows that follow each other as one Arrow table, as lists where pyarrow is not there."""
    try:
        import pyarrow as pa
    except ModuleNotFoundError:
        values: dict[str, list[Any]] = {}
        for block in blocks:
            for name, column in block.items():
                values.setdefault(name, []).extend(column)
        return Columns(values=values)
    schema = own_schema(record)
    batches = [pa.record_batch(dict(block), schema=schema) for block in blocks]
    return pa.Table.from_batches(batches, schema=schema)


def schema_of(record: type[Record]) -> Any:
    """Return the Arrow schema of a table as it is written."""
    try:
        import pyarrow as pa
    except ModuleNotFoundError:
        raise MissingExtraError("parquet", needs="pyarrow, which carries tables to the engine,") from None
    return _schema(pa, record, own=False)


def own_schema(record: type[Record]) -> Any:
    """Return the Arrow schema of a table as it was read from text, with where each row stood."""
    import pyarrow as pa

    return _schema(pa, record, own=True)


def _schema(pa: Any, record: type[Record], *, own: bool) -> Any:
    kinds = {
        "text": pa.string(),
        "integer": pa.int64(),
        "number": pa.float64(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
        "instant": pa.timestamp("us", tz="UTC"),
    }
    fields = [(field.name, kinds[field.type]) for field in record.fields()]
    fields += [(MISSING, pa.string()), (EXTRA, pa.string())]
    return pa.schema([*fields, *([(ROW, pa.int64()), (LINE, pa.int64()), (INVALID, pa.string())] if own else [])])
