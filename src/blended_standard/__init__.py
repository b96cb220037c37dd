"""One consistent standard of outcomes for blended-learning programs.

    import blended_standard as bs

    sub = bs.read_submission("submission/")
    print(bs.validate(sub))
    scored = bs.score(sub, by=("program",), as_of="2026-06-30")

Nothing heavy is imported until it is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from blended_standard._version import __version__

if TYPE_CHECKING:
    from blended_standard import _callables, adapters, compare, measures, model, privacy, scoring, testing
    from blended_standard.errors import BlendedStandardError
    from blended_standard.findings import Finding
    from blended_standard.io import Manifest, Submission, migrate, read_submission, write_submission
    from blended_standard.measures import comparable, engagement_calendar, mastery_map, merge, score, sweep
    from blended_standard.spec import Standard, load_standard

    report = _callables.Report()
    validate = _callables.Validate()

_WHERE = {
    "BlendedStandardError": "errors",
    "Finding": "findings",
    "Manifest": "io",
    "Standard": "spec",
    "Submission": "io",
    "comparable": "measures",
    "engagement_calendar": "measures",
    "load_standard": "spec",
    "mastery_map": "measures",
    "merge": "measures",
    "migrate": "io",
    "read_submission": "io",
    "score": "measures",
    "sweep": "measures",
    "write_submission": "io",
}
_MODULES = ("adapters", "compare", "measures", "model", "privacy", "report", "scoring", "testing", "validate")

__all__ = [
    "BlendedStandardError",
    "Finding",
    "Manifest",
    "Standard",
    "Submission",
    "__version__",
    "adapters",
    "comparable",
    "compare",
    "engagement_calendar",
    "load_standard",
    "mastery_map",
    "measures",
    "merge",
    "migrate",
    "model",
    "privacy",
    "read_submission",
    "report",
    "score",
    "scoring",
    "sweep",
    "testing",
    "validate",
    "write_submission",
]


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(importlib.import_module(f"{__name__}.{_WHERE[name]}"), name)
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}; there are: {', '.join(__all__)}")


def __dir__() -> list[str]:
    return sorted(__all__)
