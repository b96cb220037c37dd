"""Item response theory: calibration, scores, fit. Logistic metric, D = 1, `slope * theta + intercept`."""

from blended_standard.scoring.irt.items import (
    InformationCurves,
    ItemParameters,
    ProbabilityCurves,
    information,
    item_parameters,
    probability,
)

__all__ = [
    "InformationCurves",
    "ItemParameters",
    "ProbabilityCurves",
    "information",
    "item_parameters",
    "probability",
]
