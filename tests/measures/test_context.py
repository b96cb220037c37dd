"""CMP-07, EQ-04, IMP-05, OUT-16 and OUT-17: recomputed from records in plain Python, and changes that must not matter."""

from __future__ import annotations

import datetime as dt
import json
import math
import random
from collections import Counter, defaultdict
from typing import Any

import pytest

from blended_standard.errors import UsageError
from blended_standard.io import Submission
from blended_standard.measures import MeasureReport, Status, comparable, merge
from blended_standard.measures import score as bs_score
from blended_standard.measures.mix import read_mix, write_mix
from blended_standard.testing import district
from tests.measures.oracle import rows
from tests.measures.vectors import submission as from_rows
from tests.properties.changes import changed, columns

ENGINES = ("duckdb", "polars")
OVERRIDES: dict[str, Any] = {"ENG-01": {"minimum_weeks": 6}, "CMP-03": {"on_pace": 0.8}}


def score(submission: Submission, measures: Any, **options: Any) -> MeasureReport:
    return bs_score(submission, measures, **{"engine": "polars", **options})


@pytest.fixture(scope="module")
def made() -> Submission:
    """A district with facts at entry, ratings of its evidence, costs and estimates of its area, and no credits."""
    whole = district(150, seed=11, programs=2, days=450)
    tables = {name: table for name, table in whole.tables.items() if name != "credit"}
    base = Submission.from_tables(tables, manifest=whole.manifest)
    rng = random.Random(3)
    learner = columns(base, "learner")
    size = len(learner["learner_id"])
    learner |= {
        "credits_at_entry": [rng.choice([2.0, 5.0, 7.2, 9.0, None]) for _ in range(size)],
        "credits_expected": [10.0] * size,
        "birth_date": [dt.date(2004, 1, 1) + dt.timedelta(days=rng.randrange(1800)) for _ in range(size)],
        "entry_gap_days": [rng.choice([10, 400, 900]) for _ in range(size)],
    }
    ratings: list[dict[str, Any]] = []
    for evidence in columns(base, "evidence")["evidence_id"][:400]:
        for rater in rng.sample("abcd", rng.choice([1, 2, 2, 3])):
            name = f"{evidence}{rater}"
            ratings.append({"rating_id": name, "evidence_id": evidence, "rater_id": rater, "score": rng.randint(1, 4)})
    cost = {
        "cost_id": ["c1", "c2", "c3"],
        "program_id": ["P1", "P1", "P2"],
        "start_date": [dt.date(2024, 7, 1), dt.date(2025, 1, 1), dt.date(2024, 9, 1)],
        "end_date": [dt.date(2024, 12, 31), dt.date(2025, 6, 30), dt.date(2025, 7, 31)],
        "category": ["instruction"] * 3,
        "amount": [400_000.0, 500_000.0, 700_000.0],
    }
    area = {"area_id": ["Synthetic district"], "year": [2024], "youth": [5000.0], "disconnected": [600.0]}
    rating = {name: [row[name] for row in ratings] for name in ratings[0]}
    return changed(base, learner=learner, rating=rating, cost=cost, population_estimate=area)


def last_day(made: Submission, episode: dict[str, Any]) -> dt.date:
    as_of = made.manifest.as_of
    assert as_of is not None
    end = episode["exit_date"]
    return end if end is not None and end <= as_of else as_of


@pytest.mark.parametrize("engine", ENGINES)
def test_agreement_is_that_of_all_pairs_of_raters(made: Submission, engine: str) -> None:
    found = score(made, "CMP-07", by=(), engine=engine).one("CMP-07")
    scores: dict[str, dict[str, int]] = defaultdict(dict)
    for row in rows(columns(made, "rating")):
        scores[row["evidence_id"]][row["rater_id"]] = row["score"]
    inside = {row["evidence_id"] for row in rows(columns(made, "evidence"))}
    pairs = [
        (given[a], given[b])
        for piece, given in scores.items()
        if piece in inside
        for a in given
        for b in given
        if a < b
    ]
    same, n = sum(a == b for a, b in pairs), len(pairs)
    assert (found.n, found.numerator) == (n, same)
    first, second = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    chance = sum(first[k] * second[k] for k in first) / n**2
    assert found.component("kappa").value == pytest.approx((same / n - chance) / (1 - chance), abs=1e-12)
    apart = sum((a - b) ** 2 for a, b in pairs) / n
    expected = sum(first[a] * second[b] * (a - b) ** 2 for a in first for b in second) / n**2
    assert found.component("weighted_kappa").value == pytest.approx(1 - apart / expected, abs=1e-12)


