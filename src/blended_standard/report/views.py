"""What a page says of a picture: its words, its drawings, the table behind them, and how it is counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import attrs

from blended_standard.measures import EngagementCalendar, MasteryMap
from blended_standard.report import tiles
from blended_standard.report.charts import Chart
from blended_standard.results import Row

_MAP = "The share of learners with a decision on a competency who have mastered it. The number is the share in percent."
_MAP_COUNTED = (
    "A learner counts once for a competency, in the group of the decision that rules: the latest, and of a yes and a "
    "no on one day the yes. Decisions that were taken back do not count. A slanted number is of few learners. The "
    "table adds how many learners have a decision."
)
_LEVELS = "The share of learners with a decision on a competency who stand at each level."
_LEVELS_COUNTED = (
    "A learner counts once for a competency, at the level that the latest decision reached. Shares are of all learners "
    "with a decision on the competency, so that those of a row add up to 100%."
)
_CALENDAR = (
    "Of the learners who could be seen on a day, the share who did something, and the share whose work was accepted. "
    "The larger and stronger the square, the larger the share."
)
_CALENDAR_COUNTED = (
    "A learner can be seen on a day inside a stay on which the site was open with its feed up and no pause was "
    "approved. Something done is a learning action as ENG-01 counts it (level 1 or above); accepted work is what "
    "ENG-02 counts (level 2 or above). Presence counts in neither."
)
_NOTHING = "There is nothing to draw: the data hold no decision, or no enrolled day."


@attrs.frozen(kw_only=True)
class View:
    """One picture on a page; `reason` says why nothing is drawn, and `cut` what of it is not."""

    kind: str
    title: str
    about: str
    counted: str
    reason: str | None
    charts: Sequence[Chart]
    cut: str
    key: Chart
    table: Sequence[Row]


def views(pictures: Sequence[tuple[MasteryMap | EngagementCalendar, str | None]]) -> list[View]:
    """Return the views of published pictures, each with the reason for which it is withheld, or None."""
    made = [
        _of_map(picture, reason) if isinstance(picture, MasteryMap) else _of_calendar(picture, reason)
        for picture, reason in pictures
    ]
    often = Counter(view.title for view in made)
    return [
        attrs.evolve(view, title=f"{view.title} ({picture.source})") if often[view.title] > 1 else view
        for view, (picture, _) in zip(made, pictures, strict=True)
    ]


def _of_map(picture: MasteryMap, reason: str | None) -> View:
    charts, cut = tiles.map_charts(picture)
    by_level = picture.by == "level"
    return View(
        kind="map",
        title=f"Mastery by competency and {picture.by.replace('_', ' ')}",
        about=_LEVELS if by_level else _MAP,
        counted=_LEVELS_COUNTED if by_level else _MAP_COUNTED,
        reason=reason if charts else reason or _NOTHING,
        charts=charts,
        cut=cut,
        key=tiles.map_key(),
        table=picture.matrix(),
    )


def _of_calendar(picture: EngagementCalendar, reason: str | None) -> View:
    charts, cut = tiles.calendar_charts(picture)
    return View(
        kind="calendar",
        title=f"Engagement by day: {picture.place}",
        about=_CALENDAR,
        counted=_CALENDAR_COUNTED,
        reason=reason if charts else reason or _NOTHING,
        charts=charts,
        cut=cut,
        key=tiles.calendar_key(),
        table=tiles.calendar_table(picture),
    )
