"""Checks of arguments that scoring and compare share; each refusal names the argument and what is accepted."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import SupportsFloat, TypeVar, cast

import numpy as np
import numpy.typing as npt

from blended_standard.errors import UsageError

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Choice = TypeVar("Choice")
Numbers = TypeVar("Numbers", float, Floats)

# Beyond this a square is infinite in double precision, or so large that nothing may be added to it.
REACH = 1e150
SMALLEST = 1 / REACH
# Beyond this a double cannot tell a whole number from the next.
EXACT = 2**53


def vector(
    name: str,
    values: object,
    *,
    size: int | None = None,
    missing: bool = False,
    unit: str = "case",
    reach: float = REACH,
) -> Floats:
    """Return `values` as a one-dimensional float array, one a `unit`, of numbers up to `reach`.

    Missing entries (None, NaN) are accepted only where `missing` says so.
    """
    made = floats(name, values)
    if made.ndim != 1:
        raise UsageError(f"{name} has {made.ndim} dimensions; pass one: a flat list or array, one entry a {unit}.")
    if size is not None and made.size != size:
        raise UsageError(f"{name} has {made.size} values and there are {size}: pass one a {unit}.")
    return numbers(name, made, missing=missing, unit=unit, reach=reach)


def matrix(name: str, values: object, *, missing: bool = False) -> Floats:
    """Return `values` as a two-dimensional float array; missing entries (None, NaN) only where `missing` says so."""
    made = floats(name, values)
    if made.ndim != 2:
        raise UsageError(f"{name} has {made.ndim} dimension(s); pass two: a table with rows and columns.")
    return numbers(name, made, missing=missing, unit="row")


def columns(name: str, values: object, *, rows: int, unit: str = "case", reach: float = REACH) -> Floats:
    """Return one column, or a table with `rows` rows, as a two-dimensional float array without missing values."""
    made = floats(name, values)
    made = made[:, None] if made.ndim == 1 else made
    if made.ndim != 2 or made.shape[0] != rows:
        raise UsageError(f"{name} has shape {made.shape} and there are {rows}: pass one row a {unit}.")
    return numbers(name, made, unit=unit, reach=reach)


def floats(name: str, values: object) -> Floats:
    """Return `values` as floats, None becoming NaN."""
    try:
        return np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as problem:
        raise UsageError(
            f"{name} holds something that is not a number, or rows of unequal length. Code categories as 0 and 1."
        ) from problem


def numbers(name: str, made: Floats, *, missing: bool = False, unit: str = "case", reach: float = REACH) -> Floats:
    """Return the array as it is if its numbers are finite and up to `reach`; NaN only where `missing` says so."""
    # Reductions only: an array may hold a hundred million numbers.
    lowest, highest = (reduce(made, axis=None, initial=0.0) for reduce in (np.fmin.reduce, np.fmax.reduce))
    largest = max(-lowest, highest)
    if largest == math.inf or (not missing and made.size and np.isnan(made.min())):
        bad = np.isinf(made) if missing else ~np.isfinite(made)
        if bad.all():
            raise UsageError(f"{name} has no finite value: all {made.size} are missing or infinite.")
        what = "infinite values" if missing else "missing or infinite values (None, NaN, inf)"
        first = ", ".join(str(place) for place in np.argwhere(bad)[0].tolist())
        raise UsageError(f"{name} has {int(bad.sum())} {what}, {name}[{first}] the first; leave out each such {unit}.")
    if largest > reach:
        raise UsageError(f"{name} holds {largest:g}, of which a computer cannot hold the square. Use a larger unit.")
    return made


def apart_from_zero(name: str, made: Numbers) -> Numbers:
    """Return a number or array as it is if each number is 0 or its inverse has a square."""
    size = np.abs(made)
    near = (size > 0) & (size < SMALLEST)
    if np.any(near):
        least = float(np.min(np.where(near, size, SMALLEST)))
        raise UsageError(f"{name} holds {least:g}, which is too near 0 to divide by. Use a smaller unit, or 0.")
    return made


def visible(name: str, made: Floats) -> Floats:
    """Return the array as it is if it is all zero, or its largest number has a square."""
    largest = max(-float(made.min(initial=0.0)), float(made.max(initial=0.0)))
    if 0.0 < largest < SMALLEST:
        raise UsageError(f"{name} holds nothing beyond {largest:g}, of which the square is 0. Use a smaller unit.")
    return made


def labels(name: str, values: object, *, size: int | None = None, unit: str = "case") -> npt.NDArray[np.generic]:
    """Return `values` as a one-dimensional array of labels, one a `unit` and none missing.

    Whole floats become integers, and labels of several kinds text.
    """
    made = np.asarray(values)
    if made.ndim != 1 or size not in (None, made.size):
        needed = f", {size} in all" if size is not None else ""
        raise UsageError(f"{name} has shape {made.shape}; pass one label a {unit}{needed}.")
    listed = made.tolist() if made.dtype.kind in "OM" else []
    blank = sum(label is None or label != label for label in listed)
    if made.dtype.kind == "f":
        blank = int((~np.isfinite(made)).sum())
    if blank:
        raise UsageError(f"{name} has {blank} missing labels; every {unit} must belong to a group.")
    if made.dtype.kind == "f" and np.array_equal(made, np.rint(made)) and np.abs(made).max(initial=0.0) < EXACT:
        return made.astype(np.int64)
    if made.dtype.kind == "O":
        kinds = {type(label) for label in listed}
        return np.array(listed) if len(kinds) == 1 and kinds <= {int, str} else made.astype(str)
    return made


def number(
    name: str,
    value: object,
    *,
    low: float = -math.inf,
    high: float = math.inf,
    open_low: bool = False,
    open_high: bool = False,
) -> float:
    """Return `value` as a finite float in the range accepted."""
    if isinstance(value, str | bytes):
        raise UsageError(f"{name}={value!r} is text, not a number.")
    try:
        made = float(cast(SupportsFloat, value))
    except (TypeError, ValueError) as error:
        raise UsageError(f"{name}={value!r} is not a number.") from error
    inside = (made > low if open_low else made >= low) and (made < high if open_high else made <= high)
    if not (inside and abs(made) <= REACH):
        raise UsageError(
            f"{name}={value!r} is not accepted. Pass a finite number {_range(low, high, open_low, open_high)}."
        )
    return made


def share(name: str, value: object, *, closed: bool = False) -> float:
    """Return `value` if it lies between 0 and 1 (both ends allowed when `closed`)."""
    made = number(name, value)
    if not (0.0 <= made <= 1.0 if closed else 0.0 < made < 1.0):
        hint = f" Percent must be given as a share: {made / 100:g}." if 1.0 < made <= 100.0 else ""
        raise UsageError(f"{name}={value!r} is not {'from 0 to 1' if closed else 'between 0 and 1'}.{hint}")
    return made


def positive(name: str, value: object) -> float:
    """Return `value` if it is a finite number above zero, and one whose inverse has a square."""
    made = number(name, value, low=0.0, open_low=True)
    if made < SMALLEST:
        raise UsageError(f"{name}={value!r} is too near 0 to divide by. Use a smaller unit.")
    return made


def whole(name: str, value: object, *, minimum: int = 0) -> int:
    """Return `value` if it is a whole number of at least `minimum`."""
    made = number(name, value)
    if isinstance(value, bool) or made != int(made) or not minimum <= made <= EXACT:
        raise UsageError(f"{name}={value!r} is not a whole number of {minimum} or more.")
    return int(made)


def level(value: object) -> float:
    """Return a confidence level, a share strictly between 0 and 1."""
    return share("level", value)


def one_of(name: str, value: Choice, accepted: Iterable[object]) -> Choice:
    """Return `value` if it is among `accepted`."""
    options = list(accepted)
    if value not in options:
        raise UsageError(f"{name}={value!r} is not one of {', '.join(map(str, options))}.")
    return value


def pair(name: str, values: object) -> tuple[float, float]:
    """Return two numbers, such as the ends of a range, the lower first."""
    made = vector(name, values)
    if made.size != 2 or made[0] > made[1]:
        raise UsageError(f"{name}={values!r} is not a pair (low, high).")
    return float(made[0]), float(made[1])


def same_length(**arrays: Sequence[object] | npt.NDArray[np.generic]) -> int:
    """Return the common length of the named arrays, or refuse them."""
    lengths = {name: len(values) for name, values in arrays.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        raise UsageError(f"Lengths differ: {listed}. Pass one entry a case in each.")
    return next(iter(lengths.values()))


def _range(low: float, high: float, open_low: bool, open_high: bool) -> str:
    start = "" if low == -math.inf else f"{'above' if open_low else 'from'} {low:g}"
    end = "" if high == math.inf else f"{'below' if open_high else 'up to'} {high:g}"
    return " ".join(part for part in (start, end) if part) or "of any size"
