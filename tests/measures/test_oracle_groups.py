"""Agreement, gaps and mixes (CMP-07, EQ-01, EQ-04): value, error and interval against plain Python and the definitions."""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import combinations
from typing import Any

import pytest
from scipy.stats import norm

from blended_standard.io import Submission
from blended_standard.measures import MeasureResult, score
from blended_standard.measures.report import Component
from blended_standard.testing import plain_tables
from tests.measures.oracle_units import World
from tests.measures.test_oracle import ratio
from tests.measures.test_oracle_learning import incidence

PROGRAMS = ("P1", "P2")
Z = float(norm.ppf(0.975))
Episode = dict[str, Any]
Part = tuple[float, float, float, float]
"""Value, error and interval."""


# CMP-07


@pytest.fixture(scope="module")
def rated(made: Submission) -> Submission:
    """The district, of whose work a part was scored by up to three people, who often agree."""
    rng, rows = random.Random(8), []
    for evidence in plain_tables(made)["evidence"]["evidence_id"][:1200]:
        true = rng.choice([1, 2, 2, 3, 3, 4, 5])
        for rater in rng.sample(["ann", "bob", "cem", "dee"], rng.randrange(4)):
            given = min(max(true + rng.choice([-1, 0, 0, 0, 1]), 1), 5)
            rows.append((evidence, rater, given, rng.choice(["s", "s", "s", None])))
            if rng.random() < 0.1:  # again, and perhaps another score
                rows.append((evidence, rater, rng.choice([given, given, 6 - given]), rows[-1][3]))
    names = ("evidence_id", "rater_id", "score", "scale_id")
    rating = {name: [row[place] for row in rows] for place, name in enumerate(names)}
    rating["rating_id"] = [f"r{number}" for number in range(len(rows))]
    return Submission.from_tables({**plain_tables(made), "rating": rating}, manifest=made.manifest)


