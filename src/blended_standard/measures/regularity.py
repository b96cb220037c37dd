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
from blended_standard.measures.expressions import flag, one
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

    found = (
        _weekly(blocks)
        .join(_daily(blocks), on="episode", suffix="_hour")
        .with_columns(
            x=nw.col("peak_hour"),
            x_hour_normalized=nw.col("concentration_hour"),
            x_weekday=nw.col("peak"),
            x_weekday_normalized=nw.col("concentration"),
        )
    )
    return _with_enough_days(blocks, found, parameters, "x", "x_hour_normalized", "x_weekday", "x_weekday_normalized")


@measure("ENG-08")
def periodicity(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Strength of the weekly rhythm of active days, and of the daily and weekly rhythms of active hours (ENG-08)."""
    import narwhals.stable.v2 as nw

    weekday, of_day = remainder(whole(nw.col("hour"), 24) + 3, 7), remainder(nw.col("hour"), 24)
    of_week = hours(blocks).select("episode", phase=weekday * 24 + of_day, count=one())
    found = (
        _weekly(blocks)
        .join(_daily(blocks), on="episode", suffix="_hour")
        .join(_circular(of_week, 168), on="episode", suffix="_of_week")
        .with_columns(x=nw.col("rhythm"), x_hour_of_day=nw.col("rhythm_hour"), x_hour_of_week=nw.col("rhythm_of_week"))
    )
    return _with_enough_days(blocks, found, parameters, "x", "x_hour_of_day", "x_hour_of_week")


def _with_enough_days(
    blocks: Blocks, found: nw.LazyFrame[Any], parameters: Parameters, *columns: str
) -> nw.LazyFrame[Any]:
    """One row an episode with `columns` of `found`, excluded where the active days, `total`, are too few."""
    import narwhals.stable.v2 as nw

    few = nw.col("total").fill_null(0) < int(parameters["minimum_days"])
    return (
        blocks.spans.select("episode")
        .join(found, on="episode", how="left")
        .select("episode", *columns, excluded=nw.when(few).then(nw.lit("too_few_days")))
    )


@block
def _daily(blocks: Blocks) -> nw.LazyFrame[Any]:
    """The active days of each episode by hour of the day, as `_circular` sums them up."""
    import narwhals.stable.v2 as nw

    return _circular(_counts(hours(blocks), remainder(nw.col("hour"), 24)), 24)


@block
def _weekly(blocks: Blocks) -> nw.LazyFrame[Any]:
    """The active days of each episode by day of the week, from Monday, as `_circular` sums them up."""
    import narwhals.stable.v2 as nw

    return _circular(_counts(learning_days(blocks), remainder(nw.col("day") + 3, 7)), 7)


def _counts(active: nw.LazyFrame[Any], phase: nw.Expr) -> nw.LazyFrame[Any]:
    import narwhals.stable.v2 as nw

    counts = active.select("episode", phase=phase).group_by("episode", "phase").agg(count=nw.len())
    return counts.with_columns(nw.col("count").cast(nw.Int64))


def _circular(counts: nw.LazyFrame[Any], period: int) -> nw.LazyFrame[Any]:
    """Sum up counts by phase of a period (episode, phase from 0, count): episode, total, peak, concentration, rhythm.

    concentration: what the entropy lacks of that of equal counts, as a share of it; peak: what it lacks, in bits, times
    the highest count; rhythm: length of the mean direction of the phases, from 0 (none) to 1 (always the same).
    """
    import narwhals.stable.v2 as nw

    count, turn = nw.col("count"), nw.col("phase") * (2 * math.pi / period)
    sums = (
        counts.with_columns(weighted=_weighted_log(count), cosine=turn.cos() * count, sine=turn.sin() * count)
        .group_by("episode")
        .agg(*(nw.col(name).sum() for name in ("count", "weighted", "cosine", "sine")), most=count.max())
        .with_columns(nw.col("count").cast(nw.Int64))
    )
    total, most = nw.col("count"), math.log2(period)
    less = nw.max_horizontal(most - (total.log(2) - nw.col("weighted") / total), nw.lit(0.0))
    length = (nw.col("cosine") ** 2 + nw.col("sine") ** 2).sqrt() / total
    return sums.select(
        "episode",
        total=total,
        peak=less * nw.col("most"),
        concentration=less / most,
        rhythm=nw.min_horizontal(length, nw.lit(1.0)),
    )


@block
def _alike(blocks: Blocks, minimum_edge_days: int) -> nw.LazyFrame[Any]:
    """Sums over pairs of active observable weeks of how alike they are: episode, active (weeks), and three sums.

    `weekdays` in 420ths, `shape` and `amount`. A pair with a week without activity would add nothing to any.
    """
    import narwhals.stable.v2 as nw

    patterns = blocks.engine.materialise(_patterns(blocks, minimum_edge_days))
    pairs = patterns.join(patterns, on="episode", suffix="_right")
    pairs = pairs.filter(nw.col("number") <= nw.col("number_right"))
    count, same = nw.col("count"), nw.col("number") == nw.col("number_right")
    both = [(nw.col(a), nw.col(b)) for a, b in zip(_DAYS, _OTHER, strict=True)]
    size, size_right = nw.col("total"), nw.col("total_right")
    mixed = [a * size_right + b * size for a, b in both]
    together = 2 * size * size_right
    divergence = together.log(2) - _total(_weighted_log(part) for part in mixed) / together - nw.col("halves")
    away = _total(((a - b) / nw.max_horizontal(a + b, nw.lit(1))) ** 2 for a, b in both)
    alike = {
        "weekdays": _total(flag((a > 0) & (b > 0)) for a, b in both) * _SCALE / nw.max_horizontal("days", "days_right"),
        "shape": 1 - nw.max_horizontal(nw.min_horizontal(divergence, nw.lit(1.0)), nw.lit(0.0)),
        "amount": 1 - away / _total(flag(a + b > 0) for a, b in both),
    }
    return (
        pairs.with_columns(
            weight=nw.when(same).then(count * (count - 1) / 2).otherwise(count * nw.col("count_right")),
            halves=(nw.col("entropy") + nw.col("entropy_right")) / 2,
        )
        .select(
            "episode",
            active=nw.when(same).then(count).otherwise(0).cast(nw.Int64),
            **{name: found * nw.col("weight") for name, found in alike.items()},
        )
        .group_by("episode")
        .agg(*(nw.col(name).sum() for name in ("active", *alike)))
        .with_columns(nw.col("active").cast(nw.Int64))
    )


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


def _total(terms: Iterable[nw.Expr]) -> nw.Expr:
    return functools.reduce(operator.add, terms)
