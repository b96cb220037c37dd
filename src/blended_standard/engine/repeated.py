"""Which of many hashes stand more than once."""

from __future__ import annotations

from typing import Any

import numpy as np

Hashes = np.ndarray[Any, np.dtype[np.uint64]]

_AT_ONCE = 1 << 16


def repeated(hashes: Hashes) -> Hashes:
    """Return the values of an array of evenly spread 64-bit hashes that stand more than once, each once.

    Every row writes its number into the cell that the first bits of its hash name, and only rows that then find
    another's number there are compared. Of equal rows that is all but one; of others, with two to four cells a row,
    every fifth to tenth. It takes half the time of sorting, and 8 to 16 bytes a row.

    Examples
    --------
    >>> repeated(np.array([7, 1 << 63, 7, 3], dtype=np.uint64)).tolist()
    [7]
    """
    bits = len(hashes).bit_length() + 1
    kept = np.empty(1 << bits, dtype=np.uint32 if len(hashes) < 1 << 32 else np.int64)
    starts = range(0, len(hashes), _AT_ONCE)
    for start in starts:
        part = hashes[start : start + _AT_ONCE]
        kept[_cells(part, bits)] = np.arange(start, start + len(part), dtype=kept.dtype)
    losers, winners = [hashes[:0]], [hashes[:0]]
    for start in starts:
        part = hashes[start : start + _AT_ONCE]
        found = kept[_cells(part, bits)]
        lost = found != np.arange(start, start + len(part), dtype=kept.dtype)
        losers.append(part[lost])
        winners.append(hashes[found[lost]])
    beaten = np.concatenate(losers)
    by_equals = beaten[beaten == np.concatenate(winners)]
    beaten.sort()
    return np.unique(np.concatenate([by_equals, beaten[1:][beaten[1:] == beaten[:-1]]]))


def _cells(hashes: Hashes, bits: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    return (hashes >> np.uint64(64 - bits)).view(np.int64)
