"""For tests and demonstrations: a synthetic district, Hypothesis strategies, and submissions with one known fault.

What needs Hypothesis or pyarrow is loaded when it is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from blended_standard.testing.generator import district, write_district

_WHERE = {
    "district": "generator",
    "write_district": "generator",
}

__all__ = ["district", "write_district"]


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(importlib.import_module(f"{__name__}.{_WHERE[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}; there are: {', '.join(__all__)}")


def __dir__() -> list[str]:
    return sorted(__all__)
