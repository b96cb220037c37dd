"""Does the model as a whole reproduce the margins of the data: M2 (C2 for polytomous items), RMSEA, SRMSR, TLI, CFI.

Source: Maydeu-Olivares and Joe (2006) for M2; Cai and Monroe (2014) for C2, which keeps category margins of single
items and product moments of pairs and equals M2 when all items are dichotomous.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Interval, Result, Row, result
from blended_standard.scoring.irt._kernels import scores
from blended_standard.scoring.irt._marginal import State, group_derivatives, log_prior
from blended_standard.scoring.irt._responses import Positions, row_weights
from blended_standard.scoring.irt.fits import IrtFit
from blended_standard.scoring.irt.items import ItemParameters, blocks, category_probability
from blended_standard.scoring.irt.scores import match_positions


@result
class ModelFit(Result):
    """Limited-information fit of one calibration.

    Attributes
    ----------
    statistic, df, p_value : float, int, float or None
        M2, or C2 with polytomous items; no p-value without degrees of freedom, and `reason` says so.
    rmsea : float or None, with `interval` (90 percent)
    srmsr : float
        Root mean square difference of observed and implied correlations.
    tli, cfi : float or None
        Against items that are independent of each other.
    n : float
        Learners who answered every item.
    """

    title = "Model fit"

    name: str
    statistic: float
    df: int
    p_value: float | None
    rmsea: float | None
    interval: Interval | None
    srmsr: float
    tli: float | None
    cfi: float | None
    n: float
    method: str
    reason: str | None = None

    def rows(self) -> list[Row]:
        """Return one row: the statistic and the indices."""
        row: Row = {self.name: self.statistic, "df": self.df, "p_value": self.p_value, "rmsea": self.rmsea}
        if self.interval is not None:
            row |= {"rmsea_low": self.interval.low, "rmsea_high": self.interval.high}
        return [row | {"srmsr": self.srmsr, "tli": self.tli, "cfi": self.cfi, "n": self.n}]


def model_fit(
    responses: npt.ArrayLike,
    fit: IrtFit,
    *,
    weights: npt.ArrayLike | None = None,
    item_ids: Sequence[str] | None = None,
) -> ModelFit:
    """Test a calibration of one group against the one- and two-way margins of its data.

    Parameters
    ----------
    responses : array-like, shape (learners, items)
        As given to `fit`; only learners who answered every item count.
    fit : IrtFit
        Of one group, without fixed items.
    weights : float array, shape (learners,), optional
        Frequencies of the rows.
    item_ids : strings, optional
        Names of the columns.

    Raises
    ------
    UsageError
        A fit of several groups, columns that are not its items.
    NotEstimableError
        Nobody answered every item.

    Notes
    -----
    Priors on parameters are not part of the reference distribution: with them the p-value is approximate.

    Examples
    --------
    >>> from blended_standard.scoring import irt
    >>> patterns = [[i >> (3 - j) & 1 for j in range(4)] for i in range(16)]
    >>> n = [30, 20, 15, 18, 20, 22, 18, 30, 22, 25, 20, 33, 28, 38, 40, 90]
    >>> irt.model_fit(patterns, irt.fit(patterns, "rasch", weights=n), weights=n).df
    5
    """
    if len(fit.groups) > 1 or any(estimate.fixed for estimate in fit.estimates):
        raise UsageError("fit has several groups or fixed items: pass a fit of one group with all items estimated.")
    items, positions = match_positions(responses, fit.items, item_ids, fit)
    if items.item_ids != fit.items.item_ids:
        raise UsageError("responses must hold all items of the fit, in its order.")
    frequency = row_weights(weights, len(positions))
    complete = np.all(positions >= 0, axis=1) & (frequency > 0)
    if not complete.any():
        raise NotEstimableError("No learner answered every item: M2 needs complete rows.")
    positions, frequency = positions[complete], frequency[complete]
    n = float(frequency.sum())
    sizes = [len(codes) for codes in items.categories]
    observed = _observed(positions, frequency / n, sizes)
    theta, weight, state = _ability(fit)
    p = category_probability(items, theta)
    implied, spread = _moments(p, weight, sizes)
    derivatives = _model_derivatives(items, fit, p, theta, weight, state, sizes)
    found = _quadratic(observed - implied, spread, derivatives, n)
    if found is None:
        raise NotEstimableError(
            "A margin of one or two items has no spread under the fitted model (a slope without a finite estimate, or "
            "an item that nearly all answer alike): M2 does not exist. Fit with slope_prior, or leave the item out."
        )
    null = _independence(observed, sizes, n)
    gap = _observed_correlations(positions, frequency) - _implied_correlations(p, weight, sizes)
    srmsr = float(np.sqrt(np.mean(gap**2)))
    return _report(*found, null, srmsr, n, all(size == 2 for size in sizes))


def _report(
    value: float, df: int, null: tuple[float, int] | None, srmsr: float, n: float, dichotomous: bool
) -> ModelFit:
    from scipy.special import chdtrc

    name = "m2" if dichotomous else "c2"
    method = "M2 (Maydeu-Olivares and Joe)" if dichotomous else "C2 (Cai and Monroe)"
    if df < 1:
        return ModelFit(
            name=name,
            statistic=value,
            df=df,
            p_value=None,
            rmsea=None,
            interval=None,
            srmsr=srmsr,
            tli=None,
            cfi=None,
            n=n,
            method=method,
            reason="the model has as many parameters as the margins: there is nothing left to test. Use more items.",
        )
    tli, cfi = _incremental(value, df, null)
    return ModelFit(
        name=name,
        statistic=value,
        df=df,
        p_value=float(chdtrc(df, value)),
        rmsea=_rmsea(max(value - df, 0.0), df, n),
        interval=_rmsea_interval(value, df, n),
        srmsr=srmsr,
        tli=tli,
        cfi=cfi,
        n=n,
        method=method,
    )


def _incremental(value: float, df: int, null: tuple[float, int] | None) -> tuple[float | None, float | None]:
    """Return TLI and CFI, None where independence fits as well as anything could."""
    if null is None or null[1] < 1:
        return None, None
    ratio = null[0] / null[1] - 1
    excess = max(null[0] - null[1], value - df, 0.0)
    tli = (null[0] / null[1] - value / df) / ratio if ratio > 0 else None
    return tli, 1 - max(value - df, 0.0) / excess if excess > 0 else None


def _rmsea(excess: float, df: int, n: float) -> float:
    return math.sqrt(excess / (df * max(n - 1, 1)))


def _rmsea_interval(value: float, df: int, n: float) -> Interval:
    """Return the 90 percent interval from the noncentral chi-square distribution."""
    from scipy.optimize import brentq
    from scipy.special import chndtr

    def bound(share: float) -> float:
        if chndtr(value, df, 0.0) <= share:
            return 0.0
        high = value + 10.0
        while chndtr(value, df, high) > share:
            high *= 2
        return float(brentq(lambda noncentral: float(chndtr(value, df, noncentral)) - share, 0.0, high))

    return Interval(
        low=_rmsea(bound(0.95), df, n), high=_rmsea(bound(0.05), df, n), level=0.9, method="noncentral chi-square"
    )


def _ability(fit: IrtFit) -> tuple[Floats, Floats, State]:
    count, low, high = fit.quadrature
    theta = np.linspace(low, high, count)
    group = fit.group()
    state = State((), np.array([group.mean]), np.array([group.variance]))
    return theta, np.exp(log_prior(theta, state))[0], state


def _pairs(count: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    return np.triu_indices(count, 1)


def _observed(positions: Positions, share: Floats, sizes: list[int]) -> Floats:
    """Return category margins of each item (lowest left out), then mean products of category positions."""
    single = [float(share[positions[:, j] == k].sum()) for j, size in enumerate(sizes) for k in range(1, size)]
    values = positions.astype(float)
    products = (values * share[:, None]).T @ values
    return np.concatenate([single, products[_pairs(len(sizes))]])


def _conditional(p: Floats, sizes: list[int]) -> tuple[list[tuple[int, int]], Floats, Floats, Floats]:
    """Return the (item, category) of each single margin, its curve, and mean and mean square of each item."""
    index = [(j, k) for j, size in enumerate(sizes) for k in range(1, size)]
    curves = np.array([p[:, j, k] for j, k in index])
    ranks = np.arange(p.shape[2])
    return index, curves, np.einsum("tjk,k->jt", p, ranks), np.einsum("tjk,k->jt", p, ranks**2)


def _moments(p: Floats, weight: Floats, sizes: list[int]) -> tuple[Floats, Floats]:
    """Return the implied margins and their covariance for one learner."""
    index, curves, mean, square = _conditional(p, sizes)
    first, second = _pairs(len(sizes))
    functions = np.vstack([curves, mean[first] * mean[second]])
    raw = (functions * weight) @ functions.T
    singles = len(index)
    for i in range(len(sizes)):
        own = [(a, k) for a, (j, k) in enumerate(index) if j == i]
        mine = np.flatnonzero((first == i) | (second == i))
        other = np.where(first[mine] == i, second[mine], first[mine])
        rest = mean[other]
        pair_cell = np.ix_(singles + mine, singles + mine)
        raw[pair_cell] = (rest * (weight * square[i])) @ rest.T
        for a, k in own:
            across = (k * curves[a] * weight) @ rest.T
            raw[a, singles + mine] = raw[singles + mine, a] = across
            for b, _ in own:
                raw[a, b] = float(weight @ curves[a]) if a == b else 0.0
    both = singles + np.arange(len(first))
    raw[both, both] = (square[first] * square[second]) @ weight
    implied = functions @ weight
    return implied, raw - np.outer(implied, implied)


def _model_derivatives(
    items: ItemParameters, fit: IrtFit, p: Floats, theta: Floats, weight: Floats, state: State, sizes: list[int]
) -> Floats:
    """Return d margins / d free parameters, shape (margins, parameters)."""
    index, curves, mean, _ = _conditional(p, sizes)
    first, second = _pairs(len(sizes))
    place = {key: a for a, key in enumerate(index)}
    free = set(fit.parameter_names)
    columns = []
    common = np.zeros(len(index) + len(first))
    for block in blocks(items):
        chance, s = scores(block.kind, block.parameters, theta, block.weights)
        for row, j in enumerate(block.places):
            steps = sizes[j] - 1
            labels = ["slope", *(f"intercept{k + 1}" for k in range(steps)), "logit_guessing"]
            for column in range(block.parameters.shape[1]):
                slope = chance[row] * s[row, :, column]
                made = np.zeros(len(index) + len(first))
                for k in range(1, sizes[j]):
                    made[place[int(j), k]] = weight @ slope[k]
                moved = np.arange(sizes[j]) @ slope
                mine = (first == j) | (second == j)
                other = np.where(first[mine] == j, second[mine], first[mine])
                made[len(index) :][mine] = mean[other] @ (weight * moved)
                if f"{items.item_ids[j]}.{labels[column]}" in free:
                    columns.append(made)
                elif column == 0:
                    common += made
    if "common.slope" in free:
        columns.append(common)
    slopes, _ = group_derivatives(theta, state)
    functions = np.vstack([curves, mean[first] * mean[second]])
    for number, label in enumerate(("mean", "variance")):
        if f"{fit.group().group}.{label}" in free:
            columns.append(functions @ (weight * slopes[0, number]))
    return np.array(columns).T


def _quadratic(gap: Floats, spread: Floats, derivatives: Floats, n: float) -> tuple[float, int] | None:
    """Return n e' C e with C orthogonal to the derivatives, and its rank; None where a margin has no spread."""
    scale = np.sqrt(np.maximum(np.diag(spread), 1e-300))
    rank = int(np.linalg.matrix_rank(derivatives / scale[:, None], tol=1e-10))
    full, _ = np.linalg.qr(derivatives / scale[:, None], mode="complete")
    rest = full[:, rank:]
    if not rest.shape[1]:
        return 0.0, 0
    inner = rest.T @ (spread / np.outer(scale, scale)) @ rest
    part = rest.T @ (gap / scale)
    if np.linalg.eigvalsh(inner)[0] < 1e-12:
        return None
    return float(n * part @ np.linalg.solve(inner, part)), rest.shape[1]


