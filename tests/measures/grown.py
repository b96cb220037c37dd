"""A synthetic district with random records of every other table that measures of learners read, ties and gaps included."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from typing import Any

from blended_standard.io import Submission
from blended_standard.testing import district, plain_tables

Rows = list[dict[str, Any]]
DAY = dt.timedelta(days=1)


def grown(learners: int = 160, *, seed: int = 5) -> Submission:
    """Return a district of two programs over 700 days with plans, credits, tests, follow-ups and the rest."""
    base = district(learners, seed=seed, programs=2, days=700)
    tables = plain_tables(base)
    made = _Grower(tables, seed).tables()
    for name in ("outcome", "mastery_decision"):
        tables[name] = _append(tables[name], made.pop(name))
    modes = ["in_person", "asynchronous", "workplace", None]
    size = len(tables["evidence"]["evidence_id"])
    tables["evidence"]["mode"] = random.Random(seed).choices(modes, k=size)
    return Submission.from_tables(
        {**tables, **{name: _columns(rows) for name, rows in made.items()}}, manifest=base.manifest
    )


class _Grower:
    def __init__(self, tables: dict[str, dict[str, list[Any]]], seed: int) -> None:
        self.rng = random.Random(seed)
        names = ("episode_id", "learner_id", "site_id", "entry_date", "exit_date")
        episode = tables["episode"]
        self.episodes = list(zip(*(episode[name] for name in names), strict=True))
        self.competencies = [c for c in tables["competency"]["competency_id"] if "." in c]
        names = ("episode_id", "competency_id", "date")
        mastery = zip(*(tables["mastery_decision"][name] for name in names), strict=True)
        self.mastery = [dict(zip(names, values, strict=True)) for values in mastery]
        self.learners = tables["learner"]["learner_id"]
        self.sites = tables["site"]["site_id"]
        self.count = 0

    def key(self) -> str:
        self.count += 1
        return f"k{self.count}"

    def flag(self) -> bool | None:
        return self.rng.choice([True, True, False, None])

    def some(self, most: int, make: Callable[[str, dt.date, dt.date | None], dict[str, Any]]) -> Rows:
        """Up to `most` rows of each episode."""
        return [
            make(episode, entry, end)
            for episode, _, _, entry, end in self.episodes
            for _ in range(self.rng.randrange(most + 1))
        ]

    def near(self, day: dt.date, low: int, high: int) -> dt.date:
        return day + self.rng.randrange(low, high) * DAY

    def tables(self) -> dict[str, Rows]:
        return {**self.plans(), **self.progress(), **self.after(), **self.support(), **self.people()}

    def plans(self) -> dict[str, Rows]:
        plans: Rows = []
        items: Rows = []
        for episode, _, _, entry, _ in self.episodes:
            for version in range(1, self.rng.randrange(4)):
                plan = self.key()
                made = entry + 20 * (version - 1) * DAY
                first = version == 1
                end = self.near(entry, 200, 400)
                plans.append(
                    {"plan_id": plan, "episode_id": episode, "version": version, "made_date": made, "baseline": first}
                    | {"planned_end": end}
                )
                dated = self.rng.random() < 0.7
                for competency in self.rng.sample(self.competencies, self.rng.randrange(1, 9)):
                    items.append(
                        {"plan_item_id": self.key(), "plan_id": plan, "competency_id": competency}
                        | {"credit_value": self.rng.choice([0.25, 0.5]), "set_by": self.rng.choice(["learner", None])}
                        | {"planned_date": self.near(entry, 10, 400) if dated else None}
                    )
        return {"plan": plans, "plan_item": items}

    def progress(self) -> dict[str, Rows]:
        rng = self.rng
        credit = self.some(
            5,
            lambda episode, entry, _: {
                "credit_id": self.key(),
                "episode_id": episode,
                "date": self.near(entry, -10, 300),
                "attempted": rng.choice([0.5, 1.0, 1.0, None]),
                "earned": rng.choice([0.0, 0.5, 0.5, 1.0]),
                "started_date": entry,
                "dropped_date": rng.choice([None, None, entry + 3 * DAY, entry + 30 * DAY]),
                "prior_learning": rng.choice([None, False, True]),
            },
        )
        gains = self.some(
            2,
            lambda episode, entry, _: {
                "skill_gain_id": self.key(),
                "episode_id": episode,
                "kind": "milestone",
                "date": self.near(entry, 0, 500),
                "documented": self.flag(),
            },
        )
        tests = self.some(
            4,
            lambda episode, entry, _: {
                "level_test_id": self.key(),
                "episode_id": episode,
                "subject": rng.choice(["mathematics", "reading"]),
                "date": self.near(entry, 0, 400),
                "level": rng.randint(1, 5),
                "occasion": rng.choice(["entry", "later"]),
            },
        )
        indicators = self.some(
            4,
            lambda episode, entry, _: {
                "indicator_id": self.key(),
                "episode_id": episode,
                "kind": rng.choice(["credit", "test_gain", "attendance_plan"]),
                "date": self.near(entry, -20, 500),
                "evidence_level": rng.choice([None, 1, 3]),
            },
        )
        checks = [
            {**row, "decision_id": self.key(), "date": self.near(row["date"], 20, 140), "reassessment": True}
            | {"mastered": rng.random() < 0.8}
            for row in self.mastery
            if rng.random() < 0.5
        ]
        return {
            "credit": credit,
            "skill_gain": gains,
            "level_test": tests,
            "progress_indicator": indicators,
            "mastery_decision": checks,
        }

    def after(self) -> dict[str, Rows]:
        rng = self.rng

        def quarter(day: dt.date) -> dt.date:
            return dt.date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)

        follow_up = self.some(
            28,
            lambda episode, entry, end: {
                "follow_up_id": self.key(),
                "episode_id": episode,
                "quarter_start": quarter(self.near(end or entry, 0, 420)),
                "status": rng.choice(["found", "found", "found", "not_found", "lost", "exempt"]),
                "employed": rng.random() < 0.7 or None,
                "employer_id": rng.choice(["x", "x", "x", "y", None]),
                "wages": rng.choice([None, 5200.0, 6100.5, 7000.0, 8200.25]),
                "unsubsidized": self.flag(),
                "in_education": rng.choice([False, False, True, None]),
            },
        )
        credential = self.some(
            1,
            lambda episode, entry, end: {
                "credential_id": self.key(),
                "episode_id": episode,
                "kind": rng.choice(["diploma", "equivalency", "occupational_license", "badge"]),
                "awarded_date": self.near(end or entry, -100, 450),
                "recognized": self.flag(),
            },
        )
        study = self.some(
            6,
            lambda episode, entry, end: {
                "enrollment_id": self.key(),
                "episode_id": episode,
                "start_date": (begin := self.near(entry, 0, 500)),
                "end_date": rng.choice([None, begin + 100 * DAY, begin + 300 * DAY]),
                "remedial": self.flag(),
                "completed": self.flag(),
            },
        )
        outcome = self.some(
            3,
            lambda episode, entry, _: {
                "outcome_id": self.key(),
                "episode_id": episode,
                "kind": rng.choice(["diploma", "diploma", "equivalency", "credential"]),
                "date": self.near(entry, 10, 250),
                "achieved": self.flag(),
            },
        )
        return {
            "follow_up": follow_up,
            "credential": credential,
            "postsecondary_enrollment": study,
            "outcome": outcome,
        }

    def support(self) -> dict[str, Rows]:
        rng = self.rng
        needs = self.some(
            3,
            lambda episode, entry, _: {
                "need_id": self.key(),
                "episode_id": episode,
                "kind": "housing",
                "identified_date": self.near(entry, 0, 600),
            },
        )
        services = [
            {
                "service_id": self.key(),
                "need_id": need["need_id"],
                "received_date": self.near(need["identified_date"], 0, 60),
            }
            for need in needs
            for _ in range(rng.randrange(3))
        ]
        offers = self.some(
            6,
            lambda episode, entry, _: {
                "opportunity_id": self.key(),
                "episode_id": episode,
                "date": self.near(entry, -10, 300),
                "kind": rng.choice(["live", "in_person", "asynchronous"]),
                "taken": rng.random() < 0.7,
            },
        )
        begin = min(entry for _, _, _, entry, _ in self.episodes)
        staff = [
            {
                "staff_role_id": self.key(),
                "site_id": site,
                "adult_id": "adult",
                "role": role,
                "fte": rng.choice([0.5, 1.0]),
                "start_date": self.near(begin, 0, 500),
                "end_date": rng.choice([None, begin + 600 * DAY]),
            }
            for site in self.sites
            for role in ("teacher", "tutor", "mentor", "counselor")
        ]
        return {"need": needs, "service": services, "learning_opportunity": offers, "staff_role": staff}

    def people(self) -> dict[str, Rows]:
        rng = self.rng
        begin = min(entry for _, _, _, entry, _ in self.episodes)
        program = {learner: site.split("-")[0] for _, learner, site, _, _ in self.episodes}
        cohort = [
            {
                "learner_id": learner,
                "cohort_year": rng.choice([2024, 2025]),
                "program_id": program[learner],
                "removal": rng.choice([None, None, "transfer_out", "deceased"]),
                "removal_documented": self.flag(),
                "diploma_date": rng.choice([None, dt.date(2024, 6, 10), dt.date(2025, 6, 10), dt.date(2025, 8, 31)]),
                "grade_12_year": rng.choice([2025, 2025, 2026, None]),
            }
            for learner in self.learners
            if rng.random() < 0.9
        ]
        referral = [
            {
                "referral_id": self.key(),
                "learner_id": learner,
                "program_id": program[learner],
                "reached_date": (day := self.near(begin, -30, 500)),
                "intake_date": rng.choice([None, day + 5 * DAY]),
                "placed_date": rng.choice([None, day + 9 * DAY]),
            }
            for learner in self.learners
            for _ in range(rng.randrange(4))
        ]
        return {"cohort_member": cohort, "referral": referral}


def _append(table: dict[str, list[Any]], rows: Rows) -> dict[str, list[Any]]:
    size = len(next(iter(table.values())))
    names = dict.fromkeys((*table, *(name for row in rows for name in row)))
    return {name: [*table.get(name, [None] * size), *(row.get(name) for row in rows)] for name in names}


def _columns(rows: Rows) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]}
