"""Values of any kind that a frame or a Parquet file may hold, as JSON has them."""

from __future__ import annotations

import contextlib
import datetime as dt
import decimal
import math
from collections.abc import Mapping
from typing import Any

_AS_IT_IS = (str, int, type(None))


def plain(value: Any) -> Any:
    """Return a value as JSON has it; what JSON has no kind for becomes text.

    Examples
    --------
    >>> import datetime as dt, decimal
    >>> plain(dt.datetime(2026, 1, 5, tzinfo=dt.UTC)), plain(decimal.Decimal("1.5")), plain([float("inf"), b"no"])
    ('2026-01-05T00:00:00Z', 1.5, ['inf', '6e6f'])
    """
    if isinstance(value, _AS_IT_IS):
        return value
    if isinstance(value, float | decimal.Decimal):
        return float(value) if math.isfinite(value) and math.isfinite(float(value)) else str(value)
    if isinstance(value, dt.datetime) and value.tzinfo:
        with contextlib.suppress(OverflowError):  # at the ends of the calendar it keeps its offset
            return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value.hex() if isinstance(value, bytes) else str(value)
