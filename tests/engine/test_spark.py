"""Spark as an engine, on a real session in local mode: vectors, tables of each kind, and what is refused.

`make test` runs a vector of each measure and every number that the catalogue prints; `make spark` runs all vectors and
all measures of a district.
"""

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
from blended_standard.measures import score
from blended_standard.model import RECORDS, Learner
from blended_standard.spec import load_standard
from blended_standard.validate import validate
from tests.measures.grown import grown
from tests.measures.test_catalogue import printed_cases
from tests.measures.together import BATCHES, CLAIM_BATCHES, Batch, Claims, batches, claims, disagreements
from tests.measures.vectors import CASES, CLAIMS, Case, assert_alike, submission

pytest.importorskip("pyspark")
pytestmark = [
    pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java, which is not installed."),
    pytest.mark.xdist_group("spark"),  # one session
]
SETTINGS = {
    "spark.sql.shuffle.partitions": "2",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.memory": "1g",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.session.timeZone": "America/New_York",
    # Plans of small tables are many and run once: neither the plan nor its code pays for being made faster.
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.autoBroadcastJoinThreshold": "-1",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.constraintPropagation.enabled": "false",
}


@pytest.fixture(scope="module")
def session() -> Iterator[Any]:
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[1]")
    for name, value in SETTINGS.items():
        builder = builder.config(name, value)
    made = builder.getOrCreate()
    yield made
    made.stop()


def chosen(cases: list[tuple[str, Case]]) -> Iterator[tuple[str, Case]]:
    """Return the cases that hold a printed number, and the first of each measure that has none."""
    printed = printed_cases()
    seen = {measure for measure, _ in printed}
    for measure, case in cases:
        if (measure, case["name"]) in printed or measure not in seen:
            seen.add(measure)
            yield measure, case


@pytest.mark.parametrize("batch", [*batches(chosen(CASES)), *claims(chosen(CLAIMS))], ids=str)
def test_each_measure_and_each_printed_number(session: Any, batch: Batch | Claims) -> None:
    assert disagreements(batch, session) == []
    assert session.conf.get("spark.sql.session.timeZone") == "America/New_York"


@pytest.mark.scale
@pytest.mark.parametrize("batch", [*BATCHES, *CLAIM_BATCHES], ids=str)
def test_every_vector(session: Any, batch: Batch | Claims) -> None:
    assert disagreements(batch, session) == []


@pytest.mark.scale
def test_every_measure_of_a_district_is_that_of_polars(session: Any) -> None:
    made = grown(40)
    measures = list(load_standard().measures)
    assert_alike(score(made, measures, engine=session), score(made, measures, engine="polars"))


def test_frames_of_spark_and_parquet_are_cast_by_spark(session: Any, tmp_path: Path) -> None:
    """Instants and days of one case, read in the session's own zone, and as Parquet."""
    case = next(case for measure, case in CASES if measure == "ENG-01")
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
    case = next(case for measure, case in CASES if measure == "ENG-01")
    with pytest.raises(UsageError, match="keeps no order of rows"):
        validate(submission(case["tables"]), engine=session)


def test_an_older_spark_is_refused() -> None:
    from blended_standard.engine.spark import SparkEngine

    class Old:
        version = "3.5.1"

    with pytest.raises(UsageError, match="too old"):
        SparkEngine(Old())  # type: ignore[arg-type]
