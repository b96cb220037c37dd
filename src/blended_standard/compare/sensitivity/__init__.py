"""How far a conclusion would hold: hidden bias, lost follow-up, attrition and imputation."""

from __future__ import annotations

from blended_standard.compare.sensitivity.missing import (
    FollowUpBounds,
    LeeBounds,
    PooledEstimate,
    follow_up_bounds,
    lee_bounds,
    pool_imputations,
)
from blended_standard.compare.sensitivity.rosenbaum import RosenbaumBounds, rosenbaum_bounds
from blended_standard.compare.sensitivity.unmeasured import (
    EValue,
    OsterDelta,
    RobustnessOfInference,
    e_value,
    oster_delta,
    robustness_of_inference,
)

__all__ = [
    "EValue",
    "FollowUpBounds",
    "LeeBounds",
    "OsterDelta",
    "PooledEstimate",
    "RobustnessOfInference",
    "RosenbaumBounds",
    "e_value",
    "follow_up_bounds",
    "lee_bounds",
    "oster_delta",
    "pool_imputations",
    "robustness_of_inference",
    "rosenbaum_bounds",
]
