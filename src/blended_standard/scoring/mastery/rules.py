"""Rules that turn the scores of one learner on one competency into one number, with its uncertainty.

Sources: the open rules of Canvas (`decaying_average`, `standard_decaying_average`, `n_mastery`, `latest`, `highest`,
`average`) and Marzano's power law; standard errors are those of a weighted mean, of least squares, or of a bootstrap.
"""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

import numpy as np
import numpy.typing as npt

from blended_standard.errors import UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Interval
from blended_standard.scoring.mastery._uncertainty import (
    MasteryEstimate,
    estimate,
    kept_scores,
    no_score,
    resampled,
    student,
    weighted_mean,
)


def mean(
    scores: npt.ArrayLike,
    *,
    cut: float | None = None,
    scale: tuple[float, float] | None = None,
    level: float = 0.95,
) -> MasteryEstimate:
    """Plain average of the scores (Canvas `average`).

    Parameters
    ----------
    scores : array-like, shape (n,)
        Scores in any order; missing scores (None, NaN) are dropped, zero is a score.
    cut : float, optional
        The score from which the competency counts as mastered.
    scale : (low, high), optional
        Ends of the score scale. With it the interval is that of a Beta posterior on the share of the scale (flat
        prior, scores as quasi-likelihood), which needs no spread; without it that of Student's t.
    level : float
        Coverage of the interval.

    Returns
    -------
    MasteryEstimate
        `value` None with a reason when there is no score; `se` None with a note when the scores have no spread.

    Raises
    ------
    UsageError
        A score is outside `scale`, infinite, or not a number.

    Examples
    --------
    >>> mean([2, 3, 3, 4]).value
    3.0
    """
    return weighted_mean("mean", scores, lambda n: np.full(n, 1.0 / n), cut, scale, level)


def latest(
    scores: npt.ArrayLike,
    *,
    cut: float | None = None,
    scale: tuple[float, float] | None = None,
    level: float = 0.95,
) -> MasteryEstimate:
    """Return the newest score (Canvas `latest`): it carries the error of one score.

    Parameters
    ----------
    scores : array-like, shape (n,)
        Scores in time order, the newest last; missing scores are dropped.
    cut, scale, level
        As in `mean`.

    Returns
    -------
    MasteryEstimate
        Its standard error is the spread of one score about the learner's mean.

    Examples
    --------
    >>> latest([2, 4, 3]).value
    3.0
    """
    return weighted_mean("latest", scores, lambda n: np.eye(1, n, n - 1)[0], cut, scale, level)


def decaying_average(
    scores: npt.ArrayLike,
    *,
    weight: float = 0.65,
    cut: float | None = None,
    scale: tuple[float, float] | None = None,
    level: float = 0.95,
) -> MasteryEstimate:
    """Recursive decaying average: each new score takes `weight`, all before it share the rest.

    This is Canvas's `standard_decaying_average`. The rule that Canvas's API calls `decaying_average` is
    `weighted_average` here; both names mean that one where Canvas's feature switch is off.

    Parameters
    ----------
    scores : array-like, shape (n,)
        Scores in time order, the newest last; missing scores are dropped.
    weight : float
        Share of the newest score, above 0 up to 1. Canvas accepts 0.50 to 0.99.
    cut, scale, level
        As in `mean`.

    Returns
    -------
    MasteryEstimate
        Value v_n of v_1 = s_1, v_k = (1 - weight) v_(k-1) + weight s_k; standard error of that weighted mean when
        scores scatter about a steady level (growth widens it). The t interval errs on the wide side (it covers about
        98 % at 6 scores), since the newest score weighs in the value and in the spread.

    Raises
    ------
    UsageError
        `weight` outside 0 to 1, or scores that are not numbers.

    Examples
    --------
    >>> round(decaying_average([1, 2, 3, 4, 5], weight=0.65).value, 6)
    4.469619
    """
    check_weight(weight)
    return weighted_mean("decaying_average", scores, lambda n: decay_weights(n, weight), cut, scale, level)


def weighted_average(
    scores: npt.ArrayLike,
    *,
    weight: float = 0.65,
    cut: float | None = None,
    scale: tuple[float, float] | None = None,
    level: float = 0.95,
) -> MasteryEstimate:
    """Newest score at `weight`, the plain mean of all earlier ones at the rest (Canvas "weighted average").

    Canvas's API calls this rule `decaying_average`; it is not recursive.

    Parameters
    ----------
    scores : array-like, shape (n,)
        Scores in time order, the newest last; missing scores are dropped.
    weight : float
        Share of the newest score, above 0 up to 1.
    cut, scale, level
        As in `mean`.

    Returns
    -------
    MasteryEstimate
        `weight * s_n + (1 - weight) * mean(s_1..s_(n-1))`; one score is its own value.

    Examples
    --------
    >>> weighted_average([1, 2, 3, 4, 5], weight=0.65).value
    4.125
    """
    check_weight(weight)
    return weighted_mean("weighted_average", scores, lambda n: newest_weights(n, weight), cut, scale, level)


