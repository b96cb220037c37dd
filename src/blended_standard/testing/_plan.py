"""What is fixed in a synthetic district before anybody enters it: programs, sites, calendar, competencies, effects."""

from __future__ import annotations

import datetime as dt
import json
import zlib
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import attrs
import numpy as np
import numpy.typing as npt

from blended_standard.numeric.arguments import Floats, Integers

Flags = npt.NDArray[np.bool_]

EPOCH = dt.date(1970, 1, 1)
AREAS, IN_AREA = 4, 6
COMPETENCIES = AREAS * IN_AREA
_ZONES = ("America/New_York", "America/Chicago", "America/Los_Angeles", "America/Phoenix")
_MODELS = ("flex", "rotation", "enriched_virtual", "a_la_carte")
_HOLIDAYS = ((9, 2), (10, 14), (11, 11), (11, 28), (11, 29), (1, 20), (2, 17), (5, 26), (7, 4))
_OUTAGE_DAYS = 17
_PRACTICES = (
    "advisory", "competency_based", "weekly_check_in", "career_pathway", "tutoring", "wraparound_support",
)  # fmt: skip
ROLES = ("mentor", "teacher", "teacher", "counselor", "tutor", "mentor", "case_manager")
LEVELS = ("beginning", "developing", "proficient", "advanced")
SURVEYS = ("synthetic-relationships", "synthetic-engagement")


@attrs.frozen
class Draws:
    """Random numbers with a stream of their own for each block and purpose.

    A stream is read in the order of learners, so that more learners, or other blocks, never change those before.
    """

    seed: int
    block: int

    def stream(self, purpose: str) -> np.random.Generator:
        """Return a fresh generator, the same one each time it is asked for."""
        children = (self.block, zlib.crc32(purpose.encode()))
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=children))


