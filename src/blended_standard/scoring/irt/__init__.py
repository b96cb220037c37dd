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
from blended_standard.scoring.irt.scores import Scores, score
from blended_standard.scoring.irt.sum_scores import (
    SumScoreTable,
    empirical_reliability,
    marginal_reliability,
    sum_score_table,
)

__all__ = [
    "GroupEstimate",
    "InformationCurves",
    "IrtFit",
    "ItemEstimate",
    "ItemParameters",
    "ProbabilityCurves",
    "Scores",
    "SumScoreTable",
    "empirical_reliability",
    "fit",
    "information",
    "item_parameters",
    "marginal_reliability",
    "probability",
    "score",
    "sum_score_table",
]
