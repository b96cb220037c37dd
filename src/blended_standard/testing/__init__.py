"""For tests and demonstrations: a synthetic district, Hypothesis strategies, and submissions with one known fault.

What needs Hypothesis (the extra `testing`) or pyarrow (the extra `parquet`) is loaded when it is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from blended_standard.testing.faults import Corrupted, fault_codes, plain_tables, plant
    from blended_standard.testing.generator import district, write_district
    from blended_standard.testing.strategies import corrupted, records, submissions, to_tables, values

_WHERE = {
    "Corrupted": "faults",
    "corrupted": "strategies",
    "district": "generator",
    "fault_codes": "faults",
    "plain_tables": "faults",
    "plant": "faults",
    "records": "strategies",
    "submissions": "strategies",
    "to_tables": "strategies",
    "values": "strategies",
    "write_district": "generator",
}

__all__ = [
    "Corrupted",
    "corrupted",
    "district",
    "fault_codes",
    "plain_tables",
    "plant",
    "records",
    "submissions",
    "to_tables",
    "values",
    "write_district",
]


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(importlib.import_module(f"{__name__}.{_WHERE[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}; there are: {', '.join(__all__)}")


def __dir__() -> list[str]:
    return sorted(__all__)
