"""The drawings of a published mastery map and engagement calendar: tiles whose shade is a share, and hatched ones.

No share is told by shade alone: tiles of a map hold the number, those of a calendar grow with it, and the table behind
holds all. What is withheld, closed or without a decision differs by its form.
"""

from __future__ import annotations

import datetime as dt
import textwrap
from collections.abc import Iterator, Sequence

from blended_standard.measures import EngagementCalendar, MasteryMap, Status
from blended_standard.measures.engagement_calendar import CLOSED, FEED_DOWN, WEEKDAYS, CalendarDay
from blended_standard.measures.mastery_map import MapCell, MapRow, code_of
from blended_standard.report.charts import Chart, percent
from blended_standard.report.svg import LONGEST, Drawing, Point
from blended_standard.results import Row, ends

MAP_BOUNDS = (0.25, 0.5, 0.7, 0.8, 0.9)
DAY_BOUNDS = (0.05, 0.1, 0.2, 0.3, 0.4)
MOST_LINES, MOST_COLUMNS, MOST_HALVES = 60, 8, 6
_LETTER, _TILE, _TALL, _APART, _GAP = 6.7, 56.0, 24.0, 2.0, 12.0
_HEAD_LINES, _HEAD_LETTERS = 3, 9
_DAY, _SIDES = 14.0, (4.0, 5.6, 7.2, 8.8, 10.4, 12.0)
_WEEKS = 28  # A July that begins on a Sunday has a December that ends on a Monday, in a week of its own.
_KINDS = (("active", "Any learning action"), ("productive", "Accepted work, level 2 or above"))
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def map_charts(picture: MasteryMap) -> tuple[list[Chart], str]:
    """Return a drawing for each section of a map, as many as are drawn, and what is not drawn in words."""
    charts: list[Chart] = []
    left = MOST_LINES
    for section, lines in picture.sections().items():
        if left > 0:
            charts.append(_section(picture, section, lines[:left]))
        left -= len(lines)
    cuts = []
    if len(picture.lines) > MOST_LINES:
        cuts.append(f"the first {MOST_LINES} of {len(picture.lines):,} competencies")
    if len(picture.labels) > MOST_COLUMNS:
        cuts.append(f"the first {MOST_COLUMNS} of {len(picture.labels)} columns")
    return charts, f"Drawn are {' and '.join(cuts)}; the table has all." if cuts else ""


