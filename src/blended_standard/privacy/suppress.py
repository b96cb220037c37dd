"""Secondary suppression: which other cells to withhold so that no sensitive one can be worked out.

Exact where the tables are small (mixed-integer program, cutting planes), a heuristic where they are large, and always
audited: the result says which ran and whether the cost was proved to be least. Source: Fischetti and Salazar (2000).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.privacy._heuristic import Builder, NoMovement, Pattern
from blended_standard.privacy._linear import Movement
from blended_standard.privacy._optimal import Problem, Solution, size_of, solve_by_cuts, solve_whole
from blended_standard.privacy.audit import AuditReport, audit, known_bounds, primary_for
from blended_standard.privacy.cells import CellSystem, Key
from blended_standard.privacy.policy import Policy
from blended_standard.privacy.primary import PrimarySuppression, SuppressedValue
from blended_standard.results import Result, Row, array, result

_Mask = npt.NDArray[np.bool_]
Method = Literal["auto", "exact", "cuts", "heuristic"]

_WHOLE = 30_000
_CUTS = 200_000
_REPAIRS = 20


class NoSafePatternError(NotEstimableError):
    """No pattern protects a cell, even with everything hidden that may be; the message names the relation."""


@result
class ReleasedCell(Result):
    """One cell as it is published: a value, or a withheld one without any number."""

    cell: Key
    value: float | None
    text: str


@result
class ReleasedTables(Result):
    """Tables that passed their audit, as they may be published. Withheld cells carry no number."""

    dimensions: tuple[str, ...]
    cells: tuple[ReleasedCell, ...]

    def rows(self) -> list[Row]:
        """Return one row a published cell: its codes, its value or None, and the text to print."""
        return [
            dict(zip(self.dimensions, each.cell, strict=True)) | {"value": each.value, "text": each.text}
            for each in self.cells
        ]


@result
class Suppression(Result):
    """A pattern of withheld cells that passed its audit. For the releasing office.

    `cost` is the sum of the weights of all withheld cells, `lower_bound` what was proved to be unavoidable. `method`
    says what found the pattern: "exact" (one mixed-integer program), "cuts" (cutting planes) or "heuristic".
    """

    hidden: npt.NDArray[np.bool_] = array()
    primary: npt.NDArray[np.bool_] = array()
    cost: float
    lower_bound: float | None
    proved_optimal: bool
    method: str
    cells: int
    withheld: int
    withheld_primary: int
    audit: AuditReport

    def rows(self) -> list[Row]:
        """Return one row: how much was withheld, at what cost, how, and the verdict."""
        return [
            {
                "cells": self.cells,
                "withheld": self.withheld,
                "primary": self.withheld_primary,
                "cost": self.cost,
                "proved_optimal": self.proved_optimal,
                "method": self.method,
                "audit": "passed" if self.audit.ok else "failed",
            }
        ]


def suppress(
    system: CellSystem,
    *,
    policy: Policy | None = None,
    primary: PrimarySuppression | None = None,
    weights: Literal["mass", "cells", "log"] | npt.ArrayLike = "mass",
    must_show: npt.ArrayLike | None = None,
    method: Method = "auto",
    time_limit: float = 60.0,
    contributors: npt.ArrayLike | None = None,
    low: npt.ArrayLike | None = None,
    high: npt.ArrayLike | None = None,
    counts: bool = True,
    scope: str = "alone",
) -> Suppression:
    """Choose the cells to withhold so that the tables pass their audit, at the least cost that can be found.

    Parameters
    ----------
    system : CellSystem
        Everything that is released together, and what was released before: `build_tables`, `link`.
    policy : Policy, optional
        Default: `Policy()`. Its `complementary` decides between exact and heuristic when `method` is "auto".
    primary : PrimarySuppression, optional
        The sensitive cells and what each needs. Default: counts under the policy.
    weights : {"mass", "cells", "log"} or float array, shape (cells,)
        Cost of withholding a cell: its value, 1, log(1 + value), or your own, 0 or more.
    must_show : bool array, shape (cells,), optional
        Cells that have to be shown, such as totals or what an earlier release showed.
    method : {"auto", "exact", "cuts", "heuristic"}
        "auto": by size.
    time_limit : float
        Seconds for the exact methods. When it is over the best audited pattern comes back, not proved optimal; results
        that were proved within the limit do not depend on it.
    contributors, low, high, counts, scope
        As for `audit`.

    Returns
    -------
    Suppression

    Raises
    ------
    NoSafePatternError
        A cell can't be protected whatever is hidden; names the relation and what to join.
    UsageError
        Arguments outside what is accepted; a sensitive cell is among `must_show`.

    Examples
    --------
    >>> from blended_standard.privacy import build_tables, suppress
    >>> rows = {"site": ["A", "A", "B", "B"], "reached": ["yes", "no", "yes", "no"], "n": [4, 20, 15, 30]}
    >>> system = build_tables(rows, dimensions=["site", "reached"])
    >>> found = suppress(system)
    >>> found.withheld, found.cost, found.proved_optimal, found.audit.ok
    (4, 69.0, True, True)
    """
    policy = Policy() if policy is None else policy
    needs = primary_for(system, policy) if primary is None else primary
    problem = _problem(system, needs, weights, must_show, contributors, known_bounds(low, high, system))
    chosen = _method(method, policy, problem)
    seats = None if contributors is None else np.asarray(contributors, float)

    def judge(hidden: npt.NDArray[np.bool_], movements: Sequence[Movement] = ()) -> AuditReport:
        return audit(
            system,
            hidden,
            primary=needs,
            low=problem.low,
            high=problem.high,
            contributors=seats,
            counts=counts,
            scope=scope,
            movements=movements,
        )

    if not needs.hidden.any():
        nothing = Solution(hidden=problem.must_hide, proved=True, bound=0.0)
        return _suppression(problem, problem.must_hide, judge(problem.must_hide), "exact", nothing)
    pattern, report = _by_heuristic(problem, counts, judge)
    if chosen == "heuristic":
        return _suppression(problem, pattern, report, "heuristic", None)
    solve = solve_whole if chosen == "exact" else solve_by_cuts
    ceiling = float(problem.price() @ pattern)
    solution = solve(problem, ceiling=ceiling, time_limit=time_limit)
    if solution is None or solution.hidden is None:
        return _suppression(problem, pattern, report, "heuristic", solution)
    exact_report = judge(solution.hidden)
    if not exact_report.ok:
        return _suppression(problem, pattern, report, "heuristic", solution)
    return _suppression(problem, solution.hidden, exact_report, chosen, solution)


def release(system: CellSystem, suppression: Suppression) -> ReleasedTables:
    """Return the tables as they may be published.

    Raises
    ------
    UsageError
        The pattern did not pass its audit, or belongs to other tables.

    Examples
    --------
    >>> from blended_standard.privacy import build_tables, release, suppress
    >>> rows = {"site": ["A", "A", "B", "B"], "reached": ["yes", "no", "yes", "no"], "n": [4, 20, 15, 30]}
    >>> system = build_tables(rows, dimensions=["site", "reached"])
    >>> [row["text"] for row in release(system, suppress(system)).rows()][:3]
    ['withheld', 'withheld', '24']
    """
    if suppression.hidden.size != len(system):
        raise UsageError(f"suppression is for {suppression.hidden.size} cells; the system has {len(system)}.")
    if not suppression.audit.ok:
        raise UsageError(
            f"The pattern did not pass its audit: {len(suppression.audit.leaks)} leaks. Nothing is released."
        )
    withheld = SuppressedValue()
    made = []
    for i in np.flatnonzero(system.published):
        if suppression.hidden[i]:
            made.append(ReleasedCell(cell=system.keys[i], value=None, text=withheld.text))
        else:
            made.append(
                ReleasedCell(cell=system.keys[i], value=float(system.values[i]), text=_printed(system.values[i]))
            )
    return ReleasedTables(dimensions=system.dimensions, cells=tuple(made))


def _printed(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) else f"{value:,.6f}".rstrip("0")


def _problem(
    system: CellSystem,
    needs: PrimarySuppression,
    weights: object,
    must_show: npt.ArrayLike | None,
    contributors: npt.ArrayLike | None,
    known: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]],
) -> Problem:
    shown = np.zeros(len(system), bool) if must_show is None else np.asarray(must_show)
    if shown.dtype != bool or shown.shape != (len(system),):
        raise UsageError(f"must_show is not an array of {len(system)} booleans, one a cell.")
    blocked = np.flatnonzero(shown & needs.hidden)
    if blocked.size:
        key = "/".join(system.keys[blocked[0]])
        raise UsageError(f"must_show holds {key}, which is sensitive ({blocked.size} such cells). It can't be shown.")
    cost = _weights(system, weights)
    singles = np.zeros(len(system), bool) if contributors is None else np.asarray(contributors) == 1
    return Problem(
        system=system,
        matrix=system.matrix(),
        needs=needs,
        weights=np.where(system.published, cost, 0.0),
        may_hide=(~shown & (known[1] > known[0])) | needs.hidden | ~system.published,
        must_hide=needs.hidden | ~system.published,
        low=known[0],
        high=known[1],
        singles=singles,
    )


def _weights(system: CellSystem, weights: object) -> npt.NDArray[np.float64]:
    if isinstance(weights, str):
        named = {"mass": system.values, "cells": np.ones(len(system)), "log": np.log1p(system.values)}
        if weights not in named:
            raise UsageError(f"weights={weights!r} is not one of mass, cells, log, nor an array.")
        return named[weights].astype(float)
    cost = np.asarray(weights, float)
    if cost.shape != (len(system),) or not np.all(np.isfinite(cost)) or np.any(cost < 0):
        raise UsageError(f"weights is not an array of {len(system)} finite numbers of 0 or more, one a cell.")
    return cost


def _method(method: str, policy: Policy, problem: Problem) -> str:
    if method not in ("auto", "exact", "cuts", "heuristic"):
        raise UsageError(f"method={method!r} is not one of auto, exact, cuts, heuristic.")
    if method != "auto":
        return method
    if policy.complementary == "heuristic" or size_of(problem) > _CUTS:
        return "heuristic"
    return "exact" if size_of(problem) <= _WHOLE else "cuts"


def _by_heuristic(problem: Problem, counts: bool, judge: Callable[..., AuditReport]) -> tuple[_Mask, AuditReport]:
    """Protect the sensitive cells one by one, prune, audit, and hide more where the audit finds a leak."""
    builder = Builder(problem, counts=counts)
    order = _widest_first(problem)
    pattern = builder.start(problem.must_hide)
    try:
        builder.protect(pattern, order)
    except NoMovement as stuck:
        raise NoSafePatternError(_stuck(problem, stuck.cell)) from None
    builder.prune(pattern, problem.must_hide)
    try:
        builder.shields(pattern, problem.singles)
        report = judge(pattern.hidden, pattern.movements)
        for _ in range(_REPAIRS):
            if report.ok or not _repair(problem, builder, pattern, report):
                break
            report = judge(pattern.hidden, pattern.movements)
    except NoMovement as stuck:
        raise NoSafePatternError(_stuck(problem, stuck.cell)) from None
    if not report.ok:
        pattern.hidden |= problem.may_hide
        report = judge(pattern.hidden, pattern.movements)
    if not report.ok:
        raise NoSafePatternError(_stuck(problem, problem.system.position(report.leaks[0].cell)))
    return pattern.hidden, report


def _widest_first(problem: Problem) -> npt.NDArray[np.int64]:
    """Return the sensitive cells, totals before their parts, then those that need the longest movement."""
    sensitive = np.flatnonzero(problem.needs.hidden)
    system = problem.system
    totals = np.bincount(system.cell, system.coefficient < 0, len(system))[sensitive]
    reach = np.maximum(problem.needs.need_high - system.values, problem.needs.need_length)[sensitive]
    return sensitive[np.lexsort((sensitive, -reach, -totals))]


def _repair(problem: Problem, builder: Builder, pattern: Pattern, report: AuditReport) -> bool:
    """Hide more around each leaking cell; tell whether anything was left to hide."""
    rows, columns = problem.matrix.tocsr(), problem.matrix.tocsc()
    position = {key: i for i, key in enumerate(problem.system.keys)}
    before = int(pattern.hidden.sum())
    for leak in report.leaks:
        cell = position[leak.cell]
        if leak.seat is not None:
            builder.free_from(pattern, cell, position[leak.seat])
            continue
        for row in columns.indices[columns.indptr[cell] : columns.indptr[cell + 1]]:
            _hide_cheapest(problem, pattern, rows.indices[rows.indptr[row] : rows.indptr[row + 1]])
    return int(pattern.hidden.sum()) > before


def _hide_cheapest(problem: Problem, pattern: Pattern, members: npt.NDArray[np.int64]) -> None:
    left = members[problem.may_hide[members] & ~pattern.hidden[members]]
    if left.size:
        pattern.hidden[left[np.lexsort((left, problem.weights[left]))[0]]] = True


def _stuck(problem: Problem, cell: int) -> str:
    """Say which relation holds a cell fast, and what to join."""
    system = problem.system
    key = system.keys[cell]
    columns, rows = problem.matrix.tocsc(), problem.matrix.tocsr()
    tied = columns.indices[columns.indptr[cell] : columns.indptr[cell + 1]]
    movable = problem.may_hide & (problem.high > problem.low)
    room = {int(r): int(movable[rows.indices[rows.indptr[r] : rows.indptr[r + 1]]].sum()) for r in tied}
    if not room:
        return f"{'/'.join(key)} is tied to no other cell and can't reach what it needs. Withhold its bounds too."
    relation = min(room, key=lambda r: (room[r], r))
    members = rows.indices[rows.indptr[relation] : rows.indptr[relation + 1]]
    siblings = [int(each) for each in members if each != cell and problem.matrix[relation, each] > 0]
    nearest = min(siblings, key=lambda each: (system.values[each], each), default=None)
    joined = "" if nearest is None else f" Join {'/'.join(key)} with {'/'.join(system.keys[nearest])},"
    return (
        f"{'/'.join(key)} can't be protected, whatever is withheld. It is held by the relation "
        f"{system.describe(relation)}.{joined} or let one of its cells be withheld."
    )


def _suppression(
    problem: Problem, hidden: _Mask, report: AuditReport, method: str, solution: Solution | None
) -> Suppression:
    published = problem.system.published
    cost = round(float(problem.weights[hidden].sum()), 9)
    proved = solution is not None and solution.proved and method != "heuristic"
    bound = cost if proved else solution.bound if solution is not None else None
    return Suppression(
        hidden=hidden | ~published,
        primary=problem.needs.hidden,
        cost=cost,
        lower_bound=None if bound is None else min(cost, round(bound, 6)),
        proved_optimal=proved,
        method=method,
        cells=int(published.sum()),
        withheld=int((hidden & published).sum()),
        withheld_primary=int((problem.needs.hidden & published).sum()),
        audit=report,
    )
