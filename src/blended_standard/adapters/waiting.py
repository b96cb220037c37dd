"""Keep on disk what can be judged or joined only when all of a stream is known, and give it back in order."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from blended_standard.adapters.events import Entry

# What the rows of each kind are joined by. The same row twice waits once.
_GROUPS = {
    "survey_act": ("episode_id", "questionnaire"),
    "post": ("thread",),
    "instrument": ("instrument_id",),
    "item": ("item_id",),
    "item_response": ("episode_id", "item_id"),
    "legacy_attendance": ("episode_id",),
}
_TIMES = ("at", "date")


class Waiting:
    """Entries and rows in a file of SQLite, which sorts more than fits into memory."""

    def __init__(self, path: Path) -> None:
        self._file = sqlite3.connect(path)
        # A stream that breaks off begins again: nothing needs to survive.
        self._file.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; CREATE TABLE entry (in_group, at, content);"
            "CREATE TABLE other (kind, in_group, at, content, UNIQUE (kind, in_group, at, content));"
        )

    def add(self, entries: Iterable[Entry], after: int) -> None:
        """Add entries of a part of the stream that comes after so many lines."""
        rows = ((each["group"], each["at"], json.dumps(each | {"line": each["line"] + after})) for each in entries)
        self._file.executemany("INSERT INTO entry VALUES (?, ?, ?)", rows)

    def in_order(self) -> Iterator[Entry]:
        """Yield the entries group after group, in the order of their times, then of the stream."""
        for (content,) in self._file.execute("SELECT content FROM entry ORDER BY in_group, at, rowid"):
            yield json.loads(content)

    def keep(self, kind: str, rows: Iterable[dict[str, Any]]) -> None:
        """Keep rows of a kind."""
        content = (
            (
                kind,
                json.dumps([row.get(name) for name in _GROUPS[kind]]),
                next((str(row[name]) for name in _TIMES if name in row), ""),
                json.dumps(row, default=str),
            )
            for row in rows
        )
        self._file.executemany("INSERT OR IGNORE INTO other VALUES (?, ?, ?, ?)", content)

    def groups(self) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        """Yield the rows of each group of each kind, in the order of their times, then of the stream."""
        found = self._file.execute("SELECT kind, in_group, content FROM other ORDER BY kind, in_group, at, rowid")
        for (kind, _), listed in itertools.groupby(found, key=lambda row: row[:2]):
            yield kind, [_timed(json.loads(content)) for _, _, content in listed]

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _timed(row: dict[str, Any]) -> dict[str, Any]:
    return row | {name: dt.datetime.fromisoformat(row[name]) for name in _TIMES if name in row}
