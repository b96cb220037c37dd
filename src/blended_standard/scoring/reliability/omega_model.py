"""McDonald's omega from a Schmid-Leiman solution: total and hierarchical, total variance from observed correlations.

Sources: McDonald (1999); Zinbarg, Revelle, Yovel and Li (2005).
"""

from __future__ import annotations

import attrs
import numpy as np
import numpy.typing as npt

from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Estimate, Interval, Row, array, result
from blended_standard.scoring.reliability._factors import minimum_residuals, oblimin, schmid_leiman
from blended_standard.scoring.reliability._moments import complete_cases, correlations, moments
from blended_standard.scoring.reliability.internal import _lambda6


@result
class Omega(Estimate):
    """`value` is omega total; `hierarchical` the share that the general factor alone explains (None with one factor).

    `limit` is hierarchical over total. Standard errors and intervals are those of a bootstrap over persons.
    """

    total: float
    hierarchical: float | None
    hierarchical_se: float | None
    hierarchical_interval: Interval | None
    limit: float | None
    alpha: float
    lambda6: float | None
    n_factors: int
    note: str = ""
    general: npt.NDArray[np.float64] = array()
    group: npt.NDArray[np.float64] | None = array(default=None)
    uniqueness: npt.NDArray[np.float64] = array()
    group_hierarchical: npt.NDArray[np.float64] | None = array(default=None)

    def rows(self) -> list[Row]:
        """One row a coefficient."""
        listed = (
            ("omega total", self.value, self.se, self.interval),
            ("omega hierarchical", self.hierarchical, self.hierarchical_se, self.hierarchical_interval),
        )
        rows: list[Row] = [
            {
                "coefficient": name,
                "value": value,
                "se": se,
                "ci_low": interval.low if interval else None,
                "ci_high": interval.high if interval else None,
            }
            for name, value, se, interval in listed
        ]
        return [
            *rows,
            {"coefficient": "omega limit", "value": self.limit},
            {"coefficient": "alpha (standardized)", "value": self.alpha},
            {"coefficient": "lambda 6", "value": self.lambda6},
        ]


@attrs.frozen
class _Solution:
    general: Floats
    group: Floats | None
    uniqueness: Floats
    total: float
    hierarchical: float | None


def omega(
    scores: npt.ArrayLike | None = None,
    *,
    correlation: npt.ArrayLike | None = None,
    n: int | None = None,
    n_factors: int = 3,
    resamples: int = 0,
    level: float = 0.95,
    seed: int = 0,
) -> Omega:
    """Omega total and omega hierarchical.

    Parameters
    ----------
    scores : array-like, shape (persons, items), optional
        Item scores; persons with a missing score are dropped. Items are not reversed: recode them first.
    correlation : array-like, shape (items, items), optional
        A correlation table in place of scores; then there is no bootstrap, so no standard error.
    n : int, optional
        Number of persons behind `correlation`.
    n_factors : int
        Group factors. With 3 or more the general factor is identified; with 2 the two are held equally related to it
        (`note` says so); with 1 there is no hierarchical omega.
    resamples : int
        Bootstrap samples of persons, for standard errors and intervals (only with scores); 200 take seconds.
    level, seed
        Coverage and seed of the bootstrap.

    Returns
    -------
    Omega
        Coefficients, loadings of the Schmid-Leiman solution, and uniquenesses.

    Raises
    ------
    UsageError
        Both or neither of scores and correlation; a table that is not a correlation table.
    NotEstimableError
        Too few items for the factors, dependent items, or a sum score without variance.

    Notes
    -----
    Minimum residual extraction and oblimin rotation from the unrotated solution, as psych's `omega` by default. Two
    programs agree on the rotation to about 1e-3.

    Examples
    --------
    >>> table = [[1.0, 0.6, 0.5, 0.4], [0.6, 1.0, 0.5, 0.4], [0.5, 0.5, 1.0, 0.4], [0.4, 0.4, 0.4, 1.0]]
    >>> round(omega(correlation=table, n_factors=1).value, 3)
    0.782
    """
    check.whole("n_factors", n_factors, minimum=1)
    check.level(level)
    if (scores is None) == (correlation is None):
        raise UsageError("Pass either scores or correlation=, not both and not neither.")
    if scores is None:
        table, count = _correlation_table(correlation), n
    else:
        found = moments(scores, None)
        table, count = correlations(found.covariance), found.n
    solution = _solve(table, n_factors)
    draws = np.zeros((0, 2)) if scores is None else _bootstrap(scores, n_factors, resamples, seed)
    k = len(table)
    whole = float(table.sum())
    group = None if solution.group is None else _group_shares(table, solution.group)
    return Omega(
        name="omega total",
        value=solution.total,
        se=_spread(draws[:, 0]),
        interval=_quantiles(draws[:, 0], level),
        n=count,
        method="minres, oblimin, Schmid-Leiman" if n_factors > 1 else "minres, one factor",
        total=solution.total,
        hierarchical=solution.hierarchical,
        hierarchical_se=None if n_factors == 1 else _spread(draws[:, 1]),
        hierarchical_interval=None if n_factors == 1 else _quantiles(draws[:, 1], level),
        limit=None if solution.hierarchical is None else solution.hierarchical / solution.total,
        alpha=k / (k - 1.0) * (1.0 - k / whole),
        lambda6=_lambda6(table),
        n_factors=n_factors,
        note="Two group factors: held equally related to the general factor." if n_factors == 2 else "",
        general=solution.general,
        group=solution.group,
        uniqueness=solution.uniqueness,
        group_hierarchical=group,
    )


