"""The measures of the catalogue, each defined once over tables."""

from blended_standard.measures.report import ComparabilityKey, MeasureReport, MeasureResult, Status
from blended_standard.measures.score import merge, score

__all__ = ["ComparabilityKey", "MeasureReport", "MeasureResult", "Status", "merge", "score"]
