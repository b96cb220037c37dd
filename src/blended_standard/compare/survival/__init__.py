"""Time to event: survival curves, competing events, restricted means and their tests, from records or counts."""

from __future__ import annotations

from blended_standard.compare.survival.competing import CumulativeIncidence, IncidenceCurve, cumulative_incidence
from blended_standard.compare.survival.cox import ProportionalHazards, proportional_hazards
from blended_standard.compare.survival.curves import KaplanMeier, SurvivalCurve, TimeQuantile, kaplan_meier
from blended_standard.compare.survival.discrete import (
    DiscreteTimeHazard,
    LifeTable,
    LifeTables,
    discrete_time_hazard,
    life_table,
)
from blended_standard.compare.survival.gray import GrayTest, GrayTestOfCause, gray_test
from blended_standard.compare.survival.log_rank import LogRankTest, log_rank
from blended_standard.compare.survival.means import RestrictedMean, restricted_mean
from blended_standard.compare.survival.tables import (
    AtRiskTable,
    RiskSets,
    at_risk_table,
    at_risk_table_from_counts,
    merge_at_risk_tables,
)

__all__ = [
    "AtRiskTable",
    "CumulativeIncidence",
    "DiscreteTimeHazard",
    "GrayTest",
    "GrayTestOfCause",
    "IncidenceCurve",
    "KaplanMeier",
    "LifeTable",
    "LifeTables",
    "LogRankTest",
    "ProportionalHazards",
    "RestrictedMean",
    "RiskSets",
    "SurvivalCurve",
    "TimeQuantile",
    "at_risk_table",
    "at_risk_table_from_counts",
    "cumulative_incidence",
    "discrete_time_hazard",
    "gray_test",
    "kaplan_meier",
    "life_table",
    "log_rank",
    "merge_at_risk_tables",
    "proportional_hazards",
    "restricted_mean",
]
