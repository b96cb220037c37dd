"""The hashes that stand more than once are those that counting finds, wherever and however often they stand."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from blended_standard.engine import repeated as module
from blended_standard.engine.repeated import repeated

VALUES = [0, 1, 2, 1 << 62, (1 << 63) - 1, 1 << 63, (1 << 63) + 1, (1 << 64) - 1]


def counted(hashes: np.ndarray) -> list[int]:
    values, counts = np.unique(hashes, return_counts=True)
    return values[counts > 1].tolist()


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(VALUES), max_size=12))
def test_it_agrees_with_counting_where_rows_share_cells(values: list[int]) -> None:
    hashes = np.array(values, dtype=np.uint64)
    assert repeated(hashes.copy()).tolist() == counted(hashes)


@pytest.mark.parametrize("at_once", [1, 7, 1 << 18])
def test_it_agrees_with_counting_across_parts(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_AT_ONCE", at_once)
    random = np.random.default_rng(7)
    spread = random.integers(0, 1 << 64, 500, dtype=np.uint64)
    hashes = random.permutation(np.concatenate([spread, spread[:40], spread[:10]]))
    found = repeated(hashes.copy())
    assert found.tolist() == counted(hashes)
    assert len(found) == 40
