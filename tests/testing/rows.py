"""Submissions as plain rows, for comparison: absent values left out, local fields beside the others."""

from __future__ import annotations

from typing import Any

from blended_standard.io import Submission
from blended_standard.testing import plain_tables

Rows = dict[str, list[dict[str, Any]]]


def rows_of(submission: Submission) -> Rows:
    return {name: _rows(columns) for name, columns in plain_tables(submission).items()}


def _rows(columns: dict[str, list[Any]]) -> list[dict[str, Any]]:
    rows = zip(*columns.values(), strict=True)
    return [{name: v for name, v in zip(columns, row, strict=True) if v not in (None, {})} for row in rows]
