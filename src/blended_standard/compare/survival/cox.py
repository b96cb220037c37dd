"""Proportional hazards regression (Cox 1972), ties by Efron or Breslow, with strata and delayed entry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import attrs
import numpy as np
import numpy.typing as npt

from blended_standard.compare.survival._inputs import Ints, read_records
from blended_standard.compare.validity._models import columns, flattest
from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.numeric.intervals import normal_quantile
from blended_standard.results import Estimate, Interval, Result, Row, array, result

_MOST_STEPS = 50


@result
class ProportionalHazards(Result):
    """Log hazard ratios, the tests that all are 0, and the log partial likelihood."""

    title: ClassVar[str] = "Proportional hazards regression"
    ties: str
    n: int
    n_events: int
    strata: int
    coefficients: tuple[Estimate, ...]
    log_likelihood: float
    null_log_likelihood: float
    likelihood_ratio: float
    wald: float
    score: float
    df: int
    p_value: float
    covariance: npt.NDArray[np.float64] = array()

    def hazard_ratio(self, name: str | None = None) -> Estimate:
        """Return the hazard ratio of a covariate (without a name, the first), its error by the delta method."""
        known = {item.name: item for item in self.coefficients}
        item = self.coefficients[0] if name is None else known.get(name)
        if item is None:
            raise UsageError(f"name={name!r} is not one of {', '.join(known)}.")
        value, se, interval = item.value or 0.0, item.se or 0.0, item.interval
        ratio = _exp(value)
        return Estimate(
            name=f"hazard ratio, {item.name}",
            value=ratio,
            se=ratio * se,
            interval=None
            if interval is None
            else Interval(
                low=_exp(interval.low),
                high=_exp(interval.high),
                level=interval.level,
                method="exponential of the interval of the log",
            ),
            p_value=item.p_value,
            n=item.n,
            method=item.method,
        )

    def rows(self) -> list[Row]:
        """Return one row a coefficient, with the hazard ratio."""
        return [{**item.rows()[0], "hazard_ratio": self.hazard_ratio(item.name).value} for item in self.coefficients]


def proportional_hazards(
    times: npt.ArrayLike,
    events: npt.ArrayLike,
    *,
    covariates: npt.ArrayLike,
    covariate_names: Sequence[str] | None = None,
    strata: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    entry: npt.ArrayLike | None = None,
    ties: Literal["efron", "breslow"] = "efron",
    level: float = 0.95,
) -> ProportionalHazards:
    """Regress the hazard of an event on covariates.

    Parameters
    ----------
    times, events, weights, entry
        As in `kaplan_meier`; weights are counts or case weights.
    covariates : float array, shape (n,) or (n, p)
        Categories as 0/1 columns.
    covariate_names : sequence of str, optional
    strata : array, shape (n,), optional
        Labels of strata, each with a baseline hazard of its own.
    ties : {"efron", "breslow"}
        Approximation for events at one time.
    level : float
        Confidence level.

    Returns
    -------
    ProportionalHazards
        Log hazard ratios with model-based standard errors, likelihood-ratio, Wald and score tests.

    Raises
    ------
    NotEstimableError
        No event, or a covariate without a finite coefficient.

    Notes
    -----
    Equal to R `survival::coxph` 3.5-3. Standard errors assume independent records and proportional hazards.

    Examples
    --------
    >>> fit = proportional_hazards([4, 3, 1, 1, 2, 2, 3], [1, 1, 1, 0, 1, 1, 0], covariates=[0, 2, 1, 1, 1, 0, 0])
    >>> round(fit.coefficients[0].value, 4), round(fit.coefficients[0].se, 4)
    (0.4608, 0.5628)
    """
    z = normal_quantile(level)
    check.one_of("ties", ties, ("efron", "breslow"))
    records = read_records(times, events, groups=strata, weights=weights, entry=entry)
    size = np.asarray(times).size
    x = columns(covariates, "covariates", size)
    for column in x.T:
        check.visible("covariates", column)
    if weights is not None:
        x = x[np.asarray(weights, dtype=np.float64) > 0]
    names = tuple(covariate_names) if covariate_names else tuple(f"covariate {i + 1}" for i in range(x.shape[1]))
    if len(names) != x.shape[1] or not names:
        raise UsageError(f"covariate_names has {len(names)} names and there are {x.shape[1]} covariates.")
    if not (records.cause >= 0).any():
        raise NotEstimableError("No event was seen: hazards cannot be compared.")
    layers = []
    for number in range(len(records.group_labels)):
        own = records.group == number
        layers.append(
            _layer(
                x[own] - x.mean(axis=0),
                records.times[own],
                records.cause[own] >= 0,
                None if records.entry is None else records.entry[own],
                records.weights[own],
                efron=ties == "efron",
            )
        )
    beta, at_null, at_best = _newton(layers, names)
    covariance = np.asarray(np.linalg.inv(at_best.information), dtype=np.float64)
    return _report(records.times.size, int((records.cause >= 0).sum()), len(layers), names, beta, covariance,
                   at_null, at_best, ties, z, level)  # fmt: skip


@attrs.frozen(kw_only=True)
class _Point:
    value: float
    gradient: Floats
    information: Floats


@attrs.frozen(kw_only=True)
class _Layer:
    """One stratum: for each event (row), where its risk set and its ties are in running sums."""

    x: Floats
    weights: Floats
    by_end: Ints
    by_entry: Ints | None
    event: Ints
    first_end: Ints
    first_entry: Ints | None
    tie_start: Ints
    tie_stop: Ints
    tied: Ints
    share: Floats
    event_weight: Floats

    def at(self, beta: Floats) -> _Point:
        """Return the log partial likelihood at `beta`, its gradient and its information."""
        eta = self.x @ beta
        top = float(eta.max()) if eta.size else 0.0
        risk = self.weights * np.exp(eta - top)
        p = self.x.shape[1]
        products = np.einsum("ij,ik->ijk", self.x, self.x).reshape(-1, p * p)
        columns_ = risk[:, None] * np.column_stack([np.ones(risk.size), self.x, products])
        sums = self._from(columns_[self.by_end], self.first_end)
        if self.by_entry is not None and self.first_entry is not None:
            sums = sums - self._from(columns_[self.by_entry], self.first_entry)
        running = np.vstack([np.zeros((1, columns_.shape[1])), np.cumsum(columns_[self.tied], axis=0)])
        sums = sums - self.share[:, None] * (running[self.tie_stop] - running[self.tie_start])
        s0, s1, s2 = sums[:, 0], sums[:, 1 : p + 1], sums[:, p + 1 :].reshape(-1, p, p)
        mean = s1 / s0[:, None]
        w = self.event_weight
        own = self.weights[self.event]
        value = float(own @ eta[self.event] - w @ (np.log(s0) + top))
        gradient: Floats = own @ self.x[self.event] - w @ mean
        second = np.einsum("i,ijk->jk", w, s2 / s0[:, None, None]) - np.einsum("i,ij,ik->jk", w, mean, mean)
        return _Point(value=value, gradient=gradient, information=second)

    @staticmethod
    def _from(ordered: Floats, first: Ints) -> Floats:
        """Sum the rows of `ordered` from `first` on."""
        tail = np.vstack([np.cumsum(ordered[::-1], axis=0)[::-1], np.zeros((1, ordered.shape[1]))])
        made: Floats = tail[first]
        return made


def _layer(
    x: Floats,
    times: Floats,
    happened: npt.NDArray[np.bool_],
    entry: Floats | None,
    weights: Floats,
    *,
    efron: bool,
) -> _Layer:
    by_end = np.argsort(times, kind="stable")
    tied = np.flatnonzero(happened)
    tied = tied[np.argsort(times[tied], kind="stable")]
    when = times[tied]
    start, stop = np.searchsorted(when, when, side="left"), np.searchsorted(when, when, side="right")
    by_entry = None if entry is None else np.argsort(entry, kind="stable")
    size = stop - start
    share = (np.arange(tied.size) - start) / np.maximum(size, 1) if efron else np.zeros(tied.size)
    cumulative = np.concatenate([[0.0], np.cumsum(weights[tied])])
    return _Layer(
        x=x,
        weights=weights,
        by_end=by_end,
        by_entry=by_entry,
        event=tied,
        first_end=np.searchsorted(times[by_end], when, side="left"),
        # In the interval (entry, time]: those who enter at the event's time are not yet at risk.
        first_entry=None if entry is None or by_entry is None else np.searchsorted(entry[by_entry], when, side="left"),
        tie_start=start,
        tie_stop=stop,
        tied=tied,
        share=share,
        event_weight=(cumulative[stop] - cumulative[start]) / size if tied.size else np.zeros(0),
    )


def _total(layers: Sequence[_Layer], beta: Floats) -> _Point:
    points = [layer.at(beta) for layer in layers if layer.event.size]
    return _Point(
        value=sum(point.value for point in points),
        gradient=np.sum([point.gradient for point in points], axis=0),
        information=np.sum([point.information for point in points], axis=0),
    )


def _newton(layers: Sequence[_Layer], names: Sequence[str]) -> tuple[Floats, _Point, _Point]:
    beta = np.zeros(len(names))
    at_null = point = _total(layers, beta)
    scale = np.sqrt(np.maximum(np.diag(at_null.information), 0.0))
    for _ in range(_MOST_STEPS):
        now = np.sqrt(np.maximum(np.diag(point.information), 0.0))
        if (now <= 1e-5 * scale).any() or _singular(point.information, now):
            raise _separated(point, at_null, names)
        step = np.linalg.solve(point.information, point.gradient)
        for _ in range(30):
            moved = _total(layers, beta + step)
            if moved.value >= point.value - 1e-12 * abs(point.value):
                break
            step = step / 2
        beta, point = beta + step, moved
        if np.abs(step * now).max() <= 1e-11:
            return beta, at_null, point
    raise _separated(point, at_null, names)


def _separated(point: _Point, at_null: _Point, names: Sequence[str]) -> NotEstimableError:
    return NotEstimableError(
        f"Covariate {flattest(point.information, at_null.information, names)} separates those with the event (one of "
        "its values has none), is constant among those at risk, or repeats another: its coefficient has no finite "
        "estimate. Leave it out, or join categories."
    )


def _singular(information: Floats, scale: Floats) -> bool:
    return bool((scale == 0).any() or np.linalg.cond(information / np.outer(scale, scale)) > 1e12)


def _exp(value: float) -> float:
    """Return the exponential, kept within what a float can hold."""
    return float(np.exp(min(value, 700.0)))


def _report(
    n: int,
    n_events: int,
    strata: int,
    names: Sequence[str],
    beta: Floats,
    covariance: Floats,
    at_null: _Point,
    at_best: _Point,
    ties: str,
    z: float,
    level: float,
) -> ProportionalHazards:
    from scipy.special import chdtrc, ndtr

    estimates = []
    for name, value, variance in zip(names, beta.tolist(), np.diag(covariance).tolist(), strict=True):
        se = variance**0.5
        estimates.append(
            Estimate(
                name=name,
                value=value,
                se=se,
                interval=Interval(low=value - z * se, high=value + z * se, level=level, method="Wald"),
                p_value=float(2 * ndtr(-abs(value / se))),
                n=n,
                method=f"log hazard ratio, {ties}",
            )
        )
    ratio = max(0.0, 2 * (at_best.value - at_null.value))
    return ProportionalHazards(
        ties=ties,
        n=n,
        n_events=n_events,
        strata=strata,
        coefficients=tuple(estimates),
        log_likelihood=at_best.value,
        null_log_likelihood=at_null.value,
        likelihood_ratio=ratio,
        wald=float(beta @ np.linalg.solve(covariance, beta)),
        score=float(at_null.gradient @ np.linalg.solve(at_null.information, at_null.gradient)),
        df=len(names),
        p_value=float(chdtrc(len(names), ratio)),
        covariance=covariance,
    )
