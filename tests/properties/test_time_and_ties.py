"""The measures of time, regularity, inactivity and adults: engines, merging, oracles, and changes that must not move."""

from __future__ import annotations

import datetime as dt
import math
import random
import statistics
from itertools import combinations, pairwise

import pytest

from blended_standard.io import Submission
from blended_standard.measures import MeasureReport, MeasureResult, merge, score
from blended_standard.testing import district
from tests.measures.oracle import Oracle
from tests.measures.synthetic import Tables, join, make
from tests.properties.changes import append, changed, columns, repeated

AS_OF = dt.date(2025, 12, 31)
TIME = ("ENG-03", "ENG-04", "ENG-05", "ENG-06", "ENG-07", "ENG-08", "ENG-09", "ENG-10", "ENG-11", "ENG-12")
ADULTS = ("REL-05", "REL-06")


def with_adults(tables: Tables, seed: int) -> Tables:
    """Say who the adult of a contact is, and which contacts ask for help."""
    rng = random.Random(seed)
    size = len(tables["contact"]["contact_id"])
    adults = {"adult_id": [rng.choice(["x", "y", "z", None]) for _ in range(size)]}
    asks = {"asks_for_help": [rng.choice([True, False, None]) for _ in range(size)]}
    return {**tables, "contact": {**tables["contact"], **adults, **asks}}


A, B = with_adults(make("A", 60, seed=11), 1), with_adults(make("B", 40, seed=12), 2)
BOTH = join(A, B)


def submission(tables: Tables) -> Submission:
    return Submission.from_tables({name: t for name, t in tables.items() if t}, manifest={"as_of": AS_OF})


@pytest.fixture(scope="module")
def made() -> Submission:
    return district(60, seed=22, programs=2, days=300)


@pytest.fixture(scope="module")
def before(made: Submission) -> MeasureReport:
    return score(made, [*TIME, *ADULTS], engine="polars")


@pytest.fixture(scope="module")
def whole() -> MeasureReport:
    return score(submission(BOTH), [*TIME, *ADULTS], engine="polars")


def alike(first: MeasureReport, second: MeasureReport) -> None:
    def by_key(report: MeasureReport) -> dict[tuple[str, str], MeasureResult]:
        return {(entry.measure, entry.label): entry for entry in report}

    one, other = by_key(first), by_key(second)
    assert one.keys() == other.keys()
    for key, result in one.items():
        found = other[key]
        assert (result.n, result.status, result.excluded, result.reason) == (
            found.n,
            found.status,
            found.excluded,
            found.reason,
        ), key
        assert near(result.value, found.value), key
        assert near(result.se, found.se), key
        for part, twin in zip(result.components, found.components, strict=True):
            assert part.n == twin.n, (key, part.name)
            assert near(part.value, twin.value), (key, part.name)


def near(first: float | None, second: float | None) -> bool:
    if first is None or second is None:
        return first is second
    return math.isclose(first, second, rel_tol=1e-9, abs_tol=1e-9)


def test_engines_agree(whole: MeasureReport) -> None:
    alike(whole, score(submission(BOTH), [*TIME, *ADULTS], engine="duckdb"))


def test_parts_merge_to_the_whole_with_their_components() -> None:
    parts = [score(submission(part), [*TIME, *ADULTS], by=(), engine="polars") for part in (A, B)]
    alike(merge(parts), score(submission(BOTH), [*TIME, *ADULTS], by=(), engine="polars"))


def test_signing_in_changes_nothing(made: Submission, before: MeasureReport) -> None:
    rng = random.Random(5)
    episodes = columns(made, "episode")
    noise = [
        {"episode_id": e, "at": dt.datetime.combine(d, dt.time(12), dt.UTC) + dt.timedelta(hours=h), "verb": verb}
        for e, d in zip(episodes["episode_id"], episodes["entry_date"], strict=True)
        for verb in ("login", "heartbeat", "logout")
        for h in (rng.randrange(2000), rng.randrange(2000))
    ]
    more = changed(made, activity=append(columns(made, "activity"), noise))
    alike(before, score(more, [*TIME, *ADULTS], engine="polars"))


@pytest.mark.parametrize("table", ["activity", "evidence", "contact"])
def test_every_event_twice_changes_nothing(table: str, made: Submission, before: MeasureReport) -> None:
    twice = changed(made, **{table: repeated(columns(made, table))})
    alike(before, score(twice, [*TIME, *ADULTS], engine="polars"))


