"""Read and write the fields that CEDS names, each table a CSV file whose header is CEDS global identifiers.

Source: the counterparts that the records declare, and the names and options of CEDS V13 (`_ceds_words`).
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any

from blended_standard.adapters._ceds_words import NAMES, OPTIONS, SAME, UNKNOWN, folded, property_of
from blended_standard.adapters.identifiers import PSEUDONYM
from blended_standard.adapters.kinds import hint
from blended_standard.adapters.records import Row, Tables
from blended_standard.adapters.result import Export, FieldLoss, Import, LossReport
from blended_standard.adapters.work import Options, Work
from blended_standard.errors import UnreadableInputError
from blended_standard.io.csv_text import read_csv
from blended_standard.io.read import files_of
from blended_standard.model import RECORDS
from blended_standard.model.fields import FieldSpec, Missing
from blended_standard.spec.definitions import FieldFate

_WITH_COLUMNS = {
    f"{table}.csv" for table, record in RECORDS.items() if any("CEDS" in spec.counterparts for spec in record.fields())
}
_NO_OPTION = "CEDS has no option that says the same"


def read(source: Any, options: Options) -> Import:
    """Read CSV files named after our tables; a column is an identifier or a name of CEDS, or a name of ours."""
    work = Work("ceds", options)
    work.needs_key()
    known, others = False, []
    for file in files_of(source, limits=work.options.limits):
        table = PurePath(file.name).stem
        if table in RECORDS and file.name.lower().endswith(".csv"):
            known = True
            _table(work, table, file.read())
        else:
            work.lose("file", "not a CSV file named after a table of the standard")
            others.append(file)
    if not known:
        found = hint("ceds", others)
        expected = f"Expected CSV files named after their tables: {', '.join(sorted(_WITH_COLUMNS))}"
        raise UnreadableInputError(f"{source}: holds no table. {expected}.{found}")
    return work.finish("13", str(source))


def _table(work: Work, table: str, content: bytes) -> None:
    """Read the rows of one table."""
    names = _columns(table)
    specs: dict[str, FieldSpec | None] = {}
    for raw in read_csv(content, f"ceds/{table}", tuple(names), work.found, limits=work.options.limits):
        row: dict[str, Any] = {}
        unknown: dict[str, str] = {}
        for column, text in raw.values.items():
            if text is None:
                continue
            if column not in specs:
                specs[column] = _spec_of(work, table, column, names, specs)
            spec = specs[column]
            work.see(f"{table}.{column}")
            if spec is None:
                continue
            value = _value(work, table, spec, text, raw.line)
            if value is UNKNOWN:
                unknown[spec.name] = Missing.LOST
            else:
                row[spec.name] = value
        work.add(table, **row, missing=unknown or None)


def _spec_of(
    work: Work, table: str, column: str, names: Mapping[str, FieldSpec], before: Mapping[str, FieldSpec | None]
) -> FieldSpec | None:
    """Return the field of a column, and declare what becomes of it; a second column of a field is left out."""
    spec = names.get(column) or names.get(folded(column))
    field = f"{table}.{column}"
    if spec is None:
        return None
    if spec in before.values():
        detail = f"Another column before it is {spec.name}; it is left out."
        work.find("ADP-HEADER", table, field=column, detail=detail)
        work.declare([FieldFate(field=field, fate="dropped", to="", reason="another column is the same field")])
        return None
    work.declare([FieldFate(field=field, fate="mapped", to=f"{table}.{spec.name}")])
    return spec


def _columns(table: str) -> dict[str, FieldSpec]:
    """Return the fields of a table by what CEDS calls them, and by our own names."""
    made: dict[str, FieldSpec] = {}
    for spec in RECORDS[table].fields():
        counterpart = spec.counterparts.get("CEDS")
        if counterpart is not None:
            own = property_of(counterpart)
            made |= {counterpart: spec, own: spec}
            if own in NAMES:
                made |= {NAMES[own]: spec, folded(NAMES[own]): spec}
    return made | {spec.name: spec for spec in RECORDS[table].fields()}


def _value(work: Work, table: str, spec: FieldSpec, text: str, line: int | None) -> Any:
    """Return the value of a cell: ours for an option of CEDS, a pseudonym for what identifies a person."""
    options = OPTIONS.get(f"{table}.{spec.name}", {})
    if text in options:
        return options[text]
    if spec.codes and text not in work.found.standard.codes[spec.codes].names():
        term = work.vocabulary(f"{table}.{spec.name}").get(text)
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
    """Write a file for each table with a property of CEDS; keys and references keep our names.

    Where a property takes options, the option that says the same is written, and a value without one is a loss.
    """
    target.mkdir(parents=True, exist_ok=True)
    files: list[str] = []
    fields: list[FieldLoss] = []
    documents = 0
    for name, rows in tables.items():
        specs = RECORDS[name].fields()
        named = {spec.name: property_of(spec.counterparts["CEDS"]) for spec in specs if _is_written(name, spec)}
        columns = [spec.name for spec in specs if spec.name in named or (named and (spec.key or spec.refers_to))]
        for spec in specs:
            fields += _fates(name, spec, rows, named.get(spec.name, spec.name) if spec.name in columns else None)
        if not named or not rows:
            continue
        path = target / f"{name}.csv"
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow([named.get(column, column) for column in columns])
            writer.writerows([[_cell(name, column, row.get(column)) for column in columns] for row in rows])
        files.append(str(path))
        documents += len(rows)
    losses = LossReport(standard="ceds", fields=tuple(fields))
    return Export(standard="ceds", files=tuple(files), documents=documents, losses=losses)


def _is_written(table: str, spec: FieldSpec) -> bool:
    """Say whether CEDS has a property for a field, and an option for any of its values."""
    return "CEDS" in spec.counterparts and SAME.get(f"{table}.{spec.name}") != {}


def _fates(table: str, spec: FieldSpec, rows: list[Row], to: str | None) -> Iterator[FieldLoss]:
    """Yield how many values of a field are written, and how many are not."""
    stated = [row[spec.name] for row in rows if row.get(spec.name) is not None]
    written = sum(_cell(table, spec.name, value) != "" for value in stated) if to else 0
    field = f"{table}.{spec.name}"
    if to and written:
        yield FieldLoss(field=field, fate="mapped", count=written, to=to)
    if len(stated) > written:
        counterpart = "CEDS" in spec.counterparts
        reason = _NO_OPTION if counterpart else "the record declares no counterpart in CEDS"
        yield FieldLoss(field=field, fate="dropped", count=len(stated) - written, reason=reason)


def _cell(table: str, field: str, value: Any) -> Any:
    same = SAME.get(f"{table}.{field}")
    if value is None or same is not None:
        return same.get(value, "") if same else ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, dt.date) else value
