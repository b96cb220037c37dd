"""What measures share: episodes with their place and end, local days, observable weeks, days with learning.

Each block is computed once inside the engine. Days are counted from 1970-01-01 in the site's own time zone, weeks
from Monday (ISO), so that all of it is integer arithmetic (see `engine.base`).
"""

from __future__ import annotations

import datetime as dt
import functools
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from blended_standard.engine import Engine
from blended_standard.engine.missing_values import without_missing_values
from blended_standard.engine.zones import offset_seconds, with_zone
from blended_standard.io import Submission
from blended_standard.model import RECORDS

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw

EPOCH = dt.date(1970, 1, 1)
SECONDS_A_DAY = 86_400
_FIRST_ZONES = (dt.date(1800, 1, 1) - EPOCH).days  # No clock changed zones before, and an entry may be in the year 1.
P = ParamSpec("P")
Frames = TypeVar("Frames", "nw.LazyFrame[Any]", "tuple[nw.LazyFrame[Any], ...]")


def week_of(day: nw.Expr) -> nw.Expr:
    """Return the ISO week of a day number: weeks since the Monday before 1970-01-01."""
    return whole(day + 3, 7)


def whole(number: nw.Expr, divisor: int) -> nw.Expr:
    """Return the floor of an integer column divided by `divisor`.

    Exact below 2**53, and several times faster on SQL engines than `//`, whose floor they spell out case by case.
    """
    import narwhals.stable.v2 as nw

    return (number / divisor).floor().cast(nw.Int64)


def block(build: Callable[Concatenate[Blocks, P], Frames]) -> Callable[Concatenate[Blocks, P], Frames]:
    """Compute the frame or frames that `build` returns inside the engine, once for the same blocks and arguments."""

    @functools.wraps(build)
    def shared(blocks: Blocks, /, *args: P.args, **kwargs: P.kwargs) -> Frames:
        key = (build, args, *kwargs.items())
        if key not in blocks.made:
            keep = blocks.engine.materialise
            made: Any = build(blocks, *args, **kwargs)
            blocks.made[key] = tuple(map(keep, made)) if isinstance(made, tuple) else keep(made)
        found: Frames = blocks.made[key]
        return found

    return shared


def remainder(number: nw.Expr, divisor: int) -> nw.Expr:
    """Return what `whole` leaves over, from 0 to `divisor` - 1."""
    return number - whole(number, divisor) * divisor


