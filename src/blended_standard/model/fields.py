"""How a record declares its fields: type, constraint, meaning and counterparts, once, in the class.

The data dictionary, the JSON Schemas, the readers and the field rules are all derived from what is declared here.
"""

from __future__ import annotations

import datetime as dt
import enum
import functools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

import attrs

from blended_standard.errors import ModelError

FieldType = Literal["text", "integer", "number", "boolean", "date", "instant"]
Counterparts = Mapping[str, str]

_IDENTIFIER = re.compile(r"\S(.*\S)?", re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")
HALF_A_CHARACTER = "half a character: a surrogate that stands alone"
MAXIMUM_ID_LENGTH = 256
EARLIEST_YEAR, LATEST_YEAR = 1900, 2200


class Missing(enum.StrEnum):
    """Why a value is absent. A bare absent value means `not_collected`."""

    NOT_COLLECTED = "not_collected"
    NOT_APPLICABLE = "not_applicable"
    NOT_YET_OBSERVABLE = "not_yet_observable"
    LOST = "lost"
    SUPPRESSED = "suppressed"
    INVALID = "invalid"


@attrs.frozen(kw_only=True)
class FieldSpec:
    """What the standard says of one field of one record."""

    name: str
    type: FieldType
    meaning: str
    required: bool = False
    key: bool = False
    refers_to: str | None = None
    codes: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    unit: str | None = None
    identifying: bool = False
    legacy: bool = False
    counterparts: Counterparts = attrs.field(factory=dict)
    since: str = "0.1.0"


def text(meaning: str, **facts: Any) -> Any:
    """Declare a text field."""
    return _declare("text", meaning, **facts)


def code(codes: str, meaning: str, **facts: Any) -> Any:
    """Declare a field whose value is a code of the list `codes`."""
    return _declare("text", meaning, codes=codes, **facts)


def key(meaning: str, **facts: Any) -> Any:
    """Declare the identifier of a record (or one part of it)."""
    return _declare("text", meaning, key=True, required=True, **facts)


def reference(refers_to: str, meaning: str, *, required: bool = True, **facts: Any) -> Any:
    """Declare a field that holds the identifier of a record of the table `refers_to`."""
    return _declare("text", meaning, refers_to=refers_to, required=required, **facts)


def integer(meaning: str, **facts: Any) -> Any:
    """Declare a whole number."""
    return _declare("integer", meaning, **facts)


def number(meaning: str, **facts: Any) -> Any:
    """Declare a real number; NaN and infinity are refused."""
    return _declare("number", meaning, **facts)


def boolean(meaning: str, **facts: Any) -> Any:
    """Declare a yes-or-no field."""
    return _declare("boolean", meaning, **facts)


def date(meaning: str, **facts: Any) -> Any:
    """Declare a calendar date, local to the site, without a time."""
    return _declare("date", meaning, unit=facts.pop("unit", "local calendar date of the site"), **facts)


def instant(meaning: str, **facts: Any) -> Any:
    """Declare an instant; it must carry an offset and is held in UTC."""
    return _declare("instant", meaning, unit=facts.pop("unit", "UTC"), **facts)


def specs(record: type) -> tuple[FieldSpec, ...]:
    """Return the declared fields of a record class, in order."""
    kind: Any = record  # mypy takes the hash of a class for that of its records
    return _specs(kind)


@functools.cache
def _specs(record: type) -> tuple[FieldSpec, ...]:
    return tuple(
        attrs.evolve(field.metadata["spec"], name=field.name)
        for field in attrs.fields(record)
        if "spec" in field.metadata
    )


def _declare(kind: FieldType, meaning: str, *, required: bool = False, **facts: Any) -> Any:
    spec = FieldSpec(name="", type=kind, meaning=meaning, required=required, **facts)
    default = attrs.NOTHING if required else None
    return attrs.field(default=default, metadata={"spec": spec})


def check(record: Any, attribute: object = None, value: object = None) -> None:
    """Refuse a record that breaks a constraint of its fields; an attrs validator of a whole record.

    One straight-line function a class accepts what is plainly sound; what it does not accept is judged field by field.
    """
    kind: Any = type(record)
    if not _accepts(kind)(record):
        for field in specs(kind):
            _refuse(record, field)
        _refuse_extra(record)


def _refuse(record: Any, spec: FieldSpec) -> None:
    value = getattr(record, spec.name)
    if value is None:
        if spec.required:
            raise ModelError(f"{_name(record)}.{spec.name} is required. Give a {spec.type}.")
        return
    problem = problem_with(spec, value)
    if problem:
        shown = "the value given" if spec.identifying else repr(value)[:80]
        raise ModelError(f"{_name(record)}.{spec.name}: {shown} {problem}.")


def _refuse_extra(record: Any) -> None:
    known = {spec.name for spec in specs(type(record))}
    for name in record.extra:
        if name in known or name in ("missing", "extra"):
            raise ModelError(f"{_name(record)}.extra: {name!r} is a field of it. Name local fields state:field.")
        if not is_written(f"{name} {json.dumps(record.extra[name], ensure_ascii=False, default=str)}"):
            raise ModelError(f"{_name(record)}.extra: {name!r} holds {HALF_A_CHARACTER}.")
    for name, reason in record.missing.items():
        if reason not in set(Missing):
            raise ModelError(f"{_name(record)}.missing: {name}={reason!r}. Accepted: {', '.join(Missing)}.")


@functools.cache
def _accepts(record: type) -> Callable[[Any], bool]:
    """Return a function that is true only for records that no constraint refuses."""
    lines = ["def accepts(record):", " if record.extra or record.missing: return False"]
    for spec in specs(record):
        sound = " and ".join(conditions(spec))
        absent = "" if spec.required else "value is None or "
        lines += [f" value = record.{spec.name}", f" if not ({absent}({sound})): return False"]
    scope: dict[str, Any] = {"date": dt.date, "datetime": dt.datetime, "is_written": is_written}
    exec("\n".join([*lines, " return True"]), scope)
    made: Callable[[Any], bool] = scope["accepts"]
    return made


def conditions(spec: FieldSpec) -> Iterator[str]:
    """Yield Python conditions on `value` that together keep `problem_with` silent."""
    kinds = {"text": "str", "integer": "int", "number": "float", "boolean": "bool", "instant": "datetime"}
    yield f"value.__class__ is {kinds.get(spec.type, 'date')}"
    if spec.type == "text":
        yield "(value.isascii() or is_written(value))"
    if spec.type == "text" and (spec.key or spec.refers_to):
        yield f"0 < len(value) <= {MAXIMUM_ID_LENGTH} and value.strip() == value"
    if spec.type in ("date", "instant"):
        yield f"{EARLIEST_YEAR} <= value.year <= {LATEST_YEAR}"
    if spec.type == "instant":
        yield "value.tzinfo is not None and value.utcoffset() is not None"
    if spec.type == "number":
        yield "value - value == 0"
    if spec.minimum is not None:
        yield f"value >= {spec.minimum!r}"
    if spec.maximum is not None:
        yield f"value <= {spec.maximum!r}"


def problem_with(spec: FieldSpec, value: object) -> str | None:
    """Say what keeps a typed `value` out of the field, or None when nothing does (code lists apart)."""
    kinds: dict[FieldType, type | tuple[type, ...]] = {
        "text": str,
        "integer": int,
        "number": (int, float),
        "boolean": bool,
        "date": dt.date,
        "instant": dt.datetime,
    }
    wrong_kind = not isinstance(value, kinds[spec.type]) or (isinstance(value, bool) and spec.type != "boolean")
    if wrong_kind or (spec.type == "date" and isinstance(value, dt.datetime)):
        return f"is not a {spec.type}"
    if isinstance(value, str):
        return _problem_with_text(spec, value)
    if isinstance(value, dt.datetime) and value.utcoffset() is None:
        return "has no offset from UTC"
    if isinstance(value, dt.date) and not EARLIEST_YEAR <= value.year <= LATEST_YEAR:
        return f"lies outside the years {EARLIEST_YEAR} to {LATEST_YEAR}"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _problem_with_number(spec, value)
    return None


def is_written(text: str) -> bool:
    """Say whether a text can be written down: one of Python may hold half a character."""
    return text.isascii() or not _SURROGATE.search(text)


def _problem_with_text(spec: FieldSpec, value: str) -> str | None:
    if not is_written(value):
        return f"holds {HALF_A_CHARACTER}"
    if not (spec.key or spec.refers_to):
        return None
    if not _IDENTIFIER.fullmatch(value):
        return "is blank, or begins or ends with a space"
    if len(value) > MAXIMUM_ID_LENGTH:
        return f"is longer than {MAXIMUM_ID_LENGTH} characters"
    return None


def _problem_with_number(spec: FieldSpec, value: float) -> str | None:
    if value != value or value in (float("inf"), float("-inf")):
        return "is not a finite number"
    if spec.minimum is not None and value < spec.minimum:
        return f"is below {spec.minimum:g}, the smallest accepted"
    if spec.maximum is not None and value > spec.maximum:
        return f"is above {spec.maximum:g}, the largest accepted"
    return None


def _name(instance: object) -> str:
    return type(instance).__name__
