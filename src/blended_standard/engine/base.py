"""What an engine does: bind tables in one canonical form, materialise what is shared, collect small results.

In the canonical form every field of the record is a column: text, 64-bit integers, doubles and booleans as they are,
dates as days since 1970-01-01 and instants as UTC seconds since then, so that all further work is integer arithmetic
that every engine does alike. `_row`, `_line` and `_invalid` say where a row came from.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
import importlib.util
import re
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import attrs

from blended_standard.errors import ExhaustedError, MissingExtraError, UsageError
from blended_standard.model import FieldSpec, Record

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw
    from pyspark.sql import SparkSession

ENGINES = ("duckdb", "polars", "pandas")
BEYOND_ASCII = "_beyond_ascii"
_TESTED = {"duckdb": 2, "polars": 2, "pandas": 3}
"""The latest major version of each engine that the tests have seen."""


Suspects = Callable[[], "nw.LazyFrame[Any] | None"]
"""Waits for the rows that agree with another; None when there are none."""
_KINDS = {
    "nested values": r"list|struct|array|map|object\[|.*\[\]$",
    "whole numbers": r"u?int|u?hugeint|u?bigint|u?smallint|u?tinyint|integer",
    "numbers": r"float|double|decimal|real",
    "text": r"varchar|str|large_string|enum|categorical|dictionary|utf8",
    "truth values": r"bool",
    "instants": r"timestamp with time zone|timestamptz|timestamp\[\w+, tz=|datetime\(.*time_zone='",
    "times without a zone": r"timestamp|datetime",
    "dates": r"date",
}
"""What a column holds by the name that an engine has for its type; the first that fits."""


@attrs.frozen
class SchemaProblem:
    """A column that is absent or not of its field's type; `count` is the number of values lost, None for all."""

    field: FieldSpec
    found: str | None
    count: int | None = None

    @property
    def holds(self) -> str:
        """What the column holds, in words that are the same on every engine."""
        name = (self.found or "nothing").lower()
        return next((words for words, pattern in _KINDS.items() if re.match(pattern, name)), name)


@attrs.frozen
class Bound:
    """A table in canonical form, with what was wrong with its columns.

    `lost` looks for columns with values that a cast would change: those are absent from the canonical form.
    """

    frame: nw.LazyFrame[Any]
    problems: tuple[SchemaProblem, ...]
    unknown: tuple[str, ...]
    lost: Callable[[], tuple[SchemaProblem, ...]] = tuple


