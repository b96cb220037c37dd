"""Make a package callable, so that `bs.compare(...)` runs and `bs.compare.hedges_g` is still there."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _CallableModule(ModuleType):
    """A module whose call is that of its function `__entry__`."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.__dict__["__entry__"](*args, **kwargs)

    def __dir__(self) -> list[str]:
        """Name what is public: neither the modules that it is made of nor what they keep to themselves."""
        return sorted(
            name
            for name, value in vars(self).items()
            if name.startswith("__") or not (name.startswith("_") or isinstance(value, ModuleType))
        )


def make_callable(name: str) -> None:
    """Let the module `name`, which defines `__entry__`, be called."""
    sys.modules[name].__class__ = _CallableModule
