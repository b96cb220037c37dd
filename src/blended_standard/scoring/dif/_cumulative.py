"""Cumulative (proportional-odds) logistic regression by Newton (McCullagh 1980); of two answers, the usual one."""

from __future__ import annotations

import attrs
import numpy as np
import numpy.typing as npt

from blended_standard.numeric.arguments import Floats

_MOST_STEPS = 60
_MOST_HALVINGS = 30
_LARGEST_LOGIT = 30.0  # beyond it answers are separated


@attrs.frozen(kw_only=True)
class CumulativeFit:
    """Intercepts (log odds of each answer above the lowest, or one higher), then slopes, with standard errors."""

    coefficients: Floats
    se: Floats
    log_likelihood: float


def cumulative_logit(columns: Floats, answers: npt.NDArray[np.intp], weights: Floats) -> CumulativeFit | None:
    """Fit answers 0, 1, ..., m, all of which occur, on columns without an intercept.

    None where the likelihood has no finite maximum.
    """
    shift = np.average(columns, axis=0, weights=weights)
    scale = np.sqrt(np.average((columns - shift) ** 2, axis=0, weights=weights))
    if np.any(scale < 1e-12):
        return None
    bounds = _Bounds.of((columns - shift) / scale, answers, weights)
    steps = int(answers.max())
    share = np.array([weights[answers >= step].sum() for step in range(1, steps + 1)]) / weights.sum()
    beta = np.concatenate([np.log(share / (1 - share)), np.zeros(columns.shape[1])])
    value = bounds.log_likelihood(beta)
    for _ in range(_MOST_STEPS):
        gradient, information = bounds.slopes(beta)
        if np.linalg.cond(information) > 1e13:
            return None
        step = np.linalg.solve(information, gradient)
        for _ in range(_MOST_HALVINGS):
            reached = bounds.log_likelihood(beta + step)
            if reached >= value - 1e-12 * (1 + abs(value)):
                break
            step = step / 2
        beta, gain, value = beta + step, reached - value, reached
        if bounds.largest_logit(beta) > _LARGEST_LOGIT:
            return None
        if abs(gain) < 1e-12 * (1 + abs(value)):
            back = np.eye(beta.size)
            back[steps:, steps:] /= scale
            back[:steps, steps:] = -shift / scale
            covariance = back @ np.linalg.inv(bounds.slopes(beta)[1]) @ back.T
            return CumulativeFit(coefficients=back @ beta, se=np.sqrt(np.diag(covariance)), log_likelihood=value)
    return None


@attrs.frozen(kw_only=True)
class _Bounds:
    """An answer lies between two cumulative logits: that of it or more, over that of more (none at either end)."""

    or_more: Floats
    more: Floats
    lowest: npt.NDArray[np.bool_]
    highest: npt.NDArray[np.bool_]
    weights: Floats

    @classmethod
    def of(cls, columns: Floats, answers: npt.NDArray[np.intp], weights: Floats) -> _Bounds:
        levels = np.arange(int(answers.max()) + 1)
        at, lowest, highest = answers[:, None] == levels, answers == 0, answers == levels[-1]
        return cls(
            or_more=np.hstack([at[:, 1:], columns * ~lowest[:, None]]),
            more=np.hstack([at[:, :-1], columns * ~highest[:, None]]),
            lowest=lowest,
            highest=highest,
            weights=weights,
        )

    def log_likelihood(self, beta: Floats) -> float:
        _, _, chance = self._chances(beta)
        return float(self.weights @ np.log(chance)) if (chance > 0).all() else -np.inf

    def largest_logit(self, beta: Floats) -> float:
        return float(max(np.abs(self.or_more @ beta).max(), np.abs(self.more @ beta).max()))

    def slopes(self, beta: Floats) -> tuple[Floats, Floats]:
        """Return the gradient, and minus the second derivatives."""
        or_more, more, chance = self._chances(beta)
        one, two = or_more * (1 - or_more) / chance, more * (1 - more) / chance
        gradient = self.or_more.T @ (self.weights * one) - self.more.T @ (self.weights * two)
        cross = self._product(self.or_more, one * two, self.more)
        information = self._product(self.or_more, one**2 - one * (1 - 2 * or_more), self.or_more)
        information += self._product(self.more, two**2 + two * (1 - 2 * more), self.more)
        return gradient, information - cross - cross.T

    def _product(self, left: Floats, middle: Floats, right: Floats) -> Floats:
        return np.asarray(left.T @ ((self.weights * middle)[:, None] * right), dtype=np.float64)

    def _chances(self, beta: Floats) -> tuple[Floats, Floats, Floats]:
        from scipy.special import expit

        upper = np.where(self.lowest, np.inf, self.or_more @ beta)
        lower = np.where(self.highest, -np.inf, self.more @ beta)
        # The difference of the two, without cancellation.
        return expit(upper), expit(lower), expit(upper) * expit(-lower) * -np.expm1(lower - upper)
