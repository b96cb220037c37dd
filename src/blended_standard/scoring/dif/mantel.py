"""Mantel's test and the standardized mean difference: uniform DIF of items with graded scores, and its ETS classes.

Sources: Mantel (1963); Dorans & Schmitt (1991) for the difference; Zwick & Thayer (1996) for its standard error; Zwick,
Thayer & Mazzeo (1997) for the classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import attrs
import numpy as np
import numpy.typing as npt

from blended_standard.errors import UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Result, Row, result
from blended_standard.scoring.dif.mantel_haenszel import Flag
from blended_standard.scoring.dif.matching import (
    Places,
    adjusted,
    expect_counts,
    grouped,
    item_rows,
    mean_difference,
    purified,
    strata,
)

_MODERATE, _LARGE = 0.17, 0.25


@result
class MantelItem(Result):
    """One graded item.

    `mean_difference` is the mean score, focal minus reference, at equal standing (weighted by the focal group): below 0
    is against the focal group. `standardized` is that over the standard deviation of the item in both groups together.
    `ets_class` is AA (negligible), BB or CC (large). `chi_square` has 1 degree of freedom and no continuity correction.
    """

    title = "Mantel's test of one item"
    item: str = ""
    chi_square: float | None
    p_value: float | None = None
    adjusted_p_value: float | None = None
    mean_difference: float | None = None
    mean_difference_se: float | None = None
    standardized: float | None = None
    ets_class: str | None = None
    n: int
    n_strata: int
    reason: str | None = None


@result
class MantelDif(Result):
    """Mantel's test of every item. `left_out` are the items not in the matching score after purification."""

    title = "Mantel's test of DIF"
    items: tuple[MantelItem, ...]
    reference: str
    focal: str
    n_reference: int
    n_focal: int
    n_dropped: int
    flagged: tuple[str, ...]
    flag_by: str
    alpha: float
    left_out: tuple[str, ...]
    cycles: int
    stable: bool

    def rows(self) -> list[Row]:
        """Return one row an item."""
        return item_rows(self.items, self.flagged)


def mantel_table(tables: npt.ArrayLike, *, scores: npt.ArrayLike | None = None, alpha: float = 0.05) -> MantelItem:
    """Mantel's test and the standardized mean difference of 2 x C tables, one a stratum.

    Parameters
    ----------
    tables : float array, shape (S, 2, C)
        Counts; rows reference and focal, columns the categories.
    scores : float array, shape (C,), optional
        Scores of the categories, all different. Default: 0, 1, ...
    alpha : float
        Level at which the test must reject to leave class AA.

    Returns
    -------
    MantelItem
        `chi_square` is None with a reason where no stratum holds both groups and different scores.

    Raises
    ------
    UsageError
        Wrong shape, negative or missing counts, scores that repeat.

    Notes
    -----
    With F the sum of the scores of the focal group in a stratum, chi-square = (sum F - sum E(F))^2 / sum Var(F), where
    E(F) = n_F T1/N, Var(F) = n_R n_F (N T2 - T1^2) / (N^2 (N-1)), T1 and T2 the sums of the scores and their squares.
    The difference is sum w (mean_F - mean_R), w = n_F / sum n_F, with variance sum w^2 (1/n_F + 1/n_R)^2 Var(F).
    Class AA: not significant, or `standardized` within .17 of 0. BB: within .25. Else CC. With two categories the test
    is that of Mantel and Haenszel without the correction.

    Examples
    --------
    >>> found = mantel_table([[[13, 5, 7], [5, 14, 4]], [[28, 54, 98], [1, 2, 10]]])
    >>> round(found.chi_square, 4), round(found.mean_difference, 4), found.ets_class
    (2.6488, 0.2351, 'AA')
    """
    counts = np.asarray(tables, dtype=float)
    if counts.ndim != 3 or counts.shape[1] != 2:
        raise UsageError(f"tables has shape {counts.shape}; accepted is (strata, 2, categories).")
    expect_counts(counts)
    size = counts.shape[2]
    codes = np.arange(size, dtype=float) if scores is None else check.vector("scores", scores, size=size)
    if len(np.unique(codes)) < size:
        raise UsageError("scores must differ from one category to the other; add up the columns of equal score.")
    check.share("alpha", alpha)
    return _item("", counts, codes, alpha)


