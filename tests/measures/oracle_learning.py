"""Units of the measures of rhythm, gaps, surveys and contacts in plain Python, from their definitions, act by act."""

from __future__ import annotations

import datetime as dt
import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from itertools import combinations, groupby, pairwise
from typing import Any

from tests.measures.oracle import QUALIFYING
from tests.measures.oracle_units import DAY, Row, Unit, World, cohort

Hours = set[tuple[dt.date, int]]
SHARES: dict[str, Callable[[World], Iterator[Unit]]] = {}
MEANS: dict[str, Callable[[World], Iterator[Unit]]] = {}
ELEMENTS = ("express_care", "challenge_growth", "provide_support", "share_power", "expand_possibilities")
AS_OF_COHORT = 2025
"""The latest cohort whose summer is over at the as-of date of the district."""


def of(table: dict[str, Any], measure: str) -> Callable[[Any], Any]:
    def bind(function: Any) -> Any:
        table[measure] = function
        return function

    return bind


def moments(world: World, episode: Row) -> list[dt.datetime]:
    """Instants of qualifying acts inside the episode, each once, in order."""
    acts = (row for row in world.rows_of("activity", episode) if row["verb"] in QUALIFYING and world.local(row))
    return sorted({row["at"] for row in acts})


def hours(world: World, episode: Row) -> Hours:
    """Local days and hours in which the learner learned."""
    zone = world.zone[episode["site_id"]]
    work = (
        row for row in world.rows_of("evidence", episode) if (row["level"] or 0) >= 1 and row["kind"] != "carried_over"
    )
    acts = (row for row in world.rows_of("activity", episode) if row["verb"] in QUALIFYING)
    return {(day, row["at"].astimezone(zone).hour) for row in (*acts, *work) if (day := world.local(row))}


def sessions(at: list[dt.datetime], idle: int = 30) -> list[list[dt.datetime]]:
    found: list[list[dt.datetime]] = []
    for moment in at:
        if found and moment - found[-1][-1] <= dt.timedelta(minutes=idle):
            found[-1].append(moment)
        else:
            found.append([moment])
    return found


def length(session: list[dt.datetime]) -> float:
    return (session[-1] - session[0]).total_seconds() / 60


def on_task(at: list[dt.datetime], idle: int, rule: str) -> float:
    parts = sessions(at, idle)
    tails = {
        "drop": 0.0,
        "cap": float(idle * (len(parts) - 1)),
        "mean": sum(length(part) / (len(part) - 1) for part in parts if len(part) > 1),
    }
    return sum(map(length, parts)) + tails[rule]


@of(MEANS, "ENG-03")
def minutes(world: World, idle: int = 30, rule: str = "drop") -> Iterator[Unit]:
    for episode in world.episodes:
        if len(at := moments(world, episode)) >= 2:
            yield world.unit(episode, on_task(at, idle, rule))


def weeks_of(world: World, episode: Row) -> list[Counter[int]]:
    """Active hours by weekday of each observable week."""
    found = {monday: Counter[int]() for monday in world.observable_weeks(episode)}
    for day, _ in hours(world, episode):
        if (monday := day - day.weekday() * DAY) in found:
            found[monday][day.weekday()] += 1
    return list(found.values())


def similarity(world: World, alike: Callable[[Counter[int], Counter[int]], float], *, skip: bool) -> Iterator[Unit]:
    for episode in world.episodes:
        weeks = weeks_of(world, episode)
        if sum(map(bool, weeks)) >= 3:
            pairs = list(combinations([week for week in weeks if week or not skip], 2))
            yield world.unit(episode, statistics.fmean(alike(a, b) if a and b else 0.0 for a, b in pairs))


@of(MEANS, "ENG-04")
def same_days(world: World) -> Iterator[Unit]:
    yield from similarity(world, lambda a, b: len(a.keys() & b.keys()) / max(len(a), len(b)), skip=False)


@of(MEANS, "ENG-05")
def same_shape(world: World) -> Iterator[Unit]:
    def alike(a: Counter[int], b: Counter[int]) -> float:
        far = 0.0
        for day in range(7):
            p, q = a[day] / a.total(), b[day] / b.total()
            far += sum(x * math.log2(2 * x / (p + q)) / 2 for x in (p, q) if x)
        return 1 - far

    yield from similarity(world, alike, skip=True)


@of(MEANS, "ENG-06")
def same_amount(world: World) -> Iterator[Unit]:
    def alike(a: Counter[int], b: Counter[int]) -> float:
        days = +a | +b
        return 1 - sum(((a[day] - b[day]) / (a[day] + b[day])) ** 2 for day in days) / len(days)

    yield from similarity(world, alike, skip=False)


