"""Checks shared by the sensitivity analyses."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from blended_standard.errors import UsageError
from blended_standard.numeric import arguments as check


def flags(values: npt.ArrayLike, name: str, size: int) -> npt.NDArray[np.bool_]:
    """Return `values`, which must be 0/1 or bool, as a mask."""
    made = check.vector(name, np.asarray(values), size=size)
    if not np.isin(made, (0.0, 1.0)).all():
        raise UsageError(f"{name} holds values other than 0 and 1. Pass 1 or True for yes, 0 or False for no.")
    mask: npt.NDArray[np.bool_] = made == 1
    return mask
