"""Gray's test of equal cumulative incidence (Gray 1988, Annals of Statistics 16:1141-1154)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import attrs
import numpy as np
import numpy.typing as npt

from blended_standard.compare.survival._inputs import group_index, read_records
from blended_standard.compare.survival.log_rank import at_times, chi_squared
from blended_standard.compare.survival.tables import AtRiskTable, tabulate
from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Result, array, result


@result
class GrayTestOfCause(Result):
    """Gray's test for one cause: scores of the groups, their covariance, and the chi-squared test."""

    cause: str
    chi2: float | None
    df: int
    p_value: float | None
    reason: str | None = None
    score: npt.NDArray[np.float64] = array()
    covariance: npt.NDArray[np.float64] = array()


@result
class GrayTest(Result):
    """Gray's tests, one a cause."""

    title: ClassVar[str] = "Gray's test of equal cumulative incidence"
    groups: tuple[str, ...]
    rho: float
    strata: int
    tests: tuple[GrayTestOfCause, ...]
    method: str = "Gray (1988), subdistribution hazards, K-1 degrees of freedom"

    def cause(self, cause: object) -> GrayTestOfCause:
        """Return the test for `cause`."""
        for test in self.tests:
            if test.cause == str(cause):
                return test
        raise UsageError(f"cause={cause!r} is not one of {', '.join(test.cause for test in self.tests)}.")

    def rows(self) -> list[dict[str, object]]:
        """Return one row a cause."""
        return [row for test in self.tests for row in test.rows()]


def gray_test(
    times: npt.ArrayLike | None = None,
    events: npt.ArrayLike | None = None,
    groups: npt.ArrayLike | None = None,
    *,
    strata: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    censored: int | str = 0,
    tables: AtRiskTable | Sequence[AtRiskTable] | None = None,
    rho: float = 0.0,
) -> GrayTest:
    """Test, for each kind of event, whether groups have the same cumulative incidence.

    Parameters
    ----------
    times : float array, shape (n,)
        Time from the start to the first event or to the end of observation. No missing values.
    events : array, shape (n,)
        The value `censored`, or the code of the event that came first.
    groups : array, shape (n,)
        Labels of two groups or more.
    strata : array, shape (n,), optional
        Labels; groups are compared within strata.
    weights : float array, shape (n,), optional
        Whole counts (a record stands for so many).
    censored : int or str
        The code that means that no event was seen.
    tables : AtRiskTable or sequence of AtRiskTable, optional
        Counts instead of records: one table, with the groups in it, or one a stratum.
    rho : float
        Power of 1 - F in the weight; 0 weights all times alike.

    Returns
    -------
    GrayTest
        `tests`, one a cause, with K-1 degrees of freedom.

    Raises
    ------
    NotEstimableError
        One group only, or no event at all.
    UsageError
        Lengths that differ; a table with delayed entry, or weights that are not whole, for which the test is not
        defined.

    Notes
    -----
    Compares hazards of the subdistribution: those who had a competing event stay in the risk set, discounted for
    censoring, as Y (1-F(t-))/S(t-). Equal to R `cmprsk::cuminc` 2.2-11.

    Examples
    --------
    >>> test = gray_test([1, 2, 3, 4, 1, 2, 5, 6], [1, 2, 1, 0, 1, 1, 1, 0], list("aaaabbbb"))
    >>> test.cause(1).df
    1
    """
    layers = _layers(times, events, groups, strata, weights, censored, tables)
    labels = sorted({str(part.group) for layer in layers for part in layer.groups})
    causes = tuple(sorted({cause for layer in layers for cause in layer.causes}))
    counts = [made for layer in layers for part in layer.groups for made in (part.events, part.at_risk)]
    if any((made != np.rint(made)).any() for made in counts):
        raise UsageError(
            "weights are not whole numbers: Gray's test counts people, and part of a person has no variance. Leave the "
            "weights out, or compare the curves of cumulative_incidence by their errors."
        )
    if len(labels) < 2:
        raise NotEstimableError("There is one group: a comparison needs two. Pass groups with two labels or more.")
    if not causes:
        raise NotEstimableError("Every record is censored: no event was seen, so that there is nothing to compare.")
    tests = []
    for cause in causes:
        score, covariance = np.zeros(len(labels)), np.zeros((len(labels), len(labels)))
        for layer in layers:
            if cause in layer.causes:
                part_score, part_covariance = _one_stratum(layer, layer.causes.index(cause), labels, rho)
                score += part_score
                covariance += part_covariance
        chi2, df, p_value, reason = chi_squared(score, covariance, np.ones(len(labels), dtype=bool))
        tests.append(
            GrayTestOfCause(
                cause=cause, chi2=chi2, df=df, p_value=p_value, reason=reason, score=score, covariance=covariance
            )
        )
    return GrayTest(groups=tuple(labels), rho=rho, strata=len(layers), tests=tuple(tests))