def with_days(world: World) -> Iterator[tuple[Row, Hours, set[dt.date]]]:
    for episode in world.episodes:
        found = hours(world, episode)
        if len(days := {day for day, _ in found}) >= 3:
            yield episode, found, days


def entropy(counts: Counter[int]) -> float:
    return -sum(n / counts.total() * math.log2(n / counts.total()) for n in counts.values())


@of(MEANS, "ENG-07")
def peak(world: World) -> Iterator[Unit]:
    for episode, found, _ in with_days(world):
        counts = Counter(hour for _, hour in found)
        yield world.unit(episode, (math.log2(24) - entropy(counts)) * max(counts.values()))


@of(MEANS, "ENG-08")
def weekly_rhythm(world: World) -> Iterator[Unit]:
    for episode, _, days in with_days(world):
        turns = [2 * math.pi * day.weekday() / 7 for day in days]
        yield world.unit(episode, math.hypot(sum(map(math.cos, turns)), sum(map(math.sin, turns))) / len(days))


@of(MEANS, "ENG-10")
def evenness(world: World) -> Iterator[Unit]:
    for episode in world.episodes:
        weeks = world.observable_weeks(episode)
        zone = world.zone[episode["site_id"]]
        starts = (part[0].astimezone(zone).date() for part in sessions(moments(world, episode)))
        mondays = (day - day.weekday() * DAY for day in starts)
        counts = Counter(monday.toordinal() for monday in mondays if monday in weeks)
        if len(weeks) >= 4 and counts:
            yield world.unit(episode, entropy(counts) / math.log2(len(weeks)))


def asked(world: World, episode: Row) -> list[Row]:
    rows = world.rows_of("survey_response", episode)
    inside = (row for row in rows if episode["entry_date"] <= row["date"] <= world.last(episode))
    return [row for row in inside if row["respondent"] == "learner"]


def latest(rows: list[Row]) -> list[Row]:
    last = max((row["date"] for row in rows), default=None)
    return [row for row in rows if row["date"] == last and row["status"] == "answered" and row["score"] is not None]


@of(MEANS, "ENG-15")
def engagement(world: World) -> Iterator[Unit]:
    for episode in world.episodes:
        rows = latest([row for row in asked(world, episode) if row["subscale"] not in ELEMENTS])
        answered, items = (sum(row[f"items_{name}"] for row in rows) for name in ("answered", "asked"))
        if rows and answered / items >= 0.8:
            yield world.unit(episode, sum(row["score"] * row["items_answered"] for row in rows) / answered)


@of(MEANS, "REL-03")
def elements(world: World) -> Iterator[Unit]:
    for episode in world.episodes:
        rows = latest([row for row in asked(world, episode) if row["subscale"] in ELEMENTS])
        kept = {row["subscale"]: row["score"] for row in rows if row["items_answered"] / row["items_asked"] >= 0.75}
        if len(kept) == 5:
            yield world.unit(episode, 100 * statistics.fmean(kept.values()))


def named(world: World, episode: Row, side: str) -> list[Row]:
    rows = world.rows_of("relationship", episode)
    inside = (row for row in rows if episode["entry_date"] <= row["date"] <= world.last(episode))
    return [row for row in inside if row["named_by"] == side and row["relies_on"] is not False]


def answered(world: World, episode: Row) -> bool:
    told = any(row["status"] == "answered" for row in asked(world, episode))
    return told or bool(named(world, episode, "learner"))


@of(MEANS, "REL-04")
def kinds(world: World) -> Iterator[Unit]:
    for episode in world.episodes:
        if answered(world, episode):
            yield world.unit(episode, len({row["source_type"] for row in named(world, episode, "learner")}))


@of(SHARES, "REL-01")
def caring(world: World) -> Iterator[Unit]:
    for episode in world.episodes:
        last = world.last(episode)
        if (last - episode["entry_date"]).days + 1 < 28:
            continue
        mine = any(row["source_type"] == "program_adult" for row in named(world, episode, "learner"))
        theirs = bool(named(world, episode, "adult"))
        meetings = [
            day
            for row in world.rows_of("contact", episode)
            if row["direction"] == "both" and not row["automated"] and (day := world.local(row))
        ]
        recent = sum((last - day).days < 28 for day in meetings)
        yield world.unit(episode, float(mine and (theirs or recent >= 2)))


@of(SHARES, "EQ-03")
def ready(world: World) -> Iterator[Unit]:
    learners = {row["learner_id"]: row for row in world.t["learner"]}
    for learner, program in {(e["learner_id"], world.program[e["site_id"]]) for e in world.episodes}:
        parts = [learners[learner][name] for name in ("has_device", "has_connection", "has_contact_details")]
        yield learner, program, float(all(part is True for part in parts)), 1


