"""Read a submission from a directory, a zip archive or files; what is wrong with it becomes findings."""

from __future__ import annotations

import codecs
import functools
import json
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath

import attrs

from blended_standard.errors import UnreadableInputError, UsageError
from blended_standard.findings import FindingCollector
from blended_standard.io.csv_text import local_value, read_csv
from blended_standard.io.limits import LIMITS, Limits
from blended_standard.io.parquet import differ, is_whole
from blended_standard.io.submission import Manifest, Submission, make_manifest
from blended_standard.io.tables import MISSING, Columns, ParquetSource
from blended_standard.io.text import RawRow, read_json_lines
from blended_standard.io.typed import to_columns
from blended_standard.model import RECORDS, Record
from blended_standard.spec import Standard, load_standard

_FORMATS = (".csv", ".jsonl", ".ndjson", ".parquet")
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
    encoding: str = "utf-8",
    limits: Limits = LIMITS,
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
    encoding : str
        Of files of text: a name that Python knows, such as "utf-16" or "cp1252". The standard asks for UTF-8.
    limits : Limits
        How much is read before a finding or a refusal.
    progress : callable, optional
        Called with the name of each file before it is read.

    Returns
    -------
    Submission
        With everything that could be read; `found` holds what could not.

    Raises
    ------
    UnreadableInputError
        Nothing is there to read, or an archive is not one that is safe to open.
    UsageError
        The encoding is not known.

    Examples
    --------
    >>> read_submission("nowhere")
    Traceback (most recent call last):
    blended_standard.errors.UnreadableInputError: nowhere: no such file or directory.
    """
    found = FindingCollector(standard or load_standard())
    files = list(files_of(source, limits=limits))
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
    reader = _Reader(found, limits, _known_encoding(encoding), manifest, progress)
    tables = {name: reader.table(files, RECORDS[name]) for name, files in parts.items()}
    return Submission(
        manifest=attrs.evolve(manifest, csv_escaped=False, csv_local_json=False),
        tables={name: table for name, table in tables.items() if table is not None},
        found=found,
        source=str(source) if isinstance(source, str | Path) else ", ".join(map(str, source)),
    )


def files_of(source: str | Path | Iterable[str | Path], *, limits: Limits = LIMITS) -> Iterator[SourceFile]:
    """Yield the files of a directory, an archive or a list; `UnreadableInputError` where nothing is there."""
    if not isinstance(source, str | Path):
        for item in source:
            yield from files_of(item, limits=limits)
        return
    path = Path(source)
    if path.is_dir():
        for file in sorted(path.iterdir()):
            if file.is_file() and not file.name.startswith("."):
                yield SourceFile(file.name, functools.partial(_steady_content, file, limits), file)
    elif path.suffix == ".zip" and path.is_file():
        yield from _members(path, limits)
    elif path.is_file():
        yield SourceFile(path.name, functools.partial(_steady_content, path, limits), path)
    else:
        raise UnreadableInputError(f"{path}: {'not a regular file' if path.exists() else 'no such file or directory'}.")


class RefusedFileError(UnreadableInputError):
    """A file that is not read although it could be; `code` is that of the rule that says why."""

    def __init__(self, code: str, detail: str) -> None:
        self.code, self.detail = code, detail
        super().__init__(f"{code}: {detail}")

    def __reduce__(self) -> tuple[object, ...]:
        return (RefusedFileError, (self.code, self.detail))


def _steady_content(path: Path, limits: Limits) -> bytes:
    """Return what a file holds; refuse one that is too large, or that changes meanwhile."""
    before = path.stat()
    if before.st_size > limits.file_bytes:
        raise RefusedFileError("LIM-FILE", f"{before.st_size:,} bytes; the limit is {limits.file_bytes:,}.")
    content = path.read_bytes()
    after = path.stat()
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or len(content) != after.st_size:
        raise RefusedFileError("FIL-CHANGED", f"({path.name})")
    return content


def _members(archive: Path, limits: Limits) -> Iterator[SourceFile]:
    try:
        opened = zipfile.ZipFile(archive)
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise UnreadableInputError(f"{archive}: not a zip archive that can be read ({error}).") from error
    with opened:
        members = opened.infolist()
        if len(members) > limits.archive_members:
            raise UnreadableInputError(
                f"{archive}: holds {len(members):,} files; the limit is {limits.archive_members:,}. Nothing was read."
            )
        seen: set[str] = set()
        left = limits.archive_bytes
        for member in members:
            path = PurePosixPath(member.filename.replace("\\", "/"))
            if member.is_dir() or path.name.startswith("."):
                continue
            problem = _problem_with(member, path, seen)
            if problem:
                raise UnreadableInputError(f"{archive}: the member {member.filename!r} {problem}. Nothing was read.")
            seen.add(path.name.lower())
            content = _unpack(archive, opened, member, min(left, limits.file_bytes), limits.archive_ratio)
            left -= len(content)
            yield SourceFile(path.name, lambda content=content: content, None)  # type: ignore[misc]


def _problem_with(member: zipfile.ZipInfo, path: PurePosixPath, seen: set[str]) -> str | None:
    """Say why a member of an archive is refused, or None."""
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
        return "has a path that leaves the archive"
    if "\0" in member.orig_filename:
        return "has a NUL in its name"
    if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG):
        return "is a symbolic link or a device"
    if member.flag_bits & 1:
        return "is encrypted"
    return "stands twice, apart from case or folder" if path.name.lower() in seen else None


def _unpack(archive: Path, opened: zipfile.ZipFile, member: zipfile.ZipInfo, most: int, ratio: int) -> bytes:
    """Return what a member holds, stopping by the bytes that come out and not by those that it declares."""
    limit = min(most, max(ratio * member.compress_size, _SMALL_MEMBER))
    try:
        with opened.open(member) as stream:
            content = stream.read(limit + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
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


@attrs.frozen
class _Reader:
    """Reads the tables of one submission."""

    found: FindingCollector
    limits: Limits
    encoding: str
    manifest: Manifest
    progress: Callable[[str], None] | None

    def table(self, files: list[SourceFile], record: type[Record]) -> Columns | ParquetSource | None:
        """Read the files of one table."""
        for file in files:
            if self.progress:
                self.progress(file.name)
        if all(file.name.endswith(".parquet") for file in files):
            return _parquet(files, record, self.found)
        rows = (row for file in files if not file.name.endswith(".parquet") for row in self._rows(file, record))
        return to_columns(rows, record, self.found)

    def _rows(self, file: SourceFile, record: type[Record]) -> Iterator[RawRow]:
        try:
            content = file.read()
            if self.encoding != "utf-8":
                content = content.decode(self.encoding).encode()
        except RefusedFileError as error:
            self.found.add(error.code, table=record.table, detail=error.detail)
            return iter(())
        except OSError as error:
            self.found.add("FIL-UNREADABLE", table=record.table, detail=f"({error.strerror})")
            return iter(())
        except UnicodeError:
            self.found.add("ENC-NOT-UTF8", table=record.table, detail=f"It is not {self.encoding} either.")
            return iter(())
        if file.name.endswith(".csv"):
            known = tuple(field.name for field in record.fields())
            escaped = self.manifest.csv_escaped
            rows = read_csv(content, record.table, known, self.found, limits=self.limits, escaped=escaped)
            return _with_local_values(rows, {*known, MISSING}) if self.manifest.csv_local_json else rows
        return read_json_lines(content, record.table, self.found, limits=self.limits)


def _with_local_values(rows: Iterable[RawRow], known: set[str]) -> Iterator[RawRow]:
    for row in rows:
        values = {name: value if name in known else local_value(value) for name, value in row.values.items()}
        yield attrs.evolve(row, values=values)


def _known_encoding(name: str) -> str:
    try:
        return codecs.lookup(name).name
    except LookupError:
        raise UsageError(f"encoding={name!r} is not known. Pass a name such as utf-8, utf-16 or cp1252.") from None


def _parquet(files: list[SourceFile], record: type[Record], found: FindingCollector) -> ParquetSource | None:
    paths = [file.path for file in files if file.path is not None]
    if len(paths) < len(files):
        raise UnreadableInputError(f"{record.table}: Parquet inside a zip archive is not read. Unpack it first.")
    sound = tuple(path for path in paths if is_whole(path, record.table, found))
    return ParquetSource(paths=sound) if sound and not differ(sound, record.table, found) else None
