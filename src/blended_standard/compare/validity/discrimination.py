"""Area under the ROC curve with DeLong's variance (DeLong et al. 1988; Sun and Xu 2014 for the midranks)."""

from __future__ import annotations

from typing import ClassVar, Literal

import attrs
import numpy as np
import numpy.typing as npt

from blended_standard.compare.validity._models import binary
from blended_standard.errors import UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Estimate, Interval, Result, Row, result

Direction = Literal["higher", "lower"]
_NO_SPREAD = 1e-12


@result
class AucComparison(Result):
    """Two areas under the ROC curve and their difference (first less second)."""

    title: ClassVar[str] = "Comparison of AUC"
    first: Estimate
    second: Estimate
    difference: Estimate
    covariance: float
    statistic: float | None
    p_value: float | None
    method: str = "DeLong, paired"

    def rows(self) -> list[Row]:
        """Return one row an area, and the difference."""
        return [row for item in (self.first, self.second, self.difference) for row in item.rows()]


@attrs.frozen(kw_only=True)
class Placements:
    """Placement values: of each event among the others, and of each other among the events."""

    auc: float
    events: Floats
    others: Floats


def auc(
    outcome: npt.ArrayLike, scores: npt.ArrayLike, *, direction: Direction = "higher", level: float = 0.95
) -> Estimate:
    """Estimate the probability that a score ranks a random event above a random non-event.

    Parameters
    ----------
    outcome : array of 0/1 or bool, shape (n,)
    scores : float array, shape (n,)
    direction : {"higher", "lower"}
        Whether higher or lower scores mean the event. It is part of the question: picking it from the data (as some
        software does) makes the area too large.
    level : float
        Confidence level.

    Returns
    -------
    Estimate
        Ties count one half; DeLong standard error; normal interval, cut at 0 and 1. Where no event ranks among the
        others that error is 0: none is given, nor an interval (pROC gives 1 to 1), and `method` says why.

    Raises
    ------
    NotEstimableError
        All outcomes equal.

    Examples
    --------
    >>> round(auc([0, 0, 1, 1, 1], [1, 3, 2, 4, 5]).value, 4)
    0.8333
    """
    y = binary(outcome, "outcome")
    return _estimate("AUC", placements(y, _oriented(scores, y.size, direction, "scores")), level, y.size)


def compare_auc(
    outcome: npt.ArrayLike,
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    *,
    direction: Direction = "higher",
    level: float = 0.95,
) -> AucComparison:
    """Compare two scores of the same learners by DeLong's paired test.

    Parameters
    ----------
    outcome : array of 0/1 or bool, shape (n,)
    first, second : float array, shape (n,)
    direction : {"higher", "lower"}
    level : float
        Confidence level.

    Returns
    -------
    AucComparison

    Notes
    -----
    Not for two nested models fitted to the same learners: under the null hypothesis the statistic is then degenerate.
    Use `incremental_validity`, which tests by likelihood and measures size out of sample.

    Examples
    --------
    >>> test = compare_auc([0, 0, 0, 1, 1, 1], [1, 2, 4, 3, 5, 6], [1, 5, 2, 4, 3, 6])
    >>> round(test.difference.value, 4)
    0.1111
    """
    from scipy.special import ndtr, ndtri

    y = binary(outcome, "outcome")
    a = placements(y, _oriented(first, y.size, direction, "first"))
    b = placements(y, _oriented(second, y.size, direction, "second"))
    covariance = _covariance(a, b)
    variance = max(0.0, _covariance(a, a) + _covariance(b, b) - 2 * covariance)
    value, se = a.auc - b.auc, variance**0.5
    z = float(ndtri(0.5 + check.level(level) / 2))
    if se < _NO_SPREAD:
        method = "DeLong, paired; the scores rank alike, or each leaves no doubt: no standard error"
        difference = Estimate(name="difference of AUC", value=value, n=y.size, method=method)
    else:
        difference = Estimate(
            name="difference of AUC",
            value=value,
            se=se,
            interval=Interval(low=value - z * se, high=value + z * se, level=level, method="normal"),
            p_value=float(2 * ndtr(-abs(value / se))),
            n=y.size,
            method="DeLong, paired",
        )
    return AucComparison(
        first=_estimate("first AUC", a, level, y.size),
        second=_estimate("second AUC", b, level, y.size),
        difference=difference,
        covariance=covariance,
        statistic=None if difference.se is None else value / se,
        p_value=difference.p_value,
    )


def placements(y: Floats, scores: Floats) -> Placements:
    """Return the placement values of a score, by midranks."""
    from scipy.stats import rankdata

    events, others = scores[y == 1], scores[y == 0]
    m, n = events.size, others.size
    together = np.asarray(rankdata(np.concatenate([events, others])), dtype=np.float64)
    among_events = (together[:m] - rankdata(events)) / n
    among_others = 1 - (together[m:] - rankdata(others)) / m
    return Placements(auc=float(among_events.mean()), events=among_events, others=among_others)


def _covariance(a: Placements, b: Placements) -> float:
    total = 0.0
    for left, right in ((a.events, b.events), (a.others, b.others)):
        if left.size > 1:
            products = (left - left.mean()) * (right - right.mean())
            total += float(products.sum()) / (left.size - 1) / left.size
    return total


def _estimate(name: str, part: Placements, level: float, n: int) -> Estimate:
    from scipy.special import ndtri

    z = float(ndtri(0.5 + check.level(level) / 2))
    if min(part.events.size, part.others.size) < 2:
        return Estimate(name=name, value=part.auc, n=n, method="DeLong; one event or one other: no standard error")
    se = _covariance(part, part) ** 0.5
    if se < _NO_SPREAD:
        why = "no overlap of the scores" if part.auc in (0, 1) else "all scores equal"
        return Estimate(name=name, value=part.auc, n=n, method=f"DeLong; {why}: no standard error")
    interval = Interval(low=max(0.0, part.auc - z * se), high=min(1.0, part.auc + z * se), level=level, method="normal")
    return Estimate(name=name, value=part.auc, se=se, interval=interval, n=n, method="DeLong")


def _oriented(scores: npt.ArrayLike, size: int, direction: str, name: str) -> Floats:
    if direction not in ("higher", "lower"):
        raise UsageError(f"direction={direction!r} is not one of higher, lower.")
    made = check.vector(name, scores, size=size)
    return made if direction == "higher" else -made
