"""The main job in one go: `make demo` runs this.

A synthetic district is written to files, read back, validated, scored and compared; the page and the brief are written
beside it.
Real data follow: the attendance data of an introductory textbook, and, where it lies beside the checkout, the Open
University data.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import blended_standard as bs
from blended_standard.cli import main as command
from blended_standard.testing import district
from examples import attend, oulad

HERE = Path(__file__).resolve().parents[1]
OULAD = HERE.parent / "shared" / "data" / "oulad"


def main(target: Path = HERE / "out" / "demo") -> int:
    """Run everything; return the exit code of the command that made the report."""
    shutil.rmtree(target, ignore_errors=True)
    print("1. A synthetic district of two programs, through files\n", flush=True)
    submission = bs.write_submission(district(1500, programs=2, seed=7), target / "submission", format="parquet")
    arguments = ["report", str(submission), "--out", str(target / "report.html")]
    code = command(arguments)
    command([*arguments[:-1], str(target / "report.json"), "--quiet"])
    command(["brief", str(submission), "--out", str(target / "brief.html"), "--quiet"])
    print("\n2. Real data: does handed-in work say more than presence?\n", flush=True)
    attend.main()
    if OULAD.is_dir():
        print("\n3. Real data: the Open University, 32,593 episodes\n", flush=True)
        oulad.main(OULAD, target / "oulad")
    print(f"\nOpen {target / 'report.html'} in a browser, and {target / 'brief.html'} for its two printed pages.")
    return code


if __name__ == "__main__":
    sys.exit(main())
