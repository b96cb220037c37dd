"""The rules that follow from the model: required, codes, ranges, identifiers, years, zones."""

from __future__ import annotations

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


@attrs.frozen
class FieldCheck:
    """One rule on one field; `broken` is true for the rows that break it."""

    code: str
    field: FieldSpec
    broken: nw.Expr
    detail: str = ""


def field_checks(
    record: type[Record], standard: Standard, profile: Profile, zones: frozenset[str]
) -> Iterator[FieldCheck]:
    """Yield every check that the declared fields of a record and the profile ask for.

    `zones` are the names found in the table's time_zone.
    """
    required = profile.required_fields.get(record.table, ())
    for field in record.fields():
        codes: tuple[str, ...] = ()
        if field.codes:
            codes = profile.codes.get(field.codes, standard.codes[field.codes].names())
        yield from _checks_of(field, field.required or field.name in required, codes, zones)


def _checks_of(field: FieldSpec, required: bool, codes: tuple[str, ...], zones: frozenset[str]) -> Iterator[FieldCheck]:
    import narwhals.stable.v2 as nw

    column = nw.col(field.name)
    if required:
        known_bad = nw.col(INVALID).fill_null("").str.contains(f",{field.name},", literal=True)
        yield FieldCheck("FLD-REQUIRED", field, column.is_null() & ~known_bad)
    if codes:
        yield FieldCheck("FLD-CODE", field, _false_if_null(~column.is_in(list(codes)), column), _listed(codes))
    if field.key or field.refers_to:
        length = column.str.len_chars()
        edges = column.str.strip_chars().str.len_chars() != length
        broken = edges | (length == 0) | (length > MAXIMUM_ID_LENGTH)
        if field.type == "text":
            yield FieldCheck("FLD-ID", field, _false_if_null(broken, column))
    if field.minimum is not None or field.maximum is not None:
        low = -1e300 if field.minimum is None else field.minimum
        high = 1e300 if field.maximum is None else field.maximum
        detail = f"Accepted: {low:g} to {high:g}{f' {field.unit}' if field.unit else ''}."
        yield FieldCheck("FLD-RANGE", field, _false_if_null((column < low) | (column > high), column), detail)
    if field.type in ("date", "instant"):
        unit = 1 if field.type == "date" else _SECONDS_A_DAY
        outside = (column < _FIRST_DAY * unit) | (column >= (_LAST_DAY + 1) * unit)
        detail = f"Accepted: {EARLIEST_YEAR} to {LATEST_YEAR}."
        yield FieldCheck("FLD-YEAR", field, _false_if_null(outside, column), detail)
    if field.name == "time_zone":
        unknown = sorted(zone for zone in zones if not is_zone(zone))
        yield FieldCheck("FLD-ZONE", field, _false_if_null(column.is_in(unknown), column))


def _false_if_null(condition: nw.Expr, column: nw.Expr) -> nw.Expr:
    """Null handling differs between engines in a negated condition; an absent value breaks no such rule."""
    return condition.fill_null(False) & ~column.is_null()


def _listed(codes: tuple[str, ...]) -> str:
    shown = ", ".join(codes[:12])
    return f"Accepted: {shown}{', ...' if len(codes) > 12 else ''}."


def zones_in(frame: nw.LazyFrame[Any], engine: Any) -> frozenset[str]:
    """Return the time zones named in a table."""
    names = engine.collect(frame.select("time_zone").unique())["time_zone"]
    return frozenset(name for name in names if name is not None)
