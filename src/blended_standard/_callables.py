"""What a type checker is told of `bs.report` and `bs.validate`: packages that can be called. Nothing imports it to run.

No checker knows a module that is called. `bs.compare` is left a module, since it is used for the functions inside it;
its call is `bs.compare.compare_groups`.
"""

from __future__ import annotations

from blended_standard.report import brief, for_publication, report
from blended_standard.validate import explain, render, validate, validate_aggregate, validate_record, validate_records


class Report:
    """`bs.report(...)`, `bs.report.brief(...)`, `bs.report.for_publication(...)`."""

    __call__ = staticmethod(report)
    brief = staticmethod(brief)
    for_publication = staticmethod(for_publication)
    report = staticmethod(report)


class Validate:
    """`bs.validate(...)` and the functions beside it."""

    __call__ = staticmethod(validate)
    explain = staticmethod(explain)
    render = staticmethod(render)
    validate = staticmethod(validate)
    validate_aggregate = staticmethod(validate_aggregate)
    validate_record = staticmethod(validate_record)
    validate_records = staticmethod(validate_records)
