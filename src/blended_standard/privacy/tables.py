"""Tables of counts built from their finest level: rows, columns, hierarchies, and the sums that follow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import numpy.typing as npt

from blended_standard.errors import UsageError, expect
from blended_standard.privacy.cells import CellSystem

if TYPE_CHECKING:
    from narwhals.typing import IntoDataFrame

Hierarchy = Mapping[str, Sequence[str]]
_Sums = tuple[str, npt.NDArray[np.int64], npt.NDArray[np.int64]]

_MOST_CELLS = 5_000_000


def build_tables(
    cells: Mapping[str, Sequence[object]] | IntoDataFrame,
    *,
    dimensions: Sequence[str],
    value: str = "n",
    hierarchies: Mapping[str, Hierarchy | Sequence[Hierarchy]] | None = None,
    tables: Sequence[Mapping[str, Sequence[str] | None] | Sequence[str]] | None = None,
    total: str = "Total",
    absent: str = "zero",
) -> CellSystem:
    """Build the cells and relations of every table that is released together from the finest counts.

    Parameters
    ----------
    cells : mapping of columns, or dataframe
        The finest level: a column for each dimension and one of values. Rows with the same codes are added up.
    dimensions : sequence of str
        The columns that classify. For a share, make "reached: yes / no" one of them.
    value : str
        The column of values, 0 or more.
    hierarchies : mapping, optional
        For a dimension, {parent: its children}; the codes without a parent add up to the total. A list of such mappings
        gives several groupings of the same codes (regions and economic zones).
    tables : sequence, optional
        The tables published, each the dimensions that it crosses, as names or as {dimension: codes shown} (None for all
        codes). Other dimensions stand at their total. Default: one table of everything.
    total : str
        The code of a total.
    absent : {"zero", "structural"}
        Whether combinations without a row are counts of nobody, or impossible.

    Returns
    -------
    CellSystem
        Cells that no table shows but that follow from shown ones (the one region left out) are in it, not published.

    Raises
    ------
    UsageError
        Columns missing, codes unknown, a cycle in a hierarchy, a value negative or missing.

    Examples
    --------
    >>> rows = {"site": ["A", "A", "B", "B"], "reached": ["yes", "no", "yes", "no"], "n": [4, 20, 15, 30]}
    >>> system = build_tables(rows, dimensions=["site", "reached"])
    >>> system, int(system.values[system.position(["Total", "yes"])])
    (CellSystem(cells=9, relations=6), 19)
    """
    if absent not in ("zero", "structural"):
        raise UsageError(f"absent={absent!r} is not one of zero, structural.")
    names = _names(dimensions)
    columns = _columns(cells, (*names, value))
    axes = _axes(columns, names, hierarchies or {}, total)
    leaves, present = _finest(columns, value, names, axes)
    lattice = _sum_up(leaves, axes)
    impossible = _sum_up(present, axes) == 0 if absent == "structural" else np.zeros(lattice.shape, bool)
    published = _published(tables, names, axes, lattice.shape)
    included = _with_implied(axes, published)
    groups = list(_relations(axes, included))
    return _assemble(names, axes, lattice, impossible, published, included, groups)


@attrs.frozen
class _Axis:
    """The codes of one dimension: leaves first, then groups, the total last, and how parents add up."""

    name: str
    codes: tuple[str, ...]
    leaves: int
    members: npt.NDArray[np.float64]
    sums: tuple[tuple[int, tuple[int, ...]], ...]


def _names(dimensions: Sequence[str]) -> tuple[str, ...]:
    expect("dimensions", dimensions, Iterable, "the columns that classify, such as ['site', 'reached']")
    names = (dimensions,) if isinstance(dimensions, str) else tuple(dimensions)
    if not names or len(set(names)) < len(names):
        raise UsageError(f"dimensions={names} is empty or names a column twice. Pass each column that classifies once.")
    return names


def _columns(cells: object, names: Sequence[str]) -> dict[str, list[object]]:
    if isinstance(cells, Mapping):
        found: Mapping[str, Sequence[object]] = cells
    else:
        import narwhals.stable.v2 as nw

        frame: Any = nw.from_native(cells, eager_only=True, pass_through=True)
        expect("cells", frame, nw.DataFrame, "a mapping of columns or a dataframe")
        found = {name: frame[name].to_list() for name in frame.columns}
    missing = [name for name in names if name not in found]
    if missing:
        raise UsageError(f"cells has no column {missing[0]!r}. It has {', '.join(map(str, found))}.")
    columns = {name: list(found[name]) for name in names}
    if len({len(column) for column in columns.values()}) > 1:
        raise UsageError("The columns of cells differ in length.")
    return columns


def _axes(
    columns: Mapping[str, Sequence[object]],
    names: tuple[str, ...],
    hierarchies: Mapping[str, Hierarchy | Sequence[Hierarchy]],
    total: str,
) -> list[_Axis]:
    unknown = set(hierarchies) - set(names)
    if unknown:
        raise UsageError(f"hierarchies names {sorted(unknown)}, which are not among dimensions={names}.")
    return [_axis(name, columns[name], hierarchies.get(name, {}), total) for name in names]


def _axis(name: str, column: Sequence[object], given: Hierarchy | Sequence[Hierarchy], total: str) -> _Axis:
    groupings = [given] if isinstance(given, Mapping) else list(given)
    children = {parent: list(kids) for grouping in groupings for parent, kids in grouping.items() if parent != total}
    tops = [kid for grouping in groupings for kid in grouping.get(total, ())]
    below = {kid for kids in children.values() for kid in kids}
    seen = dict.fromkeys([str(code) for code in column])
    leaves = [code for code in dict.fromkeys([*seen, *sorted(below), *tops]) if code not in children and code != total]
    if not leaves:
        raise UsageError(f"{name} has no code. Pass a row at least, or name its codes in hierarchies.")
    wrong = [code for code in seen if code in children or code == total]
    if wrong:
        raise UsageError(f"{name} has rows for {wrong[0]!r}, which is a sum. Pass only the finest codes.")
    members = {leaf: {leaf} for leaf in leaves}
    groups = _from_below(name, children, members)
    sums = [(parent, tuple(children[parent])) for parent in groups]
    for grouping in groupings or [{}]:
        inside = {kid for parent, kids in grouping.items() if parent != total for kid in kids}
        others = {parent for parent in children if parent not in grouping}
        sums.append((total, tuple(code for code in [*groups, *leaves] if code not in inside and code not in others)))
    members[total] = set(leaves)
    codes = (*leaves, *groups, total)
    places = {code: i for i, code in enumerate(codes)}
    table = np.zeros((len(codes), len(leaves)))
    for code, inside in members.items():
        table[places[code], [places[leaf] for leaf in inside]] = 1.0
    placed = tuple((places[parent], tuple(places[kid] for kid in kids)) for parent, kids in sums)
    return _Axis(name, codes, len(leaves), table, placed)


def _from_below(name: str, children: Mapping[str, Sequence[str]], members: dict[str, set[str]]) -> list[str]:
    """Fill in which leaves each group holds; return the groups, children before parents."""
    groups: list[str] = []
    waiting = list(children)
    while waiting:
        ready = [parent for parent in waiting if all(kid in members for kid in children[parent])]
        if not ready:
            raise UsageError(f"The hierarchy of {name} runs in a circle through {waiting[0]!r}.")
        for parent in ready:
            members[parent] = set().union(*(members[kid] for kid in children[parent]))
            if sum(len(members[kid]) for kid in children[parent]) != len(members[parent]):
                raise UsageError(f"The children of {parent!r} in {name} overlap. Give a second grouping instead.")
        groups += ready
        waiting = [parent for parent in waiting if parent not in ready]
    return groups


def _finest(
    columns: Mapping[str, Sequence[object]], value: str, names: tuple[str, ...], axes: Sequence[_Axis]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the values at the finest level, and the number of rows behind each."""
    size = int(np.prod([float(len(axis.codes)) for axis in axes]))
    if size > _MOST_CELLS:
        raise UsageError(f"The tables would have {size:,} cells, more than {_MOST_CELLS:,}. Publish coarser codes.")
    try:
        values = np.asarray(columns[value], float)
    except (TypeError, ValueError):
        raise UsageError(f"The column {value!r} holds something that is not a number.") from None
    if not np.all(np.isfinite(values)) or np.any(values < 0):
        raise UsageError(f"The column {value!r} holds a missing or negative value. Pass finite values of 0 or more.")
    places = []
    for name, axis in zip(names, axes, strict=True):
        lookup = {code: i for i, code in enumerate(axis.codes)}
        places.append(np.array([lookup[str(code)] for code in columns[name]], np.int64))
    shape = tuple(axis.leaves for axis in axes)
    leaves, present = np.zeros(shape), np.zeros(shape)
    np.add.at(leaves, tuple(places), values)
    np.add.at(present, tuple(places), 1.0)
    return leaves, present


