"""Whether identifiers are so plain that no check could find fault with them, told from their bytes at once."""

from __future__ import annotations

from typing import Any

import numpy as np

from blended_standard.model.fields import MAXIMUM_ID_LENGTH

_NUMBER_LENGTH, _DASHES = 11, (3, 6)
"""Characters of a Social Security number, and where its dashes stand."""


def is_plain(texts: Any) -> bool:
    """Say whether an Arrow array holds identifiers of visible ASCII alone, no capital letter, no "@", not too long.

    Such need not be folded to be compared. A missing one is not plain, nor is one with the dashes of a Social Security
    number.

    Examples
    --------
    >>> import pyarrow as pa
    >>> cases = (["a-1"], ["A-1"], ["a 1"], ["a@b"], ["\\u00e4"], [""], ["a", None], ["123-45-6789"])
    >>> [is_plain(pa.array(texts)) for texts in cases]
    [True, False, False, False, False, False, False, False]
    """
    if not len(texts):
        return True
    _, ends, data = texts.buffers()
    ends = np.frombuffer(ends, dtype=np.int64 if str(texts.type).startswith("large") else np.int32)
    ends = ends[texts.offset : texts.offset + len(texts) + 1]
    lengths = ends[1:] - ends[:-1]
    if texts.null_count or lengths.min() < 1 or lengths.max() > MAXIMUM_ID_LENGTH:
        return False
    written = np.frombuffer(data, dtype=np.uint8)
    starts = ends[:-1][lengths == _NUMBER_LENGTH]
    if np.logical_and.reduce([written[starts + place] == ord("-") for place in _DASHES]).any():
        return False
    written = written[ends[0] : ends[-1]]
    beyond = written - np.uint8(ord("@"))  # bytes below "@" wrap round
    return bool(written.min() > ord(" ") and written.max() < 127 and beyond.min() > ord("Z") - ord("@"))
