"""Bootstrap of a contrast of two arms from sums, so that ten thousand resamples of a million rows take seconds.

Nothing the size of the data is resampled: clusters enter as their sums, rows as counts of equal or near values.
Sources: Efron & Tibshirani (1993); Davison & Hinkley (1997), chapter 3 for clusters.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from blended_standard.compare.cluster_robust import FEW_CLUSTERS
from blended_standard.compare.columns import Booleans, as_codes, as_treatment, as_vector, as_weights
from blended_standard.compare.notes import Note
from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Interval, Result, array, result

_STATISTICS = ("difference", "ratio", "standardized")
_INTERVALS = ("percentile", "basic", "normal")
_CELLS = 256
_CHUNK = 4_000_000


@result
class BootstrapContrast(Result):
    """A contrast of two arms with its bootstrap standard error and interval."""

    title = "Bootstrap contrast"
    name: str
    value: float
    se: float
    bias: float
    interval: Interval
    draws: int
    draws_without_an_arm: int
    seed: int
    n: int
    n_clusters: int | None
    method: str
    replicates: npt.NDArray[np.float64] = array()
    notes: tuple[Note, ...] = ()


def bootstrap_contrast(
    outcome: npt.ArrayLike,
    treatment: npt.ArrayLike,
    *,
    clusters: object | None = None,
    weights: npt.ArrayLike | None = None,
    statistic: str = "difference",
    draws: int = 10_000,
    seed: int = 20_260_101,
    level: float = 0.95,
    interval: str = "percentile",
) -> BootstrapContrast:
    """Bootstrap the contrast of the (weighted) mean outcome of two arms.

    With clusters, whole clusters are drawn: within arms when every cluster lies in one arm, otherwise all together.
    Without, rows are drawn within arms; rows of equal outcome and weight are drawn as one count. An arm with more than
    256 different rows is drawn as 256 cells of neighboring values: counts are exact, and the sum inside a cell is
    drawn from a normal with the cell's mean and variance, so that mean and variance of the resample stay exact.

    Parameters
    ----------
    outcome, treatment : arrays, shape (n,)
    clusters : array of labels, shape (n,), optional
    weights : array, shape (n,), optional
        Row-level bootstrap of a continuous outcome takes no weights; give clusters instead.
    statistic : {"difference", "ratio", "standardized"}
        Difference of means, ratio of means, or difference over the pooled SD (d).
    draws : int
        At least 100.
    seed : int
    level : float
    interval : {"percentile", "basic", "normal"}

    Raises
    ------
    NotEstimableError
        One cluster (in an arm), or a ratio or standardized contrast that does not exist.

    Example
    -------
    >>> found = bootstrap_contrast([1.0, 0, 1, 1, 0, 0, 1, 0], [1, 1, 1, 1, 0, 0, 0, 0], draws=2000)
    >>> found.value, 0.25 < found.se < 0.35
    (0.5, True)
    """
    treated = as_treatment(treatment)
    y = as_vector(outcome, name="outcome", n=treated.size)
    w = as_weights(weights, n=y.size)
    _check(statistic, interval, draws, level)
    if any(not w[arm].any() for arm in (treated, ~treated)):
        raise NotEstimableError("An arm has no positive weight, so there is no contrast.")
    center = float(np.average(y, weights=w)) if statistic != "ratio" else 0.0
    value = _contrast(_sums(y, treated, w, center)[None, :], statistic, center)[0]
    if not np.isfinite(value):
        raise NotEstimableError(f'The "{statistic}" contrast does not exist: its denominator is zero.')
    rng = np.random.default_rng(seed)
    if clusters is None:
        sums, how, m = _row_draws(y, treated, w, center, draws, rng), "rows within arms", None
    else:
        sums, how, m = _cluster_draws(y, treated, w, clusters, center, draws, rng)
    drawn = _contrast(sums, statistic, center)
    usable = drawn[np.isfinite(drawn)]
    lost = draws - usable.size
    if usable.size < draws / 2:
        raise NotEstimableError(f"{lost} of {draws} resamples have no contrast (an arm is absent): too few clusters.")
    se = float(usable.std(ddof=1))
    return BootstrapContrast(
        name=statistic,
        value=float(value),
        se=se,
        bias=float(usable.mean() - value),
        interval=_interval(float(value), usable, se, level, interval),
        draws=draws,
        draws_without_an_arm=lost,
        seed=seed,
        n=y.size,
        n_clusters=m,
        method=f"bootstrap of {how}, {interval} interval",
        replicates=usable,
        notes=_notes(m, lost, se),
    )


def _check(statistic: str, interval: str, draws: int, level: float) -> None:
    check.one_of("statistic", statistic, _STATISTICS)
    check.one_of("interval", interval, _INTERVALS)
    check.whole("draws", draws, minimum=100)
    check.level(level)


def _sums(y: Floats, treated: Booleans, w: Floats, center: float) -> Floats:
    """Return sum w, sum w y, sum w y^2 of the treated, then of the comparison arm, y centered."""
    parts = []
    for arm in (treated, ~treated):
        gap = y[arm] - center
        parts.extend([w[arm].sum(), w[arm] @ gap, w[arm] @ gap**2])
    return np.array(parts)


def _contrast(sums: Floats, statistic: str, center: float) -> Floats:
    """Return the statistic for each row of sums; NaN marks a resample in which it does not exist."""
    w1, s1, q1, w0, s0, q0 = sums.T
    there = (w1 > 0) & (w0 > 0)
    m1, m0 = s1 / np.where(there, w1, 1.0), s0 / np.where(there, w0, 1.0)
    if statistic == "difference":
        return np.where(there, m1 - m0, np.nan)
    if statistic == "ratio":
        there &= (m0 + center) != 0
        return np.where(there, (m1 + center) / np.where(there, m0 + center, 1.0), np.nan)
    spread = np.maximum(q1 - w1 * m1**2, 0.0) + np.maximum(q0 - w0 * m0**2, 0.0)
    there &= (spread > 0) & (w1 + w0 > 2)
    variance = np.where(there, spread, 1.0) / np.where(there, w1 + w0 - 2, 1.0)
    return np.where(there, (m1 - m0) / np.sqrt(variance), np.nan)


def _row_draws(y: Floats, treated: Booleans, w: Floats, center: float, draws: int, rng: np.random.Generator) -> Floats:
    return np.hstack([_arm_draws(y[arm] - center, w[arm], draws, rng) for arm in (treated, ~treated)])


def _arm_draws(y: Floats, w: Floats, draws: int, rng: np.random.Generator) -> Floats:
    """Return sum w, sum w y, sum w y^2 of each resample of one arm."""
    kinds, place = np.unique(np.column_stack([w, y]), axis=0, return_inverse=True) if _few(y, w) else (None, None)
    if kinds is not None and place is not None:
        counts = rng.multinomial(y.size, np.bincount(place.ravel()) / y.size, size=draws)
        return np.asarray(counts @ np.column_stack([kinds[:, 0], kinds.prod(axis=1), kinds[:, 0] * kinds[:, 1] ** 2]))
    if (w != w[0]).any():
        raise UsageError("weights with a continuous outcome need clusters=; rows are drawn with equal weights only.")
    ordered = np.sort(y)
    starts = np.unique(np.linspace(0, y.size, _CELLS, endpoint=False).astype(np.int64))
    size = np.diff(np.append(starts, y.size))
    mean = np.add.reduceat(ordered, starts) / size
    within = np.maximum(np.add.reduceat((ordered - np.repeat(mean, size)) ** 2, starts) / size, 0.0)
    counts = rng.multinomial(y.size, size / y.size, size=draws)
    total = counts @ mean + np.sqrt(counts @ within) * rng.standard_normal(draws)
    return np.column_stack([np.full(draws, w[0] * y.size), w[0] * total, w[0] * (counts @ (mean**2 + within))])


def _few(y: Floats, w: Floats) -> bool:
    """Say whether an arm has few enough different rows to be drawn as counts; a sample rules most arms out cheaply."""
    if np.unique(y[: 4 * _CELLS]).size > _CELLS:
        return False
    return np.unique(y).size * np.unique(w).size <= _CELLS or y.size <= _CELLS


def _cluster_draws(
    y: Floats, treated: Booleans, w: Floats, clusters: object, center: float, draws: int, rng: np.random.Generator
) -> tuple[Floats, str, int]:
    codes, labels = as_codes(clusters, name="clusters", n=y.size)
    m = len(labels)
    gap = y - center
    columns = [
        np.bincount(codes, weights=np.where(arm, value, 0.0), minlength=m)
        for arm in (treated, ~treated)
        for value in (w, w * gap, w * gap**2)
    ]
    table = np.asarray(np.column_stack(columns), dtype=np.float64)
    share = np.bincount(codes, weights=treated, minlength=m) / np.bincount(codes, minlength=m)
    if bool(((share == 0) | (share == 1)).all()):
        arms = [np.flatnonzero(share == 1), np.flatnonzero(share == 0)]
        if min(part.size for part in arms) < 2:
            raise NotEstimableError("An arm consists of one cluster: its variation between clusters cannot be seen.")
        drawn = sum((_resample(table[part], draws, rng) for part in arms), np.zeros((draws, table.shape[1])))
        return drawn, "clusters within arms", m
    if m < 2:
        raise NotEstimableError("All rows are in one cluster: variation between clusters cannot be seen.")
    return _resample(table, draws, rng), "clusters", m


def _resample(table: Floats, draws: int, rng: np.random.Generator) -> Floats:
    """Return the column sums of resamples of the rows of `table`, as counts times table, in pieces of bounded size."""
    m = table.shape[0]
    made = np.empty((draws, table.shape[1]))
    step = max(1, _CHUNK // m)
    for start in range(0, draws, step):
        size = min(step, draws - start)
        picks = rng.integers(0, m, size=(size, m)) + np.arange(size)[:, None] * m
        counts = np.bincount(picks.ravel(), minlength=size * m).reshape(size, m)
        made[start : start + size] = counts.astype(np.float64) @ table
    return made


def _interval(value: float, drawn: Floats, se: float, level: float, method: str) -> Interval:
    from scipy.special import ndtri

    low, high = (float(limit) for limit in np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2]))
    if method == "basic":
        low, high = 2 * value - high, 2 * value - low
    elif method == "normal":
        reach = float(ndtri((1 + level) / 2)) * se
        low, high = value - reach, value + reach
    return Interval(low=low, high=high, level=level, method=method)


def _notes(m: int | None, lost: int, se: float) -> tuple[Note, ...]:
    notes = []
    if se == 0.0:
        text = "Every resample has the same contrast: the outcome is tied within arms, and the interval says nothing."
        notes.append(Note(code="no-noise", text=text))
    if m is not None and m < FEW_CLUSTERS:
        text = f"{m} clusters are few for a bootstrap: its interval is too narrow; prefer least_squares(se='CR2')."
        notes.append(Note(code="few-clusters", text=text))
    if lost:
        notes.append(Note(code="lost-draws", text=f"{lost} resamples had no contrast and were left out."))
    return tuple(notes)
