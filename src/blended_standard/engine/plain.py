"""Whether texts are written in plain characters, told from their bytes at once."""

from __future__ import annotations

from typing import Any

import numpy as np


def is_plain(texts: Any) -> bool:
    """Say whether an Arrow array of text holds visible ASCII alone, with no capital letter and no "@".

    Such texts need not be folded, and hold neither white space nor an address.

    Examples
    --------
    >>> import pyarrow as pa
    >>> [is_plain(pa.array(texts)) for texts in (["a-1", None], ["A-1"], ["a 1"], ["a@b"], ["\\u00e4"])]
    [True, False, False, False, False]
    """
    _, ends, data = texts.buffers()
    if data is None:
        return True
    ends = np.frombuffer(ends, dtype=np.int64 if str(texts.type).startswith("large") else np.int32)
    written = np.frombuffer(data, dtype=np.uint8)[ends[texts.offset] : ends[texts.offset + len(texts)]]
    if not written.size:
        return True
    beyond = written - np.uint8(ord("@"))  # bytes below "@" wrap round
    return bool(written.min() > ord(" ") and written.max() < 127 and beyond.min() > ord("Z") - ord("@"))
