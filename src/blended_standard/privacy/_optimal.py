"""The cheapest safe pattern, exactly: one mixed-integer program, or cutting planes where that is too large.

Source: Fischetti and Salazar (2000), the model and the capacity cuts. Movements are bounded by a multiple of the
largest need; the optimum is over patterns that are safe within that bound.
"""

from __future__ import annotations

import time
from typing import Any

import attrs
import numpy as np

from blended_standard.numeric.arguments import Floats
from blended_standard.privacy._linear import silenced
from blended_standard.privacy.cells import CellSystem
from blended_standard.privacy.primary import PrimarySuppression
from blended_standard.results import finite

_FACTOR = 8.0
_SHORT = 40
_TIE = 1e-5


@attrs.frozen(kw_only=True, eq=False)
class Problem:
    """What both exact methods need: the relations, the needs, and which cells may be hidden or have to be."""

    system: CellSystem
    matrix: Any
    needs: PrimarySuppression
    weights: Floats
    may_hide: Any
    must_hide: Any
    low: Floats
    high: Floats
    singles: Any

    def room(self, cell: int) -> tuple[Floats, Floats]:
        """Return how far each cell may move up and down in the movement that protects `cell`."""
        most = _FACTOR * max(1.0, self.need(cell))
        values = self.system.values
        return np.minimum(self.high - values, most), np.minimum(values - self.low, most)

    def need(self, cell: int) -> float:
        """Return the largest movement that `cell` needs."""
        value = self.system.values[cell]
        up, down = self.needs.need_high[cell] - value, value - self.needs.need_low[cell]
        return float(max(up, down, self.needs.need_length[cell]))

    def price(self) -> Floats:
        """Return the weights with a little added, so that nothing is hidden for nothing."""
        price: Floats = self.weights + _TIE * self.may_hide
        return price


@attrs.frozen(kw_only=True, eq=False)
class Solution:
    """A pattern, whether it was proved to be the cheapest, and the proved lower bound of the cost."""

    hidden: Any
    proved: bool
    bound: float | None


def size_of(problem: Problem) -> int:
    """Return the number of continuous variables of the one program."""
    return 2 * int(problem.needs.hidden.sum()) * len(problem.system)


