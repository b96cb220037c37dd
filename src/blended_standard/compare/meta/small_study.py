"""Checks of a meta-analysis: small-study effects, and what each study does to the result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from blended_standard.compare.meta._inputs import read_studies
from blended_standard.compare.meta.analysis import MetaAnalysis, Method, Test, meta_analysis
from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.numeric import arguments as check
from blended_standard.results import Estimate, Interval, Result, Row, array, result


@result
class EggerTest(Result):
    """A regression test of funnel asymmetry: the slope on the standard error, and the effect at standard error 0."""

    title: ClassVar[str] = "Egger's regression test"
    statistic: float
    df: float | None
    p_value: float
    slope: Estimate
    limit: Estimate
    n: int
    method: str


@result
class RankTest(Result):
    """Kendall's correlation of standardized effects with their variances (Begg and Mazumdar 1994)."""

    title: ClassVar[str] = "Rank test of funnel asymmetry"
    value: float | None
    p_value: float | None
    n: int
    method: str
    reason: str | None = None


@result
class LeaveOneOut(Result):
    """The meta-analysis without each study in turn."""

    title: ClassVar[str] = "Leave one out"
    method: str
    left_out: tuple[str, ...]
    value: npt.NDArray[np.float64] = array()
    se: npt.NDArray[np.float64] = array()
    low: npt.NDArray[np.float64] = array()
    high: npt.NDArray[np.float64] = array()
    p_value: npt.NDArray[np.float64] = array()
    tau2: npt.NDArray[np.float64] = array()
    i2: npt.NDArray[np.float64] = array()
    q: npt.NDArray[np.float64] = array()

    def rows(self) -> list[Row]:
        """Return one row a study left out."""
        names = ("value", "se", "low", "high", "p_value", "tau2", "i2", "q")
        columns = [getattr(self, name).tolist() for name in names]
        lines = zip(*columns, strict=True)
        return [
            {"left_out": label, **dict(zip(names, line, strict=True))}
            for label, line in zip(self.left_out, lines, strict=True)
        ]


def egger_test(
    effects: npt.ArrayLike,
    standard_errors: npt.ArrayLike,
    *,
    model: Literal["classical", "mixed"] = "classical",
    method: Method = "REML",
    level: float = 0.95,
) -> EggerTest:
    """Test whether small studies show other effects than large ones.

    Parameters
    ----------
    effects, standard_errors : float array, shape (k,)
        As in `meta_analysis`.
    model : {"classical", "mixed"}
        "classical": weighted regression on the standard error with a multiplicative dispersion, t with k - 2 degrees
        of freedom (Egger et al. 1997; `metafor::regtest(model="lm")`). "mixed": meta-regression on the standard
        error, z (`metafor::regtest` default).
    method : str
        Estimator of the between-study variance for "mixed".
    level : float
        Confidence level.

    Returns
    -------
    EggerTest
        `slope` is what is tested; `limit` is the effect expected of an infinitely large study.

    Raises
    ------
    NotEstimableError
        Fewer than 3 studies, or standard errors that are all equal.

    Examples
    --------
    >>> test = egger_test([0.1, 0.2, 0.5, 0.9], [0.05, 0.10, 0.22, 0.40])
    >>> round(test.statistic, 2), test.df
    (26.69, 2.0)
    """
    if model not in ("classical", "mixed"):
        raise UsageError(f"model={model!r} is not one of classical, mixed.")
    se = check.vector("standard_errors", standard_errors)
    if se.size < 3 or np.ptp(se) <= 1e-12 * np.abs(se).max():
        raise NotEstimableError(
            "A test of asymmetry needs 3 studies or more with different standard errors. Collect more studies."
        )
    kind: Test = "knha" if model == "classical" else "z"
    fit = meta_analysis(
        effects,
        se,
        method="FE" if model == "classical" else method,
        test=kind,
        moderators=se,
        level=level,
        moderator_names=["standard error"],
    )
    limit, slope = fit.coefficients
    if not slope.se:
        raise NotEstimableError("The effects lie exactly on a line of the standard error: there is nothing to test.")
    return EggerTest(
        statistic=float(slope.value or 0.0) / slope.se,
        df=slope.df,
        p_value=float(slope.p_value or 0.0),
        slope=slope,
        limit=limit,
        n=fit.n,
        method="weighted regression, multiplicative dispersion" if model == "classical" else f"mixed effects, {method}",
    )


