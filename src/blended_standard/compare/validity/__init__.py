"""Whether a measure says more than those it would replace: nested tests, discrimination, calibration, cross-fitting."""

from __future__ import annotations

from blended_standard.compare.validity.calibration import BrierScore, Calibration, brier_score, calibration
from blended_standard.compare.validity.discrimination import AucComparison, auc, compare_auc
from blended_standard.compare.validity.incremental import (
    Increment,
    IncrementalValidity,
    NestedTest,
    delta_r2,
    incremental_validity,
)

__all__ = [
    "AucComparison",
    "BrierScore",
    "Calibration",
    "Increment",
    "IncrementalValidity",
    "NestedTest",
    "auc",
    "brier_score",
    "calibration",
    "compare_auc",
    "delta_r2",
    "incremental_validity",
]