@attrs.frozen(kw_only=True)
class Plan:
    """The programs and sites of a district, by number, with their true effects.

    Attributes
    ----------
    engagement, pace : float array, shape (programs,)
        Shift of the log-odds of an active week; work done in an active week, as a multiple of the usual.
    low_income : float array, shape (programs,)
        Share of learners of low income.
    program_of : int array, shape (sites,)
    shut : bool array, shape (sites, days)
        Nothing is recorded: the site is closed or its feed is down.
    offset : int array, shape (sites, days)
        Seconds by which local time is ahead of UTC, after three in the morning.
    """

    seed: int
    start: dt.date
    days: int
    sites_per_program: int
    engagement: Floats
    pace: Floats
    low_income: Floats
    program_of: Integers
    zones: tuple[str, ...]
    closed: Flags
    feed_down: Flags
    offset: Integers

    @property
    def programs(self) -> int:
        """The number of programs."""
        return len(self.engagement)

    @property
    def weeks(self) -> int:
        """Weeks of the window, the last one possibly cut."""
        return -(-self.days // 7)

    @property
    def as_of(self) -> dt.date:
        """The last day."""
        return self.start + dt.timedelta(days=self.days - 1)

    @property
    def first_day(self) -> int:
        """The first day, in days since 1970-01-01."""
        return (self.start - EPOCH).days

    @property
    def shut(self) -> Flags:
        """Days on which nothing is recorded, by site."""
        return self.closed | self.feed_down


def make_plan(programs: int, sites_per_program: int, seed: int, start: dt.date, days: int) -> Plan:
    """Lay out a district."""
    random = Draws(seed, 0).stream("plan")
    spread = np.linspace(-1.0, 1.0, programs) if programs > 1 else np.zeros(1)
    quality = random.permutation(spread)
    sites = programs * sites_per_program
    program_of = np.repeat(np.arange(programs), sites_per_program)
    zones = tuple(_ZONES[(p + (s == 1 and p % 2 == 1)) % len(_ZONES)] for p, s in _pairs(programs, sites_per_program))
    feed_down = np.zeros((sites, days), dtype=bool)
    first = days // 3
    feed_down[sites - 1, first : first + _OUTAGE_DAYS] = True
    return Plan(
        seed=seed,
        start=start,
        days=days,
        sites_per_program=sites_per_program,
        engagement=0.6 * quality,
        pace=1.0 + 0.2 * quality,
        low_income=np.clip(0.6 + 0.15 * random.permutation(spread), 0.05, 0.95),
        program_of=program_of,
        zones=zones,
        closed=np.tile(_closures(start, days), (sites, 1)),
        feed_down=feed_down,
        offset=np.array([_offsets(zone, start, days) for zone in zones], dtype=np.int64),
    )


def plan_tables(plan: Plan) -> Mapping[str, Mapping[str, list[Any]]]:
    """Return the columns of the tables that do not depend on learners."""
    programs = range(plan.programs)
    first_site = [plan.zones[p * plan.sites_per_program] for p in programs]
    sites = range(len(plan.program_of))
    shut = np.argwhere(plan.shut)
    staff = [(s, adult) for s in sites for adult in range(len(ROLES))]
    practices = [(s, kind) for s in sites for kind in range(1 + s % 3, 6)]
    areas = [f"C{area + 1}" for area in range(AREAS)]
    parts = [(area, f"{area}.{part + 1}") for area in areas for part in range(IN_AREA)]
    return {
        "program": {
            "program_id": [program_id(p) for p in programs],
            "name": [f"Synthetic program {p + 1}" for p in programs],
            "time_zone": first_site,
            "jurisdiction": ["Synthetic district"] * plan.programs,
            "blended_model": [_MODELS[p % len(_MODELS)] for p in programs],
            "extra": [_truth(plan, p) for p in programs],
        },
        "site": {
            "site_id": [site_id(plan, s) for s in sites],
            "program_id": [program_id(int(p)) for p in plan.program_of],
            "name": [f"Synthetic site {s + 1}" for s in sites],
            "time_zone": [z if z != first_site[p] else None for z, p in zip(plan.zones, plan.program_of, strict=True)],
        },
        "calendar_day": {
            "site_id": [site_id(plan, int(s)) for s, _ in shut],
            "date": [plan.start + dt.timedelta(days=int(day)) for _, day in shut],
            "open": [not plan.closed[s, day] for s, day in shut],
            "feed_up": [not plan.feed_down[s, day] for s, day in shut],
        },
        "framework": {
            "framework_id": ["synthetic-framework"],
            "title": ["Synthetic framework"],
            "publisher": ["Synthetic district"],
        },
        "proficiency_scale": {"scale_id": ["synthetic-levels"], "title": ["Synthetic levels"]},
        "proficiency_level": {
            "level_id": list(LEVELS),
            "scale_id": ["synthetic-levels"] * len(LEVELS),
            "rank": list(range(len(LEVELS))),
            "title": [level.capitalize() for level in LEVELS],
            "mastery": [False, False, True, True],
        },
        "competency": {
            "competency_id": areas + [name for _, name in parts],
            "title": [f"Synthetic area {area}" for area in areas] + [f"Synthetic competency {n}" for _, n in parts],
            "credit_value": [None] * AREAS + [0.25] * COMPETENCIES,
            "framework_id": ["synthetic-framework"] * (AREAS + COMPETENCIES),
            "scale_id": [None] * AREAS + ["synthetic-levels"] * COMPETENCIES,
            "parent_id": [None] * AREAS + [area for area, _ in parts],
        },
        "instrument": {
            "instrument_id": list(SURVEYS),
            "title": ["Synthetic survey of relationships", "Synthetic survey of engagement"],
            "kind": ["questionnaire"] * len(SURVEYS),
        },
        "staff_role": {
            "staff_role_id": [f"{site_id(plan, s)}-A{adult + 1}-1" for s, adult in staff],
            "site_id": [site_id(plan, s) for s, _ in staff],
            "adult_id": [f"{site_id(plan, s)}-A{adult + 1}" for s, adult in staff],
            "role": [ROLES[adult] for _, adult in staff],
            "fte": [0.5 if (s + adult) % 4 == 3 else 1.0 for s, adult in staff],
            "start_date": [plan.start - dt.timedelta(days=30 * (1 + adult)) for _, adult in staff],
            "credentialed": [ROLES[adult] in ("teacher", "counselor") for _, adult in staff],
        },
        "practice": {
            "practice_id": [f"{site_id(plan, s)}-{_PRACTICES[kind]}" for s, kind in practices],
            "site_id": [site_id(plan, s) for s, _ in practices],
            "kind": [_PRACTICES[kind] for _, kind in practices],
            "start_date": [plan.start - dt.timedelta(days=30 * kind) for _, kind in practices],
            "fidelity": [round(0.7 + 0.25 * float(plan.engagement[plan.program_of[s]]), 2) for s, _ in practices],
        },
    }


def program_id(program: int) -> str:
    """Return the identifier of a program by its number."""
    return f"P{program + 1}"


def site_id(plan: Plan, site: int) -> str:
    """Return the identifier of a site by its number."""
    return f"{program_id(int(plan.program_of[site]))}-S{site % plan.sites_per_program + 1}"


def competency_ids() -> list[str]:
    """Return the identifiers of the competencies that are taught."""
    return [f"C{area + 1}.{part + 1}" for area, part in _pairs(AREAS, IN_AREA)]


def _truth(plan: Plan, program: int) -> str:
    facts = {"truth:engagement": float(plan.engagement[program]), "truth:pace": float(plan.pace[program])}
    return json.dumps(facts, sort_keys=True)


def _pairs(first: int, second: int) -> list[tuple[int, int]]:
    return [(a, b) for a in range(first) for b in range(second)]


def _closures(start: dt.date, days: int) -> Flags:
    """Winter break, spring break and holidays."""
    closed = np.zeros(days, dtype=bool)
    for day in range(days):
        date = start + dt.timedelta(days=day)
        winter = (date.month == 12 and date.day >= 21) or (date.month == 1 and date.day <= 3)
        spring = date.month == 4 and 12 <= date.day <= 20
        closed[day] = winter or spring or (date.month, date.day) in _HOLIDAYS
    return closed


def _offsets(zone: str, start: dt.date, days: int) -> list[int]:
    info = ZoneInfo(zone)
    noons = (dt.datetime.combine(start + dt.timedelta(days=day), dt.time(12), tzinfo=info) for day in range(days))
    return [int((noon.utcoffset() or dt.timedelta()).total_seconds()) for noon in noons]
