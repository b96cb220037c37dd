"""JSON documents of a file, a directory, an archive or a list of them."""

from __future__ import annotations

import base64
import gzip
import io
import json
import math
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from blended_standard.adapters.kinds import foreign, hint, kind_of
from blended_standard.adapters.work import Work
from blended_standard.errors import UnreadableInputError
from blended_standard.io.limits import LIMITS
from blended_standard.io.read import SourceFile, files_of

_LINES = (".jsonl", ".ndjson")
_COMMENTS = (b"//", b"/*")
ENDINGS = (*_LINES, ".json", ".jsonld")


@attrs.frozen
class Place:
    """Where a document stands: the file and, in JSON Lines, the line."""

    file: str
    line: int | None = None

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


def json_documents(source: Any, work: Work, also: tuple[str, ...] = ()) -> Iterator[tuple[Place, Any]]:
    """Yield each document with its place; a list at the top is many documents, a broken line is a finding.

    Files that end as `also` says are read elsewhere. Documents of another standard are lost by name; where there are
    no others, the source is refused.
    """
    any_file, own, other = False, False, ""
    unread: list[SourceFile] = []
    for packed in files_of(source, limits=work.options.limits):
        file = unpacked(packed, work.options.limits.file_bytes)
        if file.name.lower().endswith(also):
            any_file = own = True
        elif not file.name.lower().endswith(ENDINGS):
            unread.append(file)
        else:
            any_file = True
            for place, document in documents_in(file, work):
                said = foreign(work.name, kind_of(document))
                if said:
                    work.lose("document", said)
                    other = other or f"{place}: {said}"
                else:
                    own = True
                    yield place, document
    if not any_file:
        accepted = ", ".join((".json", ".jsonl", ".json.gz", ".jsonl.gz", *also))
        found = hint(work.name, unread)
        raise UnreadableInputError(f"{source}: holds no JSON. Accepted: {accepted}.{found}")
    if other and not own:
        raise UnreadableInputError(other)


def unpacked(file: SourceFile, limit: int) -> SourceFile:
    """Return a file of gzip as what it holds, under its name without the ending; any other as it is."""
    if not file.name.lower().endswith(".gz"):
        return file
    return attrs.evolve(file, name=file.name[:-3], read=lambda: _unzipped(file, limit), path=None)


def _unzipped(file: SourceFile, limit: int) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(file.read())) as opened:
            content = opened.read(limit + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableInputError(f"{file.name}: not a gzip file that can be read ({error}).") from None
    if len(content) > limit:
        raise UnreadableInputError(f"{file.name}: unpacks to more than {limit:,} bytes, the limit. Stream it instead.")
    return content


def documents_in(file: SourceFile, work: Work) -> Iterator[tuple[Place, Any]]:
    """Yield the documents of one file whose name ends as one of `ENDINGS`."""
    if not file.name.lower().endswith(_LINES):
        yield from _parsed(file.read(), Place(file.name), work)
        return
    for number, line in enumerate(file.read().splitlines(), start=1):
        if line.strip():
            yield from _parsed(line, Place(file.name, number), work)


def _parsed(content: bytes, place: Place, work: Work) -> Iterator[tuple[Place, Any]]:
    try:
        document = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        where = f"at character {error.pos + 1}" if isinstance(error, json.JSONDecodeError) else "not UTF-8 text"
        comment = " It begins with a comment, which JSON does not have." if content.lstrip()[:2] in _COMMENTS else ""
        work.find("JSN-INVALID", "document", line=place.line, detail=f"({where}){comment}")
        work.lose("document", "not JSON")
        return
    limit = work.options.limits.depth
    if deeper(document, limit):
        work.find("LIM-DEPTH", "document", line=place.line, detail=f"The limit is {limit}.")
        work.lose("document", "too deep")
        return
    for each in document if isinstance(document, list) else [document]:
        yield place, each


def deeper(document: Any, limit: int) -> bool:
    """Say whether arrays and objects stand inside each other beyond a limit.

    Examples
    --------
    >>> deeper([[{}]], 3), deeper([[{}]], 2)
    (False, True)
    """
    level = [document] if isinstance(document, list | dict) else []
    for _ in range(limit):
        if not level:
            return False
        inside = [each for part in level for each in (part.values() if part.__class__ is dict else part)]
        level = [each for each in inside if each.__class__ is dict or each.__class__ is list]
    return bool(level)


def signed_claims(text: str) -> dict[str, Any] | None:
    """Return the claims of a signed text (JWT), which are opened and not verified, or None where it is none."""
    parts = text.strip().partition("~")[0].split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return None
    return claims if isinstance(claims, dict) and not deeper(claims, LIMITS.depth) else None


def members(document: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """Return the objects of a list in a document; a single one stands for a list."""
    return [each for each in listed(document.get(name)) if isinstance(each, dict)]


def listed(value: Any) -> list[Any]:
    """Return what may be one thing, a list of them, or nothing, as a list."""
    return value if isinstance(value, list) else [] if value is None else [value]


def number(value: Any) -> float | None:
    """Return a finite number, also where it was sent as text."""
    try:
        made = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        return None
    return made if math.isfinite(made) else None
