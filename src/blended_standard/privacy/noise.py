"""Differentially private counts: noise whose promise does not depend on what else is known (OpenDP, the extra `dp`).

An alternative to suppression for tables of counts, not an addition to it. Source: Dwork, McSherry, Nissim and Smith
(2006); discrete Laplace noise of Ghosh, Roughgarden and Sundararajan (2012), as the OpenDP library draws it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from blended_standard.errors import MissingExtraError, UsageError, expect
from blended_standard.numeric import arguments as check
from blended_standard.privacy.primary import people
from blended_standard.results import Result, Row, result

_LEAST_EPSILON, _MOST_EPSILON = 1e-6, 10.0


@result
class NoisyCell(Result):
    """One cell: its count with noise, a whole number that can lie below 0, and the interval for the true count."""

    cell: str
    value: int
    low: int
    high: int


@result
class NoisyCounts(Result):
    """Counts with noise, and all that is needed to judge them. The true counts are not in it.

    `epsilon` is what this release spends of the privacy of each learner: releases about the same learners add up.
    `margin` holds with probability `level` for each cell by itself.
    """

    title: ClassVar[str] = "Counts with noise"
    cells: tuple[NoisyCell, ...]
    epsilon: float
    contributions: int
    scale: float
    margin: int
    level: float
    method: str
    promise: str

    def rows(self) -> list[Row]:
        """Return one row a cell."""
        return [{"cell": each.cell, "value": each.value, "low": each.low, "high": each.high} for each in self.cells]


def add_noise(counts: Mapping[str, int], *, epsilon: float, contributions: int = 1, level: float = 0.95) -> NoisyCounts:
    """Return counts with discrete Laplace noise, so that no learner's presence can be told from them.

    Parameters
    ----------
    counts : mapping of str to int
        True counts of learners by cell. Which cells there are is published: take them from the code lists, never from
        the data, and pass 0 for those without a learner. Leave totals out, they follow.
    epsilon : float
        Privacy loss of the release, from 1e-6 to 10: the odds of any conclusion about one learner change by at most a
        factor of exp(epsilon). 1 is common; above it the promise is weak.
    contributions : int
        In how many of the cells one learner can be counted. One too few breaks the promise without a sign.
    level : float
        Of the margin of error.

    Returns
    -------
    NoisyCounts
        Drawn anew at each call: a seed would give the noise away. Publish one draw, and only one.

    Raises
    ------
    MissingExtraError
        OpenDP is not installed.
    UsageError
        A count is not a whole number of 0 or more, or an argument is out of its range. No count is repeated.

    Notes
    -----
    Scale = contributions / epsilon. The margin m is the least that noise exceeds in size with probability 1 - level or
    less; that probability is 2 t^(m + 1) / (1 + t), with t = exp(-1 / scale).
    """
    check.number("epsilon", epsilon, low=_LEAST_EPSILON, high=_MOST_EPSILON)
    check.whole("contributions", contributions, minimum=1)
    check.level(level)
    expect("counts", counts, Mapping, "counts of learners by cell, such as {'A': 12, 'B': 30}")
    if not counts:
        raise UsageError("counts is empty. Pass the count of each cell, 0 for those without a learner.")
    true = [people(n) for n in counts.values()]
    scale = contributions / epsilon
    noisy, spent, version = _opendp(true, scale, contributions)
    margin = margin_of(scale, level)
    return NoisyCounts(
        cells=tuple(
            NoisyCell(cell=name, value=value, low=max(0, value - margin), high=max(0, value + margin))
            for name, value in zip(counts, noisy, strict=True)
        ),
        epsilon=spent,
        contributions=int(contributions),
        scale=scale,
        margin=margin,
        level=level,
        method=f"discrete Laplace, OpenDP {version}",
        promise=(
            f"Whether any one learner is in the data, in up to {int(contributions)} of the cells, changes the odds of "
            f"every outcome by at most a factor of {math.exp(spent):.3g}. The list of cells is not protected, and "
            "releases about the same learners add up."
        ),
    )


def margin_of(scale: float, level: float) -> int:
    """Return the least whole number that discrete Laplace noise exceeds in size with probability 1 - level or less.

    Examples
    --------
    >>> margin_of(1.0, 0.95), margin_of(2.0, 0.95)
    (3, 6)
    """
    t = math.exp(-1 / scale)
    return max(0, math.ceil(-scale * math.log((1 - level) * (1 + t) / 2) - 1 - 1e-12))


def _opendp(values: list[int], scale: float, contributions: int) -> tuple[list[int], float, str]:
    """Return noisy values, the epsilon that OpenDP proves for them, and its version."""
    try:
        import opendp.prelude as dp
    except ModuleNotFoundError:
        raise MissingExtraError("dp", needs="OpenDP, which draws the noise and proves its privacy loss,") from None
    from importlib.metadata import version

    dp.enable_features("contrib")
    space = dp.vector_domain(dp.atom_domain(T="i64")), dp.l1_distance(T="i64")
    measurement: Any = dp.m.make_laplace(*space, scale=scale)
    return list(measurement(values)), float(measurement.map(d_in=contributions)), version("opendp")
