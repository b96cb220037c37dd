"""Stream an event log of any size into Parquet: JSON Lines in batches, bounded memory, several processes.

A second pass runs only where events were withdrawn or came twice.
"""

from __future__ import annotations

import array
import hashlib
import importlib
import json
import multiprocessing
import os
import shutil
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from typing import Any

import attrs

from blended_standard.adapters.events import EventReader, Tally
from blended_standard.adapters.identifiers import Identities
from blended_standard.adapters.logs import reader_of, settle
from blended_standard.adapters.result import LossReport
from blended_standard.adapters.work import Options, Work
from blended_standard.errors import MissingExtraError, UnreadableInputError, UsageError
from blended_standard.findings import Finding
from blended_standard.io.arrow import schema_of
from blended_standard.model import RECORDS
from blended_standard.results import Result, result

_CHUNK = 8_000_000
_GROUP = 120_000
_IDS = {"activity": "activity_id", "evidence": "evidence_id"}
_reader: EventReader | None = None


@result
class Streamed(Result):
    """What a stream wrote and lost: `records` are those in the files, all tables together."""

    standard: str
    files: tuple[str, ...]
    events: int
    records: int
    withdrawn: int
    repeated: int
    losses: LossReport
    findings: tuple[Finding, ...] = ()


@attrs.define
class _Batch:
    """What one process made of one chunk: Arrow streams, hashes of identifiers, and counts."""

    tables: dict[str, bytes]
    hashes: dict[str, bytes]
    events: int
    tally: Tally


