"""Trim and fill: what a meta-analysis would be if a lopsided funnel lacked its studies on one side.

Source: Duval & Tweedie (2000, Journal of the American Statistical Association 95:89-98; Biometrics 56:455-463).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import attrs
import numpy as np
import numpy.typing as npt

from blended_standard.compare.meta._fit import between_variance, weighted
from blended_standard.compare.meta._inputs import Studies, read_studies
from blended_standard.compare.meta.analysis import MetaAnalysis, Method, Test, meta_analysis
from blended_standard.compare.notes import Note
from blended_standard.errors import NotEstimableError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Result, Row, result

Estimator = Literal["L0", "R0"]
Side = Literal["left", "right"]
_MOST_TURNS = 100
_CAUTION = Note(
    code="sensitivity-only",
    text="The filled studies are made up. This shows how far the effect would move if the funnel is lopsided because "
    "studies are missing; where effects differ it is lopsided for other reasons too. It is no corrected answer.",
)


@result
class TrimAndFill(Result):
    """A meta-analysis as it is (`observed`) and with `k0` mirrored studies on one side of its funnel (`filled`).

    `k0_p_value`, of estimator R0 alone, is the chance of as large a `k0` if no study is missing. `k0_se` is None where
    the estimate before rounding lies too far below 0 to have one. The filled studies come last in `filled`.
    """

    title: ClassVar[str] = "Trim and fill"
    estimator: str
    side: str
    k0: int
    k0_se: float | None
    k0_p_value: float | None
    n: int
    method: str
    observed: MetaAnalysis
    filled: MetaAnalysis
    notes: tuple[Note, ...] = (_CAUTION,)

    def rows(self) -> list[Row]:
        """Return one row a meta-analysis: observed, then filled."""
        return [
            {"studies": name, **fit.rows()[0]} for name, fit in (("observed", self.observed), ("filled", self.filled))
        ]


def trim_and_fill(
    effects: npt.ArrayLike,
    standard_errors: npt.ArrayLike,
    *,
    estimator: Estimator = "L0",
    side: Side | None = None,
    method: Method = "REML",
    test: Test = "z",
    labels: Sequence[str] | None = None,
    level: float = 0.95,
) -> TrimAndFill:
    """Estimate how many studies are missing on one side of a funnel, and combine the effects as if they were there.

    Parameters
    ----------
    effects, standard_errors, method, test, labels, level
        As in `meta_analysis`; 3 studies or more.
    estimator : {"L0", "R0"}
        By the rank sum of the effects above the center, or by the run of the most extreme ones above it. R0 has a test
        and is led astray by a single small effect.
    side : {"left", "right"}, optional
        Where studies are missing. Default: left, unless small studies show smaller effects than large ones (the slope
        on the standard error is below 0).

    Returns
    -------
    TrimAndFill
        A look at sensitivity. Equal to `metafor::trimfill`.

    Raises
    ------
    UsageError
        As `meta_analysis`, or an unknown estimator or side.
    NotEstimableError
        Fewer than 3 studies, effects that are all equal, equal standard errors without `side`, or a number of missing
        studies that does not settle.

    Examples
    --------
    >>> found = trim_and_fill([0.10, 0.20, 0.25, 0.50, 0.90], [0.05, 0.10, 0.12, 0.22, 0.40])
    >>> found.k0, found.side, round(found.observed.value, 3), round(found.filled.value, 3)
    (3, 'left', 0.212, 0.128)
    """
    check.one_of("estimator", estimator, ("L0", "R0"))
    check.one_of("side", side, (None, "left", "right"))
    studies = read_studies(effects, standard_errors, labels=labels)
    se = np.sqrt(studies.v)
    observed = meta_analysis(studies.y, se, method=method, test=test, labels=studies.labels, level=level)
    if studies.y.size < 3 or np.ptp(studies.y) == 0.0:
        raise NotEstimableError("Trim and fill needs 3 studies or more with different effects.")
    chosen = side or _empty_side(studies, method)
    sign = 1.0 if chosen == "left" else -1.0
    order = np.argsort(sign * studies.y, kind="stable")
    rising = attrs.evolve(studies, y=sign * studies.y[order], v=studies.v[order])
    k0, k0_se, center = _missing(rising, estimator, method)
    extreme = order[order.size - k0 :]
    filled = meta_analysis(
        np.concatenate([studies.y, 2 * sign * center - studies.y[extreme]]),
        np.concatenate([se, se[extreme]]),
        method=method,
        test=test,
        labels=[*studies.labels, *(f"filled {i + 1}" for i in range(k0))],
        level=level,
    )
    return TrimAndFill(
        estimator=estimator,
        side=chosen,
        k0=k0,
        k0_se=k0_se,
        k0_p_value=0.5 ** (k0 + 1) if estimator == "R0" else None,
        n=studies.y.size,
        method=f"{method}, {test}",
        observed=observed,
        filled=filled,
    )


def _empty_side(studies: Studies, method: Method) -> Side:
    se = np.sqrt(studies.v)
    if np.ptp(se) <= 1e-12 * se.max():
        raise NotEstimableError("All standard errors are equal, so they do not tell on which side to look: pass side.")
    slope = meta_analysis(studies.y, se, method=method, moderators=se).coefficients[1].value
    return "right" if slope is not None and slope < 0 else "left"


def _missing(studies: Studies, estimator: str, method: str) -> tuple[int, float | None, float]:
    """Return how many studies are missing on the left of effects that rise, its standard error, and the center."""
    k, k0 = studies.y.size, 0
    for _ in range(_MOST_TURNS):
        kept = slice(0, k - k0)
        part = attrs.evolve(studies, y=studies.y[kept], v=studies.v[kept], x=studies.x[kept])
        fit = weighted(part, 1 / (part.v + between_variance(part, method)[0]))
        center = float(fit.beta[0])
        found, se = _count(studies.y - center, estimator)
        if found == k0:
            return k0, se, center
        k0 = found
    raise NotEstimableError(
        f"The number of missing studies does not settle in {_MOST_TURNS} turns. Take the other estimator."
    )


def _count(away: Floats, estimator: str) -> tuple[int, float | None]:
    """Return the rounded number of missing studies, from distances to the center, and its standard error."""
    k = away.size
    ranks = np.empty(k)
    ranks[np.argsort(np.abs(away), kind="stable")] = np.arange(1, k + 1)
    if estimator == "R0":
        count = k - 1 - float(ranks[away < 0].max(initial=1.0))
        return max(round(count), 0), float(np.sqrt(2 * max(count, 0.0) + 2))
    count = float(4 * ranks[away > 0].sum() - k * (k + 1)) / (2 * k - 1)
    variance = k * (k + 1) * (2 * k + 1) + 10 * count**3 + 27 * count**2 + 17 * count
    variance = (variance - 18 * k * count**2 - 18 * k * count + 6 * k**2 * count) / 24
    return max(round(count), 0), 4 * variance**0.5 / (2 * k - 1) if variance >= 0 else None
