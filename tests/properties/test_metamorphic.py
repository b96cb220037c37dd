"""Changes of the data that must, or must not, move a measure; no expected number is needed."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from zoneinfo import ZoneInfo

import pytest

from blended_standard.engine import open_engine
from blended_standard.io import Submission
from blended_standard.measures import MeasureReport, score
from blended_standard.measures.acts import learning_days
from blended_standard.measures.blocks import Blocks
from blended_standard.testing import district, fault_codes, plain_tables, plant
from blended_standard.validate import validate
from tests.properties.changes import append, changed, columns, days_of, repeated

CORE = ("ENG-01", "ENG-02", "ENG-13", "REL-02", "OUT-03", "CMP-05")
ENGINES = ("duckdb", "polars")
WEEKS = {measure: {"minimum_weeks": 1} for measure in ("ENG-01", "ENG-02", "REL-02")}


@pytest.fixture(scope="module")
def made() -> Submission:
    return district(90, seed=21, programs=2, days=400)


@pytest.fixture(scope="module")
def core(made: Submission) -> MeasureReport:
    return scored(made)


def scored(submission: Submission, measures: tuple[str, ...] = CORE, **options: object) -> MeasureReport:
    return score(submission, list(measures), engine="polars", **options)  # type: ignore[arg-type]


def test_signing_in_changes_nothing(made: Submission, core: MeasureReport) -> None:
    rng = random.Random(5)
    activity, episodes = columns(made, "activity"), columns(made, "episode")
    presence = [
        v for v in made.standard.codes["verb"].names() if v not in made.standard.codes["verb"].names(qualifying=True)
    ]
    noise = [
        {
            "episode_id": episode,
            "at": dt.datetime.combine(entry, dt.time(rng.randrange(24), rng.randrange(60)), dt.UTC)
            + dt.timedelta(days=rng.randrange(200)),
            "verb": rng.choice(presence),
        }
        for episode, entry in zip(episodes["episode_id"], episodes["entry_date"], strict=True)
        for _ in range(30)
    ]
    assert scored(changed(made, activity=append(activity, noise))).results == core.results


def test_deleting_all_attendance_changes_nothing(made: Submission, core: MeasureReport) -> None:
    qualifying = set(made.standard.codes["verb"].names(qualifying=True))
    activity = columns(made, "activity")
    kept = [row for row, verb in enumerate(activity["verb"]) if verb in qualifying]
    assert 0 < len(kept) < len(activity["verb"])
    fewer = {name: [values[row] for row in kept] for name, values in activity.items()}
    assert scored(changed(made, activity=fewer)).results == core.results


@pytest.mark.parametrize("table", ["activity", "evidence", "contact", "outcome"])
def test_every_event_twice_changes_nothing(table: str, made: Submission, core: MeasureReport) -> None:
    assert scored(changed(made, **{table: repeated(columns(made, table))})).results == core.results


def test_every_decision_twice_changes_nothing(made: Submission, core: MeasureReport) -> None:
    twice = changed(made, mastery_decision=repeated(columns(made, "mastery_decision")))
    assert scored(twice).results == core.results


def test_every_record_twice_changes_nothing(made: Submission, core: MeasureReport) -> None:
    for table in ("program", "site", "learner", "episode", "calendar_day", "pause"):
        assert scored(changed(made, **{table: repeated(columns(made, table))})).results == core.results, table


def test_productive_weeks_are_active_weeks(made: Submission) -> None:
    found = scored(made, ("ENG-01", "ENG-02"), by=("episode",))
    active = {entry.group: entry.value for entry in found.select("ENG-01")}
    pairs = [(entry.value, active[entry.group]) for entry in found.select("ENG-02") if entry.value is not None]
    assert len(pairs) > 50
    assert all(b is not None and a <= b for a, b in pairs)


def test_moving_work_inside_its_week_changes_no_week(made: Submission) -> None:
    rng = random.Random(6)
    tables = {name: moved_in_week(made, name, rng) for name in ("activity", "evidence")}
    for before, after in zip(
        scored(made, ("ENG-01", "ENG-02")), scored(changed(made, **tables), ("ENG-01", "ENG-02")), strict=True
    ):
        assert after == before


def moved_in_week(submission: Submission, table: str, rng: random.Random) -> dict[str, list[object]]:
    """Move each event to another time of its local week, inside its episode."""
    spans = local_spans(submission)
    events = columns(submission, table)
    moved: list[object] = []
    for episode, at in zip(events["episode_id"], events["at"], strict=True):
        entry, last, zone = spans[episode]
        day = at.astimezone(zone).date()
        monday = day - dt.timedelta(days=day.weekday())
        days = [d for d in days_of(monday, 7) if entry <= d <= last]
        local = dt.datetime.combine(rng.choice(days), dt.time(rng.randrange(4, 24), rng.randrange(60)), zone)
        moved.append(local.astimezone(dt.UTC))
    return {**events, "at": moved}


def local_spans(submission: Submission) -> dict[str, tuple[dt.date, dt.date, ZoneInfo]]:
    tables = plain_tables(submission)
    zones = dict(zip(tables["program"]["program_id"], tables["program"]["time_zone"], strict=True))
    site = {
        s: ZoneInfo(z or zones[p])
        for s, p, z in zip(*(tables["site"][c] for c in ("site_id", "program_id", "time_zone")), strict=True)
    }
    episodes = (tables["episode"][c] for c in ("episode_id", "site_id", "entry_date", "exit_date"))
    as_of = submission.manifest.as_of
    assert as_of is not None
    return {e: (entry, last or as_of, site[s]) for e, s, entry, last in zip(*episodes, strict=True)}


def test_a_week_without_a_feed_changes_no_rate_and_lowers_coverage(made: Submission) -> None:
    utc = changed(
        made,
        program={**columns(made, "program"), "time_zone": ["UTC"] * 2},
        site={**columns(made, "site"), "time_zone": [None] * 4},
    )
    measures = ("ENG-01", "ENG-02")
    for before, after in zip(
        scored(utc, measures), scored(with_lost_week(utc, dt.date(2025, 3, 3)), measures), strict=True
    ):
        assert (after.value, after.se, after.denominator) == (before.value, before.se, before.denominator)
        assert after.coverage is not None
        assert before.coverage is not None
        assert after.coverage < before.coverage


def with_lost_week(submission: Submission, monday: dt.date) -> Submission:
    """Insert a week in which no feed was up: all that happened from `monday` on happens a week later."""
    week = dt.timedelta(days=7)

    def later(value: object) -> object:
        if isinstance(value, dt.datetime):
            return value + week if value.date() >= monday else value
        return value + week if isinstance(value, dt.date) and value >= monday else value

    tables = {
        name: {column: [later(value) for value in values] for column, values in table.items()}
        for name, table in plain_tables(submission).items()
    }
    lost = [
        {"site_id": site, "date": day, "open": True, "feed_up": False}
        for site in tables["site"]["site_id"]
        for day in days_of(monday, 7)
    ]
    tables["calendar_day"] = append(tables["calendar_day"], lost)
    assert submission.manifest.as_of is not None
    manifest = {"title": "synthetic", "as_of": submission.manifest.as_of + week}
    return Submission.from_tables(tables, manifest=manifest)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("zone", "sunday"),
    [
        ("America/New_York", dt.date(2025, 3, 9)),
        ("America/New_York", dt.date(2025, 11, 2)),
        ("Australia/Lord_Howe", dt.date(2025, 4, 6)),
        ("Europe/London", dt.date(2025, 10, 26)),
        ("America/Phoenix", dt.date(2025, 3, 9)),
    ],
)
def test_a_week_in_which_clocks_change_has_seven_days(zone: str, sunday: dt.date, engine: str) -> None:
    days = days_of(sunday - dt.timedelta(days=13), 21)
    times = (dt.time(0, 10), dt.time(23, 50))
    instants = [dt.datetime.combine(day, time, ZoneInfo(zone)).astimezone(dt.UTC) for day in days for time in times]
    submission = Submission.from_tables(
        {
            "program": {"program_id": ["p"], "name": ["P"], "time_zone": [zone]},
            "site": {"site_id": ["s"], "program_id": ["p"], "name": ["S"]},
            "learner": {"learner_id": ["l"]},
            "episode": {"episode_id": ["e"], "learner_id": ["l"], "site_id": ["s"], "entry_date": [days[0]]},
            "activity": {"episode_id": ["e"] * len(instants), "at": instants, "verb": ["submit"] * len(instants)},
        }
    )
    with open_engine(engine) as opened:
        blocks = Blocks(submission, opened, days[-1])
        seen = opened.collect(learning_days(blocks).select("day"))["day"]
        weeks = opened.collect(blocks.weeks(4))
    assert Counter((day + 3) // 7 for day in seen) == {(day + 3) // 7: 7 for day in seen}
    assert len(seen) == 21
    assert weeks["observable"] == [3]


def test_a_later_day_never_takes_a_completion_back(made: Submission) -> None:
    counts: dict[str, list[float]] = {}
    for day in (dt.date(2024, 12, 31), dt.date(2025, 3, 31), dt.date(2025, 7, 31), dt.date(2025, 12, 31)):
        found = scored(made, ("OUT-03",), as_of=day, parameters={"OUT-03": {"horizon_days": 30}})
        for entry in found:
            counts.setdefault(str(entry.group), []).append(entry.numerator or 0.0)
    assert len(counts) == 2
    assert all(found == sorted(found) for found in counts.values())
    assert any(found[0] < found[-1] for found in counts.values())


def test_splitting_an_episode_at_an_approved_pause_changes_no_week(made: Submission) -> None:
    split = split_at_pauses(made)
    assert len(columns(split, "episode")["episode_id"]) > len(columns(made, "episode")["episode_id"])
    assert validate(split, engine="polars").errors == 0
    measures = ("ENG-01", "ENG-02")
    for before, after in zip(
        scored(made, measures, parameters=WEEKS), scored(split, measures, parameters=WEEKS), strict=True
    ):
        assert (after.value, after.numerator, after.denominator) == (before.value, before.numerator, before.denominator)
        assert after.se == pytest.approx(before.se, rel=1e-12)


def split_at_pauses(submission: Submission) -> Submission:
    """End each episode the day before its first pause, and begin another the day after it."""
    tables = plain_tables(submission)
    episodes, pauses = tables["episode"], tables["pause"]
    rows = {episode: row for row, episode in enumerate(episodes["episode_id"])}
    as_of = submission.manifest.as_of
    assert as_of is not None
    cut: dict[str, dt.date] = {}
    spent: set[int] = set()
    for number, episode in enumerate(pauses["episode_id"]):
        start, end, row = pauses["start_date"][number], pauses["end_date"][number], rows[episode]
        last = episodes["exit_date"][row] or as_of
        if episode in cut or end >= last or start <= episodes["entry_date"][row]:
            continue
        cut[episode] = end
        spent.add(number)
        later = {name: values[row] for name, values in episodes.items()}
        later |= {"episode_id": f"{episode}~2", "entry_date": end + dt.timedelta(days=1)}
        tables["episode"] = episodes = append(episodes, [later])
        episodes["exit_date"][row] = start - dt.timedelta(days=1)
        episodes["exit_reason"][row] = "withdrawn"
    # The pause at which an episode is split is the gap between the two now, and no longer inside any.
    tables["pause"] = {
        name: [value for number, value in enumerate(values) if number not in spent] for name, values in pauses.items()
    }
    for name in ("activity", "evidence", "contact", "outcome", "mastery_decision", "pause"):
        table = tables[name]
        when = table["at"] if "at" in table else table["date"] if "date" in table else table["start_date"]
        table["episode_id"] = [
            f"{episode}~2" if episode in cut and str(moment)[:10] > str(cut[episode]) else episode
            for episode, moment in zip(table["episode_id"], when, strict=True)
        ]
    return Submission.from_tables(tables, manifest=submission.manifest)


SMALL = district(8, seed=7, programs=2, days=120)


@pytest.mark.parametrize("code", fault_codes())
def test_a_planted_fault_is_found_by_both_engines(code: str) -> None:
    broken = plant(SMALL, code, place=sum(map(ord, code)))
    assert broken is not None
    reports = [validate(broken.submission, engine=engine) for engine in ENGINES]
    assert reports[0] == reports[1]
    found = {(finding.code, finding.table, finding.field) for finding in reports[0].findings}
    assert (code, broken.table, broken.field) in found
