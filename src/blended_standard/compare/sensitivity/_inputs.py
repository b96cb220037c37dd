"""Checks shared by the sensitivity analyses."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from blended_standard.errors import UsageError

Floats = npt.NDArray[np.float64]


def number(value: float, name: str, *, above: float | None = None, below: float | None = None) -> float:
    """Return a finite number, strictly between the limits."""
    try:
        made = float(value)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{name}={value!r} is not a number.") from error
    if not math.isfinite(made):
        raise UsageError(f"{name}={value!r} is not finite. Pass a number.")
    if above is not None and made <= above:
        raise UsageError(f"{name}={made:g} must be greater than {above:g}.")
    if below is not None and made >= below:
        raise UsageError(f"{name}={made:g} must be less than {below:g}.")
    return made


def vector(values: npt.ArrayLike, name: str, *, size: int | None = None) -> Floats:
    """Return `values` as a float vector without missing values."""
    try:
        made = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{name} holds something that is not a number. Pass a list or array of numbers.") from error
    if made.ndim != 1:
        raise UsageError(f"{name} has {made.ndim} dimensions. Pass a flat list or array.")
    if size is not None and made.size != size:
        raise UsageError(f"{name} has {made.size} values where {size} are needed.")
    if not np.isfinite(made).all():
        row = int(np.flatnonzero(~np.isfinite(made))[0])
        raise UsageError(f"{name}[{row}] is missing or infinite. Leave it out, or find its value.")
    return made


def flags(values: npt.ArrayLike, name: str, size: int) -> npt.NDArray[np.bool_]:
    """Return `values`, which must be 0/1 or bool, as a mask."""
    made = vector(np.asarray(values), name, size=size)
    if not np.isin(made, (0.0, 1.0)).all():
        raise UsageError(f"{name} holds values other than 0 and 1. Pass 1 or True for yes, 0 or False for no.")
    mask: npt.NDArray[np.bool_] = made == 1
    return mask


def normal_quantile(level: float) -> float:
    """Return the two-sided normal quantile of a confidence level."""
    from scipy.special import ndtri

    return float(ndtri(0.5 + number(level, "level", above=0.0, below=1.0) / 2))
