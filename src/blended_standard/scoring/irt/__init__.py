"""Item response theory: calibration, scores, fit. Logistic metric, D = 1, `slope * theta + intercept`."""

from blended_standard.scoring.irt.calibration import fit
from blended_standard.scoring.irt.fits import GroupEstimate, IrtFit, ItemEstimate
from blended_standard.scoring.irt.item_fit import ItemFit, ItemFitTable, LocalDependence, item_fit, local_dependence
from blended_standard.scoring.irt.items import (
    InformationCurves,
    ItemParameters,
    ProbabilityCurves,
    information,
    item_parameters,
    probability,
)
from blended_standard.scoring.irt.model_fit import ModelFit, model_fit
from blended_standard.scoring.irt.person_fit import PersonFit, person_fit
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
    "ItemFit",
    "ItemFitTable",
    "ItemParameters",
    "LocalDependence",
    "ModelFit",
    "PersonFit",
    "ProbabilityCurves",
    "Scores",
    "SumScoreTable",
    "empirical_reliability",
    "fit",
    "information",
    "item_fit",
    "item_parameters",
    "local_dependence",
    "marginal_reliability",
    "model_fit",
    "person_fit",
    "probability",
    "score",
    "sum_score_table",
]
