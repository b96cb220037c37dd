"""Effects of studies in which whole groups (schools, sites, classes) were assigned.

Source: WWC Procedures Handbook 4.1 appendix F and 5.0 appendix E; Hedges (2007); Hedges and Citkowicz (2015) for one
clustered arm; the upsilon df by matching moments (Pustejovsky).
"""

from __future__ import annotations

import math
from typing import Literal

import attrs

from blended_standard.compare._effect import (
    Effect,
    Numbers,
    symmetric_interval,
    two_sided_p,
)
from blended_standard.compare.effects import hedges_g
from blended_standard.errors import UsageError
from blended_standard.numeric import arguments as check
from blended_standard.results import Interval, Result, result

DEFAULT_ICC = {"achievement": 0.20, "other": 0.10}
Domain = Literal["achievement", "other"]


@result
class ClusterCorrection(Result):
    """What clustering does to an effect: the factors, the degrees of freedom, and the statistic and p value."""

    title = "Correction for clusters"

    icc: float
    cluster_size: float
    n_clusters: int
    gamma: float
    design_effect: float
    h: float
    upsilon: float | None
    t_uncorrected: float
    p_uncorrected: float
    t_corrected: float
    p_corrected: float


@result
class ClusterEffect(Effect):
    """An effect in total standard deviations whose uncertainty counts the clusters; `correction` says how."""

    correction: ClusterCorrection | None = None


def cluster_adjusted_g(
    g: float,
    *,
    n_treated: int,
    n_comparison: int,
    n_clusters: int,
    icc: float | None = None,
    domain: Domain = "other",
    analysis: Literal["ignored", "handled"] = "ignored",
    arms_clustered: Literal["both", "treated"] = "both",
    se: float | None = None,
    f: float | None = None,
    r_squared: float = 0.0,
    covariates: int = 0,
    df_method: Literal["h", "upsilon"] = "h",
    level: float = 0.95,
) -> ClusterEffect:
    """Correct Hedges g of learners for the clusters in which they were assigned.

    Parameters
    ----------
    g : float
        Hedges g computed from learners, in their total standard deviation.
    n_treated, n_comparison : int
        Learners analyzed.
    n_clusters : int
        Clusters in both arms together; with `arms_clustered="treated"`, those of the treated arm.
    icc : float, optional
        Share of the variance that lies between clusters. Default: 0.20 for the domain "achievement", else 0.10.
    domain : {"achievement", "other"}
        Which default `icc` to take.
    analysis : {"ignored", "handled"}
        Whether the study's own analysis ignored the clusters or took them in (multilevel, cluster-robust).
    arms_clustered : {"both", "treated"}
        Whether the comparison learners are in clusters too.
    se : float, optional
        Standard error of the treatment coefficient divided by the unadjusted standard deviation, as the study's own
        analysis gave it. This or `f` is needed when `analysis="handled"`.
    f : float, optional
        F (or t squared) of the treatment term of the study's own analysis, in place of `se`.
    r_squared : float
        Share of outcome variance that covariates explain; used without `se` and `f`.
    covariates : int
        Lowers the df in the standard error to h - covariates, as Hedges and others (2023) do; WWC does not.
    df_method : {"h", "upsilon"}
        Degrees of freedom of the interval.
    level : float
        Confidence level.

    Returns
    -------
    ClusterEffect
        `value = g sqrt(gamma)`. `statistic` and `p_value` are the corrected t of WWC (F.1.1) with h df when both arms
        are clustered and the analysis ignored that; otherwise `value / se`.

    Examples
    --------
    >>> effect = cluster_adjusted_g(0.30, n_treated=200, n_comparison=200, n_clusters=20, icc=0.20)
    >>> f"{effect.value:.7f} {effect.se:.7f} p={effect.p_value:.7f}"
    '0.2971219 0.2195234 p=0.1787808'
    """
    design = _Design.of(g, n_treated, n_comparison, n_clusters, icc, domain, arms_clustered)
    check.one_of("analysis", analysis, ("ignored", "handled"))
    check.one_of("df_method", df_method, ("h", "upsilon"))
    if df_method == "upsilon" and arms_clustered == "treated":
        raise UsageError("df_method='upsilon' is for two clustered arms. Pass df_method='h'.")
    value = design.g * math.sqrt(design.gamma)
    variance = _base_variance(design, value, analysis=analysis, se=se, f=f, r_squared=r_squared)
    left = design.h - check.whole("covariates", covariates)
    if left <= 0.0:
        raise UsageError(f"covariates={covariates} leave no degrees of freedom: h is {design.h:.1f}.")
    error = math.sqrt(variance + value**2 / (2.0 * left))
    df = design.h if df_method == "h" else upsilon_df(n_clusters, design.size, design.icc)
    correction = design.correction(upsilon=arms_clustered == "both")
    own = analysis == "handled" or arms_clustered == "treated"
    statistic = value / error if own else correction.t_corrected
    return ClusterEffect(
        name="Hedges g",
        value=value,
        se=error,
        interval=symmetric_interval(value, error, level=check.level(level), df=df),
        df=df,
        statistic=statistic,
        p_value=two_sided_p(statistic, df=df),
        n=sum(design.n),
        n_treated=design.n[0],
        n_comparison=design.n[1],
        method=f"Hedges g (WWC), corrected for clusters; analysis {analysis} them",
        parameters={
            "icc": design.icc,
            "icc_is_default": icc is None,
            "df_method": df_method,
            "r_squared": r_squared,
            "se_df": left,
        },
        correction=correction,
    )


