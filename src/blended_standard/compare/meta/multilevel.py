"""Three-level meta-analysis: effects within clusters (studies, districts, programs), by maximum likelihood.

Source: Konstantopoulos (2011, Research Synthesis Methods 2:61-76). The covariance of a cluster is diagonal plus a
constant, so that its inverse is known and all sums run in time linear in the effects.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import attrs
import numpy as np
import numpy.typing as npt

from blended_standard.compare._effect import two_sided_p
from blended_standard.compare.meta._fit import typical_variance, weighted
from blended_standard.compare.meta._inputs import Studies, cluster_index, read_studies, require_between_clusters
from blended_standard.compare.meta._inputs import inverse as inverse_of
from blended_standard.compare.meta.analysis import reference_quantile
from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Estimate, Interval, Result, Row, array, result


@result
class ThreeLevelMetaAnalysis(Result):
    """Coefficients and the two variance components: between clusters, and between effects of a cluster."""

    title: ClassVar[str] = "Three-level meta-analysis"
    method: str
    test: str
    n: int
    clusters: int
    coefficients: tuple[Estimate, ...]
    between_cluster_variance: float
    within_cluster_variance: float
    i2: float
    i2_between: float
    i2_within: float
    q: float
    q_df: int
    q_p_value: float
    qm: float | None
    qm_df: int
    qm_p_value: float | None
    prediction_interval: Interval | None
    log_likelihood: float
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
        """The standard error of the pooled effect."""
        return self.estimate.se

    @property
    def interval(self) -> Interval | None:
        """The confidence interval of the pooled effect."""
        return self.estimate.interval

    def rows(self) -> list[Row]:
        """Return one row a coefficient, with the variance components beside the first."""
        shared: Row = {
            "between_cluster_variance": self.between_cluster_variance,
            "within_cluster_variance": self.within_cluster_variance,
            "i2": self.i2,
        }
        first, *rest = (item.rows()[0] for item in self.coefficients)
        return [{**first, **shared}, *rest]


def three_level_meta_analysis(
    effects: npt.ArrayLike,
    standard_errors: npt.ArrayLike,
    *,
    clusters: npt.ArrayLike,
    method: Literal["REML", "ML"] = "REML",
    test: Literal["z", "t"] = "z",
    moderators: npt.ArrayLike | None = None,
    moderator_names: Sequence[str] | None = None,
    level: float = 0.95,
) -> ThreeLevelMetaAnalysis:
    """Combine effects that come in clusters, with a variance between clusters and one within.

    Parameters
    ----------
    effects, standard_errors : float array, shape (k,)
        As in `meta_analysis`.
    clusters : array, shape (k,)
        Label of each effect's cluster (the study, district or program).
    method : {"REML", "ML"}
    test : {"z", "t"}
        Normal, or t with k - p degrees of freedom. For few clusters see `robust_meta_analysis`.
    moderators, moderator_names, level
        As in `meta_analysis`.

    Returns
    -------
    ThreeLevelMetaAnalysis
        `i2` is the percent of the variance that is not sampling error, `i2_between` and `i2_within` its parts.

    Raises
    ------
    NotEstimableError
        One cluster, or only one effect in every cluster, where the two variances cannot be told apart; moderators that
        account for every difference between clusters.

    Notes
    -----
    The likelihood is maximized from several starts and polished on its exact slope. Equal to R
    `metafor::rma.mv(random = ~ 1 | cluster/effect)`.

    Examples
    --------
    >>> fit = three_level_meta_analysis(
    ...     [0.1, 0.2, 0.6, 0.8, 0.3, 0.2], [0.1] * 6, clusters=["a", "a", "b", "b", "c", "c"]
    ... )
    >>> round(fit.value, 4), round(fit.between_cluster_variance, 4)
    (0.3667, 0.0808)
    """
    if method not in ("REML", "ML"):
        raise UsageError(f"method={method!r} is not one of REML, ML.")
    if test not in ("z", "t"):
        raise UsageError(f"test={test!r} is not one of z, t.")
    studies = read_studies(effects, standard_errors, moderators=moderators, moderator_names=moderator_names)
    index = cluster_index(clusters, studies.y.size)
    groups = int(index.max()) + 1
    if groups < 2 or groups == studies.y.size:
        raise NotEstimableError(
            f"{studies.y.size} effects in {groups} clusters: the variance between and within clusters can be told "
            "apart only with two clusters or more and several effects in some. Use meta_analysis."
        )
    k, p = studies.x.shape
    if k <= p + 1:
        raise NotEstimableError(f"{k} effects are too few for {p} coefficients and two variances.")
    require_between_clusters(studies, index)
    model = _Model(studies=studies, index=index, groups=groups, restricted=method == "REML")
    between, within = _maximize(model)
    fit = model.at(between, within)
    quantile, df = reference_quantile(test, k - p, level)
    return _report(model, fit, between, within, quantile, df, level, method, test)


@attrs.frozen(kw_only=True)
class _Fit:
    beta: Floats
    inverse: Floats
    log_likelihood: float
    slope: Floats


@attrs.frozen(kw_only=True)
class _Model:
    studies: Studies
    index: npt.NDArray[np.intp]
    groups: int
    restricted: bool

    def at(self, between: float, within: float) -> _Fit:
        """Return the fit at these variances, with the likelihood and its slope."""
        x, y = self.studies.x, self.studies.y
        d = 1 / (self.studies.v + within)
        total = self._sum(d)
        c = between / (1 + between * total)
        weighted_x = self._apply(d, c, x)
        inverse = inverse_of(x.T @ weighted_x)
        beta = inverse @ (weighted_x.T @ y)
        residual = y - x @ beta
        scaled = self._apply(d, c, residual[:, None])[:, 0]
        value = 0.5 * float(np.log(d).sum() - np.log1p(between * total).sum()) - 0.5 * float(residual @ scaled)
        k, p = x.shape
        shrunk = 1 - c * total
        # Traces of W and of W times the block of ones; W restricted to a cluster sums to total * shrunk.
        trace_within = float((d - d**2 * c[self.index]).sum())
        trace_between = float((total * shrunk).sum())
        if self.restricted:
            _, plain = np.linalg.slogdet(x.T @ x)
            sign, own = np.linalg.slogdet(inverse)
            if sign <= 0:
                raise NotEstimableError("A few effects carry all the weight: the variances cannot be estimated.")
            value += 0.5 * float(plain + own) - 0.5 * (k - p) * float(np.log(2 * np.pi))
            sums = np.column_stack([self._sum(column) for column in weighted_x.T])
            trace_within -= float(np.trace(inverse @ (weighted_x.T @ weighted_x)))
            trace_between -= float(np.trace(inverse @ (sums.T @ sums)))
        else:
            value -= 0.5 * k * float(np.log(2 * np.pi))
        by_cluster = self._sum(scaled)
        slope = 0.5 * np.array([by_cluster @ by_cluster - trace_between, scaled @ scaled - trace_within])
        return _Fit(beta=beta, inverse=inverse, log_likelihood=value, slope=slope)

    def _sum(self, values: Floats) -> Floats:
        return np.bincount(self.index, weights=values, minlength=self.groups).astype(np.float64)

    def _apply(self, d: Floats, c: Floats, columns: Floats) -> Floats:
        """Multiply columns by the inverse covariance."""
        scaled = d[:, None] * columns
        sums = np.column_stack([self._sum(column) for column in scaled.T])
        made: Floats = scaled - d[:, None] * (c[:, None] * sums)[self.index]
        return made


def _maximize(model: _Model) -> tuple[float, float]:
    from scipy.optimize import minimize

    scale = float(max(np.var(model.studies.y), model.studies.v.mean()))
    best: tuple[float, Floats] | None = None
    for start in ((0.3, 0.3), (0.05, 0.8), (0.8, 0.05)):
        found = minimize(
            lambda share: -model.at(*(scale * share)).log_likelihood,
            np.array(start),
            jac=lambda share: -scale * model.at(*(scale * share)).slope,
            bounds=[(0, None), (0, None)],
            method="L-BFGS-B",
            options={"ftol": 1e-11, "gtol": 1e-7, "maxiter": 200},
        )
        if best is None or found.fun < best[0] - 1e-12:
            best = (float(found.fun), scale * np.asarray(found.x, dtype=np.float64))
    if best is None:
        raise NotEstimableError("The likelihood could not be maximized for these effects.")
    point = _polish(model, best[1], scale)
    return float(point[0]), float(point[1])


def _polish(model: _Model, point: Floats, scale: float) -> Floats:
    """Newton steps on the exact slope, over the variances that are not at 0."""
    free = point > 1e-9 * scale
    point = np.where(free, point, 0.0)
    if not free.any():
        return point
    for _ in range(20):
        slope = model.at(*point).slope[free]
        curve = np.empty((int(free.sum()), int(free.sum())))
        for column, place in enumerate(np.flatnonzero(free)):
            step = np.zeros(2)
            step[place] = 1e-5 * point[place]
            difference = model.at(*(point + step)).slope - model.at(*(point - step)).slope
            curve[:, column] = difference[free] / (2 * step[place])
        if np.linalg.cond(curve) > 1e12:
            return point
        moved = point.copy()
        moved[free] -= np.linalg.solve(curve, slope)
        if (moved[free] <= 0).any() or np.abs(moved - point).max() > 0.1 * scale:
            return point
        done = np.abs(moved - point).max() <= 1e-13 * scale
        point = moved
        if done:
            return point
    return point


def _report(
    model: _Model,
    fit: _Fit,
    between: float,
    within: float,
    quantile: float,
    df: float | None,
    level: float,
    method: str,
    test: str,
) -> ThreeLevelMetaAnalysis:
    from scipy.special import chdtrc, fdtrc

    studies = model.studies
    k, p = studies.x.shape
    estimates = []
    for name, value, variance in zip(studies.names, fit.beta.tolist(), np.diag(fit.inverse).tolist(), strict=True):
        se = variance**0.5
        interval = Interval(low=value - quantile * se, high=value + quantile * se, level=level, method=test)
        shown = "pooled effect" if p == 1 else name
        estimates.append(
            Estimate(
                name=shown,
                value=value,
                se=se,
                interval=interval,
                df=df,
                p_value=two_sided_p(value / se, df=df),
                n=k,
                method=f"three-level {method}, {test}",
            )
        )
    typical = typical_variance(studies)
    q = weighted(studies, 1 / studies.v).rss
    share = 100 / (between + within + typical)
    qm = qm_p = None
    if p > 1:
        beta, block = fit.beta[1:], fit.inverse[1:, 1:]
        qm = float(beta @ np.linalg.solve(block, beta))
        if df is not None:
            qm /= p - 1
        qm_p = float(chdtrc(p - 1, qm) if df is None else fdtrc(p - 1, df, qm))
    half = quantile * float(np.sqrt(fit.inverse[0, 0] + between + within))
    centre = float(fit.beta[0])
    return ThreeLevelMetaAnalysis(
        method=method,
        test=test,
        n=k,
        clusters=model.groups,
        coefficients=tuple(estimates),
        between_cluster_variance=between,
        within_cluster_variance=within,
        i2=share * (between + within),
        i2_between=share * between,
        i2_within=share * within,
        q=q,
        q_df=k - p,
        q_p_value=float(chdtrc(k - p, q)),
        qm=qm,
        qm_df=p - 1,
        qm_p_value=qm_p,
        prediction_interval=Interval(low=centre - half, high=centre + half, level=level, method="prediction")
        if p == 1
        else None,
        log_likelihood=fit.log_likelihood,
        covariance=fit.inverse,
    )
