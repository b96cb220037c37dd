"""Cluster-robust standard errors for meta-analysis: CR2 with Satterthwaite degrees of freedom.

Sources: Hedges, Tipton and Johnson (2010); Tipton (2015); Pustejovsky and Tipton (2018, Journal of Business and
Economic Statistics 36:672-683).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import attrs
import numpy as np
import numpy.typing as npt

from blended_standard.compare._effect import two_sided_p
from blended_standard.compare.cluster_robust import FEW_DF
from blended_standard.compare.columns import Columns, require_enough_clusters
from blended_standard.compare.meta._inputs import Studies, cluster_index, read_studies, require_between_clusters
from blended_standard.compare.meta._inputs import inverse as inverse_of
from blended_standard.compare.meta.analysis import meta_analysis
from blended_standard.compare.meta.multilevel import three_level_meta_analysis
from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Estimate, Interval, Result, Row, array, result

Model = Literal["random", "three_level", "correlated", "hierarchical"]


@result
class RobustMetaAnalysis(Result):
    """Coefficients with cluster-robust standard errors; `warning` is set where p-values are not to be trusted."""

    title: ClassVar[str] = "Robust meta-analysis"
    model: str
    n: int
    clusters: int
    coefficients: tuple[Estimate, ...]
    tau2: float
    omega2: float | None
    warning: str | None
    covariance: npt.NDArray[np.float64] = array()

    @property
    def estimate(self) -> Estimate:
        """The pooled effect; in a meta-regression, the first coefficient."""
        return self.coefficients[0]

    @property
    def value(self) -> float | None:
        """The pooled effect."""
        return self.estimate.value

    @property
    def se(self) -> float | None:
        """The robust standard error of the pooled effect."""
        return self.estimate.se

    def rows(self) -> list[Row]:
        """Return one row a coefficient."""
        return [row for item in self.coefficients for row in item.rows()]


@attrs.frozen(kw_only=True)
class _Working:
    """Weights and the working covariance of each cluster, and the between-study variances behind them."""

    weights: tuple[Floats, ...]
    covariances: tuple[Floats, ...]
    tau2: float
    omega2: float | None


def robust_meta_analysis(
    effects: npt.ArrayLike,
    standard_errors: npt.ArrayLike,
    *,
    clusters: npt.ArrayLike,
    model: Model = "three_level",
    correlation: float = 0.8,
    moderators: npt.ArrayLike | None = None,
    moderator_names: Sequence[str] | None = None,
    level: float = 0.95,
) -> RobustMetaAnalysis:
    """Combine dependent effects, with standard errors that hold whatever the dependence within clusters.

    Parameters
    ----------
    effects, standard_errors : float array, shape (k,)
        As in `meta_analysis`.
    clusters : array, shape (k,)
        Label of the cluster within which effects depend on each other.
    model : {"three_level", "random", "correlated", "hierarchical"}
        What the weights come from: the REML fit of `three_level_meta_analysis` or of `meta_analysis` (as
        `clubSandwich::coef_test`), or the moment weights for correlated or hierarchical effects (as
        `robumeta::robu(small = TRUE)`).
    correlation : float
        Assumed correlation of effects of a cluster, for "correlated" only.
    moderators, moderator_names, level
        As in `meta_analysis`.

    Returns
    -------
    RobustMetaAnalysis
        CR2 standard errors, t tests and intervals with Satterthwaite degrees of freedom.

    Raises
    ------
    NotEstimableError
        One cluster only; fewer clusters than coefficients; moderators that account for every difference between
        clusters.

    Notes
    -----
    Below 4 degrees of freedom the p-values are too small whatever the correction: `warning` says so.

    Examples
    --------
    >>> fit = robust_meta_analysis(
    ...     [0.1, 0.2, 0.6, 0.8, 0.3, 0.2], [0.1] * 6, clusters=["a", "a", "b", "b", "c", "c"]
    ... )
    >>> round(fit.se, 4), round(fit.estimate.df, 2)
    (0.1691, 2.0)
    """
    if model not in ("three_level", "random", "correlated", "hierarchical"):
        raise UsageError(f"model={model!r} is not one of three_level, random, correlated, hierarchical.")
    check.share("correlation", correlation, closed=True)
    check.level(level)
    studies = read_studies(effects, standard_errors, moderators=moderators, moderator_names=moderator_names)
    index = cluster_index(clusters, studies.y.size)
    blocks = _blocks(index)
    if len(blocks) < 2:
        raise NotEstimableError("There is one cluster: a robust standard error needs two or more.")
    require_enough_clusters(Columns(matrix=studies.x, names=studies.names), index)
    working = _working(studies, index, blocks, model, correlation)
    beta, covariance, df = _sandwich(studies, blocks, working)
    estimates = _estimates(studies, beta, covariance, df, level, model)
    lowest = min(df)
    warning = None
    if lowest < FEW_DF:
        warning = f"{lowest:.1f} degrees of freedom are fewer than 4: do not rely on these p-values."
    return RobustMetaAnalysis(
        model=model,
        n=studies.y.size,
        clusters=len(blocks),
        coefficients=tuple(estimates),
        tau2=working.tau2,
        omega2=working.omega2,
        warning=warning,
        covariance=covariance,
    )


def _blocks(index: npt.NDArray[np.intp]) -> list[npt.NDArray[np.intp]]:
    order = np.argsort(index, kind="stable")
    return np.split(order, np.cumsum(np.bincount(index))[:-1])


def _working(
    studies: Studies, index: npt.NDArray[np.intp], blocks: Sequence[npt.NDArray[np.intp]], model: str, rho: float
) -> _Working:
    se = np.sqrt(studies.v)
    moderators = studies.x[:, 1:] if studies.x.shape[1] > 1 else None
    if model == "random":
        tau2 = meta_analysis(studies.y, se, moderators=moderators).tau2 or 0.0
        covariances = tuple(np.diag(studies.v[own] + tau2) for own in blocks)
        return _Working(
            weights=tuple(inverse_of(block) for block in covariances),
            covariances=covariances,
            tau2=tau2,
            omega2=None,
        )
    if model == "three_level":
        fit = three_level_meta_analysis(studies.y, se, clusters=index, moderators=moderators)
        between, within = fit.between_cluster_variance, fit.within_cluster_variance
        covariances = tuple(np.diag(studies.v[own] + within) + between for own in blocks)
        return _Working(
            weights=tuple(inverse_of(block) for block in covariances),
            covariances=covariances,
            tau2=between,
            omega2=within,
        )
    require_between_clusters(studies, index)
    return _correlated(studies, blocks, rho) if model == "correlated" else _hierarchical(studies, blocks)


def _diagonal(w: Floats, blocks: Sequence[npt.NDArray[np.intp]], tau2: float, omega2: float | None) -> _Working:
    """Diagonal weights, whose inverse is the working covariance, as `robumeta` has it."""
    return _Working(
        weights=tuple(np.diag(w[own]) for own in blocks),
        covariances=tuple(np.diag(1 / w[own]) for own in blocks),
        tau2=tau2,
        omega2=omega2,
    )


def _correlated(studies: Studies, blocks: Sequence[npt.NDArray[np.intp]], rho: float) -> _Working:
    """Weights 1/(k_j (mean variance + tau2)), tau2 by moments with the assumed correlation (Hedges et al. 2010)."""
    x, y = studies.x, studies.y
    size, mean = np.empty(y.size), np.empty(y.size)
    for own in blocks:
        size[own], mean[own] = own.size, studies.v[own].mean()
    w = 1 / (size * mean)
    inverse = inverse_of(x.T @ (w[:, None] * x))
    residual = y - x @ (inverse @ (x.T @ (w * y)))
    q = float(w @ residual**2)
    first, second, third = (np.zeros((x.shape[1], x.shape[1])) for _ in range(3))
    for own in blocks:
        block, weight = x[own], float(w[own[0]])
        sums = block.sum(axis=0)
        first += weight / own.size * (block.T @ block)
        second += weight / own.size * (np.outer(sums, sums) - block.T @ block)
        third += weight**2 * np.outer(sums, sums)
    numerator = q - len(blocks) + float(np.trace(inverse @ first)) + rho * float(np.trace(inverse @ second))
    denominator = float(sum(own.size * w[own[0]] for own in blocks)) - float(np.trace(inverse @ third))
    tau2 = max(0.0, numerator / denominator)
    return _diagonal(1 / (size * (mean + tau2)), blocks, tau2, None)


def _hierarchical(studies: Studies, blocks: Sequence[npt.NDArray[np.intp]]) -> _Working:
    """Weights 1/(v + tau2 + omega2), both by moments (Hedges et al. 2010, appendix)."""
    x, y, w = studies.x, studies.y, 1 / studies.v
    k, p = x.shape
    inverse = inverse_of(x.T @ (w[:, None] * x))
    residual = y - x @ (inverse @ (x.T @ (w * y)))
    sums = np.array([x[own].sum(axis=0) for own in blocks])
    weighted_sums = np.array([w[own] @ x[own] for own in blocks])
    sizes = np.array([own.size for own in blocks], dtype=np.float64)
    ones = inverse @ (sums.T @ sums)
    mixed = inverse @ (weighted_sums.T @ sums)
    sized = inverse @ (weighted_sums.T @ (sizes[:, None] * sums))
    both = inverse @ (weighted_sums.T @ weighted_sums)
    square = inverse @ (x.T @ (w[:, None] ** 2 * x))
    # Expected sums of squares are linear in (1, tau2, omega2): one row for the clusters' sums, one for the effects.
    by_cluster = (
        studies.v.sum() - np.trace(ones),
        (sizes**2).sum() - 2 * np.trace(sized) + np.trace(ones @ both),
        k - 2 * np.trace(mixed) + np.trace(ones @ square),
    )
    by_effect = (k - p, w.sum() - np.trace(both), w.sum() - np.trace(square))
    first = sum(residual[own].sum() ** 2 for own in blocks) - by_cluster[0]
    second = w @ residual**2 - by_effect[0]
    determinant = by_cluster[2] * by_effect[1] - by_effect[2] * by_cluster[1]
    if abs(determinant) <= 1e-12 * abs(by_cluster[2] * by_effect[1]):
        raise NotEstimableError("Variances between and within clusters cannot be told apart. Use another model.")
    omega2 = max(0.0, float((first * by_effect[1] - second * by_cluster[1]) / determinant))
    tau2 = max(0.0, float((second - omega2 * by_effect[2]) / by_effect[1]))
    return _diagonal(1 / (studies.v + tau2 + omega2), blocks, tau2, omega2)


def _sandwich(
    studies: Studies, blocks: Sequence[npt.NDArray[np.intp]], working: _Working
) -> tuple[Floats, Floats, list[float]]:
    """Return coefficients, their CR2 covariance, and Satterthwaite degrees of freedom."""
    x, y = studies.x, studies.y
    parts = list(zip(blocks, working.weights, working.covariances, strict=True))
    information = np.zeros((x.shape[1], x.shape[1]))
    right = np.zeros(x.shape[1])
    for own, weight, _ in parts:
        information += x[own].T @ weight @ x[own]
        right += x[own].T @ weight @ y[own]
    bread: Floats = inverse_of(information)
    beta: Floats = bread @ right
    residual = y - x @ beta
    meat = np.zeros_like(bread)
    scores: list[Floats] = []
    own_parts: list[Floats] = []
    for own, weight, covariance in parts:
        adjusted = _adjustment(x[own], bread, covariance) @ weight @ x[own] @ bread
        scores.append(x[own].T @ adjusted)
        own_parts.append(adjusted.T @ covariance @ adjusted)
        each = adjusted.T @ residual[own]
        meat += np.outer(each, each)
    df = []
    for column in range(beta.size):
        # Products of the clusters' contributions under the working covariance: own part less what the fit shares.
        side = np.array([score[:, column] for score in scores])
        products = -side @ bread @ side.T
        products[np.diag_indices(len(parts))] += [block[column, column] for block in own_parts]
        df.append(float(np.trace(products) ** 2 / (products**2).sum()))
    return beta, meat, df


def _adjustment(x: Floats, bread: Floats, covariance: Floats) -> Floats:
    """Return the CR2 matrix of a cluster: it makes the sandwich unbiased under the working covariance."""
    upper = np.linalg.cholesky(covariance).T
    middle = upper @ (covariance - x @ bread @ x.T) @ upper.T
    values, vectors = np.linalg.eigh((middle + middle.T) / 2)
    keep = values > 1e-10 * max(float(values.max()), 1e-300)
    root = np.where(keep, 1 / np.sqrt(np.where(keep, values, 1.0)), 0.0)
    made: Floats = upper.T @ (vectors * root) @ vectors.T @ upper
    return made


def _estimates(
    studies: Studies, beta: Floats, covariance: Floats, df: Sequence[float], level: float, model: str
) -> list[Estimate]:
    from scipy.special import stdtrit

    made = []
    for name, value, variance, free in zip(studies.names, beta.tolist(), np.diag(covariance).tolist(), df, strict=True):
        se = variance**0.5
        half = float(stdtrit(free, 0.5 + level / 2)) * se
        made.append(
            Estimate(
                name="pooled effect" if studies.x.shape[1] == 1 else name,
                value=value,
                se=se,
                interval=Interval(low=value - half, high=value + half, level=level, method="t, Satterthwaite"),
                df=free,
                p_value=two_sided_p(value / se, df=free) if se > 0 else None,
                n=studies.y.size,
                method=f"{model} weights, CR2",
            )
        )
    return made
