"""Mastery from evidence: published score rules, gates on the evidence, and how sure a decision is.

Scores are in time order, the newest last. Every rule returns its value with its uncertainty. `by_learner` applies the
same rules to millions of rows.
"""

from blended_standard.scoring.mastery._uncertainty import MasteryEstimate
from blended_standard.scoring.mastery.bulk import LearnerScores, by_learner
from blended_standard.scoring.mastery.components import ComponentMastery, compensatory, conjunctive, k_of_j
from blended_standard.scoring.mastery.evidence import (
    EvidenceGate,
    MasteryDecision,
    Standing,
    decide,
    evidence_gate,
)
from blended_standard.scoring.mastery.posterior import (
    BetaBinomialCounts,
    MasteryPosterior,
    beta_binomial,
    beta_binomial_counts,
)
from blended_standard.scoring.mastery.rules import (
    canvas_round,
    decaying_average,
    highest,
    latest,
    mean,
    median,
    mode,
    n_of_m,
    power_law,
    weighted_average,
)

__all__ = [
    "BetaBinomialCounts",
    "ComponentMastery",
    "EvidenceGate",
    "LearnerScores",
    "MasteryDecision",
    "MasteryEstimate",
    "MasteryPosterior",
    "Standing",
    "beta_binomial",
    "beta_binomial_counts",
    "by_learner",
    "canvas_round",
    "compensatory",
    "conjunctive",
    "decaying_average",
    "decide",
    "evidence_gate",
    "highest",
    "k_of_j",
    "latest",
    "mean",
    "median",
    "mode",
    "n_of_m",
    "power_law",
    "weighted_average",
]