class Blocks:
    """The shared building blocks of one submission on one engine at one as-of date."""

    def __init__(self, submission: Submission, engine: Engine, as_of: dt.date) -> None:
        self.standard = submission.standard
        self.engine = engine
        self.as_of = (as_of - EPOCH).days
        self.present = frozenset(submission.tables)
        self.made: dict[object, Any] = {}
        self._submission = submission
        self._tables: dict[str, nw.LazyFrame[Any]] = {}

    def table(self, name: str) -> nw.LazyFrame[Any]:
        """Return a table in canonical form: the records that have every required value, each once.

        Of records that share a key and differ none is kept: nobody can say which is right.
        """
        if name not in self._tables:
            self._tables[name] = self._bind(name)
        return self._tables[name]

    def _bind(self, name: str) -> nw.LazyFrame[Any]:
        record = RECORDS[name]
        if name not in self._submission.tables:
            return self.engine.empty(record)
        bound = self.engine.bind(self._submission.tables[name], record)
        frame = without_missing_values(bound.frame, record, self._submission.missing_values)
        frame = frame.drop_nulls([field.name for field in record.fields() if field.required])
        frame, key = frame.drop("_row", "_line", "_invalid", strict=False), list(record.key_fields())
        # The costly search for copies is spared where no key stands twice.
        return _single(frame, key) if key and self.engine.suspects(frame, key)() is not None else frame

    @functools.cached_property
    def places(self) -> nw.LazyFrame[Any]:
        """Sites with their program: site_id, site_name, program_id, program_name, jurisdiction, zone."""

        programs = self.table("program").select("program_id", "jurisdiction", "time_zone", program_name="name")
        places = with_zone(self.table("site"), programs, how="inner")
        return self.engine.materialise(
            places.select("site_id", "program_id", "program_name", "jurisdiction", "zone", site_name="name")
        )

    @functools.cached_property
    def learners(self) -> nw.LazyFrame[Any]:
        """The learners, each once."""
        return self.table("learner")

    @functools.cached_property
    def episodes(self) -> nw.LazyFrame[Any]:
        """Episodes begun by the as-of date, with place and learner: entry, exit, last (the last day that counts).

        `episode` numbers them: four bytes stand for an identifier of any length where rows are many. An episode that
        ends before it starts, or has a reason for its exit and no date, is left out: its length is unknown.
        """
        import narwhals.stable.v2 as nw

        as_of, entry, end = self.as_of, nw.col("entry_date"), nw.col("exit_date")
        places, learners = self.places, self.learners
        exited = (end <= as_of).fill_null(False)
        episodes = (
            self.table("episode")
            .filter(entry <= as_of, (end >= entry).fill_null(True), ~end.is_null() | nw.col("exit_reason").is_null())
            .with_columns(
                exited=exited,
                last=nw.when(exited).then(end).otherwise(nw.lit(as_of)).cast(nw.Int64),
                exit_reason=nw.when(exited).then(nw.col("exit_reason")),
            )
            .rename({"entry_date": "entry"})
            .join(places, on="site_id")
            .join(learners, on="learner_id", how="left")
            .with_row_index("episode", order_by=["episode_id"])
            .with_columns(nw.col("episode").cast(nw.Int32))
        )
        return self.engine.materialise(episodes)

    @functools.cached_property
    def spans(self) -> nw.LazyFrame[Any]:
        """The narrow part of `episodes` that events are joined to."""
        return self.engine.materialise(
            self.episodes.select("episode", "episode_id", "site_id", "zone", "entry", "last")
        )

    def dated(
        self, name: str, *columns: str, where: nw.Expr | None = None, key: str = "episode_id"
    ) -> nw.LazyFrame[Any]:
        """Return rows of an event table inside their episode: `key`, day (local), second (local), `columns`.

        `where` keeps rows before they are joined to their episode, which is where the time goes. `key` may be
        `episode`, the number of the episode.
        """
        import narwhals.stable.v2 as nw

        first, final = self.range_of_days
        spans, local = self.spans, nw.col("at") + offset_seconds(self.zones, max(first, _FIRST_ZONES), final)
        rows = self.table(name) if where is None else self.table(name).filter(where)
        wanted = dict.fromkeys(("episode_id", "at", *columns))
        return (
            rows.select(*wanted)
            .join(spans, on="episode_id")
            .with_columns(second=local)
            .with_columns(day=whole(nw.col("second"), SECONDS_A_DAY))
            .filter(nw.col("day") >= nw.col("entry"), nw.col("day") <= nw.col("last"))
            .select(key, "day", "second", *columns)
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
    def site_days(self) -> nw.LazyFrame[Any]:
        """Every day of every site, one before the first and one after the last: closed (0 or 1), closed_before.

        A day is closed when the site was, or its feed was down; closed_before counts the closed days before it.
        """
        import narwhals.stable.v2 as nw

        places, calendar = self.places, self._calendar
        closed = self.table("calendar_day").filter(~nw.col("open") | ~nw.col("feed_up"))
        closed = closed.select("site_id", day="date")
        days = (
            places.select("site_id")
            .join(calendar, how="cross")
            .join(closed.with_columns(closed=nw.lit(1, nw.Int64)), on=["site_id", "day"], how="left")
            .with_columns(closed=nw.col("closed").fill_null(0))
        )
        before = nw.col("closed").cum_sum().over("site_id", order_by=["day"]) - nw.col("closed")
        return self.engine.materialise(days.with_columns(closed_before=before))

    @functools.cached_property
    def _calendar(self) -> nw.LazyFrame[Any]:
        first, final = self.range_of_days
        return self.engine.frame({"day": list(range(first - 1, final + 2))}, {"day": int})

    @block
    def paused_days(self) -> nw.LazyFrame[Any]:
        """The days of approved pauses inside their episode: episode, episode_id, day, closed (0 or 1)."""
        import narwhals.stable.v2 as nw

        day, spans, calendar, site_days = nw.col("day"), self.spans, self._calendar, self.site_days
        return (
            self.table("pause")
            .select("episode_id", "start_date", "end_date")
            .join(spans, on="episode_id")
            .join(calendar, how="cross")
            .filter(
                day >= nw.col("start_date"), day <= nw.col("end_date"), day >= nw.col("entry"), day <= nw.col("last")
            )
            .select("episode", "episode_id", "site_id", "day")
            .unique(["episode", "day"])
            .join(site_days.select("site_id", "day", "closed"), on=["site_id", "day"])
            .select("episode", "episode_id", "day", "closed")
        )

    def _edge_weeks(self, minimum_edge_days: int) -> nw.LazyFrame[Any]:
        """The first_week and last_week of each episode that are long enough, with the columns of `spans`."""
        import narwhals.stable.v2 as nw

        spans = self.spans.with_columns(start=week_of(nw.col("entry")), stop=week_of(nw.col("last")))
        one = nw.col("start") == nw.col("stop")
        sunday = nw.col("start") * 7 + 3
        monday = nw.col("stop") * 7 - 3
        first_days = nw.when(one).then(nw.col("last") - nw.col("entry") + 1).otherwise(sunday - nw.col("entry") + 1)
        last_days = nw.when(one).then(nw.col("last") - nw.col("entry") + 1).otherwise(nw.col("last") - monday + 1)
        return spans.with_columns(
            first_week=nw.col("start") + nw.when(first_days < minimum_edge_days).then(1).otherwise(0),
            last_week=nw.col("stop") - nw.when(~one & (last_days < minimum_edge_days)).then(1).otherwise(0),
        )

    @block
    def weeks(self, minimum_edge_days: int) -> nw.LazyFrame[Any]:
        """For each episode first_week and last_week that are long enough, and observable (their number)."""
        import narwhals.stable.v2 as nw

        kept = self._edge_weeks(minimum_edge_days)
        count = nw.col("last_week") - nw.col("first_week") + 1
        if self._can_hide:
            lost = self.hidden_weeks(minimum_edge_days).group_by("episode").agg(lost=nw.len())
            kept, count = kept.join(lost, on="episode", how="left"), count - nw.col("lost").fill_null(0)
        observable = nw.when(count > 0).then(count).otherwise(0).cast(nw.Int64)
        return kept.select("episode", "episode_id", "first_week", "last_week", observable=observable)

    @property
    def _can_hide(self) -> bool:
        """Whether any week can be hidden: without closed days and pauses none is looked for."""
        return bool(self.present & {"calendar_day", "pause"})

    @block
    def hidden_weeks(self, minimum_edge_days: int) -> nw.LazyFrame[Any]:
        """The weeks, long enough, on none of whose enrolled days learning could be seen: episode, episode_id, week.

        Without a pause in it only a week with as many closed days as an edge week needs enrolled ones can be hidden.
        """
        import narwhals.stable.v2 as nw

        site_days, paused = self.site_days, self.paused_days()
        spans, week = self._edge_weeks(minimum_edge_days), nw.col("week")
        closed = site_days.filter(nw.col("closed") == 1).with_columns(week=week_of(nw.col("day")))
        closed = closed.group_by("site_id", "week").agg(days=nw.len()).filter(nw.col("days") >= minimum_edge_days)
        paused = paused.with_columns(week=week_of(nw.col("day")), paused=1 - nw.col("closed"))
        paused = paused.group_by("episode", "week").agg(nw.col("paused").sum())
        paused = paused.with_columns(nw.col("paused").cast(nw.Int64))
        candidates = nw.concat(
            [
                spans.join(closed, on="site_id").select("episode", "week"),
                paused.select("episode", "week"),
            ]
        ).unique(["episode", "week"])
        begin, end = nw.max_horizontal(week * 7 - 3, nw.col("entry")), nw.min_horizontal(week * 7 + 3, nw.col("last"))
        before = site_days.select("site_id", "day", "closed_before")
        after = before.select("site_id", end="day", closed_after="closed_before")
        open_days = nw.col("end") - nw.col("day") - (nw.col("closed_after") - nw.col("closed_before"))
        return (
            candidates.join(spans, on="episode")
            .filter(week >= nw.col("first_week"), week <= nw.col("last_week"))
            .with_columns(day=begin, end=end + 1)
            .join(before, on=["site_id", "day"])
            .join(after, on=["site_id", "end"])
            .join(paused, on=["episode", "week"], how="left")
            .filter(open_days == nw.col("paused").fill_null(0))
            .select("episode", "episode_id", "week")
        )

    def observable(self, weeks: nw.LazyFrame[Any], minimum_edge_days: int) -> nw.LazyFrame[Any]:
        """Keep of `weeks` (episode or episode_id, week, ...) those that are observable."""
        import narwhals.stable.v2 as nw

        columns = weeks.collect_schema().names()
        key = "episode" if "episode" in columns else "episode_id"
        weeks = weeks.join(self.weeks(minimum_edge_days), on=key).filter(
            nw.col("week") >= nw.col("first_week"), nw.col("week") <= nw.col("last_week")
        )
        if self._can_hide:
            weeks = weeks.join(self.hidden_weeks(minimum_edge_days), on=[key, "week"], how="anti")
        return weeks.select(columns)


def _single(frame: nw.LazyFrame[Any], key: list[str]) -> nw.LazyFrame[Any]:
    """Keep one of equal records, and none of those that share a key and differ."""
    import narwhals.stable.v2 as nw

    records = frame.unique()
    once = records.group_by(*key).agg(copies=nw.len()).filter(nw.col("copies") == 1).select(*key)
    return records.join(once, on=key)
