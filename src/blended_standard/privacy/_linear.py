"""Intervals of the hidden cells: quick propagation of bounds, and exact linear programs with HiGHS."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from blended_standard.numeric.arguments import Floats, Integers
from blended_standard.privacy.cells import CellSystem

_TOLERANCE = 1e-6


@attrs.frozen(eq=False)
class Movement:
    """One way in which cells can move together without changing any relation or shown cell."""

    cells: Integers
    steps: Floats


@attrs.frozen(kw_only=True, eq=False)
class FreeSystem:
    """What an outsider does not know: the hidden cells and the relations between them, A y = b, low <= y <= high."""

    cells: Integers
    matrix: Any
    right: Floats
    low: Floats
    high: Floats
    truth: Floats

    def component_labels(self) -> npt.NDArray[np.int32]:
        """Return for each hidden cell the number of its connected component."""
        from scipy.sparse.csgraph import connected_components

        joined = abs(self.matrix.T) @ abs(self.matrix)
        labels: npt.NDArray[np.int32] = connected_components(joined, directed=False)[1]
        return labels

    def part(self, picked: npt.NDArray[Any]) -> FreeSystem:
        """Return the system of the picked hidden cells, the others held at their true value."""
        columns = self.matrix[:, picked]
        rows = np.unique(columns.nonzero()[0])
        reduced = columns[rows]
        return FreeSystem(
            cells=self.cells[picked],
            matrix=reduced,
            right=reduced @ self.truth[picked],
            low=self.low[picked],
            high=self.high[picked],
            truth=self.truth[picked],
        )


def free_system(
    system: CellSystem, hidden: npt.NDArray[np.bool_], low: Floats, high: Floats, matrix: Any | None = None
) -> FreeSystem:
    """Return what is unknown when the cells `hidden` are withheld and the outsider knows the bounds."""
    whole = system.matrix() if matrix is None else matrix
    cells = np.flatnonzero(hidden)
    columns = whole.tocsc()[:, cells].tocsr()
    rows = np.flatnonzero(np.diff(columns.indptr))
    free = columns[rows]
    return FreeSystem(
        cells=cells,
        matrix=free,
        right=free @ system.values[cells],
        low=low[cells],
        high=high[cells],
        truth=system.values[cells],
    )


def propagate(free: FreeSystem, *, rounds: int = 60) -> tuple[Floats, Floats]:
    """Return bounds that hold for sure, from one relation at a time until nothing tightens.

    They contain the exact interval, so what is too narrow here leaks without a doubt.
    """
    low, high = free.low.copy(), free.high.copy()
    terms = free.matrix.tocoo()
    row, cell, factor = terms.row, terms.col, terms.data
    count = free.matrix.shape[0]
    for _ in range(rounds):
        least = np.where(factor > 0, factor * low[cell], factor * high[cell])
        most = np.where(factor > 0, factor * high[cell], factor * low[cell])
        floor = _others(row, least, count, -np.inf)
        ceiling = _others(row, most, count, np.inf)
        upper = (free.right[row] - floor) / np.abs(factor)
        lower = (free.right[row] - ceiling) / np.abs(factor)
        new_high, new_low = high.copy(), low.copy()
        np.minimum.at(new_high, cell, np.where(factor > 0, upper, -lower))
        np.maximum.at(new_low, cell, np.where(factor > 0, lower, -upper))
        moved = np.any(new_high < high - _TOLERANCE) or np.any(new_low > low + _TOLERANCE)
        low, high = new_low, new_high
        if not moved:
            break
    return low, high


def extreme(free: FreeSystem, objective: Floats, *, integers: bool = False) -> Floats | None:
    """Return values of the hidden cells that maximise `objective` and satisfy every relation; None if unbounded."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    ceiling = np.where(np.isinf(free.high), _enough(free), free.high)
    with silenced():
        found = milp(
            -objective,
            constraints=LinearConstraint(free.matrix, free.right, free.right),
            bounds=Bounds(np.minimum(free.low, free.truth), np.maximum(ceiling, free.truth)),
            integrality=np.ones(objective.size) if integers else None,
        )
    return None if found.x is None else np.asarray(found.x, float)


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    """Keep the solver's own prints off standard output."""
    sys.stdout.flush()
    try:
        kept = os.dup(1)
    except OSError:
        yield
        return
    sink = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(sink, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(sink)
        os.close(kept)


def _others(row: Integers, part: Floats, count: int, endless_value: float) -> Floats:
    """Return for each term the sum over the other terms of its relation, `endless_value` when one of those is."""
    endless = np.isinf(part)
    known = np.where(endless, 0.0, part)
    sums: Floats = np.bincount(row, known, count).astype(float)
    rest = sums[row] - known
    holes = np.bincount(row, endless, count)[row] - endless
    return np.where(holes > 0, endless_value, rest)


def _enough(free: FreeSystem) -> float:
    """Return a finite stand-in for "no upper bound": far beyond every value and every need."""
    return 1e4 + 4.0 * float(np.sum(np.abs(free.truth)))