def test_a_score_far_off_the_others_needs_no_table_of_its_size(made: Submission) -> None:
    rating = columns(made, "rating")
    far = changed(made, rating={**rating, "score": [10**9, *rating["score"][1:]]})
    assert score(far, "CMP-07", by=()).one("CMP-07").component("weighted_kappa").value is not None


def test_new_pseudonyms_of_two_raters_change_no_kappa(made: Submission) -> None:
    ratings = columns(made, "rating")
    kept = [i for i, rater in enumerate(ratings["rater_id"]) if rater in "ab"]
    two = {name: [values[i] for i in kept] for name, values in ratings.items()}
    other = {**two, "rater_id": [{"a": "z", "b": "y"}[rater] for rater in two["rater_id"]]}
    before, after = (score(changed(made, rating=table), "CMP-07", by=()) for table in (two, other))
    assert before.one("CMP-07").n
    assert before.one("CMP-07").component("kappa").value != 0
    for name in ("kappa", "weighted_kappa"):
        pair = [report.one("CMP-07").component(name) for report in (before, after)]
        assert pair[0].value == pytest.approx(pair[1].value, abs=1e-12)
        assert pair[0].se == pytest.approx(pair[1].se, abs=1e-12)


def strata_of(made: Submission) -> dict[str, str]:
    """The stratum of each episode, by the bands of the definition."""
    people = {row["learner_id"]: row for row in rows(columns(made, "learner"))}
    found = {}
    for episode in rows(columns(made, "episode")):
        learner = people[episode["learner_id"]]
        ratio = None if learner["credits_at_entry"] is None else learner["credits_at_entry"] / 10
        credit = 0 if ratio is None else 1 + sum(ratio >= limit for limit in (0.65, 0.70, 0.75))
        age = 1 + sum((episode["entry_date"] - learner["birth_date"]).days >= years * 365.25 for years in (18, 21))
        gap = 1 + sum(learner["entry_gap_days"] >= days for days in (183, 731))
        found[episode["episode_id"]] = f"{credit}.{age}.{gap}"
    return found


@pytest.mark.parametrize("engine", ENGINES)
def test_the_adjusted_value_is_the_weighted_sum_of_strata(made: Submission, engine: str) -> None:
    settings: dict[str, Any] = {"EQ-04": {"of": "CMP-05", "minimum_units": 5}}
    found = score(made, "EQ-04", engine=engine, parameters=settings)
    stratum = strata_of(made)
    program = {row["episode_id"]: row["site_id"].split("-")[0] for row in rows(columns(made, "episode"))}
    units: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for row in rows(columns(made, "mastery_decision")):
        as_of = made.manifest.as_of
        assert as_of is not None
        if row["mastered"] and not row.get("revoked") and not row.get("prior_learning") and row["date"] <= as_of:
            good = int((row["evidence_level"] or 0) >= 3)
            units[program[row["episode_id"]]][stratum[row["episode_id"]]].append(good)
    total = sum(len(values) for parts in units.values() for values in parts.values())
    mix = Counter({s: 0.0 for parts in units.values() for s in parts})
    for parts in units.values():
        for name, values in parts.items():
            mix[name] += len(values) / total
    for name, parts in units.items():
        classes: list[tuple[float, list[int]]] = []
        weight, held = 0.0, list[int]()
        for s in sorted(mix):
            weight, held = weight + mix[s], held + parts.get(s, [])
            if len(held) >= 5:
                classes.append((weight, held))
                weight, held = 0.0, []
        if weight or held:
            last, before = classes.pop()
            classes.append((last + weight, before + held))
        expected = sum(w * sum(values) / len(values) for w, values in classes)
        entry = found.one("EQ-04", name)
        assert len(classes) > 10
        assert entry.value == pytest.approx(expected, abs=1e-12)
        every = [value for values in parts.values() for value in values]
        assert entry.component("raw").value == pytest.approx(sum(every) / len(every), abs=1e-12)
        apart = sum(abs(len(parts.get(s, [])) / len(every) - mix[s]) for s in mix) / 2
        assert entry.component("mix_distance").value == pytest.approx(apart, abs=1e-12)


