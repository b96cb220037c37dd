"""Read a submission from a directory, a zip archive or files; what is wrong with it becomes findings."""

from __future__ import annotations

import json
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath

import attrs

from blended_standard.errors import UnreadableInputError, UsageError
from blended_standard.findings import FindingCollector
from blended_standard.io.submission import Manifest, Submission, make_manifest
from blended_standard.io.tables import Columns, ParquetSource
from blended_standard.io.text import RawRow, read_csv, read_json_lines
from blended_standard.io.typed import to_columns
from blended_standard.model import RECORDS, Record
from blended_standard.spec import Standard, load_standard

_FORMATS = (".csv", ".jsonl", ".ndjson", ".parquet")
_LARGEST_MEMBER = 2_000_000_000
_LARGEST_RATIO = 200
_SMALL_MEMBER = 1_000_000  # below, a high ratio does no harm


@attrs.frozen
class SourceFile:
    """One file of a submission, on disk or in an archive."""

    name: str
    read: Callable[[], bytes]
    path: Path | None


def read_submission(
    source: str | Path | Iterable[str | Path],
    *,
    standard: Standard | None = None,
    progress: Callable[[str], None] | None = None,
) -> Submission:
    """Read a submission.

    Parameters
    ----------
    source : path, or several paths
        A directory, a `.zip`, or files. A file is named for its table: `episode.csv`, `evidence.jsonl`,
        `activity.parquet`, or in parts `activity.001.parquet`. `manifest.json` says what the submission is.
    standard : Standard, optional
        The standard to read by. Default: the one shipped.
    progress : callable, optional
        Called with the name of each file before it is read.

    Returns
    -------
    Submission
        With everything that could be read; `found` holds what could not.

    Raises
    ------
    UnreadableInputError
        Nothing is there to read.

    Examples
    --------
    >>> read_submission("nowhere")
    Traceback (most recent call last):
    blended_standard.errors.UnreadableInputError: nowhere: no such file or directory.
    """
    found = FindingCollector(standard or load_standard())
    files = list(files_of(source))
    if not files:
        raise UnreadableInputError(f"{source}: holds no file. Expected files such as episode.csv and manifest.json.")
    manifest = Manifest()
    parts: dict[str, list[SourceFile]] = {}
    for file in sorted(files, key=lambda entry: entry.name):
        name = PurePosixPath(file.name)
        if name.name == "manifest.json":
            manifest = _read_manifest(file, found)
        elif name.suffix in _FORMATS and name.name.split(".")[0] in RECORDS:
            parts.setdefault(name.name.split(".")[0], []).append(file)
        else:
            parts.setdefault("", []).append(file)
    for file in parts.pop("", []):
        if PurePosixPath(file.name).name not in manifest.local_files:
            found.add("TAB-UNKNOWN", table=file.name)
    tables = {name: _read_table(files, RECORDS[name], found, progress) for name, files in parts.items()}
    return Submission(
        manifest=manifest,
        tables={name: table for name, table in tables.items() if table is not None},
        found=found,
        source=str(source) if isinstance(source, str | Path) else ", ".join(map(str, source)),
    )


def files_of(source: str | Path | Iterable[str | Path]) -> Iterator[SourceFile]:
    """Yield the files of a directory, an archive or a list; `UnreadableInputError` where nothing is there."""
    if not isinstance(source, str | Path):
        for item in source:
            yield from files_of(item)
        return
    path = Path(source)
    if path.is_dir():
        for file in sorted(path.iterdir()):
            if file.is_file() and not file.name.startswith("."):
                yield SourceFile(file.name, file.read_bytes, file)
    elif path.suffix == ".zip" and path.is_file():
        yield from _members(path)
    elif path.is_file():
        yield SourceFile(path.name, path.read_bytes, path)
    else:
        raise UnreadableInputError(f"{path}: {'not a regular file' if path.exists() else 'no such file or directory'}.")


