"""What readers of event logs share: one event in, records out, and counters that merge between processes."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import attrs

from blended_standard.adapters.identifiers import Identities, looks_identifying
from blended_standard.spec.definitions import Term

Record = tuple[str, dict[str, Any]]
Facts = Mapping[str, Any]
Shape = tuple[Any, ...]
Problem = tuple[str, str, str]
# What is kept of an event that is judged among others: its `group`, `at`, `id`, `line`, and what the rules ask for.
Entry = dict[str, Any]
Breach = tuple[Entry, str, str]
# The kind of record that an entry travels as.
JUDGED = "judged"
_LARGEST = 20_000
# Identifiers of objects that are remembered with what is shown of them.
_SHOWN = 100_000
_NUMBERS = frozenset({int, float})
_NESTING = frozenset({dict, list})
# Words unknown to the map that a reader names.
_NAMED = 50


@attrs.define
class Tally:
    """What a reader counted: fields, records left out, findings and withdrawn events. Tallies add up.

    `lines` has the first line of each finding.
    """

    counts: Counter[str] = attrs.field(factory=Counter)
    lost: Counter[tuple[str, str]] = attrs.field(factory=Counter)
    problems: Counter[Problem] = attrs.field(factory=Counter)
    lines: dict[Problem, int] = attrs.field(factory=dict)
    voided: set[str] = attrs.field(factory=set)
    evidence: int = 0

    def add(self, other: Tally, after: int = 0) -> None:
        """Take over what another reader counted in the lines after those that were read."""
        for problem, line in other.lines.items():
            self.lines.setdefault(problem, line + after)
        self.counts.update(other.counts)
        self.lost.update(other.lost)
        self.problems.update(other.problems)
        self.voided |= other.voided
        self.evidence += other.evidence


def _no_problem(_: Mapping[str, Any]) -> None:
    return None


def _whole(document: Mapping[str, Any]) -> Mapping[str, Any]:
    return document


def _sound(_: str, __: Any) -> bool:
    return True


def _no_thing(_: EventReader, __: Mapping[str, Any]) -> list[Record] | None:
    return None


@attrs.frozen(kw_only=True)
class Layout:
    """How a standard's documents come apart and what is read in them.

    Attributes
    ----------
    parts
        Parts that come again, in groups of those that come again together, each group under a name of its own.
    texts
        Texts that hardly ever come again, and what tells a valid one.
    own
        Parts of any kind that hardly ever come again; every value is valid.
    facts
        What is read in the parts of a group, under their names.
    records
        Turns what was read in a document, under the names of groups, texts and own parts, into records. A group of
        which nothing stands in the document is None.
    described
        Returns the records of a document that is no event and describes a thing, else None.
    envelope
        The field that holds the events of an envelope.
    kept_in
        The field in which a record store keeps an event, beside what it adds of its own.
    required
        Parts without which a document takes the general route.
    problem
        The part that makes a document invalid, and why, or None.
    sound
        Whether a part is valid wherever it stands.
    place
        Returns a document as its fields are counted.
    breaches
        Of the events of one group, in the order of their times, those that break a rule, with the field and why.
    """

    parts: Mapping[str, tuple[str, ...]]
    texts: Mapping[str, Callable[[str], object]]
    facts: Callable[[EventReader, str, Facts], Any]
    records: Callable[[EventReader, Facts], list[Record]]
    envelope: str
    own: tuple[str, ...] = ()
    kept_in: str = ""
    described: Callable[[EventReader, Mapping[str, Any]], list[Record] | None] = _no_thing
    required: frozenset[str] = frozenset()
    problem: Callable[[Mapping[str, Any]], tuple[str, str] | None] = _no_problem
    sound: Callable[[str, Any], bool] = _sound
    place: Callable[[Mapping[str, Any]], Mapping[str, Any]] = _whole
    breaches: Callable[[Iterable[Entry]], Iterator[Breach]] | None = None


@attrs.define
class EventReader:
    """Reads one event after another by the layout of its standard and keeps a tally.

    `line` is the one at hand, `zone` that of times without an offset, where a standard allows them.
    """

    name: str
    people: Identities
    terms: Mapping[str, Term]
    layout: Layout
    zone: dt.tzinfo | None = None
    tally: Tally = attrs.field(factory=Tally)
    line: int | None = None
    shapes: Counter[Shape] = attrs.field(factory=Counter)
    named: set[str] = attrs.field(factory=set)
    _shown: dict[str, str] = attrs.field(factory=dict, init=False)

    def read(self, document: Any) -> list[Record]:
        """Return the records of one document, every field of it counted."""
        if not isinstance(document, dict):
            self.problem("JSN-INVALID", "", "It is not an object.")
            return []
        self.shapes[shape_of(self.layout.place(document))] += 1
        if len(self.shapes) > _LARGEST:
            self._settle()
        problem = self.layout.problem(document)
        if problem is not None:
            self.problem("ADP-INVALID", *problem)
            self.lose("statement", f"invalid: {problem[0]}")
            return []
        described = self.layout.described(self, document)
        return self.layout.records(self, self._facts(document)) if described is None else described

    def _facts(self, document: Mapping[str, Any]) -> Facts:
        facts = {name: document[name] for name in (*self.layout.texts, *self.layout.own) if name in document}
        for group, names in self.layout.parts.items():
            values = {name: document[name] for name in names if name in document}
            facts[group] = self.layout.facts(self, group, values) if values else None
        return facts

    def problem(self, code: str, field: str, detail: str = "") -> None:
        """Count a finding."""
        self.tally.problems[code, field, detail] += 1
        if self.line is not None:
            self.tally.lines.setdefault((code, field, detail), self.line)

    def unknown(self, field: str, word: str, person: str) -> None:
        """Count a word that the map does not know; the first ones are named, unless they may name a person."""
        hides = looks_identifying(word) or (len(person) > 2 and person in word)
        if hides or len(word) > 256 or (word not in self.named and len(self.named) >= _NAMED):
            self.problem("ADP-VOCABULARY", field)
            return
        self.named.add(word)
        self.problem("ADP-VOCABULARY", field, f"{word!r} counts as nothing.")

    def unwrap(self, document: Any) -> list[Any]:
        """Return the events of a document: itself, or what a list, an envelope or a store holds.

        The other fields of envelopes and stores are counted.
        """
        if isinstance(document, list):
            return [event for each in document for event in self.bare(each)]
        listed = document.get(self.layout.envelope) if isinstance(document, dict) else None
        if not isinstance(listed, list):
            return self.bare(document)
        self.tally.counts.update(name for name in document if name != self.layout.envelope)
        return [event for each in listed for event in self.bare(each)]

    def bare(self, document: Any) -> list[Any]:
        """Return an event without what was wrapped around it, and those of its parts that were wrapped with it.

        What a record store marks as withdrawn is withdrawn.
        """
        name = self.layout.kept_in
        event = document.get(name) if name and isinstance(document, dict) else None
        if not isinstance(event, dict) or not self.layout.required.isdisjoint(document):
            return [document]
        own = set(document) - {name}
        inner = document.get("children")
        if isinstance(inner, list):
            own.discard("children")
        else:
            inner = []
        self.tally.counts.update(f"store.{each}" for each in own)
        if document.get("voided") is True and isinstance(event.get("id"), str):
            self.tally.voided.add(event["id"].lower())
        return [_with_dots(event), *(each for part in inner for each in self.bare(part))]

    def lose(self, what: str, reason: str) -> None:
        """Count a record that is left out."""
        self.tally.lost[what, reason] += 1

    def take(self) -> Tally:
        """Return the tally and begin a new one."""
        self._settle()
        taken, self.tally = self.tally, Tally()
        return taken

    def _settle(self) -> None:
        for shape, times in self.shapes.items():
            _count(shape, "", times, self.tally.counts)
        self.shapes.clear()

    def object_of(self, iri: str) -> str:
        """Return the identifier of an object, or its pseudonym where it looks like one of a person."""
        shown = self._shown.get(iri)
        if shown is None:
            shown = self._hidden(iri) if looks_identifying(iri) or len(iri) > 256 else iri
            if "?" in shown:
                shown = shown.partition("?")[0] + "?" + self._hidden(iri)
            if len(self._shown) >= _SHOWN:
                self._shown.clear()
            self._shown[iri] = shown
        return shown

    def object_for(self, iri: str, shown: str, person: str) -> str:
        """Return what is shown of an object, or its pseudonym where that holds the identifier of the person at hand."""
        return self._hidden(iri) if len(person) > 2 and person in shown else shown

    def _hidden(self, iri: str) -> str:
        return self.people.pseudonym("object", self.name, iri)


def _with_dots(value: Any) -> Any:
    """Return a document with the dots in its names that Learning Locker stores as entities of HTML."""
    if isinstance(value, dict):
        return {name.replace("&46;", "."): _with_dots(each) for name, each in value.items()}
    return [_with_dots(each) for each in value] if isinstance(value, list) else value


def instant(text: object, zone: dt.tzinfo | None = None) -> dt.datetime | None:
    """Return an instant with its offset, or None; `zone` is that of a time without one."""
    if not isinstance(text, str):
        return None
    try:
        at = dt.datetime.fromisoformat(text)
        if at.tzinfo is None and zone is not None:
            at = at.replace(tzinfo=zone)
        if at.tzinfo is None or len(text) < 16 or not 1900 <= at.year <= 2200:
            return None
        return at if at.tzinfo is dt.UTC else at.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None


def share(value: Any, low: Any, high: Any) -> float | None:
    """Return the place of a value in a stated range, from 0 to 1, or None."""
    if not _NUMBERS.issuperset((value.__class__, low.__class__, high.__class__)):
        return None
    try:
        value, low, high = float(value), float(low), float(high)
    except OverflowError:
        return None
    return (value - low) / (high - low) if low < high and low <= value <= high else None


def shape_of(value: Any) -> Shape:
    """Return the names in a document without its values, as something that can be counted."""
    if _NESTING.isdisjoint(map(type, value.values())):
        return tuple(value)
    return tuple(
        [
            (name, shape_of(each))
            if each.__class__ is dict
            else (name, tuple([shape_of(part) if part.__class__ is dict else () for part in each]))
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
