"""Times without an offset, in the zone that was named for them: what never was is refused, what was twice is told."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import attrs


@attrs.frozen
class Reading:
    """What a value that is not plainly of its type was read as, or None, and the rule that says why."""

    value: Any
    code: str
    detail: str


def known_zone(name: str) -> ZoneInfo | None:
    """Return an IANA time zone that this machine knows, or None."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def local_instant(local: dt.datetime, zone: ZoneInfo) -> Reading:
    """Say what a time without an offset comes to in a zone.

    Where the clock is put back, a time was twice: the earlier is taken and both are named. `fold` of Python gives the
    offsets before and after a change of the clock (PEP 495); in a gap they give instants in the reverse order.

    Examples
    --------
    >>> local_instant(dt.datetime(2025, 11, 2, 1, 30), ZoneInfo("America/New_York")).detail
    'In America/New_York it was twice, 2025-11-02T01:30:00-04:00 and 2025-11-02T01:30:00-05:00; the first was taken.'
    """
    try:
        first, second = (local.replace(tzinfo=zone, fold=fold).astimezone(dt.UTC) for fold in (0, 1))
    except OverflowError:
        return Reading(None, "FLD-TYPE", "It lies outside the calendar.")
    early, late = (at.astimezone(zone).isoformat() for at in sorted((first, second)))
    if first < second:
        return Reading(first, "TIM-FOLD", f"In {zone.key} it was twice, {early} and {late}; the first was taken.")
    if first > second:
        return Reading(None, "TIM-GAP", f"In {zone.key} the clock passed over it; near are {early} and {late}.")
    return Reading(first, "TIM-LOCAL", f"{zone.key} was taken.")
