"""The measures of the catalogue, each defined once over tables."""

from blended_standard.measures.comparable import Comparability, comparable
from blended_standard.measures.report import ComparabilityKey, MeasureReport, MeasureResult, Status
from blended_standard.measures.score import merge, score

__all__ = [
    "Comparability",
    "ComparabilityKey",
    "MeasureReport",
    "MeasureResult",
    "Status",
    "comparable",
    "merge",
    "score",
]