@of(SHARES, "OUT-02C")
def combined(world: World) -> Iterator[Unit]:
    end = dt.date(AS_OF_COHORT, 8, 31)
    yield from cohort(world, AS_OF_COHORT, end)
    before = dt.date(AS_OF_COHORT - 1, 8, 31)
    for row in world.t["cohort_member"]:
        fifth = row["diploma_date"] and before < row["diploma_date"] <= end
        if row["cohort_year"] == AS_OF_COHORT - 1 and fifth and not (row["removal"] and row["removal_documented"]):
            yield row["learner_id"], row["program_id"], 1.0, 1


@of(SHARES, "OUT-14")
def stayed(world: World) -> Iterator[Unit]:
    for episode in world.episodes:
        day = world.graduation(episode)
        if not day or day + 730 * DAY > world.as_of:
            continue
        studies = world.studies(episode)
        if any(row["start_date"] <= day + 365 * DAY for row in studies):
            second = [
                row
                for row in studies
                if row["start_date"] <= day + 730 * DAY
                and (row["end_date"] is None or row["end_date"] > day + 365 * DAY or row["completed"])
            ]
            yield world.unit(episode, float(bool(second)))


def spells(world: World, episode: Row) -> tuple[int, list[tuple[int, bool]]]:
    """Observable days, and the length of each run without learning, with whether learning ended it."""
    learned = {day for day, _ in hours(world, episode)}
    site, last = episode["site_id"], world.last(episode)
    blocked = {
        row["date"]
        for row in world.t["calendar_day"]
        if row["site_id"] == site and not (row["open"] and row["feed_up"])
    }
    for pause in world.rows_of("pause", episode):
        span = (pause["end_date"] - pause["start_date"]).days + 1
        blocked |= {pause["start_date"] + i * DAY for i in range(span)}
    days = [episode["entry_date"] + i * DAY for i in range((last - episode["entry_date"]).days + 1)]
    seen = [day for day in days if day in learned or day not in blocked]
    found = [(idle, len(list(run))) for idle, run in groupby(seen, key=lambda day: day not in learned)]
    ended = [after is not None for (_, _), after in zip(found, [*found[1:], None], strict=True)]
    runs = [(size, done) for (idle, size), done in zip(found, ended, strict=True) if idle]
    return sum(day not in blocked for day in days), runs


@of(SHARES, "ENG-11")
def inactive(world: World) -> Iterator[Unit]:
    for episode in world.episodes:
        observable, runs = spells(world, episode)
        if observable >= 28:
            yield world.unit(episode, sum(size for size, _ in runs if size >= 14), observable)


def returns(world: World, program: str) -> Iterator[tuple[int, int]]:
    """Observable days from the fourteenth of each spell, and its end: 1 return, 2 withdrawal, 0 unknown (ENG-12)."""
    for episode in world.episodes:
        if world.program[episode["site_id"]] == program:
            _, runs = spells(world, episode)
            gone = world.exit(episode) and world.reason(episode) in ("withdrawn", "dropped_out", None)
            for size, back in runs:
                if size >= 14:
                    yield size - 14, 1 if back else 2 if gone else 0


def persistence(world: World, program: str) -> Iterator[tuple[int, int]]:
    """Days from entry to loss (1) or to the last day known (0) of each episode (ENG-13)."""
    for episode in world.episodes:
        reason, entry, last = world.reason(episode), episode["entry_date"], world.last(episode)
        if world.program[episode["site_id"]] != program or reason in ("deceased", "moved_away"):
            continue
        silent = max((day for day, _ in hours(world, episode)), default=entry) + 28 * DAY
        finished = reason in ("completed_diploma", "completed_program", "completed_equivalency")
        stayed = finished or reason == "finished_not_passed" or (reason == "transfer" and episode["exit_documented"])
        if silent < last and not finished:
            yield (silent - entry).days, 1
        elif finished:
            yield (world.as_of - entry).days, 0
        else:
            yield (last - entry).days, int(world.exit(episode) is not None and not stayed)


def equivalency(world: World, program: str) -> Iterator[tuple[int, int]]:
    """Days and end of each episode: 1 an equivalency, 2 any other end, 0 open (OUT-05)."""
    for episode in world.episodes:
        days = [
            row["date"]
            for row in world.rows_of("outcome", episode)
            if row["kind"] == "equivalency" and row["achieved"] and row["date"] <= world.as_of
        ]
        end = world.exit(episode)
        if end and episode["exit_reason"] == "completed_equivalency":
            days.append(end)
        if world.program[episode["site_id"]] == program and (days or world.reason(episode) != "moved_away"):
            last = min(days, default=world.last(episode))
            yield max((last - episode["entry_date"]).days, 0), 1 if days else 2 if end else 0


