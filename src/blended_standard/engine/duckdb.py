"""DuckDB, the embedded default: in-process, out-of-core, bounded memory."""

from __future__ import annotations

import contextlib
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import duckdb
import narwhals.stable.v2 as nw
import numpy as np

from blended_standard._files import temporary_directory
from blended_standard.engine.base import BEYOND_ASCII, Bound, Engine, SchemaProblem, Suspects, wrap
from blended_standard.engine.plain import is_plain
from blended_standard.engine.repeated import repeated
from blended_standard.io.arrow import to_arrow
from blended_standard.io.tables import INVALID, LINE, ROW, ParquetSource
from blended_standard.model import FieldSpec, FieldType, Record

_AT_ONCE = 1 << 17
_AHEAD = "64MB"
"""How far all threads may work ahead of a reader of batches; with DuckDB's own 1 MB only one of them works."""
_INTEGERS = (
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "HUGEINT",
    "UHUGEINT",
)
_REALS = ("FLOAT", "DOUBLE")
_TYPES = {str: "varchar", int: "bigint", float: "double", bool: "boolean"}
_FIELD_TYPES: dict[FieldType, str] = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "BIGINT",
    "instant": "BIGINT",
}


class DuckDBEngine(Engine):
    """Runs on a connection of its own.

    Parameters
    ----------
    memory_limit : str, optional
        For example "2GB". Default: DuckDB's own, four fifths of the memory.
    threads : int, optional
        Default: all cores.
    spill : bool
        Default: beyond the limit, work spills to disk. Without, `ExhaustedError` names the stage.
    """

    name = "duckdb"
    exhausted = (MemoryError, duckdb.OutOfMemoryException)

    def __init__(self, *, memory_limit: str | None = None, threads: int | None = None, spill: bool = True) -> None:
        self._spill = temporary_directory()
        self._connection = duckdb.connect()
        settings: dict[str, object] = {
            "temp_directory": self._spill.name,
            "preserve_insertion_order": False,
            "parquet_metadata_cache": True,
            "TimeZone": "UTC",
            "memory_limit": memory_limit,
            "threads": threads,
            "streaming_buffer_size": _AHEAD,
            "max_temp_directory_size": None if spill else "0KB",
        }
        for setting, value in settings.items():
            if value is not None:
                self._connection.execute(f"set {setting} = ?", [value])
        self._beside = ThreadPoolExecutor(max_workers=1)
        self._made = 0
        self._unread: list[str] = []

    def bind(self, data: Any, record: type[Record]) -> Bound:
        """Return `data` in canonical form."""
        relation = self._relation(data, record)
        types = dict(zip(relation.columns, map(str, relation.types), strict=True))
        problems: list[SchemaProblem] = []
        columns = [f"{self._column(field, types, problems)} as {_quoted(field.name)}" for field in record.fields()]
        lossy = [(f, _lost(f.type, types.get(f.name, ""), _quoted(f.name))) for f in record.fields()]

        def lost() -> tuple[SchemaProblem, ...]:
            asked = [(field, changed) for field, changed in lossy if changed]
            sums = ", ".join(f"count(*) filter (where {changed})" for _, changed in asked)
            counts = relation.aggregate(sums).fetchall()[0] if asked else ()
            found = zip(asked, counts, strict=True)
            return tuple(SchemaProblem(field, types[field.name], count=count) for (field, _), count in found if count)

        row = "file_row_number + 1" if "file_row_number" in types else (ROW if ROW in types else "row_number() over ()")
        columns.append(f"cast({row} as bigint) as {ROW}")
        columns.append(f"cast({LINE if LINE in types else 'null'} as bigint) as {LINE}")
        columns.append(f"cast({INVALID if INVALID in types else 'null'} as varchar) as {INVALID}")
        known = {field.name for field in record.fields()} | {ROW, LINE, INVALID, "missing", "extra", "file_row_number"}
        bound = relation.project(", ".join(columns))
        return Bound(wrap(bound), tuple(problems), tuple(name for name in types if name not in known), lost)

    def empty(self, record: type[Record]) -> nw.LazyFrame[Any]:
        """Return the canonical form of a table without rows."""
        types = {field.name: _FIELD_TYPES[field.type] for field in record.fields()}
        types |= {ROW: "BIGINT", LINE: "BIGINT", INVALID: "VARCHAR"}
        columns = ", ".join(f"cast(null as {kind}) as {_quoted(name)}" for name, kind in types.items())
        return wrap(self._connection.sql(f"select {columns} where false"))

    def materialise(self, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """Compute `frame` into a table, which spills to disk when memory is short and goes with its last reader."""
        self._drop_unread()
        name = self._name("shared")
        frame.to_native().create(name)
        return self._table(name)

    def collect(self, frame: nw.LazyFrame[Any]) -> dict[str, list[Any]]:
        """Bring a small result out, as plain Python values."""
        self._drop_unread()
        columns: dict[str, list[Any]] = frame.to_native().to_arrow_table().to_pydict()
        return columns

    def suspects(self, frame: nw.LazyFrame[Any], columns: list[str]) -> Suspects:
        """Compare the hashes of the columns, eight bytes a row, and look closer only at rows whose hash stands twice.

        Several times faster than grouping ten million identifiers, and the hashes are compared beside other work.
        """
        return self._compared(frame, columns, frame.to_native().project(_hash(columns)).fetchnumpy()["_hash"])

    def survey(self, frame: nw.LazyFrame[Any], columns: list[str], broken: nw.Expr) -> tuple[int, Suspects]:
        """Mark broken rows in the pass that hashes: what takes time is to read the columns."""
        marked = frame.with_columns(_broken=nw.when(broken).then(1).otherwise(0)).to_native()
        looked = marked.project(f"{_hash(columns)}, cast(_broken as utinyint) as _broken")
        count = 0
        hashes: list[Any] = [np.empty(0, dtype=np.uint64)]
        with looked.to_arrow_reader(_AT_ONCE) as batches:
            for batch in batches:
                hashes.append(np.from_dlpack(batch["_hash"]))  # `to_numpy` would import pandas
                count += int(np.from_dlpack(batch["_broken"]).sum())
        return count, self._compared(frame, columns, np.concatenate(hashes))

    def plain_suspects(self, frame: nw.LazyFrame[Any], column: str) -> Suspects | None:
        """Look at the texts in the pass that hashes them."""
        looked = frame.to_native().project(f"{_hash([column])}, {_quoted(column)} as _text")
        hashes: list[Any] = [np.empty(0, dtype=np.uint64)]
        with looked.to_arrow_reader(_AT_ONCE) as batches:
            for batch in batches:
                if not is_plain(batch["_text"]):
                    return None
                hashes.append(np.from_dlpack(batch["_hash"]))
        return self._compared(frame, [column], np.concatenate(hashes))

    def _compared(self, frame: nw.LazyFrame[Any], columns: list[str], hashes: Any) -> Suspects:
        import pyarrow as pa

        # Those of a small table are compared when asked for: they would wait behind those of a large one.
        begun = self._beside.submit(repeated, hashes) if len(hashes) > _AT_ONCE else None

        def outcome() -> nw.LazyFrame[Any] | None:
            twice = begun.result() if begun else repeated(hashes)
            if not len(twice):
                return None
            name = self._name("repeated")
            self._connection.register(name, pa.table({"_hash": twice}))
            rows = frame.drop_nulls(columns).to_native().project(f"*, {_hash(columns)}")
            return wrap(rows.join(self._connection.table(name), "_hash"))

        return outcome

    def with_beyond_ascii(self, frame: nw.LazyFrame[Any], column: str) -> nw.LazyFrame[Any]:
        """Compare lengths in bytes and in characters, five times as fast as a pattern."""
        name = _quoted(column)
        return wrap(frame.to_native().project(f"*, strlen({name}) <> length({name}) as {BEYOND_ASCII}"))

    def frame(self, columns: dict[str, list[Any]], types: dict[str, type]) -> nw.LazyFrame[Any]:
        """Bring small columns into the engine."""
        name = self._name("brought")
        lists = ", ".join(f"unnest(?::{_TYPES[kind]}[]) as {_quoted(column)}" for column, kind in types.items())
        self._connection.execute(f"create table {name} as select {lists}", [columns[column] for column in types])
        return self._table(name)

    def _name(self, kind: str) -> str:
        self._made += 1
        return f"{kind}_{self._made}"

    def _table(self, name: str) -> nw.LazyFrame[Any]:
        """Return a table of this engine; once nothing reads it any more it is dropped, before the next query."""
        table = self._connection.table(name)
        weakref.finalize(table, self._unread.append, name)
        return wrap(table)

    def _drop_unread(self) -> None:
        while self._unread:
            self._connection.execute(f"drop table {self._unread.pop()}")

    def close(self) -> None:
        """Close the connection and remove what was spilled."""
        self._beside.shutdown()
        self._connection.close()
        with contextlib.suppress(OSError):
            self._spill.cleanup()

    def _relation(self, data: Any, record: type[Record]) -> Any:
        if isinstance(data, ParquetSource):
            return self._connection.read_parquet([str(path) for path in data.paths], file_row_number=True)
        name = self._name("given")
        self._connection.register(name, to_arrow(data, record))
        return self._connection.table(name)

    def _column(self, field: FieldSpec, types: dict[str, str], problems: list[SchemaProblem]) -> str:
        """Return the SQL that casts one column, or a null column when it is absent or cannot be cast."""
        name, found = _quoted(field.name), types.get(field.name)
        target = _FIELD_TYPES[field.type]
        if found is None or found in ("NULL", '"NULL"'):
            if found is None:
                problems.append(SchemaProblem(field, None))
            return f"cast(null as {target})"
        sql = _cast(field.type, found, name)
        if sql is None:
            problems.append(SchemaProblem(field, found))
            return f"cast(null as {target})"
        changed = _lost(field.type, found, name)
        return f"case when not coalesce({changed}, false) then {sql} end" if changed else sql


def _cast(kind: FieldType, found: str, name: str) -> str | None:
    """Return SQL for a lossless cast of column `name` of DuckDB type `found`, or None where there is none."""
    is_text = found == "VARCHAR" or found.startswith("ENUM")
    is_integer, is_real = found in _INTEGERS, found in _REALS or found.startswith("DECIMAL")
    casts: dict[FieldType, list[tuple[bool, str]]] = {
        "text": [(is_text or is_integer, f"cast({name} as varchar)")],
        "integer": [
            (is_integer, f"cast({name} as bigint)"),
            (is_real, f"cast({name} as bigint)"),
        ],
        "number": [
            (is_integer or is_real, f"cast({name} as double)"),
        ],
        "boolean": [(found == "BOOLEAN", name)],
        "date": [
            (found in ("DATE", "TIMESTAMP", "TIMESTAMP_NS", "TIMESTAMP_MS", "TIMESTAMP_S"), _days(name)),
        ],
        "instant": [
            (found == "TIMESTAMP WITH TIME ZONE", _seconds(name)),
            (found == "TIMESTAMPTZ_NS", _seconds(f"cast({name} as timestamptz)")),
        ],
    }
    return next((sql for fits, sql in casts[kind] if fits), None)


def _hash(columns: list[str]) -> str:
    return f"hash({', '.join(map(_quoted, columns))}) as _hash"


def _lost(kind: FieldType, found: str, name: str) -> str | None:
    """Return SQL that is true for values which the cast would change, or None where it changes none."""
    decimal = found.startswith("DECIMAL")
    if kind == "integer" and (found in _REALS or decimal):
        return f"not ({_whole(name)}) or try_cast({name} as bigint) is null and {name} is not null"
    if kind == "integer" and found in ("UBIGINT", "HUGEINT", "UHUGEINT"):
        return f"try_cast({name} as bigint) is null and {name} is not null"
    if kind == "number" and found in _REALS:
        return f"not isfinite({name})"
    if kind == "number" and (decimal or found in ("BIGINT", "UBIGINT", "HUGEINT", "UHUGEINT")):
        return f"try_cast(cast({name} as double) as {found}) is distinct from {name}"
    if kind == "date" and found.startswith("TIMESTAMP") and "ZONE" not in found:
        return f"date_trunc('day', cast({name} as timestamp)) <> cast({name} as timestamp)"
    return None


def _seconds(name: str) -> str:
    """Return SQL for whole seconds, rounded down, that DuckDB can answer from the statistics of a file."""
    micros = f"epoch_us({name})"
    return f"{micros} // 1000000 - cast({micros} % 1000000 < 0 as bigint)"


def _whole(name: str) -> str:
    return f"isfinite(cast({name} as double)) and {name} = floor({name})"


def _days(name: str) -> str:
    return f"cast(datediff('day', date '1970-01-01', cast({name} as date)) as bigint)"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
