"""Keep on disk what can be judged only when all of a stream is known, and give it back in order."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

from blended_standard.adapters.events import Entry


class Waiting:
    """Entries in a file of SQLite, which sorts more than fits into memory."""

    def __init__(self, path: Path) -> None:
        self._file = sqlite3.connect(path)
        # A stream that breaks off begins again: nothing needs to survive.
        self._file.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; CREATE TABLE entry (in_group, at, content);"
        )

    def add(self, entries: Iterable[Entry], after: int) -> None:
        """Add entries of a part of the stream that comes after so many lines."""
        rows = ((each["group"], each["at"], json.dumps(each | {"line": each["line"] + after})) for each in entries)
        self._file.executemany("INSERT INTO entry VALUES (?, ?, ?)", rows)

    def in_order(self) -> Iterator[Entry]:
        """Yield the entries group after group, in the order of their times, then of the stream."""
        for (content,) in self._file.execute("SELECT content FROM entry ORDER BY in_group, at, rowid"):
            yield json.loads(content)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
