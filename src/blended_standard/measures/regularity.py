"""Measures of regularity: how alike weeks are, how concentrated in hours and weekdays, how periodic.

Sources: Boroujeni, Sharma, Kidzinski, Lucignano and Dillenbourg (2016). Hours and weekdays are those of the site's
clock. Weeks with equal patterns are counted together before they are paired, so that pairs stay few.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from blended_standard.measures.acts import hours, learning_days
from blended_standard.measures.blocks import Blocks, block, remainder, week_of, whole
from blended_standard.measures.expressions import flag
from blended_standard.measures.registry import Parameters, measure

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw

_DAYS = [f"h{day}" for day in range(7)]
_OTHER = [f"h{day}_right" for day in range(7)]
_SCALE = 420  # Divisible by 1 to 7: shares of weekdays are integers in it.


@measure("ENG-04")
def same_weekdays(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Mean over pairs of weeks of the weekdays they share, of those of the busier week (ENG-04, WS1)."""
    return _similarity(blocks, "weekdays", parameters)


@measure("ENG-05")
def same_shape(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Mean over pairs of active weeks of 1 less the Jensen-Shannon divergence of their weekdays (ENG-05, WS2)."""
    return _similarity(blocks, "shape", {**parameters, "empty_weeks": "skip"})


@measure("ENG-06")
def same_amount(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Mean over pairs of weeks of 1 less the mean squared relative difference of active hours (ENG-06, WS3)."""
    return _similarity(blocks, "amount", parameters)


@measure("ENG-07")
def peak_concentration(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """How far activity concentrates in some hours of the day and days of the week, in bits (ENG-07, PDH and PWD)."""
    import narwhals.stable.v2 as nw

    by_hour, by_weekday = _peak(_by_hour(blocks), 24, "hour"), _peak(_by_weekday(blocks), 7, "weekday")
    found = by_weekday.join(by_hour, on="episode").with_columns(
        x=nw.col("hour_peak"),
        x_hour_normalized=nw.col("hour_concentration"),
        x_weekday=nw.col("weekday_peak"),
        x_weekday_normalized=nw.col("weekday_concentration"),
        days=nw.col("weekday_total"),
    )
    return _with_enough_days(blocks, found, parameters, "x", "x_hour_normalized", "x_weekday", "x_weekday_normalized")


@measure("ENG-08")
def periodicity(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Strength of the weekly rhythm of active days, and of the daily and weekly rhythms of active hours (ENG-08)."""
    import narwhals.stable.v2 as nw

    weekday, of_day = remainder(whole(nw.col("hour"), 24) + 3, 7), remainder(nw.col("hour"), 24)
    of_week = hours(blocks).select("episode", phase=weekday * 24 + of_day, count=nw.lit(1, nw.Int64))
    found = (
        _rhythm(blocks, _by_weekday(blocks), 7, "x")
        .join(_rhythm(blocks, _by_hour(blocks), 24, "x_hour_of_day").drop("total"), on="episode")
        .join(_rhythm(blocks, of_week, 168, "x_hour_of_week").drop("total"), on="episode")
        .with_columns(days=nw.col("total"))
    )
    return _with_enough_days(blocks, found, parameters, "x", "x_hour_of_day", "x_hour_of_week")


def _with_enough_days(
    blocks: Blocks, found: nw.LazyFrame[Any], parameters: Parameters, *columns: str
) -> nw.LazyFrame[Any]:
    """One row an episode with `columns` of `found`, excluded where `days` are fewer than the minimum."""
    import narwhals.stable.v2 as nw

    few = nw.col("days").fill_null(0) < int(parameters["minimum_days"])
    return (
        blocks.spans.select("episode")
        .join(found, on="episode", how="left")
        .select("episode", *columns, excluded=nw.when(few).then(nw.lit("too_few_days")))
    )


@block
def _by_hour(blocks: Blocks) -> nw.LazyFrame[Any]:
    """Active days by hour of the day: episode, phase (0 to 23), count."""
    import narwhals.stable.v2 as nw

    return _by_phase(hours(blocks), remainder(nw.col("hour"), 24))


@block
def _by_weekday(blocks: Blocks) -> nw.LazyFrame[Any]:
    """Active days by day of the week: episode, phase (0, Monday, to 6), count."""
    import narwhals.stable.v2 as nw

    return _by_phase(learning_days(blocks), remainder(nw.col("day") + 3, 7))


def _by_phase(active: nw.LazyFrame[Any], phase: nw.Expr) -> nw.LazyFrame[Any]:
    import narwhals.stable.v2 as nw

    counts = active.select("episode", phase=phase).group_by("episode", "phase").agg(count=nw.len())
    return counts.with_columns(nw.col("count").cast(nw.Int64))


@block
def _alike(blocks: Blocks, minimum_edge_days: int) -> nw.LazyFrame[Any]:
    """Sums over pairs of active observable weeks of how alike they are: episode, active (weeks), and three sums.

    `weekdays` in 420ths, `shape` and `amount`. A pair with a week without activity would add nothing to any.
    """
    import narwhals.stable.v2 as nw

    patterns = _patterns(blocks, minimum_edge_days)
    pairs = patterns.join(patterns, on="episode", suffix="_right")
    pairs = pairs.filter(nw.col("number") <= nw.col("number_right"))
    count, same = nw.col("count"), nw.col("number") == nw.col("number_right")
    both = [(nw.col(a), nw.col(b)) for a, b in zip(_DAYS, _OTHER, strict=True)]
    one, other = nw.col("total"), nw.col("total_right")
    mixed = [a * other + b * one for a, b in both]
    size = 2 * one * other
    divergence = size.log(2) - _total(_weighted_log(part) for part in mixed) / size - nw.col("halves")
    away = _total(((a - b) / nw.max_horizontal(a + b, nw.lit(1))) ** 2 for a, b in both)
    alike = {
        "weekdays": _total(flag((a > 0) & (b > 0)) for a, b in both) * _SCALE / nw.max_horizontal("days", "days_right"),
        "shape": 1 - nw.max_horizontal(nw.min_horizontal(divergence, nw.lit(1.0)), nw.lit(0.0)),
        "amount": 1 - away / _total(flag(a + b > 0) for a, b in both),
    }
    active = patterns.group_by("episode").agg(active=count.sum()).with_columns(nw.col("active").cast(nw.Int64))
    return (
        pairs.with_columns(
            weight=nw.when(same).then(count * (count - 1) / 2).otherwise(count * nw.col("count_right")),
            halves=(nw.col("entropy") + nw.col("entropy_right")) / 2,
        )
        .select("episode", **{name: found * nw.col("weight") for name, found in alike.items()})
        .group_by("episode")
        .agg(*(nw.col(name).sum() for name in alike))
        .join(active, on="episode")
    )


@block
def _patterns(blocks: Blocks, minimum_edge_days: int) -> nw.LazyFrame[Any]:
    """Patterns of active observable weeks: episode, number, count (weeks that have it), and what pairs need of it.

    h0 (Monday) to h6: active hours of each weekday; total: their sum; days: how many have any; entropy of their shares.
    """
    import narwhals.stable.v2 as nw

    days = learning_days(blocks).with_columns(week=week_of(nw.col("day")), weekday=remainder(nw.col("day") + 3, 7))
    own = {name: nw.when(nw.col("weekday") == day).then(nw.col("hours")) for day, name in enumerate(_DAYS)}
    weeks = (
        days.with_columns(**{name: hours.otherwise(0).cast(nw.Int32) for name, hours in own.items()})
        .group_by("episode", "week")
        .agg(*(nw.col(name).sum() for name in _DAYS))
        .with_columns(nw.col(*_DAYS).cast(nw.Int32))
    )
    each = [nw.col(name) for name in _DAYS]
    total = nw.col("total")
    return (
        blocks.observable(weeks, minimum_edge_days)
        .group_by("episode", *_DAYS)
        .agg(count=nw.len())
        .with_columns(nw.col("count").cast(nw.Int32))
        .with_columns(
            number=nw.col("count").cum_count().over("episode", order_by=_DAYS).cast(nw.Int32),
            total=_total(each).cast(nw.Int32),
            days=_total(flag(hours > 0) for hours in each).cast(nw.Int32),
        )
        .with_columns(entropy=total.log(2) - _total(map(_weighted_log, each)) / total)
    )


def _weighted_log(number: nw.Expr) -> nw.Expr:
    """Return n log2 n, 0 for 0."""
    import narwhals.stable.v2 as nw

    return number * nw.max_horizontal(number, nw.lit(1)).log(2)


def _similarity(blocks: Blocks, kind: str, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Mean of a kind of likeness over pairs of weeks; pairs with an empty week are 0 or skipped."""
    import narwhals.stable.v2 as nw

    edge, active = int(parameters["minimum_edge_days"]), nw.col("active")
    kept = active if parameters["empty_weeks"] == "skip" else nw.col("observable")
    number = nw.when(active > 1).then(kept * (kept - 1) / 2).otherwise(1.0)
    few = active.fill_null(0) < int(parameters["minimum_active_weeks"])
    scale = _SCALE if kind == "weekdays" else 1
    return (
        blocks.weeks(edge)
        .join(_alike(blocks, edge), on="episode", how="left")
        .select("episode", x=nw.col(kind) / (number * scale), excluded=nw.when(few).then(nw.lit("too_few_weeks")))
    )


def _peak(counts: nw.LazyFrame[Any], bins: int, name: str) -> nw.LazyFrame[Any]:
    """Concentration of a histogram over `bins`: NAME_peak, (log2 bins - entropy) times the peak, and its share."""
    import narwhals.stable.v2 as nw

    sums = (
        counts.with_columns(weighted=_weighted_log(nw.col("count")))
        .group_by("episode")
        .agg(total=nw.col("count").sum(), most=nw.col("count").max(), weighted=nw.col("weighted").sum())
        .with_columns(nw.col("total").cast(nw.Int64))
    )
    entropy = nw.col("total").log(2) - nw.col("weighted") / nw.col("total")
    less = nw.max_horizontal(math.log2(bins) - entropy, nw.lit(0.0))
    return sums.select(
        "episode",
        nw.col("total").alias(f"{name}_total"),
        (less * nw.col("most")).alias(f"{name}_peak"),
        (less / math.log2(bins)).alias(f"{name}_concentration"),
    )


def _rhythm(blocks: Blocks, counts: nw.LazyFrame[Any], period: int, name: str) -> nw.LazyFrame[Any]:
    """Length of the mean direction of the phases, 0 (none) to 1 (always the same), as `name`, and their total."""
    import narwhals.stable.v2 as nw

    turns = [2 * math.pi * phase / period for phase in range(period)]
    circle = blocks.engine.frame(
        {"phase": list(range(period)), "cosine": [math.cos(t) for t in turns], "sine": [math.sin(t) for t in turns]},
        {"phase": int, "cosine": float, "sine": float},
    )
    sums = (
        counts.join(circle, on="phase")
        .with_columns(cosine=nw.col("cosine") * nw.col("count"), sine=nw.col("sine") * nw.col("count"))
        .group_by("episode")
        .agg(total=nw.col("count").sum(), cosine=nw.col("cosine").sum(), sine=nw.col("sine").sum())
        .with_columns(nw.col("total").cast(nw.Int64))
    )
    length = (nw.col("cosine") ** 2 + nw.col("sine") ** 2).sqrt() / nw.col("total")
    return sums.select("episode", "total", nw.min_horizontal(length, nw.lit(1.0)).alias(name))


def _total(terms: Iterable[nw.Expr]) -> nw.Expr:
    return functools.reduce(operator.add, terms)
