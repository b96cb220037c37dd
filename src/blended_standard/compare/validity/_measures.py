"""Measures of accuracy with each record's influence on them, from which standard errors follow."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import numpy as np

from blended_standard.compare.validity._models import logistic
from blended_standard.compare.validity.discrimination import placements
from blended_standard.errors import NotEstimableError
from blended_standard.numeric.arguments import Floats

Influence = Callable[[Floats, Floats, Floats], "tuple[float, Floats] | None"]
_EDGE = 1e-12


@attrs.frozen(kw_only=True)
class Measure:
    """A measure: its value and influences from outcome, prediction and baseline; None where it does not exist."""

    name: str
    better: str
    influence: Influence
    reason: str


def _r2(y: Floats, p: Floats, baseline: Floats) -> tuple[float, Floats] | None:
    error, total = (y - p) ** 2, (y - baseline) ** 2
    scale = float(total.mean())
    if y.size < 3 or scale <= 0:
        return None
    share = float(error.mean()) / scale
    return 1 - share, -(error - share * total) / scale


def _rmse(y: Floats, p: Floats, _: Floats) -> tuple[float, Floats] | None:
    error = (y - p) ** 2
    value = float(error.mean()) ** 0.5
    return None if value == 0 else (value, (error - error.mean()) / (2 * value))


def _slope(y: Floats, p: Floats, _: Floats) -> tuple[float, Floats] | None:
    centred = p - p.mean()
    spread = float((centred**2).mean())
    if y.size < 3 or spread <= _EDGE * max(1.0, float((p**2).mean())):
        return None
    slope = float((centred * y).mean()) / spread
    return slope, centred * (y - y.mean() - slope * centred) / spread


def _auc(y: Floats, p: Floats, _: Floats) -> tuple[float, Floats] | None:
    if y.min() == y.max():
        return None
    made = placements(y, p)
    influence = np.empty(y.size)
    influence[y == 1] = (made.events - made.auc) * y.size / made.events.size
    influence[y == 0] = (made.others - made.auc) * y.size / made.others.size
    return made.auc, influence


def _brier(y: Floats, p: Floats, _: Floats) -> tuple[float, Floats] | None:
    loss = (y - p) ** 2
    return float(loss.mean()), loss - loss.mean()


def _log_score(y: Floats, p: Floats, _: Floats) -> tuple[float, Floats] | None:
    inside = np.clip(p, _EDGE, 1 - _EDGE)
    loss = -(y * np.log(inside) + (1 - y) * np.log1p(-inside))
    return float(loss.mean()), loss - loss.mean()


def _logit_coefficient(place: int) -> Influence:
    def influence(y: Floats, p: Floats, _: Floats) -> tuple[float, Floats] | None:
        inside = np.clip(p, _EDGE, 1 - _EDGE)
        logit = np.log(inside) - np.log1p(-inside)
        if y.min() == y.max() or np.ptp(logit) < 1e-9:
            return None
        x = np.column_stack([np.ones(y.size), logit])
        try:
            fit = logistic(x, y)
        except NotEstimableError:
            return None
        mean = 1 / (1 + np.exp(-(x @ fit.beta)))
        each = y.size * ((y - mean)[:, None] * x) @ fit.covariance
        return float(fit.beta[place]), each[:, place]

    return influence


MEASURES: dict[str, tuple[Measure, ...]] = {
    "continuous": (
        Measure(name="r2", better="higher", influence=_r2, reason="Too few records, or an outcome that does not vary."),
        Measure(name="rmse", better="lower", influence=_rmse, reason="Predictions are exact."),
        Measure(name="calibration_slope", better="1", influence=_slope, reason="Predictions do not vary."),
    ),
    "binary": (
        Measure(name="auc", better="higher", influence=_auc, reason="The outcome is the same for all here."),
        Measure(name="brier", better="lower", influence=_brier, reason="No record."),
        Measure(name="log_score", better="lower", influence=_log_score, reason="No record."),
        Measure(
            name="calibration_slope",
            better="1",
            influence=_logit_coefficient(1),
            reason="The outcome or the predictions do not vary here, or predictions separate the outcome.",
        ),
        Measure(
            name="calibration_intercept",
            better="0",
            influence=_logit_coefficient(0),
            reason="The outcome or the predictions do not vary here, or predictions separate the outcome.",
        ),
    ),
}
