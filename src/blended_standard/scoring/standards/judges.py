"""Cuts from judges who look at items: modified Angoff and bookmark.

Sources: Angoff (1971); Lewis, Mitzel and Green (1996).
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import numpy.typing as npt

from blended_standard.errors import UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Interval, array, result
from blended_standard.scoring.standards._cut import Cut, mean_interval


@result
class AngoffCut(Cut):
    """An Angoff cut: `se` takes the items as fixed, `se_items_random` as a sample; on the raw-score scale.

    `variance_*` are variance components of the ratings (on the probability scale). `judge_correlations`: of each
    judge's ratings with the empirical difficulties, where given.
    """

    se_items_random: float | None
    n_items: int
    variance_judges: float
    variance_items: float
    variance_residual: float
    judge_cuts: npt.NDArray[np.float64] = array()
    judge_correlations: npt.NDArray[np.float64] | None = array(default=None)


@result
class BookmarkCut(Cut):
    """A bookmark cut: the items in order of their locations, and the location each judge chose."""

    response_probability: float
    convention: str
    order: npt.NDArray[np.int64] = array()
    locations: npt.NDArray[np.float64] = array()
    judge_cuts: npt.NDArray[np.float64] = array()


def angoff(ratings: npt.ArrayLike, *, difficulties: npt.ArrayLike | None = None, level: float = 0.95) -> AngoffCut:
    """Cut from judged chances that a learner who just qualifies gets each item right (modified Angoff).

    Parameters
    ----------
    ratings : array-like, shape (judges, items)
        Probabilities from 0 to 1, of the last round.
    difficulties : array-like, shape (items,), optional
        Share of learners that got each item right: gives each judge's correlation with it.
    level : float
        Coverage of the t interval over judges.

    Returns
    -------
    AngoffCut
        The mean over judges of the summed probabilities: a raw score. With one judge there is no standard error.

    Raises
    ------
    UsageError
        Ratings outside 0 to 1 (percent are refused), or no items.

    Examples
    --------
    >>> round(angoff([[0.8, 0.6, 0.5], [0.7, 0.6, 0.6]]).value, 3)
    1.9
    """
    table = check.matrix("ratings", ratings)
    if table.size == 0 or table.min() < 0 or table.max() > 1:
        raise UsageError("ratings must be probabilities from 0 to 1, judges in rows and items in columns; 80 % is 0.8.")
    judges, items = table.shape
    cuts = table.sum(axis=1)
    parts = _components(table)
    correlations = None
    if difficulties is not None:
        known = check.vector("difficulties", difficulties)
        if known.size != items:
            raise UsageError(f"difficulties has {known.size} entries and there are {items} items.")
        correlations = np.array([_correlation(row, known) for row in table])
    both = parts[0] / judges + parts[1] / items + parts[2] / (judges * items)
    se, interval, sd = mean_interval(cuts, level)
    return AngoffCut(
        name="Angoff cut",
        value=float(cuts.mean()),
        se=se,
        interval=interval,
        df=judges - 1.0 if judges > 1 else None,
        n=judges,
        method="modified Angoff",
        median=float(np.median(cuts)),
        sd=sd,
        se_items_random=items * math.sqrt(max(0.0, both)) if judges > 1 and items > 1 else None,
        n_items=items,
        variance_judges=parts[0],
        variance_items=parts[1],
        variance_residual=parts[2],
        judge_cuts=cuts,
        judge_correlations=correlations,
    )


def bookmark(
    bookmarks: npt.ArrayLike,
    *,
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    c: npt.ArrayLike | None = None,
    response_probability: float = 2 / 3,
    scaling: float = 1.0,
    convention: Literal["item", "previous", "midpoint"] = "item",
    summary: Literal["median", "mean"] = "median",
    level: float = 0.95,
) -> BookmarkCut:
    """Cut from the item at which each judge put the bookmark in a booklet ordered by location.

    Parameters
    ----------
    bookmarks : array-like of int, shape (judges,)
        Place of the bookmark in the ordered booklet, 1 for the easiest item.
    a, b, c : array-like, shape (items,)
        Discriminations, difficulties, and lower asymptotes (default 0), in any order: items are sorted by location.
    response_probability : float
        Chance of a right answer that defines location. RP67 is 2/3 here; some programs use 0.67.
    scaling : float
        D of the logistic: 1 or 1.7.
    convention : {"item", "previous", "midpoint"}
        The cut is the location of the bookmarked item, of the one before it, or half way.
    summary : {"median", "mean"}
        Over judges; the standard error is that of the mean either way.
    level : float
        Coverage of the t interval about the mean, moved to the median when that is the cut.

    Returns
    -------
    BookmarkCut
        On the ability scale.

    Raises
    ------
    UsageError
        A bookmark outside the booklet, a response probability not above every asymptote.

    Examples
    --------
    >>> round(bookmark([1], a=[1.2], b=[0.4], c=[0.2]).value, 6)
    0.680394
    """
    check.one_of("convention", convention, ("item", "previous", "midpoint"))
    check.one_of("summary", summary, ("median", "mean"))
    places = check.vector("bookmarks", bookmarks)
    unordered = item_locations(a, b, c, response_probability=response_probability, scaling=scaling)
    order = np.argsort(unordered, kind="stable")
    locations = unordered[order]
    first = 1 if convention == "item" else 2
    if not places.size or (places != np.floor(places)).any() or places.min() < first or places.max() > locations.size:
        raise UsageError(f"bookmarks must be whole numbers from {first} to {locations.size}, one a judge.")
    at = places.astype(int) - 1
    cuts = locations[at]
    if convention != "item":
        cuts = locations[at - 1] if convention == "previous" else (locations[at] + locations[at - 1]) / 2.0
    se, interval, sd = mean_interval(cuts, level)
    middle, mean = float(np.median(cuts)), float(cuts.mean())
    value = middle if summary == "median" else mean
    if interval is not None and summary == "median":
        shift = middle - mean
        interval = Interval(low=interval.low + shift, high=interval.high + shift, level=level, method=interval.method)
    return BookmarkCut(
        name="bookmark cut",
        value=value,
        se=se,
        interval=interval,
        n=cuts.size,
        method=f"bookmark, {summary} over judges",
        median=middle,
        sd=sd,
        response_probability=response_probability,
        convention=convention,
        order=order.astype(np.int64),
        locations=locations,
        judge_cuts=cuts,
    )


def item_locations(
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    c: npt.ArrayLike | None = None,
    *,
    response_probability: float = 2 / 3,
    scaling: float = 1.0,
) -> Floats:
    """Ability at which each item is answered right with the response probability, in the order given.

    Parameters
    ----------
    a, b, c, response_probability, scaling
        As in `bookmark`.

    Returns
    -------
    array, shape (items,)
        b + ln((RP - c) / (1 - RP)) / (D a).

    Examples
    --------
    >>> item_locations([1.0], [0.5], response_probability=0.5).tolist()
    [0.5]
    """
    slopes, difficulties = check.vector("a", a), check.vector("b", b)
    floor = np.zeros(slopes.size) if c is None else check.vector("c", c)
    check.same_length(a=slopes, b=difficulties, c=floor)
    rp = check.share("response_probability", response_probability)
    if not slopes.size or (slopes <= 0).any() or (floor < 0).any() or (floor >= rp).any():
        raise UsageError("a must be above 0, and c from 0 to below the response probability, for at least one item.")
    check.apart_from_zero("a", slopes)
    locations: Floats = difficulties + np.log((rp - floor) / (1.0 - rp)) / (check.positive("scaling", scaling) * slopes)
    return locations


def _components(table: Floats) -> tuple[float, float, float]:
    """Variance components of judges, items and residual, from the two-way mean squares."""
    judges, items = table.shape
    if judges < 2 or items < 2:
        return 0.0, 0.0, 0.0
    centered = table - table.mean()
    rows, columns = centered.mean(axis=1), centered.mean(axis=0)
    residual = centered - rows[:, None] - columns[None, :]
    error = float((residual**2).sum()) / ((judges - 1) * (items - 1))
    by_judge = (items * float(rows @ rows) / (judges - 1) - error) / items
    by_item = (judges * float(columns @ columns) / (items - 1) - error) / judges
    return by_judge, by_item, error


def _correlation(first: Floats, second: Floats) -> float:
    one, two = first - first.mean(), second - second.mean()
    size = math.sqrt(float(one @ one) * float(two @ two))
    return float(one @ two) / size if size > 0 else math.nan
