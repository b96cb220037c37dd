"""Changes of a submission, as columns of Python values, that must or must not move a measure."""

from __future__ import annotations

import datetime as dt
from typing import Any

from blended_standard.io import Submission
from blended_standard.testing import plain_tables

Tables = dict[str, dict[str, list[Any]]]
PRESENCE = ("login", "logout", "page_view", "video_play", "download", "heartbeat")


def changed(submission: Submission, **tables: dict[str, list[Any]]) -> Submission:
    """Return a submission with some tables replaced."""
    return Submission.from_tables({**plain_tables(submission), **tables}, manifest=submission.manifest)


def columns(submission: Submission, table: str) -> dict[str, list[Any]]:
    return plain_tables(submission)[table]


def append(table: dict[str, list[Any]], rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    return {name: [*values, *(row.get(name) for row in rows)] for name, values in table.items()}


def repeated(table: dict[str, list[Any]]) -> dict[str, list[Any]]:
    return {name: [*values, *values] for name, values in table.items()}


def days_of(start: dt.date, count: int) -> list[dt.date]:
    return [start + dt.timedelta(days=day) for day in range(count)]
