"""Means, medians, median times, bounds and components: numbers from other programs, and merging."""

from __future__ import annotations

import random
import statistics

import pytest

from blended_standard.errors import UsageError
from blended_standard.measures.components import components
from blended_standard.measures.resolved import ResolvedMeasure
from blended_standard.measures.summaries import (
    EventSummary,
    MeanSummary,
    MedianSummary,
    Numbers,
    RatioSummary,
    Summary,
    as_statistics,
    rebuild,
)
from blended_standard.numeric.events import EventTable, median_time, restricted_mean
from blended_standard.numeric.medians import median
from blended_standard.spec.definitions import (
    Combine,
    ComponentDefinition,
    MeasureDefinition,
    Parameter,
    Range,
    Unit,
)


def measure(statistic: str, *parts: ComponentDefinition, ticks: int = 1, top: float | None = None) -> ResolvedMeasure:
    definition = MeasureDefinition(
        id="X-01",
        version="1.0.0",
        status="draft",
        title="X",
        domain="engagement",
        core=False,
        attendance_independent=True,
        question="",
        direction="descriptive",
        unit=Unit(of="episode", result="share"),
        range=Range(minimum=0, maximum=top),
        population="",
        numerator="",
        denominator="",
        window="",
        missing_data="",
        combine=Combine(statistic=statistic, interval="", mergeable=True, ticks=ticks),
        inputs=(),
        source="",
        components=parts,
        parameters={"a": Parameter(type="integer", default=1, meaning="")},
    )
    return ResolvedMeasure(definition, {})


def moments(values: list[float]) -> dict[str, float | int]:
    n = len(values)
    squares = sum(value * value for value in values)
    return {"n": n, "clusters": n, "x": sum(values), "y": n, "xx": squares, "xy": sum(values), "yy": n}


VALUES = [5.1, 6.2, 4.4, 7.0, 5.5, 6.8]


def test_a_mean_has_students_interval() -> None:
    # R 4.2: t.test(c(5.1, 6.2, 4.4, 7.0, 5.5, 6.8))$conf.int
    found = MeanSummary.from_sums(moments(VALUES)).evaluate(measure("mean"))
    assert found.value == pytest.approx(35 / 6, rel=1e-12)
    assert found.se == pytest.approx(statistics.stdev(VALUES) / 6**0.5, rel=1e-10)
    assert found.interval is not None
    assert (found.interval.low, found.interval.high) == pytest.approx((4.76999727798, 6.89666938869), rel=1e-8)


def test_equal_values_have_no_error() -> None:
    assert MeanSummary.from_sums(moments([0.1] * 7)).evaluate(measure("mean")).se == 0.0


def test_a_single_unit_has_a_mean_and_no_interval() -> None:
    found = MeanSummary.from_sums(moments([3.0])).evaluate(measure("mean"))
    assert (found.value, found.se, found.interval) == (3.0, None, None)


@pytest.mark.parametrize(
    ("n", "ranks"),
    # Conover (1999), table A3 at one half, and R: qbinom(0.025, n, 0.5) where it is above 0.
    [(5, None), (6, (1, 6)), (8, (1, 8)), (9, (2, 8)), (20, (6, 15)), (100, (40, 61))],
)
def test_the_interval_of_a_median_runs_between_order_statistics(n: int, ranks: tuple[int, int] | None) -> None:
    found = median(dict.fromkeys(range(1, n + 1), 1))
    assert found.value == (n + 1) / 2
    assert (None if found.interval is None else (found.interval.low, found.interval.high)) == ranks


def test_a_median_of_nothing_is_misuse() -> None:
    with pytest.raises(UsageError, match="at least one value"):
        median({})


def test_medians_merge_exactly_and_are_given_in_units() -> None:
    draw = random.Random(3)
    parts = [[draw.randrange(200) for _ in range(size)] for size in (7, 12, 30)]
    total: MedianSummary = MedianSummary({})
    for part in parts:
        total += MedianSummary({value: part.count(value) for value in part})
    everything = [value for part in parts for value in part]
    assert total.evaluate(measure("median", ticks=100)).value == statistics.median(everything) / 100


@pytest.mark.parametrize(
    ("counts", "expected"),
    # R 4.2, survival 3.5: quantile(survfit(Surv(t, e) ~ 1, conf.type = "log-log"), 0.5)
    [
        ({(2, 1): 1, (3, 0): 1, (4, 1): 2, (6, 0): 1, (8, 1): 1, (10, 0): 1, (12, 0): 3}, None),
        ({(2, 1): 1, (3, 0): 1, (4, 1): 2, (6, 0): 1, (8, 1): 1}, 4.0),
        ({(1, 1): 1, (2, 1): 1, (3, 1): 1, (4, 1): 1}, 2.5),
        ({(0, 1): 5, (7, 0): 1}, 0.0),
    ],
)
def test_median_times_are_those_of_survfit(counts: dict[tuple[int, int], int], expected: float | None) -> None:
    assert median_time(EventTable(counts)).value == expected


