"""Reading tables of ratings: orientation, categories as data, and weights between categories."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from blended_standard.errors import UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats, Integers

Orientation = Literal["columns", "rows"]
Weights = Literal["linear", "quadratic", "ordinal"] | npt.ArrayLike | None


def units_by_raters(ratings: npt.ArrayLike, raters: str) -> npt.NDArray[np.generic]:
    """Return the table with units in rows; text categories stay text."""
    check.one_of("raters", raters, ("columns", "rows"))
    try:
        table = np.asarray(ratings, dtype=object)
    except ValueError as problem:
        raise UsageError("ratings has rows of unequal length; fill the gaps with None.") from problem
    if table.ndim != 2 or 0 in table.shape:
        raise UsageError(
            f"ratings has shape {table.shape}; pass a table with units in rows and raters in columns, gaps as None."
        )
    return table if raters == "columns" else table.T


def coded(table: npt.NDArray[np.generic], categories: Sequence[object] | None) -> tuple[Integers, tuple[object, ...]]:
    """Return codes 0..K-1 (missing -1) and the categories, in declared or else ascending order of those seen."""
    flat = [None if _absent(value) else value for value in table.ravel().tolist()]
    seen = {value for value in flat if value is not None}
    if categories is None:
        try:
            listed = sorted(seen)
        except TypeError as problem:
            raise UsageError("ratings mixes text and numbers; use one kind.") from problem
    else:
        listed = list(categories)
        strange = seen - set(listed)
        if strange:
            raise UsageError(f"ratings holds {sorted(map(str, strange))[:3]}; declare every category of the scale.")
    check_scale(listed)
    place = {value: i for i, value in enumerate(listed)}
    codes = np.array([-1 if value is None else place[value] for value in flat], dtype=np.int64)
    return codes.reshape(table.shape), tuple(listed)


def check_scale(categories: Sequence[object]) -> None:
    """Refuse categories of which one stands twice, or is no number to reckon with."""
    if len(set(categories)) != len(categories):
        raise UsageError("categories repeats itself; declare every category of the scale once, in order.")
    if any(isinstance(value, int | float) and not abs(value) <= check.REACH for value in categories):
        raise UsageError("A category is infinite or too large a number; leave a missing rating empty (None).")


def count_table(codes: Integers, n_categories: int) -> Floats:
    """Number of raters that put each unit in each category, shape (units, K)."""
    units = np.broadcast_to(np.arange(codes.shape[0])[:, None], codes.shape)
    kept = codes >= 0
    flat = units[kept] * n_categories + codes[kept]
    counted = np.bincount(flat, minlength=codes.shape[0] * n_categories)
    return counted.reshape(codes.shape[0], n_categories).astype(float)


def weight_table(weights: Weights, categories: tuple[object, ...]) -> Floats:
    """Agreement weights between categories: 1 on the diagonal, less the further apart.

    Linear and quadratic go by the distance of number codes, so that a code which nobody used keeps its place, and by
    place on the scale where categories are text; "ordinal" is Gwet's, by the number of ranks between.
    """
    count = len(categories)
    if weights is None or count < 2:
        return np.eye(count)
    if isinstance(weights, str):
        check.one_of("weights", weights, ("linear", "quadratic", "ordinal"))
        places = np.arange(count, dtype=float)
        if weights != "ordinal" and all(isinstance(name, int | float | np.integer) for name in categories):
            places = np.array(categories, dtype=float)
        apart = np.abs(np.subtract.outer(places, places))
        if weights == "ordinal":
            apart = apart * (apart + 1.0) / 2.0
        scaled = apart / apart.max()
        credit: Floats = 1.0 - (scaled**2 if weights == "quadratic" else scaled)
        return credit
    given = check.matrix("weights", weights)
    if given.shape != (count, count) or not np.allclose(np.diag(given), 1.0):
        raise UsageError(f"weights must be a {count} by {count} table with 1 on the diagonal, one row a category.")
    return given


def _absent(value: object) -> bool:
    return value is None or (isinstance(value, float) and value != value)