def rank_test(effects: npt.ArrayLike, standard_errors: npt.ArrayLike) -> RankTest:
    """Correlate standardized effects with their variances by ranks.

    Parameters
    ----------
    effects, standard_errors : float array, shape (k,)
        As in `meta_analysis`.

    Returns
    -------
    RankTest
        Kendall's tau and its p-value: exact without ties, else normal. Equal to `metafor::ranktest`.

    Examples
    --------
    >>> rank_test([0.1, 0.2, 0.5, 0.9], [0.05, 0.10, 0.22, 0.40]).value
    1.0
    """
    from scipy.stats import kendalltau

    studies = read_studies(effects, standard_errors)
    k = studies.y.size
    if k < 3:
        return RankTest(value=None, p_value=None, n=k, method="Kendall", reason="A rank test needs 3 studies or more.")
    w = 1 / studies.v
    centred = studies.y - (w @ studies.y) / w.sum()
    standardized = centred / np.sqrt(studies.v - 1 / w.sum())
    tied = np.unique(standardized).size < k or np.unique(studies.v).size < k
    found = kendalltau(standardized, studies.v, method="asymptotic" if tied else "exact")
    if not np.isfinite(found.statistic):
        return RankTest(value=None, p_value=None, n=k, method="Kendall", reason="All standard errors are equal.")
    method = "Kendall, normal approximation" if tied else "Kendall, exact"
    return RankTest(value=float(found.statistic), p_value=float(found.pvalue), n=k, method=method)


def leave_one_out(
    effects: npt.ArrayLike,
    standard_errors: npt.ArrayLike,
    *,
    method: Method = "REML",
    test: Test = "z",
    labels: Sequence[str] | None = None,
    level: float = 0.95,
) -> LeaveOneOut:
    """Repeat a meta-analysis without each study in turn.

    Parameters
    ----------
    effects, standard_errors, method, test, labels, level
        As in `meta_analysis`; 3 studies or more.

    Returns
    -------
    LeaveOneOut
        One row a study left out.

    Examples
    --------
    >>> leave_one_out([0.10, 0.30, 0.35, 0.65], [0.11, 0.14, 0.12, 0.15]).value.round(3).tolist()
    [0.422, 0.354, 0.338, 0.24]
    """
    studies = read_studies(effects, standard_errors, labels=labels)
    k = studies.y.size
    if k < 3:
        raise NotEstimableError(f"There are {k} studies: leaving one out needs 3 or more.")
    se = np.sqrt(studies.v)
    fits: list[MetaAnalysis] = []
    for i in range(k):
        kept = np.arange(k) != i
        fits.append(meta_analysis(studies.y[kept], se[kept], method=method, test=test, level=level))
    intervals = [fit.interval or Interval(low=0.0, high=0.0) for fit in fits]
    return LeaveOneOut(
        method=f"{method}, {test}",
        left_out=studies.labels,
        value=np.array([fit.value for fit in fits], dtype=np.float64),
        se=np.array([fit.se for fit in fits], dtype=np.float64),
        low=np.array([item.low for item in intervals]),
        high=np.array([item.high for item in intervals]),
        p_value=np.array([fit.p_value for fit in fits], dtype=np.float64),
        tau2=np.array([fit.tau2 for fit in fits], dtype=np.float64),
        i2=np.array([fit.i2 for fit in fits], dtype=np.float64),
        q=np.array([fit.q for fit in fits], dtype=np.float64),
    )
