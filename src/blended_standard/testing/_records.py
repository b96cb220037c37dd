"""What else is on file of synthetic learners: plans, made, surveys, needs, follow-ups; arrays, one draw a purpose.

Each function returns columns of numbers; `_files` puts names and codes to them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from blended_standard.numeric.arguments import Floats, Integers
from blended_standard.testing import _course as course_of
from blended_standard.testing._course import Course, Learners
from blended_standard.testing._plan import COMPETENCIES, Draws, Flags, Plan

Columns = Mapping[str, Any]
ELEMENTS = 5
_WAVES = (8, 26, 52)
_QUARTERS = 4
_SITE_DAYS = (1, 3)
_NEED_WAIT, _SERVED = 45, 0.72


def plans(plan: Plan, draws: Draws, course: Course, learners: Learners) -> Columns:
    """Return the versions of plans: nine in ten episodes have one, a quarter of the longer ones a second."""
    n = len(course.learner)
    made = course.entry + (draws.stream("plan day").random(n) * 10).astype(np.int64)
    behind = (learners.credits_expected - learners.credits_at_entry)[course.learner]
    length = 7 * np.round(14 + 1.6 * behind + 6 * draws.stream("plan weeks").random(n)).astype(np.int64)
    again = made + 50 + (draws.stream("plan again").random(n) * 70).astype(np.int64)
    has = (draws.stream("has plan").random(n) < 0.92) & (made <= course.last)
    second = has & (draws.stream("second plan").random(n) < 0.25) & (again <= course.last)
    episode = np.repeat(np.arange(n), has.astype(np.int64) + second)
    version = np.ones(len(episode), dtype=np.int64)
    version[1:] += episode[1:] == episode[:-1]
    day = np.where(version == 1, made[episode], again[episode])
    wide = np.clip(np.round(8 + 0.9 * behind + 3 * draws.stream("plan items").random(n)), 8, COMPETENCIES)
    return {
        "episode": episode,
        "version": version,
        "day": day,
        "end": day + length[episode] + 28 * (version - 1),
        "items": wide[episode].astype(np.int64),
    }


def plan_items(draws: Draws, made: Columns) -> Columns:
    """Return the competencies of each version, their dates evenly spread to the planned end."""
    row = np.repeat(np.arange(len(made["items"])), made["items"])
    first = np.cumsum(made["items"]) - made["items"]
    place = np.arange(len(row)) - first[row]
    share = (place + 1) / made["items"][row]
    span = (made["end"] - made["day"])[row]
    routes = 1 + (draws.stream("routes").random(len(row)) * 4).astype(np.int64)
    return {
        "plan": row,
        "competency": place,
        "day": made["day"][row] + (span * share).astype(np.int64),
        "set_by": np.searchsorted((0.35, 0.55, 0.9), draws.stream("set by").random(len(row)), side="right"),
        "routes": routes,
        "chosen": (routes > 1) & (draws.stream("route chosen").random(len(row)) < 0.7),
    }


def credits_of(draws: Draws, decisions: Columns, course: Course) -> Columns:
    """Return a quarter credit attempted for each decision on a competency, earned where it was mastered."""
    begun = decisions["day"] - 7 - (draws.stream("credit begun").random(len(decisions["day"])) * 40).astype(np.int64)
    return {
        "episode": decisions["episode"],
        "day": decisions["day"],
        "begun": np.maximum(begun, course.entry[decisions["episode"]]),
        "earned": np.where(decisions["mastered"] & ~decisions["revoked"], 0.25, 0.0),
        "prior": decisions["prior"],
    }


def indicators(draws: Draws, made: Columns) -> Columns:
    """Return indicators of progress: most credits earned are one, some are tests or readiness for work."""
    earned = np.flatnonzero(made["earned"] > 0)
    kept = earned[draws.stream("indicator").random(len(earned)) < 0.55]
    kind = np.searchsorted((0.6, 0.8, 0.92), draws.stream("indicator kind").random(len(kept)), side="right")
    return {"episode": made["episode"][kept], "day": made["day"][kept], "kind": kind}


def gains(draws: Draws, made: Columns, course: Course) -> Columns:
    """Return gains of skill: a transcript at every second credit, a diploma at the end, some tests of level."""
    total = np.cumsum(made["earned"])
    before = np.searchsorted(made["episode"], made["episode"], side="left")
    within = total - total[before] + made["earned"][before]
    reached = np.flatnonzero((made["earned"] > 0) & (within % 1.0 == 0))
    done = np.flatnonzero(np.isin(course.ended, (course_of.DIPLOMA, course_of.EQUIVALENCY)))
    some = np.flatnonzero(draws.stream("level gain").random(len(course.learner)) < 0.22)
    some = some[course.last[some] - course.entry[some] > 84]
    episode = np.concatenate([made["episode"][reached], done, some])
    kind = np.repeat([2, 1, 0], [len(reached), len(done), len(some)])
    day = np.concatenate([made["day"][reached], course.last[done], course.entry[some] + 84])
    order = np.lexsort((kind, day, episode))
    return {"episode": episode[order], "kind": kind[order], "day": day[order]}


def credentials(draws: Draws, course: Course) -> Columns:
    """Return one credential for each episode that ended with one."""
    kinds = {course_of.DIPLOMA: 0, course_of.EQUIVALENCY: 1, course_of.PROGRAM: 2}
    episode = np.flatnonzero(np.isin(course.ended, list(kinds)))
    kind = np.array([kinds.get(code, 0) for code in range(len(course_of.REASONS))])[course.ended[episode]]
    industry = draws.stream("industry").random(len(course.learner))[episode] < 0.5
    recognized = draws.stream("recognized").random(len(course.learner))[episode] < 0.9
    return {
        "episode": episode,
        "day": course.last[episode],
        "kind": np.where((kind == 2) & industry, 3, kind),
        "recognized": recognized | (kind < 2),
    }


def follow_ups(plan: Plan, draws: Draws, course: Course, learners: Learners) -> Columns:
    """Return the four quarters after each exit, as far as they are over; a few learners are lost for good."""
    n = len(course.learner)
    left = plan.first_day + course.last
    month = (np.datetime64("1970-01-01") + left.astype("timedelta64[D]")).astype("datetime64[M]").astype(np.int64)
    quarter = (month // 3)[:, None] + 1 + np.arange(_QUARTERS)
    begins = (quarter * 3).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    ends = ((quarter + 1) * 3).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    over = (ends <= plan.first_day + plan.days) & (course.ended != course_of.OPEN)[:, None]
    episode, place = np.nonzero(over)
    lost = draws.stream("lost").random(n) < 0.12
    completed = np.isin(course.ended, (course_of.DIPLOMA, course_of.PROGRAM, course_of.EQUIVALENCY))
    lift = 0.22 * completed + 0.05 * learners.ability[course.learner]
    works = draws.stream("works").random((n, _QUARTERS)) < np.clip(0.42 + lift, 0.02, 0.95)[:, None]
    studies = draws.stream("studies").random((n, _QUARTERS)) < np.clip(0.12 + lift, 0.02, 0.95)[:, None]
    found = (draws.stream("found").random((n, _QUARTERS)) < 0.8) | works
    wages = np.round(np.exp(draws.stream("wages").normal(8.55, 0.45, (n, _QUARTERS))), 0)
    status = np.select([(course.ended == course_of.DIED)[:, None] & found, lost[:, None], found], [3, 2, 0], 1)
    same = draws.stream("same employer").random(n) < 0.6
    at = (episode, place)
    return {
        "episode": episode,
        "begins": begins[at] - plan.first_day,
        "quarter": place,
        "status": status[at],
        "works": works[at],
        "studies": studies[at],
        "wages": wages[at],
        "employer": (course.learner[episode] * 31 + np.where(same[episode], 0, place)) % 97,
        "source": np.where(works[at], 0, np.where(studies[at], 3, 4)),
    }


def survey(draws: Draws, course: Course, learners: Learners, plan: Plan) -> Columns:
    """Return the waves of the questionnaires: five elements of relationships and one of engagement, on 0 to 1."""
    n = len(course.learner)
    there = np.stack([course.entry + 7 * weeks <= course.last for weeks in _WAVES], axis=1)
    status = np.searchsorted((0.74, 0.82), draws.stream("answers survey").random((n, len(_WAVES))), side="right")
    warmth = 0.5 * learners.engagement + 0.3 * plan.engagement[learners.program]
    noise = draws.stream("survey score").normal(0.0, 0.5, (n, len(_WAVES), ELEMENTS + 1))
    score = 1 / (1 + np.exp(-(0.5 + warmth[course.learner][:, None, None] + noise)))
    few = draws.stream("items left").random((n, len(_WAVES))) < 0.1
    episode, wave, part = np.nonzero(np.broadcast_to(there[:, :, None], (n, len(_WAVES), ELEMENTS + 1)))
    answered = status[episode, wave] == 0
    return {
        "episode": episode,
        "wave": wave,
        "part": part,
        "day": course.entry[episode] + 7 * np.array(_WAVES)[wave],
        "status": status[episode, wave],
        "answered": answered,
        "items": np.where(few[episode, wave], 3, 4),
        "score": np.round(score[episode, wave, part], 3),
    }


def relationships(draws: Draws, asked: Columns, learners: Learners, course: Course, plan: Plan) -> Columns:
    """Return whom learners who answered can rely on, and which of these learners an adult of the program names."""
    waves = np.flatnonzero(asked["answered"] & (asked["part"] == 0))
    episode = asked["episode"][waves]
    bond = learners.engagement[course.learner][episode] + plan.engagement[plan.program_of[course.site[episode]]]
    chance = 1 / (1 + np.exp(-(np.array([1.0, 0.9, -0.6, 0.5, -1.4]) + 0.6 * bond[:, None])))
    by_learner = draws.stream("names").random((len(waves), 5)) < chance
    by_adult = draws.stream("named").random(len(waves)) < 1 / (1 + np.exp(-(0.7 + 0.8 * bond)))
    named = np.column_stack([by_learner, by_adult])
    row, who = np.nonzero(named)
    return {
        "episode": episode[row],
        "day": asked["day"][waves][row],
        "who": np.where(who == 5, 1, who),
        "by_adult": who == 5,
        "adult": course.learner[episode[row]] % 7,
    }


def needs(draws: Draws, course: Course, learners: Learners) -> Columns:
    """Return needs found in the first weeks, and when a service met them (-1 for never)."""
    n = len(course.learner)
    poor = learners.low_income[course.learner]
    number = draws.stream("needs").poisson(np.where(poor, 0.9, 0.45))
    episode = np.repeat(np.arange(n), number)
    day = course.entry[episode] + (draws.stream("need day").random(len(episode)) ** 2 * 90).astype(np.int64)
    wait = (draws.stream("service wait").random(len(episode)) ** 1.5 * _NEED_WAIT).astype(np.int64)
    served = draws.stream("served").random(len(episode)) < _SERVED
    kind = (draws.stream("need kind").random(len(episode)) ** 1.3 * 10).astype(np.int64)
    met = np.where(served & (day + wait <= course.last[episode]), day + wait, -1)
    kept = day <= course.last[episode]
    return {name: part[kept] for name, part in {"episode": episode, "day": day, "kind": kind, "met": met}.items()}


def opportunities(plan: Plan, draws: Draws, course: Course) -> Columns:
    """Return what was offered each enrolled week, live, in person or in the learner's own time, and whether taken."""
    n = len(course.cell_episode)
    offered = draws.stream("offered").random((n, 3)) < np.array([0.3, 0.35, 0.5])
    taken = draws.stream("taken").random((n, 3)) < np.where(course.cell_active, 0.9, 0.25)[:, None]
    cell, kind = np.nonzero(offered & ~course.cell_paused[:, None])
    episode = course.cell_episode[cell]
    day = course.cell_week[cell] * 7 + 2 * kind
    kept = (day >= course.entry[episode]) & (day <= course.last[episode]) & (day < plan.days)
    kept &= ~plan.closed[course.site[episode], np.minimum(day, plan.days - 1)]
    found = {"episode": episode, "day": day, "kind": kind, "taken": taken[cell, kind]}
    return {name: part[kept] for name, part in found.items()}


