"""Baseline equivalence of two analyzed groups, measure by measure.

Source: What Works Clearinghouse (WWC) Standards Handbook 4.1, section II.A; Procedures Handbook 5.0.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt

from blended_standard.compare._effect import Effect, Numbers, no_effect
from blended_standard.compare.effects import hedges_g_from_means
from blended_standard.compare.rates import cox_index
from blended_standard.errors import UsageError
from blended_standard.numeric import arguments as check
from blended_standard.results import Interval, Result, Row, result

Category = Literal["satisfied", "satisfied_with_adjustment", "not_satisfied"]

NO_ADJUSTMENT = 0.05
LARGEST = 0.25
LEAST_CORRELATION = 0.6
_SLACK = 1e-12


@result
class BaselineMeasure(Result):
    """One baseline measure: how far apart the groups are, and what follows.

    `category` depends on the size alone; `satisfied` also on whether the analysis adjusts for the measure, and is None
    when the effect size could not be had.
    """

    name: str
    effect_size: float | None
    se: float | None = None
    interval: Interval | None = None
    n_treated: int | None = None
    n_comparison: int | None = None
    metric: str
    category: Category | None
    adjusted: bool
    satisfied: bool | None
    reason: str | None = None


@result
class BaselineEquivalence(Result):
    """Baseline equivalence of all measures. `overall` is the category of the worst measure.

    `satisfied` is True only when every measure is; None when one could not be judged and none failed.
    """

    title = "Baseline equivalence (WWC)"

    measures: tuple[BaselineMeasure, ...]
    overall: Category | None
    satisfied: bool | None
    largest: float | None

    def rows(self) -> list[Row]:
        """Return one row a measure."""
        return [row for measure in self.measures for row in measure.rows()]


def baseline_equivalence(
    treated: Mapping[str, Numbers],
    comparison: Mapping[str, Numbers],
    *,
    adjusted: Collection[str] = (),
    gain_correlation: Mapping[str, float] | None = None,
    weights: tuple[Numbers, Numbers] | None = None,
) -> BaselineEquivalence:
    """Compare two analyzed groups on their baseline measures.

    Parameters
    ----------
    treated, comparison : mapping of str to array (a dict or a dataframe), each of shape (learners of the group,)
        Baseline measures of the **analyzed** learners, the same names in both; no missing values. A measure with at
        most two values in all, 0 and 1, is compared by the Cox index, any other by Hedges g.
    adjusted : collection of str
        Measures for which the outcome analysis adjusts by regression or ANCOVA.
    gain_correlation : mapping of str to float, optional
        Pretests for which the analysis adjusts by gain scores or difference in differences, with the correlation of
        pretest and outcome: accepted from 0.6.
    weights : pair of arrays, optional
        The weights of the outcome analysis for the two groups, which must then be used here too.

    Returns
    -------
    BaselineEquivalence
        One `BaselineMeasure` a measure, and the verdict over all.

    Raises
    ------
    UsageError
        Different names in the groups, missing values, or weights that do not fit.

    Examples
    --------
    >>> found = baseline_equivalence(
    ...     {"pretest": [5, 6, 7], "female": [1, 0, 1]}, {"pretest": [4, 5, 6], "female": [0, 0, 1]}
    ... )
    >>> [(measure.name, round(measure.effect_size, 4), measure.category) for measure in found.measures]
    [('pretest', 0.8, 'not_satisfied'), ('female', 0.8402, 'not_satisfied')]
    """
    names = _names(treated)
    if sorted(names) != sorted(_names(comparison)):
        raise UsageError(f"treated has the measures {sorted(names)}, comparison {sorted(_names(comparison))}.")
    pair = (None, None) if weights is None else (weights[0], weights[1])
    effects = {}
    for name in names:
        one = _weighted(f"treated[{name!r}]", treated[name], pair[0])
        two = _weighted(f"comparison[{name!r}]", comparison[name], pair[1])
        effects[name] = _effect(name, one, two)
    return baseline_equivalence_from_effects(effects, adjusted=adjusted, gain_correlation=gain_correlation)


def baseline_equivalence_from_effects(
    effects: Mapping[str, float | Effect],
    *,
    adjusted: Collection[str] = (),
    gain_correlation: Mapping[str, float] | None = None,
) -> BaselineEquivalence:
    """Judge baseline equivalence from effect sizes that are known (Hedges g or Cox index).

    Parameters
    ----------
    effects : mapping of str to float or Effect
        Effect size of each baseline measure; the sign does not matter.
    adjusted, gain_correlation
        As in `baseline_equivalence`.

    Examples
    --------
    >>> baseline_equivalence_from_effects({"credits": 0.12}, adjusted=["credits"]).satisfied
    True
    """
    correlations = {
        name: check.number(f"gain_correlation[{name!r}]", r, low=-1.0, high=1.0)
        for name, r in (gain_correlation or {}).items()
    }
    unknown = sorted((set(adjusted) | set(correlations)) - set(effects))
    if unknown:
        raise UsageError(f"adjusted or gain_correlation names {unknown}; the measures are {sorted(effects)}.")
    counted = {*adjusted, *(name for name, r in correlations.items() if r >= LEAST_CORRELATION)}
    measures = tuple(_measure(name, effect, adjusted=name in counted) for name, effect in effects.items())
    verdicts = [measure.satisfied for measure in measures]
    sizes = [abs(measure.effect_size) for measure in measures if measure.effect_size is not None]
    known = len(sizes) == len(measures) and bool(sizes)
    largest = max(sizes, default=None)
    over = largest is not None and baseline_category(largest) == "not_satisfied"
    return BaselineEquivalence(
        measures=measures,
        overall=baseline_category(largest) if largest is not None and (known or over) else None,
        satisfied=False if False in verdicts else (None if None in verdicts or not verdicts else True),
        largest=largest,
    )


def baseline_category(effect_size: float) -> Category:
    """Return the category of one baseline effect size, not rounded, whatever its sign.

    Examples
    --------
    >>> [baseline_category(size) for size in (0.05, -0.0500001, 0.25, 0.2500001)]
    ['satisfied', 'satisfied_with_adjustment', 'satisfied_with_adjustment', 'not_satisfied']
    """
    size = abs(check.number("effect_size", effect_size))
    if size <= NO_ADJUSTMENT + _SLACK:
        return "satisfied"
    return "satisfied_with_adjustment" if size <= LARGEST + _SLACK else "not_satisfied"


def _measure(name: str, effect: float | Effect, *, adjusted: bool) -> BaselineMeasure:
    found: Effect | None = None
    size: float | None
    if isinstance(effect, Effect):
        found, size = effect, effect.value
    else:
        size = check.number(f"effects[{name!r}]", effect)
    category = None if size is None else baseline_category(size)
    return BaselineMeasure(
        name=name,
        effect_size=size,
        se=found.se if found is not None else None,
        interval=found.interval if found is not None else None,
        n_treated=found.n_treated if found is not None else None,
        n_comparison=found.n_comparison if found is not None else None,
        metric=found.name if found is not None else "as given",
        category=category,
        adjusted=adjusted,
        satisfied=None if category is None else category == "satisfied" or (category != "not_satisfied" and adjusted),
        reason=found.reason if found is not None else None,
    )


class _Group:
    """Weighted moments of one measure in one group."""

    def __init__(self, values: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]) -> None:
        self.n = values.size
        self.values = values
        total = float(weights.sum())
        self.mean = float(np.dot(weights, values)) / total if total > 0.0 else 0.0
        spread = float(np.dot(weights, (values - self.mean) ** 2)) / total if total > 0.0 else 0.0
        constant = self.n == 0 or values.min() == values.max()
        self.sd = 0.0 if constant or self.n < 2 else float(np.sqrt(spread * self.n / (self.n - 1)))


def _weighted(name: str, values: Numbers, weights: Numbers | None) -> _Group:
    numbers = check.vector(name, values)
    if weights is None:
        return _Group(numbers, np.ones(numbers.size))
    shares = check.vector("weights", weights)
    if shares.size != numbers.size or (shares < 0.0).any() or shares.sum() <= 0.0:
        raise UsageError(f"weights has {shares.size} entries for {numbers.size} learners, or is negative or all zero.")
    return _Group(numbers, shares)


def _effect(name: str, one: _Group, two: _Group) -> Effect:
    n = (one.n, two.n)
    if min(n) < 2:
        return no_effect("Hedges g", f"{name}: a group has fewer than 2 learners.", n=n, method="Hedges g (WWC)")
    both = np.concatenate([one.values, two.values])
    if both.min() == both.max():
        reason = f"{name} is the same for every learner, so there is nothing to compare."
        return no_effect("Hedges g", reason, n=n, method="Hedges g (WWC)")
    if np.isin(both, (0.0, 1.0)).all():
        shares = min(one.mean, 1.0), min(two.mean, 1.0)
        return cox_index(shares[0], shares[1], n_treated=n[0], n_comparison=n[1])
    return hedges_g_from_means(
        mean_treated=one.mean, sd_treated=one.sd, n_treated=n[0],
        mean_comparison=two.mean, sd_comparison=two.sd, n_comparison=n[1],
    )  # fmt: skip


def _names(measures: Mapping[str, Numbers]) -> list[str]:
    columns = getattr(measures, "columns", None)
    return [str(name) for name in (measures if columns is None else columns)]
