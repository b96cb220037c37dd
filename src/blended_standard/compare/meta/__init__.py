"""Synthesis of effects from several studies, programs or sites, from estimates and standard errors alone."""

from __future__ import annotations

from blended_standard.compare.meta.analysis import MetaAnalysis, meta_analysis
from blended_standard.compare.meta.multilevel import ThreeLevelMetaAnalysis, three_level_meta_analysis
from blended_standard.compare.meta.robust import RobustMetaAnalysis, robust_meta_analysis
from blended_standard.compare.meta.small_study import (
    EggerTest,
    LeaveOneOut,
    RankTest,
    egger_test,
    leave_one_out,
    rank_test,
)
from blended_standard.compare.meta.trim_fill import TrimAndFill, trim_and_fill

__all__ = [
    "EggerTest",
    "LeaveOneOut",
    "MetaAnalysis",
    "RankTest",
    "RobustMetaAnalysis",
    "ThreeLevelMetaAnalysis",
    "TrimAndFill",
    "egger_test",
    "leave_one_out",
    "meta_analysis",
    "rank_test",
    "robust_meta_analysis",
    "three_level_meta_analysis",
    "trim_and_fill",
]
