"""What measures share: episodes with their place and end, local days, observable weeks, days with learning.

Each block is computed once inside the engine. Days are counted from 1970-01-01 in the site's own time zone, weeks
from Monday (ISO), so that all of it is integer arithmetic (see `engine.base`).
"""

from __future__ import annotations

import datetime as dt
import functools
from collections import Counter
from typing import TYPE_CHECKING, Any

from blended_standard.engine import Engine
from blended_standard.engine.zones import offset_seconds, with_zone
from blended_standard.io import Submission
from blended_standard.model import RECORDS

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw

EPOCH = dt.date(1970, 1, 1)
SECONDS_A_DAY = 86_400


def week_of(day: nw.Expr) -> nw.Expr:
    """Return the ISO week of a day number: weeks since the Monday before 1970-01-01."""
    return whole(day + 3, 7)


def whole(number: nw.Expr, divisor: int) -> nw.Expr:
    """Return the floor of an integer column divided by `divisor`.

    Exact below 2**53, and several times faster on SQL engines than `//`, whose floor they spell out case by case.
    """
    import narwhals.stable.v2 as nw

    return (number / divisor).floor().cast(nw.Int64)


class Blocks:
    """The shared building blocks of one submission on one engine at one as-of date."""

    def __init__(self, submission: Submission, engine: Engine, as_of: dt.date) -> None:
        self.standard = submission.standard
        self.engine = engine
        self.as_of = (as_of - EPOCH).days
        self.present = frozenset(submission.tables)
        self._submission = submission

    def table(self, name: str) -> nw.LazyFrame[Any]:
        """Return a table in canonical form, without the rows that lack a required value."""
        record = RECORDS[name]
        if name not in self._submission.tables:
            return self.engine.empty(record)
        frame = self.engine.bind(self._submission.tables[name], record).frame
        required = [field.name for field in record.fields() if field.required]
        return frame.drop_nulls(required)

    @functools.cached_property
    def places(self) -> nw.LazyFrame[Any]:
        """Sites with their program: site_id, site_name, program_id, program_name, jurisdiction, zone."""

        programs = single(self.table("program"), "program_id")
        programs = programs.select("program_id", "jurisdiction", "time_zone", program_name="name")
        places = with_zone(single(self.table("site"), "site_id"), programs, how="inner")
        return self.engine.materialise(
            places.select("site_id", "program_id", "program_name", "jurisdiction", "zone", site_name="name")
        )

    @functools.cached_property
    def learners(self) -> nw.LazyFrame[Any]:
        """The learners, each once."""
        return self.engine.materialise(single(self.table("learner"), "learner_id"))

    @functools.cached_property
    def episodes(self) -> nw.LazyFrame[Any]:
        """Episodes begun by the as-of date, with place and learner: entry, exit, last (the last day that counts).

        One that ends before it starts, or has a reason for its exit and no date, is left out: its length is unknown.
        """
        import narwhals.stable.v2 as nw

        as_of = self.as_of
        learner = self.learners
        exit_known = (nw.col("exit_date") <= as_of).fill_null(False)
        episodes = (
            single(self.table("episode"), "episode_id")
            .filter(nw.col("entry_date") <= as_of)
            .filter((nw.col("exit_date") >= nw.col("entry_date")).fill_null(True))
            .filter(~nw.col("exit_date").is_null() | nw.col("exit_reason").is_null())
            .join(self.places, on="site_id")
            .join(learner, on="learner_id", how="left")
            .with_columns(exited=exit_known)
            .with_columns(
                last=nw.when(nw.col("exited")).then(nw.col("exit_date")).otherwise(nw.lit(as_of)).cast(nw.Int64),
                exit_reason=nw.when(nw.col("exited")).then(nw.col("exit_reason")),
            )
            .rename({"entry_date": "entry"})
        )
        return self.engine.materialise(episodes)

    @functools.cached_property
    def spans(self) -> nw.LazyFrame[Any]:
        """The narrow part of `episodes` that events are joined to."""
        return self.engine.materialise(self.episodes.select("episode_id", "site_id", "zone", "entry", "last"))

    def dated(self, name: str, *columns: str, where: nw.Expr | None = None) -> nw.LazyFrame[Any]:
        """Return rows of an event table inside their episode: episode_id, day (local), second (local), `columns`.

        `where` keeps rows before they are joined to their episode, which is where the time goes.
        """
        import narwhals.stable.v2 as nw

        rows = self.table(name) if where is None else self.table(name).filter(where)
        wanted = dict.fromkeys(("episode_id", "at", *columns))
        events = rows.select(*wanted).join(self.spans, on="episode_id")
        local = nw.col("at") + offset_seconds(self.zones, *self.range_of_days)
        return (
            events.with_columns(second=local)
            .with_columns(day=whole(nw.col("second"), SECONDS_A_DAY))
            .filter(nw.col("day") >= nw.col("entry"), nw.col("day") <= nw.col("last"))
            .select("episode_id", "day", "second", *columns)
        )

    @functools.cached_property
    def zones(self) -> tuple[str, ...]:
        """The time zones in use."""
        return tuple(sorted(set(self.engine.collect(self.places.select("zone"))["zone"])))

    @functools.cached_property
    def names(self) -> dict[str, dict[str, str]]:
        """The public names of programs and sites by level and identifier; a name that stands twice keeps its id."""
        found = self.engine.collect(self.places.select("program_id", "program_name", "site_id", "site_name"))
        names: dict[str, dict[str, str]] = {}
        for level in ("program", "site"):
            named = dict(zip(found[f"{level}_id"], found[f"{level}_name"], strict=True))
            often = Counter(named.values())
            names[level] = {key: name if often[name] == 1 else f"{name} ({key})" for key, name in named.items()}
        return names

    @functools.cached_property
    def range_of_days(self) -> tuple[int, int]:
        """The first and last day that any episode spans."""
        import narwhals.stable.v2 as nw

        ends = self.engine.collect(self.spans.select(first=nw.col("entry").min(), final=nw.col("last").max()))
        first, final = ends["first"][0], ends["final"][0]
        return (int(first), int(final)) if first is not None else (self.as_of, self.as_of)

    @functools.cached_property
    def learning_days(self) -> nw.LazyFrame[Any]:
        """Days with a qualifying action: episode_id, day, productive (1 when accepted work at L2 or above)."""
        import narwhals.stable.v2 as nw

        qualifying = list(self.standard.codes["verb"].names(qualifying=True))
        acts = (
            self.dated("activity", "verb")
            .filter(nw.col("verb").is_in(qualifying))
            .select("episode_id", "day", productive=nw.lit(0, nw.Int64))
        )
        level, accepted = nw.col("level").fill_null(0), nw.col("accepted").fill_null(False)
        work = (
            self.dated("evidence", "level", "accepted", "kind")
            .filter(level >= 1, nw.col("kind") != "carried_over")
            .select(
                "episode_id", "day", productive=nw.when((level >= 2) & accepted).then(1).otherwise(0).cast(nw.Int64)
            )
        )
        days = nw.concat([acts, work]).group_by("episode_id", "day").agg(nw.col("productive").max())
        return self.engine.materialise(days)

    @functools.cached_property
    def acts(self) -> nw.LazyFrame[Any]:
        """Qualifying acts on a platform, once an instant: episode_id, day, second (both local), at (UTC seconds)."""
        import narwhals.stable.v2 as nw

        qualifying = list(self.standard.codes["verb"].names(qualifying=True))
        acts = self.dated("activity", "at", where=nw.col("verb").is_in(qualifying))
        return self.engine.materialise(acts.select("episode_id", "day", "second", "at").unique(["episode_id", "at"]))

    @functools.cached_property
    def hours(self) -> nw.LazyFrame[Any]:
        """Clock hours with a learning action, an act or work: episode_id, day, hour (0 to 23, local)."""
        import narwhals.stable.v2 as nw

        made = (nw.col("level").fill_null(0) >= 1) & (nw.col("kind") != "carried_over")
        work = self.dated("evidence", where=made)
        both = nw.concat([frame.select("episode_id", "day", "second") for frame in (self.acts, work)])
        hours = both.with_columns(hour=whole(nw.col("second"), 3600) - nw.col("day") * 24)
        return self.engine.materialise(hours.select("episode_id", "day", "hour").unique(["episode_id", "day", "hour"]))

    @functools.cached_property
    def site_days(self) -> nw.LazyFrame[Any]:
        """Every day of every site, one before the first and one after the last: closed (0 or 1), closed_before.

        A day is closed when the site was, or its feed was down; closed_before counts the closed days before it.
        """
        import narwhals.stable.v2 as nw

        first, final = self.range_of_days
        calendar = self.engine.frame({"day": list(range(first - 1, final + 2))}, {"day": int})
        closed = self.table("calendar_day").filter(~nw.col("open") | ~nw.col("feed_up"))
        closed = closed.select("site_id", day="date").unique(["site_id", "day"])
        days = (
            self.places.select("site_id")
            .join(calendar, how="cross")
            .join(closed.with_columns(closed=nw.lit(1, nw.Int64)), on=["site_id", "day"], how="left")
            .with_columns(closed=nw.col("closed").fill_null(0))
        )
        before = nw.col("closed").cum_sum().over("site_id", order_by=["day"]) - nw.col("closed")
        return self.engine.materialise(days.with_columns(closed_before=before))

    def paused_days(self) -> nw.LazyFrame[Any]:
        """Return the days of approved pauses inside their episode: episode_id, day."""
        return self._paused_days(self.spans.select("episode_id", "site_id", "entry", "last"))

    def weeks(self, minimum_edge_days: int) -> nw.LazyFrame[Any]:
        """Return, for each episode, first_week and last_week that are long enough, and observable (their number)."""
        import narwhals.stable.v2 as nw

        spans = self.spans.with_columns(start=week_of(nw.col("entry")), stop=week_of(nw.col("last")))
        one = nw.col("start") == nw.col("stop")
        sunday = nw.col("start") * 7 + 3
        monday = nw.col("stop") * 7 - 3
        first_days = nw.when(one).then(nw.col("last") - nw.col("entry") + 1).otherwise(sunday - nw.col("entry") + 1)
        last_days = nw.when(one).then(nw.col("last") - nw.col("entry") + 1).otherwise(nw.col("last") - monday + 1)
        kept = spans.with_columns(
            first_week=nw.col("start") + nw.when(first_days < minimum_edge_days).then(1).otherwise(0),
            last_week=nw.col("stop") - nw.when(~one & (last_days < minimum_edge_days)).then(1).otherwise(0),
        )
        hidden = self.hidden_weeks(minimum_edge_days)
        lost = (
            hidden.join(kept.select("episode_id", "first_week", "last_week"), on="episode_id")
            .filter(nw.col("week") >= nw.col("first_week"), nw.col("week") <= nw.col("last_week"))
            .group_by("episode_id")
            .agg(lost=nw.len())
        )
        count = nw.col("last_week") - nw.col("first_week") + 1 - nw.col("lost").fill_null(0)
        return (
            kept.join(lost, on="episode_id", how="left")
            .with_columns(observable=nw.when(count > 0).then(count).otherwise(0).cast(nw.Int64))
            .select("episode_id", "first_week", "last_week", "observable")
        )

    @functools.lru_cache(maxsize=4)  # noqa: B019 - lives as long as one call of score()
    def hidden_weeks(self, minimum_edge_days: int) -> nw.LazyFrame[Any]:
        """Return the weeks of each episode on none of whose enrolled days learning could be seen: episode_id, week."""
        import narwhals.stable.v2 as nw

        spans = self.spans.select("episode_id", "site_id", "entry", "last")
        days = nw.concat([self._closed_days(spans, minimum_edge_days), self._paused_days(spans)])
        blocked = (
            days.unique(["episode_id", "day"])
            .with_columns(week=week_of(nw.col("day")))
            .group_by("episode_id", "week")
            .agg(blocked=nw.len())
            .join(spans, on="episode_id")
        )
        monday = nw.col("week") * 7 - 3
        begin = nw.max_horizontal(monday, nw.col("entry"))
        end = nw.min_horizontal(monday + 6, nw.col("last"))
        hidden = blocked.filter(nw.col("blocked") >= end - begin + 1).select("episode_id", "week")
        return self.engine.materialise(hidden)

    def _closed_days(self, spans: nw.LazyFrame[Any], minimum_edge_days: int) -> nw.LazyFrame[Any]:
        """Days closed or without a feed; for episodes without a pause only in weeks that could be hidden whole."""
        import narwhals.stable.v2 as nw

        closed = (
            self.table("calendar_day")
            .filter(~nw.col("open") | ~nw.col("feed_up"))
            .select("site_id", day="date")
            .unique(["site_id", "day"])
            .with_columns(week=week_of(nw.col("day")))
        )
        number = closed.group_by("site_id", "week").agg(closed=nw.len())
        paused = self.table("pause").select("episode_id").unique("episode_id").with_columns(paused=nw.lit(True))
        return (
            closed.join(number, on=["site_id", "week"])
            .join(spans, on="site_id")
            .filter(nw.col("day") >= nw.col("entry"), nw.col("day") <= nw.col("last"))
            .join(paused, on="episode_id", how="left")
            .filter((nw.col("closed") >= minimum_edge_days) | nw.col("paused").fill_null(False))
            .select("episode_id", "day")
        )

    def _paused_days(self, spans: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        import narwhals.stable.v2 as nw

        first, final = self.range_of_days
        calendar = self.engine.frame({"day": list(range(first, final + 1))}, {"day": int})
        pauses = self.table("pause").select("episode_id", "start_date", "end_date").join(spans, on="episode_id")
        return (
            pauses.join(calendar, how="cross")
            .filter(nw.col("day") >= nw.col("start_date"), nw.col("day") <= nw.col("end_date"))
            .filter(nw.col("day") >= nw.col("entry"), nw.col("day") <= nw.col("last"))
            .select("episode_id", "day")
        )

    def observable(self, weeks: nw.LazyFrame[Any], minimum_edge_days: int) -> nw.LazyFrame[Any]:
        """Keep of `weeks` (episode_id, week, ...) those that are observable."""
        import narwhals.stable.v2 as nw

        kept = self.weeks(minimum_edge_days).select("episode_id", "first_week", "last_week")
        return (
            weeks.join(kept, on="episode_id")
            .filter(nw.col("week") >= nw.col("first_week"), nw.col("week") <= nw.col("last_week"))
            .drop("first_week", "last_week")
            .join(self.hidden_weeks(minimum_edge_days), on=["episode_id", "week"], how="anti")
        )


def single(frame: nw.LazyFrame[Any], *key: str) -> nw.LazyFrame[Any]:
    """Keep one of equal records, and none of those that share a key and differ: nobody can say which is right."""
    import narwhals.stable.v2 as nw

    records = frame.drop("_row", "_line", "_invalid", strict=False).unique()
    once = records.group_by(*key).agg(copies=nw.len()).filter(nw.col("copies") == 1).select(*key)
    return records.join(once, on=list(key))
