"""Values of the canonical form as people write them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from blended_standard.model import FieldSpec

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def typed(field: FieldSpec, value: Any) -> object:
    """Return a value of the canonical form as a date or an instant where it is one inside the calendar."""
    if value is None or field.type not in ("date", "instant"):
        return value
    try:
        moment = _EPOCH + dt.timedelta(days=value) if field.type == "date" else _EPOCH + dt.timedelta(seconds=value)
    except OverflowError:
        return value
    return moment.date() if field.type == "date" else moment


def readable(value: object) -> object:
    """Return a value as people write it: dates and instants in ISO 8601, instants in whole UTC seconds."""
    if isinstance(value, dt.datetime):
        return value.replace(microsecond=0).isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, dt.date) else value
