"""Turn single raw values into the types of the model; what cannot be read is refused, never guessed."""

from __future__ import annotations

import datetime as dt
import functools
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from blended_standard.model import FieldSpec, FieldType, Missing
from blended_standard.model.fields import HALF_A_CHARACTER, is_written

_WHOLE = re.compile(r"[+-]?\d+")
_INTEGER = re.compile(r"[+-]?\d{1,18}")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_OFFSET = r"(Z|[+-]\d{2}:?\d{2})"
_INSTANT = re.compile(rf"\d{{4}}-\d{{2}}-\d{{2}}[T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{{1,6}})?)?{_OFFSET}")
_MIDNIGHT_AS_24 = re.compile(rf"(\d{{4}}-\d{{2}}-\d{{2}})[T ]24:00(?::00(?:\.0+)?)?({_OFFSET}?)")
_LEAP_SECOND = re.compile(rf"(\d{{4}}-\d{{2}}-\d{{2}}[T ]\d{{2}}:\d{{2}}):60(?:\.\d+)?({_OFFSET}?)")
_CLOCK = re.compile(rf"\d{{4}}-\d{{2}}-\d{{2}}[T ]\d{{2}}:\d{{2}}(:\d{{2}}(\.\d+)?)?{_OFFSET}?")

FORMS: Mapping[FieldType, str] = {
    "text": "text",
    "integer": "a whole number such as 12",
    "number": "a number such as 12.5",
    "boolean": "true or false",
    "date": "a date such as 2025-01-31",
    "instant": "an instant with its offset such as 2025-01-31T14:05:00Z",
}
TEXTUAL = ("text", "date", "instant")
D = TypeVar("D", dt.date, dt.datetime)


def reasons_of(given: Any) -> dict[str, str]:
    """Read what stands in `missing`; `ValueError` where it is no list of fields and reasons."""
    pairs = dict(part.partition("=")[::2] for part in given.split(";")) if isinstance(given, str) else given
    try:
        return {name.strip(): Missing(reason.strip()).value for name, reason in pairs.items()}
    except AttributeError:
        raise ValueError from None


def read_typed(field: FieldSpec, value: Any) -> Any:
    """Read a value as JSON holds it: text is no number and no truth value there; `ValueError` where it is refused."""
    if isinstance(value, str) is not (field.type in TEXTUAL):
        raise ValueError
    return READERS[field.type](value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError
    if is_written(value):
        return value
    raise ValueError(f"({HALF_A_CHARACTER})")


def _integer(value: Any) -> int:
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63:
        return value
    too_large = isinstance(value, int | float) and abs(value) >= 2**53
    raise ValueError("(it is too large)" if too_large or _is_whole(value) else _hint_at_groups(value))


def _plain_integer(value: Any) -> int:
    """Read a whole number that is written as one: 12.0 is read too, but not without a word."""
    if isinstance(value, float):
        raise ValueError
    return _integer(value)


def _number(value: Any) -> float:
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = int(value) if _is_whole(value) else float(value)
    if isinstance(value, int) and not isinstance(value, bool):
        if abs(value) < 2**1023 and float(value) == value:
            return float(value)
        raise ValueError("(a whole number of this size would be rounded)")
    if isinstance(value, float) and math.isfinite(value):
        return value + 0.0
    raise ValueError(_hint_at_groups(value))


def _is_whole(value: Any) -> bool:
    return isinstance(value, str) and _WHOLE.fullmatch(value) is not None


def _hint_at_groups(value: Any) -> str:
    return "(thousands are not grouped)" if isinstance(value, str) and "," in value else ""


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value in ("true", "false"):
        return value == "true"
    raise ValueError


def _date(value: Any) -> dt.date:
    if isinstance(value, dt.datetime) and value.tzinfo is None and value.time() == dt.time():
        return value.date()
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value
    if isinstance(value, str):
        return _date_of_text(value)
    raise ValueError


@functools.lru_cache(maxsize=1 << 16)  # a program's records name the same few thousand days
def _date_of_text(value: str) -> dt.date:
    if _DATE.fullmatch(value):
        return _in_calendar(dt.date.fromisoformat, value)
    raise ValueError


def read_instant(value: Any) -> dt.datetime:
    """Read an instant that carries its offset, into UTC; `ValueError` says in brackets what keeps it out."""
    if isinstance(value, str):
        if not _INSTANT.fullmatch(value):
            raise ValueError(_what_keeps_out(value))
        value = _in_calendar(dt.datetime.fromisoformat, value)
    if not isinstance(value, dt.datetime) or value.tzinfo is None:
        raise ValueError
    try:
        return value.astimezone(dt.UTC)
    except OverflowError:
        raise ValueError("(it lies outside the calendar)") from None


def local_time(value: Any) -> dt.datetime | None:
    """Return a time that lacks nothing but its offset."""
    if isinstance(value, str) and _INSTANT.fullmatch(value + "Z"):
        return dt.datetime.fromisoformat(value)
    return value if isinstance(value, dt.datetime) and value.tzinfo is None else None


def _what_keeps_out(text: str) -> str:
    """Say in brackets why a text is no instant where the reason is known, and what to write instead."""
    if _INSTANT.fullmatch(text + "Z"):
        return "(the offset from UTC is missing)"
    try:
        if day := _MIDNIGHT_AS_24.fullmatch(text):
            following = dt.date.fromisoformat(day[1]) + dt.timedelta(days=1)
            return f"(the day ends as the next begins: write {following}T00:00:00{day[2]})"
        if minute := _LEAP_SECOND.fullmatch(text):
            before = dt.datetime.fromisoformat(f"{minute[1]}:59")
            near = " or ".join(f"{at.isoformat()}{minute[2]}" for at in (before, before + dt.timedelta(seconds=1)))
            return f"(leap seconds are not counted: write {near})"
    except (ValueError, OverflowError):
        return "(there is no such day or time)"
    return "(hours go to 23, minutes and seconds to 59)" if _CLOCK.fullmatch(text) else ""


def _in_calendar(parse: Callable[[str], D], value: str) -> D:
    try:
        return parse(value)
    except ValueError as error:
        raise ValueError(f"({error})") from None


READERS: Mapping[FieldType, Callable[[Any], Any]] = {
    "text": _text,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "instant": read_instant,
}


def _not_in_quotes(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def read_json(value: Any) -> Any:
        if isinstance(value, str):
            raise ValueError
        return read(value)

    return read_json


PLAIN_READERS = {**READERS, "integer": _plain_integer}
PLAIN_JSON_READERS = {kind: read if kind in TEXTUAL else _not_in_quotes(read) for kind, read in PLAIN_READERS.items()}
"""The readers of a value that is plainly of its type, as it stands in text and as it stands in JSON."""
