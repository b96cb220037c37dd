"""Results that could be had by subtraction: what else to withhold when a report holds totals beside their parts.

The counts behind one measure form linked tables (groups and their totals); `privacy.suppress` chooses the cells.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import attrs
import numpy as np

from blended_standard.errors import NotEstimableError
from blended_standard.measures import MeasureResult
from blended_standard.privacy import CellSystem, Policy, PrimarySuppression, suppress

_SECONDS = 10.0


def also_withhold(entries: Sequence[MeasureResult], withheld: Sequence[bool], policy: Policy) -> frozenset[int]:
    """Return the positions of results of one measure that would give a withheld one away.

    Parameters
    ----------
    entries : sequence of MeasureResult
        All results of the measure, with their true n.
    withheld : sequence of bool
        Which are withheld by themselves.
    policy : Policy
    """
    tables = _tables(entries)
    if len(tables) < 2:
        return frozenset()
    if any(entry.n is None for entry in entries):
        return _all_but_the_coarsest(tables) if any(withheld) else frozenset()
    system, primary = _system(entries, withheld, tables, policy)
    if not primary.hidden.any():
        return frozenset()
    try:
        found = suppress(system, policy=policy, primary=primary, time_limit=_SECONDS)
    except NotEstimableError:
        return _all_but_the_coarsest(tables)
    hidden = np.flatnonzero(found.hidden[: len(entries)])
    return frozenset(int(i) for i in hidden if not withheld[int(i)])


@attrs.define
class _Relations:
    """Cells and relations as they are found."""

    values: list[float]
    terms: list[tuple[int, int, float]] = attrs.field(factory=list)
    count: int = 0

    def add_up(self, total: int, parts: Sequence[int]) -> None:
        """Tie a total to its parts; what is in no part becomes a cell of its own."""
        rest = self.values[total] - sum(self.values[i] for i in parts)
        if rest < 0 or not parts:
            return
        members = [*parts]
        if rest > 0:
            self.values.append(rest)
            members.append(len(self.values) - 1)
        self.terms += [(self.count, i, 1.0) for i in members] + [(self.count, total, -1.0)]
        self.count += 1


def _tables(entries: Sequence[MeasureResult]) -> dict[frozenset[str], list[int]]:
    tables: dict[frozenset[str], list[int]] = defaultdict(list)
    for i, entry in enumerate(entries):
        tables[frozenset(name for name, _ in entry.group)].append(i)
    return tables


def _all_but_the_coarsest(tables: dict[frozenset[str], list[int]]) -> frozenset[int]:
    coarsest = min(tables, key=len)
    return frozenset(i for names, members in tables.items() if names != coarsest for i in members)


def _system(
    entries: Sequence[MeasureResult],
    withheld: Sequence[bool],
    tables: dict[frozenset[str], list[int]],
    policy: Policy,
) -> tuple[CellSystem, PrimarySuppression]:
    relations = _Relations([float(entry.n or 0) for entry in entries])
    grand = None
    if frozenset() not in tables:
        relations.values.append(max(sum(float(entries[i].n or 0) for i in members) for members in tables.values()))
        grand = len(relations.values) - 1
    for names, members in tables.items():
        if grand is not None:
            relations.add_up(grand, members)
        for coarse, totals in tables.items():
            if coarse < names:
                for total in totals:
                    own = set(entries[total].group)
                    relations.add_up(total, [i for i in members if own <= set(entries[i].group)])
    values = np.array(relations.values)
    published = np.arange(values.size) < len(entries)
    hidden = np.zeros(values.size, bool)
    hidden[: len(entries)] = withheld
    rest = ~published & (values > 0) & (values < policy.minimum_n)
    hidden |= rest
    columns = np.array(relations.terms, float).reshape(-1, 3).T
    system = CellSystem(
        dimensions=("cell",),
        keys=tuple((str(i),) for i in range(values.size)),
        values=values,
        structural=np.zeros(values.size, bool),
        published=published,
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