def attendance(plan: Plan, draws: Draws, course: Course) -> Columns:
    """Return two days on site a week, and whether learners came: those who work come more often, not always."""
    n = len(course.cell_episode)
    came = draws.stream("came").random((n, len(_SITE_DAYS))) < np.where(course.cell_active, 0.8, 0.5)[:, None]
    excused = draws.stream("excused").random((n, len(_SITE_DAYS))) < 0.3
    cell, place = np.nonzero(np.broadcast_to(~course.cell_paused[:, None], came.shape))
    episode = course.cell_episode[cell]
    day = course.cell_week[cell] * 7 + np.array(_SITE_DAYS)[place]
    kept = (day >= course.entry[episode]) & (day <= course.last[episode]) & (day < plan.days)
    kept &= ~plan.closed[course.site[episode], np.minimum(day, plan.days - 1)]
    status = np.where(came, 0, np.where(excused, 1, 2))[cell, place]
    return {"episode": episode[kept], "day": day[kept], "status": status[kept]}


def level_tests(draws: Draws, course: Course, learners: Learners) -> Columns:
    """Return entry tests of reading and mathematics, and a later one of those who stay twelve weeks."""
    n = len(course.learner)
    level = np.clip(np.round(3.4 + 1.1 * learners.ability[course.learner]), 1, 6).astype(np.int64)
    rises = draws.stream("level rises").random((n, 2)) < 0.38
    tested = np.stack([np.ones(n, dtype=bool), course.last - course.entry > 84], axis=1)
    tested[:, 1] &= draws.stream("tested again").random(n) < 0.8
    episode, subject, later = np.nonzero(np.broadcast_to(tested[:, None, :], (n, 2, 2)))
    gain = rises[episode, subject] & (later == 1)
    return {
        "episode": episode,
        "subject": subject,
        "later": later,
        "level": np.minimum(level[episode] + gain, 6),
        "day": course.entry[episode] + 84 * later,
    }


