"""A small seeded submission with everything that can go wrong in time: zones, DST, pauses, closures, gaps, ties."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

Tables = dict[str, dict[str, list[Any]]]
REASONS = ("withdrawn", "completed_diploma", "transfer", "moved_away", "deceased", "finished_not_passed", None)


def make(program: str, learners: int, seed: int) -> Tables:
    rng = random.Random(seed)
    tables: dict[str, list[dict[str, Any]]] = {"program": [], "site": [], "learner": [], "episode": [], "pause": []}
    tables |= {
        "activity": [],
        "evidence": [],
        "contact": [],
        "calendar_day": [],
        "mastery_decision": [],
        "competency": [],
    }
    tables["program"] = [{"program_id": program, "name": f"Program {program}", "time_zone": "America/New_York"}]
    zones = {f"{program}1": None, f"{program}2": "America/Los_Angeles"}
    tables["site"] = [{"site_id": s, "program_id": program, "name": s, "time_zone": z} for s, z in zones.items()]
    tables["competency"] = [{"competency_id": f"{program}c", "title": "Can do"}]
    for site in zones:
        for i in range(16):
            closed = {"site_id": site, "date": dt.date(2024, 12, 20) + dt.timedelta(days=i)}
            tables["calendar_day"].append({**closed, "open": i % 5 == 4, "feed_up": i % 2 == 0})
    for i in range(learners):
        learner = f"{program}L{i}"
        tables["learner"].append({"learner_id": learner, "low_income": rng.choice([True, False, None])})
        entry = dt.date(2024, 9, 1) + dt.timedelta(days=rng.randrange(200))
        for stay in range(rng.choice([1, 1, 1, 2])):
            entry += dt.timedelta(days=600 * stay)
            _add_episode(tables, rng, f"{learner}e{stay}", learner, rng.choice(list(zones)), entry)
    return {name: _columns(found) for name, found in tables.items()}


def join(*parts: Tables) -> Tables:
    return {
        name: {column: [value for part in parts for value in part[name][column]] for column in parts[0][name]}
        for name in parts[0]
    }


def _add_episode(
    tables: dict[str, list[dict[str, Any]]], rng: random.Random, episode: str, learner: str, site: str, entry: dt.date
) -> None:
    length, open_ = rng.randrange(1, 500), rng.random() < 0.3
    tables["episode"].append(
        {
            "episode_id": episode,
            "learner_id": learner,
            "site_id": site,
            "entry_date": entry,
            "exit_date": None if open_ else entry + dt.timedelta(days=length),
            "exit_reason": None if open_ else rng.choice(REASONS),
            "exit_documented": rng.choice([True, False, None]),
        }
    )
    start = dt.datetime(entry.year, entry.month, entry.day, tzinfo=dt.UTC)

    def moment() -> dt.datetime:
        return start + dt.timedelta(seconds=rng.randrange(-3 * 86_400, (length + 3) * 86_400))

    for _ in range(rng.randrange(60)):
        tables["activity"].append({"episode_id": episode, "at": moment(), "verb": rng.choice(["submit", "login"])})
    for k in range(rng.randrange(20)):
        work = {"evidence_id": f"{episode}v{k}", "episode_id": episode, "at": moment(), "competency_id": None}
        kind, level = rng.choice(["assignment", "carried_over"]), rng.choice([0, 1, 2, 3, None])
        tables["evidence"].append({**work, "kind": kind, "level": level, "accepted": rng.choice([True, False, None])})
        contact = {"contact_id": f"{episode}k{k}", "episode_id": episode, "at": moment()}
        side = rng.choice(["both", "adult_to_learner", "learner_to_adult"])
        tables["contact"].append({**contact, "direction": side, "automated": rng.choice([True, False, None])})
        decision = {"decision_id": f"{episode}d{k}", "episode_id": episode, "competency_id": f"{episode[0]}c"}
        facts = {"date": moment().date(), "mastered": rng.random() < 0.8, "evidence_level": rng.choice([2, 3, 4, None])}
        tables["mastery_decision"].append({**decision, **facts, "revoked": rng.choice([True, None, None])})
    if rng.random() < 0.3:
        pause = {"pause_id": f"{episode}p", "episode_id": episode, "start_date": entry + dt.timedelta(days=10)}
        tables["pause"].append({**pause, "end_date": entry + dt.timedelta(days=rng.randrange(10, 60))})


def _columns(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}
