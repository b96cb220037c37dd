"""pandas: eager, in memory, for small submissions and for those who have pandas at hand and nothing else.

Columns are held as Arrow, whose nulls are those of the other engines: a condition on an unknown value is unknown, and
not false or true, as in NumPy columns.
"""

from __future__ import annotations

from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd
import pyarrow as pa

from blended_standard.engine.arrow import canonical, empty_table, small_table
from blended_standard.engine.base import Bound, Engine, wrap
from blended_standard.io.arrow import to_arrow
from blended_standard.model import Record


class PandasEngine(Engine):
    """Runs in this process on pandas; everything is computed at once and held in memory."""

    name = "pandas"

    def bind(self, data: Any, record: type[Record]) -> Bound:
        """Return `data` in canonical form."""
        table, problems, unknown, lost = canonical(to_arrow(data, record), record)
        return Bound(_wrapped(table), problems, unknown, lambda: lost)

    def empty(self, record: type[Record]) -> nw.LazyFrame[Any]:
        """Return the canonical form of a table without rows."""
        return _wrapped(empty_table(record))

    def materialise(self, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """Return `frame`, which is computed already."""
        return frame

    def frame(self, columns: dict[str, list[Any]], types: dict[str, type]) -> nw.LazyFrame[Any]:
        """Bring small columns into the engine."""
        return _wrapped(small_table(columns, types))

    def collect(self, frame: nw.LazyFrame[Any]) -> dict[str, list[Any]]:
        """Bring a small result out, as plain Python values."""
        columns: dict[str, list[Any]] = frame.collect().to_arrow().to_pydict()
        return columns


def _wrapped(table: pa.Table) -> nw.LazyFrame[Any]:
    return wrap(table.to_pandas(types_mapper=pd.ArrowDtype))
