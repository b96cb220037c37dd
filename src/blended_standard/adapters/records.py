"""The records of a submission as plain rows: all of a table, and those that are whole enough to be written."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

from blended_standard.adapters.result import FieldLoss, LossReport, RowLoss
from blended_standard.io import Submission
from blended_standard.io.tables import EXTRA, MISSING
from blended_standard.io.write import plain_rows
from blended_standard.model import RECORDS
from blended_standard.spec import Standard

Row = dict[str, Any]
Tables = Mapping[str, list[Row]]
_UNKNOWN_CODE = "its list does not hold the code"
_NOT_WHOLE = "lacks a value that the standard requires, or it could not be read"
_AGAIN = "another record of the same identifier came first"


def whole_records(submission: Submission) -> tuple[Tables, LossReport]:
    """Return the records that can be written, and what of the submission cannot.

    A word that is not in its list of codes is left out, and so is a record without a value that the standard requires;
    of two records with one identifier the first is used.
    """
    tables: dict[str, list[Row]] = {}
    fields: list[FieldLoss] = []
    records: list[RowLoss] = []
    for name in submission.tables:
        rows = rows_of(submission, name)
        for field, count in _without_unknown_codes(name, rows, submission.standard).items():
            fields.append(FieldLoss(field=f"{name}.{field}", fate="dropped", count=count, reason=_UNKNOWN_CODE))
        required = [spec.name for spec in RECORDS[name].fields() if spec.required]
        whole = [row for row in rows if all(field in row for field in required)]
        tables[name] = distinct(name, whole)
        for reason, count in ((_NOT_WHOLE, len(rows) - len(whole)), (_AGAIN, len(whole) - len(tables[name]))):
            if count:
                records.append(RowLoss(what=name, reason=reason, count=count))
    return tables, LossReport(standard="", fields=tuple(fields), records=tuple(records))


def _without_unknown_codes(name: str, rows: list[Row], standard: Standard) -> Counter[str]:
    """Take words that no list of codes holds out of the records; return how many of each field."""
    left: Counter[str] = Counter()
    for spec in RECORDS[name].fields():
        if spec.codes:
            known = set(standard.codes[spec.codes].names())
            for row in rows:
                if spec.name in row and row[spec.name] not in known:
                    del row[spec.name]
                    left[spec.name] += 1
    return left


def fates(
    tables: Tables, written: Mapping[str, Collection[str]], to: str, reasons: Mapping[str, str], otherwise: str
) -> list[FieldLoss]:
    """Return what became of every field: `written` names those of each table that the other standard holds.

    The reason for a field that is not written is that of `reasons` for the field (`episode.exit_date`) or its table.
    """
    fields = []
    for table, rows in tables.items():
        for field, count in Counter(field for row in rows for field in row).items():
            name = f"{table}.{field}"
            if field in written.get(table, ()):
                fields.append(FieldLoss(field=name, fate="mapped", count=count, to=to, reason=reasons.get(name, "")))
            else:
                why = reasons.get(name) or reasons.get(table, otherwise)
                fields.append(FieldLoss(field=name, fate="dropped", count=count, reason=why))
    return fields


def rows_of(submission: Submission, name: str) -> list[Row]:
    """Return the records of a table, local fields and reasons for missing values among them."""
    rows: list[Row] = []
    for row in plain_rows(name, submission.tables[name], submission.missing_values):
        extra, missing = row.pop(EXTRA, None), row.pop(MISSING, None)
        row |= json.loads(extra or "{}")
        rows.append(row | ({MISSING: json.loads(missing)} if missing else {}))
    return rows


def distinct(name: str, rows: list[Row]) -> list[Row]:
    """Return the first record of each identifier."""
    keys = RECORDS[name].key_fields()
    if not keys:
        return rows
    kept: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        kept.setdefault(tuple(row.get(key) for key in keys), row)
    return list(kept.values())
