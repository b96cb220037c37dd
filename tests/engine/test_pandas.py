"""pandas as an engine: every vector, every measure of a district with all tables, casts, and what it gets wrong by itself."""

from __future__ import annotations

import datetime as dt

import narwhals.stable.v2 as nw
import pyarrow as pa
import pytest

from blended_standard.engine import open_engine
from blended_standard.engine.base import wrap
from blended_standard.io import Submission
from blended_standard.measures import score
from blended_standard.model import RECORDS
from blended_standard.spec import load_standard
from blended_standard.testing import district
from blended_standard.validate import validate
from tests.measures.grown import grown
from tests.measures.together import BATCHES, CLAIM_BATCHES, Batch, Claims, disagreements
from tests.measures.vectors import assert_alike

pytest.importorskip("pandas")


@pytest.mark.parametrize("batch", [*BATCHES, *CLAIM_BATCHES], ids=str)
def test_every_vector(batch: Batch | Claims) -> None:
    assert disagreements(batch, "pandas") == []


def test_every_measure_of_a_district_is_that_of_polars() -> None:
    made = grown(40)
    measures = list(load_standard().measures)
    assert_alike(score(made, measures, engine="pandas"), score(made, measures, engine="polars"))


def test_findings_are_those_of_polars() -> None:
    made = district(30, seed=2, days=200)
    learner = dict(zip(made.tables["learner"].column_names, made.tables["learner"].to_pydict().values(), strict=True))
    learner["credits_at_entry"] = [-1.0] * len(learner["learner_id"])
    broken = Submission.from_tables({**made.tables, "learner": learner}, manifest=made.manifest)
    reports = [validate(broken, engine=engine) for engine in ("pandas", "polars")]
    assert reports[0] == reports[1]
    assert reports[0].findings


COLUMNS = {
    "text": pa.array(["a", None]),
    "large text": pa.array(["a", None], pa.large_string()),
    "dictionary": pa.array(["a", None]).dictionary_encode(),
    "whole": pa.array([1, None]),
    "small": pa.array([1, None], pa.int8()),
    "real": pa.array([1.5, 2.0, None]),
    "not finite": pa.array([float("inf"), float("nan"), 1.0]),
    "boolean": pa.array([True, None]),
    "null": pa.nulls(2),
    "date": pa.array([dt.date(1969, 12, 31), None]),
    "naive": pa.array([dt.datetime(1969, 12, 31, 23), None]),
    "instant": pa.array([dt.datetime(1969, 12, 31, 23, 59, 59, 500_000, tzinfo=dt.UTC), None]),
    "instant far": pa.array([dt.datetime(2199, 1, 1, 5, 59, 59, 999_999, tzinfo=dt.UTC), None]),
}


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("table", ["learner", "activity", "calendar_day", "survey_response"])
def test_columns_are_cast_alike_by_all(name: str, table: str) -> None:
    """Every field of a table is given a column of one type, whatever its own."""
    record = RECORDS[table]
    given = pa.table({field.name: COLUMNS[name] for field in record.fields()})
    found = []
    for engine in ("pandas", "polars", "duckdb"):
        opened = open_engine(engine)
        bound = opened.bind(given, record)
        problems = [(problem.field.name, problem.count) for problem in (*bound.problems, *bound.lost())]
        found.append((problems, bound.unknown, opened.collect(bound.frame)))
    assert found[0] == found[1] == found[2]


def test_pandas_miscounts_the_column_that_it_orders_by() -> None:
    """Why measures never take `cum_count` of their `order_by`; the day this fails, the rule can go."""
    import pandas as pd

    frame = pa.table({"k": [1, 1, 1], "at": [30, 10, 20]}).to_pandas(types_mapper=pd.ArrowDtype)
    number = nw.col("at").cum_count().over("k", order_by=["at"])
    counted = open_engine("pandas").collect(wrap(frame).select(number.alias("number")))
    assert counted["number"] != [3, 1, 2]