def test_the_interval_of_a_median_time_is_that_of_survfit() -> None:
    # reference/median_time.R: 30 times 1..30, every fifth censored.
    found = median_time(EventTable({(time, int(time % 5 != 0)): 1 for time in range(1, 31)}))
    assert found.value == 18.0
    assert found.interval is not None
    assert (found.interval.low, found.interval.high) == (11.0, 23.0)


@pytest.mark.parametrize(
    ("counts", "horizon", "expected"),
    # R 4.2, survival 3.5: summary(survfit(Surv(t, e) ~ 1), rmean = horizon)$table, in reference/median_time.R
    [
        (
            {(2, 1): 1, (3, 0): 1, (4, 1): 2, (6, 0): 1, (8, 1): 1, (10, 0): 1, (12, 0): 3},
            12,
            (8.66, 1.30777291607),
        ),
        ({(time, int(time % 5 != 0)): 1 for time in range(1, 31)}, 20, (14.4530666667, 1.19432149607)),
    ],
)
def test_restricted_means_are_those_of_survfit(
    counts: dict[tuple[int, int], int], horizon: int, expected: tuple[float, float]
) -> None:
    found = restricted_mean(EventTable(counts), horizon)
    assert (found.value, found.se) == pytest.approx(expected, abs=1e-10)
    assert 0 <= found.interval.low < found.value < found.interval.high <= horizon


def test_no_median_time_is_said() -> None:
    found = EventSummary(EventTable({(1, 1): 1, (5, 0): 3})).evaluate(measure("median_time"))
    assert found.value is None
    assert found.reason == "Fewer than half have had the event in the time seen."


def test_lost_outcomes_give_bounds() -> None:
    # Catalogue 0.3: n = 50, 22 successes, 8 lost.
    sums = {"n": 50, "clusters": 50, "x": 22, "y": 50, "xx": 22, "xy": 22, "yy": 50, "lost": 8}
    found = RatioSummary.from_sums(sums).evaluate(measure("ratio_of_sums", top=1))
    assert found.value == pytest.approx(0.44)
    assert found.bounds is not None
    assert (found.bounds.low, found.bounds.high) == pytest.approx((0.44, 0.60))
    twice = RatioSummary.from_sums(sums) + RatioSummary.from_sums(sums)
    assert twice.lost == 16
    assert twice == RatioSummary.from_sums(twice.sums())


def part(name: str, statistic: str, limit: float | None = None) -> ComponentDefinition:
    return ComponentDefinition(id=name, meaning="", statistic=statistic, unit="hours", limit=limit)


def test_people_who_each_count_once_get_wilsons_interval() -> None:
    # Wilson (1927); the same numbers stand in vectors of OUT-01.
    for x, n, low, high in ((17, 20, 0.640, 0.948), (709, 1167, 0.5792, 0.6352), (4, 14, 0.117, 0.546)):
        sums = {"n": n, "clusters": n, "x": x, "y": n, "xx": x, "xy": x, "yy": n}
        found = RatioSummary.from_sums(sums).evaluate(measure("ratio_of_sums", top=1.0)).interval
        assert found is not None
        assert (found.low, found.high) == pytest.approx((low, high), abs=5.1e-4)
        clustered = RatioSummary.from_sums({**sums, "clusters": n - 1}).evaluate(measure("ratio_of_sums", top=1.0))
        assert clustered.interval is not None
        assert clustered.interval.method != found.method == "Wilson"


def test_components_are_computed_merged_and_derived() -> None:
    parts = [part("other", "mean"), part("least", "lowest"), part("most", "highest"), part("wide", "spread_above", 1.5)]
    resolved = measure("mean", *parts)
    headline = MeanSummary.from_sums(moments([1.0, 2.0]))
    other: dict[str, Summary] = {"other": MeanSummary.from_sums(moments([4.0]))}
    summary, rebuilt = rebuild(resolved, as_statistics(headline, other))
    assert (summary, rebuilt) == (headline, other)
    found = {entry.name: entry.value for entry in components(resolved, headline.evaluate(resolved), rebuilt)}
    assert found == {"other": 4.0, "least": 1.5, "most": 4.0, "wide": 1.0}


def test_a_component_without_units_says_so() -> None:
    resolved = measure("mean", part("other", "mean"), part("most", "highest"))
    other, most = components(resolved, Numbers(value=1.0), {})
    assert (other.value, other.reason) == (None, "No unit has what it needs.")
    assert most.value is None


def test_a_share_that_rounding_puts_above_one_is_one() -> None:
    sums = {"n": 2, "clusters": 2, "x": 2.0000000000000004, "y": 2, "xx": 2.000000000000001, "xy": 2.0000000000000004}
    for kind in (MeanSummary, RatioSummary):
        found = kind.from_sums(sums | {"yy": 2}).evaluate(measure("mean", top=1))
        assert (found.value, found.se, found.numerator) == (1, 0, 2)
        assert found.interval is not None
        assert found.interval.high == 1
    above = RatioSummary.from_sums(sums | {"yy": 2, "x": 2.001}).evaluate(measure("ratio_of_sums", top=1))
    assert above.value is None
