"""Every vector of `spec/vectors/measures`: one by one on Polars, many in a submission on DuckDB."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from blended_standard.engine import Engine, open_engine
from tests.measures.together import BATCHES, Batch, disagreements
from tests.measures.vectors import CASES, Case, agree, name_of, result


@pytest.fixture(scope="module")
def duckdb() -> Iterator[Engine]:
    """One connection for all, which is spared for each."""
    with open_engine("duckdb") as opened:
        yield opened


@pytest.mark.parametrize(("measure", "case"), CASES, ids=[name_of(*pair) for pair in CASES])
def test_vector(measure: str, case: Case) -> None:
    agree(result(measure, case, "polars"), case)


@pytest.mark.parametrize("batch", BATCHES, ids=str)
def test_batch(batch: Batch, duckdb: Engine) -> None:
    assert disagreements(batch, duckdb) == []


def test_batches_hold_every_case_once() -> None:
    held = [name_of(*pair) for batch in BATCHES for pair in batch.cases]
    assert sorted(held) == sorted(name_of(*pair) for pair in CASES)
