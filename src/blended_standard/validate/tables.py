"""The tables of a submission bound to an engine, for rules to look at."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import attrs

from blended_standard.engine import Bound, Engine
from blended_standard.engine.zones import offset_seconds
from blended_standard.io import Submission
from blended_standard.model import RECORDS

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw

_LATEST_DAY = 84_000  # the year 2199


@attrs.define(slots=False)
class BoundTables:
    """Every table of the submission, bound once."""

    submission: Submission
    engine: Engine
    bound: dict[str, Bound] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.bound = {name: self.engine.bind(data, RECORDS[name]) for name, data in self.submission.tables.items()}

    def __contains__(self, name: object) -> bool:
        return name in self.bound

    def __getitem__(self, name: str) -> nw.LazyFrame[Any]:
        return self.bound[name].frame if name in self.bound else self.engine.empty(RECORDS[name])

    @functools.cached_property
    def spans(self) -> nw.LazyFrame[Any]:
        """Episodes with their zone: episode_id, zone, entry_date, exit_date; one for each identifier."""
        import narwhals.stable.v2 as nw

        programs = self["program"].select("program_id", program_zone="time_zone").unique("program_id")
        sites = self["site"].select("site_id", "program_id", site_zone="time_zone").unique("site_id")
        zone = nw.coalesce(nw.col("site_zone"), nw.col("program_zone"), nw.lit("UTC"))
        return self.engine.materialise(
            self["episode"]
            .select("episode_id", "site_id", "entry_date", "exit_date")
            .unique("episode_id")
            .join(sites, on="site_id", how="left")
            .join(programs, on="program_id", how="left")
            .select("episode_id", "entry_date", "exit_date", zone=zone)
        )

    def local_day(self, events: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """Join `events` (episode_id, at) to their episode and add `day`, the local one."""
        import narwhals.stable.v2 as nw

        found = self.engine.collect(self.spans.select("zone").unique())["zone"]
        first = self.engine.collect(self.spans.select(first=nw.col("entry_date").min()))["first"][0]
        offset = offset_seconds(tuple(sorted(found)), int(first or 0), min(int(first or 0) + 4000, _LATEST_DAY))
        return (
            events.join(self.spans, on="episode_id")
            .with_columns(second=nw.col("at") + offset)
            .with_columns(day=(nw.col("second") / 86_400).floor().cast(nw.Int64))
        )
