"""Every vector of measures and bridge measures: one by one on Polars, many in a submission on DuckDB."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from blended_standard.engine import Engine, open_engine
from blended_standard.validate.conformance.vectors import difference
from tests.measures.together import BATCHES, CLAIM_BATCHES, Batch, Claims, disagreements
from tests.measures.vectors import CASES, CLAIMS, Case, agree, claimed, name_of, result


@pytest.fixture(scope="module")
def duckdb() -> Iterator[Engine]:
    """One connection for all, which is spared for each."""
    with open_engine("duckdb") as opened:
        yield opened


@pytest.mark.parametrize(("measure", "case"), CASES, ids=[name_of(*pair) for pair in CASES])
def test_vector(measure: str, case: Case) -> None:
    agree(result(measure, case, "polars"), case)


@pytest.mark.parametrize(("measure", "case"), CLAIMS, ids=[name_of(*pair) for pair in CLAIMS])
def test_vector_of_a_bridge_measure(measure: str, case: Case) -> None:
    agree(claimed(measure, case, "polars"), case)


@pytest.mark.parametrize("batch", [*BATCHES, *CLAIM_BATCHES], ids=str)
def test_batch(batch: Batch | Claims, duckdb: Engine) -> None:
    assert disagreements(batch, duckdb) == []


def test_batches_hold_every_case_once() -> None:
    held = [name_of(*pair) for batch in (*BATCHES, *CLAIM_BATCHES) for pair in batch.cases]
    assert sorted(held) == sorted(name_of(*pair) for pair in (*CASES, *CLAIMS))


def test_wrong_answers_are_not_those_expected() -> None:
    wrong = [
        (name_of(measure, case), case, each) for measure, case in (*CASES, *CLAIMS) for each in case.get("wrong", ())
    ]
    assert wrong
    for name, case, answer in wrong:
        numbers = {key: value for key, value in answer.items() if key != "why"}
        assert numbers.keys() <= case["expected"].keys(), name
        assert difference(numbers, case["expected"]) is not None, name
