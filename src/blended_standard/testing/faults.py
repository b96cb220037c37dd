"""Plant one known fault in a sound submission, and say which rule must find it."""

from __future__ import annotations

import copy
import datetime as dt
import json
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from blended_standard.errors import UsageError
from blended_standard.io import Submission
from blended_standard.io.arrow import to_arrow
from blended_standard.io.tables import EXTRA, INVALID, LINE, MISSING, ROW
from blended_standard.model import RECORDS, FieldSpec

Table = dict[str, list[Any]]
Tables = dict[str, Table]
Place = tuple[str, str | None]
Fault = Callable[[Tables, int], Place | None]


@attrs.frozen(kw_only=True)
class Corrupted:
    """A submission with one fault: the rule `code` must find it in `table`, at `field` where it has one."""

    submission: Submission
    code: str
    table: str
    field: str | None


_FAULTS: dict[str, Fault] = {}


def fault_codes() -> tuple[str, ...]:
    """Return the codes of the rules that a fault can be planted for.

    Examples
    --------
    >>> "EPI-ORDER" in fault_codes()
    True
    """
    return tuple(_FAULTS)


def plant(submission: Submission, code: str, *, place: int = 0) -> Corrupted | None:
    """Return a copy of a sound submission that breaks the rule `code`.

    Parameters
    ----------
    submission : Submission
        Without the fault; small, since its tables are copied as Python values.
    code : str
        One of `fault_codes()`.
    place : int
        Which of the fields and rows that fit; any whole number does.

    Returns
    -------
    Corrupted or None
        None when the submission has no row that the fault could be planted in.

    Raises
    ------
    UsageError
        No fault is known for the code.

    Examples
    --------
    >>> from blended_standard.testing import district, plant
    >>> from blended_standard.validate import validate
    >>> broken = plant(district(5, days=60), "EPI-ORDER")
    >>> [finding.code for finding in validate(broken.submission).findings if finding.table == "episode"]
    ['EPI-ORDER']
    """
    if code not in _FAULTS:
        raise UsageError(f"code={code!r} is not a fault that can be planted. There are: {', '.join(_FAULTS)}.")
    tables = plain_tables(submission)
    found = _FAULTS[code](tables, abs(place))
    if found is None:
        return None
    made = Submission.from_tables(tables, manifest=submission.manifest, standard=submission.standard)
    return Corrupted(submission=made, code=code, table=found[0], field=found[1])


def plain_tables(submission: Submission) -> Tables:
    """Return the tables as columns of Python values, as `Submission.from_tables` takes them, local fields included."""
    return {name: _plain(to_arrow(data, RECORDS[name])) for name, data in submission.tables.items()}


def _plain(table: Any) -> Table:
    columns: Table = {name: values for name, values in table.to_pydict().items() if name not in (ROW, LINE, INVALID)}
    if MISSING in columns:
        columns[MISSING] = [json.loads(value) if value else None for value in columns[MISSING]]
    local = [json.loads(value) if value else {} for value in columns.pop(EXTRA, [])]
    for name in sorted({name for values in local for name in values}):
        columns[name] = [values.get(name) for values in local]
    return columns


def _fault(code: str) -> Callable[[Fault], Fault]:
    def bind(function: Fault) -> Fault:
        _FAULTS[code] = function
        return function

    return bind


def _fields(tables: Tables, fits: Callable[[FieldSpec], bool], *, rows: int = 1) -> list[tuple[str, FieldSpec]]:
    """Return the fields that fit, of tables with at least `rows` rows and a value in the first."""
    return [
        (name, field)
        for name, columns in tables.items()
        for field in RECORDS[name].fields()
        if fits(field) and field.name in columns and len(columns[field.name]) >= rows
    ]


