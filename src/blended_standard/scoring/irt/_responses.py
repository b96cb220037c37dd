"""Read a persons x items table of responses: codes checked, items that carry no information named, patterns merged."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats

Positions = npt.NDArray[np.int8]
Indexes = npt.NDArray[np.intp]

MISSING = -1
_HIGHEST_CODE = 120


class Table(NamedTuple):
    """Responses as they came: whole codes, `MISSING` where none, one row a learner."""

    codes: npt.NDArray[np.int16]
    item_ids: tuple[str, ...]
    weights: Floats


class Patterns(NamedTuple):
    """Distinct rows of category positions, sorted by stratum (group, then which items are missing), then by their sum.

    `pattern_of` maps each learner to a row, or to -1 when the learner answered nothing (or has no weight).
    """

    positions: Positions
    frequency: Floats
    group: Indexes
    strata: tuple[tuple[int, int], ...]
    pattern_of: Indexes


def read_table(responses: npt.ArrayLike, item_ids: Sequence[str] | None, weights: npt.ArrayLike | None) -> Table:
    """Check `responses` (persons x items, whole codes of 0 or more, missing as NaN, None or masked)."""
    values = _as_matrix(responses)
    missing: npt.NDArray[np.bool_] = np.zeros(values.shape, dtype=bool)
    filled: npt.NDArray[Any] = values
    if values.dtype.kind == "f":
        missing = np.isnan(values)
        filled = np.where(missing, 0, values)
    if np.any(filled < 0) or np.any(filled > _HIGHEST_CODE) or (values.dtype.kind == "f" and np.any(filled % 1)):
        wrong = filled[(filled < 0) | (filled > _HIGHEST_CODE) | (filled % 1 != 0)].flat[0]
        raise UsageError(
            f"responses holds {wrong!s}: codes are whole numbers from 0 to {_HIGHEST_CODE}. "
            "Mark a missing response as NaN."
        )
    codes = filled.astype(np.int16)
    codes[missing] = MISSING
    named = _column_names(responses) if item_ids is None else tuple(str(name) for name in item_ids)
    ids = named or tuple(f"item{j + 1}" for j in range(values.shape[1]))
    if len(ids) != values.shape[1] or len(set(ids)) != len(ids):
        raise UsageError(f"item_ids must hold {values.shape[1]} different names, one a column; got {len(ids)}.")
    return Table(codes, ids, row_weights(weights, len(codes)))


def read_groups(groups: npt.ArrayLike | None, reference: str | None, count: int) -> tuple[Indexes, tuple[str, ...]]:
    """Return the group of each learner as an index, and the names, the reference group first."""
    if groups is None:
        if reference is not None:
            raise UsageError(f"reference_group={reference!r} needs `groups`, and there are none.")
        return np.zeros(count, dtype=np.intp), ("all",)
    labels = np.asarray(groups)
    if labels.shape != (count,):
        raise UsageError(f"groups has shape {labels.shape} for {count} learners: pass one label a learner.")
    if labels.dtype.kind == "O" and any(label is None or label != label for label in labels):
        raise UsageError("groups has a missing label: every learner needs one.")
    if labels.dtype.kind == "f" and np.isnan(labels).any():
        raise UsageError("groups has a missing label: every learner needs one.")
    found, index = np.unique(labels.astype(str), return_inverse=True)
    names = [str(name) for name in found]
    if reference is not None and str(reference) not in names:
        raise UsageError(f"reference_group={reference!r} is not among the groups: {', '.join(names)}.")
    first = names.index(str(reference)) if reference is not None else 0
    order = [first, *[g for g in range(len(names)) if g != first]]
    rank = np.argsort(order)
    return rank[index].astype(np.intp), tuple(names[g] for g in order)


def used_categories(table: Table) -> list[tuple[int, ...]]:
    """Return the codes that somebody used, item by item."""
    counted = table.weights > 0
    codes = table.codes if counted.all() else table.codes[counted]
    return [tuple(np.flatnonzero(np.bincount(column[column >= 0])).tolist()) for column in codes.T]


def to_patterns(
    table: Table, columns: Sequence[int], categories: Sequence[tuple[int, ...]], group: Indexes
) -> Patterns:
    """Recode the columns to category positions and merge equal rows.

    Raises
    ------
    NotEstimableError
        Nobody answered any of the items.
    """
    positions = np.full((len(table.codes), len(columns)), MISSING, dtype=np.int8)
    for place, (column, codes) in enumerate(zip(columns, categories, strict=True)):
        lookup = np.full(_HIGHEST_CODE + 2, MISSING, dtype=np.int8)
        lookup[list(codes)] = np.arange(len(codes))
        positions[:, place] = lookup[table.codes[:, column]]
    answered = (positions >= 0).any(axis=1) & (table.weights > 0)
    rows = np.flatnonzero(answered)
    if not rows.size:
        raise NotEstimableError("No learner answered any of the items, so that there is nothing to estimate from.")
    keyed = np.column_stack([positions[rows], group[rows].astype(np.int16)])
    first, inverse = _unique_rows(keyed.astype(np.int16))
    chosen = rows[first]
    missing = positions[chosen] < 0
    _, stratum = _unique_rows(np.column_stack([group[chosen].astype(np.int16), missing.astype(np.int16)]))
    order = np.lexsort((positions[chosen].sum(axis=1), stratum, group[chosen]))
    frequency = np.bincount(inverse, weights=table.weights[rows], minlength=len(first)).astype(np.float64)
    pattern_of = np.full(len(positions), -1, dtype=np.intp)
    pattern_of[rows] = np.argsort(order)[inverse]
    edges = np.flatnonzero(np.diff(stratum[order])) + 1
    bounds = [0, *edges.tolist(), len(first)]
    strata = tuple(itertools.pairwise(bounds))
    return Patterns(positions[chosen][order], frequency[order], group[chosen][order], strata, pattern_of)


def merge_rows(positions: Positions, group: Indexes) -> tuple[Indexes, Indexes]:
    """Return the first place of each distinct (row, group), and which of them each row is."""
    return _unique_rows(np.column_stack([positions, group]).astype(np.int16))


def sample_patterns(patterns: Patterns, size: int) -> Patterns:
    """Return every k-th pattern, frequencies scaled up to the whole: start values for large data."""
    step = -(-len(patterns.frequency) // size)
    keep = np.arange(0, len(patterns.frequency), step)
    scale = patterns.frequency.sum() / patterns.frequency[keep].sum()
    strata = [(int(np.searchsorted(keep, low)), int(np.searchsorted(keep, high))) for low, high in patterns.strata]
    return Patterns(
        patterns.positions[keep],
        np.asarray(patterns.frequency[keep] * scale, dtype=float),
        patterns.group[keep],
        tuple((low, high) for low, high in strata if high > low),
        np.empty(0, dtype=np.intp),
    )


def _as_matrix(responses: npt.ArrayLike) -> npt.NDArray[Any]:
    masked = isinstance(responses, np.ma.MaskedArray)
    values = np.ma.filled(np.ma.asarray(responses, dtype=float), np.nan) if masked else np.asarray(responses)
    if values.dtype.kind in "OUSM":
        try:
            values = np.array([[_number(cell) for cell in row] for row in values.tolist()], dtype=float)
        except (TypeError, ValueError):
            raise UsageError("responses must hold numbers (whole codes), with NaN or None where missing.") from None
    if values.dtype.kind == "b":
        values = values.astype(np.int8)
    if values.ndim != 2 or values.shape[0] == 0 or values.shape[1] == 0:
        raise UsageError(f"responses has shape {values.shape}: pass a table of learners (rows) by items (columns).")
    if values.dtype.kind == "f" and np.isinf(values).any():
        raise UsageError("responses holds an infinite value: codes are whole numbers; mark a missing response as NaN.")
    return values


def _number(cell: object) -> float:
    missing = cell is None or type(cell).__name__ in ("NAType", "NaTType")
    return float("nan") if missing else float(cell)  # type: ignore[arg-type]


def _column_names(responses: object) -> tuple[str, ...]:
    names = getattr(responses, "columns", None)
    return () if names is None else tuple(str(name) for name in names)


def normal(name: str, given: tuple[float, float]) -> tuple[float, float]:
    """Return the mean and the standard deviation of a normal prior."""
    mean, sd = check.vector(name, given, size=2).tolist()
    if not sd > 0:
        raise UsageError(f"{name}={given!r} must be a mean and a standard deviation above 0.")
    return mean, sd


def row_weights(weights: npt.ArrayLike | None, count: int) -> Floats:
    """Return the weight of each row, 1 by default."""
    if weights is None:
        return np.ones(count)
    made = check.apart_from_zero("weights", check.vector("weights", weights, size=count, unit="row"))
    if np.any(made < 0) or made.sum() > check.EXACT:
        raise UsageError(f"weights must be numbers of 0 or more, and together {check.EXACT:g} at most: learners a row.")
    return made


def _unique_rows(rows: npt.NDArray[np.int16]) -> tuple[Indexes, Indexes]:
    """Return the first place of each distinct row and the distinct row of each place (hashed, then verified)."""
    drawn = np.random.default_rng(20261124).integers(1, 2**62, size=(rows.shape[1],), dtype=np.int64)
    key = np.zeros(len(rows), dtype=np.int64)
    for j, factor in enumerate(drawn):
        key += (rows[:, j].astype(np.int64) + 2) * (2 * np.int64(factor) + 1)
    _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    if len(first) < len(rows) and not np.array_equal(rows[first[inverse]], rows):
        _, first, inverse = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    return first.astype(np.intp), inverse.reshape(-1).astype(np.intp)
