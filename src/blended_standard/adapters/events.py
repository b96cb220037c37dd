"""What readers of event logs share: one event in, records out, and counters that merge between processes."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from blended_standard.adapters.identifiers import Identities, looks_identifying
from blended_standard.spec.definitions import Term

Record = tuple[str, dict[str, Any]]
Shape = tuple[Any, ...]
_LARGEST = 20_000


@attrs.define
class Tally:
    """What a reader counted: fields, records left out, findings and withdrawn events. Tallies add up."""

    counts: Counter[str] = attrs.field(factory=Counter)
    lost: Counter[tuple[str, str]] = attrs.field(factory=Counter)
    problems: Counter[tuple[str, str, str]] = attrs.field(factory=Counter)
    voided: set[str] = attrs.field(factory=set)
    evidence: int = 0

    def add(self, other: Tally) -> None:
        """Take over what another reader counted."""
        self.counts.update(other.counts)
        self.lost.update(other.lost)
        self.problems.update(other.problems)
        self.voided |= other.voided
        self.evidence += other.evidence


@attrs.define
class EventReader:
    """Reads one event after another and keeps a tally.

    `rows` is the function of a standard that turns one document into records.
    """

    name: str
    people: Identities
    terms: Mapping[str, Term]
    rows: Callable[[EventReader, Mapping[str, Any]], list[Record]]
    tally: Tally = attrs.field(factory=Tally)
    _shapes: Counter[Shape] = attrs.field(factory=Counter)
    _objects: dict[str, str] = attrs.field(factory=dict)

    def read(self, document: Any) -> list[Record]:
        """Return the records of one document, every field of it counted."""
        if not isinstance(document, dict):
            self.problem("JSN-INVALID", "", "It is not an object.")
            return []
        self._shapes[_shape(document)] += 1
        if len(self._shapes) > _LARGEST:
            self._settle()
        return self.rows(self, document)

    def problem(self, code: str, field: str, detail: str = "") -> None:
        """Count a finding."""
        self.tally.problems[code, field, detail] += 1

    def lose(self, what: str, reason: str) -> None:
        """Count a record that is left out."""
        self.tally.lost[what, reason] += 1

    def take(self) -> Tally:
        """Return the tally and begin a new one."""
        self._settle()
        taken, self.tally = self.tally, Tally()
        return taken

    def _settle(self) -> None:
        for shape, times in self._shapes.items():
            _count(shape, "", times, self.tally.counts)
        self._shapes.clear()

    def object_of(self, iri: str, *persons: str) -> str:
        """Return the identifier of an object, or its pseudonym where it holds one of a person."""
        made = self._objects.get(iri)
        if made is None:
            made = self.people.pseudonym("object", self.name, iri) if looks_identifying(iri) or len(iri) > 256 else iri
            if "?" in made:
                made = made.partition("?")[0] + "?" + self.people.pseudonym("object", self.name, iri)
            if len(self._objects) > 200_000:
                self._objects.clear()
            self._objects[iri] = made
        if any(len(person) > 2 and person in made for person in persons):
            return self.people.pseudonym("object", self.name, iri)
        return made


def instant(text: object) -> dt.datetime | None:
    """Return an instant with its offset, or None."""
    if not isinstance(text, str):
        return None
    try:
        at = dt.datetime.fromisoformat(text)
        return None if at.tzinfo is None or len(text) < 16 or not 1900 <= at.year <= 2200 else at.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None


def share(value: object, low: object, high: object) -> float | None:
    """Return the place of a value in a stated range, from 0 to 1, or None."""
    numbers = [
        float(each) for each in (value, low, high) if isinstance(each, int | float) and not isinstance(each, bool)
    ]
    if len(numbers) != 3 or not numbers[1] < numbers[2] or not numbers[1] <= numbers[0] <= numbers[2]:
        return None
    return (numbers[0] - numbers[1]) / (numbers[2] - numbers[1])


def _shape(value: Any) -> Shape:
    """Return the names in a document without its values, as something that can be counted."""
    return tuple(
        [
            (name, _shape(each))
            if each.__class__ is dict
            else (name, tuple([_shape(part) if part.__class__ is dict else () for part in each]))
            if each.__class__ is list
            else name
            for name, each in value.items()
        ]
    )


def _count(shape: Shape, path: str, times: int, counts: Counter[str]) -> None:
    for entry in shape:
        if isinstance(entry, str):
            counts[f"{path}.{entry}" if path else entry] += times
            continue
        if not entry:
            counts[path] += times
            continue
        if isinstance(entry[0], str) and len(entry) == 2 and isinstance(entry[1], tuple):
            place = f"{path}.{entry[0]}" if path else entry[0]
            if entry[1]:
                _count(entry[1], place, times, counts)
            else:
                counts[place] += times
        else:
            _count(entry, path, times, counts)
