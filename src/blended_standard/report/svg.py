"""A small writer of SVG: shapes with the classes of the page's style sheet, every text escaped, no script."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Sequence

import attrs

Point = tuple[float, float]
LONGEST = 34
"""Letters of the longest text that is drawn."""


@attrs.frozen
class Scale:
    """Maps values from `low` to `high` onto pixels from `start` to `stop`."""

    low: float
    high: float
    start: float
    stop: float

    def at(self, value: float) -> float:
        """Return the pixel of a value."""
        return self.start + (self.stop - self.start) * (value - self.low) / (self.high - self.low)

    def ticks(self, wanted: int = 4) -> list[float]:
        """Return round values on the scale, about as many as wanted and two at least."""
        raw = (self.high - self.low) / wanted
        size = 10 ** math.floor(math.log10(raw))
        step = next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= raw * 0.999)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        found = [round(step * i, 12) for i in range(first, last + 1)]
        return found if len(found) > 1 else self.ticks(2 * wanted)


class Drawing:
    """Shapes in the order in which they are drawn."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self._parts: list[str] = []

    def line(self, start: Point, stop: Point, kind: str) -> None:
        """Draw a straight line."""
        (x1, y1), (x2, y2) = start, stop
        self._parts.append(f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>')

    def path(self, points: Sequence[Point], kind: str) -> None:
        """Draw straight lines from point to point."""
        joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self._parts.append(f'<polyline class="{kind}" points="{joined}"/>')

    def dot(self, point: Point, kind: str, size: float = 3.5) -> None:
        """Draw a disc."""
        self._parts.append(f'<circle class="{kind}" cx="{point[0]:.1f}" cy="{point[1]:.1f}" r="{size:.1f}"/>')

    def box(self, corner: Point, width: float, height: float, kind: str, tip: str = "") -> None:
        """Draw a rectangle; `tip` is shown to those who point at it."""
        x, y = corner
        shape = f'<rect class="{kind}" x="{x:.4g}" y="{y:.4g}" width="{width:.4g}" height="{height:.4g}" rx="1.5"'
        self._parts.append(f"{shape}><title>{html.escape(tip)}</title></rect>" if tip else f"{shape}/>")

    def strokes(self, corner: Point, width: float, height: float, *, crossed: bool = False) -> None:
        """Hatch a rectangle, in one direction or in two."""
        x, y = corner
        step = 5.0
        rising = [(max(0.0, t - height), min(t, width), t) for t in _steps(step, width + height)]
        moves = "".join(f"M{x + a:.4g} {y + t - a:.4g}L{x + b:.4g} {y + t - b:.4g}" for a, b, t in rising)
        if crossed:
            moves += "".join(
                f"M{x + a:.4g} {y + height - t + a:.4g}L{x + b:.4g} {y + height - t + b:.4g}" for a, b, t in rising
            )
        self._parts.append(f'<path class="hatch" d="{moves}"/>')

    def text(self, point: Point, words: str, kind: str = "", anchor: str = "start") -> None:
        """Write words; long ones are cut, since the table beside the drawing holds them whole."""
        cut = words if len(words) <= LONGEST else words[: LONGEST - 1] + "…"
        x, y = point
        self._parts.append(
            f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{html.escape(cut)}</text>'
        )

    def render(self, label: str) -> str:
        """Return the element; `label` is what stands for it where it can't be seen."""
        shapes = "".join(self._parts)
        return (
            f'<svg viewBox="0 0 {self.width:g} {self.height:g}" role="img" aria-label="{html.escape(label)}">'
            f"{shapes}</svg>"
        )


def _steps(step: float, end: float) -> list[float]:
    return [step * i for i in range(1, math.ceil(end / step))]


def span(values: Iterable[float], *, around: float | None = None) -> tuple[float, float]:
    """Return limits that hold all values, and `around` when it is given, with a little room."""
    found = [*values, *([around] if around is not None else [])]
    low, high = min(found), max(found)
    room = 0.06 * (high - low) or 1.0
    return low - room, high + room