def _set(
    tables: Tables, fields: list[tuple[str, FieldSpec]], place: int, value: Callable[[FieldSpec], Any]
) -> Place | None:
    """Set one of the fields in one row."""
    if not fields:
        return None
    name, field = fields[place % len(fields)]
    column = tables[name][field.name]
    column[place // len(fields) % len(column)] = value(field)
    return name, field.name


def _is_free(field: FieldSpec) -> bool:
    """Is the field neither a key nor a reference, so that a change of it breaks nothing else?"""
    return not (field.key or field.refers_to)


@_fault("FLD-REQUIRED")
def _no_value(tables: Tables, place: int) -> Place | None:
    return _set(tables, _fields(tables, lambda f: f.required and _is_free(f), rows=2), place, lambda _: None)


@_fault("FLD-MISSING-COLUMN")
def _no_column(tables: Tables, place: int) -> Place | None:
    fields = _fields(tables, lambda f: f.required)
    if not fields:
        return None
    name, field = fields[place % len(fields)]
    del tables[name][field.name]
    return (name, field.name) if tables[name] else None


@_fault("FLD-TYPE")
def _wrong_type(tables: Tables, place: int) -> Place | None:
    return _set(tables, _fields(tables, lambda f: f.type != "text"), place, lambda _: "about twelve")


@_fault("FLD-CODE")
def _unknown_code(tables: Tables, place: int) -> Place | None:
    return _set(tables, _fields(tables, lambda f: f.codes is not None), place, lambda _: "no such code")


@_fault("FLD-RANGE")
def _out_of_range(tables: Tables, place: int) -> Place | None:
    def beyond(field: FieldSpec) -> float | int:
        value = (field.minimum or 0) - 1 if field.minimum is not None else (field.maximum or 0) + 1
        return int(value) if field.type == "integer" else float(value)

    fields = _fields(tables, lambda f: f.minimum is not None or f.maximum is not None)
    return _set(tables, fields, place, beyond)


@_fault("FLD-ID")
def _identifier_with_space(tables: Tables, place: int) -> Place | None:
    return _set(tables, _fields(tables, lambda f: f.key and f.type == "text"), place, lambda _: " x")


@_fault("FLD-YEAR")
def _impossible_year(tables: Tables, place: int) -> Place | None:
    def early(field: FieldSpec) -> dt.date:
        instant = dt.datetime(1066, 10, 14, 9, tzinfo=dt.UTC)
        return instant if field.type == "instant" else instant.date()

    return _set(tables, _fields(tables, lambda f: f.type in ("date", "instant")), place, early)


@_fault("FLD-ZONE")
def _unknown_zone(tables: Tables, place: int) -> Place | None:
    return _set(tables, _fields(tables, lambda f: f.name == "time_zone"), place, lambda _: "Mars/Base")


@_fault("FLD-UNKNOWN")
def _unknown_field(tables: Tables, place: int) -> Place | None:
    names = [name for name in tables if _length(tables[name])]
    if not names:
        return None
    name = names[place % len(names)]
    tables[name]["favorite_color"] = ["blue"] * _length(tables[name])
    return name, "favorite_color"


@_fault("TAB-MISSING")
def _no_table(tables: Tables, place: int) -> Place | None:
    return ("learner", None) if tables.pop("learner", None) is not None else None


@_fault("IDS-TWICE")
def _twice_and_different(tables: Tables, place: int) -> Place | None:
    names = [name for name in ("site", "program", "competency") if _length(tables.get(name, {}))]
    if not names:
        return None
    name = names[place % len(names)]
    _repeat(tables[name], place // len(names))
    label = "title" if name == "competency" else "name"
    tables[name][label][-1] = f"{tables[name][label][-1]} again"
    return name, RECORDS[name].key_fields()[-1]


@_fault("IDS-TWICE-SAME")
def _twice_and_equal(tables: Tables, place: int) -> Place | None:
    names = [name for name in tables if RECORDS[name].key_fields() and _length(tables[name]) and name != "episode"]
    if not names:
        return None
    name = names[place % len(names)]
    _repeat(tables[name], place // len(names))
    return name, RECORDS[name].key_fields()[-1]


@_fault("REF-DANGLING")
def _refers_to_nothing(tables: Tables, place: int) -> Place | None:
    return _set(tables, _fields(tables, lambda f: f.refers_to is not None), place, lambda _: "nobody knows it")


@_fault("EPI-ORDER")
def _ends_before_it_starts(tables: Tables, place: int) -> Place | None:
    return _change(tables, "episode", place, "exit_date", lambda row: _before(row["entry_date"]))


@_fault("EPI-REASON")
def _exit_without_reason(tables: Tables, place: int) -> Place | None:
    fits = _rows_with(tables, "episode", "exit_date")
    return _change(tables, "episode", place, "exit_reason", lambda _: None, among=fits)


@_fault("EPI-NO-EXIT")
def _reason_without_exit(tables: Tables, place: int) -> Place | None:
    fits = _rows_with(tables, "episode", "exit_reason")
    return _change(tables, "episode", place, "exit_date", lambda _: None, among=fits)


@_fault("EPI-OVERLAP")
def _overlapping_stay(tables: Tables, place: int) -> Place | None:
    episodes = tables.get("episode", {})
    fits = [
        row
        for row in _rows_with(tables, "episode", "entry_date")
        if "exit_date" not in episodes
        or episodes["exit_date"][row] is None
        or (episodes["exit_date"][row] - episodes["entry_date"][row]).days > 1
    ]
    if not fits:
        return None
    _repeat(episodes, fits[place % len(fits)])
    episodes["episode_id"][-1] = f"{episodes['episode_id'][-1][:200]}~again"
    episodes["entry_date"][-1] += dt.timedelta(days=1)
    return "episode", "entry_date"


@_fault("PAU-ORDER")
def _pause_ends_before_it_starts(tables: Tables, place: int) -> Place | None:
    return _change(tables, "pause", place, "end_date", lambda row: _before(row["start_date"]))


@_fault("EVI-BEFORE")
def _work_before_entry(tables: Tables, place: int) -> Place | None:
    kinds = tables.get("evidence", {}).get("kind", [])
    fits = [row for row, kind in enumerate(kinds) if kind != "carried_over"]
    return _move(tables, "evidence", place, "entry_date", -3, among=fits)


@_fault("EVI-AFTER")
def _work_after_exit(tables: Tables, place: int) -> Place | None:
    return _move(tables, "evidence", place, "exit_date", 3)


@_fault("ACT-OUTSIDE")
def _act_outside(tables: Tables, place: int) -> Place | None:
    return _move(tables, "activity", place, "entry_date", -3)


@_fault("MAS-LEVEL")
def _mastery_without_evidence(tables: Tables, place: int) -> Place | None:
    mastered = tables.get("mastery_decision", {}).get("mastered", [])
    fits = [row for row, value in enumerate(mastered) if value]
    return _change(tables, "mastery_decision", place, "evidence_level", lambda _: 1, among=fits)


@_fault("OUT-AFTER-WITHDRAWAL")
def _result_after_withdrawal(tables: Tables, place: int) -> Place | None:
    episodes, outcomes = tables.get("episode", {}), tables.get("outcome", {})
    fits = _rows_with(tables, "episode", "exit_date")
    if not fits or not _length(outcomes):
        return None
    left = fits[place % len(fits)]
    episodes.setdefault("exit_reason", [None] * _length(episodes))[left] = "withdrawn"
    result = place % _length(outcomes)
    outcomes["episode_id"][result] = episodes["episode_id"][left]
    outcomes["kind"][result] = "course_score"
    outcomes["date"][result] = episodes["exit_date"][left] + dt.timedelta(days=30)
    return "outcome", "date"


@_fault("EVI-UNSCORED")
def _work_without_score(tables: Tables, place: int) -> Place | None:
    levels = tables.get("evidence", {}).get("level", [])
    fits = [row for row, level in enumerate(levels) if level is not None and level >= 2]
    _change(tables, "evidence", place, "accepted", lambda _: None, among=fits)
    return _change(tables, "evidence", place, "score", lambda _: None, among=fits)


def _change(
    tables: Tables,
    name: str,
    place: int,
    field: str,
    value: Callable[[Mapping[str, Any]], Any],
    *,
    among: list[int] | None = None,
) -> Place | None:
    """Set a field in one row of a table to what `value` makes of the row."""
    columns = tables.get(name, {})
    rows = list(range(_length(columns))) if among is None else among
    if not rows:
        return None
    row = rows[place % len(rows)]
    new = value({column: values[row] for column, values in columns.items()})
    columns.setdefault(field, [None] * _length(columns))[row] = new
    return name, field


def _move(
    tables: Tables, name: str, place: int, end: str, days: int, *, among: list[int] | None = None
) -> Place | None:
    """Move an event to some days after (or before) an end of its episode."""
    episodes, events = tables.get("episode", {}), tables.get(name, {})
    ends = dict(zip(episodes.get("episode_id", []), episodes.get(end, []), strict=False))
    dated = [row for row, episode in enumerate(events.get("episode_id", [])) if ends.get(episode)]
    rows = dated if among is None else [row for row in dated if row in set(among)]

    def moved(row: Mapping[str, Any]) -> dt.datetime:
        day = ends[row["episode_id"]] + dt.timedelta(days=days)
        return dt.datetime(day.year, day.month, day.day, 12, tzinfo=dt.UTC)

    return _change(tables, name, place, "at", moved, among=rows)


def _rows_with(tables: Tables, name: str, field: str) -> list[int]:
    return [row for row, value in enumerate(tables.get(name, {}).get(field, [])) if value is not None]


def _repeat(columns: Table, place: int) -> None:
    """Append a copy of one row."""
    row = place % _length(columns)
    for values in columns.values():
        values.append(copy.deepcopy(values[row]))


def _length(columns: Table) -> int:
    return len(next(iter(columns.values()), []))


def _before(day: dt.date) -> dt.date:
    return day - dt.timedelta(days=30)