def test_a_group_adjusted_to_its_own_mix_is_as_it_was(made: Submission) -> None:
    for base in ("OUT-03", "ENG-01", "ENG-13"):
        settings: dict[str, Any] = {"EQ-04": {"of": base, "minimum_units": 30}, "OUT-03": {"horizon_days": 180}}
        report = score(made, [base, "EQ-04"], by=(), parameters=settings)
        entry, raw = report.one("EQ-04"), report.one(base)
        assert entry.component("mix_distance").value == pytest.approx(0, abs=1e-12)
        assert entry.component("raw").value == raw.value
        assert entry.interval is not None
        assert entry.value is not None
        assert entry.interval.low < entry.value < entry.interval.high


def test_reports_of_one_mix_merge_and_of_two_do_not_compare(made: Submission) -> None:
    parts = [half(made, odd) for odd in (False, True)]
    sizes = Counter(strata_of(made).values())
    same: dict[str, Any] = {"EQ-04": {"of": "CMP-05", "mix": write_mix(sizes)}}
    whole = score(made, "EQ-04", by=(), parameters=same).one("EQ-04")
    merged = merge([score(part, "EQ-04", by=(), parameters=same) for part in parts]).one("EQ-04")
    assert merged.value == pytest.approx(whole.value, abs=1e-12)
    assert merged.se == pytest.approx(whole.se, abs=1e-12)
    own = [score(part, "EQ-04", by=(), parameters={"EQ-04": {"of": "CMP-05"}}) for part in parts]
    with pytest.raises(UsageError, match="other parameters"):
        merge(own)
    answer = comparable(own[0].one("EQ-04"), own[1].one("EQ-04"))
    assert not answer
    assert "mix is" in str(answer)


def half(made: Submission, odd: bool) -> Submission:
    """The learners of odd, or of even, place with their episodes."""
    learners = columns(made, "learner")["learner_id"]
    keep = set(learners[odd::2])
    tables = {name: columns(made, name) for name in ("learner", "episode")}
    for name, table in tables.items():
        chosen = [place for place, learner in enumerate(table["learner_id"]) if learner in keep]
        tables[name] = {column: [values[place] for place in chosen] for column, values in table.items()}
    return changed(made, **tables)


@pytest.mark.parametrize("mix", ["1.1.1", "1.1.1=x", "1.1.1=0.5", "1.1.1=1.5 1.1.2=-0.5"])
def test_a_mix_that_is_none_is_refused(mix: str) -> None:
    with pytest.raises(UsageError, match="mix"):
        read_mix(mix)


@pytest.mark.parametrize("engine", ENGINES)
def test_benefit_and_cost_are_those_of_a_plain_sum(made: Submission, engine: str) -> None:
    settings: dict[str, Any] = {"OUT-17": {"counterfactual": 0.25, "discount_rate": 0.03}}
    report = score(made, "OUT-17", engine=engine, parameters=settings)
    as_of = made.manifest.as_of
    assert as_of is not None
    done = {}
    for row in rows(columns(made, "outcome")):
        if row["kind"] in ("diploma", "program_completion") and row["achieved"] and row["date"] <= as_of:
            done[row["episode_id"]] = min(done.get(row["episode_id"], row["date"]), row["date"])
    for program in ("P1", "P2"):
        costs = [
            row for row in rows(columns(made, "cost")) if row["program_id"] == program and row["end_date"] <= as_of
        ]
        begin, end = min(row["start_date"] for row in costs), max(row["end_date"] for row in costs)
        cost = sum(
            row["amount"]
            * 1.03 ** ((as_of - row["end_date"]).days / 365.25 + (row["end_date"] - row["start_date"]).days / 730.5)
            for row in costs
        )
        benefit, learners = 0.0, 0
        for episode in rows(columns(made, "episode")):
            if not episode["site_id"].startswith(program) or episode["entry_date"] > as_of:
                continue
            if episode["entry_date"] <= end and last_day(made, episode) >= begin:
                learners += 1
                day = done.get(episode["episode_id"])
                left = episode["exit_date"] is not None and episode["exit_date"] <= as_of
                if left and episode["exit_reason"] in ("completed_diploma", "completed_program"):
                    day = min(day or episode["exit_date"], episode["exit_date"])
                if day is not None and begin <= day <= end:
                    benefit += 0.75 * 209_200 * 1.03 ** ((as_of - day).days / 365.25)
        entry = report.one("OUT-17", program)
        assert benefit > 0
        assert entry.n == learners
        assert entry.value == pytest.approx(benefit / cost, rel=1e-9)
        assert entry.denominator == pytest.approx(cost, rel=1e-9)
        assert entry.component("net").value == pytest.approx(benefit / cost - 1, rel=1e-9)