def cluster_level_g(
    treated: Numbers,
    comparison: Numbers,
    *,
    cluster_size: float | None = None,
    icc: float | None = None,
    level: float = 0.95,
) -> Effect:
    """Effect of clusters as the units: Hedges g of cluster means.

    Parameters
    ----------
    treated, comparison : float array, shape (clusters,)
        The mean of each cluster.
    cluster_size, icc : float, optional
        Learners a cluster and the share of variance between clusters. With both, the effect is brought to standard
        deviations of learners by `sqrt((1 + (n - 1) icc) / n)`; without them it is in standard deviations of cluster
        means, which are smaller, so that the effect looks larger than one of learners. Never compare the two.
    level : float
        Confidence level.

    Examples
    --------
    >>> means = cluster_level_g([52, 55, 50, 54], [49, 51, 50, 48])
    >>> learners = cluster_level_g([52, 55, 50, 54], [49, 51, 50, 48], cluster_size=25, icc=0.2)
    >>> round(means.value, 3), round(learners.value, 3)
    (1.558, 0.75)
    """
    effect = hedges_g(treated, comparison, interval="t", level=level)
    if (cluster_size is None) != (icc is None):
        raise UsageError("cluster_size and icc belong together. Pass both, or neither.")
    if cluster_size is None or icc is None:
        return _as_cluster_level(effect, 1.0, "standard deviations of cluster means")
    size = check.number("cluster_size", cluster_size, low=1.0)
    share = check.number("icc", icc, low=0.0, high=1.0)
    return _as_cluster_level(effect, math.sqrt((1.0 + (size - 1.0) * share) / size), "standard deviations of learners")


def upsilon_df(n_clusters: int, cluster_size: float, icc: float) -> float:
    """Degrees of freedom of the total variance made of a between and a within part, two clustered arms.

    Examples
    --------
    >>> round(upsilon_df(20, 20, 0.2), 4)
    211.8644
    """
    m = check.whole("n_clusters", n_clusters, minimum=3)
    n = check.number("cluster_size", cluster_size, low=1.0)
    rho = check.number("icc", icc, low=0.0, high=1.0)
    between = m * ((n - 1.0) * rho + 1.0) ** 2
    within = (m - 2.0) * (n - 1.0) * (1.0 - rho) ** 2
    return n * n * m * (m - 2.0) / (between + within)


