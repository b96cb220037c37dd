"""Write an extract of WIOA PIRL elements, one row an episode: dates, follow-up, credentials, skill gains.

Source: ETA-9172 element numbers and codes, through `interop.md` section 11; labels tagged [K] there are unverified.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections import Counter
from pathlib import Path
from typing import Any

from blended_standard.adapters.combine import rows_of
from blended_standard.adapters.result import Export, FieldLoss, LossReport, RowLoss
from blended_standard.io import Submission

Row = dict[str, Any]
_EMPLOYED = ("1600", "1602", "1604", "1606")
_WAGES = ("1703", "1704", "1705", "1706")
_CREDENTIALS = (("1800", "1801"), ("1802", "1803"), ("1804", "1805"))
_KINDS = {"diploma": "1", "equivalency": "1", "associate": "2", "bachelor": "3", "occupational_license": "4"}
_KINDS |= {"occupational_certificate": "5", "industry_certification": "6", "other": "7"}
_GAINS = {"functioning_level": "1806", "milestone": "1809", "exam": "1810"}
_SEX = {"male": "1", "female": "2", "not_stated": "9"}
ELEMENTS = ("100", "200", "201", "900", "901", *_EMPLOYED, *_WAGES, *(each for pair in _CREDENTIALS for each in pair))
ELEMENTS += ("1806", "1807", "1808", "1809", "1810")
_TABLES = ("learner", "episode", "follow_up", "credential", "skill_gain")
_NOT_YET = "9"


def write(submission: Submission, target: Path) -> Export:
    """Write `pirl.csv`, its header the element numbers, into the directory `target`."""
    tables = {name: rows_of(data) for name, data in submission.tables.items() if name in _TABLES}
    learners = {row["learner_id"]: row for row in tables.get("learner", ())}
    left: Counter[tuple[str, str]] = Counter()
    target.mkdir(parents=True, exist_ok=True)
    path = target / "pirl.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, ELEMENTS, restval="", lineterminator="\n")
        writer.writeheader()
        for episode in tables.get("episode", ()):
            writer.writerow(_row(episode, learners.get(episode["learner_id"], {}), tables, left))
    fields = [
        FieldLoss(field=name, fate="mapped", count=len(rows), to="elements of pirl.csv")
        for name, rows in tables.items()
    ]
    fields += [
        FieldLoss(field=name, fate="dropped", count=len(rows_of(data)), reason="no element of the extract holds it")
        for name, data in submission.tables.items()
        if name not in _TABLES
    ]
    records = tuple(RowLoss(what=what, reason=reason, count=n) for (what, reason), n in sorted(left.items()))
    return Export(
        standard="pirl",
        files=(str(path),),
        documents=len(tables.get("episode", ())),
        losses=LossReport(standard="pirl", fields=tuple(fields), records=records),
    )


def _row(episode: Row, learner: Row, tables: dict[str, list[Row]], left: Counter[tuple[str, str]]) -> dict[str, str]:
    own = episode["episode_id"]
    mine = {name: [row for row in tables.get(name, ()) if row["episode_id"] == own] for name in _TABLES[2:]}
    made = {
        # Twelve characters are allowed: the last twelve of a pseudonym are 60 bits.
        "100": str(episode["learner_id"])[-12:],
        "200": _day(learner.get("birth_date")),
        "201": _SEX.get(str(learner.get("gender")), ""),
        "900": _day(episode["entry_date"]),
        "901": _day(episode.get("exit_date")),
    }
    if episode.get("exit_date"):
        made |= _follow_up(episode["exit_date"], mine["follow_up"], left)
    made |= _credentials(mine["credential"], left)
    for gain in sorted(mine["skill_gain"], key=lambda row: row["date"]):
        element = _GAINS.get(gain["kind"])
        if element:
            made[element] = _day(gain["date"])
        else:
            left["skill_gain", f"{gain['kind']}: no one element; transcripts are split by level of school"] += 1
    return made


def _follow_up(exit_date: dt.date, rows: list[Row], left: Counter[tuple[str, str]]) -> dict[str, str]:
    """Return employment and wages of the four quarters after the quarter of exit; nothing known is 9, not yet."""
    base = exit_date.year * 4 + (exit_date.month - 1) // 3
    found = {row["quarter_start"].year * 4 + (row["quarter_start"].month - 1) // 3 - base: row for row in rows}
    made: dict[str, str] = {}
    for number, (employed, wages) in enumerate(zip(_EMPLOYED, _WAGES, strict=True), start=1):
        row = found.get(number)
        if row is None:
            made[employed] = _NOT_YET
        elif row["status"] == "lost" or row["status"] == "exempt":
            left["follow_up", f"{row['status']}: the element has no code for it; left blank"] += 1
        else:
            made[employed] = "1" if row.get("employed") else "0"
            if row.get("wages") is not None:
                made[wages] = f"{row['wages']:.2f}"
    return made


def _credentials(rows: list[Row], left: Counter[tuple[str, str]]) -> dict[str, str]:
    counted = sorted((row for row in rows if row["kind"] in _KINDS), key=lambda row: row["awarded_date"])
    if len(rows) > len(counted):
        left["credential", "a badge is no recognized credential of the element"] += len(rows) - len(counted)
    if len(counted) > len(_CREDENTIALS):
        left["credential", "the elements hold three"] += len(counted) - len(_CREDENTIALS)
    made: dict[str, str] = {}
    for (kind, day), row in zip(_CREDENTIALS, counted, strict=False):
        made |= {kind: _KINDS[row["kind"]], day: _day(row["awarded_date"])}
    return made


def _day(day: dt.date | None) -> str:
    return f"{day:%Y%m%d}" if day else ""
