"""The fast route from JSON to records: msgspec fills lean twins, from which records are made without validating again.

What it does not plainly accept is None, for the detailed route of `io.codec` to judge.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import gc
from collections.abc import Callable, Iterator
from typing import Annotated, Any

from blended_standard.io.filling import from_twins
from blended_standard.model import RECORDS, FieldSpec, Missing, Record
from blended_standard.model.fields import MAXIMUM_ID_LENGTH

_IN_CACHE = 1 << 18


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
        self.fill = from_twins(record)

    def lines(self, batch: bytes) -> list[Any] | None:
        """Decode JSON Lines."""
        one = self.one
        return self._try(lambda: [one(line) for line in batch.split(b"\n") if line], batch)

    def array(self, content: bytes) -> list[Any] | None:
        """Decode one JSON array."""
        return self._try(lambda: self.many(content), content)

    def _try(self, decode: Callable[[], list[Any]], content: bytes) -> list[Any] | None:
        try:
            twins = decode()
            return self.fill(twins) if self._all_keys(content, twins) else None
        except self.refusals:
            return None

    def _all_keys(self, content: bytes, twins: list[Any]) -> bool:
        """Say whether no key stands twice, of which msgspec drops the first.

        Keys are counted in what came and in what the twins give back. A mark inside a text counts on both sides
        alike; texts that write quotes and letters as escapes are left to the detailed route.
        """
        there = count_keys(content)
        if there is None or (b"\\" in content and b"\\u00" in content):
            return False
        return there == count_keys(self.encode(twins))


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Keep the garbage collector from walking what is made here: all of it is kept, and no cycle is among it."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def count_keys(content: bytes) -> int | None:
    """Count the marks `":` that end keys; None where a space stands between the two."""
    import numpy as np

    marks, found = np.frombuffer(content, np.uint8), 0
    for start in range(0, len(marks), _IN_CACHE):
        part = marks[start : start + _IN_CACHE + 1]
        before = part[:-1][part[1:] == ord(":")]
        if np.any(before <= ord(" ")):
            return None
        found += int(np.count_nonzero(before == ord('"')))
    return found


def _twin(record: type[Record]) -> Any:
    """Return a structure with the fields of the record and the types and ranges that msgspec checks.

    What did not come is UNSET, so that what the twin gives back has the keys that came, null among them.
    """
    import msgspec

    required: list[Any] = []
    optional: list[Any] = [("missing", dict[str, Missing] | None | msgspec.UnsetType, msgspec.UNSET)]
    for field in record.fields():
        limits = _limits(field)
        kind: Any = _TWIN_TYPES[field.type]
        kind = Annotated[kind, msgspec.Meta(**limits)] if limits else kind
        if field.required:
            required.append((field.name, kind))
        else:
            optional.append((field.name, kind | None | msgspec.UnsetType, msgspec.UNSET))
    return msgspec.defstruct(
        record.__name__,
        [*required, *optional],
        kw_only=True,
        forbid_unknown_fields=True,
        gc=False,
    )


def _limits(field: FieldSpec) -> dict[str, Any]:
    """Return the constraints of a field that msgspec checks."""
    if field.type == "text" and (field.key or field.refers_to):
        return {"min_length": 1, "max_length": MAXIMUM_ID_LENGTH}
    if field.type == "integer":
        low, high = field.minimum, field.maximum
        return {"ge": 1 - 2**63 if low is None else int(low), "le": 2**63 - 1 if high is None else int(high)}
    limits = {"ge": field.minimum, "le": field.maximum} if field.type == "number" else {}
    return {name: limit for name, limit in limits.items() if limit is not None}


_TWIN_TYPES = {"text": str, "integer": int, "number": float, "boolean": bool, "date": dt.date, "instant": str}
