"""Time to event: survival curves, competing events, restricted means and their tests, from records or counts."""

from __future__ import annotations

from blended_standard.compare.survival.competing import CumulativeIncidence, IncidenceCurve, cumulative_incidence
from blended_standard.compare.survival.curves import KaplanMeier, SurvivalCurve, TimeQuantile, kaplan_meier
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
    "GrayTest",
    "GrayTestOfCause",
    "IncidenceCurve",
    "KaplanMeier",
    "LogRankTest",
    "RestrictedMean",
    "RiskSets",
    "SurvivalCurve",
    "TimeQuantile",
    "at_risk_table",
    "at_risk_table_from_counts",
    "cumulative_incidence",
    "gray_test",
    "kaplan_meier",
    "log_rank",
    "merge_at_risk_tables",
    "restricted_mean",
]
