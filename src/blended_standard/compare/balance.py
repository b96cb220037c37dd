"""How alike two arms are, covariate by covariate, before and after weighting or matching.

Sources: Austin (2009); Stuart (2010). The denominators of MatchIt, cobalt and WWC are named in `balance_table`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from blended_standard.compare.columns import Booleans, as_columns, as_treatment, as_weights
from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Result, Row, result

_DENOMINATORS = {
    "average": "sqrt((v1 + v0) / 2), full sample before weighting (cobalt, ATE)",
    "treated": "SD of the treated before weighting (MatchIt and cobalt, ATT)",
    "comparison": "SD of the comparison arm before weighting (cobalt, ATC)",
    "pooled": "pooled SD with n - 1 weights before weighting (WWC without omega)",
    "all": "SD of all rows before weighting",
}


@result
class CovariateBalance(Result):
    """The two arms on one covariate. `None` where a denominator or variance is zero, with the reason."""

    name: str
    binary: bool
    mean_treated: float
    mean_comparison: float
    mean_treated_weighted: float
    mean_comparison_weighted: float
    smd_before: float | None
    smd_after: float | None
    variance_ratio_before: float | None
    variance_ratio_after: float | None
    ks_before: float
    ks_after: float
    ecdf_mean_before: float
    ecdf_mean_after: float
    reason: str | None = None


@result
class BalanceTable(Result):
    """Balance of every covariate before and after weighting."""

    title = "Balance"
    covariates: tuple[CovariateBalance, ...]
    denominator: str
    binary: str
    n_treated: int
    n_comparison: int
    ess_treated: float
    ess_comparison: float
    weighted: bool
    threshold: float

    @property
    def largest_smd(self) -> float | None:
        """The largest absolute standardized difference after weighting."""
        sizes = [abs(line.smd_after) for line in self.covariates if line.smd_after is not None]
        return max(sizes) if sizes else None

    @property
    def unbalanced(self) -> tuple[str, ...]:
        """The covariates whose absolute standardized difference after weighting exceeds the threshold."""
        return tuple(
            line.name for line in self.covariates if line.smd_after is not None and abs(line.smd_after) > self.threshold
        )

    def rows(self) -> list[Row]:
        """Return one row a covariate."""
        return [line.rows()[0] for line in self.covariates]

    def love_plot(self) -> list[Row]:
        """Return the points of a Love plot: covariate, sample, absolute difference; largest before first."""
        ranked = sorted(self.covariates, key=lambda line: -abs(line.smd_before or 0.0))
        return [
            {"name": line.name, "sample": sample, "absolute_smd": abs(value), "threshold": self.threshold}
            for line in ranked
            for sample, value in (("before", line.smd_before), ("after", line.smd_after))
            if value is not None
        ]


def balance_table(
    treatment: npt.ArrayLike,
    covariates: object,
    *,
    weights: npt.ArrayLike | None = None,
    denominator: str = "average",
    binary: str = "standardized",
    threshold: float = 0.1,
    names: Sequence[str] | None = None,
) -> BalanceTable:
    """Compare the covariates of two arms before and after weighting.

    The denominator is that of the full sample before weighting in both columns, so that a change is a change of means.

    Parameters
    ----------
    treatment : array of 0 and 1, shape (n,)
    covariates : array (n, p), mapping of columns or frame
    weights : array, shape (n,), optional
        From `ipw`, `entropy_balance` or `match`. Without, "after" repeats "before".
    denominator : {"average", "treated", "comparison", "pooled", "all"}
        average, sqrt((v1+v0)/2): cobalt for the ATE; treated: MatchIt and cobalt for the ATT; comparison: cobalt for
        the ATC; pooled: WWC; all: whole-sample SD. Variances of 0/1 columns are p(1-p), as in MatchIt and cobalt.
    binary : {"standardized", "raw"}
        raw: plain differences in proportions for 0/1 columns, cobalt's default.
    threshold : float
        Absolute difference above which a covariate is listed in `unbalanced`.
    names : sequence of str, optional

    Example
    -------
    >>> table = balance_table([1, 1, 0, 0], [1.0, 3.0, 0.0, 2.0], names=["pretest"])
    >>> round(table.covariates[0].smd_before, 6)
    0.707107
    """
    treated = as_treatment(treatment)
    columns = as_columns(covariates, n=treated.size, names=names)
    if denominator not in _DENOMINATORS:
        raise UsageError(f"denominator={denominator!r} is not one of {', '.join(_DENOMINATORS)}.")
    if binary not in ("standardized", "raw"):
        raise UsageError(f'binary={binary!r} is not "standardized" or "raw".')
    w = as_weights(weights, n=treated.size)
    for arm, label in ((treated, "treated"), (~treated, "comparison")):
        if not w[arm].any():
            raise NotEstimableError(f"No {label} row has a positive weight, so there is no balance to report.")
    lines = tuple(
        _compare(label, column, treated, w, denominator, binary)
        for label, column in zip(columns.names, columns.matrix.T, strict=True)
    )
    one, zero = w[treated], w[~treated]
    return BalanceTable(
        covariates=lines,
        denominator=_DENOMINATORS[denominator],
        binary="0/1 columns: " + ("standardized like the rest" if binary == "standardized" else "raw difference"),
        n_treated=one.size,
        n_comparison=zero.size,
        ess_treated=float(one.sum() ** 2 / (one @ one)),
        ess_comparison=float(zero.sum() ** 2 / (zero @ zero)),
        weighted=weights is not None,
        threshold=threshold,
    )


def _compare(
    name: str, column: Floats, treated: Booleans, w: Floats, denominator: str, binary: str
) -> CovariateBalance:
    is_binary = bool(np.isin(column, (0.0, 1.0)).all())
    level = 0.0 if is_binary else float(column.mean())
    least = 1e-28 * max(1.0, float(np.abs(column).max())) ** 2
    column = column - level  # differences of values far from 0 keep their digits
    one, zero, w1, w0 = column[treated], column[~treated], w[treated], w[~treated]
    spread = 1.0 if is_binary and binary == "raw" else _spread(column, one, zero, denominator, is_binary, least)
    m1, m0 = float(one.mean()), float(zero.mean())
    wm1, wm0 = float(np.average(one, weights=w1)), float(np.average(zero, weights=w0))
    ks_before, mean_before = _ecdf(one, zero, np.ones_like(w1), np.ones_like(w0))
    ks_after, mean_after = _ecdf(one, zero, w1, w0)
    reason = None if spread > 0 else f"{name} does not vary where its standard deviation is taken."
    return CovariateBalance(
        name=name,
        binary=is_binary,
        mean_treated=level + m1,
        mean_comparison=level + m0,
        mean_treated_weighted=level + wm1,
        mean_comparison_weighted=level + wm0,
        smd_before=(m1 - m0) / spread if spread > 0 else None,
        smd_after=(wm1 - wm0) / spread if spread > 0 else None,
        variance_ratio_before=None if is_binary else _ratio(one, zero, np.ones_like(w1), np.ones_like(w0)),
        variance_ratio_after=None if is_binary else _ratio(one, zero, w1, w0),
        ks_before=ks_before,
        ks_after=ks_after,
        ecdf_mean_before=mean_before,
        ecdf_mean_after=mean_after,
        reason=reason,
    )


def _spread(column: Floats, one: Floats, zero: Floats, denominator: str, is_binary: bool, least: float) -> float:
    """Return the standard deviation to divide by, 0 where the variance is `least` or less."""

    def variance(values: Floats) -> float:
        if is_binary:
            return float(values.mean() * (1 - values.mean()))
        return float(values.var(ddof=1)) if values.size > 1 else 0.0

    v1, v0 = variance(one), variance(zero)
    chosen = {
        "average": (v1 + v0) / 2,
        "treated": v1,
        "comparison": v0,
        "pooled": ((one.size - 1) * v1 + (zero.size - 1) * v0) / max(column.size - 2, 1),
        "all": variance(column),
    }[denominator]
    return float(np.sqrt(chosen)) if chosen > least else 0.0


def _ratio(one: Floats, zero: Floats, w1: Floats, w0: Floats) -> float | None:
    """Return the ratio of weighted variances with the reliability-weight correction 1 - sum w^2 (as MatchIt)."""
    variances = []
    for values, w in ((one, w1), (zero, w0)):
        share = w / w.sum()
        room = 1 - float(share @ share)
        variances.append(float(share @ (values - share @ values) ** 2) / room if room > 1e-12 else 0.0)
    return variances[0] / variances[1] if variances[1] > 0 and variances[0] > 0 else None


def _ecdf(one: Floats, zero: Floats, w1: Floats, w0: Floats) -> tuple[float, float]:
    """Return the largest and the mean absolute difference of the two weighted distribution functions."""
    values = np.concatenate([one, zero])
    mass = np.concatenate([w1 / w1.sum(), -w0 / w0.sum()])
    levels, place = np.unique(values, return_inverse=True)
    gaps = np.abs(np.cumsum(np.bincount(place.ravel(), weights=mass, minlength=levels.size)))
    return float(gaps.max()), float(gaps.mean())
