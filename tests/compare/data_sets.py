"""The shared data sets as plain columns; tests that need them skip, with the reason, where they are absent."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

SHARED = Path(__file__).parents[2] / "../shared/data"


def read(name: str) -> dict[str, np.ndarray]:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{path} is not there: the shared data sets are not part of the repository")
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {key: column([row[key] for row in rows]) for key in rows[0]}


def column(values: list[str]) -> np.ndarray:
    try:
        return np.array([float(value) for value in values])
    except ValueError:
        return np.array(values)
