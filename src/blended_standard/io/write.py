"""Write a submission as CSV, JSON Lines or Parquet; the directory appears whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import attrs

from blended_standard._files import whole_directory
from blended_standard.errors import BlendedStandardError, UnreadableInputError, UsageError
from blended_standard.io.arrow import to_arrow
from blended_standard.io.csv_text import local_cell, write_row
from blended_standard.io.missing_values import Words, absent_in
from blended_standard.io.plain import plain
from blended_standard.io.submission import MARKS, Submission, expect_submission
from blended_standard.io.tables import EXTRA, INVALID, LINE, MISSING, ROW, Columns, ParquetSource, object_in
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
    expect_submission(submission)
    if format not in ("csv", "jsonl", "parquet"):
        raise UsageError(f"format={format!r} is not one of csv, jsonl, parquet.")
    directory = Path(target)
    if directory.is_symlink():
        raise UsageError(f"{directory} is a symbolic link, which is not followed. Name the directory itself.")
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise UsageError(f"{directory} is there already and not an empty directory. Name a new one.")
    with whole_directory(directory) as working:
        marks: set[str] = set()
        for name, data in submission.tables.items():
            marks |= _write_table(name, data, working / f"{name}.{format}", format)
        _write_manifest(submission, working / "manifest.json", marks)
    return directory


def _write_manifest(submission: Submission, path: Path, marks: set[str]) -> None:
    """Write the manifest; `marks` are its entries that hold of these files."""
    standard = submission.manifest.standard or submission.standard.version
    facts = attrs.asdict(attrs.evolve(submission.manifest, standard=standard))
    stated = {name: plain(value) for name, value in facts.items() if name not in MARKS and value not in (None, "", ())}
    stated |= {name: True for name in MARKS if name in marks}
    path.write_text(json.dumps(stated, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _write_table(name: str, data: Any, path: Path, format: Format) -> set[str]:  # noqa: A002
    """Write one table; return the marks that the manifest must then carry."""
    if format == "parquet":
        _write_parquet(name, data, path)
        return set()
    rows = plain_rows(name, data)
    with path.open("w", encoding="utf-8", newline="") as stream:
        if format == "csv":
            return _write_csv(name, list(rows), stream)
        for row in rows:
            stream.write(json.dumps(_as_json(row), ensure_ascii=False, allow_nan=False) + "\n")
    return set()


def _write_parquet(name: str, data: Any, path: Path) -> None:
    table = _arrow(name, data)  # says so where pyarrow is absent
    import pyarrow.parquet as pq

    pq.write_table(table.drop_columns([column for column in _OWN if column in table.column_names]), path)


def _arrow(name: str, data: Any) -> Any:
    """Return a table as Arrow; `UnreadableInputError` where it is a Parquet file that is damaged, or gone."""
    try:
        return to_arrow(data, RECORDS[name])
    except BlendedStandardError:
        raise
    except Exception as error:  # pyarrow has a dozen of its own
        if not isinstance(data, ParquetSource):
            raise
        reason = str(error).partition("\n")[0][:120]
        raise UnreadableInputError(f"{name}: Parquet that cannot be read ({reason}).") from error


def plain_rows(name: str, data: Any, missing_values: Words | None = None) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table as plain values without those that are absent.

    In frames `missing_values` stand for absent ones too; from text they were taken away as it was read.
    """
    if isinstance(data, Columns):
        names = [column for column in data.values if column not in _OWN]
        for values in zip(*(data.values[column] for column in names), strict=True):
            yield {column: value for column, value in zip(names, values, strict=True) if value is not None}
        return
    for batch in _arrow(name, data).to_batches(max_chunksize=10_000):
        for row in batch.to_pylist():
            if missing_values and (taken := absent_in(row, RECORDS[name], missing_values)):
                row |= dict.fromkeys(taken) | {MISSING: json.dumps(taken | object_in(row, MISSING))}
            yield {column: value for column, value in row.items() if value is not None and column not in _OWN}


def _as_json(row: Mapping[str, Any]) -> dict[str, Any]:
    made = {name: plain(value) for name, value in row.items() if name not in (EXTRA, MISSING)}
    made.update(plain(object_in(row, EXTRA)))
    if row.get(MISSING):
        made[MISSING] = object_in(row, MISSING)
    return made


def _write_csv(name: str, rows: list[dict[str, Any]], stream: Any) -> set[str]:
    made = [_as_json(row) for row in rows]
    known = [field.name for field in RECORDS[name].fields()]
    local = sorted({column for row in made for column in row} - {*known, MISSING})
    header = [*known, *local, *([MISSING] if any(MISSING in row for row in made) else [])]
    text, any_escaped = write_row(header)
    stream.write(text)
    any_json = False
    for row in made:
        row[MISSING] = "; ".join(f"{name}={reason}" for name, reason in row.get(MISSING, {}).items())
        for column in local:
            cell = local_cell(row.get(column))
            any_json |= cell != row.get(column) or not isinstance(cell, str | None)
            row[column] = cell
        text, escaped = write_row([row.get(column) for column in header])
        stream.write(text)
        any_escaped |= escaped
    marks = {"csv_escaped": any_escaped, "csv_local_json": any_json}
    return {mark for mark, holds in marks.items() if holds}


def record_as_json(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a record as JSON holds them."""
    return {name: plain(value) for name, value in row.items()}
