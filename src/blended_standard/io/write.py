"""Write a submission as CSV, JSON Lines or Parquet; the directory appears whole or not at all."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import attrs

from blended_standard.errors import UsageError
from blended_standard.io.arrow import to_arrow
from blended_standard.io.csv_text import write_row
from blended_standard.io.submission import Submission
from blended_standard.io.tables import EXTRA, INVALID, LINE, MISSING, ROW, Columns
from blended_standard.model import RECORDS

Format = Literal["csv", "jsonl", "parquet"]
_OWN = (ROW, LINE, INVALID)


def write_submission(submission: Submission, target: str | Path, *, format: Format = "jsonl") -> Path:  # noqa: A002
    """Write every table and the manifest into a new directory.

    In CSV, texts that a spreadsheet would run as formulas are written with an apostrophe before them, and the manifest
    says so; `read_submission` takes it away again (see `io.csv_text`).

    Parameters
    ----------
    submission : Submission
        Local fields (`extra`) and reasons for missing values are written back as they were read.
    target : path
        The directory; it must not exist, or be empty.
    format : {"csv", "jsonl", "parquet"}
        Parquet needs the extra `parquet`.

    Returns
    -------
    Path
        The directory.

    Raises
    ------
    UsageError
        The format is not known, or the target holds something or is a symbolic link.
    """
    if format not in ("csv", "jsonl", "parquet"):
        raise UsageError(f"format={format!r} is not one of csv, jsonl, parquet.")
    directory = Path(target)
    if directory.is_symlink():
        raise UsageError(f"{directory} is a symbolic link, which is not followed. Name the directory itself.")
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise UsageError(f"{directory} is there already and not an empty directory. Name a new one.")
    directory.parent.mkdir(parents=True, exist_ok=True)
    working = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
    try:
        escaped = [
            _write_table(name, data, working / f"{name}.{format}", format) for name, data in submission.tables.items()
        ]
        _write_manifest(submission, working / "manifest.json", escaped=any(escaped))
        _flush(working)
        if directory.exists():
            directory.rmdir()
        working.rename(directory)
    except BaseException:
        shutil.rmtree(working, ignore_errors=True)
        raise
    return directory


def _flush(directory: Path) -> None:
    """Bring the files of a directory to the disk, before its name says that it is whole."""
    for path in directory.iterdir():
        with path.open("rb") as stream:
            os.fsync(stream.fileno())


def _write_manifest(submission: Submission, path: Path, *, escaped: bool) -> None:
    standard = submission.manifest.standard or submission.standard.version
    manifest = attrs.evolve(submission.manifest, standard=standard, csv_escaped=escaped)
    stated = {name: _plain(value) for name, value in attrs.asdict(manifest).items() if value not in (None, "", ())}
    if not escaped:
        del stated["csv_escaped"]
    path.write_text(json.dumps(stated, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _write_table(name: str, data: Any, path: Path, format: Format) -> bool:  # noqa: A002
    """Write one table; say whether a text had to be escaped."""
    if format == "parquet":
        _write_parquet(name, data, path)
        return False
    rows = plain_rows(name, data)
    with path.open("w", encoding="utf-8", newline="") as stream:
        if format == "csv":
            return _write_csv(name, list(rows), stream)
        for row in rows:
            stream.write(json.dumps(_as_json(row), ensure_ascii=False, allow_nan=False) + "\n")
    return False


def _write_parquet(name: str, data: Any, path: Path) -> None:
    import pyarrow.parquet as pq

    table = to_arrow(data, RECORDS[name])
    pq.write_table(table.drop_columns([column for column in _OWN if column in table.column_names]), path)


def plain_rows(name: str, data: Any) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table as plain values without those that are absent."""
    if isinstance(data, Columns):
        names = [column for column in data.values if column not in _OWN]
        for values in zip(*(data.values[column] for column in names), strict=True):
            yield {column: value for column, value in zip(names, values, strict=True) if value is not None}
        return
    for batch in to_arrow(data, RECORDS[name]).to_batches(max_chunksize=10_000):
        for row in batch.to_pylist():
            yield {column: value for column, value in row.items() if value is not None and column not in _OWN}


def _as_json(row: Mapping[str, Any]) -> dict[str, Any]:
    made = {name: _plain(value) for name, value in row.items() if name not in (EXTRA, MISSING)}
    made.update(json.loads(row.get(EXTRA) or "{}"))
    if row.get(MISSING):
        made[MISSING] = json.loads(row[MISSING])
    return made


def _write_csv(name: str, rows: list[dict[str, Any]], stream: Any) -> bool:
    made = [_as_json(row) for row in rows]
    known = [field.name for field in RECORDS[name].fields()]
    local = sorted({column for row in made for column in row} - {*known, MISSING})
    header = [*known, *local, *([MISSING] if any(MISSING in row for row in made) else [])]
    text, any_escaped = write_row(header)
    stream.write(text)
    for row in made:
        row[MISSING] = "; ".join(f"{name}={reason}" for name, reason in row.get(MISSING, {}).items())
        text, escaped = write_row([row.get(column) for column in header])
        stream.write(text)
        any_escaped |= escaped
    return any_escaped


def record_as_json(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a record as JSON holds them."""
    return {name: _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, tuple):
        return list(value)
    return value