def mantel(
    responses: npt.ArrayLike,
    group: npt.ArrayLike,
    *,
    focal: object = None,
    item_ids: Sequence[str] | None = None,
    matching: npt.ArrayLike | None = None,
    purify: bool = False,
    flag_by: Flag = "p_value",
    alpha: float = 0.05,
    maximum_cycles: int = 20,
) -> MantelDif:
    """Test every graded item for uniform DIF between two groups, matched on the total score.

    Parameters
    ----------
    responses : float array, shape (n, J)
        Scores 0, 1, 2, ... or NaN; items may differ in their highest. Learners with a missing response are left out and
        counted.
    group, focal, item_ids, matching, purify, maximum_cycles
        As in `mantel_haenszel`.
    flag_by : {"p_value", "ets_class"}
        An item is flagged by its test at `alpha`, or by class BB or CC.
    alpha : float
        Level of the test.

    Returns
    -------
    MantelDif

    Raises
    ------
    UsageError
        Values other than whole scores and missing; not exactly two groups.
    NotEstimableError
        Fewer than 2 complete learners in a group.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> ability, group = rng.normal(size=600), np.repeat([0, 1], 300)
    >>> lean = ability[:, None] + rng.logistic(size=(600, 5)) - np.outer(group, [1.5, 0, 0, 0, 0])
    >>> graded = (lean > -1).astype(int) + (lean > 0) + (lean > 1)
    >>> mantel(graded, group, flag_by="ets_class", purify=True).flagged
    ('1',)
    """
    check.share("alpha", alpha)
    check.one_of("flag_by", flag_by, ("p_value", "ets_class"))
    data = grouped(responses, group, focal=focal, item_ids=item_ids, matching=matching, polytomous=True)
    codes = [np.unique(column) for column in data.responses.T]

    def study(left_out: Places) -> list[MantelItem]:
        return [_item(name, strata(data, j, left_out, codes[j]), codes[j], alpha) for j, name in enumerate(data.names)]

    def flag(left_out: Places) -> Places:
        return _flagged(study(left_out), flag_by, alpha)

    left_out, cycles, stable = purified(flag, purify=purify and matching is None, maximum_cycles=maximum_cycles)
    found = study(left_out)
    return MantelDif(
        items=tuple(
            cast(MantelItem, attrs.evolve(cast(Any, item), adjusted_p_value=p))
            for item, p in zip(found, adjusted([item.p_value for item in found]), strict=True)
        ),
        reference=data.reference_label,
        focal=data.focal_label,
        n_reference=int((~data.focal).sum()),
        n_focal=int(data.focal.sum()),
        n_dropped=data.n_dropped,
        flagged=tuple(data.names[j] for j in _flagged(found, flag_by, alpha)),
        flag_by=flag_by,
        alpha=alpha,
        left_out=tuple(data.names[j] for j in left_out),
        cycles=cycles,
        stable=stable,
    )


def _item(name: str, counts: Floats, codes: Floats, alpha: float) -> MantelItem:
    from scipy.stats import chi2

    n = round(float(counts.sum()))
    groups = counts.sum(axis=2)
    compared = (groups > 0).all(axis=1) & (groups.sum(axis=1) >= 2)
    used, (reference, focal) = counts[compared], groups[compared].T
    size, answers = reference + focal, used.sum(axis=1)
    mean = answers @ codes / size
    # Around the mean of their stratum: of squares of the scores themselves the difference would lose digits.
    squares = (answers * (codes - mean[:, None]) ** 2).sum(axis=1)
    variance = reference * focal * squares / (size * (size - 1))
    informative = int((variance > 0).sum())
    if not informative:
        reason = "no stratum has both groups and different scores; match on a coarser score or drop the item"
        return MantelItem(item=name, chi_square=None, n=n, n_strata=0, reason=reason)
    statistic = float((used[:, 1] @ codes - focal * mean).sum()) ** 2 / float(variance.sum())
    p_value = float(chi2.sf(statistic, 1))
    weight = focal / focal.sum() * (1 / focal + 1 / reference)
    difference = cast(float, mean_difference(counts, codes))
    total = counts.sum(axis=(0, 1))
    center = total @ codes / total.sum()
    standardized = difference / float(np.sqrt(total @ (codes - center) ** 2 / (total.sum() - 1)))
    return MantelItem(
        item=name,
        chi_square=statistic,
        p_value=p_value,
        mean_difference=difference,
        mean_difference_se=float(np.sqrt(weight**2 @ variance)),
        standardized=standardized,
        ets_class=_ets_class(standardized, p_value, alpha),
        n=n,
        n_strata=informative,
    )


def _ets_class(standardized: float, p_value: float, alpha: float) -> str:
    if p_value >= alpha or abs(standardized) <= _MODERATE:
        return "AA"
    return "BB" if abs(standardized) <= _LARGE else "CC"


def _flagged(found: Sequence[MantelItem], flag_by: str, alpha: float) -> Places:
    if flag_by == "ets_class":
        return tuple(j for j, item in enumerate(found) if item.ets_class in ("BB", "CC"))
    return tuple(j for j, item in enumerate(found) if item.p_value is not None and item.p_value < alpha)
