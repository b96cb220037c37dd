"""What all records share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import attrs

from blended_standard.errors import ModelError
from blended_standard.model import fields as f
from blended_standard.model.fields import FieldSpec, Missing


@attrs.frozen(kw_only=True)
class Record:
    """What all records share.

    `missing` says why a value is absent, by field name. `extra` keeps what the standard does not know, under a
    namespaced name (`wa:district`), and writes it back untouched.
    """

    table: ClassVar[str]
    missing: Mapping[str, Missing] = attrs.field(factory=dict, hash=False)
    extra: Mapping[str, Any] = attrs.field(factory=dict, hash=False, validator=f.check)

    @classmethod
    def fields(cls) -> tuple[FieldSpec, ...]:
        """Return what the standard says of each field."""
        return f.specs(cls)

    @classmethod
    def key_fields(cls) -> tuple[str, ...]:
        """Return the names of the fields that identify a record."""
        return tuple(spec.name for spec in cls.fields() if spec.key)


def in_order(record: Record, first: str, second: str) -> None:
    """Refuse a record whose date `second` lies before its date `first`."""
    start, end = getattr(record, first), getattr(record, second)
    if start is not None and end is not None and end < start:
        raise ModelError(f"{type(record).__name__}.{second}: {end} lies before {first}, {start}.")
