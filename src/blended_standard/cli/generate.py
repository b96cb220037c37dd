"""`generate`: a synthetic district of any size, to try everything on."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from blended_standard import testing
from blended_standard.cli.command import add_command
from blended_standard.cli.progress import Progress


def add_commands(commands: Any) -> None:
    """Add the command to the parser."""
    made = add_command(
        commands,
        "generate",
        "Write a synthetic district: seeded, realistic, and marked as synthetic.",
        _generate,
        "--out district",
        "--learners 20000 --programs 8 --seed 7 --out big",
    )
    made.work.add_argument("--learners", type=int, default=1000, help="how many (default: 1000)")
    made.work.add_argument("--programs", type=int, default=3, help="how many (default: 3)")
    made.work.add_argument("--sites", type=int, default=2, help="of each program (default: 2)")
    made.work.add_argument("--seed", type=int, default=1, help="the same seed gives the same district (default: 1)")
    made.work.add_argument("--start", default="2024-07-01", metavar="DATE", help="first day (default: 2024-07-01)")
    made.work.add_argument("--days", type=int, default=540, help="length in days (default: 540)")
    made.output.add_argument("--out", type=Path, required=True, help="new directory of Parquet files")
    made.output.add_argument("--quiet", action="store_true", help="no summary")


def _generate(options: argparse.Namespace, progress: Progress) -> int:
    directory = testing.write_district(
        options.out,
        options.learners,
        programs=options.programs,
        sites_per_program=options.sites,
        seed=options.seed,
        start=options.start,
        days=options.days,
    )
    if not options.quiet:
        size = sum(file.stat().st_size for file in directory.iterdir())
        print(f"Wrote {directory}: {options.learners:,} synthetic learners, {size / 2**20:,.1f} MiB.")
    return 0
