"""Log-rank tests of equal survival curves, weighted and stratified (Mantel 1966; Harrington and Fleming 1982)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from blended_standard.compare.survival._inputs import group_index
from blended_standard.compare.survival.curves import Steps, read_table
from blended_standard.compare.survival.tables import AtRiskTable, RiskSets
from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Estimate, Interval, Result, Row, array, result


@result
class LogRankTest(Result):
    """Observed and expected events a group, their covariance, and the chi-squared test of equal curves."""

    title: ClassVar[str] = "Log-rank test"
    groups: tuple[str, ...]
    chi2: float | None
    df: int
    p_value: float | None
    rho: float
    gamma: float
    strata: int
    n: tuple[float, ...]
    observed: tuple[float, ...]
    expected: tuple[float, ...]
    log_hazard_ratio: Estimate | None
    method: str
    reason: str | None = None
    covariance: npt.NDArray[np.float64] = array()

    @property
    def statistic(self) -> float | None:
        """The chi-squared statistic."""
        return self.chi2

    def rows(self) -> list[Row]:
        """Return one row a group, with the test beside."""
        columns = zip(self.groups, self.n, self.observed, self.expected, strict=True)
        test: Row = {"chi2": self.chi2, "df": self.df, "p_value": self.p_value}
        test |= {"reason": self.reason} if self.reason else {}
        return [
            {"group": group, "n": n, "observed": observed, "expected": expected, **test}
            for group, n, observed, expected in columns
        ]


def log_rank(
    times: npt.ArrayLike | None = None,
    events: npt.ArrayLike | None = None,
    groups: npt.ArrayLike | None = None,
    *,
    strata: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    entry: npt.ArrayLike | None = None,
    tables: AtRiskTable | Sequence[AtRiskTable] | None = None,
    rho: float = 0.0,
    gamma: float = 0.0,
) -> LogRankTest:
    """Test whether groups have the same survival curve.

    Parameters
    ----------
    times, events, weights, entry
        As in `kaplan_meier`; weights are counts.
    groups : array, shape (n,)
        Labels of two groups or more.
    strata : array, shape (n,), optional
        Labels; events are compared within a stratum only, and the comparisons added up.
    tables : AtRiskTable or sequence of AtRiskTable, optional
        Counts instead of records: one table, with the groups in it, or one a stratum.
    rho, gamma : float
        Weight S^rho (1-S)^gamma with the pooled curve just before each event: 0, 0 is the log-rank test, rho = 1
        Peto and Peto's (early differences count more), gamma = 1 late differences.

    Returns
    -------
    LogRankTest
        Also, for two groups without weights, the one-step log hazard ratio (O-E)/V of the second group.

    Raises
    ------
    UsageError
        No groups, or lengths that differ.
    NotEstimableError
        One group only.

    Notes
    -----
    Hypergeometric variance. When no event can tell the groups apart `chi2` is None and `reason` says so. Equal to R
    `survival::survdiff` 3.5-3.

    Examples
    --------
    >>> test = log_rank([6, 7, 10, 1, 2, 3], [1, 1, 0, 1, 1, 1], ["a", "a", "a", "b", "b", "b"])
    >>> test.df, round(test.chi2, 3)
    (1, 5.052)
    """
    layers = _layers(times, events, groups, strata, weights, entry, tables)
    labels = sorted({str(part.group) for layer in layers for part in layer.groups})
    if len(labels) < 2:
        raise NotEstimableError("There is one group: a comparison needs two. Pass groups with two labels or more.")
    size = len(labels)
    observed, expected, covariance, n = np.zeros(size), np.zeros(size), np.zeros((size, size)), np.zeros(size)
    for layer in layers:
        rows = [labels.index(str(part.group)) for part in layer.groups]
        n[rows] += [part.n for part in layer.groups]
        part_observed, part_expected, part_covariance = _one_stratum(layer, rho, gamma)
        observed[rows] += part_observed
        expected[rows] += part_expected
        covariance[np.ix_(rows, rows)] += part_covariance
    chi2, df, p_value, reason = chi_squared(observed - expected, covariance, expected > 0)
    return LogRankTest(
        groups=tuple(labels),
        chi2=chi2,
        df=df,
        p_value=p_value,
        rho=rho,
        gamma=gamma,
        strata=len(layers),
        n=tuple(n.tolist()),
        observed=tuple(observed.tolist()),
        expected=tuple(expected.tolist()),
        log_hazard_ratio=_one_step(labels, observed, expected, covariance) if size == 2 and rho == gamma == 0 else None,
        method=_method(rho, gamma, len(layers)),
        reason=reason,
        covariance=covariance,
    )


def _layers(
    times: npt.ArrayLike | None,
    events: npt.ArrayLike | None,
    groups: npt.ArrayLike | None,
    strata: npt.ArrayLike | None,
    weights: npt.ArrayLike | None,
    entry: npt.ArrayLike | None,
    tables: AtRiskTable | Sequence[AtRiskTable] | None,
) -> list[AtRiskTable]:
    if tables is not None:
        if times is not None or events is not None or strata is not None:
            raise UsageError("tables= was given together with records. Pass records or tables, not both.")
        made = [tables] if isinstance(tables, AtRiskTable) else list(tables)
        if not made:
            raise UsageError("tables is empty. Pass at least one at-risk table.")
        return made
    if times is None or events is None or groups is None:
        raise UsageError("Pass times, events and groups, or tables= with at-risk tables.")
    if strata is None:
        return [read_table(times, events, groups, weights, entry, None)]
    end = check.vector("times", times)
    index, labels = group_index(strata, end.size, "strata")
    happened, label = check.vector("events", np.asarray(events), size=end.size), np.asarray(groups)
    weight = None if weights is None else check.vector("weights", weights, size=end.size)
    start = None if entry is None else check.vector("entry", entry, size=end.size)
    if label.shape != (end.size,):
        raise UsageError(f"groups has shape {label.shape} and there are {end.size} records. Pass one label a record.")
    layers = [index == layer for layer in range(len(labels))]
    return [
        read_table(
            end[own],
            happened[own],
            label[own],
            None if weight is None else weight[own],
            None if start is None else start[own],
            None,
        )
        for own in layers
    ]


def _one_stratum(table: AtRiskTable, rho: float, gamma: float) -> tuple[Floats, Floats, Floats]:
    """Return weighted observed and expected events a group, and their covariance."""
    pooled = table.pooled().groups[0]
    steps = Steps(pooled, pooled.events.sum(axis=1))
    happened = steps.events > 0
    when, total, deaths = steps.time[happened], steps.at_risk[happened], steps.events[happened]
    before = np.concatenate([[1.0], steps.survival[:-1]])[happened] if steps.time.size else np.empty(0)
    weight = before**rho * (1 - before) ** gamma if gamma else before**rho
    risk, seen = np.zeros((len(table.groups), when.size)), np.zeros((len(table.groups), when.size))
    for row, part in enumerate(table.groups):
        risk[row], seen[row] = at_times(part, when)
    share = risk / total
    spread = np.divide(deaths * (total - deaths), total - 1, out=np.zeros_like(total), where=total > 1)
    scaled = share * (weight**2 * spread)
    covariance = np.diag(scaled.sum(axis=1)) - scaled @ share.T
    return (seen * weight).sum(axis=1), (share * (deaths * weight)).sum(axis=1), covariance


def at_times(part: RiskSets, when: Floats) -> tuple[Floats, Floats]:
    """Return those at risk and the events of a group at times `when`, which need not be rows of its table."""
    events = part.events.sum(axis=1)
    staying = part.at_risk[-1:] - events[-1:] - part.censored[-1:] + part.entered[-1:]
    place = np.searchsorted(part.time, when)
    # Just before a time between two rows, those at risk are those of the next row.
    risk: Floats = np.concatenate([part.at_risk, staying])[place]
    here = np.append(part.time, np.inf)[place] == when
    seen: Floats = np.where(here, np.append(events, 0.0)[place], 0.0)
    return risk, seen


def chi_squared(
    difference: Floats, covariance: Floats, used: npt.NDArray[np.bool_]
) -> tuple[float | None, int, float | None, str | None]:
    """Return the chi-squared test of the groups in use, or the reason why there is none."""
    from scipy.special import chdtrc

    keep = np.flatnonzero(used)
    df = max(int(keep.size) - 1, 0)
    if keep.size < 2:
        return None, df, None, "No event happened while two groups were at risk: there is nothing to compare."
    inner = keep[1:]
    block = covariance[np.ix_(inner, inner)]
    if np.linalg.matrix_rank(block) < inner.size:
        never = "the groups are never at risk together, or all who are have the event at one time"
        return None, df, None, f"The variance of the difference is 0: {never}."
    chi2 = float(difference[inner] @ np.linalg.solve(block, difference[inner]))
    return chi2, df, float(chdtrc(df, chi2)), None


def _one_step(labels: Sequence[str], observed: Floats, expected: Floats, covariance: Floats) -> Estimate:
    name = f"log hazard ratio, {labels[1]} v {labels[0]}"
    variance = float(covariance[1, 1])
    if variance <= 0:
        return Estimate(name=name, value=None, reason="No event happened while both groups were at risk.")
    value, se = float(observed[1] - expected[1]) / variance, variance**-0.5
    interval = Interval(low=value - 1.959963984540054 * se, high=value + 1.959963984540054 * se, method="normal")
    return Estimate(name=name, value=value, se=se, interval=interval, method="Peto one-step, (O-E)/V")


def _method(rho: float, gamma: float, strata: int) -> str:
    kind = "log-rank" if rho == gamma == 0 else f"weighted log-rank, rho={rho:g}, gamma={gamma:g}"
    return kind if strata == 1 else f"{kind}, stratified"
