"""How sure mastery is from k successes in n tries: the Beta posterior of the success rate (conjugate Bayes)."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from blended_standard.errors import UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Estimate, Interval, Row, array, result
from blended_standard.results import Result as Base


@result
class MasteryPosterior(Estimate):
    """Posterior of the success rate: `value` its mean, `se` its deviation, `probability` that it is >= `cut`."""

    cut: float
    probability: float
    successes: float
    prior_alpha: float
    prior_beta: float
    alpha: float
    beta: float


@result
class BetaBinomialCounts(Base):
    """How many successes to expect in `n` tries when the rate is Beta distributed: `mass[k]` for k = 0..n."""

    n: int
    alpha: float
    beta: float
    mean: float
    variance: float
    mass: npt.NDArray[np.float64] = array()

    def rows(self) -> list[Row]:
        """One row a count of successes."""
        return [{"successes": k, "probability": float(p)} for k, p in enumerate(self.mass)]


def beta_binomial(
    successes: float,
    trials: float,
    *,
    cut: float = 0.8,
    prior: tuple[float, float] = (1.0, 1.0),
    level: float = 0.95,
) -> MasteryPosterior:
    """Posterior probability that a learner's success rate is at or above `cut`.

    Parameters
    ----------
    successes, trials : float
        k and n, 0 <= k <= n. Partial credit may enter as the fractional sum of score / maximum: a quasi-likelihood,
        and `method` says so.
    cut : float
        The success rate that means mastery, from 0 to 1.
    prior : (alpha, beta)
        Beta prior of the rate: (1, 1) is flat, (0.5, 0.5) is Jeffreys'.
    level : float
        Coverage of the equal-tailed interval.

    Returns
    -------
    MasteryPosterior
        Posterior Beta(alpha + k, beta + n - k): mean, standard deviation, interval, probability of mastery.

    Raises
    ------
    UsageError
        Counts that are negative or out of order, a cut outside 0 to 1, a prior that is not positive.

    Examples
    --------
    >>> round(beta_binomial(3, 3, cut=0.8).probability, 4)
    0.5904
    """
    from scipy.special import betaincc, betaincinv

    successes, trials = check.number("successes", successes), check.number("trials", trials, high=2.0**53)
    if not 0.0 <= successes <= trials:
        raise UsageError(f"successes={successes!r} of trials={trials!r}: pass 0 <= successes <= trials.")
    check.share("cut", cut, closed=True)
    check.level(level)
    first, second = (check.positive("prior", part) for part in check.vector("prior", prior, size=2).tolist())
    alpha, beta = first + successes, second + trials - successes
    tail = (1.0 - level) / 2.0
    low, high = betaincinv(alpha, beta, np.array([tail, 1.0 - tail]))
    whole = float(successes).is_integer() and float(trials).is_integer()
    return MasteryPosterior(
        name="success rate",
        value=alpha / (alpha + beta),
        se=math.sqrt(alpha * beta / (alpha + beta + 1.0)) / (alpha + beta),
        interval=Interval(low=float(low), high=float(high), level=level, method="equal-tailed Beta"),
        n=math.floor(trials),
        method="Beta-binomial posterior" + ("" if whole else ", partial credit as quasi-likelihood"),
        cut=cut,
        probability=float(betaincc(alpha, beta, cut)),
        successes=float(successes),
        prior_alpha=first,
        prior_beta=second,
        alpha=alpha,
        beta=beta,
    )


def beta_binomial_counts(trials: int, alpha: float, beta: float) -> BetaBinomialCounts:
    """Distribution of the number of successes in `trials` tries when the rate is Beta(alpha, beta).

    With the parameters of a posterior this predicts the next `trials` tries.

    Parameters
    ----------
    trials : int
        Number of tries, 0 or more.
    alpha, beta : float
        Parameters of the Beta distribution, above 0.

    Returns
    -------
    BetaBinomialCounts
        Mass of every count, mean and variance.

    Examples
    --------
    >>> round(float(beta_binomial_counts(10, 4, 2).mass[7]), 5)
    0.15984
    """
    check.whole("trials", trials, minimum=0)
    check.positive("alpha", alpha)
    check.positive("beta", beta)
    total = alpha + beta
    variance = trials * alpha * beta * (total + trials) / (total**2 * (total + 1.0))
    return BetaBinomialCounts(
        n=trials,
        alpha=float(alpha),
        beta=float(beta),
        mean=trials * alpha / total,
        variance=variance,
        mass=beta_binomial_masses(trials, alpha, beta),
    )


def beta_binomial_masses(trials: int, alpha: float, beta: float) -> Floats:
    """Mass of each count 0..trials."""
    from scipy.special import betaln, gammaln

    k = np.arange(trials + 1.0)
    choose = gammaln(trials + 1.0) - gammaln(k + 1.0) - gammaln(trials - k + 1.0)
    masses: Floats = np.exp(choose + betaln(k + alpha, trials - k + beta) - betaln(alpha, beta))
    return masses