def highest(scores: npt.ArrayLike, *, cut: float | None = None, level: float = 0.95, seed: int = 0) -> MasteryEstimate:
    """Return the best score (Canvas `highest`): biased upward, and more so the more attempts there were.

    Parameters
    ----------
    scores : array-like, shape (n,)
        Scores in any order; missing scores are dropped.
    cut, level
        As in `mean`.
    seed : int
        Seed of the bootstrap (2,000 resamples) behind the standard error and interval. The bootstrap of a maximum
        understates what lies above it: read the interval as a lower bound on the uncertainty.

    Returns
    -------
    MasteryEstimate
        With `n`, which must be shown beside a highest score.

    Examples
    --------
    >>> highest([2, 4, 3]).value
    4.0
    """
    note = "A highest score rises with the number of attempts: read it beside n."
    return resampled("highest", scores, lambda draws: draws.max(axis=-1), cut, level, seed, note=note)


def median(scores: npt.ArrayLike, *, cut: float | None = None, level: float = 0.95, seed: int = 0) -> MasteryEstimate:
    """Middle score; of an even number, the mean of the two middle ones.

    Parameters
    ----------
    scores : array-like, shape (n,)
        Scores in any order; missing scores are dropped.
    cut, level, seed
        As in `highest`.

    Returns
    -------
    MasteryEstimate
        With a bootstrap standard error and interval.

    Examples
    --------
    >>> median([1, 2, 4, 4]).value
    3.0
    """
    return resampled("median", scores, lambda draws: np.median(draws, axis=-1), cut, level, seed)


def mode(scores: npt.ArrayLike, *, cut: float | None = None, level: float = 0.95, seed: int = 0) -> MasteryEstimate:
    """Most frequent score; among tied ones, that which was reached last.

    Parameters
    ----------
    scores : array-like, shape (n,)
        Scores in time order, the newest last; missing scores are dropped.
    cut, level, seed
        As in `highest`.

    Returns
    -------
    MasteryEstimate
        With a bootstrap standard error and interval.

    Examples
    --------
    >>> mode([3, 2, 3, 2]).value
    2.0
    """
    return resampled("mode", scores, _newest_mode, cut, level, seed)


def n_of_m(
    scores: npt.ArrayLike, *, n: int, cut: float, m: int | None = None, level: float = 0.95, seed: int = 0
) -> MasteryEstimate:
    """At least `n` of the last `m` scores at or above `cut`; the value is the mean of those (Canvas `n_mastery`).

    Parameters
    ----------
    scores : array-like, shape (k,)
        Scores in time order, the newest last; missing scores are dropped.
    n : int
        How many scores must reach the cut.
    cut : float
        The score that counts.
    m : int, optional
        How many of the newest scores are looked at. Default: all, as in Canvas.
    level, seed
        As in `highest`.

    Returns
    -------
    MasteryEstimate
        `value` None with the reason when fewer than `n` scores reach the cut. It can't fall below the cut, and a
        further success just above the cut can lower it. `probability` is that of seeing `n` or more successes in as
        many new scores, with a flat prior on the rate of success.

    Examples
    --------
    >>> n_of_m([1, 2, 3, 4, 5], n=3, cut=3).value
    4.0
    >>> n_of_m([1, 2, 3, 4, 5], n=4, cut=3).reason
    '3 of the 5 scores reach the cut 3; the rule asks for 4.'
    """
    check.whole("n", n, minimum=1)
    check.number("cut", cut)
    kept = kept_scores(scores, cut, level)
    if m is not None:
        if check.whole("m", m, minimum=1) < n:
            raise UsageError(f"m={m} is smaller than n={n}: no learner could meet the rule.")
        kept = kept[-m:]
    passing = kept[kept >= cut]
    probability = _chance_of_n(n, passing.size, kept.size)
    if passing.size < n:
        reason = f"{passing.size} of the {kept.size} scores reach the cut {cut:g}; the rule asks for {n}."
        failed = MasteryEstimate(
            name="n_of_m", value=None, n=kept.size, cut=cut, mastered=False, reason=reason, probability=probability
        )
        return failed if kept.size else no_score("n_of_m", cut)
    found = resampled("n_of_m", passing, lambda draws: draws.mean(axis=-1), cut, level, seed)
    return estimate(
        "n_of_m", float(passing.mean()), cut, n=kept.size, se=found.se, interval=found.interval, probability=probability
    )


