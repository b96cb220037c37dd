"""Intervals that measures and comparisons share.

Sources: Wilson (1927); Newcombe (1998) for the difference; Cochran (1977, section 6) for the ratio of two totals.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import attrs

from blended_standard.errors import UsageError
from blended_standard.numeric import arguments
from blended_standard.results import Interval


def wilson(successes: float, n: float, *, level: float = 0.95) -> Interval:
    """Wilson score interval for a share.

    Raises
    ------
    UsageError
        `n` is not positive, or `successes` is outside 0 to `n`.

    Examples
    --------
    >>> interval = wilson(17, 20)
    >>> round(interval.low, 3), round(interval.high, 3)
    (0.64, 0.948)
    """
    if n <= 0 or not 0 <= successes <= n:
        raise UsageError(f"successes={successes}, n={n}: a share needs n > 0 and successes between 0 and n.")
    z = normal_quantile(level)
    share = successes / n
    center = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low = 0.0 if successes == 0 else max(0.0, center - half)
    high = 1.0 if successes == n else min(1.0, center + half)
    return Interval(low=low, high=high, level=level, method="Wilson")


def difference(first: float, first_interval: Interval, second: float, second_interval: Interval) -> Interval:
    """Interval for `first - second` from the two intervals (square and add, Newcombe's hybrid).

    Examples
    --------
    >>> interval = difference(30 / 60, wilson(30, 60), 80 / 100, wilson(80, 100))
    >>> round(interval.low, 3), round(interval.high, 3)
    (-0.44, -0.149)
    """
    gap = first - second
    below = math.hypot(first - first_interval.low, second_interval.high - second)
    above = math.hypot(first_interval.high - first, second - second_interval.low)
    return Interval(low=gap - below, high=gap + above, level=first_interval.level, method="square-and-add")


def weighted_sum(parts: Sequence[tuple[float, float, Interval]]) -> Interval:
    """Interval for a weighted sum of independent values from their own intervals; `difference` has weights 1 and -1.

    Parameters
    ----------
    parts : sequence of (weight, value, interval)
        With weights of zero or more.

    Source: Zou and Donner (2008).

    Examples
    --------
    >>> interval = weighted_sum([(0.5, 0.7, wilson(7, 10)), (0.5, 0.5, wilson(5, 10))])
    >>> round(interval.low, 3), round(interval.high, 3)
    (0.399, 0.763)
    """
    total = math.fsum(weight * value for weight, value, _ in parts)
    below = math.hypot(*(weight * (value - ends.low) for weight, value, ends in parts))
    above = math.hypot(*(weight * (ends.high - value) for weight, value, ends in parts))
    return Interval(low=total - below, high=total + above, level=parts[0][2].level, method="square-and-add")


@attrs.frozen(kw_only=True)
class RatioMoments:
    """Sums over independent clusters of a numerator x and a denominator y; addition merges two sets.

    `n` counts the units, `clusters` the independent clusters (learners) that the sums run over.
    """

    n: int = 0
    clusters: int = 0
    x: float = 0
    y: float = 0
    xx: float = 0
    xy: float = 0
    yy: float = 0

    def __add__(self, other: RatioMoments) -> RatioMoments:
        return RatioMoments(
            n=self.n + other.n,
            clusters=self.clusters + other.clusters,
            x=self.x + other.x,
            y=self.y + other.y,
            xx=self.xx + other.xx,
            xy=self.xy + other.xy,
            yy=self.yy + other.yy,
        )

    @property
    def finite(self) -> bool:
        """Say whether no sum went beyond what a number can hold."""
        return math.isfinite(self.x + self.y + self.xx + self.xy + self.yy)

    @property
    def yes_or_no(self) -> bool:
        """Say whether every cluster is one unit that counts 1 below, and 0 or 1 above."""
        return self.n == self.clusters == self.y == self.yy and self.x == self.xx == self.xy

    @property
    def ratio(self) -> float:
        """The ratio of the sums."""
        return self.x / self.y

    @property
    def se(self) -> float | None:
        """Linearized standard error of the ratio, clusters independent; None for fewer than two clusters."""
        if self.clusters < 2:
            return None
        ratio = self.ratio
        residual = self.xx - 2 * ratio * self.xy + ratio * ratio * self.yy
        if residual <= _ROUNDING * self.xx:
            return 0.0
        return math.sqrt(self.clusters / (self.clusters - 1) * residual) / abs(self.y)


_ROUNDING = 1e-13


def ratio_interval(moments: RatioMoments, *, share: bool, level: float = 0.95) -> Interval | None:
    """Interval for a ratio of sums with clusters - 1 degrees of freedom; for a share on the logit scale.

    A share of people, each of whom counts once and has it or not, gets Wilson's interval; a share of exactly 0 or 1,
    whose linearized error is 0, gets Wilson's on the number of clusters.
    """
    if moments.clusters < 2 or moments.se is None:
        return None
    if share and moments.yes_or_no:
        return wilson(moments.x, moments.n, level=level)
    ratio, se = moments.ratio, moments.se
    quantile = student_quantile(moments.clusters - 1, level)
    if not share:
        return Interval(low=ratio - quantile * se, high=ratio + quantile * se, level=level, method="linearized")
    if ratio <= 0 or ratio >= 1 or se == 0:
        return wilson(ratio * moments.clusters, moments.clusters, level=level)
    center, half = math.log(ratio / (1 - ratio)), quantile * se / (ratio * (1 - ratio))
    low, high = (1 / (1 + math.exp(-min(max(end, -700.0), 700.0))) for end in (center - half, center + half))
    return Interval(low=low, high=high, level=level, method="linearized, logit")


def normal_quantile(level: float) -> float:
    """Two-sided normal quantile of a confidence level."""
    from scipy.special import ndtri

    return float(ndtri(0.5 + arguments.level(level) / 2))


def student_quantile(df: float, level: float) -> float:
    """Two-sided Student quantile of a confidence level."""
    from scipy.special import stdtrit

    return float(stdtrit(df, 0.5 + arguments.level(level) / 2))
