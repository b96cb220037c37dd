"""The main job in one go: `make demo` runs this.

A synthetic district is written to files, validated, scored, compared and drawn; the page and the brief are written
beside it.
Real data follow: the attendance data of an introductory textbook, and, where it lies beside the checkout, the Open
University data.
"""

from __future__ import annotations

import shutil
import sys
from collections import defaultdict
from pathlib import Path
from statistics import fmean

import blended_standard as bs
from blended_standard.cli import main as command
from blended_standard.testing import district
from examples import attend, oulad

HERE = Path(__file__).resolve().parents[1]
OULAD = HERE.parent / "shared" / "data" / "oulad"


def against_attendance(submission: bs.Submission) -> bs.compare.IncrementalValidity:
    """Return what weeks with learning add to presence on site in telling who finishes within a year."""
    days = submission.tables["legacy_attendance"].to_pydict()
    came: dict[str, list[bool]] = defaultdict(list)
    for episode, status in zip(days["episode_id"], days["status"], strict=True):
        came[episode.partition("-")[0]].append(status == "present")
    scored = bs.score(submission, ["ENG-01", "OUT-03"], by=("learner",))
    weeks, finished = (
        {dict(entry.group)["learner"]: entry.value for entry in scored.select(name) if entry.value is not None}
        for name in ("ENG-01", "OUT-03")
    )
    known = sorted(weeks.keys() & finished.keys() & came.keys())
    return bs.compare.incremental_validity(
        [finished[learner] > 0 for learner in known],
        legacy=[fmean(came[learner]) for learner in known],
        engagement=[weeks[learner] for learner in known],
        kind="binary",
        seed=1,
    )


def page(submission: bs.Submission, target: Path) -> bool:
    """Write the page with everything that a report can hold; say whether the data are sound."""
    checks = bs.validate(submission)
    scored = bs.score(submission, by=("program",))
    labels = [entry.label for entry in scored.select("OUT-03")]
    text = bs.report(
        scored,
        bs.compare.compare_groups(scored, outcome="OUT-03", groups=labels),
        bs.mastery_map(submission),
        bs.engagement_calendar(submission),
        against_attendance(submission),
        checks,
        to=target,
    )
    print(f"{checks}\n\n{scored}\n\nWrote {target} ({len(text.encode()) / 1024:,.0f} KiB).")
    return checks.ok


def main(target: Path = HERE / "out" / "demo") -> int:
    """Run everything; return 0 when the data were sound."""
    shutil.rmtree(target, ignore_errors=True)
    print("1. A synthetic district of two programs, through files\n", flush=True)
    made = district(1500, programs=2, seed=7)
    path = bs.write_submission(made, target / "submission", format="parquet")
    sound = page(made, target / "report.html")
    command(["report", str(path), "--out", str(target / "report.json"), "--quiet"])
    command(["brief", str(path), "--out", str(target / "brief.html"), "--quiet"])
    print("\n2. Real data: does handed-in work say more than presence?\n", flush=True)
    attend.main()
    if OULAD.is_dir():
        print("\n3. Real data: the Open University, 32,593 episodes\n", flush=True)
        oulad.main(OULAD, target / "oulad")
    print(f"\nOpen {target / 'report.html'} in a browser, and {target / 'brief.html'} for its two printed pages.")
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