def _sum_up(leaves: npt.NDArray[np.float64], axes: Sequence[_Axis]) -> npt.NDArray[np.float64]:
    summed = leaves
    for place, axis in enumerate(axes):
        summed = np.moveaxis(np.tensordot(axis.members, summed, axes=(1, place)), 0, place)
    return np.ascontiguousarray(summed)


def _published(
    tables: Sequence[Mapping[str, Sequence[str] | None] | Sequence[str]] | None,
    names: tuple[str, ...],
    axes: Sequence[_Axis],
    shape: tuple[int, ...],
) -> npt.NDArray[np.bool_]:
    if tables is None:
        return np.ones(shape, bool)
    published = np.zeros(shape, bool)
    for table in tables:
        shown = dict(table) if isinstance(table, Mapping) else dict.fromkeys(table)
        unknown = [name for name in shown if name not in names]
        if unknown:
            raise UsageError(f"tables names {unknown[0]!r}, which is not among dimensions={names}.")
        picked = [_picked(axis, shown) for axis in axes]
        published[np.ix_(*picked)] = True
    return published


def _picked(axis: _Axis, shown: Mapping[str, Sequence[str] | None]) -> list[int]:
    if axis.name not in shown:
        return [len(axis.codes) - 1]
    codes = shown[axis.name]
    if codes is None:
        return list(range(len(axis.codes)))
    missing = [code for code in codes if code not in axis.codes]
    if missing:
        raise UsageError(f"tables names the code {missing[0]!r}, which {axis.name} does not have.")
    return [axis.codes.index(code) for code in codes]


