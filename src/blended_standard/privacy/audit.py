"""Attack a suppression pattern: what an outsider with linear programming learns about each hidden cell.

The gate of every release, whoever made the pattern. Source of the method: FCSM Statistical Policy Working Paper 22,
the linear-programming audit of table suppression.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from blended_standard.errors import UsageError
from blended_standard.numeric import arguments as check
from blended_standard.privacy._linear import FreeSystem, Movement, extreme, free_system, propagate
from blended_standard.privacy.cells import CellSystem, Key
from blended_standard.privacy.policy import Policy
from blended_standard.privacy.primary import PrimarySuppression, primary_counts
from blended_standard.results import Result, Row, result

_TOLERANCE = 1e-6
_INTEGER_CELLS = 40
_EXACT_CELLS = 400
_NEARBY = 80


@result
class Leak(Result):
    """A sensitive cell that an outsider learns too much about. `low` and `high` are the outsider's interval.

    `seat` is the cell whose only contributor learns it; None where everybody does.
    """

    cell: Key
    low: float
    high: float
    why: str
    seat: Key | None = None


@result
class CellInterval(Result):
    """The interval in which an outsider can place a hidden cell; `high` is None where there is no bound."""

    cell: Key
    low: float
    high: float | None
    sensitive: bool


@result
class AuditReport(Result):
    """The verdict on a pattern. For the releasing office: it holds intervals of hidden cells.

    `ok` is the release gate. `method` says how the intervals were found: "exact" (two linear programs a cell, integer
    ones in small blocks) or "certified" (every sensitive cell proved wide enough or leaking; `intervals` are then
    inside the exact ones). `scope` says what was audited together; without earlier releases it is "alone".
    """

    ok: bool
    leaks: tuple[Leak, ...]
    intervals: tuple[CellInterval, ...]
    cells: int
    hidden: int
    sensitive: int
    method: Literal["exact", "certified"]
    scope: str

    def rows(self) -> list[Row]:
        """Return one row a leak, or one row that says there is none."""
        if not self.leaks:
            summary: Row = {"cells": self.cells, "hidden": self.hidden, "sensitive": self.sensitive, "leaks": 0}
            return [summary | {"audited": self.scope}]
        return [
            {"cell": "/".join(each.cell), "low": each.low, "high": each.high, "why": each.why} for each in self.leaks
        ]


def audit(
    system: CellSystem,
    hidden: npt.ArrayLike,
    *,
    policy: Policy | None = None,
    primary: PrimarySuppression | None = None,
    low: npt.ArrayLike | None = None,
    high: npt.ArrayLike | None = None,
    contributors: npt.ArrayLike | None = None,
    method: Literal["auto", "exact", "certified"] = "auto",
    counts: bool = True,
    scope: str = "alone",
    movements: Sequence[Movement] = (),
) -> AuditReport:
    """Attack the pattern `hidden` with everything that is published, and name each leak.

    Parameters
    ----------
    system : CellSystem
        All cells and relations that an outsider has: `build_tables`, and `link` for several releases.
    hidden : bool array, shape (cells,)
        The withheld cells. Cells that no table shows are hidden whatever is passed.
    policy : Policy, optional
        Finds the sensitive cells when `primary` is not given. Default: `Policy()`.
    primary : PrimarySuppression, optional
        The sensitive cells and what each needs.
    low, high : float array, shape (cells,), optional
        Bounds that an outsider knows, such as those of a coded end. Default: 0 and none.
    contributors : int array, shape (cells,), optional
        Contributors to each cell of amounts. The only contributor to a hidden cell knows its value: the audit is
        repeated from the seat of each of them.
    method : {"auto", "exact", "certified"}
        Exact intervals of all hidden cells, or only the proof for the sensitive ones. Default: exact up to 400 hidden.
    counts : bool
        The cells are whole numbers, which an outsider knows.
    scope : str
        What was joined, for the report.
    movements : sequence of Movement, optional
        Claims that cells can move together. Each is checked against every relation, bound and shown cell, and only
        those that hold spare the certified audit a linear program.

    Returns
    -------
    AuditReport

    Raises
    ------
    UsageError
        Arrays that do not fit the system.

    Examples
    --------
    >>> from blended_standard.privacy import Policy, audit, build_tables
    >>> rows = {"site": ["A", "A", "B", "B"], "reached": ["yes", "no", "yes", "no"], "n": [4, 20, 15, 30]}
    >>> system = build_tables(rows, dimensions=["site", "reached"])
    >>> found = audit(system, system.values < 10)
    >>> found.ok, found.leaks[0].cell, found.leaks[0].why
    (False, ('A', 'yes'), 'recovered exactly')
    """
    if method not in ("auto", "exact", "certified"):
        raise UsageError(f"method={method!r} is not one of auto, exact, certified.")
    needs = primary_for(system, policy) if primary is None else primary
    withheld = _mask(hidden, system) | ~system.published
    floor, ceiling = known_bounds(low, high, system)
    if needs.hidden.shape != withheld.shape:
        raise UsageError(f"primary has {needs.hidden.size} cells; the system has {withheld.size}.")
    free = free_system(system, withheld, floor, ceiling)
    exact = method == "exact" or (method == "auto" and free.cells.size <= _EXACT_CELLS)
    if exact:
        lows, highs = exact_intervals(free, integers=counts)
    else:
        lows, highs = certified_intervals(free, needs, counts=counts, movements=movements)
    leaks = [*_shown_leaks(system, withheld, needs), *_interval_leaks(system, free, needs, lows, highs)]
    if contributors is not None:
        leaks += _contributor_leaks(system, free, needs, check.floats("contributors", contributors))
    sensitive = needs.hidden[free.cells]
    listed = np.arange(sensitive.size) if exact else np.flatnonzero(sensitive)
    return AuditReport(
        ok=not leaks,
        leaks=tuple(leaks),
        intervals=tuple(_interval(system, free, needs, int(i), lows, highs) for i in listed),
        cells=len(system),
        hidden=int(free.cells.size),
        sensitive=int(needs.hidden.sum()),
        method="exact" if exact else "certified",
        scope=scope,
    )


def primary_for(system: CellSystem, policy: Policy | None) -> PrimarySuppression:
    """Return the sensitive counts of a system under a policy."""
    return primary_counts(system.values, policy, structural=system.structural)


def exact_intervals(free: FreeSystem, *, integers: bool) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the exact interval of every hidden cell; in small components the one over whole numbers."""
    lows, highs = propagate(free)
    if integers:
        lows, highs = np.ceil(lows - _TOLERANCE), np.floor(highs + _TOLERANCE)
    labels = free.component_labels()
    for label in range(int(labels.max(initial=-1)) + 1):
        members = np.flatnonzero(labels == label)
        part = free.part(members)
        whole = integers and members.size <= _INTEGER_CELLS
        best_low, best_high = free.truth[members].copy(), free.truth[members].copy()
        for i in range(members.size):
            for sign, bound, best in ((1.0, highs, best_high), (-1.0, lows, best_low)):
                if abs(best[i] - bound[members[i]]) > _TOLERANCE:
                    _stretch(part, _unit(members.size, i, sign), whole, best_low, best_high)
        unbounded = np.isinf(highs[members]) & (best_high >= _endless(part))
        lows[members] = _inward(best_low, integers, up=True)
        highs[members] = np.where(unbounded, np.inf, _inward(best_high, integers, up=False))
    return lows, highs


