"""The tables of a submission bound to an engine, for rules to look at."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import attrs

from blended_standard.engine import Bound, Engine
from blended_standard.engine.missing_values import without_missing_values
from blended_standard.engine.zones import offset_seconds, with_zone
from blended_standard.io import Submission
from blended_standard.model import RECORDS
from blended_standard.validate.fields import single_key

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw

ENTRY, EXIT, STARTS, ENDS = "_entry", "_exit", "_starts", "_ends"
"""Of the episode that a row belongs to: first and last day, and the UTC seconds at which they begin and end."""

_DAY = 86_400
_HALF_A_DAY_AND_MORE = 15 * 3_600
_FIRST_DAY, _LAST_DAY = -25_000, 84_000  # 1901 to 2199: beyond, a date has a finding of its own
_LONGEST_SPAN = 36_525


@attrs.define(slots=False)
class BoundTables:
    """Every table of the submission, bound once."""

    submission: Submission
    engine: Engine
    bound: dict[str, Bound] = attrs.field(init=False)
    """As they were given; `tables[name]` is what rules look at."""
    _frames: dict[str, nw.LazyFrame[Any]] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.bound = {name: self.engine.bind(data, RECORDS[name]) for name, data in self.submission.tables.items()}
        self._frames = {name: self._judged(name, bound.frame) for name, bound in self.bound.items()}

    def _judged(self, name: str, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """Return a table without words for missing values, with a mark of keys that could look like others."""
        frame, key = without_missing_values(frame, RECORDS[name], self.submission.missing_values), single_key(name)
        return self.engine.with_beyond_ascii(frame, key.name) if key else frame

    def __contains__(self, name: object) -> bool:
        return name in self.bound

    def __getitem__(self, name: str) -> nw.LazyFrame[Any]:
        return self._frames[name] if name in self.bound else self.engine.empty(RECORDS[name])

    @functools.cached_property
    def spans(self) -> nw.LazyFrame[Any]:
        """When each episode began and ended: episode_id, `_entry`, `_exit`, `_starts`, `_ends`.

        One row for each identifier; where an identifier stands on several records, the widest span of them.
        """
        import narwhals.stable.v2 as nw

        zone = nw.col("time_zone").min()
        programs = self["program"].drop_nulls(["program_id"]).group_by("program_id").agg(zone)
        sites = self["site"].drop_nulls(["site_id"]).group_by("site_id").agg(nw.col("program_id").min(), zone)
        episodes = (
            self["episode"]
            .select("episode_id", "site_id", "entry_date", "exit_date")
            .drop_nulls(["episode_id"])
            .with_columns(open=nw.when(nw.col("exit_date").is_null()).then(1).otherwise(0))
            .group_by("episode_id")
            .agg(
                nw.col("site_id").min(),
                nw.col("entry_date").min(),
                nw.col("exit_date").max(),
                open=nw.col("open").max(),
            )
        )
        zoned = self.engine.materialise(
            episodes.join(with_zone(sites, programs, how="left"), on="site_id", how="left").select(
                "episode_id",
                nw.col("entry_date").alias(ENTRY),
                nw.when(nw.col("open") == 0).then(nw.col("exit_date")).alias(EXIT),
                zone=nw.col("zone").fill_null("UTC"),
            )
        )
        return self.engine.materialise(self._with_seconds(zoned))

    def _with_seconds(self, zoned: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """Add the instants at which the first local day begins and the last ends."""
        import narwhals.stable.v2 as nw

        zones = self.engine.collect(zoned.select("zone").unique())["zone"]
        found = self.engine.collect(
            zoned.with_columns(final=nw.max_horizontal(ENTRY, EXIT)).select(
                first=nw.col(ENTRY).min(), final=nw.col("final").max()
            )
        )
        first = min(max(int(found["first"][0] or 0), _FIRST_DAY), _LAST_DAY)
        final = min(max(int(found["final"][0] or 0), first), first + _LONGEST_SPAN, _LAST_DAY)
        offset = offset_seconds(tuple(sorted(zones)), first - 2, final + 3)
        frame = _midnight(zoned, nw.col(ENTRY) * _DAY, STARTS, offset)
        return _midnight(frame, (nw.col(EXIT) + 1) * _DAY, ENDS, offset).select("episode_id", ENTRY, EXIT, STARTS, ENDS)


def _midnight(frame: nw.LazyFrame[Any], local: nw.Expr, name: str, offset: nw.Expr) -> nw.LazyFrame[Any]:
    """Add the UTC second at which a local day begins; where a clock skips midnight, the moment of the skip.

    The offsets before and after a change near midnight give two candidates. The right one reads as midnight on the
    local clock; neither does when midnight is skipped, and then the earlier offset gives the moment of the skip.
    """
    import narwhals.stable.v2 as nw

    frame = frame.with_columns(local=local)
    for column, shift in (("early", -_HALF_A_DAY_AND_MORE), ("late", _HALF_A_DAY_AND_MORE)):
        frame = frame.with_columns(at=nw.col("local") + shift).with_columns((nw.col("local") - offset).alias(column))
    frame = frame.with_columns(at=nw.col("early")).with_columns(reads_early=nw.col("at") + offset)
    frame = frame.with_columns(at=nw.col("late")).with_columns(reads_late=nw.col("at") + offset)
    takes_late = (nw.col("reads_early") != nw.col("local")) & (nw.col("reads_late") == nw.col("local"))
    chosen = nw.when(takes_late).then(nw.col("late")).otherwise(nw.col("early"))
    return frame.with_columns(chosen.alias(name))
