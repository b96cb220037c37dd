"""Claim: decaying averages of ten million scores, unsorted, take at most 1.5 times as long as the best frame engine.

Peers: polars and duckdb, in the same process on the same arrays, each with its natural plan (sort by learner and time,
then a weighted sum by lag). Answers are compared before times. Run: python benchmarks/decaying_average.py [rows]
"""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Callable

import duckdb
import numpy as np
import polars as pl
from _growth import alone, print_growth

from blended_standard.scoring import mastery

ROWS, REPEATS, LIMIT, WEIGHT = 10_000_000, 3, 1.5, 0.65


def make(rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(20260101)
    learners = rng.integers(0, rows // 10, rows)
    order = rng.integers(0, 2**24, rows)
    scores = rng.integers(0, 9, rows) / 2.0
    unique = np.unique(learners * 2**24 + order, return_index=True)[1]
    learners, order, scores = learners[unique], order[unique], scores[unique]  # no ties, so all engines must agree
    shuffle = rng.permutation(unique.size)
    return learners[shuffle], order[shuffle], scores[shuffle]


def ours(rows: int) -> float:
    """Average once, for the growth table; return processor seconds."""
    learners, order, scores = make(rows)
    begun = time.process_time()
    mastery.by_learner(learners, scores, order=order, weight=WEIGHT)
    return time.process_time() - begun


def main(rows: int) -> int:
    learners, order, scores = make(rows)
    frame = pl.DataFrame({"learner": learners, "moment": order, "score": scores})
    connection = duckdb.connect()
    connection.register("scores", frame.to_arrow())

    cases: dict[str, Callable[[], np.ndarray]] = {
        "ours": lambda: mastery.by_learner(learners, scores, order=order, weight=WEIGHT, standard_errors=False).value,
        "ours with standard errors": lambda: mastery.by_learner(learners, scores, order=order, weight=WEIGHT).value,
        "polars": lambda: in_polars(frame),
        "duckdb": lambda: in_duckdb(connection),
    }
    print(f"{platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}, polars {pl.__version__}")
    print(f"duckdb {duckdb.__version__}; {learners.size:,} scores of {np.unique(learners).size:,} learners, unsorted")
    seconds, answers = {}, {}
    for name, case in cases.items():
        taken = []
        for _ in range(REPEATS):
            begun = time.perf_counter()
            answers[name] = case()
            taken.append(time.perf_counter() - begun)
        seconds[name] = min(taken)
        print(f"  {name:26s} best {min(taken):6.2f} s, worst {max(taken):6.2f} s")
    worst = max(float(np.abs(answers[name] - answers["ours"]).max()) for name in cases)
    ratio = seconds["ours"] / min(seconds["polars"], seconds["duckdb"])
    print(f"  largest difference {worst:.1e}; time over the best engine {ratio:.2f} (at most {LIMIT})")
    print_growth(__file__, (1_000_000, 3_000_000, 10_000_000, 30_000_000), "scores, ten a learner")
    return int(worst > 1e-9 or ratio > LIMIT)


def in_polars(frame: pl.DataFrame) -> np.ndarray:
    n, lag = pl.len(), pl.len() - 1 - pl.int_range(pl.len())
    first = pl.col("score").first() * (1 - WEIGHT) ** n
    done = (
        frame.lazy()
        .sort("learner", "moment")
        .group_by("learner", maintain_order=True)
        .agg(value=(pl.col("score") * WEIGHT * (1 - WEIGHT) ** lag).sum() + first)
        .collect()
    )
    return done["value"].to_numpy()


def in_duckdb(connection: duckdb.DuckDBPyConnection) -> np.ndarray:
    query = f"""
        with placed as (
            select learner, score,
                   row_number() over (partition by learner order by moment desc) - 1 as lag,
                   count(*) over (partition by learner) as n
            from scores)
        select sum(score * case when lag = n - 1 then pow({1 - WEIGHT}, n - 1)
                                else {WEIGHT} * pow({1 - WEIGHT}, lag) end) as value
        from placed group by learner order by learner"""
    return connection.execute(query).fetchnumpy()["value"]


if __name__ == "__main__" and not alone(ours):
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS))
