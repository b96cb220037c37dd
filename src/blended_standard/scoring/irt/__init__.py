"""Item response theory: calibration, scores, fit. Logistic metric, D = 1, `slope * theta + intercept`."""

from blended_standard.scoring.irt.calibration import fit
from blended_standard.scoring.irt.fits import GroupEstimate, IrtFit, ItemEstimate
from blended_standard.scoring.irt.items import (
    InformationCurves,
    ItemParameters,
    ProbabilityCurves,
    information,
    item_parameters,
    probability,
)

__all__ = [
    "GroupEstimate",
    "InformationCurves",
    "IrtFit",
    "ItemEstimate",
    "ItemParameters",
    "ProbabilityCurves",
    "fit",
    "information",
    "item_parameters",
    "probability",
]
