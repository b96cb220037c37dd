"""Weeks with learning at scale: our definition on DuckDB against hand-written SQL and hand-written pandas.

Run: python benchmarks/engagement_measures.py [events] [pairs] [memory limit]. Makes its data (seeded), checks that the
answers are equal, then times pairs, each in a fresh process, and prints the median ratio and peak memory. The peers
count what ENG-01 and ENG-02 count on data without closed days, pauses or short weeks: a simpler task than ours.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FIRST, LAST = 20_332, 20_331 + 28 * 7  # Monday 2025-09-01, and the Sunday 28 weeks later
VERBS = ("submit", "respond", "discuss", "view")
AS_OF = "2026-03-15"

_SQL = """
with acts as (
  select episode_id, (epoch("at")::bigint // 86400 + 3) // 7 as week, 0 as productive
  from '{folder}/activity.parquet' where verb in ({verbs})
  union all
  select episode_id, (epoch("at")::bigint // 86400 + 3) // 7,
         (coalesce(level, 0) >= 2 and coalesce(accepted, false))::int
  from '{folder}/evidence.parquet' where level >= 1 and kind <> 'carried_over'
), weeks as (select episode_id, week, max(productive) as productive from acts group by all)
select count(*), sum(productive) from weeks
"""


def generate(folder: Path, events: int) -> None:
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    draw = np.random.default_rng(20_260_101)
    learners = max(10, events // 200)
    names = np.array([f"e{i:08d}" for i in range(learners)])

    def write(table: str, **columns: object) -> None:
        pq.write_table(pa.table(columns), folder / f"{table}.parquet")

    def when(count: int) -> pa.Array:
        seconds = draw.integers(FIRST * 86_400, (LAST + 1) * 86_400, count) * 1_000_000
        return pa.array(seconds, pa.timestamp("us", tz="UTC"))

    day = pa.array([FIRST] * learners, pa.int32()).cast(pa.date32())
    write("program", program_id=["p"], name=["P"], time_zone=["UTC"])
    write("site", site_id=["s"], program_id=["p"], name=["S"])
    write("learner", learner_id=names)
    write("episode", episode_id=names, learner_id=names, site_id=["s"] * learners, entry_date=day)
    acts, work = events * 4 // 5, events - events * 4 // 5
    write(
        "activity",
        episode_id=names[draw.integers(0, learners, acts)],
        at=when(acts),
        verb=np.array(VERBS)[draw.integers(0, len(VERBS), acts)],
    )
    write(
        "evidence",
        evidence_id=[f"v{i}" for i in range(work)],
        episode_id=names[draw.integers(0, learners, work)],
        at=when(work),
        kind=["assignment"] * work,
        level=draw.integers(0, 5, work),
        accepted=draw.random(work) < 0.7,
    )


def ours(folder: Path, limit: str | None) -> list[int]:
    import blended_standard as bs
    from blended_standard.engine.duckdb import DuckDBEngine

    with DuckDBEngine(memory_limit=limit) as engine:
        report = bs.score(bs.read_submission(folder), ["ENG-01", "ENG-02"], by=(), as_of=AS_OF, engine=engine)
    return [int(report.one(name).numerator or 0) for name in ("ENG-01", "ENG-02")]


def sql(folder: Path, limit: str | None) -> list[int]:
    import duckdb

    connection = duckdb.connect()
    connection.execute("set TimeZone='UTC'")
    if limit:
        connection.execute(f"set memory_limit='{limit}'")
    verbs = ", ".join(f"'{verb}'" for verb in _qualifying())
    return [int(value) for value in connection.execute(_SQL.format(folder=folder, verbs=verbs)).fetchall()[0]]


def pandas(folder: Path, limit: str | None) -> list[int]:
    import pandas as pd

    acts = pd.read_parquet(folder / "activity.parquet")
    acts = acts[acts["verb"].isin(_qualifying())].assign(productive=0)
    work = pd.read_parquet(folder / "evidence.parquet")
    work = work[(work["level"] >= 1) & (work["kind"] != "carried_over")]
    work = work.assign(productive=((work["level"] >= 2) & work["accepted"]).astype(int))
    both = pd.concat([frame[["episode_id", "at", "productive"]] for frame in (acts, work)])
    both["week"] = ((both["at"].dt.tz_localize(None) - pd.Timestamp("1970-01-01")).dt.days + 3) // 7
    weeks = both.groupby(["episode_id", "week"])["productive"].max()
    return [len(weeks), int(weeks.sum())]


def _qualifying() -> list[str]:
    import blended_standard as bs

    return list(bs.load_standard().codes["verb"].names(qualifying=True))


FORMS = {"ours": ours, "sql": sql, "pandas": pandas}


def fresh(form: str, folder: Path, limit: str) -> dict[str, object]:
    command = [sys.executable, __file__, "--one", form, str(folder), limit]
    made = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return dict(json.loads(made.splitlines()[-1]))


def one(form: str, folder: Path, limit: str) -> None:
    import duckdb  # noqa: F401 - imports are not timed

    import blended_standard as bs

    bs.load_standard()
    if form == "pandas":
        import pandas  # noqa: F401
    start = time.perf_counter()
    answer = FORMS[form](folder, limit or None)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps({"answer": answer, "seconds": seconds, "peak": peak}))


def main(events: int = 1_000_000, pairs: int = 5, limit: str = "") -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        generate(folder, events)
        runs: dict[str, list[dict[str, object]]] = {form: [] for form in FORMS}
        for _ in range(pairs):
            for form, found in runs.items():
                found.append(fresh(form, folder, limit))
        answers = {form: found[0]["answer"] for form, found in runs.items()}
        if len({str(answer) for answer in answers.values()}) != 1:
            sys.exit(f"The answers differ: {answers}")
        print(f"{events:,} events, {pairs} pairs, memory limit {limit or 'none'}; equal answers {answers['ours']}")
        for form, found in runs.items():
            seconds = [float(str(run["seconds"])) for run in found]
            peak = max(float(str(run["peak"])) for run in found)
            pair = [float(str(a["seconds"])) / b for a, b in zip(runs["ours"], seconds, strict=True)]
            print(f"{form:7} {min(seconds):7.2f} s  {peak:5.2f} GB  ours/{form}: median {statistics.median(pair):.2f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(sys.argv[2], Path(sys.argv[3]), sys.argv[4])
    else:
        main(*(kind(value) for kind, value in zip((int, int, str), sys.argv[1:], strict=False)))
