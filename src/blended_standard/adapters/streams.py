"""Stream an event log of any size into Parquet: JSON Lines in batches, bounded memory, several processes.

A second pass runs only where events were withdrawn, came twice, or broke a rule among the others.
"""

from __future__ import annotations

import contextlib
import gc
import gzip
import io
import multiprocessing
import os
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from typing import IO, Any, cast

import attrs

from blended_standard._files import temporary_directory
from blended_standard.adapters.events import JUDGED, Entry, Tally
from blended_standard.adapters.identifiers import Identities
from blended_standard.adapters.kinds import first_of, foreign, kind_of_content
from blended_standard.adapters.lines import LineReader
from blended_standard.adapters.logs import (
    ONCE,
    OWN,
    is_bare,
    joins_of,
    module_of,
    on_local_day,
    reader_of,
    refused_by,
    settle,
)
from blended_standard.adapters.parquet import IDS, ParquetWriter, as_arrow, hashes_of
from blended_standard.adapters.result import LossReport
from blended_standard.adapters.waiting import Waiting
from blended_standard.adapters.work import Options, Work
from blended_standard.errors import UnreadableInputError, UsageError
from blended_standard.findings import Finding
from blended_standard.results import Result, result

_CHUNK = 8_000_000
# Rows of one table that are written together, and the tables that are made at the end.
_ROWS = 20_000
_JOINED = ("contact", "survey_response", "instrument", "item", "item_response", "legacy_attendance")
_ONE_FILE = "the target is one file of acts; name a directory for the rest"
_BRACKETS = (b"[", b"{", b"[{")
_lines: LineReader | None = None


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
    judged: list[Entry]
    others: dict[str, list[dict[str, Any]]]
    events: int
    lines: int
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
    """Stream `source` into `target`: a Parquet file of the acts, or a directory for all that a log says."""
    path, out = Path(source), Path(target)
    if not path.is_file():
        raise UnreadableInputError(f"{path}: no such file. Pass one file of JSON Lines.")
    if out.exists() and (out.is_file() or any(out.iterdir())):
        raise UsageError(f"{out} is there already. Name a new file or directory.")
    _refuse(name, path)
    work = Work(name, options)
    work.needs_key()
    tables = ("activity",) if out.suffix == ".parquet" else (*IDS, *_JOINED)
    out.parent.mkdir(parents=True, exist_ok=True)
    with temporary_directory(out.parent, ".stream-") as beside:
        working = Path(beside)
        writers = {table: ParquetWriter(table, working / f"{table}.parquet") for table in tables}
        with contextlib.closing(Waiting(working / "waiting.sqlite")) as waiting:
            batches = _batches(name, path, work, processes or os.cpu_count() or 1)
            tally, events = _write(batches, writers, waiting, progress)
            refused = refused_by(work, module_of(name).LAYOUT, waiting.in_order(), tally.voided)
            gone = _join(name, work, waiting, writers, tally.voided)
        removed = [writer.close(tally.voided, refused) for writer in writers.values()]
        files = _move(working, out, [table for table in tables if table in IDS or writers[table].rows])
    settle(work, tally)
    return Streamed(
        standard=name,
        files=tuple(map(str, files)),
        events=events,
        records=sum(writer.rows for writer in writers.values()),
        withdrawn=gone + sum(each[0] for each in removed),
        repeated=sum(each[1] for each in removed),
        losses=work.losses(),
        findings=work.found.findings(),
    )


def _write(
    batches: Iterator[_Batch],
    writers: Mapping[str, ParquetWriter],
    waiting: Waiting,
    progress: Callable[[int], None] | None,
) -> tuple[Tally, int]:
    """Write what the processes made; return what they counted, and how many events there were."""
    tally, events, lines = Tally(), 0, 0
    for batch in batches:
        events += batch.events
        tally.add(batch.tally, after=lines)
        waiting.add(batch.judged, after=lines)
        for kind, rows in batch.others.items():
            if len(writers) > 1:
                waiting.keep(kind, rows)
            else:
                tally.lost[kind, _ONE_FILE] += len(rows)
        lines += batch.lines
        for table, content in batch.tables.items():
            if table in writers:
                writers[table].write(content, batch.hashes[table])
        if len(writers) == 1 and batch.tally.evidence:
            tally.lost["evidence", _ONE_FILE] += batch.tally.evidence
        if progress:
            progress(events)
    return tally, events


