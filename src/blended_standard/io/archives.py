"""Open zip archives so that nothing leaves them and nothing in them exhausts the machine."""

from __future__ import annotations

import contextlib
import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from blended_standard.errors import UnreadableInputError
from blended_standard.io.limits import Limits

_SMALL_MEMBER = 1_000_000  # below, a high ratio does no harm
# What zipfile, and the libraries that unpack for it, make of bytes that are no archive.
_DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, RuntimeError, ValueError)
Members = list[tuple[str, zipfile.ZipInfo]]


@contextlib.contextmanager
def open_archive(archive: Path, limits: Limits) -> Iterator[tuple[zipfile.ZipFile, Members]]:
    """Open an archive, with the place of each file in it; folders and hidden files are left out.

    Raises
    ------
    UnreadableInputError
        It is none, it holds too many files, or one that is not safe to read.
    """
    try:
        opened = zipfile.ZipFile(archive)
    except _DAMAGED as error:
        raise UnreadableInputError(f"{archive}: not a zip archive that can be read ({error}).") from error
    with opened:
        listed = opened.infolist()
        if len(listed) > limits.archive_members:
            raise UnreadableInputError(
                f"{archive}: holds {len(listed):,} files; the limit is {limits.archive_members:,}. Nothing was read."
            )
        members: Members = []
        seen: set[str] = set()
        for member in listed:
            path = PurePosixPath(member.filename.replace("\\", "/"))
            if not path.name or member.is_dir() or path.name.startswith("."):
                continue
            problem = "stands twice" if str(path) in seen else _problem_with(member, path)
            if problem:
                raise UnreadableInputError(f"{archive}: the member {member.filename!r} {problem}. Nothing was read.")
            seen.add(str(path))
            members.append((str(path), member))
        yield opened, members


def _problem_with(member: zipfile.ZipInfo, path: PurePosixPath) -> str | None:
    """Say why a member of an archive is refused, or None."""
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
        return "has a path that leaves the archive"
    if "\0" in member.orig_filename:
        return "has a NUL in its name"
    if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG):
        return "is a symbolic link or a device"
    return "is encrypted" if member.flag_bits & 1 else None


def unpack(archive: Path, opened: zipfile.ZipFile, member: zipfile.ZipInfo, most: int, ratio: int) -> bytes:
    """Return what a member holds, stopping by the bytes that come out and not by those that it declares."""
    limit = min(most, max(ratio * member.compress_size, _SMALL_MEMBER))
    try:
        with opened.open(member) as stream:
            content = stream.read(limit + 1)
    except _DAMAGED as error:
        raise UnreadableInputError(f"{archive}: the member {member.filename!r} is damaged ({error}).") from error
    if len(content) > limit:
        raise UnreadableInputError(
            f"{archive}: {member.filename} unpacks to more than {limit:,} bytes from {member.compress_size:,}, the "
            "limit. Unpack it yourself and pass the directory."
        )
    return content