def certified_intervals(
    free: FreeSystem, needs: PrimarySuppression, *, counts: bool, movements: Sequence[Movement] = ()
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return intervals inside the exact ones, wide enough to prove each sensitive cell safe, or exact where it is not.

    Bounds by propagation settle the leaks that one relation at a time shows; small programs around a cell settle most
    of the safe ones; a program over the whole component settles the rest.
    """
    outer_low, outer_high = propagate(free)
    search = Search(free, counts=counts)
    search.accept(movements)
    for i in np.flatnonzero(needs.hidden[free.cells]):
        cell = int(free.cells[i])
        if too_narrow(needs, cell, outer_low[i], outer_high[i]):
            search.low[i], search.high[i] = outer_low[i], outer_high[i]
            continue
        for reach in (_NEARBY, 8 * _NEARBY, None):
            if not search.too_narrow(needs, int(i)):
                break
            search.widen(int(i), reach, needs)
    return _inward(search.low, counts, up=True), _inward(search.high, counts, up=False)


class Search:
    """Widest values seen so far of each hidden cell, each part of a solution that satisfies every relation."""

    def __init__(self, free: FreeSystem, *, counts: bool = False) -> None:
        self.free = free
        self.counts = counts
        self.low = free.truth.copy()
        self.high = free.truth.copy()
        self._columns = free.matrix.tocsc()
        self._rows = free.matrix.tocsr()
        self._labels: npt.NDArray[np.int32] | None = None

    def widen(self, i: int, reach: int | None, needs: PrimarySuppression | None = None) -> None:
        """Push cell `i` up, and down if it still needs that, moving `reach` cells around it or its whole component."""
        picked = self._component(i) if reach is None else self._around(i, reach)
        part = self.free.part(picked)
        at = int(np.searchsorted(picked, i))
        for sign in (1.0, -1.0):
            found = extreme(part, _unit(picked.size, at, sign))
            if found is not None:
                self.low[picked] = np.minimum(self.low[picked], found)
                self.high[picked] = np.maximum(self.high[picked], found)
            if needs is not None and not self.too_narrow(needs, i):
                return

    def too_narrow(self, needs: PrimarySuppression, i: int) -> bool:
        """Tell whether what was seen of cell `i`, in whole numbers where it is a count, is short of what it needs."""
        low = _inward(self.low[i : i + 1], self.counts, up=True)[0]
        high = _inward(self.high[i : i + 1], self.counts, up=False)[0]
        return too_narrow(needs, int(self.free.cells[i]), float(low), float(high))

    def accept(self, movements: Sequence[Movement]) -> None:
        """Take over the movements that hold: only hidden cells move, within bounds, and every relation stays true."""
        from scipy.sparse import csr_array

        place = {int(cell): i for i, cell in enumerate(self.free.cells)}
        inside = [each for each in movements if all(int(cell) in place for cell in each.cells)]
        if not inside:
            return
        rows = np.repeat(np.arange(len(inside)), [each.cells.size for each in inside])
        at = np.array([place[int(cell)] for each in inside for cell in each.cells], np.int64)
        steps = np.concatenate([each.steps for each in inside])
        claimed = csr_array((steps, (rows, at)), shape=(len(inside), self.free.cells.size))
        broken = np.zeros(len(inside), bool)
        off = (claimed @ self.free.matrix.T).tocoo()
        broken[off.row[np.abs(off.data) > _TOLERANCE]] = True
        reached = self.free.truth[at] + steps
        outside = (reached < self.free.low[at] - _TOLERANCE) | (reached > self.free.high[at] + _TOLERANCE)
        broken[rows[outside]] = True
        sound = ~broken[rows]
        np.minimum.at(self.low, at[sound], np.maximum(reached, self.free.low[at])[sound])
        np.maximum.at(self.high, at[sound], np.minimum(reached, self.free.high[at])[sound])

    def _component(self, i: int) -> npt.NDArray[np.int64]:
        if self._labels is None:
            self._labels = self.free.component_labels()
        return np.flatnonzero(self._labels == self._labels[i])

    def _around(self, i: int, reach: int) -> npt.NDArray[np.int64]:
        columns, rows = self._columns, self._rows
        picked, waiting, seen = {i: None}, [i], set()
        while waiting and len(picked) < reach:
            cell = waiting.pop(0)
            nearby = columns.indices[columns.indptr[cell] : columns.indptr[cell + 1]]
            for row in sorted(nearby, key=lambda r: (int(rows.indptr[r + 1] - rows.indptr[r]), int(r))):
                if row in seen:
                    continue
                seen.add(row)
                members = rows.indices[rows.indptr[row] : rows.indptr[row + 1]]
                fresh = [int(each) for each in members[: max(12, reach // 8)] if each not in picked]
                picked.update(dict.fromkeys(fresh))
                waiting += fresh
        return np.array(sorted(picked), np.int64)


def too_narrow(needs: PrimarySuppression, cell: int, low: float, high: float) -> bool:
    """Tell whether an outsider's interval fails what the cell needs."""
    slack = _TOLERANCE * (1 + abs(needs.need_high[cell]))
    return bool(
        high < needs.need_high[cell] - slack
        or low > needs.need_low[cell] + slack
        or high - low < max(needs.need_length[cell], 2 * slack) - slack
    )


def _stretch(
    part: FreeSystem,
    objective: npt.NDArray[np.float64],
    whole: bool,
    low: npt.NDArray[np.float64],
    high: npt.NDArray[np.float64],
) -> None:
    found = extreme(part, objective, integers=whole)
    if found is not None:
        np.minimum(low, found, out=low)
        np.maximum(high, found, out=high)


def _unit(size: int, i: int, sign: float) -> npt.NDArray[np.float64]:
    objective = np.zeros(size)
    objective[i] = sign
    return objective


def _endless(part: FreeSystem) -> float:
    return 0.5 * (1e4 + 4.0 * float(np.sum(np.abs(part.truth))))


def _inward(bounds: npt.NDArray[np.float64], counts: bool, *, up: bool) -> npt.NDArray[np.float64]:
    """Round bounds of whole numbers inward; clear the solver's dust from the others."""
    if counts:
        return (np.ceil(bounds - _TOLERANCE) if up else np.floor(bounds + _TOLERANCE)) + 0.0
    return np.round(bounds, 9) + 0.0


def _shown_leaks(system: CellSystem, withheld: npt.NDArray[np.bool_], needs: PrimarySuppression) -> list[Leak]:
    open_cells = np.flatnonzero(needs.hidden & ~withheld)
    return [
        Leak(cell=system.keys[i], low=float(system.values[i]), high=float(system.values[i]), why="shown, and sensitive")
        for i in open_cells
    ]


def _interval_leaks(
    system: CellSystem,
    free: FreeSystem,
    needs: PrimarySuppression,
    lows: npt.NDArray[np.float64],
    highs: npt.NDArray[np.float64],
) -> list[Leak]:
    leaks = []
    for i in np.flatnonzero(needs.hidden[free.cells]):
        cell = int(free.cells[i])
        if too_narrow(needs, cell, lows[i], highs[i]):
            why = _why(needs, cell, lows[i], highs[i])
            leaks.append(Leak(cell=system.keys[cell], low=float(lows[i]), high=float(highs[i]), why=why))
    return leaks


def _why(needs: PrimarySuppression, cell: int, low: float, high: float) -> str:
    if high - low <= _TOLERANCE:
        return "recovered exactly"
    if high < needs.need_high[cell] - _TOLERANCE:
        return f"proved to be at most {high:g}; the interval has to reach {needs.need_high[cell]:g}"
    if low > needs.need_low[cell] + _TOLERANCE:
        return f"proved to be at least {low:g}; the interval has to reach down to {needs.need_low[cell]:g}"
    return f"interval of length {high - low:g}; it has to be {needs.need_length[cell]:g} long"


def _contributor_leaks(
    system: CellSystem, free: FreeSystem, needs: PrimarySuppression, contributors: npt.NDArray[np.float64]
) -> list[Leak]:
    """Repeat the audit from the seat of each single contributor, who knows the cell that holds only them."""
    if contributors.shape != (len(system),):
        raise UsageError(f"contributors has shape {contributors.shape}; the system has {len(system)} cells.")
    leaks = []
    labels = free.component_labels()
    for i in np.flatnonzero((contributors[free.cells] == 1) & needs.hidden[free.cells]):
        others = np.flatnonzero((labels == labels[i]) & (np.arange(labels.size) != i))
        part = free.part(others)
        search = Search(part)
        for j in np.flatnonzero(needs.hidden[part.cells]):
            for reach in (_NEARBY, None):
                if search.high[j] - search.low[j] <= _TOLERANCE:
                    search.widen(int(j), reach)
            if search.high[j] - search.low[j] <= _TOLERANCE:
                cell, value = system.keys[part.cells[j]], float(part.truth[j])
                seat = system.keys[free.cells[i]]
                why = f"recovered by the only contributor to {'/'.join(seat)}"
                leaks.append(Leak(cell=cell, low=value, high=value, why=why, seat=seat))
    return leaks


def _interval(
    system: CellSystem,
    free: FreeSystem,
    needs: PrimarySuppression,
    i: int,
    lows: npt.NDArray[np.float64],
    highs: npt.NDArray[np.float64],
) -> CellInterval:
    cell = int(free.cells[i])
    top = float(highs[i]) if np.isfinite(highs[i]) else None
    return CellInterval(cell=system.keys[cell], low=float(lows[i]), high=top, sensitive=bool(needs.hidden[cell]))


def _mask(hidden: npt.ArrayLike, system: CellSystem) -> npt.NDArray[np.bool_]:
    mask = np.asarray(hidden)
    if mask.dtype != bool or mask.shape != (len(system),):
        raise UsageError(f"hidden is not an array of {len(system)} booleans, one a cell.")
    return mask


def known_bounds(
    low: npt.ArrayLike | None, high: npt.ArrayLike | None, system: CellSystem
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return what an outsider knows of each cell: by default 0 and no bound, and that a structural zero is 0."""
    floor = np.zeros(len(system)) if low is None else check.floats("low", low)
    ceiling = np.where(system.structural, 0.0, np.inf) if high is None else check.floats("high", high)
    for name, bound in (("low", floor), ("high", ceiling)):
        if bound.shape != (len(system),) or np.any(np.isnan(bound)):
            raise UsageError(f"{name} is not an array of {len(system)} numbers, one a cell.")
    if np.any(floor > system.values) or np.any(ceiling < system.values):
        raise UsageError("low and high do not hold the value of every cell. Pass what the published codes say.")
    return floor, ceiling
