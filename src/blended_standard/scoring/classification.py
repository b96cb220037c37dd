"""How often a cut classifies learners rightly, and alike on two occasions.

Sources: Rudner (2001, 2005); Lee (2010) with the score distribution of Lord and Wingersky (1984); Livingston and Lewis
(1995).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Result, Row, array, result


@result
class Classification(Result):
    """Accuracy and consistency of a classification, with the kappa of the consistency.

    `accuracy_se` and `consistency_se` are those of the mean over persons. `by_person_*` hold one value a person.
    """

    method: str
    accuracy: float
    consistency: float
    accuracy_se: float | None
    consistency_se: float | None
    chance: float
    kappa: float | None
    cuts: tuple[float, ...]
    n: int
    by_person_accuracy: npt.NDArray[np.float64] = array()
    by_person_consistency: npt.NDArray[np.float64] = array()

    def rows(self) -> list[Row]:
        """One row: the two indices and kappa."""
        keys = ("method", "accuracy", "accuracy_se", "consistency", "consistency_se", "chance", "kappa", "n")
        return [{key: getattr(self, key) for key in keys}]


@result
class LivingstonLewis(Result):
    """Accuracy and consistency from one test's scores and reliability.

    `false_positive` is the share that passes though the true score is below the cut, `false_negative` the share that
    fails though it is above. `alpha`, `beta`, `low`, `high` are the fitted beta distribution of the true proportion.
    """

    accuracy: float
    consistency: float
    chance: float
    kappa: float | None
    false_positive: float
    false_negative: float
    cut: float
    effective_length: int
    effective_length_exact: float
    alpha: float
    beta: float
    low: float
    high: float
    n: int
    note: str = ""
    method: str = "Livingston-Lewis"


def rudner(
    theta: npt.ArrayLike,
    standard_errors: npt.ArrayLike,
    *,
    cuts: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
) -> Classification:
    """Rudner's accuracy and consistency from ability estimates and their standard errors.

    Parameters
    ----------
    theta, standard_errors : array-like, shape (n,)
        Ability estimates and their standard errors, above 0.
    cuts : float or array-like
        One cut, or several in ascending order; a person exactly on a cut is in the category above.
    weights : array-like, shape (n,), optional
        Weights of the persons (or of quadrature nodes); they are scaled to sum to 1.

    Returns
    -------
    Classification
        Accuracy: chance that an estimate falls in the category that holds theta. Consistency: chance that two do fall
        in one category. Estimates are taken as true, so accuracy is optimistic for shrunken (EAP) ones.

    Raises
    ------
    UsageError
        Lengths that differ, standard errors not above 0, cuts that do not ascend.

    Examples
    --------
    >>> found = rudner([-1.0, 0.4, 1.3], [0.7, 0.6, 0.7], cuts=0.3)
    >>> round(found.accuracy, 4)
    0.8193
    """
    at, errors = check.vector("theta", theta), check.vector("standard_errors", standard_errors)
    n = check.same_length(theta=at, standard_errors=errors)
    limits = _cuts(cuts)
    if not n or (errors <= 0).any():
        raise UsageError("standard_errors must be above 0, for at least one person.")
    check.apart_from_zero("standard_errors", errors)
    from scipy.special import ndtr

    edges = np.concatenate(([-np.inf], limits, [np.inf]))
    masses = np.diff(ndtr((edges[None, :] - at[:, None]) / errors[:, None]), axis=1)
    own = np.searchsorted(limits, at, side="right")
    return _classification("Rudner", masses, own, limits, _person_weights(weights, n))


def lee(
    theta: npt.ArrayLike,
    *,
    probabilities: npt.ArrayLike,
    cuts: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
) -> Classification:
    """Lee's accuracy and consistency of number-right scores, from the chance of each item at each ability.

    Parameters
    ----------
    theta : array-like, shape (n,)
        Abilities, of persons or of quadrature nodes.
    probabilities : array-like, shape (n, items)
        Chance of a right answer to each item at each ability.
    cuts : float or array-like
        Lowest number right of each higher category, ascending.
    weights : array-like, shape (n,), optional
        Weights of the abilities; scaled to sum to 1.

    Returns
    -------
    Classification
        The true category is that of the expected number right; exactly on a cut counts as above.

    Examples
    --------
    >>> found = lee([0.0], probabilities=[[0.5, 0.5]], cuts=1)
    >>> found.accuracy, found.consistency
    (0.75, 0.625)
    """
    at, chances = check.vector("theta", theta), check.matrix("probabilities", probabilities)
    n = check.same_length(theta=at, probabilities=chances)
    if not n or (chances < 0).any() or (chances > 1).any():
        raise UsageError("probabilities must be from 0 to 1, one row an ability and at least one row.")
    limits = _cuts(cuts)
    scores = _score_distribution(chances)
    category = np.searchsorted(limits, np.arange(scores.shape[1]), side="right")
    masses = np.stack([scores[:, category == k].sum(axis=1) for k in range(limits.size + 1)], axis=1)
    own = np.searchsorted(limits, chances.sum(axis=1), side="right")
    return _classification("Lee", masses, own, limits, _person_weights(weights, n))


def livingston_lewis(
    scores: npt.ArrayLike,
    *,
    cut: float,
    reliability: float,
    minimum: float = 0.0,
    maximum: float,
    frequencies: npt.ArrayLike | None = None,
) -> LivingstonLewis:
    """Livingston and Lewis' accuracy and consistency of one cut, for any scoring.

    Parameters
    ----------
    scores : array-like, shape (n,)
        Observed scores; with `frequencies`, the distinct ones.
    cut : float
        Lowest passing score.
    reliability : float
        Reliability of the scores, between 0 and 1.
    minimum, maximum : float
        Ends of the score scale.
    frequencies : array-like of int, optional
        How many persons had each score.

    Returns
    -------
    LivingstonLewis
        A four-parameter beta for true scores, by moments; where that leaves the scale or does not exist, the beta on
        the whole scale, and `note` says so. There is no published standard error: bootstrap over persons.

    Raises
    ------
    NotEstimableError
        Scores without variance.
    UsageError
        A cut or scores outside the scale, a reliability outside 0 to 1, frequencies that are none.

    Examples
    --------
    >>> found = livingston_lewis([4, 6, 7, 8, 9, 10], cut=7, reliability=0.8, maximum=10)
    >>> found.effective_length
    17
    """
    values = check.vector("scores", scores)
    counts = np.ones(values.size) if frequencies is None else check.vector("frequencies", frequencies)
    check.same_length(scores=values, frequencies=counts)
    check.share("reliability", reliability)
    minimum, maximum = check.number("minimum", minimum), check.number("maximum", maximum)
    if (
        not minimum < check.number("cut", cut) <= maximum
        or values.size == 0
        or values.min() < minimum
        or values.max() > maximum
    ):
        raise UsageError(
            f"scores and cut={cut!r} must lie on the scale from minimum={minimum!r} to maximum={maximum!r}."
        )
    if (counts < 0).any() or (counts != np.floor(counts)).any() or not counts.any():
        raise UsageError("frequencies must be whole numbers of persons, 0 or more, and not all 0.")
    n = int(counts.sum())
    mean = float(counts @ values) / n
    variance = float(counts @ (values - mean) ** 2) / max(n - 1, 1)
    if variance <= 0:
        raise NotEstimableError("All scores are equal: there is no distribution of true scores to fit.")
    exact = ((mean - minimum) * (maximum - mean) - reliability * variance) / (variance * (1.0 - reliability))
    length = max(1, round(exact))
    proportions = (values - minimum) / (maximum - minimum)
    fitted, note = _true_score_beta(proportions * exact, counts, exact)
    at = (cut - minimum) / (maximum - minimum)
    table, alike, passing = _cross_classified(fitted, at, length)
    chance = passing**2 + (1.0 - passing) ** 2
    return LivingstonLewis(
        accuracy=float(table[0, 0] + table[1, 1]),
        consistency=alike,
        chance=chance,
        kappa=(alike - chance) / (1.0 - chance) if chance < 1.0 else None,
        false_positive=float(table[0, 1]),
        false_negative=float(table[1, 0]),
        cut=cut,
        effective_length=length,
        effective_length_exact=exact,
        alpha=fitted[0],
        beta=fitted[1],
        low=fitted[2],
        high=fitted[3],
        n=n,
        note=note,
    )


def _cuts(cuts: npt.ArrayLike) -> Floats:
    limits = np.atleast_1d(check.floats("cuts", cuts))
    if limits.ndim != 1 or not limits.size or not np.isfinite(limits).all() or (np.diff(limits) <= 0).any():
        raise UsageError(f"cuts={cuts!r} must be one number, or several in ascending order.")
    return limits


def _person_weights(weights: npt.ArrayLike | None, n: int) -> Floats | None:
    if weights is None:
        return None
    given = check.vector("weights", weights)
    if given.size != n or (given < 0).any() or given.sum() <= 0:
        raise UsageError(f"weights must be {n} numbers of 0 or more, not all 0.")
    scaled: Floats = given / given.sum()
    return scaled


def _classification(
    method: str, masses: Floats, own: npt.NDArray[np.int_], limits: Floats, weights: Floats | None
) -> Classification:
    n = len(masses)
    shares = np.full(n, 1.0 / n) if weights is None else weights
    right = masses[np.arange(n), own]
    alike = (masses**2).sum(axis=1)
    accuracy, consistency = float(shares @ right), float(shares @ alike)
    chance = float(((shares @ masses) ** 2).sum())
    errors = (
        [None, None] if weights is not None or n < 2 else [float(x.std(ddof=1)) / math.sqrt(n) for x in (right, alike)]
    )
    return Classification(
        method=method,
        accuracy=accuracy,
        consistency=consistency,
        accuracy_se=errors[0],
        consistency_se=errors[1],
        chance=chance,
        kappa=(consistency - chance) / (1.0 - chance) if chance < 1.0 - 1e-12 else None,
        cuts=tuple(limits.tolist()),
        n=n,
        by_person_accuracy=right,
        by_person_consistency=alike,
    )


def _score_distribution(chances: Floats) -> Floats:
    """Chance of each number right at each ability: items added one by one (Lord-Wingersky)."""
    masses = np.ones((len(chances), 1))
    for p in chances.T:
        longer = np.zeros((len(chances), masses.shape[1] + 1))
        longer[:, :-1] = masses * (1.0 - p)[:, None]
        longer[:, 1:] += masses * p[:, None]
        masses = longer
    return masses


def _true_score_beta(
    counts_right: Floats, counts: Floats, length: float
) -> tuple[tuple[float, float, float, float], str]:
    """Beta of the true proportion: alpha, beta, low, high, from the moments of scores on `length` binomial items.

    The length is the effective one before rounding, as in the betafunctions package.
    """
    n = float(counts.sum())
    falling = np.ones_like(counts_right)
    raw = []
    for order in range(4):
        falling = falling * (counts_right - order)
        divisor = math.prod(length - i for i in range(order + 1))
        raw.append(float(counts @ falling) / n / divisor if divisor > 0 else math.nan)
    four = _four_parameters(raw) if length > 4 else None
    if four is not None and four[2] >= 0.0 and four[3] <= 1.0:
        return four, ""
    note = "A four-parameter beta does not fit inside the scale; the beta on the whole scale is used."
    mean, variance = raw[0], raw[1] - raw[0] ** 2
    if length <= 1.0:
        raise NotEstimableError(
            f"At this reliability the scores are worth {length:.2g} items, too few to tell how true scores vary. Check "
            "the reliability and the ends of the scale."
        )
    if variance <= 0 or not 0 < mean < 1:
        raise NotEstimableError("The scores vary less than chance alone: no distribution of true scores fits them.")
    common = mean * (1.0 - mean) / variance - 1.0
    if common <= 0:
        raise NotEstimableError("True scores would vary more than any on this scale can: check the reliability.")
    return (mean * common, (1.0 - mean) * common, 0.0, 1.0), note


def _four_parameters(raw: list[float]) -> tuple[float, float, float, float] | None:
    """Four-parameter beta with the first four raw moments given, or None where there is none."""
    first, second, third, fourth = raw
    variance = second - first**2
    if variance <= 0:
        return None
    skew = (third - 3 * first * second + 2 * first**3) / variance**1.5
    kurtosis = (fourth - 4 * first * third + 6 * first**2 * second - 3 * first**4) / variance**2
    bottom = 6.0 + 3.0 * skew**2 - 2.0 * kurtosis
    total = 6.0 * (kurtosis - skew**2 - 1.0) / bottom if bottom != 0 else -1.0
    inside = 1.0 + 16.0 * (total + 1.0) / ((total + 2.0) ** 2 * skew**2) if skew else math.inf
    if total <= 0:
        return None
    lean = 0.0 if math.isinf(inside) else 1.0 / math.sqrt(inside)
    one, two = total / 2.0 * (1.0 - lean), total / 2.0 * (1.0 + lean)
    alpha, beta = (one, two) if skew > 0 else (two, one)
    if alpha <= 0 or beta <= 0:
        return None
    width = math.sqrt(variance * (alpha + beta) ** 2 * (alpha + beta + 1.0) / (alpha * beta))
    low = first - width * alpha / (alpha + beta)
    return alpha, beta, low, low + width


def _cross_classified(fitted: tuple[float, float, float, float], at: float, length: int) -> tuple[Floats, float, float]:
    """True (fail, pass) by observed (fail, pass), the share classified alike twice, and the share passing."""
    from scipy.special import bdtrc, roots_jacobi

    alpha, beta, low, high = fitted
    needed = math.ceil(at * length - 1e-9)

    def passes(p: Floats) -> Floats:
        chance: Floats = bdtrc(needed - 1, length, p) if needed > 0 else np.ones_like(p)
        return chance

    nodes, weights = roots_jacobi(200, beta - 1.0, alpha - 1.0)
    share, p = weights / weights.sum(), low + (high - low) * (nodes + 1.0) / 2.0
    passing = float(share @ passes(p))
    alike = float(share @ (passes(p) ** 2 + (1.0 - passes(p)) ** 2))
    below, below_passing = _below(fitted, at, passes)
    table = np.array(
        [[below - below_passing, below_passing], [1.0 - below - passing + below_passing, passing - below_passing]]
    )
    return table, alike, passing


def _below(
    fitted: tuple[float, float, float, float], at: float, passes: Callable[[Floats], Floats]
) -> tuple[float, float]:
    """Share of true scores below the cut, and the share that is below it and passes."""
    from scipy.special import betainc, betaincinv

    alpha, beta, low, high = fitted
    share = float(betainc(alpha, beta, min(max((at - low) / (high - low), 0.0), 1.0)))
    nodes, weights = np.polynomial.legendre.leggauss(400)
    p = low + (high - low) * betaincinv(alpha, beta, share * (nodes + 1.0) / 2.0)
    return share, float(weights @ passes(p)) / 2.0 * share