def _with_implied(axes: Sequence[_Axis], published: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Add the cells that complete a sum of which the total and a part are published."""
    shown, included = published.ravel(), published.copy()
    for _, parents, parts in _sums(axes, published.shape):
        needed = shown[parents] & shown[parts].any(axis=1)
        included.ravel()[parts[needed].ravel()] = True
    return included


def _relations(axes: Sequence[_Axis], included: npt.NDArray[np.bool_]) -> Iterable[_Sums]:
    """Yield the sums all of whose cells are in the system."""
    inside = included.ravel()
    for name, parents, parts in _sums(axes, included.shape):
        whole = inside[parents] & inside[parts].all(axis=1)
        if np.any(whole):
            yield name, parents[whole], parts[whole]


def _sums(axes: Sequence[_Axis], shape: tuple[int, ...]) -> Iterable[_Sums]:
    """Yield (dimension, flat positions of the totals, flat positions of their parts, one row a total)."""
    flat = np.arange(int(np.prod(shape))).reshape(shape)
    for place, axis in enumerate(axes):
        for parent, kids in axis.sums:
            parents = np.take(flat, parent, axis=place).ravel()
            parts = np.moveaxis(np.take(flat, list(kids), axis=place), place, -1).reshape(-1, len(kids))
            yield axis.name, parents, parts


def _assemble(
    names: tuple[str, ...],
    axes: Sequence[_Axis],
    lattice: npt.NDArray[np.float64],
    impossible: npt.NDArray[np.bool_],
    published: npt.NDArray[np.bool_],
    included: npt.NDArray[np.bool_],
    groups: Sequence[_Sums],
) -> CellSystem:
    kept = np.flatnonzero(included.ravel())
    position = np.full(included.size, -1, np.int64)
    position[kept] = np.arange(kept.size)
    codes = np.unravel_index(kept, included.shape)
    keys = tuple(zip(*(np.array(axis.codes, object)[at] for axis, at in zip(axes, codes, strict=True)), strict=True))
    rows, cells, factors, labels, start = [], [], [], [], 0
    for name, parents, parts in groups:
        count, width = parts.shape
        rows.append(np.repeat(np.arange(start, start + count), width + 1))
        cells.append(position[np.column_stack([parents, parts])].ravel())
        factors.append(np.tile(np.r_[-1.0, np.ones(width)], count))
        labels += [name] * count
        start += count
    return CellSystem(
        dimensions=names,
        keys=keys,
        values=lattice.ravel()[kept],
        structural=impossible.ravel()[kept],
        published=published.ravel()[kept],
        relation=np.concatenate(rows) if rows else np.zeros(0, np.int64),
        cell=np.concatenate(cells) if cells else np.zeros(0, np.int64),
        coefficient=np.concatenate(factors) if factors else np.zeros(0),
        relation_names=tuple(labels),
    )