def calendar_charts(picture: EngagementCalendar) -> tuple[list[Chart], str]:
    """Return a drawing for each half of a year, the latest ones, and what is not drawn in words."""
    halves: dict[tuple[int, int], list[CalendarDay]] = {}
    for day in picture.days:
        halves.setdefault((day.date.year, (day.date.month - 1) // 6), []).append(day)
    drawn = list(halves.items())[-MOST_HALVES:]
    cut = f"Drawn are the latest {MOST_HALVES} of {len(halves)} half years; the table has all." if drawn else ""
    return [_half(*half, days) for half, days in drawn], cut if len(halves) > MOST_HALVES else ""


def map_key() -> Chart:
    """Return the key of a map."""
    return _key(MAP_BOUNDS, [("withheld", "few learners: withheld"), ("none", "no decision")], sized=False)


def calendar_key() -> Chart:
    """Return the key of a calendar."""
    others = [("closed", "closed"), ("feed", "feed down"), ("withheld", "few learners: withheld")]
    return _key(DAY_BOUNDS, others, sized=True)


def calendar_table(picture: EngagementCalendar) -> list[Row]:
    """Return the days as a page shows them."""
    return [
        {
            "day": f"{WEEKDAYS[day.date.weekday()]} {_date(day.date)}",
            "learners seen": day.n,
            "any action": _share(day.active_share),
            "accepted work": _share(day.productive_share),
            "note": day.reason or "",
        }
        for day in picture.days
    ]


def band(share: float, bounds: Sequence[float]) -> int:
    """Return the number of the band, from 0, that a share lies in."""
    return sum(share >= bound for bound in bounds)


def _section(picture: MasteryMap, section: str, lines: Sequence[MapRow]) -> Chart:
    labels = [*picture.labels[:MOST_COLUMNS], "All learners"]
    heads = [_wrapped(label) for label in labels]
    top = 8.0 + 13 * max(map(len, heads))
    names = 10 + _LETTER * min(max(len(line.name) for line in lines), LONGEST)
    lefts = [names + _TILE * i + (_GAP if i == len(labels) - 1 else 0) for i in range(len(labels))]
    drawing = Drawing(lefts[-1] + _TILE, top + (_TALL + _APART) * len(lines))
    for left, head in zip(lefts, heads, strict=True):
        for i, words in enumerate(head):
            level = top - 8 - 13 * (len(head) - 1 - i)
            drawing.text((left + (_TILE - _APART) / 2, level), words, "tick small", "middle")
    for i, line in enumerate(lines):
        level = top + (_TALL + _APART) * i
        drawing.text((0, level + 16), line.name)
        cells = [*line.cells[:MOST_COLUMNS], line.everyone]
        for left, label, cell in zip(lefts, labels, cells, strict=True):
            _map_tile(drawing, (left, level), cell, f"{line.name}, {label}: ")
    words = _map_words(lines, labels)
    return Chart(title=section, words=words, svg=drawing.render(f"{section}. {words}"), table=[])


def _map_tile(drawing: Drawing, corner: Point, cell: MapCell, name: str) -> None:
    width, middle = _TILE - _APART, (corner[0] + (_TILE - _APART) / 2, corner[1] + 16)
    code = code_of(cell.reason)
    if cell.share is not None or code is not None:
        place = band(round(cell.share, 2) if cell.share is not None else _start_of(code or ""), MAP_BOUNDS)
        drawing.box(corner, width, _TALL, f"t{place}", name + (_in_full(cell) if code is None else code))
        few = " few" if cell.status is Status.SMALL_N else ""
        told = code or percent(cell.share or 0.0)
        drawing.text(middle, told, f"on{place // 4}{few}", "middle")
    elif cell.status is Status.SUPPRESSED:
        drawing.box(corner, width, _TALL, "shut", name + "withheld")
        drawing.strokes(corner, width, _TALL)
    else:
        drawing.text(middle, "–", "tick", "middle")


def _start_of(code: str) -> float:
    """Return the least share that a code allows: 0.95 for "≥95%", 0.21 for "21-29%", 0 for "≤5%"."""
    return 0.0 if code.startswith("≤") else float(code.lstrip("≥").rstrip("%").partition("-")[0]) / 100


def _in_full(cell: MapCell) -> str:
    low, high = ends(cell.interval)
    between = "" if low is None or high is None else f", 95% interval {percent(low)} to {percent(high)}"
    return f"{percent(cell.share or 0.0)} of {cell.n:,} learners{between}"


def _map_words(lines: Sequence[MapRow], labels: Sequence[str]) -> str:
    told = [
        (cell.share, f"{percent(cell.share)} ({line.name}, {label})")
        for line in lines
        for label, cell in zip(labels, [*line.cells[: len(labels) - 1], line.everyone], strict=True)
        if cell.share is not None
    ]
    withheld = sum(cell.status is Status.SUPPRESSED for line in lines for cell in (*line.cells, line.everyone))
    span = "No share is shown."
    if told:
        low, high = min(told)[1], max(told)[1]
        span = f"From {low} to {high}." if low != high else f"Shown: {low}."
    return span + (f" Withheld or shown as an end: {withheld}." if withheld else "")


def _half(year: int, half: int, days: Sequence[CalendarDay]) -> Chart:
    first = dt.date(year, 1 + 6 * half, 1)
    monday = first - dt.timedelta(days=first.weekday())
    apart = 30.0 + 7 * _DAY
    drawing = Drawing(34 + _WEEKS * _DAY, 2 * apart + 14)
    for i, (kind, title) in enumerate(_KINDS):
        top = 32.0 + (apart + 8) * i
        drawing.text((0, top - 18), title, "strong")
        for name, week in _months(year, half, monday):
            drawing.text((34 + week * _DAY, top - 4), name, "tick")
        for row in (0, 2, 4, 6):
            drawing.text((0, top + _DAY * row + 11), WEEKDAYS[row], "tick")
        for day in days:
            week, row = divmod((day.date - monday).days, 7)
            _day_tile(drawing, (34 + week * _DAY, top + row * _DAY), day, getattr(day, f"{kind}_share"))
    months = "January to June" if half == 0 else "July to December"
    title, words = f"{months} {year}", _half_words(days)
    return Chart(title=title, words=words, svg=drawing.render(f"{title}. {words}"), table=[])


def _months(year: int, half: int, monday: dt.date) -> Iterator[tuple[str, int]]:
    """Yield the months of a half year with the first whole week of each."""
    for month in range(1 + 6 * half, 7 + 6 * half):
        yield _MONTHS[month - 1], -(-(dt.date(year, month, 1) - monday).days // 7)


def _day_tile(drawing: Drawing, corner: Point, day: CalendarDay, share: float | None) -> None:
    x, y = corner
    side = _DAY - _APART
    date = _date(day.date)
    if share is not None:
        place = band(round(share, 2), DAY_BOUNDS)
        inset = (side - _SIDES[place]) / 2
        tip = f"{date}: {percent(share)} of {day.n:,}"
        drawing.box((x + inset, y + inset), _SIDES[place], _SIDES[place], f"t{place}", tip)
    elif day.reason in (CLOSED, FEED_DOWN):
        drawing.strokes(corner, side, side, crossed=day.reason == FEED_DOWN)
    elif day.status is Status.SUPPRESSED or day.n:
        drawing.dot((x + side / 2, y + side / 2), "held", 1.4)


def _half_words(days: Sequence[CalendarDay]) -> str:
    shown = [(day.active_share, day.date) for day in days if day.active_share is not None]
    counts = {
        "closed": sum(day.reason == CLOSED for day in days),
        "feed down": sum(day.reason == FEED_DOWN for day in days),
        "withheld": sum(day.status is Status.SUPPRESSED for day in days),
    }
    parts = [f"{count} {what}" for what, count in counts.items() if count]
    left = f" Days without a share: {', '.join(parts)}." if parts else ""
    if not shown:
        return f"No share is shown.{left}"
    (low, _), (high, best) = min(shown), max(shown)
    return f"On a day from {percent(low)} to {percent(high)} of learners did something, most on {_date(best)}.{left}"


def _key(bounds: Sequence[float], others: Sequence[tuple[str, str]], *, sized: bool) -> Chart:
    """Draw the bands in a row, and below them what is no share."""
    wide, tall = 58.0, 14.0
    drawing = Drawing(wide * (len(bounds) + 1) + 2, 56)
    told = [f"<{percent(bounds[0])}", *(f"{percent(bound)}+" for bound in bounds)]
    for place, words in enumerate(told):
        side = _SIDES[place] if sized else tall
        middle = wide * place + 8
        drawing.box((middle - side / 2, 9 - side / 2), side, side, f"t{place}")
        drawing.text((middle + 11, 13), words, "tick")
    left = 1.0
    for kind, words in others:
        corner = (left, 32.0)
        if kind in ("closed", "feed") or (kind == "withheld" and not sized):
            if not sized:
                drawing.box(corner, tall, tall, "shut")
            drawing.strokes(corner, tall, tall, crossed=kind == "feed")
        elif kind == "withheld":
            drawing.dot((left + 7, 39), "held", 1.4)
        else:
            drawing.text((left + 7, 43), "–", "tick", "middle")
        drawing.text((left + 19, 44), words, "tick")
        left += 34 + 6.2 * len(words)
    words = f"Key. Shades: {', '.join(told)}. Others: {', '.join(name for _, name in others)}."
    return Chart(title="Key", words=words, svg=drawing.render(words), table=[])


def _wrapped(label: str) -> list[str]:
    """Return a label on a few short lines."""
    lines = textwrap.wrap(" ".join(label.split()), _HEAD_LETTERS) or [""]
    kept = lines[:_HEAD_LINES]
    return kept if len(lines) <= _HEAD_LINES else [*kept[:-1], kept[-1][: _HEAD_LETTERS - 1] + "…"]


def _date(day: dt.date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _share(value: float | None) -> str:
    return "–" if value is None else percent(value)
