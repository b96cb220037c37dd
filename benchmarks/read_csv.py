"""Aim: a CSV file read, typed and judged value by value at a million rows a second and more, in bounded memory.

The peers only parse: polars and pandas, told the types of the columns. All sides must agree on sums and extremes of the
columns of a clean file. Of one with broken values the peers read nothing, or text; ours must count every one.

Measured 2026-11 alone on a machine of 2 cores (Python 3.11.7, pyarrow, polars and pandas of that month). Ten million
rows, 854 MB: ours 8.6 s, polars 5.6 s, pandas 23.8 s; with a broken value in every hundredth row ours 11.6 s. The peaks
are 3.3 to 3.6 GB on all sides, since the table of the first reading is still there in the second; one reading of ours
has 2.9 GB, of which the file is 0.9. A million rows: 0.9 s, 0.5 s and 2.2 s on a busy machine. Files with quotes, other
line ends, local fields or rows of odd widths are read row by row, at some ten seconds a million.

Run `python benchmarks/read_csv.py [ROWS ...]`. Each side runs in a fresh process, warm on its second reading.
"""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

MAKE = """
copy (select 'evidence-' || i as evidence_id, 'episode-' || (hash(i) % {1}) as episode_id,
      'c' || (hash(i + 1) % 300) as competency_id,
      strftime(timestamp '2025-09-01 12:00:00' + to_seconds((hash(i + 2) % 20000000)::bigint), '%Y-%m-%dT%H:%M:%SZ')
        as "at",
      ['assignment','quiz','exam','performance'][1 + (hash(i + 3) % 4)::bigint] as kind,
      case when {2} and i % 100 = 7 then 'two' else (hash(i + 4) % 5)::varchar end as level,
      (hash(i + 5) % 1001) / 1000.0::double as score, 'asynchronous' as mode
      from range({0}) t(i)) to '{3}' (header)
"""
PARSE = "%Y-%m-%dT%H:%M:%SZ"
Summary = tuple[int, int, float, str, str]


def ours(path: Path) -> tuple[Any, int]:
    """Return the table and the number of values that could not be read."""
    import blended_standard as bs

    submission = bs.read_submission(path)
    return submission.tables["evidence"], submission.found.counts()["error"]


def summary(table: Any) -> Summary:
    import pyarrow.compute as pc

    low, high = (bound.as_py().astimezone(dt.UTC).strftime(PARSE) for bound in pc.min_max(table["at"]).values())
    score = round(pc.sum(table["score"]).as_py(), 3)
    return len(table), pc.sum(table["level"]).as_py(), score, low, high


def with_polars(path: Path) -> tuple[Any, int]:
    import polars as pl

    frame = pl.read_csv(path, schema_overrides={"level": pl.Int64, "score": pl.Float64, "at": pl.Datetime("us", "UTC")})
    return frame.to_arrow(), 0


def with_pandas(path: Path) -> tuple[Any, int]:
    import pandas as pd
    import pyarrow as pa

    frame = pd.read_csv(path, dtype={"level": "int64", "score": "float64"}, parse_dates=["at"], date_format=PARSE)
    return pa.Table.from_pandas(frame.assign(at=frame["at"].dt.tz_localize("UTC"))), 0


SIDES = {"ours": ours, "polars": with_polars, "pandas": with_pandas}


def side(name: str, path: Path) -> None:
    """Read twice and print seconds, peak megabytes, values refused and the summary."""
    for _ in range(2):
        begun = time.perf_counter()
        table, refused = SIDES[name](path)
        seconds = time.perf_counter() - begun
    peak = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) // 1024
    print(seconds, peak, refused, *summary(table))


def run(name: str, path: Path) -> tuple[float, int, int, list[str]]:
    printed = subprocess.check_output([sys.executable, __file__, "--side", name, str(path)], text=True)
    seconds, peak, refused, *summed = printed.split()
    return float(seconds), int(peak), int(refused), summed


def compare(rows: int) -> None:
    """Print the time of each side over a clean file, and ours over one with a broken value in every hundredth row."""
    import duckdb

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "evidence.csv")
        for broken in (False, True):
            duckdb.sql(MAKE.format(rows, max(rows // 200, 10), str(broken).lower(), path))
            results = {name: run(name, path) for name in (SIDES if not broken else ["ours"])}
            assert all(summed == results["ours"][3] for *_, summed in results.values()), results
            assert results["ours"][2] == (rows // 100 if broken else 0), results
            for name, (seconds, peak, _, _) in results.items():
                print(
                    f"{rows:,} rows {'1 % broken' if broken else 'clean'}, {path.stat().st_size / 1e6:,.0f} MB: {name} "
                    f"{seconds:.2f} s, {rows / seconds / 1e6:.2f} million rows/s, peak {peak:,} MB"
                )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--side"]:
        side(sys.argv[2], Path(sys.argv[3]))
    else:
        print(f"load {os.getloadavg()[0]:.1f}")
        for size in sys.argv[1:] or ["1e6", "1e7"]:
            compare(int(float(size)))
