"""DuckDB as an engine: what it keeps, and for how long."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals.stable.v2 as nw
import pytest

from blended_standard.engine.duckdb import DuckDBEngine


@pytest.fixture
def engine() -> Iterator[DuckDBEngine]:
    with DuckDBEngine() as opened:
        yield opened


def kept(engine: DuckDBEngine) -> int:
    return len(engine._connection.sql("show tables").fetchall())


def days(engine: DuckDBEngine) -> nw.LazyFrame[Any]:
    return engine.materialise(engine.frame({"day": [3, 1, None]}, {"day": int}))


def test_a_table_goes_with_its_last_reader(engine: DuckDBEngine) -> None:
    made = days(engine)
    later = made.filter(nw.col("day") > 1)
    del made
    assert engine.collect(later) == {"day": [3]}
    assert kept(engine) == 1
    del later
    nothing = engine.frame({"day": []}, {"day": int})
    assert engine.collect(nothing) == {"day": []}
    assert kept(engine) == 1


def test_small_columns_come_in_with_their_types_and_nulls(engine: DuckDBEngine) -> None:
    columns = {"text": ["a'b", None], "whole": [2**53 + 1, -1], "real": [0.5, None], "truth": [True, None]}
    found = engine.frame(columns, {"text": str, "whole": int, "real": float, "truth": bool})
    assert engine.collect(found.sort("whole", descending=True)) == columns
    assert found.collect_schema() == {"text": nw.String, "whole": nw.Int64, "real": nw.Float64, "truth": nw.Boolean}
