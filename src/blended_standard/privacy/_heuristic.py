"""Choose complementary cells one sensitive cell at a time: the cheapest way for it to move, by a small linear program.

Source of the idea: the network heuristics of Cox and of Kelly, Golden and Assad, here with general relations.
"""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np

from blended_standard.numeric.arguments import Floats, Integers
from blended_standard.privacy._linear import Movement, silenced
from blended_standard.privacy._nearby import Surroundings
from blended_standard.privacy._optimal import Problem

_BLOCKS = ((2, False), (5, False), (2, True), (6, True), None)
_LARGE = 3000
_DUST = 1e-7


@attrs.define(eq=False)
class Pattern:
    """The cells hidden so far, how far each is proved to move, and the movements that prove it."""

    hidden: Any
    high: Floats
    low: Floats
    high_by: Integers
    low_by: Integers
    movements: list[Movement]


class NoMovement(Exception):  # noqa: N818 - control flow inside the package
    """Even moving every cell that may be hidden, this cell can't move far enough."""

    def __init__(self, cell: int) -> None:
        super().__init__(cell)
        self.cell = cell


class Builder:
    """Hides what the sensitive cells need, cheapest first, and drops what turns out not to be needed."""

    def __init__(self, problem: Problem, *, counts: bool) -> None:
        system, low, high = problem.system, problem.low, problem.high
        self.values, self.needs, self.weights = system.values, problem.needs, problem.weights
        self.counts = counts
        self.low, self.high = low, high
        self.movable = problem.may_hide & (high > low)
        self.rows, self.columns = problem.matrix, problem.matrix.tocsc()
        self.surroundings = Surroundings(system)

    def start(self, hidden: Any) -> Pattern:
        """Return the pattern in which only `hidden` is withheld and nothing is proved."""
        none = np.full(self.values.size, -1, np.int64)
        return Pattern(hidden.copy(), self.values.copy(), self.values.copy(), none.copy(), none.copy(), [])

    def protect(self, pattern: Pattern, cells: Integers) -> None:
        """Hide more until each of `cells` can move as far as it needs.

        Raises
        ------
        NoMovement
            A cell can't, whatever is hidden.
        """
        for cell in cells:
            self._raise(pattern, int(cell))
            self._lower(pattern, int(cell))

    def free_from(self, pattern: Pattern, cell: int, seat: int) -> None:
        """Hide more until `cell` can move a little while `seat`, whose only contributor knows it, stands still.

        Raises
        ------
        NoMovement
            It can't, whatever is hidden.
        """
        movable = self.movable.copy()
        self.movable[seat] = False
        try:
            self._move(pattern, cell, max(0.1 * (self.needs.need_high[cell] - self.values[cell]), 1e-2))
        finally:
            self.movable = movable

    def prune(self, pattern: Pattern, kept: Any) -> None:
        """Show again the cells that no proof of a sensitive cell uses."""
        used = kept.copy()
        for cell in np.flatnonzero(self.needs.hidden):
            for by in (pattern.high_by[cell], pattern.low_by[cell]):
                if by >= 0:
                    used[pattern.movements[by].cells] = True
        pattern.hidden &= used

    def shields(self, pattern: Pattern, singles: Any) -> None:
        """Let each sensitive cell beside a hidden cell with one contributor move without it.

        Raises
        ------
        NoMovement
            One can't, whatever is hidden.
        """
        for seat in np.flatnonzero(singles & self.needs.hidden):
            near: set[int] = set()
            for row in self.columns.indices[self.columns.indptr[seat] : self.columns.indptr[seat + 1]]:
                near.update(self.rows.indices[self.rows.indptr[row] : self.rows.indptr[row + 1]].tolist())
            for cell in sorted(near - {int(seat)}):
                if self.needs.hidden[cell]:
                    self.free_from(pattern, cell, int(seat))

    def _raise(self, pattern: Pattern, cell: int) -> None:
        target = max(self.needs.need_high[cell], pattern.low[cell] + self.needs.need_length[cell])
        if self.needs.need_length[cell] == 0 and self.needs.need_high[cell] <= self.values[cell]:
            return
        if pattern.high[cell] >= target - _DUST:
            return
        try:
            self._move(pattern, cell, target - self.values[cell])
        except NoMovement:
            if target <= self.needs.need_high[cell] + _DUST:
                raise
            if self.needs.need_high[cell] > pattern.high[cell] + _DUST:
                self._move(pattern, cell, self.needs.need_high[cell] - self.values[cell])

    def _lower(self, pattern: Pattern, cell: int) -> None:
        target = min(self.needs.need_low[cell], pattern.high[cell] - self.needs.need_length[cell])
        if pattern.low[cell] > target + _DUST:
            self._move(pattern, cell, target - self.values[cell])

    def _move(self, pattern: Pattern, cell: int, step: float) -> None:
        if self.values.size > _LARGE and self._move_cube(pattern, cell, step):
            return
        for block in _BLOCKS:
            picked = self._around(pattern, cell, block)
            steps = self._cheapest(pattern, picked, int(np.searchsorted(picked, cell)), step)
            if steps is not None:
                self._record(pattern, picked, steps)
                return
        raise NoMovement(cell)

    def _move_cube(self, pattern: Pattern, cell: int, step: float) -> bool:
        """Move a cube of cells around `cell`, each by `step`, up or down in turn; tell whether one fits."""
        if step < 0:
            return False
        room = self.values - self.low - step
        cells, signs = self.surroundings.cubes(
            cell, room=room, movable=self.movable, hidden=pattern.hidden, weights=self.weights
        )
        if not cells.shape[0]:
            return False
        upward = self.high - self.values - step
        fits = self.movable[cells].all(axis=1)
        fits &= np.where(signs > 0, upward[cells] >= 0, room[cells] >= 0).all(axis=1)
        cells = cells[fits]
        if not cells.shape[0]:
            return False
        cost = np.where(pattern.hidden[cells], 0.0, 1e-3 + self.weights[cells]).sum(axis=1)
        self._record(pattern, cells[int(np.argmin(cost))], step * signs)
        return True

    def _cheapest(self, pattern: Pattern, picked: Integers, at: int, step: float) -> Floats | None:
        """Return the movement of `picked` that hides least, in which the cell `at` moves by `step`."""
        from scipy.optimize import Bounds, LinearConstraint, milp

        part = self._both_ways(picked)
        price = np.where(pattern.hidden[picked], 1e-4, 1e-3 + self.weights[picked])
        size = picked.size
        fixed = np.zeros(2 * size)
        room = np.r_[self.high[picked] - self.values[picked], self.values[picked] - self.low[picked]]
        most = np.minimum(room, 1e3 * abs(step) + 1e3)
        place, other = (at, size + at) if step > 0 else (size + at, at)
        if most[place] < abs(step):
            return None
        fixed[place] = most[place] = abs(step)
        most[other] = 0.0
        with silenced():
            found = milp(
                np.r_[price, price],
                constraints=LinearConstraint(part, 0.0, 0.0),
                bounds=Bounds(fixed, most),
                options={"presolve": False},
            )
        if found.x is None:
            return None
        steps = found.x[:size] - found.x[size:]
        return np.where(np.abs(steps) < _DUST, 0.0, steps)

    def _both_ways(self, picked: Integers) -> Any:
        """Return the relations of the picked cells, once for moving up and once for moving down."""
        from scipy.sparse import csc_array

        starts, ends = self.columns.indptr[picked], self.columns.indptr[picked + 1]
        lengths = ends - starts
        at = np.repeat(starts - np.r_[0, np.cumsum(lengths)[:-1]], lengths) + np.arange(int(lengths.sum()))
        rows, inverse = np.unique(self.columns.indices[at], return_inverse=True)
        data = self.columns.data[at]
        ends = np.cumsum(lengths)
        pointers = np.r_[0, ends, ends[-1] + ends]
        shape = (rows.size, 2 * picked.size)
        return csc_array((np.r_[data, -data], np.r_[inverse, inverse], pointers), shape=shape)

    def _record(self, pattern: Pattern, picked: Integers, steps: Floats) -> None:
        moving = np.flatnonzero(steps)
        cells, moves = picked[moving], steps[moving]
        pattern.hidden[cells] = True
        self._note(pattern, cells, moves)
        room = np.where(moves > 0, self.values[cells] - self.low[cells], self.high[cells] - self.values[cells])
        back = float(np.min(room / np.abs(moves)))
        if back > _DUST:
            self._note(pattern, cells, -min(back, 1e3) * moves)

    def _note(self, pattern: Pattern, cells: Integers, moves: Floats) -> None:
        number = len(pattern.movements)
        pattern.movements.append(Movement(cells, moves))
        reached = self.values[cells] + moves
        if self.counts:
            reached = np.where(moves > 0, np.floor(reached + 1e-6), np.ceil(reached - 1e-6))
        higher, lower = reached > pattern.high[cells] + _DUST, reached < pattern.low[cells] - _DUST
        pattern.high[cells[higher]], pattern.high_by[cells[higher]] = reached[higher], number
        pattern.low[cells[lower]], pattern.low_by[cells[lower]] = reached[lower], number

    def _around(self, pattern: Pattern, cell: int, block: tuple[int, bool] | None) -> Integers:
        if block is None:
            return np.flatnonzero(self.movable | (np.arange(self.values.size) == cell))
        return self.surroundings.block(
            cell,
            width=block[0],
            upward=block[1],
            movable=self.movable,
            hidden=pattern.hidden,
            weights=self.weights,
        )
