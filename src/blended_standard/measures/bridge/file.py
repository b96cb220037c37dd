"""What a rule is given of one episode: its records in the period, by table, in local days."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from blended_standard.measures.blocks import EPOCH, Blocks
from blended_standard.measures.report import Value

Record = Mapping[str, Any]

_DATED: Mapping[str, tuple[str, ...]] = {
    "activity": ("verb",),
    "contact": ("adult_role", "direction", "topic", "automated"),
    "evidence": ("level", "accepted", "kind", "judge_certificated", "time_value_days", "due_date"),
}
_BY_DATE: Mapping[str, tuple[str, ...]] = {
    "mastery_decision": ("competency_id", "mastered", "evidence_level", "revoked"),
    "progress_indicator": ("kind", "evidence_level"),
    "skill_gain": ("kind", "documented"),
    "outcome": ("kind", "achieved", "documented"),
    "legacy_attendance": ("scheduled_minutes", "present_minutes", "status"),
}


@attrs.frozen(kw_only=True)
class EpisodeFile:
    """One episode with its records up to the end of the period; days are counted from 1970-01-01."""

    site: str
    learner: str
    entry: int
    last: int
    grade: int | None
    start: int
    end: int
    tables: Mapping[str, list[Record]]
    competencies: Mapping[str, Record]
    closed: frozenset[int]
    earlier_exit: int | None
    parameters: Mapping[str, Value]

    def rows(self, table: str, *, start: int | None = None, end: int | None = None) -> list[Record]:
        """Return the records of a table dated inside the period, or between the days given."""
        first, final = self.start if start is None else start, self.end if end is None else end
        return [row for row in self.tables.get(table, []) if first <= row["day"] <= final]

    def number(self, name: str) -> float:
        """Return a parameter that is a number."""
        return float(self.parameters[name])

    def open_days(self, first: int, final: int) -> list[int]:
        """Return the weekdays from `first` to `final` on which the site was open and the learner enrolled."""
        span = range(max(first, self.entry), min(final, self.last) + 1)
        return [day for day in span if day not in self.closed and (day + 3) % 7 < 5]


@attrs.define
class Finding:
    """What a rule finds for one episode."""

    numerator: float = 0.0
    denominator: float = 1.0
    met: dict[str, bool] = attrs.field(factory=dict)
    detail: dict[str, list[str]] = attrs.field(factory=dict)
    steps: list[tuple[str, float, str]] = attrs.field(factory=list)
    used: Counter[tuple[str, int | None]] = attrs.field(factory=Counter)

    def use(self, table: str, rows: Iterable[Record], level: str | None = None) -> None:
        """Note the records that the claim rests on."""
        self.used.update((table, None if level is None else row[level]) for row in rows)

    def step(self, text: str, value: float, unit: str) -> None:
        """Note a step of the audit trail."""
        self.steps.append((text, float(value), unit))


def two_way(row: Record) -> bool:
    """Say whether a contact is an exchange between persons about learning, progress, support or career."""
    about = row["topic"] is None or row["topic"] in ("learning", "progress", "support", "career")
    return row["direction"] == "both" and not row["automated"] and about


def week(day: int) -> int:
    """Return the ISO week of a day number."""
    return (day + 3) // 7


def iso(day: int) -> str:
    """Return a day number as ISO text."""
    return (EPOCH + dt.timedelta(days=day)).isoformat()


def read_files(
    blocks: Blocks, inputs: tuple[str, ...], start: int, end: int, parameters: Mapping[str, Value]
) -> dict[str, EpisodeFile]:
    """Read the episodes that overlap the period, with the tables named in `inputs`."""
    frame = blocks.episodes.select("episode_id", "learner_id", "site_id", "entry", "last", "entry_grade")
    episodes = [row for row in _rows(blocks, frame) if row["last"] >= start]
    exits: dict[str, list[int]] = defaultdict(list)
    for row in _rows(blocks, blocks.episodes.select("learner_id", "last")):
        exits[row["learner_id"]].append(row["last"])
    tables = {name: _table(blocks, name) for name in inputs if name in _DATED or name in _BY_DATE}
    courses = {row["competency_id"]: row for row in _rows(blocks, blocks.table("competency"))}
    closed: dict[str, set[int]] = defaultdict(set)
    for row in _rows(blocks, blocks.table("calendar_day").select("site_id", "date", "open")):
        if not row["open"]:
            closed[row["site_id"]].add(row["date"])
    return {
        row["episode_id"]: EpisodeFile(
            site=row["site_id"],
            learner=row["learner_id"],
            entry=row["entry"],
            last=row["last"],
            grade=row["entry_grade"],
            start=start,
            end=end,
            tables={name: found.get(row["episode_id"], []) for name, found in tables.items()},
            competencies=courses,
            closed=frozenset(closed[row["site_id"]]),
            earlier_exit=max((day for day in exits[row["learner_id"]] if day < row["entry"]), default=None),
            parameters=parameters,
        )
        for row in episodes
    }


def _table(blocks: Blocks, name: str) -> dict[str, list[Record]]:
    import narwhals.stable.v2 as nw

    if name in _DATED:
        frame = blocks.dated(name, *_DATED[name])
    else:
        # What was learned may be recorded after a learner has left; nobody attends then.
        last = nw.col("last") if name == "legacy_attendance" else nw.lit(blocks.as_of)
        spans = blocks.spans.select("episode_id", "entry", "last")
        frame = (
            blocks.table(name)
            .select("episode_id", *_BY_DATE[name], day="date")
            .join(spans, on="episode_id")
            .filter(nw.col("day") >= nw.col("entry"), nw.col("day") <= last)
        )
    found: dict[str, list[Record]] = defaultdict(list)
    for row in _rows(blocks, frame):
        found[row["episode_id"]].append(row)
    return found


def _rows(blocks: Blocks, frame: Any) -> list[dict[str, Any]]:
    columns = blocks.engine.collect(frame)
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
