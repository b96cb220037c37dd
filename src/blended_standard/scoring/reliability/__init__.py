"""How far scores would repeat: reliability coefficients and standard errors of measurement.

Tables have persons in rows and items in columns.
"""

from blended_standard.scoring.reliability.internal import Alpha, alpha, kr20, kr21, lambda6
from blended_standard.scoring.reliability.omega_model import Omega, omega
from blended_standard.scoring.reliability.precision import (
    ConditionalErrors,
    conditional_standard_error,
    information_standard_error,
    length_needed,
    marginal_reliability,
    spearman_brown,
    standard_error_of_measurement,
)

__all__ = [
    "Alpha",
    "ConditionalErrors",
    "Omega",
    "alpha",
    "conditional_standard_error",
    "information_standard_error",
    "kr20",
    "kr21",
    "lambda6",
    "length_needed",
    "marginal_reliability",
    "omega",
    "spearman_brown",
    "standard_error_of_measurement",
]