@attrs.frozen(kw_only=True)
class _Design:
    """Sizes of a clustered comparison and the factors that follow from them."""

    g: float
    n: tuple[int, int]
    n_clusters: int
    icc: float
    size: float
    gamma: float
    eta: float
    h: float

    @classmethod
    def of(
        cls, g: float, n_treated: int, n_comparison: int, n_clusters: int, icc: float | None, domain: str, arms: str
    ) -> _Design:
        check.one_of("arms_clustered", arms, ("both", "treated"))
        check.one_of("domain", domain, tuple(DEFAULT_ICC))
        n = check.whole("n_treated", n_treated, minimum=2), check.whole("n_comparison", n_comparison, minimum=2)
        rho = DEFAULT_ICC[domain] if icc is None else check.number("icc", icc, low=0.0, high=1.0)
        clustered = sum(n) if arms == "both" else n[0]
        m = check.whole("n_clusters", n_clusters, minimum=3 if arms == "both" else 2)
        if m > clustered:
            raise UsageError(f"n_clusters={m} is more than the {clustered} learners in them.")
        factors = _two_arms(n, clustered / m, rho) if arms == "both" else _one_arm(n, clustered / m, rho)
        return cls(
            g=check.number("g", g, low=-1e100, high=1e100), n=n, n_clusters=m, icc=rho, size=clustered / m,
            gamma=factors[0], eta=factors[1], h=factors[2],
        )  # fmt: skip

    def t(self) -> float:
        total = sum(self.n)
        return self.g / math.sqrt(total / (self.n[0] * self.n[1]) + self.g**2 / (2.0 * total))

    def correction(self, *, upsilon: bool) -> ClusterCorrection:
        t, corrected = self.t(), self.t() * math.sqrt(self.gamma / self.eta)
        return ClusterCorrection(
            icc=self.icc,
            cluster_size=self.size,
            n_clusters=self.n_clusters,
            gamma=self.gamma,
            design_effect=self.eta,
            h=self.h,
            upsilon=upsilon_df(self.n_clusters, self.size, self.icc) if upsilon else None,
            t_uncorrected=t,
            p_uncorrected=two_sided_p(t, df=sum(self.n) - 2),
            t_corrected=corrected,
            p_corrected=two_sided_p(corrected, df=self.h),
        )


def _two_arms(n: tuple[int, int], size: float, rho: float) -> tuple[float, float, float]:
    """Return gamma, the design effect and h of two clustered arms."""
    total = float(sum(n))
    left, other = total - 2.0, total - 2.0 * size
    spread = left * (1.0 - rho) ** 2 + size * other * rho**2 + 2.0 * other * rho * (1.0 - rho)
    h = (left - 2.0 * (size - 1.0) * rho) ** 2 / spread
    return 1.0 - 2.0 * (size - 1.0) * rho / left, 1.0 + (size - 1.0) * rho, h


def _one_arm(n: tuple[int, int], size: float, rho: float) -> tuple[float, float, float]:
    """Return gamma, the design effect and h where only the treated arm is clustered."""
    total, treated, comparison = float(sum(n)), float(n[0]), float(n[1])
    left, other = total - 2.0, treated - size
    spread = left * (1.0 - rho) ** 2 + other * size * rho**2 + 2.0 * other * (1.0 - rho) * rho
    h = (left * (1.0 - rho) + other * rho) ** 2 / spread
    return 1.0 - (comparison + size - 2.0) * rho / left, 1.0 + (size * comparison / total - 1.0) * rho, h


def _base_variance(
    design: _Design, value: float, *, analysis: str, se: float | None, f: float | None, r_squared: float
) -> float:
    """Return the variance of the effect without the part that comes from estimating the standard deviation."""
    factor = design.gamma if analysis == "handled" else design.eta
    if se is not None:
        return check.positive("se", se) ** 2 * factor
    if f is not None:
        if value == 0.0:
            raise UsageError(f"f={f!r} does not fit g=0. Leave f out.")
        return value**2 / check.positive("f", f) * factor
    if analysis == "handled":
        raise UsageError("se or f is needed with analysis='handled': the sizes alone do not show what it found.")
    left = 1.0 - check.number("r_squared", r_squared, low=0.0, high=1.0)
    return left * (1.0 / design.n[0] + 1.0 / design.n[1]) * design.eta


def _as_cluster_level(effect: Effect, factor: float, unit: str) -> Effect:
    method = f"Hedges g of cluster means, in {unit}"
    parameters = {**effect.parameters, "unit": unit, "factor": factor}
    if effect.value is None or effect.se is None or effect.interval is None:
        return attrs.evolve(effect, method=method, parameters=parameters)  # type: ignore[misc]
    interval = Interval(
        low=factor * effect.interval.low,
        high=factor * effect.interval.high,
        level=effect.interval.level,
        method=effect.interval.method,
    )
    return attrs.evolve(  # type: ignore[misc]
        effect,
        value=factor * effect.value,
        se=factor * effect.se,
        interval=interval,
        method=method,
        parameters=parameters,
    )
