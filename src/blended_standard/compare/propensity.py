"""Propensity scores by maximum-likelihood logistic regression (Newton), and where two arms overlap.

Source: Rosenbaum & Rubin (1983); McCullagh & Nelder (1989), iterated weighted least squares.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from blended_standard.compare.columns import (
    Booleans,
    Columns,
    as_columns,
    as_treatment,
    as_vector,
    require_full_rank,
    with_intercept,
)
from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Result, Row, array, result

_MAX_ITERATIONS = 100


@result
class PropensityModel(Result):
    """A fitted logistic model of treatment: coefficients with SEs, and the score of each row."""

    names: tuple[str, ...]
    coefficients: npt.NDArray[np.float64] = array()
    se: npt.NDArray[np.float64] = array()
    scores: npt.NDArray[np.float64] = array()
    linear: npt.NDArray[np.float64] = array()
    deviance: float
    iterations: int
    n: int
    n_treated: int
    method: str = "logistic regression, maximum likelihood by Newton"

    def rows(self) -> list[Row]:
        """Return one row a coefficient."""
        return [
            {"name": name, "value": float(value), "se": float(se), "z": float(value / se)}
            for name, value, se in zip(self.names, self.coefficients, self.se, strict=True)
        ]


@result
class CommonSupport(Result):
    """Where the propensity scores of the two arms overlap, and who lies outside."""

    low: float
    high: float
    n: int
    treated_below: int
    treated_above: int
    comparison_below: int
    comparison_above: int
    share_treated_inside: float
    share_comparison_inside: float
    inside: npt.NDArray[np.bool_] = array()
    n_near_zero: int
    n_near_one: int
    method: str = "minima and maxima of the two arms"
    reason: str | None = None


def propensity_score(
    treatment: npt.ArrayLike, covariates: object, *, names: Sequence[str] | None = None
) -> PropensityModel:
    """Fit P(treated | covariates) by logistic regression.

    Parameters
    ----------
    treatment : array of 0 and 1, shape (n,)
    covariates : array of shape (n, p), mapping of named columns, or a frame
        Text columns become 0/1 columns. No missing values. An intercept is added.
    names : sequence of str, optional
        Names of the p columns of an array.

    Raises
    ------
    NotEstimableError
        The covariates separate the arms (no finite maximum), or columns depend on one another; columns are named.

    Example
    -------
    >>> fit = propensity_score([0, 0, 1, 0, 1, 1], [1.0, 2.0, 2.5, 3.0, 2.8, 5.0], names=["pretest"])
    >>> float(fit.scores.sum().round(6))
    3.0
    """
    treated = as_treatment(treatment)
    design = with_intercept(as_columns(covariates, n=treated.size, names=names))
    require_full_rank(design)
    return _newton(design, treated)


def common_support(treatment: npt.ArrayLike, scores: npt.ArrayLike, *, near: float = 0.01) -> CommonSupport:
    """Report the range of scores that both arms have, and the rows outside it.

    Parameters
    ----------
    treatment : array of 0 and 1, shape (n,)
    scores : array, shape (n,)
        Propensity scores strictly between 0 and 1.
    near : float
        Scores below `near` or above `1 - near` are counted as near 0 or 1 (extreme weights).

    Example
    -------
    >>> common_support([1, 1, 0, 0], [0.4, 0.9, 0.1, 0.5]).share_treated_inside
    0.5
    """
    treated = as_treatment(treatment)
    values = as_scores(scores, n=treated.size)
    if not 0.0 <= near < 0.5:
        raise UsageError(f"near={near!r} must be at least 0 and below 0.5.")
    low = float(max(values[treated].min(), values[~treated].min()))
    high = float(min(values[treated].max(), values[~treated].max()))
    inside = (values >= low) & (values <= high)
    return CommonSupport(
        low=low,
        high=high,
        n=treated.size,
        treated_below=int((treated & (values < low)).sum()),
        treated_above=int((treated & (values > high)).sum()),
        comparison_below=int((~treated & (values < low)).sum()),
        comparison_above=int((~treated & (values > high)).sum()),
        share_treated_inside=float(inside[treated].mean()),
        share_comparison_inside=float(inside[~treated].mean()),
        inside=inside,
        n_near_zero=int((values < near).sum()),
        n_near_one=int((values > 1 - near).sum()),
        reason="The scores of the two arms do not overlap: nothing supports a comparison." if low > high else None,
    )


def as_scores(scores: object, *, n: int) -> Floats:
    """Return propensity scores checked to lie strictly between 0 and 1."""
    values = as_vector(scores, name="scores", n=n)
    outside = int(((values < check.SMALLEST) | (values >= 1)).sum())
    if outside:
        raise UsageError(f"scores has {outside} values at or outside 0 and 1; propensity scores lie strictly between.")
    return values


def scores_from(
    treatment: npt.ArrayLike, covariates: object | None, *, scores: npt.ArrayLike | None, names: Sequence[str] | None
) -> tuple[Booleans, Floats]:
    """Return the treatment and its scores: those given, or those of a logistic model of the covariates."""
    treated = as_treatment(treatment)
    if scores is not None:
        return treated, as_scores(scores, n=treated.size)
    if covariates is None:
        raise UsageError("Pass covariates to model the propensity score, or scores= when you have it.")
    return treated, np.asarray(propensity_score(treatment, covariates, names=names).scores)


def _newton(design: Columns, treated: Booleans) -> PropensityModel:
    center = np.concatenate([[0.0], design.matrix[:, 1:].mean(axis=0)])
    spread = np.concatenate([[1.0], design.matrix[:, 1:].std(axis=0)])
    x = (design.matrix - center) / spread
    y = treated.astype(np.float64)
    beta = np.zeros(x.shape[1])
    beta[0] = np.log(y.mean() / (1 - y.mean()))
    loglik = _loglik(x @ beta, y)
    iterations = 0
    while iterations < _MAX_ITERATIONS:
        iterations += 1
        eta = x @ beta
        p = _expit(eta)
        variance = p * (1 - p)
        if _is_separated(eta, treated):
            raise _separation(design, treated)
        information = x.T @ (variance[:, None] * x)
        score = x.T @ (y - p)
        try:
            step = np.linalg.solve(information, score)
        except np.linalg.LinAlgError as error:
            raise _separation(design, treated) from error
        scale = 1.0
        while (reached := _loglik(x @ (beta + scale * step), y)) < loglik - 1e-12 * abs(loglik) and scale > 1e-10:
            scale /= 2
        beta = beta + scale * step
        loglik = reached
        if float(score @ step) < 1e-20 * max(1.0, abs(loglik)) or np.abs(step).max() < 1e-13:
            break
        if np.abs(beta).max() > 60:
            raise _separation(design, treated)
    eta = x @ beta
    p = _expit(eta)
    if (p < 1e-14).any() or (p > 1 - 1e-14).any() or _quasi_separated(x, p):
        raise _separation(design, treated)
    back = np.diag(1 / spread)
    back[0, 1:] = -center[1:] / spread[1:]
    covariance = back @ np.linalg.inv(x.T @ ((p * (1 - p))[:, None] * x)) @ back.T
    return PropensityModel(
        names=design.names,
        coefficients=back @ beta,
        se=np.sqrt(np.diag(covariance)),
        scores=p,
        linear=eta,
        deviance=-2 * loglik,
        iterations=iterations,
        n=treated.size,
        n_treated=int(treated.sum()),
    )


def _expit(eta: Floats) -> Floats:
    return 0.5 * (1 + np.tanh(eta / 2))


def _loglik(eta: Floats, y: Floats) -> float:
    return float((y * eta - np.logaddexp(0.0, eta)).sum())


def _is_separated(eta: Floats, treated: Booleans) -> bool:
    return bool(np.abs(eta).max() > 25 and eta[treated].min() > eta[~treated].max())


def _quasi_separated(x: Floats, p: Floats) -> bool:
    """Say whether the likelihood was still flat in some direction: the mark of quasi-complete separation."""
    variance = p * (1 - p)
    eigenvalues = np.linalg.eigvalsh(x.T @ (variance[:, None] * x))
    return bool(eigenvalues[0] < 1e-9 * x.shape[0])


def _separation(design: Columns, treated: Booleans) -> NotEstimableError:
    guilty = []
    for label, column in zip(design.names, design.matrix.T, strict=True):
        one, zero = column[treated], column[~treated]
        if label != "intercept" and (
            one.min() >= zero.max() or one.max() <= zero.min() or _empty_cell(column, treated)
        ):
            guilty.append(label)
    who = f"Column {', '.join(guilty)} separates" if guilty else "A combination of the covariates separates"
    return NotEstimableError(
        f"{who} the treated from the comparison rows, wholly or in part, so the logistic likelihood has no maximum. "
        "Leave that column out, merge its levels, restrict both arms to where they overlap, or use match(..., "
        'distance="mahalanobis") or entropy_balance. Of firth_logistic the coefficients are finite, but no score makes '
        "arms overlap that do not."
    )


def _empty_cell(column: Floats, treated: Booleans) -> bool:
    levels = np.unique(column)
    return levels.size == 2 and any(
        bool(treated[column == level].all() or not treated[column == level].any()) for level in levels
    )
