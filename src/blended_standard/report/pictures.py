"""What of a mastery map and an engagement calendar may be published: alone, side by side, after earlier releases.

A map is a table with a margin for each competency: groups that show nothing are protected by `privacy.protect_row`. The
days of a calendar stand alone; a second calendar of some of its learners would be its part, and is withheld.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence

import attrs

from blended_standard.measures import EngagementCalendar, MasteryMap, Status
from blended_standard.measures.engagement_calendar import CalendarDay
from blended_standard.measures.mastery_map import CODED, MapCell, MapRow, code_of
from blended_standard.measures.report import Group
from blended_standard.privacy import Policy, PublishedCell, PublishedShare, protect_row, publish_share
from blended_standard.privacy.ledger import clash
from blended_standard.report.totals import BY_SUBTRACTION

FEW = "Withheld: it would give away a result about few learners."
OTHERWISE_BEFORE = "Withheld: an earlier release showed it by other groups."
SECOND = "Withheld: another picture of the same learners stands before it, and the two could be set against each other."
Picture = MasteryMap | EngagementCalendar
Earlier = Mapping[str, Sequence[PublishedCell]]


def published(picture: Picture, policy: Policy, earlier: Earlier) -> Picture:
    """Return a picture without what the policy does not let out, given the cells of earlier releases by key."""
    if isinstance(picture, MasteryMap):
        lines = tuple(_public_row(picture, line, policy, earlier) for line in picture.lines)
        return attrs.evolve(picture, lines=lines)  # type: ignore[misc]
    days = tuple(_public_day(picture, day, policy, earlier) for day in picture.days)
    return attrs.evolve(picture, days=days)  # type: ignore[misc]


def overlaps(picture: Picture, others: Sequence[Picture]) -> bool:
    """Say whether a picture of the same kind among the others shows learners of the same sites."""
    return any(type(other) is type(picture) and set(other.sites) & set(picture.sites) for other in others)


def cells_of(picture: Picture) -> list[PublishedCell]:
    """Return a published picture as the release ledger keeps it."""
    if isinstance(picture, EngagementCalendar):
        return [cell for day in picture.days for cell in _cells_of_day(picture, day)]
    return [
        cell
        for line in picture.lines
        for group, found in (*zip(_groups(picture), line.cells, strict=True), ((), line.everyone))
        if (cell := _cell_of(picture, line, group, found)) is not None
    ]


def _public_row(picture: MasteryMap, line: MapRow, policy: Policy, earlier: Earlier) -> MapRow:
    by_level = picture.by == "level"
    groups = _groups(picture)
    before = earlier.get(_key("mastery_map", line.competency), ())
    if any(cell.group and cell.as_of == picture.as_of and cell.group[0][0] != picture.by for cell in before):
        return _withheld_row(line, OTHERWISE_BEFORE)
    reasons = [
        _reason(cell, policy, codes=not by_level) or _clash(_cell_of(picture, line, group, cell), before, policy)
        for group, cell in zip(groups, line.cells, strict=True)
    ]
    everyone = line.everyone
    alone = _reason(everyone, policy) if not by_level else FEW if (everyone.n or 0) < policy.minimum_n else None
    total = alone or _clash(_cell_of(picture, line, (), everyone), before, policy)
    coded = [code_of(reason) is not None for reason in reasons]
    hidden = [reason is not None and not code for reason, code in zip(reasons, coded, strict=True)]
    if total is None:
        parts = [_parts(cell, of_all=by_level) for cell in line.cells]
        further, total_hidden = protect_row(parts, hidden, coded, reach=policy.must_reach)
        if total_hidden:
            total = BY_SUBTRACTION
        reasons = [
            BY_SUBTRACTION if more and not own else reason
            for reason, more, own in zip(reasons, further, hidden, strict=True)
        ]
    elif code_of(total) and any(hidden):
        total = FEW
    cells = tuple(_shown(cell, reason) for cell, reason in zip(line.cells, reasons, strict=True))
    return attrs.evolve(line, cells=cells, everyone=_shown(everyone, total))  # type: ignore[misc]


def _reason(cell: MapCell, policy: Policy, *, codes: bool = True) -> str | None:
    """Return why a cell is withheld by itself, an end that stands for it included; None when it may be shown."""
    if not cell.n:
        return None
    found = publish_share(cell.count or 0, cell.n, policy)
    if found.status == "shown":
        return None
    return f"{CODED}{found.text}." if isinstance(found, PublishedShare) and codes else FEW


def _parts(cell: MapCell, *, of_all: bool) -> list[int]:
    count, n = cell.count or 0, cell.n or 0
    return [count] if of_all else [count, n - count]


def _shown(cell: MapCell, reason: str | None) -> MapCell:
    if reason is None:
        return cell
    return MapCell(share=None, interval=None, count=None, n=None, status=Status.SUPPRESSED, reason=reason)


def _withheld_row(line: MapRow, reason: str) -> MapRow:
    cells = tuple(_shown(cell, reason) for cell in line.cells)
    return attrs.evolve(line, cells=cells, everyone=_shown(line.everyone, reason))  # type: ignore[misc]


def _public_day(picture: EngagementCalendar, day: CalendarDay, policy: Policy, earlier: Earlier) -> CalendarDay:
    """Return a day with the shares that may be shown; of learners out of view nothing is told."""
    if not day.n:
        return attrs.evolve(day, unseen=None)  # type: ignore[misc]
    whole, part = _cells_of_day(picture, day)
    before = earlier.get(whole.key, ())
    if reason := _why_day(day, policy) or _nested(picture.group, before) or _clash(whole, before, policy):
        return attrs.evolve(day, status=Status.SUPPRESSED, reason=reason, **dict.fromkeys(_NUMBERS))  # type: ignore[misc]
    accepted = publish_share(day.productive or 0, day.active or 0, policy).status == "shown"
    if reason := (None if accepted else FEW) or _clash(part, earlier.get(part.key, ()), policy):
        return attrs.evolve(day, unseen=None, productive_share=None, productive=None, reason=reason)  # type: ignore[misc]
    return attrs.evolve(day, unseen=None)  # type: ignore[misc]


_NUMBERS = ("active_share", "productive_share", "active", "productive", "n", "unseen")


def _why_day(day: CalendarDay, policy: Policy) -> str | None:
    """Return why a day is withheld by itself.

    Where few learners are out of view, the day set against the one before would tell how many they are.
    """
    if 0 < (day.unseen or 0) < policy.minimum_n:
        return FEW
    found = publish_share(day.active or 0, day.n or 0, policy)
    if found.status == "shown":
        return None
    return f"{CODED}{found.text}." if isinstance(found, PublishedShare) else FEW


def _nested(group: Group, before: Sequence[PublishedCell]) -> str | None:
    """Return a reason where an earlier release showed the day of a place that holds this one, or lies in it."""
    nested = (set(cell.group) < set(group) or set(group) < set(cell.group) for cell in before if cell.shown)
    return BY_SUBTRACTION if any(nested) else None


def _clash(cell: PublishedCell | None, before: Sequence[PublishedCell], policy: Policy) -> str | None:
    if cell is None:
        return None
    return next((why for each in before if (why := clash(each, cell, policy))), None)


def _groups(picture: MasteryMap) -> list[Group]:
    return [((picture.by, group),) for group in picture.groups]


def _cell_of(picture: MasteryMap, line: MapRow, group: Group, cell: MapCell) -> PublishedCell | None:
    if cell.status is Status.NOT_COMPUTABLE:
        return None
    key = _key("mastery_map", line.competency)
    return _cell("mastery_map", key, group, picture.as_of, cell.n, cell.count)


def _cells_of_day(picture: EngagementCalendar, day: CalendarDay) -> tuple[PublishedCell, ...]:
    """Return a day as the ledger keeps it: those who did something, and those whose work was accepted."""
    if day.n == 0:
        return ()
    return tuple(
        _cell("engagement_calendar", _key(name, day.date.isoformat()), picture.group, picture.as_of, size, count)
        for name, size, count in (("active", day.n, day.active), ("productive", day.n, day.productive))
    )


def _cell(measure: str, key: str, group: Group, as_of: dt.date, n: int | None, count: int | None) -> PublishedCell:
    shown = count is not None
    n = n if shown else None
    return PublishedCell(
        measure=measure, key=key, group=group, as_of=as_of, shown=shown, n=n, learners=n, reached=count
    )


def _key(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]
