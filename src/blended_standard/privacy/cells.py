"""Cells of published tables and the linear relations that tie them, also across releases.

Everything released together is one `CellSystem`, M a = 0, because an outsider has all of it. Source of the model:
Fischetti and Salazar (2000), hierarchical and linked tables.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from blended_standard.errors import UsageError

Key = tuple[str, ...]


@attrs.frozen(kw_only=True, repr=False, eq=False)
class CellSystem:
    """Cells with their true values and the linear relations between them. It holds what must not leave the office.

    Attributes
    ----------
    dimensions : tuple of str
        What the parts of a key are.
    keys : tuple of tuple of str
        One code a dimension for each cell.
    values : float array, shape (cells,)
    structural : bool array, shape (cells,)
        Cells that are zero by definition.
    published : bool array, shape (cells,)
        False for cells that no table shows but that follow from published ones; they count as hidden, and cost nothing.
    relation, cell, coefficient : arrays, shape (terms,)
        Coefficient of each cell in each relation; every relation sums to 0. A total has -1, its parts +1.
    relation_names : tuple of str
        The dimension, or the name given, of each relation.
    """

    dimensions: tuple[str, ...]
    keys: tuple[Key, ...]
    values: npt.NDArray[np.float64]
    structural: npt.NDArray[np.bool_]
    published: npt.NDArray[np.bool_]
    relation: npt.NDArray[np.int64]
    cell: npt.NDArray[np.int64]
    coefficient: npt.NDArray[np.float64]
    relation_names: tuple[str, ...]

    def __attrs_post_init__(self) -> None:
        short = np.bincount(self.relation, self.coefficient * self.values[self.cell], len(self.relation_names))
        scale = np.bincount(self.relation, np.abs(self.values[self.cell]), len(self.relation_names))
        wrong = np.flatnonzero(np.abs(short) > 1e-9 * (1 + scale))
        if wrong.size:
            raise UsageError(
                f"The values do not add up: {self.describe(int(wrong[0]))} ({wrong.size} relations in all). "
                "Pass values of one state of the data, before any rounding."
            )

    def __repr__(self) -> str:
        return f"CellSystem(cells={len(self.keys)}, relations={len(self.relation_names)})"

    def __len__(self) -> int:
        return len(self.keys)

    def matrix(self) -> Any:
        """Return M as a scipy sparse array, one row a relation."""
        from scipy.sparse import csr_array

        shape = (len(self.relation_names), len(self.keys))
        return csr_array((self.coefficient, (self.relation, self.cell)), shape=shape)

    def position(self, key: Sequence[str]) -> int:
        """Return the position of the cell with this key.

        Raises
        ------
        UsageError
            There is no such cell.
        """
        try:
            return self.keys.index(tuple(key))
        except ValueError:
            raise UsageError(
                f"key={tuple(key)!r} is not a cell of these tables. A key has one code for each of {self.dimensions}."
            ) from None

    def describe(self, relation: int) -> str:
        """Return a relation in words: its name and the keys that it ties, without values."""
        terms = np.flatnonzero(self.relation == relation)
        named = [(self.coefficient[t], "/".join(self.keys[self.cell[t]])) for t in terms]
        left = " + ".join(_term(-factor, name) for factor, name in named if factor < 0)
        right = " + ".join(_term(factor, name) for factor, name in named[:13] if factor > 0)
        return f"{self.relation_names[relation]}: {left or '0'} = {right or '0'}{' + ...' if len(named) > 13 else ''}"


def link(
    systems: Mapping[str, CellSystem],
    *,
    relations: Iterable[tuple[str, Mapping[tuple[str, Sequence[str]] | tuple[str, Key], float]]] = (),
    same: bool = True,
) -> CellSystem:
    """Join several releases into the one system that an outsider has: later dates, other profiles, other publishers.

    Parameters
    ----------
    systems : mapping of CellSystem
        Each release by name.
    relations : iterable of (name, {(release, key): coefficient}), optional
        Sums that tie cells of different releases; each must come to 0.
    same : bool
        Cells with equal keys and equal values in two releases are one cell. Equal keys with different values are a
        change, whose size an outsider can take: it becomes a cell of its own, never published, key "later - earlier".

    Returns
    -------
    CellSystem
        Keys start with the name of the first release that has the cell.

    Examples
    --------
    >>> from blended_standard.privacy import build_tables
    >>> june = build_tables({"site": ["A", "B"], "n": [34, 50]}, dimensions=["site"])
    >>> july = build_tables({"site": ["A", "B"], "n": [35, 50]}, dimensions=["site"])
    >>> [key for key in link({"june": june, "july": july}).keys if key[0] == "july - june"]
    [('july - june', 'A'), ('july - june', 'Total')]
    """
    joined = _Joined()
    for name, system in systems.items():
        joined.add(name, system, same=same)
    for name, terms in relations:
        joined.relate(name, {joined.find(release, tuple(key)): factor for (release, key), factor in terms.items()})
    widths = {len(system.dimensions) for system in systems.values()}
    if len(widths) != 1:
        raise UsageError("systems have different numbers of dimensions. Build them with the same dimensions.")
    return joined.system(("release", *next(iter(systems.values())).dimensions))


class _Joined:
    """Collects releases cell by cell; cells that are the same quantity share one position."""

    def __init__(self) -> None:
        self.keys: list[Key] = []
        self.values: list[float] = []
        self.structural: list[bool] = []
        self.published: list[bool] = []
        self.terms: list[tuple[str, dict[int, float]]] = []
        self.known: set[frozenset[tuple[int, float]]] = set()
        self.last: dict[Key, tuple[str, int]] = {}
        self.places: dict[tuple[str, Key], int] = {}

    def add(self, name: str, system: CellSystem, *, same: bool) -> None:
        for i, key in enumerate(system.keys):
            self.places[name, key] = self._place(name, key, system, i, same)
        order = np.argsort(system.relation, kind="stable")
        for relation, group in itertools.groupby(order, key=lambda t: int(system.relation[t])):
            terms = {self.places[name, system.keys[system.cell[t]]]: float(system.coefficient[t]) for t in group}
            if frozenset(terms.items()) not in self.known:
                self.known.add(frozenset(terms.items()))
                self.relate(f"{name}, {system.relation_names[relation]}", terms)

    def find(self, release: str, key: Key) -> int:
        if (release, key) not in self.places:
            raise UsageError(f"relations names {(release, key)!r}, which is not a cell of these releases.")
        return self.places[release, key]

    def relate(self, name: str, terms: dict[int, float]) -> None:
        self.terms.append((name, terms))

    def system(self, dimensions: tuple[str, ...]) -> CellSystem:
        counts = [len(terms) for _, terms in self.terms]
        return CellSystem(
            dimensions=dimensions,
            keys=tuple(self.keys),
            values=np.array(self.values),
            structural=np.array(self.structural, bool),
            published=np.array(self.published, bool),
            relation=np.repeat(np.arange(len(counts)), counts),
            cell=np.array([cell for _, terms in self.terms for cell in terms], np.int64),
            coefficient=np.array([factor for _, terms in self.terms for factor in terms.values()], float),
            relation_names=tuple(name for name, _ in self.terms),
        )

    def _place(self, name: str, key: Key, system: CellSystem, i: int, same: bool) -> int:
        value, shown = float(system.values[i]), bool(system.published[i])
        earlier = self.last.get(key) if same else None
        if earlier is not None and self.values[earlier[1]] == value:
            self.published[earlier[1]] |= shown
            return earlier[1]
        place = self._new((name, *key), value, bool(system.structural[i]), shown)
        if earlier is not None:
            change = value - self.values[earlier[1]]
            late, early, sign = (name, earlier[0], 1.0) if change > 0 else (earlier[0], name, -1.0)
            gap = self._new((f"{late} - {early}", *key), abs(change), False, False)
            self.relate(f"change from {earlier[0]} to {name}", {place: -1.0, earlier[1]: 1.0, gap: sign})
        self.last[key] = (name, place)
        return place

    def _new(self, key: Key, value: float, structural: bool, published: bool) -> int:
        self.keys.append(key)
        self.values.append(value)
        self.structural.append(structural)
        self.published.append(published)
        return len(self.keys) - 1


def _term(factor: float, name: str) -> str:
    return name if factor == 1 else f"{factor:g} * {name}"
