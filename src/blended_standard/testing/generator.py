"""A seeded synthetic district: rolling entry, silence and return, pauses, outages, work, contacts, plans, follow-up.

Every quantity of every block of learners has a random stream of its own, so that the first learners of a district are
the same however many follow them. What differs between programs is in `extra` of the program table, under `truth:`.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from blended_standard._files import whole_directory
from blended_standard.errors import MissingExtraError, UsageError
from blended_standard.io import Manifest, Submission
from blended_standard.model import RECORDS
from blended_standard.spec import load_standard
from blended_standard.testing import _events
from blended_standard.testing._arrow import Arrow
from blended_standard.testing._course import follow, make_learners
from blended_standard.testing._plan import Draws, Plan, make_plan, plan_tables
from blended_standard.testing._record_tables import RecordTables

BLOCK = 1000


def district(
    learners: int = 1000,
    *,
    programs: int = 3,
    sites_per_program: int = 2,
    seed: int = 1,
    start: dt.date | str = "2024-07-01",
    days: int = 540,
) -> Submission:
    """Make a synthetic district in memory.

    Parameters
    ----------
    learners : int
        Number of learners; those of a smaller district are the first of a larger one.
    programs, sites_per_program : int
        From 1 to 50, and from 1 to 20. Programs differ in engagement, pace of work and learners served.
    seed : int
        Not negative. The same arguments always give the same district.
    start : date or ISO text
        First day of the window.
    days : int
        Length of the window, from 56 to 3,650. Its last day is the as-of date of the manifest.

    Returns
    -------
    Submission
        Arrow tables without a finding at error level; the manifest says that it is synthetic.

    Raises
    ------
    UsageError
        An argument is out of its range.
    MissingExtraError
        pyarrow is not installed.

    Examples
    --------
    >>> from blended_standard.testing import district
    >>> made = district(20, seed=7)
    >>> len(made.tables["learner"]), made.manifest.synthetic
    (20, True)
    """
    plan = _plan(learners, programs, sites_per_program, seed, start, days)
    arrow = _arrow(plan)
    parts: dict[str, list[Any]] = defaultdict(list)
    for block in _blocks(plan, arrow, learners):
        for name, table in block.items():
            parts[name].append(table)
    tables = {**_base(plan, arrow), **{name: arrow.concat(found) for name, found in parts.items()}}
    return Submission.from_tables(
        {name: tables[name] for name in RECORDS if name in tables}, manifest=_manifest(plan, learners)
    )


def write_district(
    path: str | Path,
    learners: int,
    *,
    programs: int = 3,
    sites_per_program: int = 2,
    seed: int = 1,
    start: dt.date | str = "2024-07-01",
    days: int = 540,
) -> Path:
    """Write the same district as `district` to a new directory of Parquet files, a block of learners at a time.

    Parameters
    ----------
    path : path
        The directory; it must not exist, or be empty. It appears whole or not at all.
    learners, programs, sites_per_program, seed, start, days
        As for `district`. Memory does not grow with `learners`.

    Returns
    -------
    Path
        The directory, for `read_submission`.

    Raises
    ------
    UsageError
        An argument is out of its range, or the directory holds something.
    MissingExtraError
        pyarrow is not installed.
    """
    plan = _plan(learners, programs, sites_per_program, seed, start, days)
    arrow = _arrow(plan)
    directory = Path(path)
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise UsageError(f"{directory} is there already and not an empty directory. Name a new one.")
    with whole_directory(directory) as working:
        _write(plan, arrow, learners, working)
    return directory


def _plan(learners: int, programs: int, sites_per_program: int, seed: int, start: dt.date | str, days: int) -> Plan:
    limits: dict[str, tuple[object, int, int]] = {
        "learners": (learners, 1, 10**8),
        "programs": (programs, 1, 50),
        "sites_per_program": (sites_per_program, 1, 20),
        "seed": (seed, 0, 2**63),
        "days": (days, 56, 3650),
    }
    for name, (value, low, high) in limits.items():
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or not low <= value <= high:
            raise UsageError(f"{name}={value!r} is not a whole number from {low:,} to {high:,}.")
    try:
        day = dt.date.fromisoformat(start) if isinstance(start, str) else start
    except ValueError:
        raise UsageError(f"start={start!r} is not a date such as 2024-07-01.") from None
    if not 1970 <= day.year <= 2150:
        raise UsageError(f"start={day} lies outside the years 1970 to 2150.")
    return make_plan(int(programs), int(sites_per_program), int(seed), day, int(days))


def _arrow(plan: Plan) -> Arrow:
    try:
        return Arrow(plan)
    except ModuleNotFoundError:
        raise MissingExtraError("parquet", needs="pyarrow, which holds the tables of a synthetic district,") from None


def _manifest(plan: Plan, learners: int) -> Manifest:
    return Manifest(
        title=f"Synthetic district of {learners:,} learners in {plan.programs} programs (seed {plan.seed})",
        producer="blended_standard.testing",
        as_of=plan.as_of,
        synthetic=True,
    )


def _base(plan: Plan, arrow: Arrow) -> Mapping[str, Any]:
    return {name: arrow.table(name, columns) for name, columns in plan_tables(plan).items()}


def _blocks(plan: Plan, arrow: Arrow, learners: int) -> Iterator[Mapping[str, Any]]:
    """Yield the tables of one block of learners after another."""
    for block in range(-(-learners // BLOCK)):
        draws = Draws(plan.seed, block + 1)
        people = make_learners(plan, draws, min(BLOCK, learners - block * BLOCK))
        course = follow(plan, draws, people)
        named = arrow.names(block * BLOCK, people, course)
        work = _events.evidence(plan, draws, course, people)
        decisions = _events.mastery(draws, course, work)
        yield {
            "learner": arrow.learner(named, people, draws),
            "episode": arrow.episode(named, course, _events.baseline(draws, course, people), draws),
            "pause": arrow.pause(named, course, draws),
            "activity": arrow.activity(named, _events.activity(plan, draws, course, people)),
            "evidence": arrow.evidence(named, work),
            "mastery_decision": arrow.mastery(named, decisions),
            "contact": arrow.contact(named, course, _events.contact(plan, draws, course, people)),
            "outcome": arrow.outcome(named, _events.outcome(plan, draws, course, people)),
            **RecordTables(plan, arrow, draws, named, people, course).make(decisions),
        }


def _write(plan: Plan, arrow: Arrow, learners: int, directory: Path) -> None:
    import pyarrow.parquet as pq

    for name, table in _base(plan, arrow).items():
        pq.write_table(table, directory / f"{name}.parquet")
    writers: dict[str, Any] = {}
    try:
        for tables in _blocks(plan, arrow, learners):
            for name, table in tables.items():
                if name not in writers:
                    writers[name] = pq.ParquetWriter(directory / f"{name}.parquet", table.schema, compression="zstd")
                writers[name].write_table(table)
    finally:
        for writer in writers.values():
            writer.close()
    manifest = attrs.asdict(attrs.evolve(_manifest(plan, learners), standard=load_standard().version))
    stated = {name: str(v) if isinstance(v, dt.date) else v for name, v in manifest.items() if v not in ("", None, ())}
    (directory / "manifest.json").write_text(json.dumps(stated, indent=2) + "\n", encoding="utf-8")
