"""Read and write the fields that CEDS names, each table a CSV file whose header is CEDS global identifiers.

Source: the counterparts that the records declare (CEDS V13).
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Callable, Mapping
from pathlib import Path, PurePath
from typing import Any

from blended_standard.adapters.identifiers import PSEUDONYM
from blended_standard.adapters.kinds import hint
from blended_standard.adapters.records import Tables
from blended_standard.adapters.result import Export, FieldLoss, Import, LossReport
from blended_standard.adapters.work import Options, Work
from blended_standard.errors import UnreadableInputError
from blended_standard.io.csv_text import read_csv
from blended_standard.io.read import files_of
from blended_standard.model import RECORDS
from blended_standard.model.fields import FieldSpec
from blended_standard.spec.definitions import FieldFate


def read(source: Any, options: Options) -> Import:
    """Read CSV files named after our tables; a column is a CEDS identifier, or a name of ours."""
    work = Work("ceds", options)
    work.needs_key()
    known, others = False, []
    for file in files_of(source, limits=work.options.limits):
        table = PurePath(file.name).stem
        if table not in RECORDS or not file.name.lower().endswith(".csv"):
            work.lose("file", "not a CSV file named after a table of the standard")
            others.append(file)
            continue
        known = True
        specs = {spec.counterparts.get("CEDS", spec.name): spec for spec in RECORDS[table].fields()}
        specs |= {spec.name: spec for spec in RECORDS[table].fields()}
        work.declare(
            FieldFate(field=f"{table}.{column}", fate="mapped", to=f"{table}.{spec.name}")
            for column, spec in specs.items()
        )
        for raw in read_csv(file.read(), f"ceds/{table}", tuple(specs), work.found, limits=work.options.limits):
            row: dict[str, Any] = {}
            for column, text in raw.values.items():
                if text is None:
                    continue
                work.see(f"{table}.{column}")
                if column in specs:
                    row[specs[column].name] = _value(work, table, specs[column], text, raw.line)
            work.add(table, **row)
    if not known:
        found = hint("ceds", others)
        raise UnreadableInputError(f"{source}: holds no table. Expected CSV files such as episode.csv.{found}")
    return work.finish("13", str(source))


def _value(work: Work, table: str, spec: FieldSpec, text: str, line: int | None) -> Any:
    """Return the value of a cell: a code of ours for one of CEDS, a pseudonym for what identifies a person."""
    if spec.codes and text not in work.found.standard.codes[spec.codes].names():
        term = work.vocabulary(spec.name).get(text)
        if term is None:
            work.find("ADP-VOCABULARY", table, line=line, field=spec.name, value=text)
        return term.code if term else None
    if spec.type == "text":
        personal = spec.identifying and not PSEUDONYM.fullmatch(text)
        return work.people.pseudonym(spec.refers_to or table, "ceds", text) if personal else text
    try:
        return _PARSERS[spec.type](text)
    except (ValueError, KeyError):
        work.find("ADP-VALUE", table, line=line, field=spec.name, identifying=True, value=text)
        return None


_PARSERS: Mapping[str, Callable[[str], Any]] = {
    "integer": int,
    "number": float,
    "boolean": {"true": True, "false": False, "Yes": True, "No": False}.__getitem__,
    "date": dt.date.fromisoformat,
    "instant": dt.datetime.fromisoformat,
}


def write(tables: Tables, target: Path) -> Export:
    """Write a file for each table with a field of CEDS; keys and references keep our names."""
    target.mkdir(parents=True, exist_ok=True)
    files: list[str] = []
    fields: list[FieldLoss] = []
    documents = 0
    for name, rows in tables.items():
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
