"""Medians from a histogram, with the order-statistic interval (David and Nagaraja 2003, section 7.1)."""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Mapping

import attrs

from blended_standard.errors import UsageError
from blended_standard.results import Interval


@attrs.frozen
class AtMiddle:
    """A median and its interval; with few values no pair of order statistics covers it at the level asked for."""

    value: float
    interval: Interval | None


def median(counts: Mapping[int, int], *, level: float = 0.95) -> AtMiddle:
    """Median of the values counted (value to count): the middle one, or the mean of the two middle ones.

    The interval runs between the two order statistics, as close to the middle as the binomial distribution allows,
    and covers the median of the population with at least `level`; units independent.

    Raises
    ------
    UsageError
        Nothing is counted, or `level` is not between 0 and 1.

    Examples
    --------
    >>> found = median({2: 1, 3: 4, 5: 3, 9: 2})
    >>> found.value, found.interval.low, found.interval.high
    (4.0, 3, 9)
    """
    values = sorted(counts)
    ranks = list(itertools.accumulate(counts[value] for value in values))  # The highest rank that each value holds.
    n = ranks[-1] if ranks else 0
    if n < 1:
        raise UsageError("A median needs at least one value.")
    if not 0 < level < 1:
        raise UsageError(f"level={level} is not between 0 and 1; 0.95 is usual.")

    def at(rank: int) -> int:
        return values[bisect_left(ranks, rank)]

    middle = (at((n + 1) // 2) + at(n // 2 + 1)) / 2
    rank = _rank(n, level)
    if rank < 1:
        return AtMiddle(middle, None)
    ends = Interval(low=at(rank), high=at(n + 1 - rank), level=level, method="order statistics")
    return AtMiddle(middle, ends)


def _rank(n: int, level: float) -> int:
    """Return the largest rank r with P(Binomial(n, 1/2) < r) at most half of 1 - level, 0 where there is none."""
    from scipy.special import bdtr, bdtrik

    tail = (1 - level) / 2
    rank = int(bdtrik(tail, n, 0.5)) + 1
    while rank > 0 and bdtr(rank - 1, n, 0.5) > tail:
        rank -= 1
    return rank