def test_twice_the_cost_is_half_the_ratio(made: Submission) -> None:
    cost = columns(made, "cost")
    dear = {**cost, "amount": [2 * amount for amount in cost["amount"]]}
    before = score(made, "OUT-17", by=()).one("OUT-17")
    after = score(changed(made, cost=dear), "OUT-17", by=())
    assert after.one("OUT-17").value == pytest.approx((before.value or 0) / 2, rel=1e-12)
    assert after.one("OUT-17").component("cost_per_graduate").value == pytest.approx(
        2 * (before.component("cost_per_graduate").value or 0), rel=1e-12
    )


def test_an_area_is_context_of_places_and_not_of_learners(made: Submission) -> None:
    for by in ("jurisdiction", "program", "site"):
        report = score(made, "OUT-16", by=by)
        assert {(entry.value, entry.n) for entry in report} == {(0.12, 5000)}
    reason = score(made, "OUT-16", by="low_income").results[0].reason
    assert reason is not None
    assert "belongs to an area" in reason
    two = merge([score(half(made, odd), "OUT-16", by=()) for odd in (False, True)]).one("OUT-16")
    assert two.value is None
    assert two.reason is not None
    assert "count twice" in two.reason


@pytest.fixture(scope="module")
def report(made: Submission) -> MeasureReport:
    core = made.standard.profile("core").measures
    return score(made, [*core, "IMP-05"], parameters=OVERRIDES)


def test_standing_counts_the_core_results_beside_it(made: Submission, report: MeasureReport) -> None:
    core = made.standard.profile("core").measures
    for entry in report.select("IMP-05"):
        beside = [other for other in report if other.group == entry.group and other.measure in core]
        left = [
            other
            for other in beside
            if other.status in (Status.NOT_MATURE, Status.SMALL_N)
            or (other.excluded and not other.n and other.value is None)
        ]
        stand = [other for other in beside if other.status is Status.OK]
        assert len(beside) == 17
        assert 0 < len(stand) < 17 - len(left)
        assert (entry.numerator, entry.denominator) == (len(stand), 17 - len(left))
        known = [other.coverage for other in beside if other.coverage is not None]
        assert entry.component("coverage").value == pytest.approx(math.fsum(known) / len(known))
        assert entry.component("overrides").value == 2
        assert dict(entry.parameters) == {"ENG-01.minimum_weeks": 6, "CMP-03.on_pace": 0.8}
    assert MeasureReport.from_dict(json.loads(json.dumps(report.to_dict()))) == report


def test_standing_alone_is_standing_beside_the_core(made: Submission, report: MeasureReport) -> None:
    assert score(made, "IMP-05", parameters=OVERRIDES).results == report.select("IMP-05")


def test_a_report_by_itself_merges_to_itself(made: Submission) -> None:
    alone = score(made, ["IMP-05", "OUT-16"], by=())
    assert alone.one("IMP-05").value is not None
    assert merge([alone]) == alone


def test_standing_does_not_merge(made: Submission) -> None:
    merged = merge([score(half(made, odd), "IMP-05", by=()) for odd in (False, True)]).one("IMP-05")
    assert merged.status is Status.NOT_COMPUTABLE
    assert merged.reason is not None
    assert "does not add up" in merged.reason


def test_a_plan_that_was_never_changed_has_not_drifted() -> None:
    plan = [{"plan_id": "x1", "episode_id": "e", "version": 1, "made_date": "2026-01-05"}]
    items = [{"plan_item_id": c, "plan_id": "x1", "competency_id": c} for c in "ab"]
    made = from_rows({"episode": [{"episode_id": "e", "entry_date": "2026-01-05"}], "plan": plan, "plan_item": items})
    found = score(made, "IMP-05", by=(), as_of="2026-02-01").one("IMP-05")
    assert found.component("plan_drift").value == 0
