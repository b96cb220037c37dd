"""Write the fields that CEDS names, each table a CSV file whose header is CEDS global identifiers.

Source: the counterparts that the records declare (CEDS V13).
"""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path
from typing import Any

from blended_standard.adapters.combine import rows_of
from blended_standard.adapters.result import Export, FieldLoss, LossReport
from blended_standard.io import Submission
from blended_standard.model import RECORDS


def write(submission: Submission, target: Path) -> Export:
    """Write a file for each table with a field of CEDS; keys and references keep our names."""
    target.mkdir(parents=True, exist_ok=True)
    files: list[str] = []
    fields: list[FieldLoss] = []
    documents = 0
    for name, data in submission.tables.items():
        rows = rows_of(data)
        specs = RECORDS[name].fields()
        named = {spec.name: spec.counterparts["CEDS"] for spec in specs if "CEDS" in spec.counterparts}
        for spec in specs:
            count = sum(row.get(spec.name) is not None for row in rows)
            link = bool(spec.key or spec.refers_to) and bool(named)
            if count and (spec.name in named or link):
                to = named.get(spec.name, spec.name)
                fields.append(FieldLoss(field=f"{name}.{spec.name}", fate="mapped", count=count, to=to))
            elif count:
                reason = "the record declares no counterpart in CEDS"
                fields.append(FieldLoss(field=f"{name}.{spec.name}", fate="dropped", count=count, reason=reason))
        if not named or not rows:
            continue
        columns = [spec.name for spec in specs if spec.name in named or spec.key or spec.refers_to]
        path = target / f"{name}.csv"
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow([named.get(column, column) for column in columns])
            writer.writerows([[_cell(row.get(column)) for column in columns] for row in rows])
        files.append(str(path))
        documents += len(rows)
    losses = LossReport(standard="ceds", fields=tuple(fields))
    return Export(standard="ceds", files=tuple(files), documents=documents, losses=losses)


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, dt.date) else value