def stream_log(
    name: str,
    source: str | Path,
    target: str | Path,
    options: Options,
    *,
    processes: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Streamed:
    """Stream `source` into `target`: a Parquet file of the acts, or a directory for the evidence too."""
    path, out = Path(source), Path(target)
    if not path.is_file():
        raise UnreadableInputError(f"{path}: no such file. Pass one file of JSON Lines.")
    if out.exists() and (out.is_file() or any(out.iterdir())):
        raise UsageError(f"{out} is there already. Name a new file or directory.")
    _refuse(name, path)
    work = Work(name, options)
    work.needs_key()
    tables = ("activity",) if out.suffix == ".parquet" else tuple(_IDS)
    out.parent.mkdir(parents=True, exist_ok=True)
    working = Path(tempfile.mkdtemp(prefix=".stream-", dir=out.parent))
    try:
        writers = {table: _Writer(table, working / f"{table}.parquet") for table in tables}
        tally, events = Tally(), 0
        for batch in _batches(name, path, work.people, processes or os.cpu_count() or 1):
            events += batch.events
            tally.add(batch.tally)
            for table, content in batch.tables.items():
                if table in writers:
                    writers[table].write(content, batch.hashes[table])
            if progress:
                progress(events)
        removed = [writer.close(tally.voided) for writer in writers.values()]
        files = _move(working, out, tables)
    finally:
        shutil.rmtree(working, ignore_errors=True)
    if len(tables) == 1:
        tally.lost["evidence", "the target is one file of acts; name a directory for the evidence"] += tally.evidence
    settle(work, tally)
    return Streamed(
        standard=name,
        files=tuple(map(str, files)),
        events=events,
        records=sum(writer.rows for writer in writers.values()),
        withdrawn=sum(each[0] for each in removed),
        repeated=sum(each[1] for each in removed),
        losses=work.losses(),
        findings=work.found.findings(),
    )


def _refuse(name: str, path: Path) -> None:
    module: Any = importlib.import_module(f"blended_standard.adapters.{name}")
    with path.open("rb") as lines:
        first = lines.readline().strip()
    try:
        refused = module.refusal(json.loads(first)) if first else None
    except ValueError:
        refused = None
    if refused:
        raise UnreadableInputError(f"{path}: {refused}")


def _move(working: Path, out: Path, tables: tuple[str, ...]) -> list[Path]:
    if out.suffix == ".parquet":
        return [(working / "activity.parquet").rename(out)]
    out.mkdir(exist_ok=True)
    return [(working / f"{table}.parquet").rename(out / f"{table}.parquet") for table in tables]


def _chunks(path: Path) -> Iterator[bytes]:
    """Yield whole lines, about `_CHUNK` bytes at a time."""
    with path.open("rb") as file:
        while content := file.read(_CHUNK):
            yield content + file.readline()


def _batches(name: str, path: Path, people: Identities, processes: int) -> Iterator[_Batch]:
    forks = "fork" in multiprocessing.get_all_start_methods()
    if processes < 2 or not forks or path.stat().st_size < _CHUNK:
        _prepare(name, people)
        yield from map(_convert, _chunks(path))
        return
    waiting: deque[Future[_Batch]] = deque()
    # Forked processes inherit the key: it is never pickled.
    with ProcessPoolExecutor(processes, multiprocessing.get_context("fork"), _prepare, (name, people)) as pool:
        for chunk in _chunks(path):
            waiting.append(pool.submit(_convert, chunk))
            if len(waiting) > processes + 1:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _prepare(name: str, people: Identities) -> None:
    global _reader
    _reader = reader_of(name, Work(name, Options(key=people.key, schemes=people.schemes)), people)


def _convert(chunk: bytes) -> _Batch:
    if _reader is None:
        raise UsageError("A process of the stream was not prepared.")
    reader = _reader
    module: Any = importlib.import_module(f"blended_standard.adapters.{reader.name}")
    decode, errors = _decoder()
    columns: dict[str, list[dict[str, Any]]] = {table: [] for table in _IDS}
    events = 0
    for line in chunk.split(b"\n"):
        if not line or line.isspace():
            continue
        try:
            document = decode(line)
        except errors:
            reader.problem("JSN-INVALID", "", "(a line that is not JSON)")
            reader.lose("document", "not JSON")
            continue
        for event in module.documents(document):
            events += 1
            for table, row in reader.read(event):
                if table in columns:
                    columns[table].append(row)
                else:
                    reader.lose(table, "streams write acts and evidence alone; read() takes it")
    tally = reader.take()
    tally.evidence = len(columns["evidence"])
    return _Batch(
        tables={table: _as_arrow(table, rows) for table, rows in columns.items()},
        hashes={table: _hashes(rows, _IDS[table]) for table, rows in columns.items()},
        events=events,
        tally=tally,
    )


def _decoder() -> tuple[Callable[[bytes], Any], tuple[type[Exception], ...]]:
    """Return the fastest JSON decoder that is installed, and what it raises."""
    try:
        import msgspec
    except ModuleNotFoundError:
        return json.loads, (ValueError, RecursionError)
    return msgspec.json.decode, (msgspec.DecodeError, ValueError, RecursionError)


def _as_arrow(table: str, rows: list[dict[str, Any]]) -> bytes:
    pa: Any = _pyarrow()
    schema = schema_of(RECORDS[table])
    local = [name for name in {name: None for row in rows for name in row} if ":" in name]
    arrays = []
    for field in schema:
        if field.name == "extra" and local:
            extras = [{name: row[name] for name in local if row.get(name) is not None} for row in rows]
            arrays.append(pa.array([json.dumps(extra) if extra else None for extra in extras], field.type))
        else:
            arrays.append(pa.array([row.get(field.name) for row in rows], field.type))
    sink = pa.BufferOutputStream()
    made = pa.RecordBatch.from_arrays(arrays, schema=schema)
    with pa.ipc.new_stream(sink, schema) as writer:
        writer.write_batch(made)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def _hashes(rows: list[dict[str, Any]], field: str) -> bytes:
    made = array.array("Q")
    for row in rows:
        digest = hashlib.blake2b(str(row.get(field)).encode(), digest_size=8).digest()
        made.append(int.from_bytes(digest, "big"))
    return made.tobytes()


class _Writer:
    """One Parquet file under way; at its end, records that were withdrawn or came twice leave it."""

    def __init__(self, table: str, path: Path) -> None:
        import pyarrow.parquet as pq

        self.table, self.path, self.rows = table, path, 0
        self._schema = schema_of(RECORDS[table])
        self._file: Any = pq.ParquetWriter(path, self._schema, compression="zstd")
        self._waiting: list[Any] = []
        self._held = 0
        self._hashes: list[bytes] = []

    def write(self, content: bytes, hashes: bytes) -> None:
        """Add the rows of one batch."""
        made = _pyarrow().ipc.open_stream(content).read_all()
        self._hashes.append(hashes)
        self._waiting.append(made)
        self._held += len(made)
        self.rows += len(made)
        if self._held >= _GROUP:
            self._flush()

    def close(self, voided: set[str]) -> tuple[int, int]:
        """Finish the file; return how many records were withdrawn and how many came again."""
        self._flush()
        self._file.close()
        twice = self._repeated()
        if not voided and not twice:
            return 0, 0
        return self._rewrite(voided, twice)

    def _flush(self) -> None:
        if self._waiting:
            self._file.write_table(_pyarrow().concat_tables(self._waiting), row_group_size=2 * _GROUP)
        self._waiting, self._held = [], 0

    def _repeated(self) -> set[int]:
        import numpy as np

        values = np.frombuffer(b"".join(self._hashes), dtype=np.uint64)
        self._hashes = []
        ordered = np.sort(values)
        return {int(each) for each in ordered[1:][ordered[1:] == ordered[:-1]]}

    def _rewrite(self, voided: set[str], twice: set[int]) -> tuple[int, int]:
        import pyarrow.parquet as pq

        field = _IDS[self.table]
        seen: set[str] = set()
        withdrawn = repeated = 0
        whole = self.path.with_suffix(".whole")
        self.path.rename(whole)
        source = pq.ParquetFile(whole)
        with pq.ParquetWriter(self.path, self._schema, compression="zstd") as out:
            for batch in source.iter_batches(_GROUP):
                keep = []
                for identifier in batch.column(field).to_pylist():
                    again = False
                    if identifier is not None and twice:
                        digest = hashlib.blake2b(identifier.encode(), digest_size=8).digest()
                        if int.from_bytes(digest, "big") in twice:
                            again = identifier in seen
                            seen.add(identifier)
                    gone = identifier in voided
                    withdrawn += gone
                    repeated += again and not gone
                    keep.append(not (gone or again))
                out.write_batch(batch.filter(_pyarrow().array(keep)))
        whole.unlink()
        self.rows -= withdrawn + repeated
        return withdrawn, repeated


def _pyarrow() -> Any:
    try:
        import pyarrow
    except ModuleNotFoundError:
        raise MissingExtraError("parquet", needs="pyarrow, which writes Parquet,") from None
    return pyarrow
