"""Mantel-Haenszel DIF: common odds ratio over matched strata, ETS delta and classes, standardized P-difference.

Sources: Mantel & Haenszel (1959); Holland & Thayer (1988); Robins, Breslow & Greenland (1986); Zwick (2012) for the
classes; Dorans & Kulick (1986) for the P-difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, cast

import attrs
import numpy as np
import numpy.typing as npt

from blended_standard.errors import UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Interval, Result, Row, result
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

Flag = Literal["p_value", "ets_class"]
_RIGHT_WRONG = np.array([1.0, 0.0])


@result
class CommonOddsRatio(Result):
    """The common odds ratio of a set of 2 x 2 tables; above 1 favors the reference group (the first row).

    `chi_square` has the continuity correction, `chi_square_uncorrected` has not. `delta` is -2.35 ln(odds ratio), the
    ETS scale: below 0 is against the focal group. `ets_class` is A (negligible), B or C (large). `p_difference` is the
    standardized difference in the share right, focal minus reference, weighted by the focal group.
    """

    title = "Mantel-Haenszel"
    item: str = ""
    odds_ratio: float | None
    log_odds_ratio: float | None = None
    log_se: float | None = None
    interval: Interval | None = None
    chi_square: float | None = None
    p_value: float | None = None
    chi_square_uncorrected: float | None = None
    p_value_uncorrected: float | None = None
    adjusted_p_value: float | None = None
    delta: float | None = None
    delta_se: float | None = None
    ets_class: str | None = None
    p_difference: float | None = None
    n: int
    n_strata: int
    reason: str | None = None


@result
class MantelHaenszelDif(Result):
    """Mantel-Haenszel DIF of every item. `left_out` are the items not in the matching score after purification."""

    title = "Mantel-Haenszel DIF"
    items: tuple[CommonOddsRatio, ...]
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


def mantel_haenszel_table(tables: npt.ArrayLike, *, level: float = 0.95, alpha: float = 0.05) -> CommonOddsRatio:
    """Common odds ratio of 2 x 2 tables, one a stratum.

    Parameters
    ----------
    tables : float array, shape (S, 2, 2)
        Rows reference and focal, columns right and wrong.
    level : float
        Level of the interval of the odds ratio.
    alpha : float
        Level at which delta must differ from 0 to leave class A.

    Returns
    -------
    CommonOddsRatio
        `odds_ratio` is None with a reason where it is 0, infinite or without information.

    Raises
    ------
    UsageError
        Wrong shape, negative or missing counts.

    Notes
    -----
    alpha = sum(AD / N) / sum(BC / N); chi-square = (abs(sum A - sum E(A)) - 1/2)^2 / sum Var(A); standard error of the
    log by Robins, Breslow & Greenland. Strata of fewer than 2 learners or with an empty margin carry no information.
    Class A: delta not significant or within 1 of 0. Class C: delta at least 1.5 from 0 and (abs(delta) - 1) / SE above
    1.645. Else B.

    Examples
    --------
    >>> found = mantel_haenszel_table([[[20, 10], [25, 5]], [[30, 12], [28, 15]], [[40, 8], [30, 14]]])
    >>> round(found.odds_ratio, 6), found.ets_class
    (1.216198, 'A')
    """
    counts = np.asarray(tables, dtype=float)
    if counts.ndim != 3 or counts.shape[1:] != (2, 2):
        raise UsageError(f"tables has shape {counts.shape}; accepted is (strata, 2, 2).")
    expect_counts(counts)
    check.level(level)
    check.share("alpha", alpha)
    return _common("", counts, level, alpha)


def mantel_haenszel(
    responses: npt.ArrayLike,
    group: npt.ArrayLike,
    *,
    focal: object = None,
    item_ids: Sequence[str] | None = None,
    matching: npt.ArrayLike | None = None,
    purify: bool = False,
    flag_by: Flag = "p_value",
    correction: bool = True,
    alpha: float = 0.05,
    level: float = 0.95,
    maximum_cycles: int = 20,
) -> MantelHaenszelDif:
    """Test every item for uniform DIF between two groups, matched on the total score.

    Parameters
    ----------
    responses : float array, shape (n, J)
        0, 1 or NaN. Learners with a missing response are left out and counted.
    group : array, shape (n,)
        Two labels.
    focal : label, optional
        Which group is the focal one. Default: 1, where the groups are coded 0 and 1.
    item_ids : sequence of str, optional
        Names of the items. Default "1", "2", ...
    matching : float array, shape (n,), optional
        A matching score from outside; purification then has nothing to do.
    purify : bool
        Leave flagged items out of the matching score (the item under study always counts) and repeat until stable.
    flag_by : {"p_value", "ets_class"}
        An item is flagged by its test at `alpha`, or by ETS class B or C.
    correction : bool
        Continuity correction in the test that flags (both statistics are reported). It takes the statistic to 0 at most
        (R's `mantelhaen.test` drops it where it would exceed the difference).
    alpha, level : float
        Level of the test and of the interval.
    maximum_cycles : int
        Cap on purification.

    Returns
    -------
    MantelHaenszelDif

    Raises
    ------
    UsageError
        Values other than 0, 1 and missing; not exactly two groups.
    NotEstimableError
        Fewer than 2 complete learners in a group.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> ability, group = rng.normal(size=400), np.repeat([0, 1], 200)
    >>> right = rng.random((400, 6)) < 1 / (1 + np.exp(-ability[:, None] + np.outer(group, [2, 0, 0, 0, 0, 0])))
    >>> mantel_haenszel(right, group, flag_by="ets_class", purify=True).flagged
    ('1',)
    """
    check.share("alpha", alpha)
    if flag_by not in ("p_value", "ets_class"):
        raise UsageError(f"flag_by={flag_by!r} is not one of p_value, ets_class.")
    data = grouped(responses, group, focal=focal, item_ids=item_ids, matching=matching)
    check.level(level)

    def study(left_out: Places) -> list[CommonOddsRatio]:
        return [
            _common(name, strata(data, j, left_out, _RIGHT_WRONG), level, alpha) for j, name in enumerate(data.names)
        ]

    def flag(left_out: Places) -> Places:
        return _flagged(study(left_out), flag_by, correction, alpha)

    left_out, cycles, stable = purified(flag, purify=purify and matching is None, maximum_cycles=maximum_cycles)
    found = study(left_out)
    tests = [item.p_value if correction else item.p_value_uncorrected for item in found]
    return MantelHaenszelDif(
        items=tuple(_with_adjusted(item, p) for item, p in zip(found, adjusted(tests), strict=True)),
        reference=data.reference_label,
        focal=data.focal_label,
        n_reference=int((~data.focal).sum()),
        n_focal=int(data.focal.sum()),
        n_dropped=data.n_dropped,
        flagged=tuple(data.names[j] for j in _flagged(found, flag_by, correction, alpha)),
        flag_by=flag_by,
        alpha=alpha,
        left_out=tuple(data.names[j] for j in left_out),
        cycles=cycles,
        stable=stable,
    )


def _common(name: str, counts: Floats, level: float, alpha: float) -> CommonOddsRatio:
    from scipy.stats import chi2, norm

    n = round(float(counts.sum()))
    totals = counts.sum(axis=(1, 2))
    informative = (totals >= 2) & (counts.sum(axis=1) > 0).all(axis=1) & (counts.sum(axis=2) > 0).all(axis=1)
    used, size = counts[informative], totals[informative]
    if not len(used):
        reason = "no stratum has both groups and both answers; match on a coarser score or drop the item"
        return CommonOddsRatio(item=name, odds_ratio=None, n=n, n_strata=0, reason=reason)
    a, b, c, d = used[:, 0, 0], used[:, 0, 1], used[:, 1, 0], used[:, 1, 1]
    expected = (a + b) * (a + c) / size
    spread = float(((a + b) * (c + d) * (a + c) * (b + d) / (size**2 * (size - 1))).sum())
    gap = abs(float((a - expected).sum()))
    corrected, plain = max(gap - 0.5, 0.0) ** 2 / spread, gap**2 / spread
    r, s = a * d / size, b * c / size
    tests: dict[str, Any] = {
        "chi_square": corrected,
        "p_value": float(chi2.sf(corrected, 1)),
        "chi_square_uncorrected": plain,
        "p_value_uncorrected": float(chi2.sf(plain, 1)),
        "p_difference": mean_difference(counts, _RIGHT_WRONG),
    }
    if r.sum() == 0 or s.sum() == 0:
        reason = "the common odds ratio is 0 or infinite: one group always answers alike where it can be compared"
        return CommonOddsRatio(item=name, odds_ratio=None, n=n, n_strata=len(used), reason=reason, **tests)
    ratio = float(r.sum() / s.sum())
    p, q = (a + d) / size, (b + c) / size
    variance = (p * r).sum() / (2 * r.sum() ** 2) + (q * s).sum() / (2 * s.sum() ** 2)
    variance += (p * s + q * r).sum() / (2 * r.sum() * s.sum())
    log, se = float(np.log(ratio)), float(np.sqrt(variance))
    reach = float(norm.ppf(0.5 + level / 2)) * se
    return CommonOddsRatio(
        item=name,
        odds_ratio=ratio,
        log_odds_ratio=log,
        log_se=se,
        interval=Interval(
            low=float(np.exp(log - reach)),
            high=float(np.exp(log + reach)),
            level=level,
            method="Robins-Breslow-Greenland",
        ),
        delta=-2.35 * log,
        delta_se=2.35 * se,
        ets_class=_ets_class(-2.35 * log, 2.35 * se, tests["p_value"], alpha),
        n=n,
        n_strata=len(used),
        **tests,
    )


def _ets_class(delta: float, se: float, p_value: float | None, alpha: float) -> str:
    if p_value is None or p_value >= alpha or abs(delta) < 1:
        return "A"
    return "C" if abs(delta) >= 1.5 and (abs(delta) - 1) / se > 1.645 else "B"


def _flagged(found: Sequence[CommonOddsRatio], flag_by: str, correction: bool, alpha: float) -> Places:
    def hit(item: CommonOddsRatio) -> bool:
        if flag_by == "ets_class":
            return item.ets_class in ("B", "C")
        p_value = item.p_value if correction else item.p_value_uncorrected
        return p_value is not None and p_value < alpha

    return tuple(j for j, item in enumerate(found) if hit(item))


def _with_adjusted(item: CommonOddsRatio, p_value: float | None) -> CommonOddsRatio:
    return cast(CommonOddsRatio, attrs.evolve(cast(Any, item), adjusted_p_value=p_value))
