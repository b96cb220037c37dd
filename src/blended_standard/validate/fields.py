"""The rules that follow from the model: required, codes, ranges, identifiers, years, zones, references."""

from __future__ import annotations

import datetime as dt
import functools
import operator
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import attrs

from blended_standard.engine.zones import is_zone
from blended_standard.io.tables import INVALID
from blended_standard.model import FieldSpec, Record
from blended_standard.model.fields import EARLIEST_YEAR, LATEST_YEAR, MAXIMUM_ID_LENGTH
from blended_standard.spec import Profile, Standard

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw

_FIRST_DAY = -25_567  # 1900-01-01
_LAST_DAY = 84_370  # 2200-12-31
_SECONDS_A_DAY = 86_400
_FIRST_VISIBLE = "!"  # an empty text and one that begins with a space or a control character sort before it
_SPACES = (" ", "\t", "\n", "\r")


_E_MAIL = r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}"
_SOCIAL_SECURITY = r"(^|[^0-9A-Za-z-])[0-9]{3}-[0-9]{2}-[0-9]{4}($|[^0-9A-Za-z-])"
_SOCIAL_SECURITY_LENGTH = 11

MAY_LIE_AHEAD: frozenset[tuple[str, str]] = frozenset(
    {
        ("calendar_day", "date"),
        ("cost", "end_date"),
        ("evidence", "due_date"),
        ("pause", "start_date"),
        ("pause", "end_date"),
        ("plan", "planned_end"),
        ("plan_item", "planned_date"),
        ("postsecondary_enrollment", "end_date"),
        ("practice", "end_date"),
        ("staff_role", "end_date"),
    }
)
"""Dates that are plans or ends of a period, and may lie after the day that a submission speaks of."""


@attrs.frozen
class FieldCheck:
    """One rule on one field; `broken` is true for the rows that break it, and false or null for the others.

    `joined` names the reference at whose record it looks.
    """

    code: str
    field: FieldSpec
    broken: nw.Expr
    detail: str = ""
    redact: bool = False
    joined: str = ""


@attrs.frozen(kw_only=True)
class Context:
    """What field checks depend on besides the record: the rules in force, the zones found, the day spoken of."""

    standard: Standard
    profile: Profile
    zones: frozenset[str] = frozenset()
    as_of: dt.date | None = None


def there(field: FieldSpec) -> str:
    """Return the name of the column that is null where the record that `field` refers to is not there."""
    return f"_there_{field.name}"


def field_checks(record: type[Record], context: Context) -> Iterator[FieldCheck]:
    """Yield every check that the declared fields of a record and the profile ask for."""
    required = context.profile.required_fields.get(record.table, ())
    for field in record.fields():
        if field.required or field.name in required:
            yield _given(field)
        if field.codes:
            codes = context.profile.codes.get(field.codes, context.standard.codes[field.codes].names())
            yield FieldCheck("FLD-CODE", field, ~_of(field).is_in(list(codes)), _listed(codes))
        if field.type == "text" and (field.key or field.refers_to):
            yield _identifier(field)
        if field.refers_to:
            absent = _of(field, there(field)).is_null() & ~_of(field).is_null()
            yield FieldCheck("REF-DANGLING", field, absent, f"No such record in {field.refers_to}.", joined=field.name)
        if field.minimum is not None or field.maximum is not None:
            yield _range(field)
        if field.type in ("date", "instant"):
            yield from _time(record, field, context.as_of)
        if field.type == "text" and not (field.codes or field.refers_to):
            yield FieldCheck("PRV-DIRECT", field, _direct(field), redact=True)
        if field.name == "time_zone":
            unknown = sorted(zone for zone in context.zones if not is_zone(zone))
            yield FieldCheck("FLD-ZONE", field, _of(field).is_in(unknown))


def _given(field: FieldSpec) -> FieldCheck:
    known_bad = _of(field, INVALID).fill_null("").str.contains(f",{field.name},", literal=True)
    return FieldCheck("FLD-REQUIRED", field, _of(field).is_null() & ~known_bad)


def _identifier(field: FieldSpec) -> FieldCheck:
    """A reference that finds its record is as sound as the identifier there, which is checked at its own place."""
    column = _of(field)
    edges = column < _FIRST_VISIBLE
    for space in _SPACES:
        edges = edges | column.str.ends_with(space)
    broken = edges | (column.str.len_chars() > MAXIMUM_ID_LENGTH)
    if field.refers_to:
        return FieldCheck("FLD-ID", field, _of(field, there(field)).is_null() & broken, joined=field.name)
    return FieldCheck("FLD-ID", field, broken)


def _range(field: FieldSpec) -> FieldCheck:
    low = -1e300 if field.minimum is None else field.minimum
    high = 1e300 if field.maximum is None else field.maximum
    detail = f"Accepted: {low:g} to {high:g}{f' {field.unit}' if field.unit else ''}."
    if field.minimum is None or field.maximum is None:
        side = f"{low:g} or more" if field.maximum is None else f"{high:g} or less"
        detail = f"Accepted: {side}{f' {field.unit}' if field.unit else ''}."
    sides = [_of(field) < low] if field.minimum is not None else []
    sides += [_of(field) > high] if field.maximum is not None else []
    return FieldCheck("FLD-RANGE", field, functools.reduce(operator.or_, sides), detail)


def _time(record: type[Record], field: FieldSpec, as_of: dt.date | None) -> Iterator[FieldCheck]:
    unit = 1 if field.type == "date" else _SECONDS_A_DAY
    outside = (_of(field) < _FIRST_DAY * unit) | (_of(field) >= (_LAST_DAY + 1) * unit)
    detail = f"Accepted: {EARLIEST_YEAR} to {LATEST_YEAR}."
    yield FieldCheck("FLD-YEAR", field, outside, detail)
    if as_of is not None and (record.table, field.name) not in MAY_LIE_AHEAD:
        after = ((as_of - dt.date(1970, 1, 1)).days + 2) * unit
        ahead = (_of(field) >= after) & (_of(field) < (_LAST_DAY + 1) * unit)
        yield FieldCheck("TIM-FUTURE", field, ahead, f"The submission speaks of {as_of}.")


def _direct(field: FieldSpec) -> nw.Expr:
    """Cheap tests come first: an identifier with dashes is common, one of the very length is not."""
    column = _of(field)
    dashed = column.str.len_chars() == _SOCIAL_SECURITY_LENGTH if field.key else column.str.contains("-", literal=True)
    number = dashed & column.str.contains(_SOCIAL_SECURITY)
    address = column.str.contains("@", literal=True) & column.str.contains(_E_MAIL)
    return number | address


def _of(field: FieldSpec, name: str | None = None) -> nw.Expr:
    import narwhals.stable.v2 as nw

    return nw.col(name or field.name)


def _listed(codes: tuple[str, ...]) -> str:
    shown = ", ".join(codes[:12])
    return f"Accepted: {shown}{', ...' if len(codes) > 12 else ''}."


def zones_in(frame: nw.LazyFrame[Any], engine: Any) -> frozenset[str]:
    """Return the time zones named in a table."""
    names = engine.collect(frame.select("time_zone").unique())["time_zone"]
    return frozenset(name for name in names if name is not None)
