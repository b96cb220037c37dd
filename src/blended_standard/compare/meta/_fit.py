"""Weighted least squares of effects, and the between-study variance by each estimator, in time linear in the studies.

Sources of the formulas: Viechtbauer (2005, Journal of Educational and Behavioral Statistics 30:261-293);
Viechtbauer et al. (2015, Psychological Methods 20:360-374); Paule and Mandel (1982); Sidik and Jonkman (2005).
"""

from __future__ import annotations

from collections.abc import Callable

import attrs
import numpy as np

from blended_standard.compare.meta._inputs import Studies
from blended_standard.compare.meta._inputs import inverse as inverse_of
from blended_standard.errors import NotEstimableError
from blended_standard.numeric.arguments import Floats

METHODS = ("REML", "ML", "DL", "HE", "HS", "SJ", "PM", "EB", "FE", "EE")


@attrs.frozen(kw_only=True)
class Weighted:
    """A weighted least-squares fit with weights `w`."""

    w: Floats
    beta: Floats
    inverse: Floats
    residual: Floats
    rss: float

    def traces(self, x: Floats) -> tuple[float, float]:
        """Return tr(P) and tr(PP) of the projection P = W - WX (X'WX)^-1 X'W."""
        second = self.inverse @ (x.T @ (self.w[:, None] ** 2 * x))
        third = self.inverse @ (x.T @ (self.w[:, None] ** 3 * x))
        first = float(self.w.sum() - np.trace(second))
        return first, float((self.w**2).sum() - 2 * np.trace(third) + np.trace(second @ second))


def weighted(studies: Studies, w: Floats) -> Weighted:
    """Fit by least squares with weights `w`."""
    cross = studies.x.T @ (w[:, None] * studies.x)
    inverse = inverse_of(cross)
    beta = inverse @ (studies.x.T @ (w * studies.y))
    residual = studies.y - studies.x @ beta
    # A perfect fit leaves rounding, which a test would take for a spread.
    if np.abs(residual).max() <= 1e-13 * np.abs(studies.y).max():
        residual = np.zeros_like(residual)
    return Weighted(w=w, beta=beta, inverse=inverse, residual=residual, rss=float(w @ residual**2))


def between_variance(studies: Studies, method: str) -> tuple[float, float | None]:
    """Return tau2 by `method`, and its standard error (None where the information is lost in rounding)."""
    k, p = studies.x.shape
    free = k - p
    if method in ("FE", "EE") or free < 1:
        return 0.0, 0.0
    if method in ("DL", "HS"):
        return _from_q(studies, method)
    if method in ("HE", "SJ"):
        return _from_unweighted(studies, method)
    if method in ("PM", "EB"):
        tau2 = generalized_q_root(studies, float(free))
        w = 1 / (studies.v + tau2)
        return tau2, float(np.sqrt(2 * k**2 / free) / w.sum())
    tau2 = _maximize(studies, restricted=method == "REML")
    fit = weighted(studies, 1 / (studies.v + tau2))
    information = fit.traces(studies.x)[1] if method == "REML" else float((fit.w**2).sum())
    lost = information <= 1e-12 * float((fit.w**2).sum())
    return tau2, None if lost else float(np.sqrt(2 / information))


def generalized_q(studies: Studies, tau2: float) -> float:
    """Return the weighted sum of squared residuals with weights 1/(v + tau2)."""
    return weighted(studies, 1 / (studies.v + tau2)).rss


def generalized_q_root(studies: Studies, target: float) -> float:
    """Return the tau2 at which the generalized Q, which falls with tau2, equals `target`; 0 when it is below there."""
    if generalized_q(studies, 0.0) <= target:
        return 0.0
    return _root(lambda tau2: generalized_q(studies, tau2) - target, _scale(studies))


