"""Neighboring standards in and out, at the edge of the library.

Each is one call that returns what was made, what was lost, and what was wrong with the source.
"""

from __future__ import annotations

from blended_standard.adapters.calls import READERS, STREAMS, WRITERS, read, stream, write
from blended_standard.adapters.combine import combine
from blended_standard.adapters.result import Export, FieldLoss, Import, LossReport, RowLoss

__all__ = [
    "READERS",
    "STREAMS",
    "WRITERS",
    "Export",
    "FieldLoss",
    "Import",
    "LossReport",
    "RowLoss",
    "combine",
    "read",
    "stream",
    "write",
]
