"""Least squares and logistic regression as the validity measures and discrete-time hazards need them."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np
import numpy.typing as npt

from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats

_MOST_STEPS = 100
# A fitted logit beyond this means that the outcome is separated: the coefficient runs away.
_LARGEST_LOGIT = 30.0


@attrs.frozen(kw_only=True)
class LinearFit:
    """Coefficients and residual sum of squares."""

    beta: Floats
    rss: float


@attrs.frozen(kw_only=True)
class LogisticFit:
    """Coefficients, their covariance and the log-likelihood."""

    beta: Floats
    covariance: Floats
    log_likelihood: float


def least_squares(x: Floats, y: Floats) -> LinearFit:
    """Fit `y` on the columns of `x`."""
    beta = np.asarray(np.linalg.lstsq(x, y, rcond=None)[0], dtype=np.float64)
    return LinearFit(beta=beta, rss=float(((y - x @ beta) ** 2).sum()))


def logistic(
    x: Floats,
    y: Floats,
    *,
    trials: Floats | None = None,
    offset: Floats | None = None,
    link: str = "logit",
    names: Sequence[str] = (),
) -> LogisticFit:
    """Fit successes `y` of `trials` by maximum likelihood, Fisher scoring with step halving.

    Raises `NotEstimableError` where the outcome is constant or separated by the columns, which `names` tell apart.
    """
    n = np.ones(y.size) if trials is None else trials
    shift = np.zeros(y.size) if offset is None else offset
    basis, back = orthonormal(x, names)
    beta = np.zeros(x.shape[1])
    value = _log_likelihood(shift, y, n, link)
    information, weight, at_null = np.eye(x.shape[1]), n, n
    for turn in range(_MOST_STEPS):
        eta = basis @ beta + shift
        mean, slope = _mean_and_slope(eta, link)
        variance = np.maximum(mean * (1 - mean), 1e-300)
        weight = n * slope**2 / variance
        at_null = at_null if turn else weight
        information = basis.T @ (weight[:, None] * basis)
        gradient = basis.T @ ((y - n * mean) * slope / variance)
        if np.linalg.cond(information) > 1e14:
            raise _separated(x, weight, at_null, names)
        step = np.linalg.solve(information, gradient)
        for _ in range(30):
            trial = _log_likelihood(basis @ (beta + step) + shift, y, n, link)
            if trial >= value - 1e-12 * abs(value):
                break
            step = step / 2
        beta, value = beta + step, trial
        if np.abs(step).max() <= 1e-11 * max(1.0, float(np.abs(beta).max())):
            break
    if np.abs(basis @ beta + shift).max() > _LARGEST_LOGIT:
        raise _separated(x, weight, at_null, names)
    covariance = back @ np.linalg.inv(information) @ back.T
    return LogisticFit(beta=back @ beta, covariance=np.asarray(covariance, dtype=np.float64), log_likelihood=value)


def orthonormal(x: Floats, names: Sequence[str]) -> tuple[Floats, Floats]:
    """Return x back and back, x back orthonormal: columns far from zero or of unlike units are no trouble there."""
    ones = np.ones(x.shape[0])
    size = np.sqrt((x**2).sum(axis=0))
    if x.shape[0] < x.shape[1] or not size.all():
        raise _separated(x, ones, ones, names)
    basis, upper = np.linalg.qr(x / size)
    if np.abs(np.diag(upper)).min() < 1e-11:
        raise _separated(x, ones, ones, names)
    return basis, np.asarray(np.linalg.inv(upper) / size[:, None], dtype=np.float64)


def flattest(information: Floats, at_null: Floats, names: Sequence[str]) -> str:
    """Name the columns along which a likelihood is flattest: those that separate the outcome or repeat each other."""
    scale = np.sqrt(np.diag(at_null))
    scale = np.where(scale > 0, scale, 1.0)
    direction = np.abs(np.linalg.eigh(information / np.outer(scale, scale))[1][:, 0])
    return ", ".join(name for name, part in zip(names, direction, strict=True) if part > 0.1 * direction.max())


def expit(eta: Floats) -> Floats:
    """Return 1/(1 + exp(-eta)) without overflow."""
    from scipy.special import expit as inverse_logit

    return np.asarray(inverse_logit(eta), dtype=np.float64)


def columns(values: npt.ArrayLike | None, name: str, size: int) -> Floats:
    """Return predictors as a matrix with one row a record and no missing values."""
    return np.empty((size, 0)) if values is None else check.columns(name, values, rows=size, unit="record")


def binary(values: npt.ArrayLike, name: str, *, size: int | None = None) -> Floats:
    """Return a 0/1 vector that holds both values."""
    made = check.vector(name, np.asarray(values), size=size)
    if not np.isin(made, (0.0, 1.0)).all():
        raise UsageError(f"{name} holds values other than 0 and 1. Pass 1 or True for the event, 0 or False for none.")
    if made.size == 0 or made.min() == made.max():
        raise NotEstimableError(f"{name} is the same for all: both outcomes must occur.")
    return made


def _mean_and_slope(eta: Floats, link: str) -> tuple[Floats, Floats]:
    if link == "logit":
        mean = expit(eta)
        return mean, mean * (1 - mean)
    bounded = np.clip(eta, -_LARGEST_LOGIT, 3.5)
    mean = -np.expm1(-np.exp(bounded))
    slope = np.exp(bounded - np.exp(bounded))
    return mean, slope


def _log_likelihood(eta: Floats, y: Floats, n: Floats, link: str) -> float:
    if link == "logit":
        return float((y * eta - n * np.logaddexp(0.0, eta)).sum())
    mean, _ = _mean_and_slope(eta, link)
    inside = np.clip(mean, 1e-300, 1 - 1e-16)
    return float((y * np.log(inside) + (n - y) * np.log1p(-inside)).sum())


def _separated(x: Floats, weight: Floats, at_null: Floats, names: Sequence[str]) -> NotEstimableError:
    which = f" ({flattest((x.T * weight) @ x, (x.T * at_null) @ x, names)})" if names else ""
    return NotEstimableError(
        f"The predictors{which} separate the outcome, or repeat each other: a coefficient has no finite estimate. "
        "Leave a predictor out, join categories in which the outcome is constant, or fit firth_logistic, which has one."
    )
