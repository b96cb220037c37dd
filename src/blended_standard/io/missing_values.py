"""Words that a profile lists for an absent value, such as N/A or -99, taken away as rows are read.

A text is compared with a word as it is written; a value of another type with what the word reads as, so that -99 is the
number too. Each value that is taken away is a note, and its reason goes to where reasons for missing values are kept.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs

from blended_standard.findings import FindingCollector
from blended_standard.io.tables import MISSING
from blended_standard.io.text import RawRow
from blended_standard.io.typed import READERS, reasons_of
from blended_standard.model import FieldType, Missing, Record

Words = Mapping[str, Missing]


def without_missing_values(
    rows: Iterable[RawRow], record: type[Record], words: Words, found: FindingCollector
) -> Iterable[RawRow]:
    """Return rows without the values that stand for absent ones; a reason that a row gives itself goes before."""
    return _without(rows, record, words, found) if words else rows


def _without(rows: Iterable[RawRow], record: type[Record], words: Words, found: FindingCollector) -> Iterator[RawRow]:
    for raw in rows:
        taken = absent_in(raw.values, record, words)
        for field in record.fields():
            if field.name in taken:
                found.add(
                    "FLD-MISSING-VALUE",
                    table=record.table,
                    row=raw.row,
                    line=raw.line,
                    field=field.name,
                    value=raw.values[field.name],
                    detail=told(taken[field.name]),
                    identifying=field.identifying,
                )
        if taken:
            values = {**raw.values, **dict.fromkeys(taken), MISSING: _with_reasons(raw.values.get(MISSING), taken)}
            yield attrs.evolve(raw, values=values)
        else:
            yield raw


def _with_reasons(given: Any, taken: Mapping[str, Missing]) -> Any:
    try:
        return {**taken, **reasons_of(given)} if given else taken
    except ValueError:  # a finding of its own says that it cannot be read
        return given


def told(reason: Missing) -> str:
    """Say as what a value was read."""
    return f"It was read as absent: {reason.replace('_', ' ')}."


def absent_in(values: Mapping[str, Any], record: type[Record], words: Words) -> dict[str, Missing]:
    """Return the fields of a row whose values stand for absent ones, with the reasons."""
    reasons = {
        field.name: _reason(values[field.name], field.type, words)
        for field in record.fields()
        if values.get(field.name) is not None
    }
    return {name: reason for name, reason in reasons.items() if reason}


def _reason(value: Any, kind: FieldType, words: Words) -> Missing | None:
    if isinstance(value, str):
        return words.get(value)
    try:
        return typed_words(kind, tuple(words.items())).get(READERS[kind](value))
    except ValueError:
        return None


@functools.lru_cache
def typed_words(kind: FieldType, words: tuple[tuple[str, Missing], ...]) -> Mapping[Any, Missing]:
    """Return what words read as in fields of a type, those that can be read, with their reasons."""
    made: dict[Any, Missing] = {}
    for word, reason in words:
        try:
            made[READERS[kind](word)] = reason
        except ValueError:
            continue
    return made
