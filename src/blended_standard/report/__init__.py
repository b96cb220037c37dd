"""Tables, plots and pages for people. The module can be called: `bs.report(scored, study, to="report.html")`."""

from blended_standard._modules import make_callable as _make_callable
from blended_standard.report.make import report
from blended_standard.report.policy_brief import brief
from blended_standard.report.publish import for_publication

__all__ = ["brief", "for_publication", "report"]

__entry__ = report
_make_callable(__name__)
