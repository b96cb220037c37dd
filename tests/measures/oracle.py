"""An independent computation of the first measures: plain Python, day by day, straight from the definitions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

QUALIFYING = {"attempt", "submit", "respond", "annotate", "discuss", "tutor_turn"}
Table = Mapping[str, list[Any]]


def rows(table: Table) -> list[dict[str, Any]]:
    return [dict(zip(table, values, strict=True)) for values in zip(*table.values(), strict=True)]


class Oracle:
    """Walks every enrolled day of every episode."""

    def __init__(self, tables: Mapping[str, Table], as_of: dt.date) -> None:
        self.t = {name: rows(table) for name, table in tables.items()}
        self.as_of = as_of
        program = {p["program_id"]: p for p in self.t["program"]}
        self.zone = {
            s["site_id"]: ZoneInfo(s.get("time_zone") or program[s["program_id"]]["time_zone"]) for s in self.t["site"]
        }
        self.program = {s["site_id"]: s["program_id"] for s in self.t["site"]}
        self.episodes = [e for e in self.t["episode"] if e["entry_date"] <= as_of]
        self.by_id = {e["episode_id"]: e for e in self.episodes}

    def last(self, episode: dict[str, Any]) -> dt.date:
        end = episode["exit_date"]
        return end if end is not None and end <= self.as_of else self.as_of

    def local(self, event: dict[str, Any]) -> dt.date | None:
        """The local day of an event inside its episode, or None."""
        episode = self.by_id.get(event["episode_id"])
        if episode is None:
            return None
        day = event["at"].astimezone(self.zone[episode["site_id"]]).date()
        return day if episode["entry_date"] <= day <= self.last(episode) else None

    def observable_weeks(self, episode: dict[str, Any], edge: int = 4) -> set[dt.date]:
        """Mondays of the observable weeks."""
        blocked = {
            c["date"]
            for c in self.t.get("calendar_day", [])
            if c["site_id"] == episode["site_id"] and not (c["open"] and c["feed_up"])
        }
        for pause in self.t.get("pause", []):
            if pause["episode_id"] == episode["episode_id"]:
                span = (pause["end_date"] - pause["start_date"]).days + 1
                blocked |= {pause["start_date"] + dt.timedelta(days=i) for i in range(span)}
        days: dict[dt.date, list[dt.date]] = {}
        day = episode["entry_date"]
        while day <= self.last(episode):
            days.setdefault(day - dt.timedelta(days=day.weekday()), []).append(day)
            day += dt.timedelta(days=1)
        return {monday for monday, enrolled in days.items() if len(enrolled) >= edge and set(enrolled) - blocked}

    def week_rate(self, days: list[tuple[str, dt.date]], minimum_weeks: int = 4) -> dict[str, Fraction]:
        """Ratio of sums by program."""
        acted: dict[str, set[dt.date]] = {}
        for episode_id, day in days:
            acted.setdefault(episode_id, set()).add(day - dt.timedelta(days=day.weekday()))
        sums: dict[str, list[int]] = {}
        for episode in self.episodes:
            weeks = self.observable_weeks(episode)
            if len(weeks) >= minimum_weeks:
                total = sums.setdefault(self.program[episode["site_id"]], [0, 0])
                total[0] += len(weeks & acted.get(episode["episode_id"], set()))
                total[1] += len(weeks)
        return {program: Fraction(*total) for program, total in sums.items()}

    def learning_days(self, *, productive: bool) -> list[tuple[str, dt.date]]:
        found = []
        for event in [] if productive else self.t.get("activity", []):
            day = self.local(event)
            if day and event["verb"] in QUALIFYING:
                found.append((event["episode_id"], day))
        for work in self.t.get("evidence", []):
            day, level = self.local(work), work["level"] or 0
            counts = (level >= 2 and bool(work["accepted"])) if productive else level >= 1
            if day and counts and work["kind"] != "carried_over":
                found.append((work["episode_id"], day))
        return found

    def contact_days(self, window: int = 7) -> list[tuple[str, dt.date]]:
        found = []
        turns: dict[str, list[tuple[dt.datetime, dt.date, str]]] = {}
        for contact in self.t.get("contact", []):
            day = self.local(contact)
            if day is None or contact.get("automated") or contact.get("topic") in ("administrative", "social"):
                continue
            if contact["direction"] == "both":
                found.append((contact["episode_id"], day))
            else:
                turns.setdefault(contact["episode_id"], []).append((contact["at"], day, contact["direction"]))
        for episode_id, said in turns.items():
            for at, day, direction in said:
                answers = [
                    other
                    for when, other, side in said
                    if side != direction and when <= at and (day - other).days <= window
                ]
                if answers:
                    found.append((episode_id, day))
        return found

    def completion(self, horizon: int) -> dict[str, list[tuple[int, int]]]:
        """(days, code) of each episode by program: 1 completed, 2 ended otherwise, 0 still open."""
        found: dict[str, list[tuple[int, int]]] = {}
        for episode in self.episodes:
            ended = episode["exit_date"] is not None and episode["exit_date"] <= self.as_of
            reason = episode["exit_reason"] if ended else None
            if reason == "moved_away":
                continue
            code = 1 if reason in ("completed_diploma", "completed_program") else 2 if ended else 0
            days = (self.last(episode) - episode["entry_date"]).days
            found.setdefault(self.program[episode["site_id"]], []).append((days, code))
        return found