def gaps(world: World, program: str) -> Iterator[int]:
    """Median hours between the starts of sessions of each episode, in ten-thousandths (ENG-09)."""
    for episode in world.episodes:
        starts = [part[0] for part in sessions(moments(world, episode))]
        if world.program[episode["site_id"]] == program and len(starts) >= 3:
            apart = [(b - a).total_seconds() / 3600 for a, b in pairwise(starts)]
            yield math.floor(statistics.median(apart) * 10_000 + 0.5)


def answers(world: World, program: str) -> Iterator[tuple[int, int]]:
    """Minutes of open days from each request to a person's next turn (1), or to the end (0) (REL-05)."""
    for episode in world.episodes:
        if world.program[episode["site_id"]] != program:
            continue
        zone, site = world.zone[episode["site_id"]], episode["site_id"]
        closed = {
            row["date"]
            for row in world.t["calendar_day"]
            if row["site_id"] == site and not (row["open"] and row["feed_up"])
        }
        turns = [
            (row["at"].astimezone(zone).replace(tzinfo=None), row)
            for row in world.rows_of("contact", episode)
            if world.local(row) and not row["automated"]
        ]
        end = dt.datetime.combine(world.last(episode) + DAY, dt.time())
        for at, row in turns:
            if row["direction"] == "learner_to_adult" and row["asks_for_help"]:
                later = [moment for moment, turn in turns if turn["direction"] != "learner_to_adult" and moment > at]
                stop = min(later, default=end)
                yield open_minutes(at, stop, closed), int(bool(later))


def open_minutes(start: dt.datetime, stop: dt.datetime, closed: set[dt.date]) -> int:
    seconds, moment = 0.0, start
    while moment < stop:
        midnight = min(dt.datetime.combine(moment.date() + DAY, dt.time()), stop)
        seconds += 0 if moment.date() in closed else (midnight - moment).total_seconds()
        moment = midnight
    return math.floor(seconds / 60)


def continuity(world: World, program: str) -> Iterator[int]:
    """Share of later weeks with the primary adult of the first four, in ten-thousandths (REL-06)."""
    for episode in world.episodes:
        if world.program[episode["site_id"]] != program:
            continue
        seen, entry = world.observable_weeks(episode), episode["entry_date"]
        opening = entry - entry.weekday() * DAY + (28 if entry.weekday() < 4 else 35) * DAY
        held: dict[dt.date, Counter[str]] = defaultdict(Counter)
        early: Counter[str] = Counter()
        last: dict[str, dt.datetime] = {}
        for row in sorted(world.rows_of("contact", episode), key=lambda row: row["at"]):
            day = world.local(row)
            if not day or not row["adult_id"] or row["automated"] or day - day.weekday() * DAY not in seen:
                continue
            if day < opening:
                early[row["adult_id"]] += 1
                last[row["adult_id"]] = row["at"]
            else:
                held[day - day.weekday() * DAY][row["adult_id"]] += 1
        if early and held:
            primary = max(early, key=lambda adult: (early[adult], last[adult]))
            same = sum(week[primary] == max(week.values()) for week in held.values())
            yield math.floor(same / len(held) * 10_000 + 0.5)


def mastery_times(world: World, program: str) -> Iterator[tuple[int, int]]:
    """Observable days from the first work on a competency to its mastery (1), the exit (2) or the end (0) (CMP-04)."""
    return ((kept, end) for _, kept, end in mastery_spans(world, program))


def mastery_spans(world: World, program: str) -> Iterator[tuple[int, int, int]]:
    """All days from the first work on a competency, those of them that are observable, and how the span ends."""
    for episode in world.episodes:
        if world.program[episode["site_id"]] != program:
            continue
        begun: dict[str, dt.date] = {}
        for row in world.rows_of("evidence", episode):
            day = world.local(row)
            if day and row["competency_id"] and row["kind"] != "carried_over":
                begun[row["competency_id"]] = min(day, begun.get(row["competency_id"], day))
        seen, done = world.observable_weeks(episode, 1), world.mastery(episode)
        for competency, start in begun.items():
            mastered = done.get(competency)
            stop = max(mastered or world.last(episode), start)
            days = [start + i * DAY for i in range(1, (stop - start).days + 1)]
            kept = sum(day - day.weekday() * DAY in seen for day in days)
            yield len(days), kept, 1 if mastered else 2 if world.exit(episode) else 0