def solve_whole(problem: Problem, *, ceiling: float | None, time_limit: float) -> Solution | None:
    """Solve one program with a pair of movements for each sensitive cell; None if nothing was found in time."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array, eye_array, hstack, vstack

    count = len(problem.system)
    sensitive = np.flatnonzero(problem.needs.hidden)
    zero = csr_array((problem.matrix.shape[0], count))
    blocks: list[list[Any]] = []
    floors: list[Floats] = []
    unit = eye_array(count, format="csr")
    width = 2 * sensitive.size
    for place, cell in enumerate(sensitive):
        up, down = problem.room(int(cell))
        for side in range(2):
            at = 2 * place + side
            blocks.append([(0, zero), (1 + at, problem.matrix)])
            floors.append(np.zeros(problem.matrix.shape[0]))
            blocks.append([(0, unit.multiply(up[:, None]).tocsr()), (1 + at, -unit)])
            blocks.append([(0, unit.multiply(down[:, None]).tocsr()), (1 + at, unit)])
            floors += [np.zeros(count), np.zeros(count)]
    upper = [np.full_like(each, np.inf if i % 3 else 0.0) for i, each in enumerate(floors)]
    body = vstack([_row_of(block, width, count) for block in blocks], format="csr")
    pairs, pair_floor = _length_rows(problem, sensitive, count)
    cuts, cut_floor = relation_cuts(problem)
    tail = csr_array((cuts.shape[0], width * count))
    stacked = vstack([body, pairs, hstack([cuts, tail], format="csr")], format="csc")
    floor = np.concatenate([*floors, pair_floor, cut_floor])
    top = np.concatenate([*upper, np.full(pair_floor.size + cut_floor.size, np.inf)])
    low, high = _movement_bounds(problem, sensitive)
    price = np.r_[problem.price(), np.zeros(width * count)]
    constraints = [LinearConstraint(stacked, floor, top)]
    if ceiling is not None:
        constraints.append(LinearConstraint(csr_array(price[None, :]), -np.inf, ceiling + 1e-6))
    with silenced():
        found = milp(
            price,
            constraints=constraints,
            bounds=Bounds(np.r_[problem.must_hide.astype(float), low], np.r_[problem.may_hide.astype(float), high]),
            integrality=np.r_[np.ones(count), np.zeros(width * count)],
            options={"time_limit": time_limit, "mip_rel_gap": 0.0},
        )
    if found.x is None:
        return None
    return Solution(hidden=found.x[:count] > 0.5, proved=found.status == 0, bound=_bound(problem, found.mip_dual_bound))


def relation_cuts(problem: Problem) -> tuple[Any, Floats]:
    """Return rows that hold in every safe pattern: nothing sensitive is hidden alone in a relation.

    Where one of the hidden cells has a single contributor, two others have to be hidden with it.
    """
    from scipy.sparse import csr_array

    rows: list[int] = []
    columns: list[int] = []
    data: list[float] = []
    floor: list[float] = []
    matrix = problem.matrix.tocsr()
    movable = problem.may_hide & (problem.high > problem.low)
    forced = problem.needs.hidden & (problem.needs.need_length > 0)
    for row in range(matrix.shape[0]):
        members = matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]]
        open_members = members[movable[members]]
        inside = forced[members]
        singles = problem.singles[members] & problem.must_hide[members]
        if np.any(inside):
            least = 3.0 if np.any(singles) and open_members.size >= 3 else 2.0
            rows += [len(floor)] * open_members.size
            columns += open_members.tolist()
            data += [1.0] * open_members.size
            floor.append(least)
        elif open_members.size <= _SHORT:
            for cell in open_members[~problem.must_hide[open_members]]:
                rows += [len(floor)] * open_members.size
                columns += open_members.tolist()
                data += [-1.0 if each == cell else 1.0 for each in open_members]
                floor.append(0.0)
    shape = (len(floor), len(problem.system))
    return csr_array((np.array(data, float), (rows, columns)), shape=shape), np.array(floor, float)


def solve_by_cuts(problem: Problem, *, ceiling: float | None, time_limit: float) -> Solution | None:
    """Solve a master program over the pattern alone, and cut off each pattern in which a sensitive cell is stuck."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array, vstack

    end = time.monotonic() + time_limit
    rows, floor = relation_cuts(problem)
    stored, levels = [rows], [floor]
    price, sensitive = problem.price(), np.flatnonzero(problem.needs.hidden)
    bounds = Bounds(problem.must_hide.astype(float), problem.may_hide.astype(float))
    bound: float | None = None
    for whole in (False, True):
        while (left := end - time.monotonic()) > 0:
            limits = [LinearConstraint(vstack(stored, format="csc"), np.concatenate(levels), np.inf)]
            if ceiling is not None:
                limits.append(LinearConstraint(csr_array(price[None, :]), -np.inf, ceiling + 1e-6))
            with silenced():
                found = milp(
                    price,
                    constraints=limits,
                    bounds=bounds,
                    integrality=np.ones(price.size) if whole else None,
                    options={"time_limit": left, "mip_rel_gap": 0.0},
                )
            if found.x is None or found.status != 0:
                return None if bound is None else Solution(hidden=None, proved=False, bound=bound)
            bound = _bound(problem, found.fun)
            pattern = np.round(found.x) if whole else np.clip(found.x, 0.0, 1.0)
            cuts, levels_of_cuts = _violated(problem, sensitive, pattern, end)
            if cuts:
                stored.append(csr_array(np.array(cuts)))
                levels.append(np.array(levels_of_cuts))
            elif whole:
                finished = time.monotonic() < end
                return Solution(hidden=pattern > 0.5, proved=True, bound=bound) if finished else None
            else:
                break
    return None if bound is None else Solution(hidden=None, proved=False, bound=bound)


