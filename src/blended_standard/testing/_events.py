"""What synthetic learners did: sessions with acts, work, mastery decisions, contacts, outcomes; arrays, no loops."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from blended_standard.numeric.arguments import Floats, Integers
from blended_standard.testing import _course as course_of
from blended_standard.testing._course import Course, Learners
from blended_standard.testing._plan import COMPETENCIES, Draws, Flags, Plan
from blended_standard.testing._records import asks, evidence_mode

Columns = Mapping[str, Any]
VERBS = (
    "attempt", "submit", "respond", "annotate", "discuss", "tutor_turn",
    "login", "logout", "page_view", "video_play", "download", "heartbeat",
)  # fmt: skip
KINDS = ("assignment", "quiz", "exam", "performance", "attempt", "workplace", "discussion")
_PRODUCTIVE = (0.24, 0.09, 0.12, 0.03, 0.04, 0.05, 0.02, 0.02, 0.2, 0.07, 0.02, 0.1)
_PRESENT = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.15, 0.1, 0.3, 0.1, 0.05, 0.3)
_LOGIN, _DISCUSS, _ATTEMPT = VERBS.index("login"), KINDS.index("discussion"), KINDS.index("attempt")
_KIND_SHARES = (0.38, 0.27, 0.07, 0.1, 0.1, 0.03, 0.05)
_TWO_LEVELS = {"assignment": (2, 2), "quiz": (2, 2), "exam": (3, 3), "performance": (3, 4), "workplace": (3, 3)}
_LEVELS = np.array([_TWO_LEVELS.get(kind, (1, 1)) for kind in KINDS])
_WEEKDAYS = (0.19, 0.2, 0.19, 0.18, 0.13, 0.05, 0.06)  # from Monday
_ACCEPTED_FROM, _MASTERED_FROM, _BEGUN_FROM, _ADVANCED_FROM = 0.6, 0.7, 0.66, 0.9
_HARDER = 0.03  # competencies differ in how much they ask for
_HOUR, _DAY = 3600, 86_400


def activity(plan: Plan, draws: Draws, course: Course, learners: Learners) -> Columns:
    """Return acts in sessions; a silent week can hold logins and heartbeats, and no learning."""
    engagement = learners.engagement[course.learner][course.cell_episode]
    often = np.where(course.cell_active, 1.1 * np.exp(0.3 * np.clip(engagement, -2.0, 2.0)), 0.35)
    number = draws.stream("sessions").poisson(often) + course.cell_active
    cell = np.repeat(np.arange(len(number)), np.where(course.cell_paused, 0, number))
    day = course.cell_week[cell] * 7 + _weekday(plan, draws.stream("session day").random(len(cell)))
    begins = _start_of_day(draws.stream("session start").random(len(cell)))
    learning = course.cell_active[cell] & (draws.stream("session kind").random(len(cell)) < 0.88)
    length = draws.stream("acts").geometric(np.where(learning, 0.2, 0.5)) + learning
    session = np.repeat(np.arange(len(cell)), length)
    first = np.zeros(len(session), dtype=bool)
    first[(np.cumsum(length) - length)[: len(length)]] = True
    elapsed = _within(draws.stream("gaps").exponential(130.0, len(session)), first)
    verb = _verbs(draws.stream("verb").random(len(session)), learning[session], first)
    episode = course.cell_episode[cell][session]
    second = np.minimum(begins[session] + elapsed.astype(np.int64), _DAY - 1)
    kept = _recorded(plan, course, episode, day[session])
    return {
        "episode": episode[kept],
        "at": _instant(plan, course, episode, day[session], second)[kept],
        "verb": verb[kept],
        "object": (session[kept] * 7919) % COMPETENCIES,
        "source": learning[session[kept]].astype(np.int64),
    }


def evidence(plan: Plan, draws: Draws, course: Course, learners: Learners) -> Columns:
    """Return work, each piece scored; work that was not accepted may be done again on the same form."""
    work = _first_tries(plan, draws, course, learners)
    number = len(work["episode"])
    again = ~work["accepted"] & (draws.stream("again").random(number) < 0.6)
    later = {name: values[again] for name, values in work.items()}
    later["day"] = later["day"] + 2 + (draws.stream("again day").random(number)[again] * 9).astype(np.int64)
    gain = draws.stream("again gain").beta(2.0, 4.0, number)[again]
    later["score"] = np.round(later["score"] + (1 - later["score"]) * gain, 2)
    later["accepted"] = later["score"] >= _ACCEPTED_FROM
    both = {name: np.concatenate([values, later[name]]) for name, values in work.items()}
    kept = _recorded(plan, course, both["episode"], both["day"])
    made = {name: values[kept] for name, values in both.items()}
    order = np.lexsort((made["day"], made["episode"]))
    made = {name: values[order] for name, values in made.items()}
    made["mode"] = evidence_mode(draws, made["kind"])
    return {**made, "at": _instant(plan, course, made["episode"], made["day"], made["second"])}


def _first_tries(plan: Plan, draws: Draws, course: Course, learners: Learners) -> dict[str, Any]:
    per_week = 1.25 * plan.pace[plan.program_of[course.site]][course.cell_episode]
    number = np.where(course.cell_active, draws.stream("work").poisson(per_week), 0)
    cell = np.repeat(np.arange(len(number)), number)
    episode = course.cell_episode[cell]
    learner = course.learner[episode]
    before = np.searchsorted(learner, learner, side="left")
    kind = np.searchsorted(np.cumsum(_KIND_SHARES)[:-1], draws.stream("kind").random(len(cell)), side="right")
    grown = 0.02 * (course.cell_week[cell] - learners.entry_week[learner])
    noise = draws.stream("score").normal(0.0, 0.8, len(cell))
    score = np.round(1 / (1 + np.exp(-(0.9 + 0.6 * learners.ability[learner] + grown + noise))), 2)
    return {
        "episode": episode,
        "day": course.cell_week[cell] * 7 + _weekday(plan, draws.stream("work day").random(len(cell))),
        "second": _start_of_day(draws.stream("work time").random(len(cell))) + _HOUR,
        "competency": ((np.arange(len(cell)) - before) // 3) % COMPETENCIES,
        "kind": kind,
        "level": _LEVELS[kind, (draws.stream("level").random(len(cell)) < 0.25).astype(np.int64)],
        "score": score,
        "accepted": score >= _ACCEPTED_FROM,
        "due_in": (draws.stream("due").random(len(cell)) * 6).astype(np.int64),
        "form": (draws.stream("form").random(len(cell)) * 3).astype(np.int64),
    }


def mastery(draws: Draws, course: Course, work: Columns) -> Columns:
    """Return one decision for each competency that an episode shows accepted work of level 2 or above on."""
    enough = work["accepted"] & (work["level"] >= 2)
    groups = work["episode"][enough] * COMPETENCIES + work["competency"][enough]
    shown, group = np.unique(groups, return_inverse=True)
    best, level, day = np.zeros(len(shown)), np.zeros(len(shown), dtype=np.int64), np.zeros(len(shown), dtype=np.int64)
    np.maximum.at(best, group, work["score"][enough])
    np.maximum.at(level, group, work["level"][enough])
    np.maximum.at(day, group, work["day"][enough])
    episode = shown // COMPETENCIES
    mastered = best >= _MASTERED_FROM + _HARDER * (shown % COMPETENCIES * 5 % 7 % 5)
    waits = (draws.stream("decision wait").random(len(shown)) * 4).astype(np.int64)
    return {
        "episode": episode,
        "competency": shown % COMPETENCIES,
        "day": np.minimum(day + waits, course.last[episode]),
        "mastered": mastered,
        "standing": mastered + (best >= _BEGUN_FROM) + (best >= _ADVANCED_FROM) * mastered,
        "level": level,
        "level_known": draws.stream("level known").random(len(shown)) >= 0.04,
        "prior": draws.stream("prior").random(len(shown)) < 0.02,
        "revoked": mastered & (draws.stream("revoked").random(len(shown)) < 0.015),
    }


def contact(plan: Plan, draws: Draws, course: Course, learners: Learners) -> Columns:
    """Return contacts: an adult's messages, the learner's answers, meetings, and reminders sent by a machine."""
    n = len(course.cell_episode)
    program = plan.program_of[course.site][course.cell_episode]
    engagement = learners.engagement[course.learner][course.cell_episode] + plan.engagement[program]
    writes = draws.stream("adult writes").random(n) < 0.62 + 0.3 * plan.engagement[program]
    answer = 1 / (1 + np.exp(-(0.3 + 0.6 * engagement + np.where(course.cell_active, 0.5, -1.0))))
    answers = writes & (draws.stream("learner answers").random(n) < answer)
    meets = course.cell_active & (draws.stream("meeting").random(n) < 0.33 + 0.15 * plan.engagement[program])
    reminded = draws.stream("reminder").random(n) < 0.3
    happens = np.stack([writes, answers, meets, reminded], axis=1) & ~course.cell_paused[:, None]
    cell, kind = np.nonzero(happens)
    sent = _weekday(plan, draws.stream("contact day").random(n))
    wait = np.where(kind == 1, (draws.stream("answer wait").random(len(cell)) ** 2 * 6).astype(np.int64), 0)
    day = course.cell_week[cell] * 7 + sent[cell] + wait
    later = np.where(kind == 1, 2 * _HOUR, 0)
    second = 9 * _HOUR + (draws.stream("contact time").random(n) * 8 * _HOUR).astype(np.int64)[cell] + later
    episode = course.cell_episode[cell]
    kept = (day >= course.entry[episode]) & (day <= course.last[episode])
    kept &= ~plan.closed[course.site[episode], np.minimum(day, plan.days - 1)]
    topic = (draws.stream("topic").random(len(cell)) ** 1.5 * 6).astype(np.int64)
    made = {
        "episode": episode,
        "at": _instant(plan, course, episode, day, second),
        "kind": kind,
        "adult": course.learner[episode] % 7,
        "topic": np.where(kind == 3, 4, topic),
        "channel": (draws.stream("channel").random(len(cell)) * 6).astype(np.int64),
        "asks": asks(draws, kind),
    }
    return {name: values[kept] for name, values in made.items()}


SCORE_WEEKS = (12, 24, 36, 48)
KINDS_OF_OUTCOME = (
    "diploma", "program_completion", "credential", "equivalency", "assessment_score", "course_score",
)  # fmt: skip


def outcome(plan: Plan, draws: Draws, course: Course, learners: Learners) -> Columns:
    """Return what came of each episode: a document on completion, scores every twelve weeks of the stay."""
    by_exit = {course_of.DIPLOMA: (0,), course_of.PROGRAM: (1, 2), course_of.EQUIVALENCY: (3,)}
    documents = [
        (episodes, np.full(len(episodes), kind), course.last[episodes], np.full(len(episodes), np.nan))
        for code, kinds in by_exit.items()
        for episodes in [np.flatnonzero(course.ended == code)]
        for kind in kinds
    ]
    scores = [_scores(plan, draws, course, learners, weeks, kind) for weeks in SCORE_WEEKS for kind in (4, 5)]
    parts = [np.concatenate(column) for column in zip(*documents, *scores, strict=True)]
    order = np.lexsort((parts[2], parts[1], parts[0]))
    return {name: part[order] for name, part in zip(("episode", "kind", "day", "value"), parts, strict=True)}


def baseline(draws: Draws, course: Course, learners: Learners) -> Floats:
    """Return the score on the entry assessment, one an episode."""
    noise = draws.stream("baseline").normal(0.0, 4.0, len(course.learner))
    return np.round(200 + 10 * learners.ability[course.learner] + noise, 1)


def _scores(
    plan: Plan, draws: Draws, course: Course, learners: Learners, weeks: int, kind: int
) -> tuple[Integers, Integers, Integers, Floats]:
    """Return the scores of those who were there after `weeks` weeks; work done makes them higher."""
    noise = draws.stream(f"score {kind} {weeks}").normal(0.0, 1.0, len(course.learner))
    sat = draws.stream(f"sat {kind} {weeks}").random(len(course.learner)) < 0.85
    day = course.entry + 7 * weeks
    acted = course.cell_active & (course.cell_week < (day // 7)[course.cell_episode])
    done = np.bincount(course.cell_episode[acted], minlength=len(course.learner))
    work = done * plan.pace[plan.program_of[course.site]]
    ability = learners.ability[course.learner]
    scale = 200 + 10 * ability + 0.25 * work + 4 * noise
    percent = np.clip(62 + 9 * ability + 0.3 * work + 8 * noise, 0, 100)
    there = np.flatnonzero((day <= course.last) & sat)
    value = np.round(scale if kind == 4 else percent, 1)[there]
    return there, np.full(len(there), kind), day[there], value


def _weekday(plan: Plan, chance: Floats) -> Integers:
    """Return days after the first weekday of the plan, with few at weekends."""
    shares = np.roll(_WEEKDAYS, -plan.start.weekday())
    return np.searchsorted(np.cumsum(shares)[:-1], chance, side="right").astype(np.int64)


def _start_of_day(chance: Floats) -> Integers:
    """Return seconds after midnight: half in the morning at the site, half in the evening."""
    early = 8 * _HOUR + chance * 2 * 5 * _HOUR
    late = 17 * _HOUR + (chance - 0.5) * 2 * 5 * _HOUR
    return np.where(chance < 0.5, early, late).astype(np.int64)


def _within(gaps: Floats, first: Flags) -> Floats:
    """Return the time since the first of each run."""
    passed = np.cumsum(np.where(first, 0.0, gaps))
    run = np.cumsum(first) - 1
    return np.asarray(passed - passed[first][run], dtype=np.float64)


def _verbs(chance: Floats, learning: Flags, first: Flags) -> Integers:
    productive = np.searchsorted(np.cumsum(_PRODUCTIVE)[:-1], chance, side="right")
    present = np.searchsorted(np.cumsum(_PRESENT)[:-1], chance, side="right")
    return np.where(first, _LOGIN, np.where(learning, productive, present)).astype(np.int64)


def _recorded(plan: Plan, course: Course, episode: Integers, day: Integers) -> Flags:
    """Say what lies inside its episode and on a day that is recorded."""
    inside = (day >= course.entry[episode]) & (day <= course.last[episode])
    return np.asarray(inside & ~plan.shut[course.site[episode], np.minimum(day, plan.days - 1)])


def _instant(plan: Plan, course: Course, episode: Integers, day: Integers, second: Integers) -> Integers:
    """Return UTC seconds of a local time of day."""
    offset = plan.offset[course.site[episode], np.minimum(day, plan.days - 1)]
    return (plan.first_day + day) * _DAY + second - offset
