"""The conformance kit: drive any program over the vectors of the standard and state what it does."""

from blended_standard.validate.conformance.run import run_conformance
from blended_standard.validate.conformance.statement import CaseOutcome, Statement, check_statement
from blended_standard.validate.conformance.vectors import CLASSES, Vector, load_vectors

__all__ = ["CLASSES", "CaseOutcome", "Statement", "Vector", "check_statement", "load_vectors", "run_conformance"]
