"""Competency scoring on plain arrays: mastery rules, item response models, linking, raters, reliability.

Submodules load when first used: `from blended_standard import scoring; scoring.irt.fit(...)`.
"""

from __future__ import annotations

import importlib
from types import ModuleType

__all__ = ["bkt", "classification", "dif", "irt", "link", "mastery", "raters", "reliability", "standards"]


def __getattr__(name: str) -> ModuleType:
    if name in __all__:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}; there are: {', '.join(__all__)}")


def __dir__() -> list[str]:
    return sorted(__all__)
