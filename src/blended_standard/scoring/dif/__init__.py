"""Differential item functioning: does an item work alike in two groups of equal standing?

`mantel_haenszel`, `mantel_haenszel_table`, `logistic_regression`, `likelihood_ratio` (item response theory) and
`measurement_equivalence`, the check of a scale across programs that precedes any comparison.
"""

from blended_standard.scoring.dif.equivalence import (
    MeasurementEquivalence,
    ProgramEquivalence,
    measurement_equivalence,
)
from blended_standard.scoring.dif.likelihood_ratio import LikelihoodRatioDif, LikelihoodRatioItem, likelihood_ratio
from blended_standard.scoring.dif.logistic import LogisticDif, LogisticItem, logistic_regression
from blended_standard.scoring.dif.mantel_haenszel import (
    CommonOddsRatio,
    MantelHaenszelDif,
    mantel_haenszel,
    mantel_haenszel_table,
)

__all__ = [
    "CommonOddsRatio",
    "LikelihoodRatioDif",
    "LikelihoodRatioItem",
    "LogisticDif",
    "LogisticItem",
    "MantelHaenszelDif",
    "MeasurementEquivalence",
    "ProgramEquivalence",
    "likelihood_ratio",
    "logistic_regression",
    "mantel_haenszel",
    "mantel_haenszel_table",
    "measurement_equivalence",
]
