"""JSON documents of a file, a directory, an archive or a list of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from blended_standard.adapters.work import Work
from blended_standard.errors import UnreadableInputError
from blended_standard.io.read import files_of

_LINES = (".jsonl", ".ndjson")


@attrs.frozen
class Place:
    """Where a document stands: the file and, in JSON Lines, the line."""

    file: str
    line: int | None = None

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


def json_documents(source: Any, work: Work, also: tuple[str, ...] = ()) -> Iterator[tuple[Place, Any]]:
    """Yield each document with its place; a list at the top is many documents, a broken line is a finding.

    Files that end as `also` says are read elsewhere.
    """
    any_file = False
    for file in files_of(source):
        name = file.name.lower()
        if name.endswith(_LINES):
            any_file = True
            for number, line in enumerate(file.read().splitlines(), start=1):
                if line.strip():
                    yield from _parsed(line, Place(file.name, number), work)
        elif name.endswith((".json", ".jsonld")):
            any_file = True
            yield from _parsed(file.read(), Place(file.name), work)
        elif name.endswith(also):
            any_file = True
    if not any_file:
        accepted = ", ".join((".json", ".jsonl", *also))
        raise UnreadableInputError(f"{source}: holds no JSON. Accepted: {accepted}.")


def _parsed(content: bytes, place: Place, work: Work) -> Iterator[tuple[Place, Any]]:
    try:
        document = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        where = f"at character {error.pos + 1}" if isinstance(error, json.JSONDecodeError) else "not UTF-8 text"
        work.find("JSN-INVALID", "document", line=place.line, detail=f"({where})")
        work.lose("document", "not JSON")
        return
    for each in document if isinstance(document, list) else [document]:
        yield place, each


def members(document: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """Return the objects of a list in a document; a single one stands for a list."""
    listed = document.get(name)
    return [each for each in (listed if isinstance(listed, list) else [listed]) if isinstance(each, dict)]
