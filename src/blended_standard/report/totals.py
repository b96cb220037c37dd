"""Results that could be had by subtraction: what else to withhold when totals stand beside their parts.

The counts behind one measure form linked tables (groups and their totals, those of earlier releases too);
`privacy.suppress` chooses the cells. Where every learner counts once, who was reached and who was not are cells of
their own: two shares that are shown give both away.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import attrs
import numpy as np

from blended_standard.errors import NotEstimableError
from blended_standard.measures.report import Group
from blended_standard.privacy import CellSystem, Policy, PrimarySuppression, suppress

BY_SUBTRACTION = "Withheld: with its total or its parts it would give away a result about few learners."
_SECONDS = 10.0


@attrs.frozen
class Counted:
    """The counts of one result: units, and of them those reached where each is a learner who counts once."""

    group: Group
    n: int | None
    reached: int | None = None


def also_withhold(
    cells: Sequence[Counted], withheld: Sequence[bool], policy: Policy, *, fixed: int = 0
) -> frozenset[int]:
    """Return the positions of results of one measure that would give a withheld one away.

    Parameters
    ----------
    cells : sequence of Counted
        All results of the measure, with their true counts.
    withheld : sequence of bool
        Which are withheld by themselves.
    policy : Policy
    fixed : int
        How many of the cells, the last ones, an earlier release settled: they stay as they are.
    """
    free = len(cells) - fixed
    tables = _tables(cells)
    if len(tables) < 2:
        return frozenset()
    if any(cell.n is None for cell in cells):
        return _all_but_the_coarsest(tables, free) if any(withheld) else frozenset()
    system, primary, layers = _system(cells, withheld, tables, policy)
    if not primary.hidden.any():
        return frozenset()
    settled = np.zeros(len(system), bool)
    for i in range(free, len(cells)):
        settled[[layer * len(cells) + i for layer in range(layers)]] = not withheld[i]
    try:
        found = suppress(system, policy=policy, primary=primary, must_show=settled, time_limit=_SECONDS)
    except NotEstimableError:
        return _all_but_the_coarsest(tables, free)
    hidden = {int(i) % len(cells) for i in np.flatnonzero(found.hidden[: layers * len(cells)])}
    return frozenset(i for i in hidden if i < free and not withheld[i])


@attrs.define
class _Relations:
    """Cells and relations as they are found."""

    values: list[float]
    terms: list[tuple[int, int, float]] = attrs.field(factory=list)
    count: int = 0

    def add(self, value: float) -> int:
        """Make a cell that no table shows; return its position."""
        self.values.append(value)
        return len(self.values) - 1

    def tie(self, total: int, parts: Sequence[int]) -> None:
        """Say that the parts add up to the total."""
        self.terms += [(self.count, i, 1.0) for i in parts] + [(self.count, total, -1.0)]
        self.count += 1


def _tables(cells: Sequence[Counted]) -> dict[frozenset[str], list[int]]:
    tables: dict[frozenset[str], list[int]] = defaultdict(list)
    for i, cell in enumerate(cells):
        tables[frozenset(name for name, _ in cell.group)].append(i)
    return tables


def _all_but_the_coarsest(tables: dict[frozenset[str], list[int]], free: int) -> frozenset[int]:
    coarsest = min(tables, key=len)
    return frozenset(i for names, members in tables.items() if names != coarsest for i in members if i < free)


def _sums(cells: Sequence[Counted], tables: dict[frozenset[str], list[int]]) -> list[tuple[int, list[int]]]:
    """Return every total with its parts in one finer table."""
    return [
        (total, [i for i in members if set(cells[total].group) <= set(cells[i].group)])
        for names, members in tables.items()
        for coarse, totals in tables.items()
        if coarse < names
        for total in totals
    ]


def _system(
    cells: Sequence[Counted],
    withheld: Sequence[bool],
    tables: dict[frozenset[str], list[int]],
    policy: Policy,
) -> tuple[CellSystem, PrimarySuppression, int]:
    """Return the cells in layers (units; where it applies those reached, and those not), and how many layers."""
    size = len(cells)
    units = [float(cell.n or 0) for cell in cells]
    reached = [float(cell.reached) for cell in cells if cell.reached is not None]
    layered = len(reached) == size
    layers = [units, reached, [n - x for n, x in zip(units, reached, strict=True)]] if layered else [units]
    relations = _Relations([value for layer in layers for value in layer])
    for i in range(size if layered else 0):
        relations.tie(i, [size + i, 2 * size + i])
    sums = _sums(cells, tables)
    rests: list[list[int]] = []
    if frozenset() not in tables:
        # No table shows the total of all, and yet every table adds up to it.
        grand = _grand(relations, layers, tables)
        for members in tables.values():
            rests.append(_add_up(relations, grand, members, size))
    for total, parts in sums:
        if parts:
            rests.append(_add_up(relations, [total + layer * size for layer in range(len(layers))], parts, size))
    return *_with_primary(relations, withheld, rests, policy, len(layers) * size, size), len(layers)


def _grand(
    relations: _Relations, layers: Sequence[Sequence[float]], tables: dict[frozenset[str], list[int]]
) -> list[int]:
    widest = max(tables.values(), key=lambda members: sum(layers[0][i] for i in members))
    grand = [relations.add(sum(layer[i] for i in widest)) for layer in layers]
    if len(grand) > 1:
        relations.tie(grand[0], grand[1:])
    return grand


def _add_up(relations: _Relations, totals: Sequence[int], parts: Sequence[int], size: int) -> list[int]:
    """Tie a total to its parts in every layer; what is in no part becomes cells of its own, which are returned."""
    members = [[i + layer * size for i in parts] for layer in range(len(totals))]
    left = [
        relations.values[total] - sum(relations.values[i] for i in own)
        for total, own in zip(totals, members, strict=True)
    ]
    if min(left) < 0:
        return []
    rest = [relations.add(value) for value in left] if left[0] > 0 else []
    if len(rest) > 1:
        relations.tie(rest[0], rest[1:])
    for layer, (total, own) in enumerate(zip(totals, members, strict=True)):
        relations.tie(total, [*own, *rest[layer : layer + 1]])
    return rest


def _with_primary(
    relations: _Relations,
    withheld: Sequence[bool],
    rests: Sequence[Sequence[int]],
    policy: Policy,
    published: int,
    size: int,
) -> tuple[CellSystem, PrimarySuppression]:
    values = np.array(relations.values)
    hidden = np.zeros(values.size, bool)
    hidden[:published] = np.tile(np.array(withheld, bool), published // size)
    for rest in rests:
        few = [policy.minimum_n, policy.minimum_numerator, policy.minimum_numerator]
        if any(values[cell] < least for cell, least in zip(rest, few, strict=False)):
            hidden[list(rest)] = True
    columns = np.array(relations.terms, float).reshape(-1, 3).T
    system = CellSystem(
        dimensions=("cell",),
        keys=tuple((str(i),) for i in range(values.size)),
        values=values,
        structural=np.zeros(values.size, bool),
        published=np.arange(values.size) < published,
        relation=columns[0].astype(np.int64),
        cell=columns[1].astype(np.int64),
        coefficient=columns[2],
        relation_names=tuple("total" for _ in range(relations.count)),
    )
    reach = float(policy.must_reach)
    primary = PrimarySuppression(
        hidden=hidden,
        need_high=np.where(hidden, np.maximum(reach, values), values),
        need_low=values,
        need_length=np.where(hidden, reach, 0.0),
        rules=tuple("withheld" if flag else "" for flag in hidden),
    )
    return system, primary
