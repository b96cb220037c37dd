"""Records as objects: the same findings as in bulk, for an application that holds one or a few of them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from blended_standard.engine.zones import is_zone
from blended_standard.errors import UsageError
from blended_standard.findings import Finding, FindingCollector
from blended_standard.io import Submission
from blended_standard.io.columns import to_columns
from blended_standard.io.missing_values import without_missing_values
from blended_standard.io.submission import make_manifest
from blended_standard.io.tables import EXTRA, INVALID, LINE, MISSING, ROW
from blended_standard.io.text import RawRow
from blended_standard.model import RECORDS, FieldSpec, Record
from blended_standard.model.fields import EARLIEST_YEAR, LATEST_YEAR, MAXIMUM_ID_LENGTH
from blended_standard.spec import Profile, Standard, load_standard
from blended_standard.validate import fields as bulk
from blended_standard.validate.report import ValidationReport
from blended_standard.validate.row_rules import ORDERED
from blended_standard.validate.run import validate
from blended_standard.validate.values import readable

Values = Mapping[str, Any]

ALONE: Mapping[str, Callable[[Values], bool]] = {
    "EPI-REASON": lambda row: row["exit_date"] is not None and row["exit_reason"] is None,
    "EPI-NO-EXIT": lambda row: row["exit_date"] is None and row["exit_reason"] is not None,
    "EVI-UNSCORED": lambda row: _at_least(row["level"], 2) and row["score"] is None and row["accepted"] is None,
    "MAS-LEVEL": lambda row: (
        row["mastered"] is True and row["evidence_level"] is not None and row["evidence_level"] < 2
    ),
    "FUP-QUARTER": lambda row: _off_quarter(row["quarter_start"]),
}
"""The rules across fields that one record decides, besides those on order (`ORDERED`)."""


def validate_records(
    records: Iterable[Record], *, profile: str = "core", as_of: dt.date | None = None, partial: bool = True
) -> ValidationReport:
    """Check records together: keys, references and rules across records too.

    Parameters
    ----------
    records : iterable of Record
        Of any tables; `row` of a finding counts within its table, in the order given.
    profile, as_of
        The profile to check against, and the day spoken of.
    partial : bool
        Default: only what is there is judged; see `validate`.

    Returns
    -------
    ValidationReport

    Examples
    --------
    >>> from blended_standard.model import Learner
    >>> [finding.code for finding in validate_records([Learner(learner_id="a"), Learner(learner_id="A")]).findings]
    ['IDS-TWIN']
    """
    rows: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        if not isinstance(record, Record):
            raise UsageError(f"records holds a {type(record).__name__}. Accepted: records of blended_standard.model.")
        values = {field.name: getattr(record, field.name) for field in record.fields()}
        values[MISSING] = dict(record.missing) or None
        rows.setdefault(record.table, []).append({**values, **record.extra})
    tables = {
        table: {
            name: [row.get(name) for row in entries] for name in dict.fromkeys(name for row in entries for name in row)
        }
        for table, entries in rows.items()
    }
    submission = Submission.from_tables(tables, manifest={"profile": profile, "as_of": as_of})
    return validate(submission, partial=partial)


def validate_record(
    table: str,
    values: Values,
    *,
    profile: str = "core",
    as_of: dt.date | None = None,
    time_zone: str | None = None,
    standard: Standard | None = None,
) -> tuple[Finding, ...]:
    """Check the plain values of one record by all rules that it decides alone, without an engine.

    Parameters
    ----------
    table : str
        Name of its table.
    values : mapping
        By field: text as in CSV, values as in JSON, or Python dates and instants.
    profile, as_of
        The profile to check against, and the day spoken of.
    time_zone : str, optional
        IANA zone of instants without an offset, which are refused without it.

    Returns
    -------
    tuple of Finding
        In the order of a bulk report. References, keys and rules across records need the others: `validate_records`.

    Raises
    ------
    UsageError
        The table or the profile is not known.

    Examples
    --------
    >>> [finding.code for finding in validate_record("learner", {"learner_id": "l", "gender": "robot"})]
    ['FLD-CODE']
    """
    if table not in RECORDS:
        raise UsageError(f"table={table!r} is not a table of the standard. There are: {', '.join(RECORDS)}.")
    standard = standard or load_standard()
    chosen = standard.profile(profile)
    record, found = RECORDS[table], FindingCollector(standard, profile=chosen)
    zone = make_manifest({"time_zone": time_zone}).zone
    rows = without_missing_values([RawRow(1, None, dict(values))], record, chosen.missing_values, found)
    columns = to_columns(rows, record, found, zone=zone)
    row = {name: column[0] for name, column in columns.values.items() if name not in (ROW, LINE, EXTRA, MISSING)}
    for field in record.fields():
        for code, detail in _problems(field, row, standard, chosen, as_of, table):
            _add(found, code, table, field, row[field.name], detail)
    for code, function in {**_ordered(), **ALONE}.items():
        rule = standard.rules[code]
        if rule.table == table and function(row):
            field = next(field for field in record.fields() if field.name == rule.field)
            _add(found, code, table, field, row[field.name])
    return found.findings()


def _add(found: FindingCollector, code: str, table: str, field: FieldSpec, value: Any, detail: str = "") -> None:
    hidden = field.identifying or code == "PRV-DIRECT"
    found.add(code, table=table, row=1, field=field.name, value=readable(value), detail=detail, identifying=hidden)


def _ordered() -> dict[str, Callable[[Values], bool]]:
    def backward(first: str, second: str) -> Callable[[Values], bool]:
        return lambda row: row[first] is not None and row[second] is not None and row[second] < row[first]

    return {code: backward(*pair) for code, pair in ORDERED.items()}


def _problems(
    field: FieldSpec, row: Values, standard: Standard, profile: Profile, as_of: dt.date | None, table: str
) -> Iterator[tuple[str, str]]:
    value = row[field.name]
    if value is None:
        required = field.required or field.name in profile.required_fields.get(table, ())
        if required and f",{field.name}," not in (row[INVALID] or ""):
            yield "FLD-REQUIRED", ""
        return
    if field.codes:
        codes = profile.codes.get(field.codes, standard.codes[field.codes].names())
        if value not in codes:
            yield "FLD-CODE", bulk.listed(codes)
    if isinstance(value, str):
        yield from _text_problems(field, value)
    if isinstance(value, int | float) and not isinstance(value, bool) and bulk.is_outside(field, value):
        yield "FLD-RANGE", bulk.accepted_range(field)
    if isinstance(value, dt.date):
        if not EARLIEST_YEAR <= value.year <= LATEST_YEAR:
            yield "FLD-YEAR", f"Accepted: {EARLIEST_YEAR} to {LATEST_YEAR}."
        elif as_of is not None and (table, field.name) not in bulk.MAY_LIE_AHEAD and _is_ahead(value, as_of):
            yield "TIM-FUTURE", f"The submission speaks of {as_of}."
    if field.name == "time_zone" and not is_zone(value):
        yield "FLD-ZONE", bulk.near_zones(value)


def _text_problems(field: FieldSpec, value: str) -> Iterator[tuple[str, str]]:
    spaced = value < bulk.FIRST_VISIBLE or value.endswith(bulk.SPACES)
    if (field.key or field.refers_to) and (spaced or len(value) > MAXIMUM_ID_LENGTH):
        yield "FLD-ID", ""
    if not (field.codes or field.refers_to):
        number = re.search(bulk.SOCIAL_SECURITY, value)
        short = not field.key or len(value) == bulk.SOCIAL_SECURITY_LENGTH
        named = bulk.names_person(field) and " " in value and re.search(bulk.PERSON, value)
        if (number and short) or named or re.search(bulk.E_MAIL, value):
            yield "PRV-DIRECT", ""


def _is_ahead(value: dt.date, as_of: dt.date) -> bool:
    day = value.date() if isinstance(value, dt.datetime) else value
    return day > as_of + dt.timedelta(days=1)


def _at_least(value: int | None, least: int) -> bool:
    return value is not None and value >= least


def _off_quarter(day: dt.date | None) -> bool:
    within = day is not None and EARLIEST_YEAR <= day.year <= LATEST_YEAR and day <= dt.date(LATEST_YEAR, 10, 1)
    return day is not None and within and (day.day, day.month % 3) != (1, 1)
