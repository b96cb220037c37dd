"""Straight-line functions, one for each record, that fill records from what has been parsed.

What they do not plainly accept they refuse with an error of `REFUSALS` and without a word: the detailed route of
`io.codec` judges it again and explains. A record is frozen; it is filled as an open class of the same slots, and its
class is exchanged when it is whole.
"""

from __future__ import annotations

import datetime as dt
import textwrap
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from blended_standard.io.typed import READERS, read_instant
from blended_standard.model import FieldSpec, Record
from blended_standard.model.fields import EARLIEST_YEAR, LATEST_YEAR, conditions, is_written

REFUSALS = (ValueError, KeyError, TypeError, OverflowError)


def from_objects(record: type[Record]) -> Callable[[Mapping[str, Any]], Record]:
    """Return a function from one parsed JSON object to a record; one with reasons or local fields is refused."""
    lines = ["def fill(row):", " if not row.keys() <= known: raise ValueError"]
    body = _body(
        record, lambda field: f"row[{field.name!r}]" if field.required else f"row.get({field.name!r})", _judged
    )
    lines += [textwrap.indent(line, " ") for line in (*body, "entry.missing = {}", *_whole(record), "return entry")]
    return _compiled(lines, record, known=frozenset(field.name for field in record.fields()))


def from_twins(record: type[Record]) -> Callable[[list[Any]], list[Any]]:
    """Return a function from twins, which msgspec has judged by type and range, to records."""
    import msgspec

    lines = ["def fill(twins):", " made = []", " for twin in twins:"]
    body = _body(record, lambda field: f"twin.{field.name}", _left_by_msgspec, "if value is unset: value = None")
    reasons = ("value = twin.missing", "entry.missing = {} if value is unset or value is None else value")
    whole = (*body, *reasons, *_whole(record), "made.append(entry)")
    lines += [*(textwrap.indent(line, "  ") for line in whole), " return made"]
    return _compiled(lines, record, unset=msgspec.UNSET)


def _compiled(lines: list[str], record: type[Record], **scope: Any) -> Callable[[Any], Any]:
    slots = {"__slots__": record.__slots__, "__setattr__": object.__setattr__}  # type: ignore[attr-defined]
    slots["__delattr__"] = object.__delattr__  # with both, Python assigns straight to the slots
    scope |= {"new": object.__new__, "record": record, "open_record": type(record.__name__, (Record,), slots)}
    scope |= {"date": dt.date, "datetime": dt.datetime, "is_written": is_written}
    scope |= {"read_date": READERS["date"], "read_instant": read_instant}
    exec("\n".join(lines), scope)
    made: Callable[[Any], Any] = scope["fill"]
    return made


def _body(
    record: type[Record],
    read: Callable[[FieldSpec], str],
    steps: Callable[[FieldSpec], Iterator[str]],
    absent: str = "",
) -> Iterator[str]:
    """Yield statements that read every field into `entry`, after the steps that its value must pass."""
    yield "entry = new(open_record)"
    for field in record.fields():
        yield f"value = {read(field)}"
        found = [f" {step}" for step in steps(field)]
        first = absent if absent and not field.required else ""
        if first:
            yield first
        if found and field.required:
            yield from (step.strip() for step in found)
        elif found:
            yield f"{'elif' if first else 'if'} value is not None:"
            yield from found
        yield f"entry.{field.name} = value"


def _whole(record: type[Record]) -> Iterator[str]:
    yield "entry.extra = {}"
    yield "entry.__class__ = record"
    if hasattr(record, "__attrs_post_init__"):
        yield "entry.__attrs_post_init__()"


def _judged(field: FieldSpec) -> Iterator[str]:
    """Yield the steps of a value as the json module gives it."""
    if field.type in ("date", "instant"):
        yield "if value.__class__ is not str: raise ValueError"
        yield f"value = read_{field.type}(value)"
    elif field.type == "number":
        yield "if value.__class__ is not int and value.__class__ is not float: raise ValueError"
        yield "read = float(value) + 0.0"
        yield "if read != value: raise ValueError"
        yield "value = read"
    elif field.type == "integer":
        yield "if not -(2**63) < value < 2**63: raise ValueError"
    sound = " and ".join(conditions(field))
    yield f"if not ({sound}): raise ValueError"


def _left_by_msgspec(field: FieldSpec) -> Iterator[str]:
    """Yield the steps that msgspec does not take as it fills a twin."""
    if field.type == "text" and (field.key or field.refers_to):
        yield "if value.strip() != value: raise ValueError"
    elif field.type == "instant":
        yield "value = read_instant(value)"
    elif field.type == "number":
        yield "if not -(2**53) < value < 2**53: raise ValueError"  # it may have been a whole number that was rounded
        yield "value += 0.0"
    if field.type in ("date", "instant"):
        yield f"if not {EARLIEST_YEAR} <= value.year <= {LATEST_YEAR}: raise ValueError"
