"""All engagement measures (ENG-01 to ENG-15) at scale: ours on DuckDB against hand-written SQL and hand-written pandas.

Run: python benchmarks/engagement_measures.py [EVENTS] [--pairs N] [--limit 2GB] [--forms ours,sql] [--folder DATA].
Makes its data (see `engagement_data`; a folder that has it is used again), runs the forms in turn, each in a fresh
process, stops when their answers differ, and prints the median ratio of pairs and the peak memory (VmHWM). The peers
(`engagement_sql`, `engagement_pandas`) compute the numbers alone; ours adds errors, intervals, exclusions and coverage.

Aim: at 1e8 events at most 1.3 times the time of SQL, under 4 GB, under 2.5 GB with a limit of 2 GB; 3 times as fast as
pandas in a sixth of its memory. 36 numbers equal in every run.

Alone on the machine (two cores); seconds are medians, in brackets the ratios of pairs:

    events  limit   ours            SQL             pandas          ours/SQL            pandas/ours
    1e8     none     55.9 s 2.3 GB    51.0 s 3.2 GB  216 s 11.9 GB  1.10 (1.04, 1.17)   3.9
    1e8     2 GB     44.9 s 2.1 GB                                                      4.8, memory 5.6
    1e8     1.5 GB   52.8 s 1.7 GB                                                      4.1, memory 7.0

Since then copies of records are looked for in every measure: one pair under the limit of 2 GB took 48.4 s in 2.1 GB,
where SQL, which looks for none, took 50.1 s. The seconds of one form differ by a fifth from run to run on this machine;
pandas ran once. A day before, with tables that were kept to the end: 1e8 1.25 (1.19, 1.28, 1.25) in 3.2 GB; 1e7 1.58
(5.6 s and 3.5 s), of which a second is planning. On a busy machine, in seconds of processor, least of three runs in
turn: 1e7 10.4, where SQL takes 10.1; 1e6 2.4, nearly all of it planning and imports, where SQL takes 1.0; 1e5 1.8. So
the aims are met at 1e8, memory a sixth of that of pandas with a limit of 1.5 GB; below 1e7 planning shows.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib
import json
import math
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from engagement_data import AS_OF, FIRST, generate

_DAY = (dt.date.fromisoformat(AS_OF) - dt.date(1970, 1, 1)).days


def ours(folder: Path, limit: str | None, engine: str = "duckdb") -> dict[str, float]:
    import blended_standard as bs
    from blended_standard.engine import open_engine
    from blended_standard.engine.duckdb import DuckDBEngine

    submission = bs.read_submission(folder)
    ids = [name for name in submission.standard.measures if name.startswith("ENG-")]
    with DuckDBEngine(memory_limit=limit) if engine == "duckdb" else open_engine(engine) as opened:
        report = bs.score(submission, ids, by=(), as_of=AS_OF, engine=opened)
    found: dict[str, float] = {}
    for entry in report:
        parts = {f"{entry.measure} {part.name}": part.value for part in entry.components}
        found |= {name: value for name, value in parts.items() if name.split()[1] not in _DERIVED and value is not None}
        if entry.value is not None and entry.measure != "ENG-03":
            found[entry.measure] = entry.value
    return found


_DERIVED = ("lowest", "highest", "method_sensitive")


def polars(folder: Path, limit: str | None) -> dict[str, float]:
    return ours(folder, limit, "polars")


def sql(folder: Path, limit: str | None) -> dict[str, float]:
    import engagement_sql

    return engagement_sql.measures(folder, FIRST, _DAY, limit)


def pandas(folder: Path, limit: str | None) -> dict[str, float]:
    import engagement_pandas

    return engagement_pandas.measures(folder, FIRST, _DAY)


FORMS = {"ours": ours, "sql": sql, "pandas": pandas, "polars": polars}
_NEEDS = {
    "ours": ("blended_standard.measures.score", "blended_standard.engine.duckdb"),
    "polars": ("blended_standard.measures.score", "blended_standard.engine.polars"),
    "sql": ("duckdb",),
    "pandas": ("numpy", "pandas", "pyarrow.parquet"),
}


def one(form: str, folder: Path, limit: str) -> None:
    """Run one form in this process; imports are not timed, and memory is what the process used at most."""
    import blended_standard as bs

    bs.load_standard()
    for module in _NEEDS[form]:
        importlib.import_module(module)
    start, worked = time.perf_counter(), time.process_time()
    answer = FORMS[form](folder, limit or None)
    seconds, processor = time.perf_counter() - start, time.process_time() - worked
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    memory = int(peak[1]) / 2**20 if peak else None
    print(json.dumps({"answer": answer, "seconds": seconds, "processor": processor, "peak": memory}))


def fresh(form: str, folder: Path, limit: str) -> dict[str, Any]:
    command = [sys.executable, __file__, "--one", form, "--folder", str(folder), "--limit", limit]
    made = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return dict(json.loads(made.splitlines()[-1]))


def differ(one: dict[str, float], other: dict[str, float]) -> list[str]:
    names = sorted({*one, *other})
    return [name for name in names if not math.isclose(one.get(name, -1), other.get(name, -1), rel_tol=1e-9)]


def main(folder: Path, events: int, pairs: int, limit: str, forms: list[str]) -> None:
    if not (folder / "survey_response.parquet").exists():
        folder.mkdir(parents=True, exist_ok=True)
        generate(folder, events)
    size = sum(file.stat().st_size for file in folder.iterdir()) / 2**20
    print(f"{events:,} events, {size:,.0f} MB of Parquet, {pairs} pairs, memory limit {limit or 'none'}")
    runs: dict[str, list[dict[str, Any]]] = {form: [] for form in forms}
    for _ in range(pairs):
        for form, found in runs.items():
            found.append(fresh(form, folder, limit))
            if names := differ(found[-1]["answer"], runs[forms[0]][0]["answer"]):
                sys.exit(f"{form} and {forms[0]} differ in {', '.join(names)}.")
    print(f"{len(runs[forms[0]][0]['answer'])} numbers, equal in every run to 1e-9.")
    for form, found in runs.items():
        seconds = [run["seconds"] for run in found]
        ratios = [first["seconds"] / run["seconds"] for first, run in zip(runs[forms[0]], found, strict=True)]
        print(
            f"{form:7} {min(seconds):7.2f} s at least, {statistics.median(seconds):7.2f} s median, "
            f"{min(run['processor'] for run in found):6.1f} s of processor, "
            f"{max(run['peak'] for run in found):5.2f} GB  {forms[0]}/{form}: median {statistics.median(ratios):.2f} "
            f"of {', '.join(f'{ratio:.2f}' for ratio in ratios)}",
            flush=True,
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("events", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--limit", default="", help="memory limit of DuckDB, such as 2GB")
    parser.add_argument("--forms", default="ours,sql,pandas", help=f"of {', '.join(FORMS)}; the first is compared")
    parser.add_argument("--folder", type=Path, help="where the data are or will be; else a temporary folder")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        one(given.one, given.folder, given.limit)
    elif given.folder:
        main(given.folder, given.events, given.pairs, given.limit, given.forms.split(","))
    else:
        with tempfile.TemporaryDirectory(prefix="engagement-") as name:
            main(Path(name) / "data", given.events, given.pairs, given.limit, given.forms.split(","))
