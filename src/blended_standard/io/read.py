"""Read a submission from a directory, a zip archive or files; what is wrong with it becomes findings."""

from __future__ import annotations

import codecs
import functools
import os
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import attrs

from blended_standard.errors import UnreadableInputError, UsageError, expect
from blended_standard.findings import FindingCollector
from blended_standard.io.archives import open_archive, unpack
from blended_standard.io.columns import ColumnReader, to_columns
from blended_standard.io.csv_text import local_value, read_csv
from blended_standard.io.limits import LIMITS, Limits
from blended_standard.io.missing_values import without_missing_values
from blended_standard.io.parquet import differ, is_whole, mark_of
from blended_standard.io.plain_csv import plain_table
from blended_standard.io.submission import Manifest, Submission, make_manifest, missing_values_of
from blended_standard.io.tables import MISSING, ParquetSource
from blended_standard.io.text import RawRow, parse_object, read_json_lines
from blended_standard.model import RECORDS, Record
from blended_standard.spec import Standard, load_standard

_FORMATS = (".csv", ".jsonl", ".ndjson", ".parquet")


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
    profile: str | None = None,
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
    profile : str, optional
        The profile of the submission, whose words for missing values are read as such. Default: that of the manifest.
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
        The encoding or the profile is not known.

    Examples
    --------
    >>> read_submission("nowhere")
    Traceback (most recent call last):
    blended_standard.errors.UnreadableInputError: nowhere: no such file or directory. ...
    """
    found = FindingCollector(standard or load_standard())
    if profile:
        found.standard.profile(profile)
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
    manifest = attrs.evolve(manifest, profile=profile or manifest.profile)
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
        expect("source", source, Iterable, "a path, or a list of paths")
        for item in source:
            yield from files_of(item, limits=limits)
        return
    path = Path(source)
    if path.is_dir():
        for file in sorted(path.iterdir()):
            if file.is_file() and not file.name.startswith("."):
                yield SourceFile(file.name, functools.partial(_steady_content, file, limits), file)
            elif file.suffix in _FORMATS:
                yield SourceFile(file.name, _refuse_irregular, file)
    elif path.suffix.lower() == ".zip" and path.is_file():
        yield from _members(path, limits)
    elif path.is_file():
        yield SourceFile(path.name, functools.partial(_steady_content, path, limits), path)
    else:
        what = "not a regular file" if path.exists() else "no such file or directory"
        raise UnreadableInputError(f"{path}: {what}. Pass a directory with a file for each table, a .zip, or files.")


class RefusedFileError(UnreadableInputError):
    """A file that is not read although it could be; `code` is that of the rule that says why."""

    def __init__(self, code: str, detail: str) -> None:
        self.code, self.detail = code, detail
        super().__init__(f"{code}: {detail}")

    def __reduce__(self) -> tuple[object, ...]:
        return (RefusedFileError, (self.code, self.detail))


def _refuse_irregular() -> bytes:
    raise RefusedFileError("FIL-UNREADABLE", "(not a regular file)")


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
    with open_archive(archive, limits) as (opened, members):
        seen: set[str] = set()
        left = limits.archive_bytes
        for place, member in members:
            name = PurePosixPath(place).name
            if name.lower() in seen:
                twice = f"the member {member.filename!r} stands twice, apart from case or folder"
                raise UnreadableInputError(f"{archive}: {twice}. Nothing was read.")
            seen.add(name.lower())
            content = unpack(archive, opened, member, min(left, limits.file_bytes), limits.archive_ratio)
            left -= len(content)
            yield SourceFile(name, lambda content=content: content, None)  # type: ignore[misc]


@attrs.frozen
class Package:
    """The files of a folder or an archive, by their places from its root; one is read when it is asked for."""

    names: frozenset[str]
    read: Callable[[str], bytes]


def package_of(path: Path, *, limits: Limits = LIMITS) -> Package | None:
    """Return the files of a folder or an archive, those in folders too; None where `path` is one file.

    Raises
    ------
    UnreadableInputError
        It holds too many files, or an archive is not one that is safe to open.
    """
    if path.is_dir():
        files: dict[str, Path] = {}
        for folder, folders, names in os.walk(path):
            folders[:] = [name for name in folders if not name.startswith(".")]
            here = [Path(folder, name) for name in names if not name.startswith(".")]
            files |= {file.relative_to(path).as_posix(): file for file in here if file.is_file()}
            if len(files) > limits.archive_members:
                raise UnreadableInputError(f"{path}: holds more than {limits.archive_members:,} files.")
        return Package(frozenset(files), lambda name: _steady_content(files[name], limits))
    if not path.is_file() or not (path.suffix.lower() == ".zip" or zipfile.is_zipfile(path)):
        return None
    with open_archive(path, limits) as (_, listed):
        places = frozenset(place for place, _ in listed)

    def read(name: str) -> bytes:
        with open_archive(path, limits) as (opened, members):
            return unpack(path, opened, dict(members)[name], limits.file_bytes, limits.archive_ratio)

    return Package(places, read)


def _read_manifest(file: SourceFile, found: FindingCollector) -> Manifest:
    try:
        facts = parse_object(file.read().decode("utf-8-sig"))
        if not isinstance(facts, dict):
            raise UsageError("It is not a JSON object.")
        return make_manifest(facts)
    except RecursionError:
        found.add("MAN-INVALID", table="manifest", detail="It is nested too deep.")
        return Manifest()
    except (ValueError, OSError) as error:
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

    def table(self, files: list[SourceFile], record: type[Record]) -> Any:
        """Read the files of one table."""
        for file in files:
            if self.progress:
                self.progress(file.name)
        if all(file.name.endswith(".parquet") for file in files):
            return _parquet(files, record, self.found)
        words = missing_values_of(self.found.standard, self.manifest)
        if len(files) == 1 and not words:
            # What proves not to be plain is read with care from the same bytes.
            files = [attrs.evolve(files[0], read=functools.cache(files[0].read))]
            if (made := self._plain(files[0], record)) is not None:
                return made
        rows = (row for file in files if not file.name.endswith(".parquet") for row in self._rows(file, record))
        sound = without_missing_values(rows, record, words, self.found)
        return to_columns(sound, record, self.found, zone=self.manifest.zone)

    def _plain(self, file: SourceFile, record: type[Record]) -> Any | None:
        """Read a CSV file by columns; None where it must be read with care."""
        if not file.name.endswith(".csv") or self.encoding != "utf-8" or self.manifest.csv_escaped:
            return None
        try:
            content = file.read()
        except (RefusedFileError, OSError):
            return None
        return plain_table(content, ColumnReader(record, self.found, self.manifest.zone), self.limits)

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
    for path in paths:
        if not path.is_file():
            found.add("FIL-UNREADABLE", table=record.table, detail=f"({path.name} is not a regular file)")
    sound = tuple(path for path in paths if path.is_file() and is_whole(path, record.table, found))
    marks = tuple(map(mark_of, sound))
    return ParquetSource(paths=sound, marks=marks) if sound and not differ(sound, record.table, found) else None