def _join(name: str, work: Work, waiting: Waiting, writers: Mapping[str, ParquetWriter], voided: set[str]) -> int:
    """Write what can be made only of all the rows of a group; return how many were withdrawn."""
    gone = 0
    joins = joins_of(name)
    rows: dict[str, list[dict[str, Any]]] = {}
    for kind, listed in waiting.groups():
        records = joins[kind](listed) if kind in joins else [(kind, row) for row in listed]
        for table, row in [min(records, key=is_bare)] if kind in ONCE else records:
            if row.get(OWN) in voided:
                gone += 1
                continue
            rows.setdefault(table, []).append(on_local_day(work, table, row))
            if len(rows[table]) >= _ROWS:
                writers[table].write(as_arrow(table, rows.pop(table)), b"")
    for table, left in rows.items():
        writers[table].write(as_arrow(table, left), b"")
    return gone


def _refuse(name: str, path: Path) -> None:
    beginning = next(_chunks(path), b"")
    refused = foreign(name, kind_of_content(beginning)) or module_of(name).refusal(first_of(beginning))
    if refused:
        raise UnreadableInputError(f"{path}: {refused}")
    if beginning.lstrip().partition(b"\n")[0].strip() in _BRACKETS:
        raise UnreadableInputError(
            f"{path}: this is one document over many lines. A stream reads JSON Lines, one event or envelope a line; "
            "read() and import take the document as it is."
        )


def _move(working: Path, out: Path, tables: Sequence[str]) -> list[Path]:
    if out.suffix == ".parquet":
        return [(working / "activity.parquet").rename(out)]
    out.mkdir(exist_ok=True)
    return [(working / f"{table}.parquet").rename(out / f"{table}.parquet") for table in tables]


def _opened(path: Path) -> IO[bytes]:
    """Open a log, unpacked where it is one of gzip."""
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    return cast(IO[bytes], gzip.open(path)) if packed else path.open("rb")


def _chunks(path: Path) -> Iterator[bytes]:
    """Yield whole lines, about `_CHUNK` bytes at a time."""
    try:
        with _opened(path) as file:
            if file.read(3) != b"\xef\xbb\xbf":
                file.seek(0)
            while content := file.read(_CHUNK):
                yield content + file.readline()
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise UnreadableInputError(f"{path}: the gzip file is damaged ({error}). Nothing was written.") from None


def _batches(name: str, path: Path, work: Work, processes: int) -> Iterator[_Batch]:
    forks = "fork" in multiprocessing.get_all_start_methods()
    if processes < 2 or not forks or path.stat().st_size < _CHUNK:
        _prepare(name, work.people, work.options.time_zone)
        yield from map(_convert, _chunks(path))
        return
    waiting: deque[Future[_Batch]] = deque()
    given = (name, work.people, work.options.time_zone)
    # Forked processes inherit the key: it is never pickled.
    with ProcessPoolExecutor(processes, multiprocessing.get_context("fork"), _prepare, given) as pool:
        for chunk in _chunks(path):
            waiting.append(pool.submit(_convert, chunk))
            if len(waiting) > processes + 1:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _prepare(name: str, people: Identities, time_zone: str | None) -> None:
    global _lines
    options = Options(key=people.key, schemes=people.schemes, time_zone=time_zone)
    reader = reader_of(name, Work(name, options), people)
    _lines = LineReader(reader)


def _convert(chunk: bytes) -> _Batch:
    if _lines is None:
        raise UsageError("A process of the stream was not prepared.")
    # JSON makes no cycles: a collector that looks for them among a chunk's records would only cost.
    collects = gc.isenabled()
    gc.disable()
    try:
        return _batch(_lines, chunk)
    finally:
        if collects:
            gc.enable()


def _batch(lines: LineReader, chunk: bytes) -> _Batch:
    reader = lines.reader
    rows: dict[str, list[dict[str, Any]]] = {table: [] for table in (*IDS, JUDGED)}
    others: dict[str, list[dict[str, Any]]] = {}
    once: dict[str, dict[Any, dict[str, Any]]] = {}
    events = number = 0
    for number, line in enumerate(io.BytesIO(chunk), start=1):
        if line.isspace():
            continue
        reader.line = number
        try:
            count, records = lines.read(line)
        except lines.errors:
            reader.problem("JSN-INVALID", "", "(a line that is not JSON)")
            reader.lose("document", "not JSON")
            continue
        events += count
        for table, row in records:
            if table in rows:
                rows[table].append(row)
            elif table in ONCE:
                once.setdefault(table, {})[tuple(row.items())] = row
            else:
                others.setdefault(table, []).append(row)
    lines.settle()
    tally = reader.take()
    tally.evidence = len(rows["evidence"])
    judged = rows.pop(JUDGED)
    return _Batch(
        tables={table: as_arrow(table, listed) for table, listed in rows.items()},
        hashes={table: hashes_of(table, listed) for table, listed in rows.items()},
        judged=judged,
        others=others | {table: list(listed.values()) for table, listed in once.items()},
        events=events,
        lines=number,
        tally=tally,
    )
