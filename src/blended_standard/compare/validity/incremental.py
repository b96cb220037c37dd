"""Does engagement add to attendance? Nested tests in the sample, and gains out of sample with cross-fitting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from blended_standard.compare.validity._crossfit import Predictions, cross_fit, fold_numbers
from blended_standard.compare.validity._measures import MEASURES, Measure
from blended_standard.compare.validity._models import binary, columns, least_squares, logistic
from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Estimate, Interval, Result, Row, result


@result
class NestedTest(Result):
    """The test, in the sample, that added predictors carry nothing: F for R2, likelihood ratio for a binary outcome.

    `base` and `full` are R2, or McFadden's pseudo-R2 for a binary outcome.
    """

    title: ClassVar[str] = "Nested models"
    measure: str
    base: float
    full: float
    difference: float
    effect_size: float | None
    statistic: float | None
    df: int
    df_residual: int | None
    p_value: float | None
    n: int
    method: str
    reason: str | None = None


@result
class Increment(Result):
    """One measure of accuracy out of sample: with legacy predictors, with engagement as well, and the gain."""

    measure: str
    group: str | None
    legacy: Estimate
    combined: Estimate
    difference: Estimate
    better: str


@result
class IncrementalValidity(Result):
    """What engagement adds to legacy measures: the nested test, and gains out of sample, overall and by group."""

    title: ClassVar[str] = "Incremental validity"
    outcome: str
    n: int
    clusters: int
    folds: int
    repeats: int
    seed: int
    nested: NestedTest
    increments: tuple[Increment, ...]

    def increment(self, measure: str, group: object = None) -> Increment:
        """Return the increment in a measure, overall or in a group."""
        for item in self.increments:
            if item.measure == measure and item.group == (None if group is None else str(group)):
                return item
        known = sorted({item.measure for item in self.increments})
        raise UsageError(f"measure={measure!r}, group={group!r} is not here. Measures: {', '.join(known)}.")

    def rows(self) -> list[Row]:
        """Return one row a measure and group."""
        return [
            {
                "measure": item.measure,
                "group": item.group,
                "n": item.difference.n,
                "legacy": item.legacy.value,
                "combined": item.combined.value,
                "difference": item.difference.value,
                "se": item.difference.se,
                "low": item.difference.interval.low if item.difference.interval else None,
                "high": item.difference.interval.high if item.difference.interval else None,
                "better": item.better,
                "reason": item.difference.reason,
            }
            for item in self.increments
        ]


def delta_r2(outcome: npt.ArrayLike, base: npt.ArrayLike, added: npt.ArrayLike) -> NestedTest:
    """Test by F whether added predictors raise R2.

    Parameters
    ----------
    outcome : float array, shape (n,)
    base, added : float array, shape (n,) or (n, p)
        Predictors of the smaller model, and those that the larger one adds.

    Returns
    -------
    NestedTest
        `effect_size` is Cohen's f2 = difference/(1 - full).

    Raises
    ------
    NotEstimableError
        An outcome that does not vary, or too few records.

    Examples
    --------
    >>> y, x, z = [1, 2, 3, 4, 5, 7], [1, 2, 3, 4, 5, 6], [0, 1, 0, 1, 0, 1]
    >>> round(delta_r2(y, x, z).difference, 4)
    0.0026
    """
    from scipy.special import fdtrc

    y = check.vector("outcome", outcome)
    small = _design(columns(base, "base", y.size))
    large = np.column_stack([small, columns(added, "added", y.size)])
    ranks = np.linalg.matrix_rank(small), np.linalg.matrix_rank(large)
    count, left = int(ranks[1] - ranks[0]), int(y.size - ranks[1])
    total = float(((y - y.mean()) ** 2).sum()) if y.size else 0.0
    if total == 0 or left < 1:
        raise NotEstimableError("The outcome does not vary, or there are fewer records than predictors.")
    r0, r1 = (1 - least_squares(x, y).rss / total for x in (small, large))
    reason, statistic = None, None
    if count < 1:
        reason = "The added predictors are constant or repeat the others: nothing is added."
    elif r1 >= 1 - 1e-14:
        reason = "The larger model fits exactly: there is no error to test against."
    else:
        statistic = max(0.0, (r1 - r0) / count / ((1 - r1) / left))
    return NestedTest(
        measure="r2",
        base=r0,
        full=r1,
        difference=r1 - r0,
        effect_size=None if r1 >= 1 - 1e-14 else (r1 - r0) / (1 - r1),
        statistic=statistic,
        df=count,
        df_residual=left,
        p_value=None if statistic is None else float(fdtrc(count, left, statistic)),
        n=y.size,
        method="F test of nested models",
        reason=reason,
    )


def incremental_validity(
    outcome: npt.ArrayLike,
    legacy: npt.ArrayLike,
    engagement: npt.ArrayLike,
    *,
    kind: Literal["continuous", "binary"] | None = None,
    covariates: npt.ArrayLike | None = None,
    groups: npt.ArrayLike | None = None,
    clusters: npt.ArrayLike | None = None,
    folds: int = 5,
    repeats: int = 5,
    seed: int = 0,
    level: float = 0.95,
) -> IncrementalValidity:
    """Measure what engagement adds to legacy (attendance) measures in predicting an outcome.

    Parameters
    ----------
    outcome : array, shape (n,)
        Continuous, or 0/1. No missing values.
    legacy, engagement : float array, shape (n,) or (n, p)
        Predictors that both models have, and those that the second adds.
    kind : {"continuous", "binary"}, optional
        Default: binary when the outcome holds 0 and 1 only.
    covariates : float array, shape (n,) or (n, p), optional
        In both models, such as prior achievement.
    groups : array, shape (n,), optional
        Labels: gains are also given within each (the models are common to all).
    clusters : array, shape (n,), optional
        Labels of schools or programs: nobody is predicted by a model that has seen their cluster, and standard
        errors are cluster-robust.
    folds, repeats, seed : int
        Parts of the sample; number of divisions, drawn from `seed` on; the median over divisions is reported, and its
        standard error holds their spread.
    level : float
        Confidence level.

    Returns
    -------
    IncrementalValidity
        Continuous: `r2`, `rmse`, `calibration_slope`. Binary: `auc`, `brier`, `log_score`, `calibration_slope`,
        `calibration_intercept`. `difference` is combined less legacy; `better` says which sign is a gain.

    Raises
    ------
    NotEstimableError
        An outcome that does not vary, predictors that separate it, or fewer clusters than two.

    Notes
    -----
    Gains are out of sample and can be negative: added noise costs. The baseline of R2 is the mean of the training
    folds. DeLong's test of nested models in one sample is degenerate, so the test is by likelihood (`nested`).

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> attended, worked = rng.normal(size=(2, 300))
    >>> answer = incremental_validity(attended + worked + rng.normal(size=300), attended, worked)
    >>> answer.increment("r2").difference.value > 0.2
    True
    """
    from scipy.special import ndtri

    y, choice = _outcome(outcome, kind)
    base = np.column_stack([columns(covariates, "covariates", y.size), columns(legacy, "legacy", y.size)])
    added = columns(engagement, "engagement", y.size)
    if added.shape[1] == 0:
        raise UsageError("engagement has no column: there is nothing to add.")
    check.level(level)
    if repeats < 1:
        raise UsageError(f"repeats={repeats} must be 1 or more.")
    cluster = _labels(clusters, y.size, "clusters") if clusters is not None else np.arange(y.size)
    parts: list[tuple[str | None, npt.NDArray[np.bool_]]] = [(None, np.ones(y.size, dtype=bool))]
    if groups is not None:
        raw = np.asarray(groups)
        index = _labels(groups, y.size, "groups")
        names = [str(label) for label in np.unique(raw)]
        parts += [(name, index == number) for number, name in enumerate(names)]
    small, large = _design(base), _design(np.column_stack([base, added]))
    made = []
    for repeat in range(repeats):
        fold = fold_numbers(cluster, folds, seed + repeat)
        made.append(
            (cross_fit(small, y, fold, binary=choice == "binary"), cross_fit(large, y, fold, binary=choice == "binary"))
        )
    z = float(ndtri(0.5 + level / 2))
    increments = [
        _increment(measure, name, own, y, cluster, made, z, level)
        for name, own in parts
        for measure in MEASURES[choice]
    ]
    nested = delta_r2(y, base, added) if choice == "continuous" else _likelihood_ratio(y, small, large)
    return IncrementalValidity(
        outcome=choice,
        n=y.size,
        clusters=int(np.unique(cluster).size),
        folds=folds,
        repeats=repeats,
        seed=seed,
        nested=nested,
        increments=tuple(increments),
    )


def _increment(
    measure: Measure,
    group: str | None,
    own: npt.NDArray[np.bool_],
    y: Floats,
    cluster: npt.NDArray[np.intp],
    made: Sequence[tuple[Predictions, Predictions]],
    z: float,
    level: float,
) -> Increment:
    """Return the median over divisions of the measure, for both models and their difference."""
    count = int(own.sum())
    values: list[tuple[float, float, float]] = []
    errors: list[tuple[float, float, float]] = []
    reason = None
    for pair in made:
        parts = [measure.influence(y[own], part.value[own], part.baseline[own]) for part in pair]
        if any(part is None for part in parts):
            reason = measure.reason
            break
        (first, one), (second, two) = (part for part in parts if part is not None)
        values.append((first, second, second - first))
        errors.append(tuple(_cluster_se(part, cluster[own]) for part in (one, two, two - one)))  # type: ignore[arg-type]
    names = ("legacy", "legacy and engagement", "difference")
    estimates = []
    for place, name in enumerate(names):
        title = f"{measure.name}, {name}"
        if reason is not None or not values:
            estimates.append(Estimate(name=title, value=None, n=count, reason=reason or measure.reason))
            continue
        each = np.array([line[place] for line in values])
        spread = np.array([line[place] for line in errors])
        value = float(np.median(each))
        se = float(np.sqrt(np.median(spread**2 + (each - value) ** 2)))
        interval = Interval(low=value - z * se, high=value + z * se, level=level, method="normal")
        estimates.append(
            Estimate(
                name=title,
                value=value,
                se=se,
                interval=interval,
                n=count,
                method=f"cross-fitted, median of {len(values)} divisions, cluster-robust",
            )
        )
    return Increment(
        measure=measure.name,
        group=group,
        legacy=estimates[0],
        combined=estimates[1],
        difference=estimates[2],
        better=measure.better,
    )


def _cluster_se(influence: Floats, cluster: npt.NDArray[np.intp]) -> float:
    index = np.unique(cluster, return_inverse=True)[1]
    sums = np.bincount(index, weights=influence - influence.mean())
    if sums.size < 2:
        return 0.0
    return float(np.sqrt(sums.size / (sums.size - 1) * (sums**2).sum()) / influence.size)


def _likelihood_ratio(y: Floats, small: Floats, large: Floats) -> NestedTest:
    from scipy.special import chdtrc

    null = logistic(np.ones((y.size, 1)), y).log_likelihood
    base, full = logistic(small, y).log_likelihood, logistic(large, y).log_likelihood
    count = large.shape[1] - small.shape[1]
    statistic = max(0.0, 2 * (full - base))
    return NestedTest(
        measure="pseudo r2 (McFadden)",
        base=1 - base / null,
        full=1 - full / null,
        difference=(base - full) / null,
        effect_size=None,
        statistic=statistic,
        df=count,
        df_residual=None,
        p_value=float(chdtrc(count, statistic)),
        n=y.size,
        method="likelihood-ratio test of nested logistic models",
    )


def _outcome(outcome: npt.ArrayLike, kind: str | None) -> tuple[Floats, Literal["continuous", "binary"]]:
    y = check.vector("outcome", np.asarray(outcome))
    if kind not in (None, "continuous", "binary"):
        raise UsageError(f"kind={kind!r} is not one of continuous, binary.")
    if kind == "binary" or (kind is None and bool(np.isin(y, (0.0, 1.0)).all())):
        return binary(y, "outcome"), "binary"
    if y.size == 0 or np.ptp(y) == 0:
        raise NotEstimableError("outcome is the same for all: there is nothing to predict.")
    return y, "continuous"


def _design(x: Floats) -> Floats:
    return np.column_stack([np.ones(x.shape[0]), x])


def _labels(values: npt.ArrayLike, size: int, name: str) -> npt.NDArray[np.intp]:
    raw = np.asarray(values)
    if raw.shape != (size,):
        raise UsageError(f"{name} has shape {raw.shape} and there are {size} outcomes. Pass one label a record.")
    index: npt.NDArray[np.intp] = np.unique(raw, return_inverse=True)[1]
    return index
