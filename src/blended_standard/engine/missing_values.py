"""Frames in canonical form without the values that a profile lists for absent ones."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from blended_standard.io.missing_values import Words, typed_words
from blended_standard.model import FieldSpec, Missing, Record

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw


def listed_values(record: type[Record], words: Words) -> Iterator[tuple[FieldSpec, dict[Missing, list[Any]]]]:
    """Yield every field that could hold a word, and the words in canonical form by their reason."""
    for field in record.fields():
        made: dict[Missing, list[Any]] = {}
        for value, reason in typed_words(field.type, tuple(words.items())).items():
            made.setdefault(reason, []).append(_canonical(value))
        if made:
            yield field, made


def without_missing_values(frame: nw.LazyFrame[Any], record: type[Record], words: Words) -> nw.LazyFrame[Any]:
    """Return a table in canonical form in which values that stand for absent ones are null."""
    import narwhals.stable.v2 as nw

    kept = {}
    for field, reasons in listed_values(record, words):
        values = [value for listed in reasons.values() for value in listed]
        kept[field.name] = nw.when(~nw.col(field.name).is_in(values)).then(nw.col(field.name))
    return frame.with_columns(**kept) if kept else frame


def _canonical(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return int(value.timestamp())
    return (value - dt.date(1970, 1, 1)).days if isinstance(value, dt.date) else value