class Engine(ABC):
    """Runs definitions over bound tables. Use as a context manager: it frees its memory and files at the end."""

    name: str
    exhausted: tuple[type[Exception], ...] = (MemoryError,)
    """What it raises when the memory, or the room for what it spills, is used up."""
    numbers_rows: bool = True
    """Whether `_row` says where a row stood; findings need it."""

    @abstractmethod
    def bind(self, data: Any, record: type[Record]) -> Bound:
        """Return `data` (see `Submission.tables`) in canonical form; nothing is read before it is needed."""

    @abstractmethod
    def empty(self, record: type[Record]) -> nw.LazyFrame[Any]:
        """Return the canonical form of a table without rows."""

    @abstractmethod
    def materialise(self, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """Compute `frame` once and keep it inside the engine; a lazy plan used twice runs twice."""

    @abstractmethod
    def frame(self, columns: dict[str, list[Any]], types: dict[str, type]) -> nw.LazyFrame[Any]:
        """Bring small columns into the engine; `types` gives int, float, bool or str for each."""

    def suspects(self, frame: nw.LazyFrame[Any], columns: list[str]) -> Suspects:
        """Begin to look for rows that agree in `columns` with another row; what is returned waits for the outcome.

        The outcome holds all such rows, or is None when no two agree. An engine may give more rows than that; it
        should find the common case of none cheaply, and beside other work.
        """
        import narwhals.stable.v2 as nw

        def outcome() -> nw.LazyFrame[Any] | None:
            copies = frame.group_by(*columns).agg(_copies=nw.len()).filter(nw.col("_copies") > 1)
            found = self.materialise(frame.join(copies, on=columns))
            return found if self.collect(found.select(count=nw.len()))["count"][0] else None

        return outcome

    def survey(self, frame: nw.LazyFrame[Any], columns: list[str], broken: nw.Expr) -> tuple[int, Suspects]:
        """Count the rows for which `broken` is true, and begin to look for `suspects` where no column is null.

        An engine may do both in one pass.
        """
        import narwhals.stable.v2 as nw

        count = int(self.collect(frame.filter(broken).select(count=nw.len()))["count"][0])
        return count, self.suspects(frame.drop_nulls(columns), columns)

    def plain_suspects(self, frame: nw.LazyFrame[Any], column: str) -> Suspects | None:
        """Begin to look for `suspects` in a column of identifiers, all found to be plain (see `is_plain`).

        None where some are not, and from an engine that can't tell this at little cost.
        """
        return None

    def with_beyond_ascii(self, frame: nw.LazyFrame[Any], column: str) -> nw.LazyFrame[Any]:
        """Add `_beyond_ascii`: whether a text holds anything but ASCII."""
        import narwhals.stable.v2 as nw

        return frame.with_columns(nw.col(column).str.contains(r"[^\x00-\x7F]").alias(BEYOND_ASCII))

    @contextlib.contextmanager
    def at_stage(self, stage: Callable[[], str]) -> Iterator[None]:
        """Turn the end of memory into `ExhaustedError`, which names the stage that was reached."""
        try:
            yield
        except self.exhausted as error:
            reason = str(error).partition("\n")[0]
            raise ExhaustedError(
                f"The memory is exhausted at {stage() or 'the start'} ({self.name}: {reason}). Give the engine more, "
                "let it spill to a disk with room, or read fewer tables at once."
            ) from error

    def collect(self, frame: nw.LazyFrame[Any]) -> dict[str, list[Any]]:
        """Bring a small result out, as plain Python values."""
        columns: dict[str, list[Any]] = frame.collect().to_dict(as_series=False)
        return columns

    def close(self) -> None:
        """Free what the engine holds."""
        return

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def wrap(native: Any) -> nw.LazyFrame[Any]:
    """Return an engine's own lazy frame as a narwhals frame."""
    import narwhals.stable.v2 as nw

    frame: nw.LazyFrame[Any] = nw.from_native(native).lazy()
    return frame


def open_engine(engine: str | Engine | SparkSession | None = None) -> Engine:
    """Return an engine by name, the one given, that of a Spark session, or by default the first that is installed.

    Raises
    ------
    UsageError
        The name is not that of an engine.
    MissingExtraError
        The engine is not installed.
    """
    if isinstance(engine, Engine):
        return engine
    if type(engine).__module__.startswith("pyspark."):
        from blended_standard.engine.spark import SparkEngine

        return SparkEngine(engine)
    if engine is not None and engine not in ENGINES:
        raise UsageError(f"engine={engine!r} is not one of {', '.join(ENGINES)}, nor a Spark session.")
    chosen = engine or next((name for name in ENGINES if importlib.util.find_spec(name)), None)
    if chosen is None:
        raise MissingExtraError("duckdb", needs=f"An engine (one of {', '.join(ENGINES)})")
    if not importlib.util.find_spec(chosen):
        raise MissingExtraError(chosen, needs=f"The engine {chosen}")
    _warn_if_untested(chosen)
    if chosen == "duckdb":
        from blended_standard.engine.duckdb import DuckDBEngine

        return DuckDBEngine()
    if chosen == "pandas":
        from blended_standard.engine.pandas import PandasEngine

        return PandasEngine()
    from blended_standard.engine.polars import PolarsEngine

    return PolarsEngine()


@contextlib.contextmanager
def using(engine: str | Engine | SparkSession | None = None) -> Iterator[Engine]:
    """Yield the engine that `open_engine` returns; one that was given stays open, any other is closed."""
    opened = open_engine(engine)
    try:
        yield opened
    finally:
        if opened is not engine:
            opened.close()


@functools.cache
def _warn_if_untested(engine: str) -> None:
    """Warn, once in a process, of an engine of a later major version than the tests have seen."""
    version = importlib.metadata.version(engine)
    if int(version.partition(".")[0]) > _TESTED[engine]:
        warnings.warn(
            f"{engine} {version} is newer than what blended_standard was tested with ({engine} {_TESTED[engine]}). "
            "Compare its results with those of another engine.",
            stacklevel=3,
        )
