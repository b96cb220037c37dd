"""Tables in memory of Arrow and pandas are scored as they are, on each engine, with the same numbers."""

from __future__ import annotations

import pytest

from blended_standard.io import Submission
from blended_standard.io.arrow import to_arrow
from blended_standard.measures import score
from blended_standard.model import RECORDS
from tests.measures.synthetic import make
from tests.measures.test_score import AS_OF, submission

SMALL = submission(make("A", 20, seed=1))
ARROW = {name: to_arrow(table, RECORDS[name]) for name, table in SMALL.tables.items()}


@pytest.mark.parametrize("engine", ["duckdb", "polars", "pandas"])
@pytest.mark.parametrize("library", ["pyarrow", "pandas"])
def test_frames_in_memory_give_the_same_numbers(engine: str, library: str) -> None:
    tables = {name: table.to_pandas() if library == "pandas" else table for name, table in ARROW.items()}
    framed = Submission.from_tables(tables, manifest={"as_of": AS_OF})
    measures = ["ENG-01", "ENG-02", "ENG-13"]
    assert score(framed, measures, engine=engine).results == score(SMALL, measures, engine=engine).results
