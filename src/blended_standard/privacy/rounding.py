"""Round the small counts of published tables so that every published sum stays a sum.

Only inner counts that make up a small published count change, to 0 or to the base. Source of the method: Langsrud and
Heldal (2018), small count rounding; here the changes are chosen by least squares over the published cells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from blended_standard.errors import UsageError
from blended_standard.numeric import arguments as check
from blended_standard.privacy.suppress import ReleasedCell
from blended_standard.privacy.tables import Hierarchy, _axes, _columns, _finest, _names, _published, _sum_up
from blended_standard.results import Result, Row, result

if TYPE_CHECKING:
    from narwhals.typing import IntoDataFrame

_TRY_ALL = 14


@result
class RoundedTables(Result):
    """Published counts after rounding, and the inner counts that add up to them.

    `largest_change` and `utility` compare published cells with the true ones; `utility` is one minus the Hellinger
    distance over the root of the sum of the true cells. `method` is "exact" when all choices were tried, else "search".
    """

    dimensions: tuple[str, ...]
    cells: tuple[ReleasedCell, ...]
    inner: tuple[ReleasedCell, ...]
    base: int
    largest_change: float
    utility: float
    method: str

    def rows(self) -> list[Row]:
        """Return one row a published cell."""
        return [dict(zip(self.dimensions, each.cell, strict=True)) | {"value": each.value} for each in self.cells]


def round_small_counts(
    cells: Mapping[str, Sequence[object]] | IntoDataFrame,
    *,
    dimensions: Sequence[str],
    base: int,
    value: str = "n",
    hierarchies: Mapping[str, Hierarchy | Sequence[Hierarchy]] | None = None,
    tables: Sequence[Mapping[str, Sequence[str] | None] | Sequence[str]] | None = None,
    total: str = "Total",
) -> RoundedTables:
    """Round inner counts so that no published count lies between 0 and `base`, and all published sums hold.

    Parameters
    ----------
    cells, dimensions, value, hierarchies, tables, total
        As for `build_tables`; the values are whole numbers.
    base : int
        2 or more.

    Returns
    -------
    RoundedTables

    Raises
    ------
    UsageError
        A value that is not a whole number, a base below 2, or what `build_tables` refuses.

    Notes
    -----
    An outsider knows that a small count was rounded and to what base: a published 0 or base stands for 0 to twice the
    base less one. That is weaker than suppression with an audit and stronger than rounding each cell by itself.

    Examples
    --------
    >>> rows = {"site": ["A", "B", "C"], "n": [2, 30, 1]}
    >>> [row["value"] for row in round_small_counts(rows, dimensions=["site"], base=3).rows()]
    [3.0, 30.0, 0.0, 33.0]
    """
    base = check.whole("base", base, minimum=2)
    names = _names(dimensions)
    columns = _columns(cells, (*names, value))
    axes = _axes(columns, names, hierarchies or {}, total)
    leaves, _ = _finest(columns, value, names, axes)
    if np.any(leaves != np.round(leaves)):
        raise UsageError(f"The column {value!r} holds a value that is not a whole number.")
    true = _sum_up(leaves, axes)
    shown = _published(tables, names, axes, true.shape)
    candidates = _candidates(leaves, axes, shown & (true > 0) & (true < base), base)
    effects = np.array([_sum_up(_one(leaves, at), axes)[shown] for at in candidates]).reshape(-1, int(shown.sum()))
    old = leaves.ravel()[candidates]
    up, method = _choose(effects, old, base)
    rounded = leaves.copy()
    rounded.ravel()[candidates] = np.where(up, base, 0)
    after = _sum_up(rounded, axes)
    codes = [np.array(axis.codes, object) for axis in axes]
    apart = np.sqrt(0.5 * np.sum((np.sqrt(after[shown]) - np.sqrt(true[shown])) ** 2))
    return RoundedTables(
        dimensions=names,
        cells=_listed(after, shown, codes),
        inner=_listed(rounded, np.ones(rounded.shape, bool), codes),
        base=base,
        largest_change=float(np.max(np.abs(after - true)[shown], initial=0.0)),
        utility=float(1 - apart / np.sqrt(max(true[shown].sum(), 1.0))),
        method=method,
    )


def _candidates(
    leaves: npt.NDArray[np.float64], axes: Sequence[object], small: npt.NDArray[np.bool_], base: int
) -> npt.NDArray[np.int64]:
    """Return the inner counts between 0 and the base that are part of a small published count."""
    part = small.astype(float)
    for place, axis in enumerate(axes):
        part = np.moveaxis(np.tensordot(axis.members, part, axes=(0, place)), 0, place)  # type: ignore[attr-defined]
    return np.flatnonzero((part.ravel() > 0) & (leaves.ravel() > 0) & (leaves.ravel() < base))


def _one(leaves: npt.NDArray[np.float64], at: int) -> npt.NDArray[np.float64]:
    unit = np.zeros(leaves.shape)
    unit.ravel()[at] = 1.0
    return unit


def _choose(
    effects: npt.NDArray[np.float64], old: npt.NDArray[np.float64], base: int
) -> tuple[npt.NDArray[np.bool_], str]:
    """Return which counts go up to the base: least squares over the published cells, ties to the earliest choice."""
    if old.size <= _TRY_ALL:
        choices = ((np.arange(2**old.size)[:, None] >> np.arange(old.size)[::-1]) & 1).astype(bool)
        costs = (((choices * base - old) @ effects) ** 2).sum(axis=1)
        best: npt.NDArray[np.bool_] = choices[int(np.flatnonzero(costs <= costs.min() + 1e-9)[-1])]
        return best, "exact"
    up = np.zeros(old.size, bool)
    up[np.argsort(-old, kind="stable")[: round(float(old.sum()) / base)]] = True
    gram = effects @ effects.T
    while True:
        slope = gram @ (up * base - old)
        step = np.where(up, -base, base)
        flip = 2 * step * slope + step**2 * np.diag(gram)
        pair = flip[:, None] + flip[None, :] + 2 * np.outer(step, step) * gram
        np.fill_diagonal(pair, flip)
        first, second = np.unravel_index(int(np.argmin(pair)), pair.shape)
        if pair[first, second] >= -1e-9:
            return up, "search"
        up[first] = ~up[first]
        if second != first:
            up[second] = ~up[second]


def _listed(
    values: npt.NDArray[np.float64], picked: npt.NDArray[np.bool_], codes: Sequence[npt.NDArray[np.object_]]
) -> tuple[ReleasedCell, ...]:
    places = np.argwhere(picked)
    return tuple(
        ReleasedCell(
            cell=tuple(str(codes[d][at]) for d, at in enumerate(place)),
            value=float(values[tuple(place)]),
            text=f"{values[tuple(place)]:,.0f}",
        )
        for place in places
    )
