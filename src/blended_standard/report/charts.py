"""The charts of a report: each a drawing, its words and its table. They are given what may be published, only that."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs

from blended_standard.report.svg import Drawing, Scale, span
from blended_standard.results import Row

_WIDTH = 420.0
_LEFT, _RIGHT = 44.0, 20.0
_LABELS = 150.0
_STYLES = 6

Write = Callable[[float], str]


@attrs.frozen(kw_only=True)
class Chart:
    """A drawing, what it says in words, and the table behind it."""

    title: str
    words: str
    svg: str
    table: list[Row]


@attrs.frozen(kw_only=True)
class Mark:
    """A value, with its interval where it has one."""

    value: float
    low: float | None = None
    high: float | None = None


@attrs.frozen(kw_only=True)
class Series:
    """A line: points of place and mark."""

    label: str
    points: Sequence[tuple[float, Mark]]


@attrs.frozen(kw_only=True)
class Line:
    """One row of a chart of rows: a label, and one mark for each kind in the legend, or None."""

    label: str
    marks: Sequence[Mark | None]
    strong: bool = False


def percent(value: float) -> str:
    """Write a share."""
    return f"{100 * value:.0f}%".replace("-", "\u2212")


def plain(value: float) -> str:
    """Write a number."""
    return f"{value:g}".replace("-", "\u2212")


def line_chart(
    series: Sequence[Series],
    *,
    title: str,
    words: str,
    table: list[Row],
    across: str,
    write: Write = percent,
    bounds: tuple[float, float] = (0.0, 1.0),
    places: Sequence[float] | None = None,
) -> Chart:
    """Draw lines over a common axis, told apart by dashes as well as color, with a legend below."""
    height, bottom = 250.0 + 18 * len(series), 205.0
    drawing = Drawing(_WIDTH, height)
    xs = [x for each in series for x, _ in each.points]
    x = Scale(min(xs), max(xs) if max(xs) > min(xs) else min(xs) + 1, _LEFT, _WIDTH - _RIGHT)
    y = Scale(*bounds, bottom, 10)
    _grid(drawing, y, x, write)
    for tick in places or x.ticks():
        drawing.text((x.at(tick), bottom + 16), plain(tick), "tick", "middle")
    drawing.text(((_LEFT + _WIDTH - _RIGHT) / 2, bottom + 32), across, "tick", "middle")
    for i, each in enumerate(series):
        style = f"s{i % _STYLES}"
        drawing.path([(x.at(place), y.at(mark.value)) for place, mark in each.points], f"curve {style}")
        for place, mark in each.points:
            if mark.low is not None and mark.high is not None:
                drawing.line((x.at(place), y.at(mark.low)), (x.at(place), y.at(mark.high)), f"whisker {style}")
            drawing.dot((x.at(place), y.at(mark.value)), f"point {style}", 3)
        level = bottom + 50 + 18 * i
        drawing.path([(_LEFT, level - 4), (_LEFT + 32, level - 4)], f"curve {style}")
        drawing.text((_LEFT + 40, level), each.label)
    return Chart(title=title, words=words, svg=drawing.render(f"{title}. {words}"), table=table)


def row_chart(
    lines: Sequence[Line],
    *,
    title: str,
    words: str,
    table: list[Row],
    legend: Sequence[str] = (),
    zero: float | None = None,
    write: Write = plain,
    guides: Sequence[float] = (),
    width: float = _WIDTH,
) -> Chart:
    """Draw one row a label with its marks and intervals, over a vertical line of no effect."""
    bottom = 14.0 + 22 * len(lines)
    drawing = Drawing(width, bottom + 26 + 18 * len(legend))
    ends = [end for line in lines for mark in line.marks if mark for end in (mark.value, mark.low, mark.high)]
    x = Scale(*span([end for end in ends if end is not None], around=zero), _LABELS, width - _RIGHT)
    for tick in x.ticks(3):
        drawing.line((x.at(tick), 6), (x.at(tick), bottom), "grid")
        drawing.text((x.at(tick), bottom + 15), write(tick), "tick", "middle")
    for place, kind in ((zero, "zero"), *((guide, "guide") for guide in guides)):
        if place is not None and x.low <= place <= x.high:
            drawing.line((x.at(place), 6), (x.at(place), bottom), kind)
    for i, line in enumerate(lines):
        level = 20.0 + 22 * i
        drawing.text((4, level + 4), line.label if len(line.label) <= 22 else line.label[:21] + "…")
        for j, mark in enumerate(line.marks):
            if mark is None:
                continue
            if mark.low is not None and mark.high is not None:
                drawing.line((x.at(mark.low), level), (x.at(mark.high), level), f"whisker s{j}")
            drawing.dot((x.at(mark.value), level), f"point s{j}", 5 if line.strong else 3.5)
    for j, name in enumerate(legend):
        level = bottom + 36 + 18 * j
        drawing.dot((_LEFT, level - 4), f"point s{j}")
        drawing.text((_LEFT + 12, level), name)
    return Chart(title=title, words=words, svg=drawing.render(f"{title}. {words}"), table=table)


def hundred_chart(groups: Sequence[tuple[str, float]], *, title: str) -> Chart:
    """Draw each share as a square of 100 discs, those that count filled, with the number above."""
    size, apart = 14.0, 170.0
    drawing = Drawing(apart * len(groups), 46 + 10 * size)
    counts = [round(100 * share) for _, share in groups]
    for i, ((label, _), count) in enumerate(zip(groups, counts, strict=True)):
        left = apart * i + 4
        drawing.text((left, 14), label if len(label) <= 24 else label[:23] + "…")
        drawing.text((left, 34), f"{count} of 100", "big")
        for place in range(100):
            row, column = divmod(place, 10)
            center = (left + 6 + size * column, 50 + size * row)
            drawing.dot(center, f"person s{i}" if place < count else "person", 5)
    words = "; ".join(f"{label}: {count}" for (label, _), count in zip(groups, counts, strict=True)) + "."
    table: list[Row] = [{"group": label, "of 100": count} for (label, _), count in zip(groups, counts, strict=True)]
    return Chart(title=title, words=words, svg=drawing.render(f"{title}. {words}"), table=table)


def funnel_chart(
    points: Sequence[tuple[float, float]],
    limits: Sequence[Series],
    target: float,
    *,
    title: str,
    words: str,
    table: list[Row],
) -> Chart:
    """Draw shares over sizes within the limits that chance allows."""
    drawing = Drawing(_WIDTH, 245.0 + 18)
    bottom = 205.0
    x = Scale(0, 1.05 * max(size for size, _ in points), _LEFT, _WIDTH - _RIGHT)
    y = Scale(0, 1, bottom, 10)
    _grid(drawing, y, x, percent)
    for tick in x.ticks():
        drawing.text((x.at(tick), bottom + 16), plain(tick), "tick", "middle")
    drawing.text(((_LEFT + _WIDTH - _RIGHT) / 2, bottom + 32), "Learners", "tick", "middle")
    drawing.line((x.start, y.at(target)), (x.stop, y.at(target)), "zero")
    for each in limits:
        drawing.path([(x.at(size), y.at(mark.value)) for size, mark in each.points], "guide")
    for size, value in points:
        drawing.dot((x.at(size), y.at(value)), "point s0")
    drawing.text((_LEFT, bottom + 52), "Full line: all together. Dashed: limits.", "tick")
    return Chart(title=title, words=words, svg=drawing.render(f"{title}. {words}"), table=table)


def _grid(drawing: Drawing, y: Scale, x: Scale, write: Write) -> None:
    for tick in y.ticks():
        drawing.line((x.start, y.at(tick)), (x.stop, y.at(tick)), "grid")
        drawing.text((x.start - 6, y.at(tick) + 4), write(tick), "tick", "end")
