"""The rules that follow from the model: required, codes, ranges, identifiers, years, zones, references."""

from __future__ import annotations

import datetime as dt
import difflib
import functools
import operator
import zoneinfo
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import attrs

from blended_standard.engine.base import BEYOND_ASCII
from blended_standard.engine.zones import is_zone
from blended_standard.io.tables import INVALID
from blended_standard.model import RECORDS, FieldSpec, Record
from blended_standard.model.fields import EARLIEST_YEAR, LATEST_YEAR, MAXIMUM_ID_LENGTH
from blended_standard.spec import Profile, Standard

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw

_FIRST_DAY = -25_567  # 1900-01-01
_LAST_DAY = 84_370  # 2200-12-31
_SECONDS_A_DAY = 86_400
_MOST_ZONES = 20
FIRST_VISIBLE = "!"  # an empty text and one that begins with a space or a control character sort before it
SPACES = (" ", "\t", "\n", "\r")


E_MAIL = r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}"
SOCIAL_SECURITY = r"(?:^|[^0-9A-Za-z-])[0-9]{3}-[0-9]{2}-[0-9]{4}(?:$|[^0-9A-Za-z-])"
SOCIAL_SECURITY_LENGTH = 11
_WORD = r"[A-ZÀ-Þ][A-Za-zÀ-ÿ'’.-]*"
PERSON = rf"^[A-ZÀ-Þ][A-Za-zÀ-ÿ'’-]*[a-zà-ÿ](?:, ?| ){_WORD}(?: {_WORD})?$"
"""Two or three words that begin with a capital, as in Jane Doe and Doe, Jane A."""

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
    unjudged: frozenset[str] = frozenset()
    """Tables that are not there and to which references are not judged."""


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
            yield FieldCheck("FLD-CODE", field, ~_of(field).is_in(list(codes)), listed(codes))
        if field.type == "text" and (field.key or field.refers_to):
            joined = field.refers_to is not None and field.refers_to not in context.unjudged
            yield _identifier(field, joined=joined)
        if field.refers_to and field.refers_to not in context.unjudged:
            absent = _of(field, there(field)).is_null() & ~_of(field).is_null()
            yield FieldCheck("REF-DANGLING", field, absent, f"No such record in {field.refers_to}.", joined=field.name)
        if field.minimum is not None or field.maximum is not None:
            yield _range(field)
        if field.type in ("date", "instant"):
            yield from _time(record, field, context.as_of)
        if field.type == "text" and not (field.codes or field.refers_to):
            yield FieldCheck("PRV-DIRECT", field, _direct(field), redact=True)
        if field == single_key(record.table):
            yield FieldCheck("IDS-TWIN", field, _of(field, BEYOND_ASCII))
        if field.name == "time_zone":
            unknown = sorted(zone for zone in context.zones if not is_zone(zone))
            for zone in unknown[:_MOST_ZONES]:
                yield FieldCheck("FLD-ZONE", field, _of(field) == zone, near_zones(zone))
            if unknown[_MOST_ZONES:]:
                yield FieldCheck("FLD-ZONE", field, _of(field).is_in(unknown[_MOST_ZONES:]))


def _given(field: FieldSpec) -> FieldCheck:
    known_bad = _of(field, INVALID).fill_null("").str.contains(f",{field.name},", literal=True)
    return FieldCheck("FLD-REQUIRED", field, _of(field).is_null() & ~known_bad)


def _identifier(field: FieldSpec, *, joined: bool) -> FieldCheck:
    """A reference that finds its record is as sound as the identifier there, which is checked at its own place."""
    column = _of(field)
    broken = (column < FIRST_VISIBLE) | (column.str.len_chars() > MAXIMUM_ID_LENGTH)
    for space in SPACES:  # few identifiers hold any, which is told faster than how they end
        broken = broken | (column.str.contains(space, literal=True) & column.str.ends_with(space))
    if joined:
        return FieldCheck("FLD-ID", field, _of(field, there(field)).is_null() & broken, joined=field.name)
    return FieldCheck("FLD-ID", field, broken)


def accepted_range(field: FieldSpec) -> str:
    """Say which numbers a field accepts."""
    unit = f" {field.unit}" if field.unit else ""
    if field.minimum is None or field.maximum is None:
        side = f"{field.minimum:g} or more" if field.maximum is None else f"{field.maximum:g} or less"
        return f"Accepted: {side}{unit}."
    return f"Accepted: {field.minimum:g} to {field.maximum:g}{unit}."


def is_outside(field: FieldSpec, value: float) -> bool:
    """Say whether a number lies outside the range of its field."""
    low, high = field.minimum, field.maximum
    return (low is not None and value < low) or (high is not None and value > high)


def _range(field: FieldSpec) -> FieldCheck:
    sides = [_of(field) < field.minimum] if field.minimum is not None else []
    sides += [_of(field) > field.maximum] if field.maximum is not None else []
    return FieldCheck("FLD-RANGE", field, functools.reduce(operator.or_, sides), accepted_range(field))


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
    dashed = column.str.len_chars() == SOCIAL_SECURITY_LENGTH if field.key else column.str.contains("-", literal=True)
    number = dashed & column.str.contains(SOCIAL_SECURITY)
    address = column.str.contains("@", literal=True) & column.str.contains(E_MAIL)
    if not names_person(field):
        return number | address
    return number | address | (column.str.contains(" ", literal=True) & column.str.contains(PERSON))


def names_person(field: FieldSpec) -> bool:
    """Say whether a field holds the pseudonym of a person, where a name would give them away."""
    return field.identifying and field.refers_to is None


def _of(field: FieldSpec, name: str | None = None) -> nw.Expr:
    import narwhals.stable.v2 as nw

    return nw.col(name or field.name)


def single_key(table: str) -> FieldSpec | None:
    """Return the key of a table where it is one text, of which people may take one for another."""
    key = [field for field in RECORDS[table].fields() if field.key]
    return key[0] if len(key) == 1 and key[0].type == "text" else None


def near_zones(zone: str) -> str:
    """Return a hint at the zones whose names are nearest, or nothing."""
    names = {name.lower(): name for name in zoneinfo.available_timezones()}
    near = difflib.get_close_matches(zone[:60].lower().replace(" ", "_"), names, n=2, cutoff=0.7)
    return f"Did you mean {' or '.join(names[name] for name in near)}?" if near else ""


def listed(codes: tuple[str, ...]) -> str:
    """Say which codes are accepted, the first of a long list."""
    shown = ", ".join(codes[:12])
    return f"Accepted: {shown}{', ...' if len(codes) > 12 else ''}."


def zones_in(frame: nw.LazyFrame[Any], engine: Any) -> frozenset[str]:
    """Return the time zones named in a table."""
    names = engine.collect(frame.select("time_zone").unique())["time_zone"]
    return frozenset(name for name in names if name is not None)
