"""JSON documents of a file, a directory, an archive or a list of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from blended_standard.adapters.work import Work
from blended_standard.errors import UnreadableInputError
from blended_standard.io.read import files_of

_LINES = (".jsonl", ".ndjson")


def json_documents(source: Any, work: Work) -> Iterator[tuple[str, Any]]:
    """Yield each document with its place; a list at the top is many documents, a broken line is a finding."""
    any_file = False
    for file in files_of(source):
        name = file.name.lower()
        if name.endswith(_LINES):
            any_file = True
            for number, line in enumerate(file.read().splitlines(), start=1):
                if line.strip():
                    yield from _parsed(line, f"{file.name}:{number}", number, work)
        elif name.endswith((".json", ".jsonld")):
            any_file = True
            yield from _parsed(file.read(), file.name, None, work)
    if not any_file:
        raise UnreadableInputError(f"{source}: holds no JSON. Expected .json or .jsonl files.")


def _parsed(content: bytes, place: str, line: int | None, work: Work) -> Iterator[tuple[str, Any]]:
    try:
        document = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        where = f"at character {error.pos + 1}" if isinstance(error, json.JSONDecodeError) else "not UTF-8 text"
        work.find("JSN-INVALID", "document", line=line, detail=f"({where})")
        work.lose("document", "not JSON")
        return
    for each in document if isinstance(document, list) else [document]:
        yield place, each
