"""Meta-analysis and meta-regression of effects and standard errors (Viechtbauer 2010; Borenstein et al. 2009)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from blended_standard.compare._effect import two_sided_p
from blended_standard.compare.meta._fit import (
    METHODS,
    Weighted,
    between_variance,
    generalized_q_root,
    log_likelihood,
    typical_variance,
    weighted,
)
from blended_standard.compare.meta._inputs import Studies, read_studies
from blended_standard.errors import UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.numeric.intervals import normal_quantile
from blended_standard.results import Estimate, Interval, Result, Row, array, result

Method = Literal["REML", "ML", "DL", "HE", "HS", "SJ", "PM", "EB", "FE", "EE"]
Test = Literal["z", "t", "knha", "adhoc"]


@result
class MetaAnalysis(Result):
    """A pooled effect, or a meta-regression: coefficients, heterogeneity, tests, and the studies with their weights.

    Heterogeneity fields are None with one study or no degrees of freedom left, and `reason` says so. `q` and `qm` are
    the tests of (residual) heterogeneity and of the moderators.
    """

    title: ClassVar[str] = "Meta-analysis"
    method: str
    test: str
    n: int
    coefficients: tuple[Estimate, ...]
    tau2: float | None
    tau2_se: float | None
    tau2_interval: Interval | None
    i2: float | None
    i2_interval: Interval | None
    h2: float | None
    r2: float | None
    q: float | None
    q_df: int
    q_p_value: float | None
    qm: float | None
    qm_df: int
    qm_p_value: float | None
    prediction_interval: Interval | None
    log_likelihood: float
    reason: str | None
    labels: tuple[str, ...]
    effects: npt.NDArray[np.float64] = array()
    standard_errors: npt.NDArray[np.float64] = array()
    weights: npt.NDArray[np.float64] = array()
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

    @property
    def p_value(self) -> float | None:
        """The p-value of the pooled effect."""
        return self.estimate.p_value

    @property
    def tau(self) -> float | None:
        """The between-study standard deviation."""
        return None if self.tau2 is None else self.tau2**0.5

    def rows(self) -> list[Row]:
        """Return one row a coefficient, with the heterogeneity beside the first."""
        shared: Row = {"tau2": self.tau2, "i2": self.i2, "q": self.q, "q_p_value": self.q_p_value}
        first, *rest = ({**item.rows()[0], "k": self.n} for item in self.coefficients)
        return [{**first, **shared}, *rest]

    def forest_rows(self) -> list[Row]:
        """Return what a forest plot draws: a row a study, then the pooled effect and the prediction interval."""
        level = self.interval.level if self.interval else 0.95
        z = normal_quantile(level)
        studies: list[Row] = [
            {
                "kind": "study",
                "label": label,
                "effect": float(effect),
                "se": float(se),
                "low": float(effect - z * se),
                "high": float(effect + z * se),
                "weight": float(weight),
            }
            for label, effect, se, weight in zip(
                self.labels, self.effects, self.standard_errors, self.weights, strict=True
            )
        ]
        for name, item in (("pooled", self.interval), ("prediction", self.prediction_interval)):
            if item is not None:
                line: Row = {"kind": name, "label": name, "effect": self.value, "low": item.low, "high": item.high}
                studies.append({**line, "se": self.se if name == "pooled" else None, "weight": None})
        return studies


def meta_analysis(
    effects: npt.ArrayLike,
    standard_errors: npt.ArrayLike,
    *,
    method: Method = "REML",
    test: Test = "z",
    moderators: npt.ArrayLike | None = None,
    moderator_names: Sequence[str] | None = None,
    intercept: bool = True,
    labels: Sequence[str] | None = None,
    level: float = 0.95,
) -> MetaAnalysis:
    """Combine the effects of several studies, or regress them on moderators.

    Parameters
    ----------
    effects : float array, shape (k,)
        One effect a study, on a scale where adding makes sense (differences, g, log ratios).
    standard_errors : float array, shape (k,)
        Their standard errors (not variances); positive.
    method : {"REML", "ML", "DL", "HE", "HS", "SJ", "PM", "EB", "FE", "EE"}
        Estimator of the between-study variance: restricted or full maximum likelihood, DerSimonian-Laird, Hedges,
        Hunter-Schmidt, Sidik-Jonkman, Paule-Mandel (equal to empirical Bayes); "FE" and "EE" set it to 0.
    test : {"z", "t", "knha", "adhoc"}
        Normal; t with k - p degrees of freedom; Knapp-Hartung, which also rescales the standard error; the same but
        never narrower ("adhoc").
    moderators : float array, shape (k,) or (k, m), optional
        Columns of a meta-regression; categories as 0/1 columns.
    moderator_names : sequence of str, optional
    intercept : bool
        Whether the regression has an intercept.
    labels : sequence of str, optional
        Names of the studies.
    level : float
        Confidence level.

    Returns
    -------
    MetaAnalysis
        `value`, `se`, `interval`, `p_value`; `tau2` with standard error and Q-profile interval, `i2` (percent), `h2`,
        `q`, `prediction_interval`; `coefficients`, `qm`, `r2` (percent) for moderators; `forest_rows()`.

    Raises
    ------
    UsageError
        A missing value, a standard error that is not positive, an unknown method or test.
    NotEstimableError
        No study, or moderators that are constant or repeat each other.

    Notes
    -----
    Iterative estimates are converged to machine precision: the likelihood is scanned, then the root of its slope is
    bracketed. R metafor stops earlier at its defaults (relative 1e-5 for REML). I2 = 100 tau2/(tau2 + s2), s2 =
    (k-p)/tr(P), for every estimator. The prediction interval is value -/+ c sqrt(se^2 + tau2), c the normal or
    t(k-p) quantile of `test`; with few studies it covers less than it says (Partlett and Riley 2017).
    With one study the result is that study, and `reason` says what is missing.

    Examples
    --------
    >>> fit = meta_analysis([0.10, 0.30, 0.35, 0.65], [0.11, 0.14, 0.12, 0.15])
    >>> round(fit.value, 4), round(fit.tau2, 4), round(fit.i2, 1)
    (0.3364, 0.0329, 66.6)
    """
    if method not in METHODS:
        raise UsageError(f"method={method!r} is not one of {', '.join(METHODS)}.")
    if test not in ("z", "t", "knha", "adhoc"):
        raise UsageError(f"test={test!r} is not one of z, t, knha, adhoc.")
    check.level(level)
    studies = read_studies(
        effects,
        standard_errors,
        moderators=moderators,
        moderator_names=moderator_names,
        intercept=intercept,
        labels=labels,
    )
    k, p = studies.x.shape
    fixed = method in ("FE", "EE")
    tau2, tau2_se = between_variance(studies, method)
    fit = weighted(studies, 1 / (studies.v + tau2))
    quantile, df = reference_quantile(test, k - p, level)
    scale = _knapp_hartung(fit, k - p, test)
    covariance = scale * fit.inverse
    spread = _heterogeneity(studies, tau2, fixed=fixed, level=level)
    reason = None
    if k <= p:
        reason = f"{k} effects and {p} coefficients: nothing is left to estimate heterogeneity from."
    single = p == 1 and intercept
    prediction = None if not single or k < 2 else _prediction(fit, covariance, tau2, quantile, level, test)
    qm, qm_df, qm_p = _moderator_test(fit, covariance, df, intercept=intercept)
    return MetaAnalysis(
        method=method,
        test=test,
        n=k,
        coefficients=tuple(_coefficients(studies, fit, covariance, quantile, df, level, test, method)),
        tau2=None if k <= p else tau2,
        tau2_se=None if k <= p or fixed else tau2_se,
        tau2_interval=spread.tau2_interval,
        i2=spread.i2,
        i2_interval=spread.i2_interval,
        h2=spread.h2,
        r2=None if qm is None or fixed or k <= p else _explained(studies, tau2, method),
        q=spread.q,
        q_df=max(k - p, 0),
        q_p_value=spread.p_value,
        qm=qm,
        qm_df=qm_df,
        qm_p_value=qm_p,
        prediction_interval=prediction,
        log_likelihood=log_likelihood(studies, tau2, restricted=method == "REML"),
        reason=reason,
        labels=studies.labels,
        effects=studies.y,
        standard_errors=np.sqrt(studies.v),
        weights=100 * fit.w / fit.w.sum(),
        covariance=covariance,
    )


@result
class _Spread(Result):
    q: float | None = None
    p_value: float | None = None
    i2: float | None = None
    h2: float | None = None
    i2_interval: Interval | None = None
    tau2_interval: Interval | None = None


def _heterogeneity(studies: Studies, tau2: float, *, fixed: bool, level: float) -> _Spread:
    from scipy.special import chdtrc, chdtri

    k, p = studies.x.shape
    if k <= p:
        return _Spread()
    free = k - p
    q = weighted(studies, 1 / studies.v).rss
    p_value = float(chdtrc(free, q))
    if fixed:
        i2 = max(0.0, 100 * (q - free) / q) if q > 0 else 0.0
        return _Spread(q=q, p_value=p_value, i2=i2, h2=q / free)
    typical = typical_variance(studies)
    # chdtri takes the upper tail: the low limit is where Q equals the high quantile.
    low = generalized_q_root(studies, float(chdtri(free, (1 - level) / 2)))
    high = generalized_q_root(studies, float(chdtri(free, (1 + level) / 2)))
    return _Spread(
        q=q,
        p_value=p_value,
        i2=100 * tau2 / (tau2 + typical),
        h2=tau2 / typical + 1,
        tau2_interval=Interval(low=low, high=high, level=level, method="Q-profile"),
        i2_interval=Interval(
            low=100 * low / (low + typical), high=100 * high / (high + typical), level=level, method="Q-profile"
        ),
    )


def _knapp_hartung(fit: Weighted, free: int, test: str) -> float:
    if test not in ("knha", "adhoc") or free < 1:
        return 1.0
    scale = fit.rss / free
    return max(1.0, scale) if test == "adhoc" else scale


def reference_quantile(test: str, free: int, level: float) -> tuple[float, float | None]:
    """Return the quantile of an interval and its degrees of freedom (None for the normal)."""
    from scipy.special import stdtrit

    if test == "z" or free < 1:
        return normal_quantile(level), None
    return float(stdtrit(free, 0.5 + level / 2)), float(free)


def _coefficients(
    studies: Studies,
    fit: Weighted,
    covariance: Floats,
    quantile: float,
    df: float | None,
    level: float,
    test: str,
    method: str,
) -> list[Estimate]:
    only = studies.names == ("intercept",)
    made = []
    for name, value, variance in zip(studies.names, fit.beta.tolist(), np.diag(covariance).tolist(), strict=True):
        se = variance**0.5
        made.append(
            Estimate(
                name="pooled effect" if only else name,
                value=value,
                se=se,
                interval=Interval(low=value - quantile * se, high=value + quantile * se, level=level, method=test),
                df=df,
                p_value=two_sided_p(value / se, df=df) if se > 0 else None,
                n=studies.y.size,
                method=f"{method}, {test}",
            )
        )
    return made


def _prediction(fit: Weighted, covariance: Floats, tau2: float, quantile: float, level: float, test: str) -> Interval:
    half = quantile * float(np.sqrt(covariance[0, 0] + tau2))
    centre = float(fit.beta[0])
    kind = "normal" if test == "z" else "t, k - p degrees of freedom"
    return Interval(low=centre - half, high=centre + half, level=level, method=f"prediction, {kind}")


def _moderator_test(
    fit: Weighted, covariance: Floats, df: float | None, *, intercept: bool
) -> tuple[float | None, int, float | None]:
    """Return QM (a chi-squared, or an F when there are degrees of freedom), its df, and its p-value."""
    from scipy.special import chdtrc, fdtrc

    beta, block = (fit.beta[1:], covariance[1:, 1:]) if intercept else (fit.beta, covariance)
    count = int(beta.size)
    if count == 0 or not block.any():
        return None, count, None
    statistic = float(beta @ np.linalg.solve(block, beta))
    if df is None:
        return statistic, count, float(chdtrc(count, statistic))
    return statistic / count, count, float(fdtrc(count, df, statistic / count))


def _explained(studies: Studies, tau2: float, method: str) -> float | None:
    import attrs

    if studies.names[0] != "intercept":
        return None
    empty = attrs.evolve(studies, x=studies.x[:, :1], names=("intercept",))
    total = between_variance(empty, method)[0]
    return max(0.0, 100 * (total - tau2) / total) if total > 0 else 0.0
