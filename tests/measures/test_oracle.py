"""Value, numerator, denominator, error and interval of measures, from units that plain Python finds in the records."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Iterator, Sequence

import pytest
from scipy.stats import binom, norm, t

from blended_standard.io import Submission
from blended_standard.measures import MeasureReport, score
from tests.measures.oracle_learning import mastery_spans
from tests.measures.oracle_units import UNITS, World


@pytest.fixture(scope="module", params=["duckdb", "polars"])
def report(request: pytest.FixtureRequest, made: Submission) -> MeasureReport:
    return score(made, [*UNITS, "CMP-04", "CMP-08", "OUT-11", "OUT-03"], engine=request.param)


@pytest.mark.parametrize("measure", UNITS)
def test_the_numbers_are_those_of_a_plain_sum(measure: str, world: World, report: MeasureReport) -> None:
    units = UNITS[measure](world)
    for program in ("P1", "P2"):
        found = report.one(measure, program)
        mine = [(learner, x, y) for learner, where, x, y in units if where == program and x is not None]
        assert len(mine) >= 4
        x, y, se, low, high = ratio(mine, share=measure not in ("CMP-02", "CMP-10", "IMP-01"))
        assert x > 0
        assert found.n == len(mine)
        assert found.numerator == pytest.approx(x, rel=1e-9)
        assert found.denominator == pytest.approx(y, rel=1e-9)
        assert found.value == pytest.approx(x / y, rel=1e-9)
        assert found.se == pytest.approx(se, rel=1e-7)
        assert found.interval is not None
        assert (found.interval.low, found.interval.high) == pytest.approx((low, high), rel=1e-7)


def ratio(units: Sequence[tuple[str, float, float]], *, share: bool) -> tuple[float, float, float, float, float]:
    """Ratio of sums over learners by the textbook (Cochran 1977): residuals of each learner's sums."""
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for learner, x, y in units:
        sums[learner][0] += x
        sums[learner][1] += y
    top, bottom, m = math.fsum(x for x, _ in sums.values()), math.fsum(y for _, y in sums.values()), len(sums)
    r = top / bottom
    se = math.sqrt(m / (m - 1) * math.fsum((x - r * y) ** 2 for x, y in sums.values())) / bottom
    people = len(units) == m and all(y == 1 and x in (0, 1) for _, x, y in units)
    if share and (people or r in (0, 1)):
        z, n = float(norm.ppf(0.975)), m
        middle, half = r + z * z / (2 * n), z * math.sqrt(r * (1 - r) / n + z * z / (4 * n * n))
        return top, bottom, se, (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)
    quantile = float(t.ppf(0.975, m - 1))
    if not share:
        return top, bottom, se, r - quantile * se, r + quantile * se
    logit, half = math.log(r / (1 - r)), quantile * se / (r * (1 - r))
    low, high = (1 / (1 + math.exp(-(logit + side * half))) for side in (-1, 1))
    return top, bottom, se, low, high


def test_attempts_are_the_middle_of_counts(world: World, report: MeasureReport) -> None:
    for program in ("P1", "P2"):
        counts = []
        for episode in world.episodes:
            for competency, first in world.mastery(episode).items():
                if first is None or world.program[episode["site_id"]] != program:
                    continue
                days = [
                    world.local(row)
                    for row in world.rows_of("evidence", episode)
                    if row["competency_id"] == competency and row["kind"] != "carried_over"
                ]
                counts.append(sum(day is not None and day <= first for day in days))
        counts = [count for count in counts if count]
        found = report.one("CMP-08", program)
        assert found.n == len(counts) > 20
        assert found.value == statistics.median(counts)
        assert middle(counts) == (found.interval and (found.interval.low, found.interval.high))


