"""Where tables come from: columns that we read from text, Parquet files, or a frame that the caller brought."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

ROW, LINE, INVALID = "_row", "_line", "_invalid"
MISSING, EXTRA = "missing", "extra"


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
