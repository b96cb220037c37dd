"""Differential item functioning: does an item work alike in two groups of equal standing?

`mantel_haenszel` and `mantel_haenszel_table` for right and wrong answers, `mantel` and `mantel_table` for graded ones,
`logistic_regression` and `likelihood_ratio` (item response theory) for both; `measurement_equivalence` is the check of
a scale across programs that precedes any comparison.
"""

from blended_standard.scoring.dif.equivalence import (
    MeasurementEquivalence,
    ProgramEquivalence,
    measurement_equivalence,
)
from blended_standard.scoring.dif.likelihood_ratio import LikelihoodRatioDif, LikelihoodRatioItem, likelihood_ratio
from blended_standard.scoring.dif.logistic import LogisticDif, LogisticItem, logistic_regression
from blended_standard.scoring.dif.mantel import MantelDif, MantelItem, mantel, mantel_table
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
    "MantelDif",
    "MantelHaenszelDif",
    "MantelItem",
    "MeasurementEquivalence",
    "ProgramEquivalence",
    "likelihood_ratio",
    "logistic_regression",
    "mantel",
    "mantel_haenszel",
    "mantel_haenszel_table",
    "mantel_table",
    "measurement_equivalence",
]
