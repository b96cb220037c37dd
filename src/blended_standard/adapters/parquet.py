"""Write records to Parquet as they come; those that were withdrawn, refused or came twice leave it at the end."""

from __future__ import annotations

import array
import json
from collections.abc import Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

from blended_standard.errors import MissingExtraError
from blended_standard.io.arrow import schema_of
from blended_standard.model import RECORDS

IDS = {"activity": "activity_id", "evidence": "evidence_id"}
_GROUP = 120_000


def as_arrow(table: str, rows: list[dict[str, Any]]) -> bytes:
    """Return records as an Arrow stream; local fields, whose names hold a colon, go into `extra`."""
    pa = pyarrow()
    schema = schema_of(RECORDS[table])
    columns = _columns(rows)
    local = [name for name in columns if ":" in name and any(value is not None for value in columns[name])]
    if local:
        extras = [{n: v for n in local if (v := row.get(n)) is not None} for row in rows]
        columns["extra"] = [json.dumps(extra) if extra else None for extra in extras]
    arrays = [
        pa.array(columns[field.name], field.type) if field.name in columns else pa.nulls(len(rows), field.type)
        for field in schema
    ]
    sink = pa.BufferOutputStream()
    made = pa.RecordBatch.from_arrays(arrays, schema=schema)
    with pa.ipc.new_stream(sink, schema) as writer:
        writer.write_batch(made)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def _columns(rows: list[dict[str, Any]]) -> dict[str, Sequence[Any]]:
    names = list(set().union(*rows))
    if len(names) > 1 and set(map(len, rows)) == {len(names)}:
        return dict(zip(names, zip(*map(itemgetter(*names), rows), strict=True), strict=True))
    return {name: [row.get(name) for row in rows] for name in names}


def hashes_of(table: str, rows: list[dict[str, Any]]) -> bytes:
    """Return a hash of each identifier, the same in every process that was forked from this one."""
    field = IDS.get(table)
    if field is None:
        return b""
    return array.array("q", [hash(row.get(field)) for row in rows]).tobytes()


class ParquetWriter:
    """One Parquet file under way."""

    def __init__(self, table: str, path: Path) -> None:
        self.table, self.path, self.rows = table, path, 0
        self._schema = schema_of(RECORDS[table])  # says so where pyarrow is absent
        import pyarrow.parquet as pq

        self._file: Any = self._open(pq)
        self._waiting: list[Any] = []
        self._held = 0
        self._hashes = array.array("q")

    def write(self, content: bytes, hashes: bytes) -> None:
        """Add the rows of one batch."""
        made = pyarrow().ipc.open_stream(content).read_all()
        self._hashes.frombytes(hashes)
        self._waiting.append(made)
        self._held += len(made)
        self.rows += len(made)
        if self._held >= _GROUP:
            self._flush()

    def close(self, voided: set[str], refused: set[str]) -> tuple[int, int]:
        """Finish the file without what was withdrawn or refused; return how many were withdrawn, and came again."""
        self._flush()
        self._file.close()
        if self.table not in IDS:
            return 0, 0
        twice = self._repeated()
        if not voided and not refused and not twice:
            return 0, 0
        return self._rewrite(voided, refused, twice)

    def _open(self, pq: Any) -> Any:
        # No identifier comes twice, so a dictionary of them would only cost.
        repeating = [name for name in self._schema.names if name != IDS.get(self.table)]
        return pq.ParquetWriter(self.path, self._schema, compression="zstd", use_dictionary=repeating)

    def _flush(self) -> None:
        if self._waiting:
            self._file.write_table(pyarrow().concat_tables(self._waiting), row_group_size=2 * _GROUP)
        self._waiting, self._held = [], 0

    def _repeated(self) -> set[int]:
        import numpy as np

        ordered = np.frombuffer(self._hashes, dtype=np.int64)
        ordered.sort()
        return set(ordered[1:][ordered[1:] == ordered[:-1]].tolist())

    def _rewrite(self, voided: set[str], refused: set[str], twice: set[int]) -> tuple[int, int]:
        import pyarrow.parquet as pq

        field = IDS[self.table]
        seen: set[str] = set()
        withdrawn = repeated = kept = 0
        whole = self.path.with_suffix(".whole")
        self.path.rename(whole)
        source = pq.ParquetFile(whole)
        with self._open(pq) as out:
            for batch in source.iter_batches(_GROUP):
                keep = []
                for identifier in batch.column(field).to_pylist():
                    again = False
                    if identifier is not None and hash(identifier) in twice:
                        again = identifier in seen
                        seen.add(identifier)
                    gone = identifier in voided
                    withdrawn += gone
                    repeated += again and not gone
                    keep.append(not (gone or again or identifier in refused))
                kept += sum(keep)
                out.write_batch(batch.filter(pyarrow().array(keep)))
        whole.unlink()
        self.rows = kept
        return withdrawn, repeated


def pyarrow() -> Any:
    """Return the module that writes Parquet, or say how it is had."""
    try:
        import pyarrow as pa
    except ModuleNotFoundError:
        raise MissingExtraError("parquet", needs="pyarrow, which writes Parquet,") from None
    return pa