def _correlation_table(correlation: npt.ArrayLike | None) -> Floats:
    table = check.matrix("correlation", [] if correlation is None else correlation)
    square = table.shape[0] == table.shape[1]
    if not square or not np.allclose(table, table.T, atol=1e-8) or not np.allclose(np.diag(table), 1.0, atol=1e-8):
        raise UsageError(f"correlation must be a symmetric table with 1 on the diagonal; its shape is {table.shape}.")
    return table


def _solve(table: Floats, n_factors: int) -> _Solution:
    k, whole = len(table), float(table.sum())
    if k < 3 or n_factors > (k - 1) // 2 + (n_factors == 1):
        raise NotEstimableError(
            f"{k} items do not identify {n_factors} factor(s): have 3 items for one factor, over 2 a factor for more."
        )
    if np.linalg.eigvalsh(table)[0] < 1e-10:
        raise NotEstimableError("The items are linearly dependent (one is a sum of others); leave one of them out.")
    if whole <= 1e-10:
        raise NotEstimableError("The sum score has no variance: the items cancel each other out.")
    loadings = minimum_residuals(table, n_factors)
    if n_factors == 1:
        general, group, hierarchical = loadings[:, 0], None, None
        uniqueness = 1.0 - general**2
    else:
        general, group = schmid_leiman(*oblimin(loadings))
        uniqueness = 1.0 - general**2 - (group**2).sum(axis=1)
        hierarchical = float(general.sum()) ** 2 / whole
    return _Solution(general, group, uniqueness, 1.0 - float(uniqueness.sum()) / whole, hierarchical)


def _bootstrap(scores: npt.ArrayLike, n_factors: int, resamples: int, seed: int) -> Floats:
    """Omega total and hierarchical of samples of persons; samples that cannot be solved are left out."""
    check.whole("resamples", resamples, minimum=0)
    (table, whole), _ = complete_cases(scores, None)
    kept = table[whole]
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(resamples):
        try:
            sample = moments(kept[rng.integers(0, len(kept), len(kept))], None)
            solution = _solve(correlations(sample.covariance), n_factors)
        except NotEstimableError:
            continue
        found.append((solution.total, solution.hierarchical or 0.0))
    return np.array(found).reshape(-1, 2)


def _spread(draws: Floats) -> float | None:
    return float(draws.std(ddof=1)) if draws.size > 1 else None


def _quantiles(draws: Floats, level: float) -> Interval | None:
    if draws.size < 2:
        return None
    low, high = np.quantile(draws, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    return Interval(low=float(low), high=float(high), level=level, method="bootstrap over persons")


def _group_shares(table: Floats, group: Floats) -> Floats:
    """Share of the variance of each group of items (by largest loading) that its own factor explains."""
    owner = np.argmax(np.abs(group), axis=1)
    shares = np.zeros(group.shape[1])
    for factor in range(group.shape[1]):
        mine = np.flatnonzero(owner == factor)
        if mine.size:
            shares[factor] = float(group[mine, factor].sum()) ** 2 / float(table[np.ix_(mine, mine)].sum())
    return shares
