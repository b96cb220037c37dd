"""`engagement_calendar`: of the learners who could be seen on a day, how many did something, and something accepted.

A learner can be seen on a day inside a stay on which the site was open with its feed up and no pause was approved. What
is done on other days counts in no share. A learner with two stays at once counts once, in the stay that began first.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from blended_standard.engine import Engine, using
from blended_standard.errors import UsageError
from blended_standard.io import Submission
from blended_standard.measures.acts import learning_days
from blended_standard.measures.blocks import EPOCH, Blocks
from blended_standard.measures.groups import Grouping, people
from blended_standard.measures.mastery_map import code_of
from blended_standard.measures.report import Group, Status
from blended_standard.measures.score import in_force
from blended_standard.results import Result, Row, result

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw

CLOSED = "The site was closed."
FEED_DOWN = "Evidence could not be recorded."
NOBODY = "No learner was enrolled."
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_Counts = npt.NDArray[np.int64]


@result
class CalendarDay(Result):
    """One day. `n` learners could be seen; `active` of them did something, `productive` had work accepted (level 2+).

    The shares are of `n`. `unseen` counts learners of places that were closed or whose feed was down. Numbers are None
    where `reason` says why.
    """

    date: dt.date
    status: Status
    active_share: float | None
    productive_share: float | None
    active: int | None
    productive: int | None
    n: int | None
    unseen: int | None
    reason: str | None = None


@result
class EngagementCalendar(Result):
    """The days of one place, without a gap, from the first entry to the as-of day.

    `place` names it, `group` says what it is (empty: all together), `sites` are the sites in it.
    """

    title: ClassVar[str] = "Engagement by day"
    place: str
    group: Group
    sites: tuple[str, ...]
    as_of: dt.date
    profile: str
    days: tuple[CalendarDay, ...]
    source: str = ""

    def rows(self) -> list[Row]:
        """Return one row a day."""
        return [{"place": self.place, "weekday": WEEKDAYS[day.date.weekday()]} | day.rows()[0] for day in self.days]

    def csv_rows(self) -> list[Row]:
        """Return the rows, each with what the calendar is about."""
        context: Row = {"as_of": self.as_of.isoformat(), "profile": self.profile, "source": self.source}
        return [row | context for row in self.rows()]

    def weeks(self) -> dict[dt.date, list[CalendarDay | None]]:
        """Return seven days, from Monday, for the Monday of each week; None before the first day and after the last."""
        found: dict[dt.date, list[CalendarDay | None]] = {}
        for day in self.days:
            monday = day.date - dt.timedelta(days=day.date.weekday())
            found.setdefault(monday, [None] * 7)[day.date.weekday()] = day
        return found

    def _summary(self) -> list[str]:
        return [f"{self.title}, {self.place}, as of {self.as_of}: percent with an action / with accepted work"]

    def _table(self) -> list[Row]:
        return [
            {"week of": monday} | dict(zip(WEEKDAYS, map(in_short, week), strict=True))
            for monday, week in self.weeks().items()
        ]


def in_short(day: CalendarDay | None) -> str:
    """Return a day as one word: "34/12", "withheld", "closed", "no feed", or nothing."""
    if day is None or day.reason == NOBODY:
        return ""
    if day.active_share is None:
        return {CLOSED: "closed", FEED_DOWN: "no feed"}.get(day.reason or "") or code_of(day.reason) or "withheld"
    done = "?" if day.productive_share is None else f"{100 * day.productive_share:.0f}"
    return f"{100 * day.active_share:.0f}/{done}"


def engagement_calendar(
    submission: Submission,
    place: str | None = None,
    *,
    as_of: dt.date | str | None = None,
    engine: str | Engine | None = None,
    profile: str | None = None,
) -> EngagementCalendar:
    """Count for each day the learners who could be seen, those who did something, and those whose work was accepted.

    Parameters
    ----------
    submission : Submission
        With activity or evidence; calendar days say when a site was closed or its feed down.
    place : str, optional
        A site or program, by identifier or name. Default: all sites together.
    as_of : date or ISO text, optional
        The last day. Default: that of the manifest.
    engine : {"duckdb", "polars", "pandas"} or Engine, optional
        Default: the first that is installed.
    profile : str, optional
        Whose threshold for few learners is in force. Default: that of the manifest.

    Returns
    -------
    EngagementCalendar
        Days are local to the site. Nothing is withheld in it: `report` and `report.for_publication` do that.

    Raises
    ------
    UsageError
        `submission` is none, there is no such site or program, two have the name, or there is no as-of date.

    Notes
    -----
    Something done is a learning action as ENG-01 counts it (level 1 or above); accepted work is what ENG-02 counts
    (level 2 or above).

    Examples
    --------
    >>> from blended_standard.measures.score import example
    >>> found = engagement_calendar(example(), as_of="2026-01-31")
    >>> [(day.active, day.n) for day in found.days[:4]]
    [(0, 1), (1, 1), (0, 1), (1, 1)]
    """
    chosen, day = in_force(submission, profile, as_of)
    with using(engine) as opened:
        blocks = Blocks(submission.under(chosen.id), opened, day)
        name, group, sites = _place(blocks, place)
        found = _Seen(blocks, sites)
        days = found.days(chosen.small_n.get("rating", 0))
    return EngagementCalendar(
        place=name,
        group=group,
        sites=tuple(sites),
        as_of=day,
        profile=chosen.id,
        days=days,
        source=submission.manifest.title,
    )


def _place(blocks: Blocks, place: str | None) -> tuple[str, Group, list[str]]:
    """Return the name of a place, what it is, and its sites."""
    found = blocks.engine.collect(blocks.places.select("site_id", "program_id"))
    programs = dict(zip(found["site_id"], found["program_id"], strict=True))
    if place is None:
        return "All sites", (), sorted(programs)
    known = [(level, key) for level in ("program", "site") for key in sorted(blocks.names[level])]
    fit = [each for each in known if each[1] == place]
    fit = fit or [each for each in known if blocks.names[each[0]][each[1]] == place]
    if len(fit) != 1:
        what = "is not a site or program" if not fit else "names several sites or programs"
        raise UsageError(f"place={place!r} {what}. There are: {', '.join(key for _, key in known)}.")
    level, key = fit[0]
    name = blocks.names[level][key]
    if level == "program":
        return name, (("program", key),), sorted(site for site, program in programs.items() if program == key)
    return name, (("program", programs[key]), ("site", key)), [key]


class _Seen:
    """Learners by site and day: enrolled, paused, active and productive, as arrays of (sites, days)."""

    def __init__(self, blocks: Blocks, sites: Sequence[str]) -> None:
        import narwhals.stable.v2 as nw

        self.blocks = blocks
        self.place = {site: i for i, site in enumerate(sites)}
        engine = blocks.engine
        stays = engine.materialise(_stays(blocks, sites))
        ends = engine.collect(stays.select(first=nw.col("start").min(), last=nw.col("last").max()))
        self.first = int(ends["first"][0]) if ends["first"][0] is not None else blocks.as_of + 1
        self.size = blocks.as_of + 1 - self.first
        begun = self._count(_by_day(stays, nw.col("start")))["n"]
        over = self._count(_by_day(stays, nw.col("last") + 1))["n"]
        self.enrolled = np.cumsum(begun - over, axis=1)
        mine = nw.col("day") >= nw.col("start"), nw.col("day") <= nw.col("last")
        own = stays.select("learner", "episode", "site_id", "start", "last")
        paused = engine.materialise(
            blocks.paused_days().select("episode", "day").join(own, on="episode").filter(*mine).select(*_PAUSED)
        )
        acts = learning_days(blocks).join(people(blocks, Grouping(())).select("episode", "learner"), on="episode")
        acts = (
            acts.group_by("learner", "day")
            .agg(productive=nw.col("productive").max())
            .join(own, on="learner")
            .filter(*mine)
            .join(paused.select("episode", "day"), on=["episode", "day"], how="anti")
        )
        self.paused = self._count(_by_day(paused, nw.col("day")))["n"]
        done = acts.group_by("site_id", "day").agg(active=nw.len(), productive=nw.col("productive").sum())
        self.done = self._count(done)

    def days(self, few: float) -> tuple[CalendarDay, ...]:
        """Return the days in order."""
        closed, down = self._shut()
        out = closed | down
        present = self.enrolled - self.paused
        n, unseen = (np.where(kept, present, 0).sum(axis=0) for kept in (~out, out))
        active, productive = (np.where(out, 0, self.done[name]).sum(axis=0) for name in ("active", "productive"))
        shut = out.all(axis=0)
        why = np.where(shut & closed.all(axis=0), CLOSED, np.where(shut, FEED_DOWN, NOBODY))
        return tuple(
            _day(EPOCH + dt.timedelta(days=self.first + i), *numbers, why=str(reason), few=few)
            for i, (*numbers, reason) in enumerate(
                zip(n.tolist(), active.tolist(), productive.tolist(), unseen.tolist(), why, strict=True)
            )
        )

    def _shut(self) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """Return when each site was closed, and when its feed was down."""
        import narwhals.stable.v2 as nw

        table = self.blocks.table("calendar_day").select("site_id", "open", "feed_up", day="date")
        shut = table.filter(~nw.col("open") | ~nw.col("feed_up"))
        flags = shut.with_columns(
            closed=nw.when(nw.col("open")).then(0).otherwise(1), down=nw.when(nw.col("feed_up")).then(0).otherwise(1)
        )
        counted = self._count(flags.group_by("site_id", "day").agg(nw.col("closed").max(), nw.col("down").max()))
        return counted["closed"] > 0, counted["down"] > 0

    def _count(self, frame: nw.LazyFrame[Any]) -> Mapping[str, _Counts]:
        """Return the columns of a frame beside site_id and day as arrays."""
        found = self.blocks.engine.collect(frame)
        names = [name for name in found if name not in ("site_id", "day")]
        made = {name: np.zeros((len(self.place), self.size), np.int64) for name in names}
        for j, (site, day) in enumerate(zip(found["site_id"], found["day"], strict=True)):
            at = int(day) - self.first
            if site in self.place and 0 <= at < self.size:
                for name in names:
                    made[name][self.place[site], at] = int(found[name][j])
        return made


_PAUSED = ("episode", "site_id", "day")


def _by_day(frame: nw.LazyFrame[Any], day: nw.Expr) -> nw.LazyFrame[Any]:
    """Count the rows of each site and day: site_id, day, n."""
    import narwhals.stable.v2 as nw

    return frame.select("site_id", day=day).group_by("site_id", "day").agg(n=nw.len())


def _stays(blocks: Blocks, sites: Sequence[str]) -> nw.LazyFrame[Any]:
    """Return the part of each stay that none begun before covers: learner, episode, site_id, start, last."""
    import narwhals.stable.v2 as nw

    order = {"order_by": ["entry", "episode"]}
    last = nw.col("last")
    return (
        people(blocks, Grouping(()))
        .select("episode", "learner")
        .join(blocks.spans.filter(nw.col("site_id").is_in(list(sites))), on="episode")
        .with_columns(reach=last.cum_max().over("learner", **order))
        .with_columns(before=nw.col("reach").shift(1).over("learner", **order))
        .with_columns(start=nw.max_horizontal(nw.col("entry"), nw.col("before").fill_null(-(10**9)) + 1))
        .filter(nw.col("start") <= last)
        .select("learner", "episode", "site_id", "start", "last")
    )


def _day(date: dt.date, n: int, active: int, productive: int, unseen: int, *, why: str, few: float) -> CalendarDay:
    if not n:
        return CalendarDay(
            date=date,
            status=Status.NOT_COMPUTABLE,
            active_share=None,
            productive_share=None,
            active=None,
            productive=None,
            n=0,
            unseen=unseen,
            reason=why,
        )
    return CalendarDay(
        date=date,
        status=Status.SMALL_N if n < few else Status.OK,
        active_share=active / n,
        productive_share=productive / n,
        active=active,
        productive=productive,
        n=n,
        unseen=unseen,
    )