def _members(archive: Path) -> Iterator[SourceFile]:
    try:
        opened = zipfile.ZipFile(archive)
    except (zipfile.BadZipFile, OSError) as error:
        raise UnreadableInputError(f"{archive}: not a zip archive that can be read ({error}).") from error
    with opened:
        seen: set[str] = set()
        for member in opened.infolist():
            path = PurePosixPath(member.filename.replace("\\", "/"))
            if member.is_dir() or path.name.startswith("."):
                continue
            problem = _problem_with(member, path, seen)
            if problem:
                raise UnreadableInputError(f"{archive}: the member {member.filename!r} {problem}. Nothing was read.")
            seen.add(path.name.lower())
            content = _unpack(archive, opened, member)
            yield SourceFile(path.name, lambda content=content: content, None)  # type: ignore[misc]


def _problem_with(member: zipfile.ZipInfo, path: PurePosixPath, seen: set[str]) -> str | None:
    """Say why a member of an archive is refused, or None."""
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
        return "has a path that leaves the archive"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "is a symbolic link"
    if member.flag_bits & 1:
        return "is encrypted"
    return "stands twice, apart from case or folder" if path.name.lower() in seen else None


def _unpack(archive: Path, opened: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """Return what a member holds, stopping by the bytes that come out and not by those that it declares."""
    limit = min(_LARGEST_MEMBER, max(_LARGEST_RATIO * member.compress_size, _SMALL_MEMBER))
    try:
        with opened.open(member) as stream:
            content = stream.read(limit + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise UnreadableInputError(f"{archive}: the member {member.filename!r} is damaged ({error}).") from error
    if len(content) > limit:
        raise UnreadableInputError(
            f"{archive}: {member.filename} unpacks to more than {limit:,} bytes from {member.compress_size:,}, the "
            "limit. Unpack it yourself and pass the directory."
        )
    return content


def _read_manifest(file: SourceFile, found: FindingCollector) -> Manifest:
    try:
        facts = json.loads(file.read().decode("utf-8-sig"))
        if not isinstance(facts, dict):
            raise UsageError("It is not a JSON object.")
        return make_manifest(facts)
    except (ValueError, OSError, TypeError) as error:
        found.add("MAN-INVALID", table="manifest", detail=str(error))
        return Manifest()


def _read_table(
    files: list[SourceFile], record: type[Record], found: FindingCollector, progress: Callable[[str], None] | None
) -> Columns | ParquetSource | None:
    for file in files:
        if progress:
            progress(file.name)
    if all(file.name.endswith(".parquet") for file in files):
        return _parquet(files, record, found)
    rows = (row for file in files if not file.name.endswith(".parquet") for row in _rows(file, record, found))
    return to_columns(rows, record, found)


def _rows(file: SourceFile, record: type[Record], found: FindingCollector) -> Iterator[RawRow]:
    try:
        content = file.read()
    except OSError as error:
        found.add("FIL-UNREADABLE", table=record.table, detail=f"({error.strerror})")
        return iter(())
    if file.name.endswith(".csv"):
        known = tuple(field.name for field in record.fields())
        return read_csv(content, record.table, known, found)
    return read_json_lines(content, record.table, found)


def _parquet(files: list[SourceFile], record: type[Record], found: FindingCollector) -> ParquetSource | None:
    sound = [file for file in files if _is_parquet(file, record, found)]
    paths = tuple(file.path for file in sound if file.path is not None)
    if len(paths) < len(sound):
        raise UnreadableInputError(f"{record.table}: Parquet inside a zip archive is not read. Unpack it first.")
    return ParquetSource(paths=paths) if paths else None


def _is_parquet(file: SourceFile, record: type[Record], found: FindingCollector) -> bool:
    """Check the marks that a whole Parquet file begins and ends with, before an engine opens it."""
    if file.path is None:
        return True
    with file.path.open("rb") as stream:
        head = stream.read(4)
        stream.seek(0, 2)
        size = stream.tell()
        stream.seek(max(size - 4, 0))
        whole = head == b"PAR1" and stream.read(4) == b"PAR1" and size >= 12
    if not whole:
        found.add("PQT-CUT", table=record.table, detail=f"({file.name}, {size:,} bytes)")
    return whole
