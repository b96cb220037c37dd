"""Write an extract of WIOA PIRL elements, one row an episode: dates, follow-up, credentials, skill gains.

Source: ETA-9172 element numbers and codes, through `interop.md` section 11; labels tagged [K] there are unverified.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from blended_standard.adapters.identifiers import short_name
from blended_standard.adapters.records import Tables, fates
from blended_standard.adapters.result import Export, LossReport, RowLoss

Row = dict[str, Any]
_EMPLOYED = ("1600", "1602", "1604", "1606")
_WAGES = ("1703", "1704", "1705", "1706")
_CREDENTIALS = (("1800", "1801"), ("1802", "1803"), ("1804", "1805"))
_KINDS = {"diploma": "1", "equivalency": "1", "associate": "2", "bachelor": "3", "occupational_license": "4"}
_KINDS |= {"occupational_certificate": "5", "industry_certification": "6", "other": "7"}
_GAINS = {"functioning_level": "1806", "milestone": "1809", "exam": "1810"}
_NO_GAIN = {
    "transcript": "no one element; transcripts are split by level of school",
    "diploma": "the elements of credentials hold it",
}
_SEX = {"male": "1", "female": "2", "not_stated": "9"}
ELEMENTS = ("100", "200", "201", "900", "901", *_EMPLOYED, *_WAGES, *(each for pair in _CREDENTIALS for each in pair))
ELEMENTS += ("1806", "1807", "1808", "1809", "1810")
_WRITTEN = {
    "learner": ("birth_date", "gender"),
    "episode": ("learner_id", "entry_date", "exit_date"),
    "follow_up": ("episode_id", "quarter_start", "status", "employed", "wages", "source"),
    "credential": ("episode_id", "kind", "awarded_date"),
    "skill_gain": ("episode_id", "kind", "date"),
}
_NO_ELEMENT = "no element of the extract holds it"
_NOT_YET = "9"
_MILITARY = "3"
_NO_CREDENTIAL = "0"
_OF_EPISODES = ("follow_up", "credential", "skill_gain")
Left = Counter[tuple[str, str]]


def write(tables: Tables, target: Path) -> Export:
    """Write `pirl.csv`, its header the element numbers, into the directory `target`."""
    learners = {row["learner_id"]: row for row in tables.get("learner", ())}
    episodes = tables.get("episode", [])
    known = {row["episode_id"] for row in episodes}
    mine: dict[str, dict[str, list[Row]]] = {own: {} for own in known}
    left: Left = Counter()
    for name in _OF_EPISODES:
        for row in tables.get(name, ()):
            if row["episode_id"] in mine:
                mine[row["episode_id"]].setdefault(name, []).append(row)
            else:
                left[name, "of no episode of the submission"] += 1
    target.mkdir(parents=True, exist_ok=True)
    path = target / "pirl.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, ELEMENTS, restval="", lineterminator="\n")
        writer.writeheader()
        for episode in episodes:
            own = mine[episode["episode_id"]]
            if "credential" in tables:
                own.setdefault("credential", [])
            writer.writerow(_row(episode, learners.get(episode["learner_id"], {}), own, left))
    fields = fates(tables, _WRITTEN, "elements of pirl.csv", {}, _NO_ELEMENT)
    records = tuple(RowLoss(what=what, reason=reason, count=n) for (what, reason), n in sorted(left.items()))
    return Export(
        standard="pirl",
        files=(str(path),),
        documents=len(episodes),
        losses=LossReport(standard="pirl", fields=tuple(fields), records=records),
    )


def _row(episode: Row, learner: Row, own: Mapping[str, list[Row]], left: Left) -> dict[str, str]:
    """Return the elements of an episode from its own records; a table that was not handed in is no key of them."""
    exit_date = episode.get("exit_date")
    gender = learner.get("gender")
    if gender and gender not in _SEX:
        left["learner", f"{gender}: the element has no code for it; left blank"] += 1
    made = {
        "100": short_name(episode["learner_id"], 12),
        "200": _day(learner.get("birth_date")),
        "201": _SEX.get(str(gender), ""),
        "900": _day(episode["entry_date"]),
        "901": _day(exit_date),
    }
    if exit_date:
        made |= _follow_up(exit_date, own.get("follow_up", []), left)
    elif own.get("follow_up"):
        left["follow_up", "the episode has no exit to count quarters from"] += len(own["follow_up"])
    if "credential" in own:
        made |= _credentials(own["credential"], bool(exit_date), left)
    return made | _gains(own.get("skill_gain", []), left)


def _follow_up(exit_date: dt.date, rows: list[Row], left: Left) -> dict[str, str]:
    """Return employment and wages of the four quarters after the quarter of exit; nothing known is 9, not yet."""
    base = _quarter(exit_date)
    found: dict[int, Row] = {}
    # Of several records of a quarter one that says employed counts, then one that says anything.
    for row in sorted(rows, key=lambda row: (not row.get("employed"), row["status"] not in ("found", "not_found"))):
        number = _quarter(row["quarter_start"]) - base
        if not 1 <= number <= len(_EMPLOYED):
            left["follow_up", "not of the four quarters after that of exit"] += 1
        elif number in found:
            left["follow_up", "another record of the quarter was used"] += 1
        else:
            found[number] = row
    made: dict[str, str] = {}
    for number, (employed, wages) in enumerate(zip(_EMPLOYED, _WAGES, strict=True), start=1):
        row = found.get(number, {})
        if not row:
            made[employed] = _NOT_YET
        elif row["status"] == "not_found":
            made[employed] = "0"
        elif row["status"] == "found" and row.get("employed") is not None:
            made[employed] = (
                _MILITARY if row["employed"] and row.get("source") == "military" else str(int(row["employed"]))
            )
        else:
            left["follow_up", f"{row['status']}: the element has no code for it; left blank"] += 1
        if row.get("status") == "found" and row.get("wages") is not None:
            made[wages] = f"{row['wages']:.2f}"
    return made


def _credentials(rows: list[Row], exited: bool, left: Left) -> dict[str, str]:
    """Return the first three credentials that the elements recognize; of who has left with none, that there is none."""
    counted = sorted((row for row in rows if row["kind"] in _KINDS), key=lambda row: row["awarded_date"])
    if len(rows) > len(counted):
        left["credential", "a badge is no recognized credential of the element"] += len(rows) - len(counted)
    if len(counted) > len(_CREDENTIALS):
        left["credential", "the elements hold three"] += len(counted) - len(_CREDENTIALS)
    made: dict[str, str] = {}
    for (kind, day), row in zip(_CREDENTIALS, counted, strict=False):
        made |= {kind: _KINDS[row["kind"]], day: _day(row["awarded_date"])}
    return made or ({_CREDENTIALS[0][0]: _NO_CREDENTIAL} if exited else {})


def _gains(rows: list[Row], left: Left) -> dict[str, str]:
    """Return the day of the most recent gain of each kind."""
    made: dict[str, str] = {}
    for gain in sorted(rows, key=lambda row: row["date"]):
        element = _GAINS.get(gain["kind"])
        if element is None:
            left["skill_gain", f"{gain['kind']}: {_NO_GAIN.get(gain['kind'], _NO_ELEMENT)}"] += 1
        else:
            if element in made:
                left["skill_gain", "a more recent one of the kind is written"] += 1
            made[element] = _day(gain["date"])
    return made


def _quarter(day: dt.date) -> int:
    return day.year * 4 + (day.month - 1) // 3


def _day(day: dt.date | None) -> str:
    return f"{day:%Y%m%d}" if day else ""
