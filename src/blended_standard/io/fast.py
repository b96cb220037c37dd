"""The fast route from JSON to records: msgspec fills lean twins, from which records are made without validating again.

What it does not plainly accept is None, for the detailed route of `io.codec` to judge.
"""

from __future__ import annotations

import datetime as dt
import functools
import gc
from collections.abc import Callable, Iterator
from typing import Annotated, Any, cast

from blended_standard.io.typed import read_instant
from blended_standard.model import RECORDS, FieldSpec, Missing, Record
from blended_standard.model.fields import EARLIEST_YEAR, LATEST_YEAR, MAXIMUM_ID_LENGTH


@functools.cache
def fast_decoder(table: str) -> FastDecoder:
    """Return the decoder of a table, made once."""
    return FastDecoder(RECORDS[table])


class FastDecoder:
    """Decodes what is plainly sound; None sends the batch to the detailed route."""

    def __init__(self, record: type[Record]) -> None:
        import msgspec

        twin = _twin(record)
        self.refusals = (msgspec.DecodeError, ValueError)
        self.one = msgspec.json.Decoder(twin).decode
        self.many = msgspec.json.Decoder(list[twin]).decode  # type: ignore[valid-type]
        self.encode = msgspec.json.Encoder().encode
        self.fill = _filler(record)

    def lines(self, batch: bytes) -> list[Any] | None:
        """Decode JSON Lines."""
        one = self.one
        return self._try(lambda: [one(line) for line in batch.split(b"\n") if line], batch)

    def array(self, content: bytes) -> list[Any] | None:
        """Decode one JSON array."""
        return self._try(lambda: self.many(content), content)

    def _try(self, decode: Callable[[], list[Any]], content: bytes) -> list[Any] | None:
        collecting = gc.isenabled()
        gc.disable()  # what is made here is kept, and no cycle is among it
        try:
            twins = decode()
            return self.fill(twins) if self._all_keys(content, twins) else None
        except self.refusals:
            return None
        finally:
            if collecting:
                gc.enable()

    def _all_keys(self, content: bytes, twins: list[Any]) -> bool:
        """Say whether no key stands twice, of which msgspec drops the first.

        Keys are counted in what came and in what the twins give back, which leaves absent values out. A mark inside
        a text counts on both sides alike, for texts that write quotes and letters as escapes are left to the detail.
        So are batches that write null: a key that stands twice before null leaves no trace in the twins.
        """
        there, absent = count_keys(content)
        if there is None or absent or (b"\\" in content and b"\\u00" in content):
            return False
        again, never = count_keys(self.encode(twins))
        return again is not None and there == again - never


def count_keys(content: bytes) -> tuple[int | None, int]:
    """Count the marks `":` that end keys, and those of them before null; None where a space stands before a colon."""
    import numpy as np

    marks = np.frombuffer(content + b"    ", np.uint8)
    colon = marks[1:] == ord(":")
    if np.any(colon & (marks[:-1] <= ord(" "))):
        return None, 0
    ends = np.flatnonzero(colon & (marks[:-1] == ord('"')))
    first = marks[ends + 2]
    null = (first == ord("n")) | ((first == ord(" ")) & (marks[ends + 3] == ord("n")))
    return len(ends), int(np.count_nonzero(null))


def _twin(record: type[Record]) -> Any:
    """Return a structure with the fields of the record and the types and ranges that msgspec checks."""
    import msgspec

    required: list[Any] = []
    optional: list[Any] = [("missing", dict[str, Missing], {})]
    for field in record.fields():
        limits: dict[str, float | None] = {"ge": field.minimum, "le": field.maximum}
        if field.type == "integer":
            low, high = field.minimum, field.maximum
            limits = {"ge": 1 - 2**63 if low is None else int(low), "le": 2**63 - 1 if high is None else int(high)}
        stated = {name: limit for name, limit in limits.items() if limit is not None}
        kind: Any = _TWIN_TYPES[field.type]
        kind = (
            Annotated[kind, msgspec.Meta(**cast(Any, stated))]
            if stated and field.type in ("integer", "number")
            else kind
        )
        if field.required:
            required.append((field.name, kind))
        else:
            optional.append((field.name, kind | None, None))
    return msgspec.defstruct(
        record.__name__,
        [*required, *optional],
        kw_only=True,
        omit_defaults=True,
        forbid_unknown_fields=True,
        gc=False,
    )


def _filler(record: type[Record]) -> Callable[[list[Any]], list[Any]]:
    """Return a function that checks twins for what msgspec does not, and makes records of them.

    A record is frozen. It is filled as an open class of the same slots, and its class is exchanged when it is whole.
    """
    slots = {"__slots__": record.__slots__, "__setattr__": object.__setattr__}  # type: ignore[attr-defined]
    slots["__delattr__"] = object.__delattr__  # with both, Python assigns straight to the slots
    scope: dict[str, Any] = {"record": record, "read_instant": read_instant}
    scope |= {"new": object.__new__, "open_record": type(record.__name__, (Record,), slots)}
    lines = ["def fill(twins):", " made = []", " for twin in twins:", "  entry = new(open_record)"]
    for field in record.fields():
        steps = [f"   {step}" for step in _steps(field)]
        lines += [f"  value = twin.{field.name}", *(["  if value is not None:", *steps] if steps else [])]
        lines.append(f"  entry.{field.name} = value")
    lines += ["  entry.missing = twin.missing", "  entry.extra = {}", "  entry.__class__ = record"]
    lines += ["  entry.__attrs_post_init__()"] if hasattr(record, "__attrs_post_init__") else []
    exec("\n".join([*lines, "  made.append(entry)", " return made"]), scope)
    made: Callable[[list[Any]], list[Any]] = scope["fill"]
    return made


def _steps(field: FieldSpec) -> Iterator[str]:
    years = f"if not {EARLIEST_YEAR} <= value.year <= {LATEST_YEAR}: raise ValueError"
    if field.type == "text" and (field.key or field.refers_to):
        yield f"if not (0 < len(value) <= {MAXIMUM_ID_LENGTH} and value.strip() == value): raise ValueError"
    elif field.type == "date":
        yield years
    elif field.type == "instant":
        yield "value = read_instant(value)"
        yield years
    elif field.type == "number":
        yield "value += 0.0"


_TWIN_TYPES = {"text": str, "integer": int, "number": float, "boolean": bool, "date": dt.date, "instant": str}
