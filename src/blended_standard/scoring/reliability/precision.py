"""Standard errors of measurement, for everybody and at each score, and reliability at another length.

Sources: classical test theory (Lord and Novick 1968); binomial error of Lord (1955); Spearman (1910), Brown (1910).
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import numpy.typing as npt

from blended_standard.errors import UsageError
from blended_standard.numeric import arguments as check
from blended_standard.results import Estimate, Result, Row, array, result


@result
class ConditionalErrors(Result):
    """Standard error of measurement at each score or ability."""

    method: str
    n: int
    at: npt.NDArray[np.float64] = array()
    se: npt.NDArray[np.float64] = array()

    def rows(self) -> list[Row]:
        """One row a score."""
        return [{"at": at, "se": se} for at, se in zip(self.at.tolist(), self.se.tolist(), strict=True)]


def standard_error_of_measurement(sd: float, reliability: float) -> Estimate:
    """Standard deviation of errors of measurement: sd times the root of 1 - reliability.

    Parameters
    ----------
    sd : float
        Standard deviation of the observed scores, 0 or more.
    reliability : float
        Reliability of those scores, 0 to 1.

    Returns
    -------
    Estimate
        In the unit of the score.

    Examples
    --------
    >>> standard_error_of_measurement(10, 0.91).value
    3.0
    """
    error = check.number("sd", sd, low=0.0) * math.sqrt(
        round(1.0 - check.share("reliability", reliability, closed=True), 15)
    )
    return Estimate(name="standard error of measurement", value=error, method="sd * sqrt(1 - reliability)")


def conditional_standard_error(scores: npt.ArrayLike, n_items: int) -> ConditionalErrors:
    """Lord's binomial standard error at each number right: sqrt(x (k - x) / (k - 1)).

    Parameters
    ----------
    scores : array-like, shape (m,)
        Numbers right, 0 to `n_items`.
    n_items : int
        Number of items k, 2 or more.

    Returns
    -------
    ConditionalErrors
        In raw-score points; 0 at both ends, where the binomial model sees no error.

    Examples
    --------
    >>> conditional_standard_error([5], 10).se.round(4).tolist()
    [1.6667]
    """
    x = check.vector("scores", scores)
    k = check.whole("n_items", n_items, minimum=2)
    if x.size and (x.min() < 0 or x.max() > k):
        raise UsageError(f"scores must run from 0 to n_items={k}.")
    return ConditionalErrors(method="binomial (Lord)", n=x.size, at=x, se=np.sqrt(x * (k - x) / (k - 1.0)))


def information_standard_error(theta: npt.ArrayLike, information: npt.ArrayLike) -> ConditionalErrors:
    """Standard error of ability from test information: one over its root.

    Parameters
    ----------
    theta, information : array-like, shape (m,)
        Abilities and the test information there, above 0.

    Returns
    -------
    ConditionalErrors
        On the ability scale.

    Examples
    --------
    >>> information_standard_error([0.0], [4.0]).se.tolist()
    [0.5]
    """
    at, held = check.vector("theta", theta), check.vector("information", information)
    check.same_length(theta=at, information=held)
    if (held <= 0).any():
        raise UsageError(
            "information must be above 0 everywhere; where a test tells nothing there is no error to give."
        )
    return ConditionalErrors(method="1 / sqrt(information)", n=at.size, at=at, se=1.0 / np.sqrt(held))


def marginal_reliability(
    theta: npt.ArrayLike, standard_errors: npt.ArrayLike, *, kind: Literal["eap", "ml"] = "eap"
) -> Estimate:
    """Reliability of ability estimates, averaged over persons.

    Parameters
    ----------
    theta, standard_errors : array-like, shape (n,)
        Ability estimates and their standard errors (posterior standard deviations for EAP).
    kind : {"eap", "ml"}
        EAP: var / (var + mean error variance), since shrunken estimates vary as much as truth minus error. ML and WLE:
        (var - mean error variance) / var.

    Returns
    -------
    Estimate
        With a jackknife standard error; None with a reason when the estimates do not vary.

    Examples
    --------
    >>> round(marginal_reliability([-1.0, 0.0, 1.0], [0.5, 0.5, 0.5]).value, 4)
    0.8
    """
    check.one_of("kind", kind, ("eap", "ml"))
    at, errors = check.vector("theta", theta), check.vector("standard_errors", standard_errors)
    n = check.same_length(theta=at, standard_errors=errors)
    if (errors < 0).any():
        raise UsageError("standard_errors must be 0 or more.")
    if n < 3 or at.min() == at.max():
        reason = "Fewer than 3 persons." if n < 3 else "All estimates are equal, so there is no spread to be reliable."
        return Estimate(name="marginal reliability", value=None, n=n, reason=reason)
    noise = float(np.mean(errors**2))
    value = _marginal(float(at.var(ddof=1)), noise, kind)
    squares = (at - at.mean()) ** 2
    without = (squares.sum() - squares * n / (n - 1.0)) / (n - 2.0)
    others = (noise * n - errors**2) / (n - 1.0)
    draws = without / (without + others) if kind == "eap" else 1.0 - others / np.where(without > 0, without, np.inf)
    se = math.sqrt((n - 1.0) / n * float(((draws - draws.mean()) ** 2).sum()))
    return Estimate(name="marginal reliability", value=value, se=se, n=n, method=f"{kind}, jackknife error")


def spearman_brown(reliability: float, factor: float) -> Estimate:
    """Reliability of a test made `factor` times as long (0.5 for half a test).

    Parameters
    ----------
    reliability : float
        Reliability of the test as it is, -1 to 1.
    factor : float
        Length of the new test over that of the old one, above 0.

    Returns
    -------
    Estimate
        The stepped-up (or down) reliability.

    Examples
    --------
    >>> round(spearman_brown(0.6, 2).value, 2)
    0.75
    """
    check.positive("factor", factor)
    if not -1.0 <= check.number("reliability", reliability) <= 1.0 or 1.0 + (factor - 1.0) * reliability <= 0:
        raise UsageError(
            f"reliability={reliability!r} must be from -1 to 1 and give a positive variance at this length."
        )
    value = factor * reliability / (1.0 + (factor - 1.0) * reliability)
    return Estimate(name="reliability", value=value, method=f"Spearman-Brown, length x {factor:g}")


def length_needed(reliability: float, target: float) -> Estimate:
    """How many times as long a test must be for the reliability `target`.

    Parameters
    ----------
    reliability, target : float
        Reliability now and wanted, both between 0 and 1.

    Returns
    -------
    Estimate
        The factor of Spearman-Brown's formula solved for length.

    Examples
    --------
    >>> round(length_needed(0.6, 0.75).value, 6)
    2.0
    """
    now, wanted = check.share("reliability", reliability), check.share("target", target)
    value = wanted * (1.0 - now) / (check.apart_from_zero("reliability", now) * (1.0 - wanted))
    return Estimate(name="length factor", value=value, method="Spearman-Brown")


def _marginal(variance: float, noise: float, kind: str) -> float:
    return variance / (variance + noise) if kind == "eap" else 1.0 - noise / variance
