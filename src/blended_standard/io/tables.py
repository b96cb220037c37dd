"""Where tables come from: columns that we read from text, Parquet files, or a frame that the caller brought."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from blended_standard.errors import UnreadableInputError

ROW, LINE, INVALID = "_row", "_line", "_invalid"
MISSING, EXTRA = "missing", "extra"
KEPT_NAMES = frozenset({ROW, LINE, INVALID, "file_row_number"})
"""Names by which engines find where a row stood: no column of a user has one of them."""


@attrs.frozen(kw_only=True)
class Columns:
    """A table that was read from text: one list a column, typed as the model says, with row and line numbers.

    `_invalid` names, after a comma each, the fields of a row whose text could not be read as their type.
    """

    values: Mapping[str, list[Any]]

    def __len__(self) -> int:
        return len(self.values[ROW])


@attrs.frozen(kw_only=True)
class ParquetSource:
    """A table in Parquet files, read when an engine needs it; `marks` tell whether a file is still what it was."""

    paths: tuple[Path, ...]
    marks: tuple[tuple[int, int] | None, ...] = ()


def object_in(row: Mapping[str, Any], column: str) -> dict[str, Any]:
    """Return what stands in `missing` or `extra` of a row: a JSON object, or nothing.

    Raises
    ------
    UnreadableInputError
        A frame has a column of its own by that name.
    """
    given = row.get(column)
    try:
        made = json.loads(given) if given is not None else {}
    except (TypeError, ValueError):
        made = None
    if isinstance(made, dict):
        return made
    raise UnreadableInputError(
        f"A column {column} holds what is no JSON object. It is kept for "
        f"{'local fields' if column == EXTRA else 'reasons why values are missing'}: give yours another name."
    )
