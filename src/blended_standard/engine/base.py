"""What an engine does: bind tables in one canonical form, materialise what is shared, collect small results.

In the canonical form every field of the record is a column: text, 64-bit integers, doubles and booleans as they are,
dates as days since 1970-01-01 and instants as UTC seconds since then, so that all further work is integer arithmetic
that every engine does alike. `_row`, `_line` and `_invalid` say where a row came from.
"""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import attrs

from blended_standard.errors import MissingExtraError, UsageError
from blended_standard.model import FieldSpec, Record

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw
    from pyspark.sql import SparkSession

ENGINES = ("duckdb", "polars", "pandas")
_TESTED = {"duckdb": 2, "polars": 2, "pandas": 3}
"""The latest major version of each engine that the tests have seen."""


Suspects = Callable[[], "nw.LazyFrame[Any] | None"]
"""Waits for the rows that agree with another; None when there are none."""


@attrs.frozen
class SchemaProblem:
    """A column that is absent or not of its field's type; `count` is the number of values lost, None for all."""

    field: FieldSpec
    found: str | None
    count: int | None = None


@attrs.frozen
class Bound:
    """A table in canonical form, with what was wrong with its columns."""

    frame: nw.LazyFrame[Any]
    problems: tuple[SchemaProblem, ...]
    unknown: tuple[str, ...]


class Engine(ABC):
    """Runs definitions over bound tables. Use as a context manager: it frees its memory and files at the end."""

    name: str
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

    def survey(
        self, frame: nw.LazyFrame[Any], columns: list[str], broken: nw.Expr, *, plain: str | None = None
    ) -> tuple[int, Suspects] | None:
        """Count the rows for which `broken` is true, and begin to look for `suspects` where no column is null.

        An engine may do both in one pass. With `plain`, the name of a column of text, the outcome is None unless all
        its texts are known to hold visible ASCII alone, with no capital letter and no "@"; an engine that can't tell
        this at little cost says None.
        """
        import narwhals.stable.v2 as nw

        if plain is not None:
            return None
        count = int(self.collect(frame.filter(broken).select(count=nw.len()))["count"][0])
        return count, self.suspects(frame.drop_nulls(columns), columns)

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
    chosen = engine or next((name for name in ENGINES if importlib.util.find_spec(name)), "duckdb")
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
