"""Logistic regression by Firth's penalized likelihood, which has finite estimates where an outcome is separated.

Sources: Firth (1993, Biometrika 80:27-38); Heinze & Schemper (2002, Statistics in Medicine 21:2409-2419) for the tests
and intervals; Kosmidis & Firth (2021, Biometrika 108:71-82), that the estimates are finite.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import attrs
import numpy as np
import numpy.typing as npt

from blended_standard.compare.columns import as_columns, as_weights, require_full_rank, with_intercept
from blended_standard.compare.notes import Note
from blended_standard.compare.validity._models import binary, expit, logistic, orthonormal
from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.numeric.intervals import normal_quantile
from blended_standard.results import Estimate, Interval, Result, Row, array, result

_MOST_STEPS = 200
_MOST_HALVINGS = 40
_LONGEST = 5.0  # step of a fitted logit
_METHOD = "Firth's penalized likelihood"
_INTERVAL = "profile penalized likelihood"


@result
class FirthLogistic(Result):
    """Coefficients on the log-odds scale, with tests and intervals of the penalized likelihood.

    `chi_square` and `p_values` are of the penalized likelihood ratio test that a coefficient is 0, `low` and `high` the
    limits of the profile penalized likelihood; `model_chi_square` tests all coefficients but the intercept together.
    `se` is of Wald's kind, from the information without the penalty: in small samples read the interval instead.
    """

    title: ClassVar[str] = "Firth's logistic regression"
    names: tuple[str, ...]
    coefficients: npt.NDArray[np.float64] = array()
    se: npt.NDArray[np.float64] = array()
    low: npt.NDArray[np.float64] = array()
    high: npt.NDArray[np.float64] = array()
    chi_square: npt.NDArray[np.float64] = array()
    p_values: npt.NDArray[np.float64] = array()
    covariance: npt.NDArray[np.float64] = array()
    level: float
    model_chi_square: float
    model_df: int
    model_p_value: float
    log_likelihood: float
    n: float
    n_events: float
    method: str = _METHOD
    notes: tuple[Note, ...] = ()

    def rows(self) -> list[Row]:
        """Return one row a coefficient."""
        columns = (self.names, self.coefficients, self.se, self.chi_square, self.p_values, self.low, self.high)
        keys = ("name", "value", "se", "chi_square", "p_value", "ci_low", "ci_high")
        lines = zip(*(np.asarray(column).tolist() for column in columns), strict=True)
        return [dict(zip(keys, line, strict=True)) for line in lines]

    def coefficient(self, name: str) -> Estimate:
        """Return one coefficient as an estimate with its interval."""
        if name not in self.names:
            raise UsageError(f"{name!r} is not a coefficient; there are {', '.join(self.names)}.")
        i = self.names.index(name)
        return Estimate(
            name=name,
            value=float(self.coefficients[i]),
            se=float(self.se[i]),
            p_value=float(self.p_values[i]),
            interval=Interval(low=float(self.low[i]), high=float(self.high[i]), level=self.level, method=_INTERVAL),
            n=round(self.n),
            method=self.method,
        )


def firth_logistic(
    outcome: npt.ArrayLike,
    covariates: object,
    *,
    weights: npt.ArrayLike | None = None,
    names: Sequence[str] | None = None,
    level: float = 0.95,
) -> FirthLogistic:
    """Fit P(outcome | covariates) by logistic regression with Firth's penalty, for few events or a separated outcome.

    Parameters
    ----------
    outcome : array of 0/1 or bool, shape (n,)
        Both must occur.
    covariates : array of shape (n, p), mapping of named columns, or a frame
        Text columns become 0/1 columns. No missing values. An intercept is added.
    weights : array, shape (n,), optional
        Counts: how many cases a row stands for. Rows with weight 0 are left out.
    names : sequence of str, optional
        Names of the p columns of an array.
    level : float
        Confidence level of the intervals.

    Returns
    -------
    FirthLogistic
        A note says so where maximum likelihood has no finite estimate.

    Raises
    ------
    UsageError
        Values other than 0 and 1 in the outcome, missing values, or shapes that do not fit.
    NotEstimableError
        The outcome is the same for all, columns depend on one another (they are named), or a limit lies so far out that
        it cannot be computed (a high level for a handful of rows).

    Notes
    -----
    Maximizes l(b) + log det I(b) / 2, I the Fisher information; of a 2 x 2 table that adds 1/2 to each cell. In tests
    and profiles the penalty is that of the whole model, as in R logistf. Fitted probabilities lean to 1/2 when events
    are rare.

    Example
    -------
    >>> fit = firth_logistic([0, 0, 0, 1, 1, 1], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], names=["visits"])
    >>> visits = fit.coefficient("visits")
    >>> f"{visits.value:.3f} [{visits.interval.low:.3f}, {visits.interval.high:.3f}], p = {visits.p_value:.3f}"
    '1.129 [0.002, 6.070], p = 0.050'
    """
    from scipy.special import chdtrc

    y = binary(outcome, "outcome")
    design = with_intercept(as_columns(covariates, n=y.size, names=names))
    z, w = normal_quantile(level), as_weights(weights, n=y.size)
    x, y, w = design.matrix[w > 0], binary(y[w > 0], "outcome"), w[w > 0]
    require_full_rank(attrs.evolve(design, matrix=x))
    basis, back = orthonormal(x, design.names)
    model = _Penalized(basis=basis, y=y, w=w)
    top = model.maximize(basis, np.zeros(y.size), np.zeros(y.size))
    beta, covariance = back @ (basis.T @ top.eta), back @ np.linalg.inv(top.information) @ back.T
    se = np.sqrt(np.diag(covariance))
    profiles = [_Profile.of(model, x, j, top) for j in range(beta.size)]
    null = model.maximize(orthonormal(x[:, :1], ())[0], np.zeros(y.size), top.eta)
    chi_square = np.array([profile.drop(profile.at(0.0, top)) for profile in profiles])
    limits = [
        [profile.limit(float(at), side * z * float(error), z) for side in (-1, 1)]
        for profile, at, error in zip(profiles, beta, se, strict=True)
    ]
    whole = max(2 * (top.value - null.value), 0.0)
    return FirthLogistic(
        names=design.names,
        coefficients=beta,
        se=se,
        low=np.array(limits)[:, 0],
        high=np.array(limits)[:, 1],
        chi_square=chi_square,
        p_values=np.asarray(chdtrc(1, chi_square)),
        covariance=covariance,
        level=level,
        model_chi_square=whole,
        model_df=beta.size - 1,
        model_p_value=float(chdtrc(beta.size - 1, whole)),
        log_likelihood=top.value - float(np.linalg.slogdet(back)[1]),
        n=float(w.sum()),
        n_events=float(w @ y),
        notes=_separation(x, y, w),
    )


@attrs.frozen(kw_only=True)
class _Point:
    """The penalized log-likelihood at a linear predictor; `whitened` are the rows on which the information is 1."""

    eta: Floats
    mean: Floats
    information: Floats
    whitened: Floats
    value: float


@attrs.frozen(kw_only=True)
class _Penalized:
    """The penalized likelihood of a whole model; `basis` (n, p) is an orthonormal basis of its columns."""

    basis: Floats
    y: Floats
    w: Floats

    def at(self, eta: Floats) -> _Point | None:
        """Return the point, or None where the information is singular but for rounding."""
        mean = expit(eta)
        information = self.basis.T @ ((self.w * mean * (1 - mean))[:, None] * self.basis)
        values, vectors = np.linalg.eigh(information)
        if not values[0] > 1e-15 * values[-1]:
            return None
        value = float(self.w @ (self.y * eta - np.logaddexp(0.0, eta)) + np.log(values).sum() / 2)
        whitened = self.basis @ (vectors / np.sqrt(values))
        return _Point(eta=eta, mean=mean, information=information, whitened=whitened, value=value)

    def maximize(self, free: Floats, offset: Floats, near: Floats) -> _Point:
        """Return the maximum over `offset` plus the orthonormal columns `free`, from where these come near `near`."""
        point = self.at(offset + free @ (free.T @ (near - offset)))
        for _ in range(_MOST_STEPS):
            if point is None:
                break
            gradient, curvature = self._slopes(point, free)
            values, vectors = np.linalg.eigh(curvature)
            # Where the likelihood curves upward the way along it is taken all the same, uphill.
            least = max(1e-12 * float(np.abs(values).max()), check.SMALLEST)
            along = vectors.T @ gradient / np.maximum(np.abs(values), least)
            step = free @ (vectors @ along)
            gain = float(gradient @ vectors @ along)
            step *= min(1.0, _LONGEST / max(float(np.abs(step).max()), check.SMALLEST))
            before, point = point, self._uphill(point, step)
            # Far out the maximum may be flat: there it is reached once the likelihood rises no more.
            flat = gain <= 1e-8 and point.value - before.value <= 1e-14 * abs(point.value)
            if gain <= 1e-12 or flat:
                return point
        raise NotEstimableError(
            "The maximum of the penalized likelihood, or a limit of an interval, cannot be computed: the coefficients "
            "run too far for these rows. Take fewer covariates, or a lower level."
        )

    def _uphill(self, point: _Point, step: Floats) -> _Point:
        for _ in range(_MOST_HALVINGS):
            trial = self.at(point.eta + step)
            if trial is not None and trial.value >= point.value - 1e-14 * abs(point.value):
                return trial
            step = step / 2
        return point

    def _slopes(self, point: _Point, free: Floats) -> tuple[Floats, Floats]:
        """Return the score of Firth along `free`, and minus the second derivatives of the penalized likelihood."""
        spread, lean = point.mean * (1 - point.mean), 1 - 2 * point.mean
        weight = self.w * spread
        leverage = weight * (point.whitened**2).sum(axis=1)
        gradient = free.T @ (self.w * (self.y - point.mean) + leverage * lean / 2)
        curvature = free.T @ ((weight + leverage * (spread - lean**2 / 2))[:, None] * free)
        for column in point.whitened.T:
            part = free.T @ ((weight * lean * column)[:, None] * point.whitened)
            curvature += part @ part.T / 2
        return gradient, curvature


@attrs.frozen(kw_only=True)
class _Profile:
    """The penalized likelihood as a function of one coefficient, at its maximum over the others."""

    model: _Penalized
    column: Floats
    others: Floats
    top: _Point

    @classmethod
    def of(cls, model: _Penalized, x: Floats, j: int, top: _Point) -> _Profile:
        return cls(model=model, column=x[:, j], others=orthonormal(np.delete(x, j, axis=1), ())[0], top=top)

    def at(self, value: float, near: _Point) -> _Point:
        """Return the maximum over the other coefficients, sought from a point near it."""
        return self.model.maximize(self.others, value * self.column, near.eta)

    def drop(self, point: _Point) -> float:
        """Return twice the fall of the likelihood from its maximum."""
        return max(2 * (self.top.value - point.value), 0.0)

    def limit(self, estimate: float, reach: float, z: float) -> float:
        """Return where the likelihood has fallen by z^2 / 2, sought in steps of `reach`, each from the last."""
        from scipy.optimize import brentq

        near, far, last = estimate, estimate + reach, self.top
        while self.drop(found := self.at(far, last)) < z**2:
            near, far, last = far, far + reach, found

        def beyond(value: float) -> float:
            return float(np.sqrt(self.drop(self.at(value, last)))) - z

        return float(brentq(beyond, near, far, xtol=1e-11 * abs(reach), rtol=1e-12))


def _separation(x: Floats, y: Floats, w: Floats) -> tuple[Note, ...]:
    try:
        logistic(x, w * y, trials=w)
    except NotEstimableError:
        text = "The covariates separate the outcome: maximum likelihood has no finite estimate, and what bounds the "
        text += "coefficients that separate it is the penalty. Read their intervals and tests, not their size."
        return (Note(code="separation", text=text),)
    return ()