def log_likelihood(studies: Studies, tau2: float, *, restricted: bool) -> float:
    """Return the (restricted) log-likelihood, with all its constants."""
    k, p = studies.x.shape
    fit = weighted(studies, 1 / (studies.v + tau2))
    value = 0.5 * float(np.log(fit.w).sum()) - 0.5 * fit.rss
    if not restricted:
        return float(value - 0.5 * k * np.log(2 * np.pi))
    _, plain = np.linalg.slogdet(studies.x.T @ studies.x)
    _, scaled = np.linalg.slogdet(fit.inverse)
    return float(value - 0.5 * (k - p) * np.log(2 * np.pi) + 0.5 * plain + 0.5 * scaled)


def typical_variance(studies: Studies) -> float:
    """Return the "typical" sampling variance (k-p)/tr(P) of Higgins and Thompson."""
    k, p = studies.x.shape
    return float((k - p) / weighted(studies, 1 / studies.v).traces(studies.x)[0])


def _from_q(studies: Studies, method: str) -> tuple[float, float]:
    k, p = studies.x.shape
    fit = weighted(studies, 1 / studies.v)
    trace, square = fit.traces(studies.x)
    divisor = trace if method == "DL" else float(fit.w.sum())
    tau2 = max(0.0, (fit.rss - (k - p if method == "DL" else k)) / divisor)
    spread = 2 * (k - p) + 4 * tau2 * trace + 2 * tau2**2 * square
    return tau2, float(np.sqrt(spread) / divisor)


def _from_unweighted(studies: Studies, method: str) -> tuple[float, float]:
    k, p = studies.x.shape
    start = 0.0 if method == "HE" else float(np.var(studies.y))
    if method == "SJ" and start == 0:
        raise NotEstimableError('method="SJ" needs effects that differ, and all are equal. Use another method.')
    w = np.ones(k) if method == "HE" else 1 / (studies.v + start)
    fit = weighted(studies, w)
    x, v = studies.x, studies.v
    second = fit.inverse @ (x.T @ (w[:, None] ** 2 * x))
    mixed = fit.inverse @ (x.T @ ((w**2 * v)[:, None] * x))
    trace_pv = float((w * v).sum() - np.trace(mixed))
    if method == "HE":
        tau2 = max(0.0, (fit.rss - trace_pv) / (k - p))
        scale = 1.0
    else:
        tau2 = start * fit.rss / (k - p)
        scale = start
    third = fit.inverse @ (x.T @ ((w**3 * v)[:, None] * x))
    fourth = fit.inverse @ (x.T @ ((w**3 * v**2)[:, None] * x))
    pvpv = float((w**2 * v**2).sum() - 2 * np.trace(fourth) + np.trace(mixed @ mixed))
    pvp = float((w**2 * v).sum() - 2 * np.trace(third) + np.trace(mixed @ second))
    square = fit.traces(x)[1]
    return tau2, float(scale / (k - p) * np.sqrt(2 * pvpv + 4 * tau2 * pvp + 2 * tau2**2 * square))


def _maximize(studies: Studies, *, restricted: bool) -> float:
    """Return the tau2 of the highest likelihood: a scan for the best place, then the root of the score there."""

    def score(tau2: float) -> float:
        fit = weighted(studies, 1 / (studies.v + tau2))
        trace = fit.traces(studies.x)[0] if restricted else float(fit.w.sum())
        return float((fit.w**2) @ fit.residual**2) - trace

    scale = _scale(studies)
    grid = np.concatenate([[0.0], scale * np.geomspace(1e-6, 100, 41)])
    heights = [log_likelihood(studies, float(tau2), restricted=restricted) for tau2 in grid]
    best = int(np.argmax(heights))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, grid.size - 1)]
    if score(low) <= 0:
        return float(low)
    return _root(score, float(high), low=float(low))


def _root(function: Callable[[float], float], high: float, *, low: float = 0.0) -> float:
    """Return the root of a function positive at `low` and negative far above."""
    from scipy.optimize import brentq

    for _ in range(200):
        if function(high) <= 0:
            return float(brentq(function, low, high, xtol=1e-15 * max(high, 1e-300), rtol=8.9e-16, maxiter=500))
        high *= 2
    raise NotEstimableError("The between-study variance has no upper bound: an effect or variance is too extreme.")


def _scale(studies: Studies) -> float:
    return float(max(np.var(studies.y), studies.v.mean(), np.finfo(float).tiny * 1e20))