def power_law(
    scores: npt.ArrayLike, *, at: Literal["n", "n+1"] = "n", cut: float | None = None, level: float = 0.95
) -> MasteryEstimate:
    """Marzano's power law: the least squares fit of ln score on ln attempt, read at the last or the next attempt.

    Parameters
    ----------
    scores : array-like, shape (n,)
        Scores in time order, the newest last, all above 0; missing scores are dropped.
    at : {"n", "n+1"}
        Read the curve a k^b at the last attempt (default) or at the next one: vendors differ.
    cut, level
        As in `mean`.

    Returns
    -------
    MasteryEstimate
        Delta-method standard error on n - 2 degrees of freedom; the interval is computed on the log scale. The curve
        can leave the score scale, and raising an early score lowers it: `note` says so. One score is its own value.
        `value` None with a reason when a score is 0 or below.

    Examples
    --------
    >>> round(power_law([1, 3, 2, 4]).value, 4)
    3.6567
    """
    check.one_of("at", at, ("n", "n+1"))
    kept = kept_scores(scores, cut, level)
    if not kept.size:
        return no_score("power_law", cut)
    if (kept <= 0).any():
        reason = "A score of 0 or below has no logarithm; use mean, or rescale the scores by a stated rule."
        return MasteryEstimate(name="power_law", value=None, n=kept.size, cut=cut, reason=reason)
    if kept.size == 1:
        return estimate("power_law", float(kept[0]), cut, n=1, note="One score: no trend and no standard error.")
    fitted, spread, df = _log_log_fit(kept, kept.size + (at == "n+1"))
    value = math.exp(fitted)
    note = "Reads off a fitted curve: it can leave the score scale." + (
        " Lies above the highest score." if value > kept.max() * (1 + 1e-12) else ""
    )
    if df < 1 or spread <= 0.0:
        return estimate("power_law", value, cut, n=kept.size, note=note + " No scatter to give a standard error.")
    half, chance = student(fitted, spread, df, None if cut is None or cut <= 0 else math.log(cut), level)
    interval = Interval(low=math.exp(fitted - half), high=math.exp(fitted + half), level=level, method="log-scale t")
    se = value * spread
    return estimate(
        "power_law", value, cut, n=kept.size, se=se, df=df, interval=interval, probability=chance, note=note
    )


def canvas_round(value: float, decimals: int = 2) -> float:
    """Round half away from zero on the binary value of the number, as Canvas shows its roll-ups.

    Examples
    --------
    >>> canvas_round(4.125), round(4.125, 2)
    (4.13, 4.12)
    """
    return float(Decimal(check.number("value", value)).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP))


def decay_weights(n: int, weight: float) -> Floats:
    """Weights of the recursive decaying average, oldest first."""
    weights = weight * (1.0 - weight) ** np.arange(n - 1, -1, -1, dtype=float)
    weights[0] = (1.0 - weight) ** (n - 1)
    return weights


def newest_weights(n: int, weight: float) -> Floats:
    """Weights of the newest-against-the-rest average, oldest first."""
    if n == 1:
        return np.ones(1)
    weights = np.full(n, (1.0 - weight) / (n - 1))
    weights[-1] = weight
    return weights


def check_weight(weight: float) -> None:
    """Refuse a weight of the newest score that is not above 0 and up to 1."""
    if not 0.0 < check.number("weight", weight) <= 1.0:
        hint = f" Percent must be given as a share: weight={weight / 100:g}." if 1.0 < weight <= 100.0 else ""
        raise UsageError(f"weight={weight!r} is outside 0 (excluded) to 1.{hint}")


def _newest_mode(draws: Floats) -> Floats:
    """Mode of each row; among tied values the one whose last place is latest."""
    values = np.unique(draws)
    counts = np.stack([(draws == value).sum(axis=1) for value in values], axis=1)
    n = draws.shape[1]
    last = np.stack([n - 1 - np.argmax(draws[:, ::-1] == value, axis=1) for value in values], axis=1)
    best: Floats = values[np.argmax(counts * (n + 1) + np.where(counts > 0, last, 0), axis=1)]
    return best


def _log_log_fit(scores: Floats, read_at: int) -> tuple[float, float, int]:
    """Fitted ln score at attempt `read_at`, its standard error, and the degrees of freedom."""
    x = np.log(np.arange(1, scores.size + 1))
    y = np.log(scores)
    centered = x - x.mean()
    variation = float(centered @ centered)
    slope = float(centered @ y) / variation
    place = math.log(read_at) - float(x.mean())
    df = scores.size - 2
    residual = y - y.mean() - slope * centered
    variance = float(residual @ residual) / df if df > 0 else 0.0
    if variance < 1e-20:
        variance = 0.0
    spread = math.sqrt(variance * (1.0 / scores.size + place**2 / variation))
    return float(y.mean()) + slope * place, spread, df


def _chance_of_n(n: int, successes: int, trials: int) -> float | None:
    """Probability of at least `n` successes in as many new scores, flat prior on the rate of success."""
    if trials == 0:
        return None
    from blended_standard.scoring.mastery.posterior import beta_binomial_masses

    masses = beta_binomial_masses(trials, 1.0 + successes, 1.0 + trials - successes)
    return float(min(1.0, masses[n:].sum()))
