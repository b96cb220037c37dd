"""Rosenbaum bounds for matched pairs: what a hidden bias of Gamma would do to the p-value (Rosenbaum 2002, ch. 4)."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Result, Row, array, result


@result
class RosenbaumBounds(Result):
    """Bounds of the one-sided p-value at each `gamma`; `tolerated` is the Gamma at which the upper one is `alpha`."""

    title: ClassVar[str] = "Rosenbaum bounds"
    statistic: float
    pairs: int
    dropped: int
    alternative: str
    alpha: float
    tolerated: float | None
    method: str
    reason: str | None = None
    gamma: npt.NDArray[np.float64] = array()
    lower: npt.NDArray[np.float64] = array()
    upper: npt.NDArray[np.float64] = array()

    def rows(self) -> list[Row]:
        """Return one row a Gamma."""
        columns = zip(self.gamma.tolist(), self.lower.tolist(), self.upper.tolist(), strict=True)
        return [{"gamma": gamma, "p_lower": low, "p_upper": high} for gamma, low, high in columns]


def rosenbaum_bounds(
    differences: npt.ArrayLike,
    *,
    gamma: npt.ArrayLike = (1.0, 1.5, 2.0, 3.0),
    test: Literal["signed_rank", "sign"] = "signed_rank",
    alternative: Literal["greater", "less"] = "greater",
    alpha: float = 0.05,
) -> RosenbaumBounds:
    """Bound the p-value of matched pairs when a hidden bias may multiply the odds of treatment by Gamma.

    Parameters
    ----------
    differences : float array, shape (pairs,)
        Treated less comparison. For a binary outcome (-1, 0, 1) use `test="sign"`, which is then McNemar's test.
    gamma : float array
        Values of 1 or more.
    test : {"signed_rank", "sign"}
        Wilcoxon's signed rank, normal, no continuity correction, midranks; or the exact sign test.
    alternative : {"greater", "less"}
        Whether the treated are expected to have more or less.
    alpha : float
        One-sided level for `tolerated`.

    Returns
    -------
    RosenbaumBounds

    Raises
    ------
    NotEstimableError
        No difference other than 0.

    Notes
    -----
    With p+ = Gamma/(1+Gamma) the positive ranks sum to at most N(p+ sum r, p+(1-p+) sum r^2), and with its complement
    to at least. Pairs without a difference are dropped. Equal to R `rbounds::psens` and `binarysens`.

    Examples
    --------
    >>> rosenbaum_bounds([3, 5, -1, 8, 2, 6, -4, 9, 7, 10]).upper.round(4).tolist()
    [0.0109, 0.0385, 0.0747, 0.1515]
    """
    if test not in ("signed_rank", "sign"):
        raise UsageError(f"test={test!r} is not one of signed_rank, sign.")
    if alternative not in ("greater", "less"):
        raise UsageError(f"alternative={alternative!r} is not one of greater, less.")
    level = check.share("alpha", alpha)
    odds = check.vector("gamma", np.atleast_1d(np.asarray(gamma, dtype=np.float64)))
    if (odds < 1).any():
        raise UsageError(f"gamma={odds.min():g} is less than 1. Pass odds multipliers of 1 (no bias) or more.")
    every = check.vector("differences", differences)
    used = every[every != 0] * (1 if alternative == "greater" else -1)
    if used.size == 0:
        raise NotEstimableError("No pair differs: there is nothing to test.")
    scores = _scores(used, test)
    statistic = float(scores[used > 0].sum())
    tolerated, reason = _tolerated(statistic, scores, test, level)
    return RosenbaumBounds(
        statistic=statistic,
        pairs=int(used.size),
        dropped=int(every.size - used.size),
        alternative=alternative,
        alpha=level,
        tolerated=tolerated,
        reason=reason,
        method="Wilcoxon signed rank, normal, no continuity correction" if test == "signed_rank" else "sign, exact",
        gamma=odds,
        lower=np.array([_p_value(statistic, scores, test, 1 / (1 + value)) for value in odds]),
        upper=np.array([_p_value(statistic, scores, test, value / (1 + value)) for value in odds]),
    )


def _scores(used: Floats, test: str) -> Floats:
    if test == "sign":
        return np.ones(used.size)
    from scipy.stats import rankdata

    return np.asarray(rankdata(np.abs(used)), dtype=np.float64)


def _p_value(statistic: float, scores: Floats, test: str, p: float) -> float:
    from scipy.special import bdtrc, ndtr

    if test == "sign":
        return float(bdtrc(statistic - 1, scores.size, p)) if statistic >= 1 else 1.0
    spread = np.sqrt(p * (1 - p) * (scores**2).sum())
    return float(ndtr(-(statistic - p * scores.sum()) / spread))


def _tolerated(statistic: float, scores: Floats, test: str, alpha: float) -> tuple[float | None, str | None]:
    from scipy.optimize import brentq

    def over(log_gamma: float) -> float:
        odds = float(np.exp(log_gamma))
        return _p_value(statistic, scores, test, odds / (1 + odds)) - alpha

    if over(0.0) > 0:
        return None, f"The test is not significant at {alpha:g} without any hidden bias."
    if over(20.0) <= 0:
        return None, "No hidden bias up to a Gamma of e^20 makes the test insignificant."
    return float(np.exp(brentq(over, 0.0, 20.0, xtol=1e-13))), None
