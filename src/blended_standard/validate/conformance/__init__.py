"""The conformance kit: drive any program over the vectors of the standard and state what it does."""

from blended_standard.validate.conformance.run import CaseOutcome, Statement, run_conformance
from blended_standard.validate.conformance.suite import kit
from blended_standard.validate.conformance.vectors import CLASSES, Vector, load_vectors

__all__ = ["CLASSES", "CaseOutcome", "Statement", "Vector", "kit", "load_vectors", "run_conformance"]
