"""Pointwise confidence bands and quantiles of step curves, on the scales that survival software names."""

from __future__ import annotations

from typing import Literal

import numpy as np

from blended_standard.numeric.arguments import Floats

IntervalMethod = Literal["log-log", "log", "plain", "logit", "arcsine"]
INTERVALS = ("log-log", "log", "plain", "logit", "arcsine")


def band(probability: Floats, se: Floats, z: float, method: str) -> tuple[Floats, Floats]:
    """Return the lower and upper limits of `probability`; at 0 and 1 the band has no width."""
    low, high = probability.copy(), probability.copy()
    inside = (probability > 0) & (probability < 1)
    p, s = probability[inside], se[inside]
    if method == "log-log":
        shift = z * s / (p * np.abs(np.log(p)))
        with np.errstate(over="ignore", under="ignore"):
            low[inside], high[inside] = p ** np.exp(shift), p ** np.exp(-shift)
    elif method == "log":
        with np.errstate(under="ignore"):
            low[inside], high[inside] = p * np.exp(-z * s / p), np.minimum(1.0, p * np.exp(np.minimum(z * s / p, 700)))
    elif method == "plain":
        low[inside], high[inside] = np.maximum(0.0, p - z * s), np.minimum(1.0, p + z * s)
    elif method == "logit":
        centre, shift = np.log(p) - np.log1p(-p), np.minimum(z * s / (p * (1 - p)), 700)
        low[inside], high[inside] = _expit(centre - shift), _expit(centre + shift)
    else:
        centre, shift = np.arcsin(np.sqrt(p)), 0.5 * z * s / np.sqrt(p * (1 - p))
        low[inside] = np.sin(np.maximum(0.0, centre - shift)) ** 2
        high[inside] = np.sin(np.minimum(np.pi / 2, centre + shift)) ** 2
    return low, high


def first_passage(time: Floats, curve: Floats, level: float) -> float | None:
    """Return the first time at which a falling `curve` is at or below `level`.

    Where the curve is flat at exactly `level`, the middle of the flat part, as R's `quantile.survfit` has it.
    """
    tolerance = 1.5e-8
    below = np.flatnonzero(curve < level + tolerance)
    if below.size == 0:
        return None
    first = int(below[0])
    if abs(curve[first] - level) < tolerance:
        later = np.flatnonzero(curve[first:] < level - tolerance)
        end = first + int(later[0]) if later.size else time.size - 1
        return float((time[first] + time[end]) / 2)
    return float(time[first])


def _expit(x: Floats) -> Floats:
    made: Floats = 1.0 / (1.0 + np.exp(-x))
    return made
