"""Suppression, audit and pseudonyms: what of a table about people may leave the office."""

from __future__ import annotations

from blended_standard.privacy.audit import AuditReport, CellInterval, Leak, audit
from blended_standard.privacy.cells import CellSystem, link
from blended_standard.privacy.ledger import Ledger, PublishedCell, ReleaseConflict, ReleaseEntry
from blended_standard.privacy.noise import NoisyCounts, add_noise
from blended_standard.privacy.policy import NCES_END_CODES, NCES_RANGE_CODES, EndCode, Policy, RangeCode
from blended_standard.privacy.primary import (
    PrimarySuppression,
    PublishedShare,
    SuppressedValue,
    primary_counts,
    primary_magnitudes,
    publish_count,
    publish_share,
)
from blended_standard.privacy.rounding import RoundedTables, round_small_counts
from blended_standard.privacy.rows import protect_row
from blended_standard.privacy.suppress import (
    NoSafePatternError,
    ReleasedCell,
    ReleasedTables,
    Suppression,
    release,
    suppress,
)
from blended_standard.privacy.tables import build_tables
from blended_standard.pseudonyms import KeyChange, PseudonymKey, rotate

__all__ = [
    "NCES_END_CODES",
    "NCES_RANGE_CODES",
    "AuditReport",
    "CellInterval",
    "CellSystem",
    "EndCode",
    "KeyChange",
    "Leak",
    "Ledger",
    "NoSafePatternError",
    "NoisyCounts",
    "Policy",
    "PrimarySuppression",
    "PseudonymKey",
    "PublishedCell",
    "PublishedShare",
    "RangeCode",
    "ReleaseConflict",
    "ReleaseEntry",
    "ReleasedCell",
    "ReleasedTables",
    "RoundedTables",
    "SuppressedValue",
    "Suppression",
    "add_noise",
    "audit",
    "build_tables",
    "link",
    "primary_counts",
    "primary_magnitudes",
    "protect_row",
    "publish_count",
    "publish_share",
    "release",
    "rotate",
    "round_small_counts",
    "suppress",
]