def cohort(plan: Plan, draws: Draws, course: Course, learners: Learners) -> Columns:
    """Return each learner's graduation cohort, four years after grade 9 began, and what became of them in it."""
    final = np.zeros(len(learners), dtype=np.int64)
    final[course.learner] = np.arange(len(course.learner))
    ended = course.ended[final]
    return {
        "year": grade9_year(plan, draws, learners) + 4,
        "program": learners.program,
        "removal": np.select([ended == course_of.TRANSFER, ended == course_of.DIED], [1, 2], 0),
        "graduated": np.where(ended == course_of.DIPLOMA, course.last[final], -1),
    }


def age_at_entry(draws: Draws, learners: Learners) -> Floats:
    """Return years of age at first entry."""
    return draws.stream("age").uniform(16.0, 21.0, len(learners))


def grade9_year(plan: Plan, draws: Draws, learners: Learners) -> Integers:
    """Return the calendar year in which learners first entered grade 9, at the age of fifteen."""
    entry = plan.first_day + learners.entry_week * 7
    year = 1970 + (entry - (age_at_entry(draws, learners) - 15) * 365.25) // 365.25
    return np.asarray(year, dtype=np.int64)


def enrolments(plan: Plan, draws: Draws, course: Course) -> Columns:
    """Return the college enrolment of some graduates in the months after."""
    n = len(course.learner)
    wait = 20 + (draws.stream("college wait").random(n) * 200).astype(np.int64)
    goes = (course.ended == course_of.DIPLOMA) & (draws.stream("college").random(n) < 0.42)
    episode = np.flatnonzero(goes & (course.last + wait < plan.days))
    remedial = draws.stream("remedial").random(n)[episode] < 0.3
    return {"episode": episode, "day": (course.last + wait)[episode], "remedial": remedial}


def referrals(draws: Draws, learners: Learners) -> Columns:
    """Return how long before entry each learner was reached and taken in; all of them were placed."""
    reached = 5 + (draws.stream("reached").random(len(learners)) ** 2 * 60).astype(np.int64)
    intake = (reached * draws.stream("intake").random(len(learners))).astype(np.int64)
    return {"entry": learners.entry_week * 7, "reached": reached, "intake": intake}


def evidence_mode(draws: Draws, kind: Integers) -> Integers:
    """Return how each piece of work was done: exams and workplace by their kind, the rest mostly in the own time."""
    drawn = np.searchsorted((0.22, 0.34, 0.9), draws.stream("mode").random(len(kind)), side="right")
    return np.select([kind == 5, kind == 2], [3, 0], np.where(drawn == 3, 4, drawn))


def asks(draws: Draws, kind: Integers) -> Flags:
    """Return which of the learners' messages ask for help."""
    flags: Flags = (kind == 1) & (draws.stream("asks").random(len(kind)) < 0.18)
    return flags
