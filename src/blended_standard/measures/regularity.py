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

from blended_standard.measures.blocks import Blocks, week_of
from blended_standard.measures.registry import Parameters, measure

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw

_DAYS = [f"h{day}" for day in range(7)]
_OTHER = [f"h{day}_right" for day in range(7)]
_SCALE = 420  # Divisible by 1 to 7: shares of weekdays are integers in it.


@measure("ENG-04")
def same_weekdays(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Mean over pairs of weeks of the weekdays they share, of those of the busier week (ENG-04, WS1)."""
    import narwhals.stable.v2 as nw

    weeks = _weekly(blocks, parameters)
    flags = [nw.when(nw.col(name) > 0).then(1).otherwise(0).cast(nw.Int64).alias(name) for name in _DAYS]
    pairs = _pairs(blocks, weeks.with_columns(*flags))
    shared = _total(nw.col(a) * nw.col(b) for a, b in zip(_DAYS, _OTHER, strict=True))
    most = nw.max_horizontal(_total(map(nw.col, _DAYS)), _total(map(nw.col, _OTHER)))
    return _similarity(blocks, weeks, pairs.with_columns(alike=shared * _SCALE // most), parameters, scale=_SCALE)


@measure("ENG-05")
def same_shape(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Mean over pairs of active weeks of 1 less the Jensen-Shannon divergence of their weekdays (ENG-05, WS2)."""
    import narwhals.stable.v2 as nw

    weeks = _weekly(blocks, parameters)
    pairs = _pairs(blocks, weeks).with_columns(a=_total(map(nw.col, _DAYS)), b=_total(map(nw.col, _OTHER)))

    def part(own: str, size: str, other: str, other_size: str) -> nw.Expr:
        p, q = nw.col(own) / nw.col(size), nw.col(other) / nw.col(other_size)
        ratio = nw.when(p > 0).then(2 * p / (p + q)).otherwise(1.0)
        return p * ratio.log(2)

    divergence = _total(
        part(own, "a", other, "b") + part(other, "b", own, "a") for own, other in zip(_DAYS, _OTHER, strict=True)
    )
    return _similarity(
        blocks, weeks, pairs.with_columns(alike=1 - divergence / 2), {**parameters, "empty_weeks": "skip"}
    )


@measure("ENG-06")
def same_amount(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Mean over pairs of weeks of 1 less the mean squared relative difference of active hours (ENG-06, WS3)."""
    import narwhals.stable.v2 as nw

    weeks = _weekly(blocks, parameters)
    both = [(nw.col(a), nw.col(b)) for a, b in zip(_DAYS, _OTHER, strict=True)]
    sizes = [nw.when(a + b > 0).then(a + b).otherwise(1) for a, b in both]
    away = _total(((a - b) / size) ** 2 for (a, b), size in zip(both, sizes, strict=True))
    union = _total(nw.when(a + b > 0).then(1).otherwise(0) for a, b in both)
    return _similarity(blocks, weeks, _pairs(blocks, weeks).with_columns(alike=1 - away / union), parameters)


@measure("ENG-07")
def peak_concentration(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """How far activity concentrates in some hours of the day and days of the week, in bits (ENG-07, PDH and PWD)."""
    import narwhals.stable.v2 as nw

    hours = blocks.hours.rename({"hour": "bin"})
    days = blocks.hours.select("episode_id", "day").unique(["episode_id", "day"])
    days = days.with_columns(bin=(nw.col("day") + 3) % 7)
    few = nw.col("days").fill_null(0) < int(parameters["minimum_days"])
    return (
        blocks.spans.select("episode_id")
        .join(days.group_by("episode_id").agg(days=nw.len()), on="episode_id", how="left")
        .join(_peak(hours, 24, "hour"), on="episode_id", how="left")
        .join(_peak(days, 7, "weekday"), on="episode_id", how="left")
        .with_columns(
            x=nw.col("hour_peak"),
            x_hour_normalized=nw.col("hour_concentration"),
            x_weekday=nw.col("weekday_peak"),
            x_weekday_normalized=nw.col("weekday_concentration"),
            excluded=nw.when(few).then(nw.lit("too_few_days")),
        )
        .select("episode_id", "x", "x_hour_normalized", "x_weekday", "x_weekday_normalized", "excluded")
    )


@measure("ENG-08")
def periodicity(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Strength of the weekly rhythm of active days, and of the daily and weekly rhythms of active hours (ENG-08)."""
    import narwhals.stable.v2 as nw

    days = blocks.hours.select("episode_id", "day").unique(["episode_id", "day"])
    weekday = (nw.col("day") + 3) % 7
    few = nw.col("days").fill_null(0) < int(parameters["minimum_days"])
    return (
        blocks.spans.select("episode_id")
        .join(days.group_by("episode_id").agg(days=nw.len()), on="episode_id", how="left")
        .join(_rhythm(blocks, days.with_columns(phase=weekday), 7, "x"), on="episode_id", how="left")
        .join(
            _rhythm(blocks, blocks.hours.with_columns(phase=nw.col("hour")), 24, "x_hour_of_day"),
            on="episode_id",
            how="left",
        )
        .join(
            _rhythm(blocks, blocks.hours.with_columns(phase=weekday * 24 + nw.col("hour")), 168, "x_hour_of_week"),
            on="episode_id",
            how="left",
        )
        .with_columns(excluded=nw.when(few).then(nw.lit("too_few_days")))
        .select("episode_id", "x", "x_hour_of_day", "x_hour_of_week", "excluded")
    )


def _weekly(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Active observable weeks with the active hours of each weekday: episode_id, week, h0 (Monday) to h6."""
    import narwhals.stable.v2 as nw

    daily = blocks.hours.with_columns(week=week_of(nw.col("day")), weekday=(nw.col("day") + 3) % 7)
    flags = [
        nw.when(nw.col("weekday") == day).then(1).otherwise(0).cast(nw.Int64).alias(name)
        for day, name in enumerate(_DAYS)
    ]
    weeks = (
        daily.with_columns(*flags)
        .group_by("episode_id", "week")
        .agg(*(nw.col(name).sum().cast(nw.Int64) for name in _DAYS))
    )
    return blocks.engine.materialise(blocks.observable(weeks, int(parameters["minimum_edge_days"])))


def _pairs(blocks: Blocks, weeks: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Pairs of patterns of the weeks of an episode with `weight`, how many pairs of weeks have them."""
    import narwhals.stable.v2 as nw

    patterns = weeks.group_by("episode_id", *_DAYS).agg(count=nw.len().cast(nw.Int64))
    order = {"number": nw.col("count").cum_count().over("episode_id", order_by=_DAYS)}
    patterns = blocks.engine.materialise(patterns.with_columns(**order))
    count, other = nw.col("count"), nw.col("count_right")
    same = nw.col("number") == nw.col("number_right")
    weight = nw.when(same).then(count * (count - 1) // 2).otherwise(count * other)
    pairs = patterns.join(patterns, on="episode_id", suffix="_right")
    return pairs.filter(nw.col("number") <= nw.col("number_right")).with_columns(weight=weight)


def _similarity(
    blocks: Blocks, weeks: nw.LazyFrame[Any], pairs: nw.LazyFrame[Any], parameters: Parameters, *, scale: int = 1
) -> nw.LazyFrame[Any]:
    """Mean of `alike` over pairs of weeks; pairs with an empty week are 0 or skipped."""
    import narwhals.stable.v2 as nw

    sums = (
        pairs.with_columns(alike=nw.col("alike") * nw.col("weight"))
        .group_by("episode_id")
        .agg(alike=nw.col("alike").sum())
    )
    active = weeks.group_by("episode_id").agg(active=nw.len().cast(nw.Int64))
    kept = nw.col("active") if parameters["empty_weeks"] == "skip" else nw.col("observable")
    number = nw.when(nw.col("active") > 1).then(kept * (kept - 1) / 2).otherwise(1.0)
    few = nw.col("active").fill_null(0) < int(parameters["minimum_active_weeks"])
    return (
        blocks.weeks(int(parameters["minimum_edge_days"]))
        .join(active, on="episode_id", how="left")
        .join(sums, on="episode_id", how="left")
        .with_columns(
            x=nw.col("alike").cast(nw.Float64) / scale / number,
            excluded=nw.when(few).then(nw.lit("too_few_weeks")),
        )
        .select("episode_id", "x", "excluded")
    )


def _peak(active: nw.LazyFrame[Any], bins: int, name: str) -> nw.LazyFrame[Any]:
    """Concentration of a histogram over `bins`: NAME_peak, (log2 bins - entropy) times the peak, and its share."""
    import narwhals.stable.v2 as nw

    counts = active.group_by("episode_id", "bin").agg(count=nw.len().cast(nw.Int64))
    sums = (
        counts.with_columns(weighted=nw.col("count") * nw.col("count").log(2))
        .group_by("episode_id")
        .agg(total=nw.col("count").sum().cast(nw.Int64), most=nw.col("count").max(), weighted=nw.col("weighted").sum())
    )
    entropy = nw.col("total").log(2) - nw.col("weighted") / nw.col("total")
    less = nw.max_horizontal(math.log2(bins) - entropy, nw.lit(0.0))
    return sums.select(
        "episode_id",
        (less * nw.col("most")).alias(f"{name}_peak"),
        (less / math.log2(bins)).alias(f"{name}_concentration"),
    )


def _rhythm(blocks: Blocks, active: nw.LazyFrame[Any], period: int, name: str) -> nw.LazyFrame[Any]:
    """Length of the mean direction of the phases of `active`, 0 (none) to 1 (always the same phase), as `name`."""
    import narwhals.stable.v2 as nw

    turns = [2 * math.pi * phase / period for phase in range(period)]
    circle = blocks.engine.frame(
        {"phase": list(range(period)), "cosine": [math.cos(t) for t in turns], "sine": [math.sin(t) for t in turns]},
        {"phase": int, "cosine": float, "sine": float},
    )
    sums = (
        active.group_by("episode_id", "phase")
        .agg(count=nw.len().cast(nw.Int64))
        .join(circle, on="phase")
        .with_columns(cosine=nw.col("cosine") * nw.col("count"), sine=nw.col("sine") * nw.col("count"))
        .group_by("episode_id")
        .agg(total=nw.col("count").sum().cast(nw.Int64), cosine=nw.col("cosine").sum(), sine=nw.col("sine").sum())
    )
    length = (nw.col("cosine") ** 2 + nw.col("sine") ** 2).sqrt() / nw.col("total")
    return sums.select("episode_id", nw.min_horizontal(length, nw.lit(1.0)).alias(name))


def _total(terms: Iterable[nw.Expr]) -> nw.Expr:
    return functools.reduce(operator.add, terms)
