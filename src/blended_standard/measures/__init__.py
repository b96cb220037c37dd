"""The measures of the catalogue, each defined once over tables; `bridge` holds those that only answer policy."""

import importlib
from typing import Any

from blended_standard.measures.comparable import Comparability, comparable
from blended_standard.measures.engagement_calendar import EngagementCalendar, engagement_calendar
from blended_standard.measures.mastery_map import MasteryMap, mastery_map
from blended_standard.measures.report import ComparabilityKey, MeasureReport, MeasureResult, Status
from blended_standard.measures.score import merge, score
from blended_standard.measures.sweep import Sweep, sweep

__all__ = [
    "Comparability",
    "ComparabilityKey",
    "EngagementCalendar",
    "MasteryMap",
    "MeasureReport",
    "MeasureResult",
    "Status",
    "Sweep",
    "comparable",
    "engagement_calendar",
    "mastery_map",
    "merge",
    "score",
    "sweep",
]


def __getattr__(name: str) -> Any:
    if name == "bridge":
        return importlib.import_module(f"{__name__}.bridge")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
