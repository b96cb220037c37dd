"""Suppression, audit and pseudonyms: what of a table about people may leave the office."""

from __future__ import annotations

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

__all__ = [
    "NCES_END_CODES",
    "NCES_RANGE_CODES",
    "EndCode",
    "Policy",
    "PrimarySuppression",
    "PublishedShare",
    "RangeCode",
    "SuppressedValue",
    "primary_counts",
    "primary_magnitudes",
    "publish_count",
    "publish_share",
]
