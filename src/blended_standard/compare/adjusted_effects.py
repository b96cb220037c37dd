"""Effects from weighted or matched samples: weighted difference, regression adjustment, augmented inverse probability.

Sources: Robins, Rotnitzky & Zhao (1994) and Lunceford & Davidian (2004) for the doubly robust (AIPW) estimator.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from blended_standard.compare.columns import (
    Booleans,
    Columns,
    around_means,
    as_codes,
    as_columns,
    as_treatment,
    as_vector,
    as_weights,
    require_enough_clusters,
    require_full_rank,
    with_intercept,
)
from blended_standard.compare.propensity import scores_from
from blended_standard.compare.robust import few_clusters, least_squares
from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Estimate, Interval


def weighted_difference(
    outcome: npt.ArrayLike,
    treatment: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    covariates: object | None = None,
    clusters: object | None = None,
    se: str | None = None,
    names: Sequence[str] | None = None,
    level: float = 0.95,
    name: str = "effect",
) -> Estimate:
    """Return the difference of weighted means, or the coefficient of treatment beside covariates.

    Parameters
    ----------
    outcome, treatment : arrays, shape (n,)
    weights : array, shape (n,), optional
        From `ipw`, `entropy_balance` or `match`; treated as known.
    covariates : array (n, p), mapping of columns or frame, optional
        Regression adjustment on top of the weights.
    clusters : array of labels, optional
        Pairs, schools or programs: CR2 standard error with Satterthwaite degrees of freedom.
    se : str, optional
        As in `least_squares`; default HC0 without clusters, CR2 with.
    level : float
    names, name : names of the covariates, and of the estimate

    Example
    -------
    >>> round(weighted_difference([3.0, 5.0, 1.0, 2.0], [1, 1, 0, 0], weights=[1, 1, 1, 3]).value, 6)
    2.25
    """
    treated = as_treatment(treatment).astype(np.float64)
    if clusters is not None:
        _require_clusters_in_both_arms(treated, clusters, weights)
    columns = Columns(matrix=treated[:, None], names=("treatment",))
    if covariates is not None:
        more = as_columns(covariates, n=treated.size, names=names)
        columns = Columns(matrix=np.hstack([columns.matrix, more.matrix]), names=("treatment", *more.names))
    fit = least_squares(
        outcome,
        columns.matrix,
        names=columns.names,
        weights=weights,
        clusters=clusters,
        se=se or (None if clusters is not None else "HC0"),
        level=level,
    )
    found = fit.coefficient("treatment")
    adjusted = "regression-adjusted " if covariates is not None else ""
    return Estimate(
        name=name,
        value=found.value,
        se=found.se,
        df=found.df,
        p_value=found.p_value,
        interval=found.interval,
        n=fit.n,
        method=f"{adjusted}weighted difference, {fit.method}",
    )


def doubly_robust(
    outcome: npt.ArrayLike,
    treatment: npt.ArrayLike,
    *,
    covariates: object,
    scores: npt.ArrayLike | None = None,
    estimand: str = "ATE",
    clusters: object | None = None,
    names: Sequence[str] | None = None,
    level: float = 0.95,
) -> Estimate:
    """Estimate an effect that is right when either the score model or the outcome model is (AIPW).

    The outcome is modeled by least squares in each arm. The standard error comes from the influence function; it is
    exact in large samples when both models hold.

    Parameters
    ----------
    outcome, treatment : arrays, shape (n,)
    covariates : array (n, p), mapping of columns or frame
    scores : array, shape (n,), optional
        Propensity scores; default, a logistic model of the covariates.
    estimand : {"ATE", "ATT"}
    clusters : array of labels, optional
        Sums the influence function within the m clusters, with m/(m-1) and a t interval of m - 1 degrees of freedom.
    names : sequence of str, optional
    level : float

    Raises
    ------
    NotEstimableError
        An arm has too few rows for the outcome model, the score model has no maximum, or clusters are fewer than the
        coefficients of the outcome model.

    Example
    -------
    >>> y, t, x = [3.0, 4, 6, 2, 3, 3], [1, 1, 1, 0, 0, 0], [1.0, 2, 3, 1, 2, 3]
    >>> round(doubly_robust(y, t, covariates=x, scores=[0.5] * 6).value, 6)
    1.666667
    """
    if estimand not in ("ATE", "ATT"):
        raise UsageError(f'estimand="{estimand}" is not one of ATE, ATT.')
    check.level(level)
    treated, e = scores_from(treatment, covariates, scores=scores, names=names)
    y = as_vector(outcome, name="outcome", n=treated.size)
    y -= y.mean()  # a difference of arms does not change, and keeps its digits
    design = with_intercept(as_columns(covariates, n=treated.size, names=names))
    design = Columns(matrix=around_means(design.matrix, np.ones(treated.size))[0], names=design.names)
    mu0 = _outcome_model(design, y, ~treated, "comparison")
    if estimand == "ATE":
        mu1 = _outcome_model(design, y, treated, "treated")
        parts = mu1 - mu0 + np.where(treated, (y - mu1) / e, -(y - mu0) / (1 - e))
        value = float(parts.mean())
        influence = parts - value
    else:
        parts = np.where(treated, y - mu0, -(y - mu0) * e / (1 - e)) / treated.mean()
        value = float(parts.mean())
        influence = parts - treated / treated.mean() * value
    if clusters is not None:
        require_enough_clusters(design, as_codes(clusters, name="clusters", n=y.size)[0])
    return _from_influence(value, influence, clusters=clusters, level=level, name=estimand)


def _require_clusters_in_both_arms(treated: Floats, clusters: object, weights: npt.ArrayLike | None) -> None:
    """Refuse an arm that is one cluster, when clusters lie wholly in one arm: its noise cannot be seen."""
    codes, labels = as_codes(clusters, name="clusters", n=treated.size)
    used = as_weights(weights, n=treated.size) > 0
    ones = np.bincount(codes[used], weights=treated[used], minlength=len(labels))
    size = np.bincount(codes[used], minlength=len(labels))
    in_both = bool(((ones > 0) & (ones < size)).any())
    if not in_both and min(int((ones > 0).sum()), int(((size > 0) & (ones == 0)).sum())) < 2:
        raise NotEstimableError("An arm consists of one cluster: its variation between clusters cannot be seen.")


def _outcome_model(design: Columns, y: Floats, arm: Booleans, label: str) -> Floats:
    part = Columns(matrix=design.matrix[arm], names=design.names)
    try:
        require_full_rank(part)
    except NotEstimableError as error:
        raise NotEstimableError(f"The outcome model of the {label} arm cannot be fitted: {error}") from error
    beta = np.linalg.lstsq(part.matrix, y[arm], rcond=None)[0]
    return np.asarray(design.matrix @ beta)


def _from_influence(value: float, influence: Floats, *, clusters: object | None, level: float, name: str) -> Estimate:
    from scipy.special import stdtr, stdtrit

    n = influence.size
    method, reference, df = "doubly robust (AIPW), influence-function SE", "normal", math.inf
    if clusters is None:
        se = float(np.sqrt((influence**2).sum()) / n)
    else:
        codes, labels = as_codes(clusters, name="clusters", n=n)
        m = len(labels)
        if m < 2:
            raise NotEstimableError("All rows are in one cluster: the standard error cannot be had.")
        sums = np.bincount(codes, weights=influence)
        se = float(np.sqrt(m / (m - 1) * (sums**2).sum()) / n)
        method += f" summed within clusters{few_clusters(m)}"
        reference, df = "t", m - 1.0
    reach = float(stdtrit(df, (1 + level) / 2)) * se
    return Estimate(
        name=name,
        value=value,
        se=se,
        df=df if math.isfinite(df) else None,
        p_value=float(2 * stdtr(df, -abs(value) / se)) if se > 0 else None,
        interval=Interval(low=value - reach, high=value + reach, level=level, method=reference),
        n=n,
        method=method,
    )
