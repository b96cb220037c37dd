"""Rhythm, gaps, surveys and contacts: value, error and interval against plain Python and the textbook's formulas."""

from __future__ import annotations

import datetime as dt
import math

import pytest
from scipy.stats import binom, norm

from blended_standard.io import Submission
from blended_standard.measures import MeasureReport, MeasureResult, score
from blended_standard.testing import plain_tables
from tests.measures import oracle_learning as oracle
from tests.measures.oracle_units import UNITS, World
from tests.measures.test_oracle import ratio

Z = float(norm.ppf(0.975))
Ends = list[tuple[int, int]]
MEDIANS = {"ENG-09": (oracle.gaps, 10_000), "REL-06": (oracle.continuity, 10_000)}
CURVES = {"ENG-12": (oracle.returns, 28), "ENG-13": (oracle.persistence, 180), "OUT-05": (oracle.equivalency, 365)}
PROGRAMS = ("P1", "P2")
SHARES = [measure for measure in oracle.SHARES if measure != "OUT-14"]


@pytest.fixture(scope="module")
def report(made: Submission) -> MeasureReport:
    return score(made, [*SHARES, *oracle.MEANS, *MEDIANS, *CURVES, "REL-05", "CMP-04", "EQ-02"], engine="polars")


def interval(found: MeasureResult) -> tuple[float, float]:
    assert found.interval is not None
    return found.interval.low, found.interval.high


@pytest.mark.parametrize("measure", [*SHARES, *oracle.MEANS])
def test_ratios_and_means(measure: str, world: World, report: MeasureReport) -> None:
    agree(measure, world, report)


def test_a_second_year_of_study(made: Submission) -> None:
    """Two years after graduation, which the as-of date of the district does not reach."""
    later = dt.date(2028, 5, 31)
    agree("OUT-14", World(plain_tables(made), later), score(made, "OUT-14", as_of=later, engine="polars"))


def agree(measure: str, world: World, report: MeasureReport) -> None:
    units = list({**oracle.SHARES, **oracle.MEANS}[measure](world))
    for program in PROGRAMS:
        found = report.one(measure, program)
        mine = [(learner, x, y) for learner, where, x, y in units if where == program]
        assert len(mine) >= 4
        x, y, se, low, high = ratio(mine, share=measure not in ("ENG-03", "ENG-07", "REL-03", "REL-04"))
        assert found.n == len(mine)
        assert (found.numerator, found.denominator) == pytest.approx((x, y), rel=1e-9)
        assert (found.value, found.se) == (pytest.approx(x / y, rel=1e-9), pytest.approx(se, rel=1e-7))
        assert interval(found) == pytest.approx((low, high), rel=1e-7)


@pytest.mark.parametrize("idle", [10, 15, 30, 60])
@pytest.mark.parametrize("rule", ["drop", "cap", "mean"])
def test_each_way_to_estimate_time(idle: int, rule: str, world: World, report: MeasureReport) -> None:
    for program in PROGRAMS:
        mine = [(learner, x, y) for learner, where, x, y in oracle.minutes(world, idle, rule) if where == program]
        x, y, _, low, high = ratio(mine, share=False)
        part = report.one("ENG-03", program).component(f"{rule}_{idle}")
        assert part.interval is not None
        assert (part.value, part.interval.low, part.interval.high) == pytest.approx((x / y, low, high), rel=1e-7)