def pairs(world: World, program: str) -> Iterator[tuple[str, int, int]]:
    """The learner and the scores of each two people who scored a piece on one scale, each with one score."""
    scores: dict[tuple[str, str | None], dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for row in world.t["rating"]:
        scores[row["evidence_id"], row["scale_id"]][row["rater_id"]].add(row["score"])
    for work in world.t["evidence"]:
        episode = world.by_id.get(work["episode_id"])
        if episode is None or world.local(work) is None or world.program[episode["site_id"]] != program:
            continue
        for scale in ("s", None):
            clear = sorted(
                (rater, *held) for rater, held in scores[work["evidence_id"], scale].items() if len(held) == 1
            )
            for (_, one), (_, two) in combinations(clear, 2):
                yield episode["learner_id"], one, two


def test_agreement_and_both_kappas(rated: Submission) -> None:
    assert rated.manifest.as_of is not None
    world, report = World(plain_tables(rated), rated.manifest.as_of), score(rated, "CMP-07", engine="polars")
    for program in PROGRAMS:
        mine, found = list(pairs(world, program)), report.one("CMP-07", program)
        assert found.n == len(mine) > 100
        x, y, se, low, high = ratio([(learner, float(a == b), 1) for learner, a, b in mine], share=True)
        assert (found.numerator, found.denominator) == (x, y)
        assert told(found) == pytest.approx((x / y, se, low, high), rel=1e-7)
        table = Counter((a, b) for _, a, b in mine)
        for name, power in (("kappa", 0), ("weighted_kappa", 2)):
            value, se = kappa(table, power)
            assert ends(found.component(name)) == pytest.approx((value, value - Z * se, value + Z * se), abs=1e-7)


def kappa(table: Counter[tuple[int, int]], power: int) -> tuple[float, float]:
    """One less observed by expected disagreement, and the error of a function of multinomial shares.

    The slopes are those of the function itself, by differences, so that no formula of its variance is taken on trust.
    """
    n = table.total()
    shares = {pair: count / n for pair, count in table.items()}

    def of(p: dict[tuple[int, int], float]) -> float:
        total = math.fsum(p.values())
        rows, columns = Counter[int](), Counter[int]()
        for (a, b), share in p.items():
            rows[a] += share
            columns[b] += share
        seen = math.fsum(share * apart(a, b) for (a, b), share in p.items()) / total
        chance = math.fsum(q * r * apart(a, b) for a, q in rows.items() for b, r in columns.items()) / total**2
        return 1 - seen / chance

    def apart(a: int, b: int) -> float:
        return float(a != b) if power == 0 else float((a - b) ** power)

    step = 1e-5
    slopes = {
        pair: (of({**shares, pair: share + step}) - of({**shares, pair: share - step})) / (2 * step)
        for pair, share in shares.items()
    }
    center = math.fsum(slopes[pair] * share for pair, share in shares.items())
    variance = math.fsum(slopes[pair] ** 2 * share for pair, share in shares.items()) - center**2
    return of(shares), math.sqrt(variance / n)


def told(found: MeasureResult) -> Part:
    value, low, high = ends(found)
    assert found.se is not None
    return value, found.se, low, high


def ends(found: MeasureResult | Component) -> tuple[float, float, float]:
    assert found.value is not None
    assert found.interval is not None
    return found.value, found.interval.low, found.interval.high


# EQ-01 and EQ-04, of a curve and of a ratio of sums


Units = list[Any]
HORIZON = 180


def completions(world: World, episodes: list[Episode]) -> Units:
    """OUT-03: days and end of each episode: 1 completed, 2 ended otherwise, 0 open."""
    times = []
    for episode in episodes:
        done = [
            row["date"]
            for row in world.rows_of("outcome", episode)
            if row["kind"] in ("diploma", "program_completion") and row["achieved"] and row["date"] <= world.as_of
        ]
        end = world.exit(episode)
        if end and episode["exit_reason"] in ("completed_diploma", "completed_program"):
            done.append(end)
        if done or world.reason(episode) != "moved_away":
            last = min(done, default=world.last(episode))
            times.append((max((last - episode["entry_date"]).days, 0), 1 if done else 2 if end else 0))
    return times


def curve(times: Units) -> Part:
    """The incidence at the horizon, with its interval on the scale log(-log)."""
    value, se = incidence(times, HORIZON)
    width = Z * se / (value * abs(math.log(value)))
    return value, se, value ** math.exp(width), value ** math.exp(-width)


def decisions(world: World, episodes: list[Episode]) -> Units:
    """CMP-05: each decision that stands and was made in the program, and whether its evidence is of level 3 or more."""
    return [
        (episode["learner_id"], float((row["evidence_level"] or 0) >= 3), 1.0)
        for episode in episodes
        for row in world.rows_of("mastery_decision", episode)
        if row["mastered"] and row["date"] <= world.as_of and not row["prior_learning"] and not row["revoked"]
    ]


def share(units: Units) -> Part:
    x, y, se, low, high = ratio(units, share=True)
    return x / y, se, low, high


BASES: dict[str, tuple[Callable[[World, list[Episode]], Units], Callable[[Units], Part]]] = {
    "OUT-03": (completions, curve),
    "CMP-05": (decisions, share),
}
SETTINGS = {"OUT-03": {"horizon_days": HORIZON}}


def of_program(world: World, program: str) -> list[Episode]:
    return [episode for episode in world.episodes if world.program[episode["site_id"]] == program]


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("stratum", ["low_income", "disability"])
def test_a_gap_has_the_interval_of_its_two_sides(base: str, stratum: str, world: World, made: Submission) -> None:
    units, evaluate = BASES[base]
    settings = {**SETTINGS, "EQ-01": {"of": base, "stratum": stratum}}
    report = score(made, "EQ-01", engine="polars", parameters=settings)
    member = {row["learner_id"]: row[stratum] for row in world.t["learner"]}
    for program in PROGRAMS:
        one, two = (
            units(world, [e for e in of_program(world, program) if member[e["learner_id"]] is side])
            for side in (True, False)
        )
        found = report.one("EQ-01", program)
        assert found.n == len(one) + len(two)
        assert told(found) == pytest.approx(weighted([(1, evaluate(one)), (-1, evaluate(two))]), rel=1e-7)


def weighted(parts: Iterable[tuple[float, Part]]) -> Part:
    """A weighted sum of independent parts: squares added, of the errors and of the distances to the ends.

    Where a weight is negative, the upper end of the part makes the lower end of the sum (Zou and Donner 2008).
    """
    value = se = below = above = 0.0
    for weight, (share, error, low, high) in parts:
        down, up = (share - low, high - share) if weight > 0 else (high - share, share - low)
        value += weight * share
        se += (weight * error) ** 2
        below += (weight * down) ** 2
        above += (weight * up) ** 2
    return value, math.sqrt(se), value - math.sqrt(below), value + math.sqrt(above)


def stratum_of(world: World, episode: Episode, learners: dict[str, dict[str, Any]]) -> str:
    """Bands of credits held of those expected, of age at entry, and of days out of school; 0 for none recorded."""
    learner, entry = learners[episode["learner_id"]], episode["entry_date"]
    held, due, born, gap = (
        learner.get(name) for name in ("credits_at_entry", "credits_expected", "birth_date", "entry_gap_days")
    )
    credit = band(None if held is None or not due else held / due, 0.65, 0.70, 0.75)
    age = None if born is None else entry.year - born.year - ((entry.month, entry.day) < (born.month, born.day))
    return f"{credit}.{band(age, 18, 21)}.{band(gap, 183, 731)}"


def band(value: float | None, *limits: float) -> int:
    return 0 if value is None else 1 + sum(value >= limit for limit in limits)


@pytest.mark.parametrize("base", BASES)
def test_the_mix_of_all_is_put_on_each_program(base: str, world: World, made: Submission) -> None:
    units, evaluate = BASES[base]
    report = score(made, "EQ-04", engine="polars", parameters={**SETTINGS, "EQ-04": {"of": base, "minimum_units": 20}})
    learners = {row["learner_id"]: row for row in world.t["learner"]}
    strata: dict[str, dict[str, Units]] = {program: defaultdict(list) for program in PROGRAMS}
    everyone = Counter[str]()
    for program in PROGRAMS:
        for episode in of_program(world, program):
            mine, name = units(world, [episode]), stratum_of(world, episode, learners)
            strata[program][name] += mine
            everyone[name] += len(mine)
    mix = {name: count / everyone.total() for name, count in sorted(everyone.items()) if count}
    for program in PROGRAMS:
        parts, found = joined(mix, strata[program], 20), report.one("EQ-04", program)
        assert len(parts) > 2
        assert told(found) == pytest.approx(weighted((w, evaluate(held)) for w, held in parts), rel=1e-7)
        everything = [unit for held in strata[program].values() for unit in held]
        assert found.component("raw").value == pytest.approx(evaluate(everything)[0], rel=1e-9)
        distance = sum(abs(len(strata[program][name]) / len(everything) - mix[name]) for name in mix) / 2
        assert found.component("mix_distance").value == pytest.approx(distance, abs=1e-12)


def joined(mix: dict[str, float], strata: dict[str, Units], minimum: int) -> list[tuple[float, Units]]:
    """Weights and units of the strata in order; one that is too small joins the next, and what is left the last."""
    made: list[tuple[float, Units]] = [(0.0, [])]
    for name, weight in mix.items():
        before, held = made.pop()
        made.append((before + weight, held + strata[name]))
        if len(made[-1][1]) >= minimum:
            made.append((0.0, []))
    left, rest = made.pop()
    if not made:
        return [(left, rest)]
    weight, held = made.pop()
    return [*made, (weight + left, held + rest)]