def _one_stratum(table: AtRiskTable, k: int, labels: Sequence[str], rho: float) -> tuple[Floats, Floats]:
    """Return the scores of the groups and their covariance, one row a label."""
    grid = _grid(table, k, labels)
    happened = _ratio(grid.own.sum(axis=0), grid.total)
    pooled = np.minimum(np.cumsum(happened), 1.0)
    before = np.concatenate([[0.0], pooled[:-1]])
    weight = (1 - before) ** rho
    subdistribution = grid.scaled * (1 - grid.incidence_before)
    share = _ratio(subdistribution, subdistribution.sum(axis=0))
    score = (weight * (grid.own - share * grid.own.sum(axis=0))).sum(axis=1)
    # a[i, j] at each time: how an increment of group j's incidence moves the score of group i.
    shared = _ratio(grid.scaled[:, None] * grid.scaled, grid.total)
    a = weight * (np.eye(len(labels))[:, :, None] * grid.scaled - shared)
    path = np.cumsum(a * _ratio(happened, 1 - before), axis=2)
    rest = path[:, :, -1:] - path
    ratio = np.divide(1 - pooled, grid.survival, out=np.zeros_like(grid.survival), where=grid.survival > 0)
    effect = a + rest * (1 - ratio)
    pooled_ties = _ties(grid.own.sum(axis=0), grid.total * grid.survival_before)
    unit = np.divide(
        pooled_ties * grid.survival_before * happened, grid.risk, out=np.zeros_like(grid.risk), where=grid.risk > 0
    )
    covariance = np.einsum("ikt,jkt,kt->ij", effect, effect, unit)
    other_effect = rest * ratio
    square = np.divide(grid.survival_before, grid.risk, out=np.zeros_like(grid.risk), where=grid.risk > 0) ** 2
    other_unit = _ties(grid.others, grid.risk) * square * grid.others
    covariance += np.einsum("ikt,jkt,kt->ij", other_effect, other_effect, other_unit)
    return score, covariance


@attrs.frozen(kw_only=True)
class _Grid:
    """What each group (row) has at each time (column) with an event of any cause in the stratum."""

    risk: Floats
    own: Floats
    others: Floats
    survival: Floats
    survival_before: Floats
    incidence_before: Floats
    scaled: Floats
    total: Floats


def _grid(table: AtRiskTable, k: int, labels: Sequence[str]) -> _Grid:
    when = np.unique(np.concatenate([part.time[part.events.sum(axis=1) > 0] for part in table.groups]))
    shape = (len(labels), when.size)
    risk, own, everything = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for part in table.groups:
        row = labels.index(str(part.group))
        risk[row], everything[row] = at_times(part, when)
        place = np.searchsorted(part.time, when)
        here = np.append(part.time, np.inf)[place] == when
        own[row] = np.where(here, np.append(part.events[:, k], 0.0)[place], 0.0)
    kept = np.divide(risk - everything, risk, out=np.ones(shape), where=risk > 0)
    survival = np.cumprod(kept, axis=1, dtype=np.float64)
    survival_before = np.column_stack([np.ones(len(labels)), survival[:, :-1]])
    steps = np.divide(survival_before * own, risk, out=np.zeros(shape), where=risk > 0)
    incidence = np.cumsum(steps, axis=1)
    scaled = np.divide(risk, survival_before, out=np.zeros(shape), where=survival_before > 0)
    return _Grid(
        risk=risk,
        own=own,
        others=everything - own,
        survival=survival,
        survival_before=survival_before,
        incidence_before=np.column_stack([np.zeros(len(labels)), incidence[:, :-1]]),
        scaled=scaled,
        total=scaled.sum(axis=0),
    )


def _ratio(above: Floats, below: Floats) -> Floats:
    """Divide, with 0 where nothing is at risk any more."""
    bottom = np.broadcast_to(below, above.shape)
    made: Floats = np.divide(above, bottom, out=np.zeros(above.shape), where=bottom > 1e-12)
    return made


def _ties(count: Floats, size: Floats) -> Floats:
    made: Floats = np.where(count > 1, 1 - (count - 1) / np.where(size > 1, size - 1, 1.0), 1.0)
    return made


def _layers(
    times: npt.ArrayLike | None,
    events: npt.ArrayLike | None,
    groups: npt.ArrayLike | None,
    strata: npt.ArrayLike | None,
    weights: npt.ArrayLike | None,
    censored: int | str,
    tables: AtRiskTable | Sequence[AtRiskTable] | None,
) -> list[AtRiskTable]:
    if tables is not None:
        made = [tables] if isinstance(tables, AtRiskTable) else list(tables)
        if any(part.entered.any() for layer in made for part in layer.groups):
            raise UsageError("tables hold delayed entries: Gray's test is not defined for them. Use log_rank.")
        return made
    if times is None or events is None or groups is None:
        raise UsageError("Pass times, events and groups, or tables= with at-risk tables.")
    records = read_records(times, events, groups=groups, weights=weights, censored=censored, competing=True)
    if strata is None:
        return [tabulate(records)]
    index, labels = group_index(strata, check.vector("times", times).size, "strata")
    if weights is not None:
        index = index[check.vector("weights", weights) > 0]
    layers = []
    for layer in range(len(labels)):
        own = index == layer
        present, group = np.unique(records.group[own], return_inverse=True)
        layers.append(
            tabulate(
                attrs.evolve(
                    records,
                    times=records.times[own],
                    cause=records.cause[own],
                    weights=records.weights[own],
                    group=group,
                    group_labels=tuple(records.group_labels[i] for i in present),
                )
            )
        )
    return layers