@pytest.mark.parametrize("measure", MEDIANS)
def test_medians_have_the_interval_of_order_statistics(measure: str, world: World, report: MeasureReport) -> None:
    unit, ticks = MEDIANS[measure]
    for program in PROGRAMS:
        values, found = sorted(unit(world, program)), report.one(measure, program)
        n = len(values)
        assert found.n == n > 20
        assert found.value == pytest.approx((values[(n - 1) // 2] + values[n // 2]) / 2 / ticks, abs=1e-12)
        rank = int(binom.ppf(0.025, n, 0.5))  # the largest with at most 2.5 % below it
        assert interval(found) == pytest.approx((values[rank - 1] / ticks, values[n - rank] / ticks), abs=1e-12)


@pytest.mark.parametrize("measure", CURVES)
def test_curves_have_the_errors_of_the_textbook(measure: str, world: World, report: MeasureReport) -> None:
    unit, horizon = CURVES[measure]
    for program in PROGRAMS:
        ends, found = list(unit(world, program)), report.one(measure, program)
        value, se = survival(ends, horizon) if measure == "ENG-13" else incidence(ends, horizon)
        assert found.n == len(ends) > 20
        assert (found.value, found.se) == pytest.approx((value, se), abs=1e-12)
        width = Z * se / (value * abs(math.log(value)))
        assert interval(found) == pytest.approx((value ** math.exp(width), value ** math.exp(-width)), abs=1e-12)


def survival(ends: Ends, horizon: float) -> tuple[float, float]:
    """Kaplan-Meier with Greenwood's error."""
    value, sum_ = 1.0, 0.0
    for time in sorted({time for time, end in ends if end and time <= horizon}):
        risk, lost = sum(other >= time for other, _ in ends), ends.count((time, 1))
        value *= 1 - lost / risk
        sum_ += lost / (risk * (risk - lost)) if risk > lost else math.inf
    return value, value * math.sqrt(sum_) if value else 0.0


def incidence(ends: Ends, horizon: float) -> tuple[float, float]:
    """Aalen-Johansen with the error of Marubini and Valsecchi (1995)."""
    free, value, terms = 1.0, 0.0, []
    for time in sorted({time for time, end in ends if end and time <= horizon}):
        risk = sum(other >= time for other, _ in ends)
        done, gone = (ends.count((time, end)) for end in (1, 2))
        value += free * done / risk
        terms.append((risk, done, done + gone, free, value))
        free *= 1 - (done + gone) / risk
    variance = sum(
        ((value - at) ** 2 * d / (n * (n - d)) if n > d else 0)
        + before**2 * (n - c) * c / n**3
        - 2 * (value - at) * before * c / n**2
        for n, c, d, before, at in terms
    )
    return value, math.sqrt(variance)


def median_time(ends: Ends) -> tuple[float, float, float]:
    """Median of Kaplan-Meier, and the first times at which its log-log limits reach a half.

    R 4 (survival: survfit, conf.type="log-log") gives the same of these data, and the errors of `incidence` and
    `restricted_mean` to all its digits.
    """
    found = [math.inf] * 3
    for time in sorted({time for time, end in ends if end}, reverse=True):
        value, se = survival(ends, time)
        if value in (0, 1):
            limits = (value, value)
        else:
            width = Z * se / (value * abs(math.log(value)))
            limits = (value ** math.exp(width), value ** math.exp(-width))
        for place, curve in enumerate((value, *limits)):
            if curve <= 0.5:
                found[place] = time
    return found[0], found[1], found[2]


def test_the_median_wait_for_an_answer(world: World, report: MeasureReport) -> None:
    for program in PROGRAMS:
        ends, found = list(oracle.answers(world, program)), report.one("REL-05", program)
        assert found.n == len(ends) > 20
        value, low, high = (time / 60 for time in median_time(ends))
        assert found.value == pytest.approx(value, abs=1e-12)
        assert interval(found) == pytest.approx((low, high), abs=1e-12)


def test_the_risk_ratio_has_the_interval_of_katz(world: World, report: MeasureReport) -> None:
    poor = {row["learner_id"]: row["low_income"] for row in world.t["learner"]}
    for program in PROGRAMS:
        sides: dict[bool | None, list[float]] = {True: [], False: [], None: []}
        for learner, where, x, _ in UNITS["OUT-09"](world):
            if where == program and x is not None:
                sides[poor[learner]].append(x)
        (a, n), (c, m) = ((sum(sides[side]), len(sides[side])) for side in (True, False))
        error = math.sqrt(1 / a - 1 / n + 1 / c - 1 / m)
        value, found = (a / n) / (c / m), report.one("EQ-02", program)
        assert (found.value, found.se) == pytest.approx((value, value * error), rel=1e-9)
        assert interval(found) == pytest.approx((value * math.exp(-Z * error), value * math.exp(Z * error)), rel=1e-9)


def test_time_to_mastery(world: World, report: MeasureReport) -> None:
    """Median as above; restricted mean with Greenwood's error; incidence of mastery, which leaving competes with."""
    for program in PROGRAMS:
        ends, found = list(oracle.mastery_times(world, program)), report.one("CMP-04", program)
        alone = [(time, int(end == 1)) for time, end in ends]
        assert found.n == len(ends) > 100
        value, low, high = (time / 7 for time in median_time(alone))
        assert found.value == pytest.approx(value, abs=1e-12)
        assert interval(found) == pytest.approx((low, high), abs=1e-12)
        value, se = restricted_mean(alone, 84)
        part = found.component("restricted")
        assert part.value == pytest.approx(value / 7, abs=1e-9)
        assert part.interval is not None
        assert (part.interval.low, part.interval.high) == pytest.approx(
            ((value - Z * se) / 7, (value + Z * se) / 7), abs=1e-9
        )
        value, se = incidence(ends, 84)
        part = found.component("mastered")
        width = Z * se / (value * abs(math.log(value)))
        assert part.value == pytest.approx(value, abs=1e-12)
        assert part.interval is not None
        assert (part.interval.low, part.interval.high) == pytest.approx(
            (value ** math.exp(width), value ** math.exp(-width)), abs=1e-12
        )


def restricted_mean(ends: Ends, horizon: int) -> tuple[float, float]:
    """Area under Kaplan-Meier to the horizon, and its error (Klein and Moeschberger 2003, section 4.5)."""
    times = sorted({time for time, end in ends if end and time <= horizon})
    heights = [1.0, *(survival(ends, time)[0] for time in times)]
    steps = [b - a for a, b in zip([0, *times], [*times, horizon], strict=True)]
    areas = [height * step for height, step in zip(heights, steps, strict=True)]
    variance = 0.0
    for place, time in enumerate(times, start=1):
        risk, lost = sum(other >= time for other, _ in ends), ends.count((time, 1))
        variance += sum(areas[place:]) ** 2 * lost / (risk * (risk - lost)) if risk > lost else 0
    return sum(areas), math.sqrt(variance)