def _violated(problem: Problem, sensitive: Any, pattern: Floats, end: float) -> tuple[list[Floats], list[float]]:
    """Return the capacity cuts that `pattern` breaks, and their levels."""
    cuts: list[Floats] = []
    levels: list[float] = []
    for cell in sensitive:
        if time.monotonic() > end:
            break
        value = problem.system.values[cell]
        length = problem.needs.need_length[cell]
        top, rise = _capacity(problem, int(cell), pattern, 1.0)
        need = problem.needs.need_high[cell] - value
        if need > 0 and top < need - 1e-6:
            cuts.append(np.minimum(rise, need))
            levels.append(need)
        depth, fall = _capacity(problem, int(cell), pattern, -1.0)
        need = value - problem.needs.need_low[cell]
        if need > 0 and depth < need - 1e-6:
            cuts.append(np.minimum(fall, need))
            levels.append(need)
        if length > 0 and top + depth < length - 1e-6:
            cuts.append(np.minimum(rise + fall, length))
            levels.append(float(length))
    return cuts, levels


def _capacity(problem: Problem, cell: int, pattern: Floats, sign: float) -> tuple[float, Floats]:
    """Return how far `cell` can move, and by how much each cell's being hidden can contribute to that (the dual)."""
    from scipy.optimize import linprog

    up, down = problem.room(cell)
    objective = np.zeros(pattern.size)
    objective[cell] = -sign
    with silenced():
        found = linprog(
            objective,
            A_eq=problem.matrix,
            b_eq=np.zeros(problem.matrix.shape[0]),
            bounds=np.column_stack([-down * pattern, up * pattern]),
            method="highs",
        )
    reduced = -(objective - problem.matrix.T @ found.eqlin.marginals)
    part = np.maximum(reduced, 0.0) * up + np.maximum(-reduced, 0.0) * down
    return float(-found.fun), np.where(part < 1e-9, 0.0, part)


def _bound(problem: Problem, value: float) -> float | None:
    """Return the proved bound of the weights, without the little that breaks ties."""
    return finite(max(0.0, value - _TIE * float(problem.may_hide.sum())))


def _row_of(block: list[tuple[int, Any]], width: int, count: int) -> Any:
    """Lay a block row out over the pattern and all movements."""
    from scipy.sparse import csr_array, hstack

    (_, first), (place, second) = block
    left = csr_array((first.shape[0], (place - 1) * count))
    right = csr_array((first.shape[0], (width - place) * count))
    return hstack([first, left, second, right], format="csr")


def _length_rows(problem: Problem, sensitive: Any, count: int) -> tuple[Any, Floats]:
    """Return rows that make up minus down as long as each sensitive cell needs."""
    from scipy.sparse import csr_array

    rows, columns, data = [], [], []
    for place, cell in enumerate(sensitive):
        rows += [place, place]
        columns += [count * (1 + 2 * place) + cell, count * (2 + 2 * place) + cell]
        data += [1.0, -1.0]
    shape = (sensitive.size, count * (1 + 2 * sensitive.size))
    return csr_array((data, (rows, columns)), shape=shape), problem.needs.need_length[sensitive].astype(float)


def _movement_bounds(problem: Problem, sensitive: Any) -> tuple[Floats, Floats]:
    """Return bounds of all movements: the first of a pair lifts its cell far enough, the second lowers it."""
    lows, highs = [], []
    for cell in sensitive:
        up, down = problem.room(int(cell))
        value = problem.system.values[cell]
        for side in range(2):
            low, high = -down, up.copy()
            if side == 0:
                low[cell] = max(0.0, problem.needs.need_high[cell] - value)
                high[cell] = max(high[cell], low[cell])
            else:
                high[cell] = -max(0.0, value - problem.needs.need_low[cell])
                low[cell] = min(low[cell], high[cell])
            lows.append(low)
            highs.append(high)
    return np.concatenate(lows) if lows else np.zeros(0), np.concatenate(highs) if highs else np.zeros(0)
