"""The result of a mastery rule, and the uncertainty of a weighted mean and of a resampled statistic."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from blended_standard.errors import UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Estimate, Interval, result

_RESAMPLES = 2000


@result
class MasteryEstimate(Estimate):
    """The value of a mastery rule: `probability` is how sure it is that the learner stands at or above `cut`.

    `note` says what a reader must know, such as why there is no standard error.
    """

    cut: float | None = None
    mastered: bool | None = None
    probability: float | None = None
    note: str = ""


def kept_scores(scores: npt.ArrayLike, cut: float | None, level: float) -> Floats:
    """Return the scores that are there, once the cut and the level are seen to be numbers."""
    check.level(level)
    if cut is not None:
        check.number("cut", cut)
    given = check.vector("scores", scores, missing=True)
    return given[~np.isnan(given)]


def no_score(name: str, cut: float | None) -> MasteryEstimate:
    return MasteryEstimate(name=name, value=None, n=0, cut=cut, reason="There is no score: assess the learner first.")


def estimate(
    name: str,
    value: float,
    cut: float | None,
    *,
    n: int,
    se: float | None = None,
    df: float | None = None,
    interval: Interval | None = None,
    probability: float | None = None,
    method: str = "",
    note: str = "",
) -> MasteryEstimate:
    return MasteryEstimate(
        name=name,
        value=value,
        se=se,
        df=df,
        interval=interval,
        n=n,
        method=method or (interval.method if interval else ""),
        cut=cut,
        mastered=None if cut is None else value >= cut - 1e-12 * max(1.0, abs(cut)),
        probability=None if cut is None else probability,
        note=note,
    )


def weighted_mean(
    name: str,
    scores: npt.ArrayLike,
    weights_of: Callable[[int], Floats],
    cut: float | None,
    scale: tuple[float, float] | None,
    level: float,
) -> MasteryEstimate:
    """Value and uncertainty of a weighted mean of the scores."""
    kept = kept_scores(scores, cut, level)
    if not kept.size:
        return no_score(name, cut)
    weights = weights_of(kept.size)
    value = float(weights @ kept)
    squared = float(weights @ weights)
    if scale is not None:
        return _on_scale(name, kept, value, 1.0 / squared, cut, scale, level)
    spread = float(kept.std(ddof=1)) if kept.size > 1 else 0.0
    if kept.size == 1 or spread < check.SMALLEST:
        why = "One score" if kept.size == 1 else "Equal scores"
        note = f"{why}: no spread to give a standard error; pass scale=(low, high) for a Beta interval."
        return estimate(name, value, cut, n=kept.size, note=note)
    se = spread * math.sqrt(squared)
    df = kept.size - 1
    half, probability = student(value, se, df, cut, level)
    interval = Interval(low=value - half, high=value + half, level=level, method="Student t")
    return estimate(name, value, cut, n=kept.size, se=se, df=df, interval=interval, probability=probability)


def _on_scale(
    name: str,
    kept: Floats,
    value: float,
    effective: float,
    cut: float | None,
    scale: tuple[float, float],
    level: float,
) -> MasteryEstimate:
    """Beta posterior of the share of the scale, on the effective number of scores 1 / sum of squared weights."""
    from scipy.special import betainc, betaincinv

    low, high = check.pair("scale", scale)
    if low == high:
        raise UsageError(f"scale={scale!r} must be (low, high) with low below high.")
    if kept.min() < low or kept.max() > high:
        raise UsageError(f"scores run from {kept.min():g} to {kept.max():g}, outside scale={scale!r}.")
    at = (value - low) / (high - low)
    alpha, beta = 1.0 + effective * at, 1.0 + effective * (1.0 - at)
    tail = (1.0 - level) / 2.0
    ends = low + (high - low) * betaincinv(alpha, beta, np.array([tail, 1.0 - tail]))
    bottom, top = (low if at <= 0.0 else float(ends[0])), (high if at >= 1.0 else float(ends[1]))
    se = (high - low) * math.sqrt(alpha * beta / (alpha + beta + 1.0)) / (alpha + beta)
    chance = None if cut is None else 1.0 - float(betainc(alpha, beta, min(max((cut - low) / (high - low), 0.0), 1.0)))
    interval = Interval(low=bottom, high=top, level=level, method="Beta posterior, quasi-likelihood")
    note = f"Worth {effective:.2f} equally weighted scores."
    return estimate(name, value, cut, n=kept.size, se=se, interval=interval, probability=chance, note=note)


def student(value: float, se: float, df: float, cut: float | None, level: float) -> tuple[float, float | None]:
    """Half width of the t interval, and the t probability of lying at or above `cut`."""
    from scipy.special import stdtr, stdtrit

    half = se * float(stdtrit(df, 0.5 + level / 2.0))
    return half, None if cut is None else float(stdtr(df, (value - cut) / se))


def resampled(
    name: str,
    scores: npt.ArrayLike,
    statistic: Callable[[Floats], Floats],
    cut: float | None,
    level: float,
    seed: int,
    *,
    note: str = "",
) -> MasteryEstimate:
    """Value of `statistic` with its bootstrap standard error and percentile interval."""
    kept = kept_scores(scores, cut, level)
    if not kept.size:
        return no_score(name, cut)
    value = float(statistic(kept[None, :])[0])
    if kept.min() == kept.max():
        why = "One score" if kept.size == 1 else "Equal scores"
        return estimate(name, value, cut, n=kept.size, note=f"{note} {why}: no spread to resample.".strip())
    places = np.random.default_rng(seed).integers(0, kept.size, size=(_RESAMPLES, kept.size))
    draws = statistic(kept[np.sort(places, axis=1)])
    tail = (1.0 - level) / 2.0
    ends = np.quantile(draws, [tail, 1.0 - tail])
    interval = Interval(low=float(ends[0]), high=float(ends[1]), level=level, method="percentile bootstrap")
    chance = None if cut is None else float(np.mean(draws >= cut))
    se = float(draws.std(ddof=1))
    return estimate(name, value, cut, n=kept.size, se=se, interval=interval, probability=chance, note=note)
