"""The offset of local time from UTC as integer arithmetic, the same on every engine.

An engine's own time-zone functions differ or need its session's zone, so the few changes of each zone inside the
days in question are found here, once, and added up by comparison.
"""

from __future__ import annotations

import datetime as dt
import functools
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

from blended_standard.io.local_time import known_zone

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw

_DAY = 86_400


def is_zone(name: str) -> bool:
    """Say whether `name` is an IANA time zone that this machine knows."""
    return known_zone(name) is not None


def with_zone(
    sites: nw.LazyFrame[Any], programs: nw.LazyFrame[Any], how: Literal["inner", "left"]
) -> nw.LazyFrame[Any]:
    """Join sites to their program and add `zone`: the site's own time zone, or else that of its program.

    Both have `program_id` and `time_zone`; a program stands once.
    """
    import narwhals.stable.v2 as nw

    zone = nw.coalesce(nw.col("time_zone"), nw.col("program_zone"))
    return sites.join(programs.rename({"time_zone": "program_zone"}), on="program_id", how=how).with_columns(zone=zone)


def offset_seconds(zones: tuple[str, ...], first: int, final: int) -> nw.Expr:
    """Return the expression that gives the offset at the instant `at` (UTC seconds) in the zone `zone`.

    Parameters
    ----------
    zones : tuple of str
        The IANA names that the column `zone` can hold.
    first, final : int
        Days since 1970-01-01 between which the offset must be right.
    """
    import narwhals.stable.v2 as nw

    expression = nw.lit(0, nw.Int64)
    for zone in zones:
        start, changes = _changes(zone, first - 2, final + 2)
        offset = nw.lit(start, nw.Int64)
        for moment, step in changes:
            offset = offset + nw.when(nw.col("at") >= moment).then(nw.lit(step, nw.Int64)).otherwise(0)
        same = len(zones) == 1
        expression = offset if same else nw.when(nw.col("zone") == zone).then(offset).otherwise(expression)
    return expression.cast(nw.Int64)


@functools.lru_cache(maxsize=256)
def _changes(zone: str, first: int, final: int) -> tuple[int, tuple[tuple[int, int], ...]]:
    """Return the offset at the start of day `first`, and (UTC second, change) for each change up to `final`."""
    info = ZoneInfo(zone) if is_zone(zone) else dt.UTC

    def offset(second: int) -> int:
        delta = dt.datetime.fromtimestamp(second, tz=dt.UTC).astimezone(info).utcoffset()
        return int(delta.total_seconds()) if delta is not None else 0

    start = offset(first * _DAY)
    before, changes = start, []
    for day in range(first, final):
        after = offset((day + 1) * _DAY)
        if after != before:
            low, high = day * _DAY, (day + 1) * _DAY
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset(middle) == before else (low, middle)
            changes.append((high, after - before))
            before = after
    return start, tuple(changes)
