"""Rules to findings. The module can be called: `bs.validate(submission)`."""

from blended_standard._modules import make_callable as _make_callable
from blended_standard.findings import Finding
from blended_standard.validate.aggregate import validate_aggregate
from blended_standard.validate.formats import explain, render
from blended_standard.validate.objects import validate_record, validate_records
from blended_standard.validate.report import TableCount, ValidationReport
from blended_standard.validate.run import validate

__all__ = [
    "Finding",
    "TableCount",
    "ValidationReport",
    "explain",
    "render",
    "validate",
    "validate_aggregate",
    "validate_record",
    "validate_records",
]

__entry__ = validate
_make_callable(__name__)
