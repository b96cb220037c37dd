"""Spark as an engine, on a real session in local mode: a few vectors, tables of each kind, and what is refused."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from blended_standard.engine import Engine, open_engine
from blended_standard.errors import UsageError
from blended_standard.io.arrow import to_arrow
from blended_standard.io.tables import ParquetSource
from blended_standard.model import RECORDS, Learner
from blended_standard.validate import validate
from tests.measures.test_vectors import CASES, check, submission

pytest.importorskip("pyspark")
pytestmark = pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java, which is not installed.")
CHOSEN = {
    "CMP-05": "two of three verified",
    "ENG-01": "three of four weeks",
    "OUT-04": "120 days with a gap of 30",
    "CMP-07": "catalogue",
}


@pytest.fixture(scope="module")
def session() -> Iterator[Any]:
    from pyspark.sql import SparkSession

    settings = {
        "spark.sql.shuffle.partitions": "1",
        "spark.ui.enabled": "false",
        "spark.driver.memory": "1g",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.session.timeZone": "America/New_York",
        "spark.sql.codegen.wholeStage": "false",
    }
    builder = SparkSession.builder.master("local[1]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    made = builder.getOrCreate()
    yield made
    made.stop()


@pytest.mark.parametrize("measure", CHOSEN)
def test_vectors(session: Any, measure: str) -> None:
    case = next(
        case.values[1] for case in CASES if case.values[0] == measure and case.values[1]["name"] == CHOSEN[measure]
    )
    check(measure, case, session)
    assert session.conf.get("spark.sql.session.timeZone") == "America/New_York"


def test_frames_of_spark_and_parquet_are_cast_by_spark(session: Any, tmp_path: Path) -> None:
    """Instants and days of one case, read in the session's own zone, and as Parquet."""
    case = next(case.values[1] for case in CASES if case.values[0] == "ENG-01")
    given = submission(case["tables"])
    spark, polars = open_engine(session), open_engine("polars")
    for name in ("activity", "episode"):
        record = RECORDS[name]
        file = tmp_path / f"{name}.parquet"
        pq.write_table(to_arrow(given.tables[name], record).select([f.name for f in record.fields()]), file)
        expected = sorted(rows_of(polars, given.tables[name], record), key=str)
        for data in (session.read.parquet(str(file)), ParquetSource(paths=(file,))):
            assert sorted(rows_of(spark, data, record), key=str) == expected


def rows_of(engine: Engine, data: Any, record: Any) -> list[tuple[Any, ...]]:
    names = [field.name for field in record.fields()]
    return list(zip(*engine.collect(engine.bind(data, record).frame.select(names)).values(), strict=True))


def test_casts_lose_nothing(session: Any) -> None:
    rows = [("a", 2024.0, "x"), ("b", 2024.5, "y"), ("c", float("inf"), None)]
    frame = session.createDataFrame(rows, ["learner_id", "first_grade9_year", "credits_at_entry"])
    engine = open_engine(session)
    bound = engine.bind(frame, Learner)
    problems = {problem.field.name: (problem.found, problem.count) for problem in bound.problems}
    assert problems["first_grade9_year"] == ("double", 2)
    assert problems["credits_at_entry"] == ("string", None)
    assert engine.collect(bound.frame)["first_grade9_year"] == [2024, None, None]


def test_validation_is_refused(session: Any) -> None:
    case = next(case.values[1] for case in CASES if case.values[0] == "ENG-01")
    with pytest.raises(UsageError, match="keeps no order of rows"):
        validate(submission(case["tables"]), engine=session)


def test_an_older_spark_is_refused() -> None:
    from blended_standard.engine.spark import SparkEngine

    class Old:
        version = "3.5.1"

    with pytest.raises(UsageError, match="too old"):
        SparkEngine(Old())  # type: ignore[arg-type]
