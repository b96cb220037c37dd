"""Checks of arguments that several scoring modules share; each refusal names the argument and what is accepted."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from blended_standard.errors import UsageError

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def vector(name: str, values: npt.ArrayLike, *, missing: bool = False) -> Floats:
    """Return `values` as a one-dimensional float array; missing entries (None, NaN) only where `missing` says so."""
    made = floats(name, values)
    if made.ndim != 1:
        raise UsageError(f"{name} has {made.ndim} dimensions; pass one dimension, one entry a case.")
    return _checked(name, made, missing)


def matrix(name: str, values: npt.ArrayLike, *, missing: bool = False) -> Floats:
    """Return `values` as a two-dimensional float array; missing entries (None, NaN) only where `missing` says so."""
    made = floats(name, values)
    if made.ndim != 2:
        raise UsageError(f"{name} has {made.ndim} dimension(s); pass two: a table with rows and columns.")
    return _checked(name, made, missing)


def floats(name: str, values: npt.ArrayLike) -> Floats:
    """Return `values` as floats, None becoming NaN."""
    try:
        return np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as problem:
        raise UsageError(f"{name} holds something that is not a number, or rows of unequal length.") from problem


def share(name: str, value: float, *, closed: bool = False) -> float:
    """Return `value` if it lies between 0 and 1 (both ends allowed when `closed`)."""
    inside = 0.0 <= value <= 1.0 if closed else 0.0 < value < 1.0
    if not inside:
        hint = f" Percent must be given as a share: {value / 100:g}." if 1.0 < value <= 100.0 else ""
        raise UsageError(f"{name}={value!r} is not {'from 0 to 1' if closed else 'between 0 and 1'}.{hint}")
    return float(value)


def positive(name: str, value: float) -> float:
    """Return `value` if it is a finite number above zero."""
    if not (math.isfinite(value) and value > 0.0):
        raise UsageError(f"{name}={value!r} is not a number above 0.")
    return float(value)


def whole(name: str, value: object, *, minimum: int) -> int:
    """Return `value` if it is a whole number of at least `minimum`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < minimum:
        raise UsageError(f"{name}={value!r} is not a whole number of {minimum} or more.")
    return int(value)


def one_of(name: str, value: object, accepted: Iterable[object]) -> None:
    """Refuse a `value` that is not among `accepted`."""
    options = list(accepted)
    if value not in options:
        raise UsageError(f"{name}={value!r} is not one of {', '.join(repr(option) for option in options)}.")


def same_length(**arrays: Sequence[object] | npt.NDArray[np.generic]) -> int:
    """Return the common length of the named arrays, or refuse them."""
    lengths = {name: len(values) for name, values in arrays.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        raise UsageError(f"Lengths differ: {listed}. Pass one entry a case in each.")
    return next(iter(lengths.values()))


def _checked(name: str, made: Floats, missing: bool) -> Floats:
    if np.isinf(made).any():
        raise UsageError(f"{name} holds an infinite value; pass finite numbers.")
    if not missing and np.isnan(made).any():
        raise UsageError(f"{name} holds missing values (None or NaN); leave those cases out first.")
    return made
