"""What every way of setting a standard returns, and the interval of a mean over judges or learners."""

from __future__ import annotations

import math

from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Estimate, Interval, result


@result
class Cut(Estimate):
    """A cut score: `value` with its standard error over judges or learners (`n` of them), and the median as a check."""

    median: float | None = None
    sd: float | None = None
    note: str = ""


def mean_interval(cuts: Floats, level: float) -> tuple[float | None, Interval | None, float | None]:
    """Standard error and t interval of a mean, and the standard deviation; None of each with one judge."""
    from scipy.special import stdtrit

    check.level(level)
    if cuts.size < 2:
        return None, None, None
    sd = float(cuts.std(ddof=1))
    se = sd / math.sqrt(cuts.size)
    half = se * float(stdtrit(cuts.size - 1, 0.5 + level / 2.0))
    mean = float(cuts.mean())
    return se, Interval(low=mean - half, high=mean + half, level=level, method="t"), sd