def test_time_on_task_never_falls_with_the_threshold(made: Submission) -> None:
    for entry in score(made, "ENG-03", by=("episode",), engine="polars"):
        if entry.value is not None:
            band = [entry.component(f"drop_{minutes}").value or 0.0 for minutes in (10, 15, 30, 60)]
            assert all(a <= b + 1e-9 for a, b in pairwise(band))
            assert entry.value == pytest.approx(band[2])
            low, high = entry.component("lowest").value, entry.component("highest").value
            assert low is not None
            assert high is not None
            assert low <= entry.value <= high


def test_shares_stay_between_0_and_1(made: Submission) -> None:
    shares = ("ENG-04", "ENG-05", "ENG-06", "ENG-08", "ENG-10", "ENG-11")
    values = [
        entry.value for entry in score(made, list(shares), by=("episode",), engine="polars") if entry.reason is None
    ]
    assert len(values) > 100
    assert all(value is not None and 0 <= value <= 1 for value in values)


def test_spells_equal_a_walk_over_every_day() -> None:
    oracle = Oracle(BOTH, AS_OF)
    active: dict[str, set[dt.date]] = {}
    for episode, day in oracle.learning_days(productive=False):
        active.setdefault(episode, set()).add(day)
    found = {e.group[0][1]: e for e in score(submission(BOTH), "ENG-11", by=("episode",), engine="polars")}
    checked = 0
    for episode in oracle.episodes:
        spells, seen = walk(oracle, episode, active.get(episode["episode_id"], set()))
        entry = found[episode["episode_id"]]
        if seen < 28:
            assert [out.id for out in entry.excluded] == ["too_short"]
            continue
        checked += 1
        assert (entry.numerator, entry.denominator) == (sum(s for s in spells if s >= 14), seen)
        assert entry.component("longest").value == max(spells, default=0)
    assert checked > 60


def walk(oracle: Oracle, episode: dict[str, object], active: set[dt.date]) -> tuple[list[int], int]:
    """The spells of an episode and the number of its observable days."""
    blocked = {
        c["date"]
        for c in oracle.t["calendar_day"]
        if c["site_id"] == episode["site_id"] and not (c["open"] and c["feed_up"])
    }
    for pause in oracle.t["pause"]:
        if pause["episode_id"] == episode["episode_id"]:
            span = (pause["end_date"] - pause["start_date"]).days + 1
            blocked |= {pause["start_date"] + dt.timedelta(days=i) for i in range(span)}
    spells, run, seen = [], 0, 0
    day, last = episode["entry_date"], oracle.last(episode)
    assert isinstance(day, dt.date)
    while day <= last:
        seen += day not in blocked
        if day in active:
            spells.append(run)
            run = 0
        else:
            run += day not in blocked
        day += dt.timedelta(days=1)
    return [*spells, run], seen


def test_weekday_similarity_equals_all_pairs_of_weeks() -> None:
    oracle = Oracle(BOTH, AS_OF)
    active: dict[str, dict[dt.date, set[int]]] = {}
    for episode, day in oracle.learning_days(productive=False):
        monday = day - dt.timedelta(days=day.weekday())
        active.setdefault(episode, {}).setdefault(monday, set()).add(day.weekday())
    found = {e.group[0][1]: e.value for e in score(submission(BOTH), "ENG-04", by=("episode",), engine="polars")}
    checked = 0
    for episode in oracle.episodes:
        name = episode["episode_id"]
        weeks = {w: active.get(name, {}).get(w, set()) for w in oracle.observable_weeks(episode)}
        if sum(map(bool, weeks.values())) < 3:
            assert found[name] is None
            continue
        checked += 1
        pairs = [len(a & b) / max(len(a), len(b), 1) for a, b in combinations(weeks.values(), 2)]
        assert found[name] == pytest.approx(statistics.mean(pairs), abs=1e-12)
    assert checked > 30


def test_answers_are_those_of_a_plain_search() -> None:
    oracle = Oracle(BOTH, AS_OF)
    turns: dict[str, list[dict[str, object]]] = {}
    for row in oracle.t["contact"]:
        if oracle.local(row) and not row["automated"]:
            turns.setdefault(row["episode_id"], []).append(row)
    answered = dict.fromkeys("AB", 0)
    asked = dict.fromkeys("AB", 0)
    for episode, said in turns.items():
        for row in said:
            if row["direction"] == "learner_to_adult" and row["asks_for_help"]:
                program = episode[0]
                asked[program] += 1
                answered[program] += any(o["direction"] != "learner_to_adult" and o["at"] > row["at"] for o in said)  # type: ignore[operator]
    for entry in score(submission(BOTH), "REL-05", engine="polars"):
        program = entry.group[0][1]
        assert entry.n == asked[program]
        assert sum(1 for _ in turns) > 0
        if entry.value is not None:
            assert entry.numerator == answered[program]