def test_earnings_are_the_middle_of_wages(world: World, report: MeasureReport) -> None:
    for program in ("P1", "P2"):
        wages = []
        for episode in world.exits(2):
            rows = [row for row in world.quarter(episode, 2) if row["status"] == "found"]
            if world.program[episode["site_id"]] == program and any(row["employed"] for row in rows):
                wages.append(max((row["wages"] or 0 for row in rows), default=0))
        wages = [wage for wage in wages if wage]
        found = report.one("OUT-11", program)
        assert found.n == len(wages) >= 2
        assert found.value == pytest.approx(statistics.median(wages), abs=1e-9)
        assert middle(wages) == (found.interval and (found.interval.low, found.interval.high))


def middle(values: Sequence[float]) -> tuple[float, float] | None:
    """The pair of order statistics that holds the median with 95 % or more, if there is one."""
    rank, ordered = int(binom.ppf(0.025, len(values), 0.5)), sorted(values)
    return (ordered[rank - 1], ordered[len(values) - rank]) if rank else None


def test_completion_has_the_error_of_the_textbook(world: World, report: MeasureReport) -> None:
    """Aalen-Johansen with the variance of Marubini and Valsecchi, written out over times."""
    for program in ("P1", "P2"):
        ends = list(times_to_completion(world, program))
        free, value, terms = 1.0, 0.0, []
        for time in sorted({time for time, code in ends if code and time <= 365}):
            risk = sum(other >= time for other, _ in ends)
            done, gone = (sum(end == (time, code) for end in ends) for code in (1, 2))
            value += free * done / risk
            terms.append((risk, done, gone, free, value))
            free *= 1 - (done + gone) / risk
        variance = sum(
            ((value - at) ** 2 * (d + g) / (n * (n - d - g)) if n > d + g else 0)
            + before**2 * (n - d) * d / n**3
            - 2 * (value - at) * before * d / n**2
            for n, d, g, before, at in terms
        )
        found = report.one("OUT-03", program)
        assert found.value == pytest.approx(value, abs=1e-12)
        se = math.sqrt(variance)
        width = float(norm.ppf(0.975)) * se / (value * abs(math.log(value)))
        assert found.se == pytest.approx(se, abs=1e-12)
        assert found.interval is not None
        assert (found.interval.low, found.interval.high) == pytest.approx(
            (value ** math.exp(width), value ** math.exp(-width)), abs=1e-12
        )


def times_to_completion(world: World, program: str) -> Iterator[tuple[int, int]]:
    """Days and end of each episode: 1 completed, 2 ended otherwise, 0 open."""
    for episode in world.episodes:
        days = [
            row["date"]
            for row in world.rows_of("outcome", episode)
            if row["kind"] in ("diploma", "program_completion") and row["achieved"] and row["date"] <= world.as_of
        ]
        end = world.exit(episode)
        if end and episode["exit_reason"] in ("completed_diploma", "completed_program"):
            days.append(end)
        if world.program[episode["site_id"]] != program or (not days and world.reason(episode) == "moved_away"):
            continue
        last = min(days, default=world.last(episode))
        yield max((last - episode["entry_date"]).days, 0), 1 if days else 2 if end else 0


def test_times_to_mastery_leave_out_weeks_that_nobody_could_see(world: World, report: MeasureReport) -> None:
    """Days from first work to mastery, day by day, without those of weeks closed or paused whole; and their mean."""
    for program in ("P1", "P2"):
        spans = list(mastery_spans(world, program))
        times = [(kept, end == 1) for _, kept, end in spans]
        left_out = sum(days - kept for days, kept, _ in spans)
        assert left_out > 100
        area, height, before = 0.0, 1.0, 0
        for time in sorted({time for time, event in times if event and time <= 84}):
            area += height * (time - before)
            height *= 1 - times.count((time, True)) / sum(other >= time for other, _ in times)
            before = time
        area += height * (84 - before)
        found = report.one("CMP-04", program)
        assert found.n == len(times) > 100
        assert found.component("restricted").value == pytest.approx(area / 7, abs=1e-9)
