"""Units of measures in plain Python, record by record, from the definitions: (learner, program, x, y) each.

`x` None is a unit that is not observed. Excluded units are left out.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from tests.measures.oracle import Oracle

Unit = tuple[str, str, float | None, float]
Row = dict[str, Any]
DAY = dt.timedelta(days=1)
UNITS: dict[str, Callable[[World], list[Unit]]] = {}


def of(*measures: str) -> Callable[[Callable[[World], Iterator[Unit]]], Callable[[World], Iterator[Unit]]]:
    def bind(function: Callable[[World], Iterator[Unit]]) -> Callable[[World], Iterator[Unit]]:
        for measure in measures:
            UNITS[measure] = lambda world: list(function(world))
        return function

    return bind


class World(Oracle):
    """The records of a district by episode."""

    def rows_of(self, table: str, episode: Row) -> list[Row]:
        if table not in self.indexed:
            found: dict[str, list[Row]] = defaultdict(list)
            for row in self.t[table]:
                found[row["episode_id"]].append(row)
            self.indexed[table] = found
        return self.indexed[table][episode["episode_id"]]

    @property
    def indexed(self) -> dict[str, dict[str, list[Row]]]:
        return self.__dict__.setdefault("_indexed", {})

    def unit(self, episode: Row, x: float | None, y: float = 1) -> Unit:
        return episode["learner_id"], self.program[episode["site_id"]], x, y

    def exit(self, episode: Row) -> dt.date | None:
        end = episode["exit_date"]
        return end if end is not None and end <= self.as_of else None

    def reason(self, episode: Row) -> str | None:
        return episode["exit_reason"] if self.exit(episode) else None

    def weeks(self, episode: Row) -> int:
        return len(self.observable_weeks(episode))

    def mastery(self, episode: Row) -> dict[str, dt.date | None]:
        """Competencies mastered at the end, with the first day in the program (None for prior learning alone)."""
        found: dict[str, list[Row]] = defaultdict(list)
        for row in self.rows_of("mastery_decision", episode):
            if row["date"] <= self.last(episode) and not row["revoked"]:
                found[row["competency_id"]].append(row)
        result: dict[str, dt.date | None] = {}
        for competency, rows in found.items():
            latest = max(row["date"] for row in rows)
            if any(row["mastered"] for row in rows if row["date"] == latest):
                mine = [row["date"] for row in rows if row["mastered"] and not row["prior_learning"]]
                result[competency] = min(mine, default=None)
        return result

    def plan(self, episode: Row, *, baseline: bool) -> tuple[list[Row], dt.date | None]:
        held = [p for p in self.rows_of("plan", episode) if p["made_date"] <= self.last(episode)]
        if not held:
            return [], None
        plan = next(p for p in held if p["baseline"]) if baseline else max(held, key=lambda p: int(p["version"]))
        return [item for item in self.t["plan_item"] if item["plan_id"] == plan["plan_id"]], plan["planned_end"]

    def credit_values(self) -> dict[str, float | None]:
        return {row["competency_id"]: row["credit_value"] for row in self.t["competency"]}

    def graduation(self, episode: Row) -> dt.date | None:
        days = [
            row["date"]
            for row in self.rows_of("outcome", episode)
            if row["kind"] == "diploma" and row["achieved"] and row["date"] <= self.as_of
        ]
        end = self.exit(episode)
        if end and episode["exit_reason"] == "completed_diploma":
            days.append(end)
        return min(days, default=None)

    def studies(self, episode: Row) -> list[Row]:
        graduated = self.graduation(episode)
        return [
            row
            for row in self.rows_of("postsecondary_enrollment", episode)
            if graduated and graduated <= row["start_date"] <= self.as_of
        ]

    def quarter(self, episode: Row, after: int) -> list[Row]:
        end = self.exit(episode)
        assert end
        return [
            row
            for row in self.rows_of("follow_up", episode)
            if row["quarter_start"] <= self.as_of and quarter(row["quarter_start"]) == quarter(end) + after
        ]

    def exits(self, after: int) -> Iterator[Row]:
        """Episodes that ended, whose quarter `after` is over, but of those who died."""
        for episode in self.episodes:
            end = self.exit(episode)
            if end and quarter(end) + after < quarter(self.as_of) and episode["exit_reason"] != "deceased":
                yield episode

    def school_year(self) -> tuple[dt.date, dt.date]:
        year = self.as_of.year - (self.as_of < dt.date(self.as_of.year, 6, 30))
        return dt.date(year - 1, 7, 1), dt.date(year, 6, 30)


def quarter(day: dt.date) -> int:
    return 4 * day.year + (day.month - 1) // 3


def month(day: dt.date) -> int:
    return 12 * day.year + day.month - 1


@of("CMP-01")
def attainment(world: World) -> Iterator[Unit]:
    for episode in world.episodes:
        items, _ = world.plan(episode, baseline=False)
        if (world.last(episode) - episode["entry_date"]).days + 1 >= 28:
            total = sum(item["credit_value"] for item in items)
            done = world.mastery(episode)
            got = sum(item["credit_value"] for item in items if item["competency_id"] in done)
            yield world.unit(episode, got / total if items else None)


@of("CMP-02")
def pace(world: World) -> Iterator[Unit]:
    value = world.credit_values()
    for episode in world.episodes:
        mine = [c for c, day in world.mastery(episode).items() if day is not None]
        if (weeks := world.weeks(episode)) >= 4:
            yield world.unit(episode, 4 * sum(value[c] or 0 for c in mine), weeks)


@of("CMP-03")
def on_pace(world: World) -> Iterator[Unit]:
    for episode in world.episodes:
        items, end = world.plan(episode, baseline=True)
        if not items:
            yield world.unit(episode, None)
            continue
        total = sum(item["credit_value"] for item in items)
        last = world.last(episode)
        if all(item["planned_date"] for item in items):
            due = sum(item["credit_value"] for item in items if item["planned_date"] <= last) / total
        else:
            paused = {
                day
                for pause in world.rows_of("pause", episode)
                for day in (
                    pause["start_date"] + i * DAY for i in range((pause["end_date"] - pause["start_date"]).days + 1)
                )
                if episode["entry_date"] <= day <= last
            }
            assert end
            elapsed = (last - episode["entry_date"]).days - len(paused)
            due = min(elapsed / (end - episode["entry_date"]).days, 1)
        done = {c for c, day in world.mastery(episode).items() if day is not None}
        got = sum(item["credit_value"] for item in items if item["competency_id"] in done) / total
        if due >= 0.05:
            yield world.unit(episode, float(got / due >= 0.9 - 1e-12))


@of("CMP-05")
def verified(world: World) -> Iterator[Unit]:
    for episode in world.episodes:
        for row in world.rows_of("mastery_decision", episode):
            if row["mastered"] and row["date"] <= world.as_of and not row["revoked"] and not row["prior_learning"]:
                yield world.unit(episode, float((row["evidence_level"] or 0) >= 3))


@of("CMP-09")
def completion(world: World) -> Iterator[Unit]:
    for episode in world.episodes:
        for row in world.rows_of("credit", episode):
            early = row["dropped_date"] and (row["dropped_date"] - row["started_date"]).days <= 5
            known = row["attempted"] is not None
            if (
                row["date"] > world.as_of
                or row["prior_learning"]
                or early
                or (known and row["earned"] > row["attempted"])
            ):
                continue
            yield world.unit(episode, row["earned"] if known else None, row["attempted"] or 0)


@of("CMP-10")
def accumulation(world: World) -> Iterator[Unit]:
    for episode in world.episodes:
        earned = sum(
            row["earned"]
            for row in world.rows_of("credit", episode)
            if not row["prior_learning"] and episode["entry_date"] <= row["date"] <= world.last(episode)
        )
        if weeks := world.weeks(episode):
            yield world.unit(episode, 36 * earned, weeks)


@of("CMP-11")
def skill_gain(world: World) -> Iterator[Unit]:
    first = dt.date(world.as_of.year - (world.as_of.month < 7), 7, 1)
    for episode in world.episodes:
        if world.last(episode) >= first and world.reason(episode) != "deceased":
            gains = [
                row
                for row in world.rows_of("skill_gain", episode)
                if row["documented"] and first <= row["date"] <= world.as_of
            ]
            yield world.unit(episode, float(bool(gains)))


@of("CMP-12")
def level_gain(world: World) -> Iterator[Unit]:
    learned: dict[str, set[dt.date]] = defaultdict(set)
    for episode_id, day in world.learning_days(productive=False):
        learned[episode_id].add(day)
    for episode in world.episodes:
        days = learned[episode["episode_id"]]
        for subject in ("mathematics", "reading"):
            tests = [
                row
                for row in world.rows_of("level_test", episode)
                if row["subject"] == subject and row["date"] <= world.as_of
            ]
            entered = min((row["date"] for row in tests if row["occasion"] == "entry"), default=None)
            if entered is None:
                continue
            dates = sorted({row["date"] for row in tests if row["date"] >= entered})
            kept = [
                date
                for date, after in zip(dates, [*dates[1:], None], strict=True)
                if after is None or not days or any(after - 90 * DAY <= day < after for day in days)
            ]
            start = min(row["level"] for row in tests if row["date"] == kept[0])
            later = [row["level"] for row in tests if row["date"] in kept[1:] and row["occasion"] == "later"]
            yield world.unit(episode, float(max(later, default=0) > start))


@of("CMP-13")
def currency(world: World) -> Iterator[Unit]:
    for episode in world.episodes:
        last = world.last(episode)
        earned = {
            month(row["date"])
            for row in world.rows_of("progress_indicator", episode)
            if row["kind"] != "attendance_plan" and episode["entry_date"] <= row["date"] <= last
        }
        months = range(month(episode["entry_date"]) + 3, month(last) + 1)
        if months:
            yield world.unit(episode, sum(bool(earned & {m, m - 1, m - 2}) for m in months), len(months))


@of("ENG-01")
def active_weeks(world: World) -> Iterator[Unit]:
    yield from week_rate(world, world.learning_days(productive=False))


@of("ENG-02")
def productive_weeks(world: World) -> Iterator[Unit]:
    yield from week_rate(world, world.learning_days(productive=True))


@of("REL-02")
def contact_weeks(world: World) -> Iterator[Unit]:
    yield from week_rate(world, world.contact_days())


def week_rate(world: World, days: list[tuple[str, dt.date]]) -> Iterator[Unit]:
    acted: dict[str, set[dt.date]] = defaultdict(set)
    for episode_id, day in days:
        acted[episode_id].add(day - day.weekday() * DAY)
    for episode in world.episodes:
        weeks = world.observable_weeks(episode)
        if len(weeks) >= 4:
            yield world.unit(episode, len(weeks & acted[episode["episode_id"]]), len(weeks))


@of("ENG-14")
def missed(world: World) -> Iterator[Unit]:
    for episode in world.episodes:
        offers = [
            row
            for row in world.rows_of("learning_opportunity", episode)
            if episode["entry_date"] <= row["date"] <= world.last(episode)
        ]
        if offers:
            yield world.unit(episode, sum(not row["taken"] for row in offers), len(offers))


@of("OUT-01")
def four_years(world: World) -> Iterator[Unit]:
    yield from cohort(world, 2025, dt.date(2025, 8, 31))


@of("OUT-02")
def five_years(world: World) -> Iterator[Unit]:
    yield from cohort(world, 2024, dt.date(2025, 8, 31))


def cohort(world: World, year: int, end: dt.date) -> Iterator[Unit]:
    for row in world.t["cohort_member"]:
        gone = row["removal"] and row["removal_documented"]
        if row["cohort_year"] == year and not gone:
            done = row["diploma_date"] is not None and row["diploma_date"] <= end
            yield row["learner_id"], row["program_id"], float(done), 1


@of("OUT-04")
def one_year(world: World) -> Iterator[Unit]:
    first, last = world.school_year()
    for row in world.t["cohort_member"]:
        stays = [
            episode
            for episode in world.episodes
            if (episode["learner_id"], world.program[episode["site_id"]]) == (row["learner_id"], row["program_id"])
        ]
        days = {row["diploma_date"]} if row["diploma_date"] else set()
        for episode in stays:
            days |= {
                o["date"]
                for o in world.rows_of("outcome", episode)
                if o["kind"] == "equivalency" and o["achieved"] and o["date"] <= world.as_of
            }
            if world.reason(episode) == "completed_equivalency":
                days.add(episode["exit_date"])
        done = min(days, default=None)
        enrolled = sorted(
            {
                day
                for episode in stays
                for day in (
                    episode["entry_date"] + i * DAY
                    for i in range((world.last(episode) - episode["entry_date"]).days + 1)
                )
                if first <= day <= last
            }
        )
        runs, before = [0], None
        for day in enrolled:
            if before and (day - before).days - 1 > 30:
                runs.append(0)
            runs[-1] += 1
            before = day
        if done and first <= done <= last:
            yield row["learner_id"], row["program_id"], 1.0, 1
        elif row["grade_12_year"] == last.year and not (done and done < first) and max(runs) >= 90:
            yield row["learner_id"], row["program_id"], 0.0, 1


@of("OUT-06")
def placed(world: World) -> Iterator[Unit]:
    found: dict[tuple[str, str, int], bool] = defaultdict(bool)
    for row in world.t["referral"]:
        if row["reached_date"] <= world.as_of:
            year = row["reached_date"].year - (row["reached_date"].month < 7)
            day = row["placed_date"]
            found[row["learner_id"], row["program_id"], year] |= day is not None and day <= world.as_of
    for (learner, program, _), done in found.items():
        yield learner, program, float(done), 1


@of("OUT-08")
def credentials(world: World) -> Iterator[Unit]:
    for episode in world.episodes:
        end = world.exit(episode)
        if end is None or end + 365 * DAY > world.as_of or episode["exit_reason"] == "deceased":
            continue
        limit = end + 365 * DAY
        kinds: set[str] = set()
        for row in world.rows_of("credential", episode):
            if episode["entry_date"] <= row["awarded_date"] <= limit:
                if row["kind"] in ("diploma", "equivalency"):
                    kinds.add("diploma")
                elif row["recognized"]:
                    kinds.add("credential")
        for row in world.rows_of("outcome", episode):
            if row["achieved"] and episode["entry_date"] <= row["date"] <= limit:
                kinds |= {"diploma"} if row["kind"] in ("diploma", "equivalency") else set()
                kinds |= {"credential"} if row["kind"] == "credential" else set()
        busy = [
            row["quarter_start"]
            for row in world.rows_of("follow_up", episode)
            if row["status"] == "found" and (row["employed"] or row["in_education"])
        ]
        busy += [row["start_date"] for row in world.rows_of("postsecondary_enrollment", episode)]
        went_on = any(end < day <= limit for day in busy)
        yield world.unit(episode, float("credential" in kinds or ("diploma" in kinds and went_on)))


def after_exit(world: World, after: int) -> Iterator[Unit]:
    for episode in world.exits(after):
        rows = world.quarter(episode, after)
        if any(row["status"] == "exempt" for row in rows):
            continue
        busy = any(row["status"] == "found" and (row["employed"] or row["in_education"]) for row in rows)
        yield world.unit(episode, float(busy))


@of("OUT-09")
def second_quarter(world: World) -> Iterator[Unit]:
    yield from after_exit(world, 2)


@of("OUT-10")
def fourth_quarter(world: World) -> Iterator[Unit]:
    yield from after_exit(world, 4)


@of("OUT-12")
def same_employer(world: World) -> Iterator[Unit]:
    def jobs(episode: Row, after: int) -> list[str | None]:
        return [
            row["employer_id"]
            for row in world.quarter(episode, after)
            if row["status"] == "found" and row["employed"] and row["unsubsidized"] is not False
        ]

    for episode in world.exits(4):
        second, fourth = jobs(episode, 2), {job for job in jobs(episode, 4) if job}
        if second:
            yield world.unit(episode, float(bool(set(second) & fourth)) if any(second) else None)


@of("OUT-13")
def enrolled(world: World) -> Iterator[Unit]:
    for episode in world.episodes:
        day = world.graduation(episode)
        if day and day + 365 * DAY <= world.as_of:
            went = any(row["start_date"] <= day + 365 * DAY for row in world.studies(episode))
            yield world.unit(episode, float(went))


@of("OUT-15")
def developmental(world: World) -> Iterator[Unit]:
    for episode in world.episodes:
        day = world.graduation(episode)
        if not day or day + 365 * DAY > world.as_of:
            continue
        first = [row for row in world.studies(episode) if row["start_date"] <= day + 365 * DAY]
        known = [row["remedial"] for row in first if row["remedial"] is not None]
        if first:
            yield world.unit(episode, float(any(known)) if known else None)


@of("IMP-01")
def caseload(world: World) -> Iterator[Unit]:
    begin = world.as_of - 364 * DAY
    days = {
        e["episode_id"]: (world.last(e) - max(e["entry_date"], begin)).days + 1
        for e in world.episodes
        if world.last(e) >= begin
    }
    for episode in world.episodes:
        if episode["episode_id"] not in days:
            continue
        site = episode["site_id"]
        staff = 0.0
        for row in world.t["staff_role"]:
            if row["site_id"] == site and row["role"] in ("teacher", "tutor"):
                span = (min(row["end_date"] or world.as_of, world.as_of) - max(row["start_date"], begin)).days + 1
                staff += row["fte"] * max(span, 0)
        total = sum(days[e["episode_id"]] for e in world.episodes if e["episode_id"] in days and e["site_id"] == site)
        mine = days[episode["episode_id"]]
        yield world.unit(episode, mine, staff * mine / total)


@of("IMP-04")
def closure(world: World) -> Iterator[Unit]:
    for episode in world.episodes:
        for need in world.rows_of("need", episode):
            due = need["identified_date"] + 30 * DAY
            if due <= world.as_of:
                met = any(
                    service["need_id"] == need["need_id"] and service["received_date"] <= due
                    for service in world.t["service"]
                )
                yield world.unit(episode, float(met))


@of("OUT-07")
def dropouts(world: World) -> Iterator[Unit]:
    first, last = world.school_year()
    stays: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for episode in world.episodes:
        if episode["entry_date"] <= last and world.last(episode) >= first:
            stays[episode["learner_id"], world.program[episode["site_id"]]].append(episode)
    fine = ("completed_diploma", "completed_program", "completed_equivalency", "finished_not_passed")
    for (learner, program), found in stays.items():
        final = max(found, key=lambda e: (world.last(e), e["entry_date"]))
        here = any(world.exit(e) is None or e["exit_date"] > last for e in found)
        reason = final["exit_reason"]
        moved = reason == "transfer" and final["exit_documented"]
        if here or reason in fine or moved:
            yield learner, program, 0.0, 1
        elif reason not in ("deceased", "moved_away"):
            yield learner, program, 1.0, 1


@of("IMP-02")
def in_person(world: World) -> Iterator[Unit]:
    for episode in world.episodes:
        for row in world.rows_of("evidence", episode):
            if row["kind"] != "carried_over" and (row["level"] or 0) >= 1 and row["mode"] and world.local(row):
                yield world.unit(episode, float(row["mode"] == "in_person"))


@of("IMP-03")
def control(world: World) -> Iterator[Unit]:
    verbs = ("attempt", "submit", "respond", "annotate", "discuss", "tutor_turn")
    for episode in world.episodes:
        acts = [row for row in world.rows_of("activity", episode) if row["verb"] in verbs and world.local(row)]
        held = [plan for plan in world.rows_of("plan", episode) if plan["made_date"] <= world.as_of]
        latest = max(held, key=lambda plan: int(plan["version"]), default=None)
        items = [item for item in world.t["plan_item"] if latest and item["plan_id"] == latest["plan_id"]]
        parts = [
            [item["set_by"] in ("learner", "together") for item in items if item["set_by"] is not None],
            [not row["in_schedule"] for row in acts if row["in_schedule"] is not None],
            [not row["on_site"] for row in acts if row["on_site"] is not None],
        ]
        known = [sum(part) / len(part) for part in parts if part]
        if known:
            yield world.unit(episode, sum(known) / len(known))


@of("CMP-06")
def durable(world: World) -> Iterator[Unit]:
    for episode in world.episodes:
        rows = [
            row
            for row in world.rows_of("mastery_decision", episode)
            if row["date"] <= world.last(episode) and not row["revoked"]
        ]
        for competency in {row["competency_id"] for row in rows}:
            mine = [row for row in rows if row["competency_id"] == competency]
            first = min((row["date"] for row in mine if row["mastered"] and not row["reassessment"]), default=None)
            checks = [row for row in mine if row["reassessment"] and first and 30 <= (row["date"] - first).days <= 120]
            if checks:
                earliest = min(row["date"] for row in checks)
                yield world.unit(episode, float(all(row["mastered"] for row in checks if row["date"] == earliest)))