def _independence(observed: Floats, sizes: list[int], n: float) -> tuple[float, int] | None:
    """Return the statistic of items independent of each other, at their observed margins, or None as above."""
    most = max(sizes)
    p = np.zeros((1, len(sizes), most))
    start = 0
    for j, size in enumerate(sizes):
        p[0, j, 1:size] = observed[start : start + size - 1]
        p[0, j, 0] = 1 - p[0, j, 1:].sum()
        start += size - 1
    implied, spread = _moments(p, np.ones(1), sizes)
    index, _, mean, _ = _conditional(p, sizes)
    first, second = _pairs(len(sizes))
    made = np.zeros((len(implied), len(index)))
    for a, (j, k) in enumerate(index):
        made[a, a] = 1.0
        mine = (first == j) | (second == j)
        other = np.where(first[mine] == j, second[mine], first[mine])
        made[len(index) :, a][mine] = k * mean[other, 0]
    return _quadratic(observed - implied, spread, made, n)


def _observed_correlations(positions: Positions, frequency: Floats) -> Floats:
    values = positions.astype(float)
    centered = values - frequency @ values / frequency.sum()
    return _lower((centered * frequency[:, None]).T @ centered)


def _implied_correlations(p: Floats, weight: Floats, sizes: list[int]) -> Floats:
    _, _, mean, square = _conditional(p, sizes)
    first, second = _pairs(len(sizes))
    center = mean @ weight
    covariance = np.diag(square @ weight - center**2)
    covariance[first, second] = (mean[first] * mean[second]) @ weight - center[first] * center[second]
    covariance[second, first] = covariance[first, second]
    return _lower(covariance)


def _lower(covariance: Floats) -> Floats:
    spread = np.sqrt(np.maximum(np.diag(covariance), 1e-300))
    made: Floats = (covariance / np.outer(spread, spread))[_pairs(len(spread))]
    return made
