"""The matplotlib drawings of mastery maps and engagement calendars, from the tables behind them."""

from __future__ import annotations

import datetime as dt
import textwrap
from collections.abc import Sequence
from typing import Any

from blended_standard.measures.engagement_calendar import CLOSED, FEED_DOWN, WEEKDAYS
from blended_standard.results import Row

MOST_LINES = 60
_HATCH = {CLOSED: "////", FEED_DOWN: "xxxx"}
_SOFT = "#7f8a99"


def height_of(form: str, rows: Sequence[Row]) -> float:
    """Return the height in inches of a new figure."""
    if form == "map":
        return 1.2 + 0.3 * min(len({row["competency_id"] for row in rows}), MOST_LINES)
    return 1.0 + 1.5 * len({str(row["day"])[:4] for row in rows})


def draw_map(rows: Sequence[Row], ax: Any) -> None:
    """Draw one tile a competency and group with the share in it; what has none is hatched or empty."""
    names = {str(row["competency_id"]): str(row["competency"]) for row in rows}
    lines = {name: i for i, name in enumerate(list(names)[:MOST_LINES])}
    columns = {group: i for i, group in enumerate(dict.fromkeys(str(row["group"]) for row in rows))}
    for row in rows:
        if row["competency_id"] not in lines:
            continue
        place = columns[str(row["group"])], lines[str(row["competency_id"])]
        share, code = _number(row["share"]), row["code"]
        _tile(ax, place, share, hatch="////" if row["status"] == "suppressed" and code is None else None)
        words = str(code or "") if share is None else f"{100 * share:.0f}"
        look = {"style": "italic" if row["status"] == "small_n" else "normal", "fontsize": "small"}
        ax.text(*place, words, ha="center", va="center", color="w" if (share or 0) > 0.64 else "k", **look)
    heads = [textwrap.fill(name, 16, max_lines=2, placeholder="…") for name in columns]
    ax.set_xticks(list(columns.values()), heads, rotation=30, ha="left")
    ax.xaxis.tick_top()
    ax.set_yticks(list(lines.values()), [_cut(names[key], 40) for key in lines])
    _frame(ax, len(columns), len(lines))
    if len(names) > MOST_LINES:
        ax.set_xlabel(f"Drawn are the first {MOST_LINES} of {len(names):,} competencies; rows() has all.")


def draw_calendar(rows: Sequence[Row], ax: Any) -> None:
    """Draw one tile a day: weeks as columns, weekdays as rows, one block a year."""
    years = sorted({str(row["day"])[:4] for row in rows})
    shares = [_number(row["share"]) for row in rows]
    most = max((share for share in shares if share is not None), default=1.0) or 1.0
    for row, found in zip(rows, shares, strict=True):
        date = dt.date.fromisoformat(str(row["day"]))
        first = dt.date(date.year, 1, 1)
        week = (date - first + dt.timedelta(days=first.weekday())).days // 7
        place = week, 8.5 * years.index(str(date.year)) + date.weekday()
        share = None if found is None else found / most
        hatch = _HATCH.get(str(row["reason"]))
        _tile(ax, place, share, hatch=hatch)
        if share is None and hatch is None and row["reason"] is not None and row["n"] is None:
            ax.plot(*place, ".", color=_SOFT, markersize=2)
    ticks = [
        (8.5 * i + day, f"{year} {name}" if day == 0 else name) for i, year in enumerate(years) for day, name in _DAYS
    ]
    ax.set_yticks([place for place, _ in ticks], [name for _, name in ticks], fontsize="x-small")
    ax.set_xticks([4.35 * month + 1 for month in range(12)], _MONTHS, fontsize="small")
    _frame(ax, 54, 8.5 * len(years) - 1)
    ax.set_aspect("equal")
    ax.set_xlabel(f"Darkest: {100 * most:.0f}%. Hatched: closed; crossed: feed down; dot: withheld.")


_DAYS = tuple((day, WEEKDAYS[day]) for day in (0, 2, 4, 6))
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _tile(ax: Any, place: tuple[float, float], share: float | None, *, hatch: str | None) -> None:
    """Draw a tile around its middle: shaded by a share from 0 to 1, or hatched, or neither."""
    from matplotlib import colormaps
    from matplotlib.patches import Rectangle

    if share is None and hatch is None:
        return
    color = "none" if share is None else colormaps["Blues"](0.08 + 0.85 * share)
    corner = place[0] - 0.46, place[1] - 0.46
    edge = _SOFT if share is None else "none"
    ax.add_patch(Rectangle(corner, 0.92, 0.92, facecolor=color, edgecolor=edge, hatch=hatch, linewidth=0))


def _frame(ax: Any, columns: float, lines: float) -> None:
    ax.set_xlim(-0.6, columns - 0.4)
    ax.set_ylim(lines - 0.4, -0.6)
    ax.tick_params(length=0)
    ax.spines[["left", "bottom"]].set_visible(False)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _cut(text: str, longest: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"
