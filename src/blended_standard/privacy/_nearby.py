"""The few cells around a sensitive one within which a movement that keeps every sum can close."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from blended_standard.numeric.arguments import Floats, Integers
from blended_standard.privacy.cells import CellSystem

_Sum = tuple[int, tuple[int, ...]]


class Surroundings:
    """Finds blocks of cells: some codes of each dimension, crossed.

    A cell moves within a block when each of its sums closes there, so a block takes siblings of the cell's code and
    children of every code it takes.
    """

    def __init__(self, system: CellSystem) -> None:
        columns = list(zip(*system.keys, strict=True)) if len(system) else []
        self._codes = np.zeros((len(system), len(columns)), np.int64)
        for d, column in enumerate(columns):
            lookup = {code: i for i, code in enumerate(dict.fromkeys(column))}
            self._codes[:, d] = [lookup[code] for code in column]
        sizes = [int(self._codes[:, d].max(initial=0)) + 1 for d in range(len(columns))]
        self._radix = np.array([int(np.prod(sizes[d + 1 :])) for d in range(len(sizes))], np.int64)
        numbers = self._codes @ self._radix if columns else np.zeros(0, np.int64)
        self._order = np.argsort(numbers, kind="stable")
        self._sorted = numbers[self._order]
        self._parts: list[dict[int, list[tuple[int, ...]]]] = [{} for _ in columns]
        self._wholes: list[dict[int, list[_Sum]]] = [{} for _ in columns]
        for d, parent, parts in self._sums(system):
            self._parts[d].setdefault(parent, []).append(parts)
            for part in parts:
                self._wholes[d].setdefault(part, []).append((parent, parts))

    def block(self, cell: int, *, width: int, upward: bool, movable: Any, hidden: Any, weights: Floats) -> Integers:
        """Return the movable cells of a block around `cell` with about `width` siblings or children a sum.

        Hidden totals are in the block, and with `upward` those that are shown too.
        """
        key = self._codes[cell]
        chosen = []
        for d in range(key.size):
            picker = _Picker(self, key, d, width, movable, hidden, weights, upward=upward)
            chosen.append(picker.codes())
        grid = np.zeros(1, np.int64)
        for d, codes in enumerate(chosen):
            grid = (grid[:, None] + np.array(codes, np.int64)[None, :] * self._radix[d]).ravel()
        found = self.find(grid)
        found = found[found >= 0]
        picked: Integers = np.union1d(found[movable[found]], [cell])
        return picked

    def cubes(
        self, cell: int, *, room: Floats, movable: Any, hidden: Any, weights: Floats, most: int = 2000
    ) -> tuple[Integers, Floats]:
        """Return candidate cubes around `cell`: the cells of each, one row a cube, and the sign of each corner.

        In each dimension the cell's code moves against that of one sibling, each with one child a level below it.
        `room` is how far the cells in line have to be able to go down. Cubes with a missing cell are left out.
        """
        key = self._codes[cell]
        numbers, signs = np.zeros((1, 1), np.int64), np.ones(1)
        for d in range(key.size):
            picker = _Picker(self, key, d, 1, movable, hidden, weights)
            against = picker.siblings(room, max(1, int(most / numbers.size) if d == key.size - 1 else 8))
            plus = picker.chain(int(key[d]))
            chains = [chain for chain in map(picker.chain, against) if len(chain) == len(plus)]
            if not picker.simple() or (not chains and picker.is_part()):
                return np.zeros((0, 1), np.int64), np.ones(1)
            codes = np.array([plus + chain for chain in chains] or [plus], np.int64) * self._radix[d]
            direction = np.r_[np.ones(len(plus)), -np.ones(len(plus) if chains else 0)]
            numbers = (numbers[:, None, :, None] + codes[None, :, None, :]).reshape(
                numbers.shape[0] * codes.shape[0], numbers.shape[1] * codes.shape[1]
            )
            signs = np.outer(signs, direction).ravel()
            if numbers.size > 20 * most:
                return np.zeros((0, signs.size), np.int64), signs
        cells = self.find(numbers)
        return cells[(cells >= 0).all(axis=1)], signs

    def find(self, numbers: Integers) -> Integers:
        """Return the cells with these key numbers, -1 where there is none."""
        at = np.minimum(np.searchsorted(self._sorted, numbers), self._sorted.size - 1)
        return np.where(self._sorted[at] == numbers, self._order[at], -1)

    def _sums(self, system: CellSystem) -> list[tuple[int, int, tuple[int, ...]]]:
        """Return (dimension, code of the total, codes of the parts), each once."""
        found: dict[tuple[int, int, tuple[int, ...]], None] = {}
        if not system.relation.size:
            return []
        order = np.argsort(system.relation, kind="stable")
        relation, cell, factor = system.relation[order], system.cell[order], system.coefficient[order]
        starts = np.r_[0, np.flatnonzero(np.diff(relation)) + 1, relation.size]
        for first, last in itertools.pairwise(starts):
            codes = self._codes[cell[first:last]]
            varying = np.flatnonzero((codes != codes[0]).any(axis=0))
            totals = np.flatnonzero(factor[first:last] < 0)
            if varying.size == 1 and totals.size == 1:
                d = int(varying[0])
                parts = np.delete(codes[:, d], totals[0])
                found[d, int(codes[totals[0], d]), tuple(parts.tolist())] = None
        return list(found)


class _Picker:
    """Chooses codes of one dimension: those whose cell in line with the centre is hidden already, then the cheapest."""

    def __init__(
        self,
        around: Surroundings,
        key: Integers,
        d: int,
        width: int,
        movable: Any,
        hidden: Any,
        weights: Floats,
        *,
        upward: bool = False,
    ) -> None:
        self._upward = upward
        self._around, self._d, self._width = around, d, width
        self._key, self._movable, self._hidden, self._weights = key, movable, hidden, weights
        self._taken: dict[int, None] = {}

    def codes(self) -> list[int]:
        """Return the codes of the block."""
        self._take(int(self._key[self._d]), sideways=True)
        return list(self._taken)

    def chain(self, code: int) -> list[int]:
        """Return a code and the best child of each code, down to the finest."""
        chain = [code]
        while parts := self._around._parts[self._d].get(chain[-1]):
            best = self._best(parts[0])
            if not best:
                break
            chain.append(best[0])
        return chain

    def is_part(self) -> bool:
        """Tell whether the centre's code adds up to another one."""
        return bool(self._around._wholes[self._d].get(int(self._key[self._d])))

    def simple(self) -> bool:
        """Tell whether the dimension has one grouping only, so that one chain of children closes its sums."""
        wholes, parts = self._around._wholes[self._d], self._around._parts[self._d]
        return all(len(each) == 1 for each in wholes.values()) and all(len(each) == 1 for each in parts.values())

    def siblings(self, room: Floats, most: int) -> list[int]:
        """Return the siblings of the centre's code whose cell in line has room to go down, the best first."""
        code = int(self._key[self._d])
        wholes = self._around._wholes[self._d].get(code)
        if not wholes:
            return []
        codes = np.array([part for part in wholes[0][1] if part != code], np.int64)
        cells = self._line(codes)
        fits = (cells >= 0) & self._movable[cells] & (room[cells] >= 0)
        codes, cells = codes[fits], cells[fits]
        order = np.lexsort((cells, self._weights[cells], ~self._hidden[cells]))
        return [int(each) for each in codes[order[:most]]]

    def _take(self, code: int, *, sideways: bool) -> None:
        if code in self._taken:
            return
        self._taken[code] = None
        for parts in self._around._parts[self._d].get(code, ()):
            for part in self._best(parts):
                self._take(part, sideways=False)
        if not sideways:
            return
        for parent, parts in self._around._wholes[self._d].get(code, ()):
            for part in self._best(parts):
                self._take(part, sideways=False)
            line = self._line(np.array([parent]))
            if line[0] >= 0 and self._movable[line[0]] and (self._hidden[line[0]] or self._upward):
                self._take(parent, sideways=True)

    def _best(self, parts: tuple[int, ...]) -> list[int]:
        codes = np.array(parts, np.int64)
        cells = self._line(codes)
        codes, cells = codes[cells >= 0], cells[cells >= 0]
        codes, cells = codes[self._movable[cells]], cells[self._movable[cells]]
        if codes.size <= self._width:
            return [int(each) for each in codes]
        order = np.lexsort((cells, self._weights[cells], ~self._hidden[cells]))
        return [int(each) for each in codes[order[: self._width]]]

    def _line(self, codes: Integers) -> Integers:
        key = self._key.copy()
        key[self._d] = 0
        return self._around.find(int(key @ self._around._radix) + codes * self._around._radix[self._d])
