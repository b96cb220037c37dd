"""Files that appear whole or not at all, and CSV text that a spreadsheet opens without running or changing a cell."""

from __future__ import annotations

import contextlib
import csv
import errno
import io
import os
import re
import shutil
import tempfile
import weakref
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from blended_standard.errors import UsageError

FORMULA = tuple("=+-@＝＋－＠")
"""What a text begins with that a spreadsheet takes for a formula, full-width forms among them."""

Temporary = tempfile.TemporaryDirectory[str]
_TEMPORARY: weakref.WeakSet[Temporary] = weakref.WeakSet()

# What a terminal may obey. Marks of direction and joiners are letters of some scripts, and stay.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def refuse_link(path: Path) -> None:
    """Raise `UsageError` where a file to be written is a symbolic link, which is not followed."""
    if path.is_symlink():
        raise UsageError(f"{path} is a symbolic link, which is not followed. Name the file itself.")


def write_whole(path: Path, text: str) -> None:
    """Write a file that appears whole or not at all: beside the target first, then renamed onto it.

    Raises
    ------
    UsageError
        The target is a symbolic link, which is not followed.
    """
    refuse_link(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    content = text.encode()
    with temporary_directory(path.parent, f".{path.name}-") as beside:
        working = Path(beside, path.name)
        try:
            with working.open("wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            working.chmod(0o644)
            working.replace(path)
        except OSError as error:
            raise with_room(error, path.parent, f"{len(content):,} bytes are to be written") from error


def temporary_directory(near: Path | None = None, prefix: str = "blended-standard-") -> Temporary:
    """Return a directory for what is not whole yet, beside a target or among temporary files; gone when it is left."""
    made = tempfile.TemporaryDirectory(prefix=prefix, dir=near, ignore_cleanup_errors=True)
    _TEMPORARY.add(made)
    return made


def remove_temporary() -> None:
    """Remove every such directory, where a process ends without leaving them."""
    for directory in list(_TEMPORARY):
        directory.cleanup()


@contextlib.contextmanager
def whole_directory(directory: Path) -> Iterator[Path]:
    """Yield a directory beside the target, whose name it takes when all is written: it appears whole or not at all."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    with temporary_directory(directory.parent, f".{directory.name}-") as beside:
        working = Path(beside)
        try:
            yield working
            _flush(working)
            if directory.exists():
                directory.rmdir()
            working.rename(directory)
        except OSError as error:
            written = sum(file.stat().st_size for file in working.rglob("*") if file.is_file())
            raise with_room(error, directory.parent, f"more than the {written:,} bytes written are needed") from error


def _flush(directory: Path) -> None:
    """Bring the files of a directory to the disk, before its name says that it is whole."""
    for path in directory.rglob("*"):
        if path.is_file():
            with path.open("rb") as stream:
                os.fsync(stream.fileno())


def with_room(error: OSError, directory: Path, needed: str) -> OSError:
    """Return the error of a full disk with what is needed and what is free; another error as it is."""
    if error.errno not in (errno.ENOSPC, errno.EDQUOT):
        return error
    free = shutil.disk_usage(directory).free
    return OSError(error.errno, f"{error.strerror}: {needed}, {free:,} are free", str(directory))


def csv_text(rows: Sequence[Mapping[str, object]]) -> str:
    """Return rows as CSV after RFC 4180: one header of all columns, numbers in full, absent values empty.

    Text is put on one line. Text that a spreadsheet would take for a formula gets an apostrophe in front (OWASP, CSV
    injection); numbers, also negative ones, stay numbers.

    Examples
    --------
    >>> print(csv_text([{"group": "=1+1", "value": -0.25, "reason": None}]), end="")
    group,value,reason\r
    '=1+1,-0.25,\r
    """
    columns = list(dict.fromkeys(key for row in rows for key in row))
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow([_cell(column) for column in columns])
    writer.writerows([_cell(row.get(column)) for column in columns] for row in rows)
    return stream.getvalue()


def _cell(value: object) -> object:
    value = getattr(value, "value", value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(float(value))
    if isinstance(value, int):
        return value
    text = " ".join(_CONTROL.sub(" ", str(value)).split())
    return f"'{text}" if text.startswith(FORMULA) else text
