"""Aim: ten million evidence rows in Parquet validated on two cores, twelve times as fast as pydantic v2 row by row.

Measured so far, on a busy machine: 0.7 to 1.3 million rows a second, 3 to 4 times pydantic. The aim is not met. The
peer looks at one row at a time and drops each object.

Run `python benchmarks/validate_bulk.py [ROWS]`. Pydantic is timed on a part of the same rows (its speed does not depend
on their number); both must agree on the number of broken rows.
"""

from __future__ import annotations

import datetime as dt
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Literal, get_args

THREADS = 2
MEMORY = "1GB"
SAMPLE = 200_000
Kind = Literal[
    "assignment", "quiz", "exam", "performance", "attempt", "workplace", "discussion", "carried_over", "other"
]
Mode = Literal["in_person", "live_online", "asynchronous", "workplace", "offline"]

MAKE = """
copy (select 'p' as program_id, 'Harbor' as name, 'America/New_York' as time_zone) to '{0}/program.parquet';
copy (select 's' || i as site_id, 'p' as program_id, 'North' as name from range(40) t(i)) to '{0}/site.parquet';
copy (select 'learner-' || i as learner_id from range({2}) t(i)) to '{0}/learner.parquet';
copy (select 'episode-' || i as episode_id, 'learner-' || i as learner_id, 's' || (i % 40) as site_id,
      date '2025-08-25' as entry_date, null::date as exit_date from range({2}) t(i)) to '{0}/episode.parquet';
copy (select 'c' || i as competency_id, 'A skill' as title from range(300) t(i)) to '{0}/competency.parquet';
copy (select 'evidence-' || i as evidence_id,
      'episode-' || (hash(i) % {2}) as episode_id,
      'c' || (hash(i + 1) % 300) as competency_id,
      timestamptz '2025-09-01 12:00:00Z' + to_seconds((hash(i + 2) % 20000000)::bigint) as at,
      case when {3} and i % 200 = 7 then 'robot'
        else ['assignment','quiz','exam','performance'][1 + (hash(i + 3) % 4)::bigint] end
        as kind,
      (hash(i + 4) % 5)::integer as level,
      true as accepted,
      case when {3} and i % 200 = 107 then 1.5 else (hash(i + 5) % 1001) / 1000.0::double end as score,
      'asynchronous' as mode,
      1 + (hash(i + 6) % 3)::integer as attempt
      from range({1}) t(i)) to '{0}/evidence.parquet' (row_group_size 122880);
"""


def make(directory: Path, rows: int, broken: bool) -> None:
    import duckdb

    for statement in MAKE.format(directory, rows, max(rows // 200, 10), str(broken).lower()).split(";"):
        if statement.strip():
            duckdb.sql(statement)
    (directory / "manifest.json").write_text('{"title": "benchmark", "as_of": "2026-06-30"}')


def ours(directory: Path) -> None:
    """Validate in a process of its own, so that the peak memory is ours alone."""
    import blended_standard as bs
    from blended_standard.engine.duckdb import DuckDBEngine

    begun = time.perf_counter()
    with DuckDBEngine(threads=THREADS, memory_limit=MEMORY) as engine:
        report = bs.validate(bs.read_submission(directory), engine=engine)
    seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{seconds} {peak} {report.errors} {sum(table.read for table in report.tables)}")


def theirs(directory: Path, rows: int) -> tuple[float, int]:
    """Return the seconds a row that pydantic takes over plain values, each object dropped at once, and rows refused."""
    from typing import Annotated

    import pyarrow.parquet as pq
    from pydantic import AwareDatetime, BaseModel, Field, StringConstraints, ValidationError

    Identifier = Annotated[str, StringConstraints(min_length=1, max_length=256, pattern=r"^\S(.*\S)?$")]

    class Evidence(BaseModel):
        evidence_id: Identifier
        episode_id: Identifier
        competency_id: Identifier | None = None
        at: AwareDatetime
        kind: Kind
        level: int | None = Field(default=None, ge=0, le=4)
        accepted: bool | None = None
        score: float | None = Field(default=None, ge=0, le=1)
        mode: Mode | None = None
        attempt: int | None = Field(default=None, ge=1)

    part = pq.read_table(directory / "evidence.parquet").slice(0, min(rows, SAMPLE)).to_pylist()
    best, refused = float("inf"), 0
    for _ in range(3):
        refused = 0
        begun = time.perf_counter()
        for row in part:
            try:
                Evidence.model_validate(row)
            except ValidationError:
                refused += 1
        best = min(best, time.perf_counter() - begun)
    return best / len(part), refused * rows // len(part)


def main() -> None:
    rows = int(float(sys.argv[1])) if len(sys.argv) > 1 else 10_000_000
    assert len(get_args(Kind)) == 9
    print(f"{dt.date.today()}  {rows:,} evidence rows, {THREADS} threads, engine limit {MEMORY}")
    for broken in (False, True):
        with tempfile.TemporaryDirectory() as name:
            directory = Path(name)
            make(directory, rows, broken)
            a_row, refused = theirs(directory, rows)
            runs = []
            for _ in range(3):
                out = subprocess.run(
                    [sys.executable, __file__, "--ours", name], check=True, capture_output=True, text=True
                ).stdout
                runs.append(tuple(map(float, out.split())))
        seconds, peak, errors, _ = min(runs)
        assert errors == refused, (errors, refused)
        ratio = a_row * rows / seconds
        label = "1 % broken" if broken else "clean"
        print(
            f"{label:<11} ours {seconds:.2f} s = {rows / seconds / 1e6:.2f} million rows/s, peak {peak:,.0f} MB; "
            f"pydantic {1 / a_row:,.0f} rows/s; ratio {ratio:.1f}; both find {refused:,.0f}"
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--ours"]:
        ours(Path(sys.argv[2]))
    else:
        main()
