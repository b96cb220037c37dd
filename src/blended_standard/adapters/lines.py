"""Read the lines of a log by their parts: what stands in an actor, a verb or an object is read once.

A log repeats itself: few people do few kinds of things to few objects. Each part of a document is remembered by its
bytes, with what a standard reads in it and that it is valid; parts that come again together are remembered together.
What hardly ever comes again is decoded with its document. A document made only of valid parts is read from them; every
other takes the general route. Both end in the same function, and give the same records, findings and losses.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from operator import attrgetter
from typing import Any

import attrs

from blended_standard.adapters.events import EventReader, Facts, Layout, Record, Shape, shape_of

# About as many bytes as the parts that are remembered may take, and what one takes beside its text.
_HELD = 100_000_000
_OVERHEAD = 700
# After so many new parts of a group it is known whether they come again.
_ENOUGH = 20_000
# A log with more shapes of its parts takes the general route.
_SHAPES = 20_000
# Stands between parts that are remembered together, since it can't stand in JSON.
_BETWEEN = b"\0"
# Stands for a text or an own part that is absent; null would be a value.
_ABSENT: Any = object()

# What was read in the parts of a group that stood together, and the number of their shape.
_Part = tuple[Any, int]


@attrs.define(eq=False)
class _Group:
    """Parts that are remembered together: their names, their place among all parts, and what was met so far."""

    name: str
    names: tuple[str, ...]
    place: slice
    known: dict[bytes, _Part] = attrs.field(factory=dict)
    held: int = 0
    learned: int = 0
    remembers: bool = True


class LineReader:
    """Reads lines of JSON into records; without msgspec, every document takes the general route."""

    def __init__(self, reader: EventReader, *, by_parts: bool = True) -> None:
        self.reader, self.layout = reader, reader.layout
        self.decode, self.errors = _decoder()
        self._split = _Splitter(self.layout) if by_parts and self.decode is not json.loads else None
        start, stop = len(self.layout.texts), len(self.layout.texts) + len(self.layout.own)
        self._own, self._no_own = slice(start, stop), (_ABSENT,) * len(self.layout.own)
        self._groups: list[_Group] = []
        for name, names in self.layout.parts.items():
            start, stop = stop, stop + len(names)
            self._groups.append(_Group(name, names, slice(start, stop)))
        self._shapes: dict[Shape, int] = {}
        self._texts = [(name, valid, self._number((name,))) for name, valid in self.layout.texts.items()]
        self._met: list[int] = []
        self._held = self._documents = 0

    def read(self, line: bytes) -> tuple[int, list[Record]]:
        """Return the number of events in a line and their records.

        Raises
        ------
        One of `errors`, where the line is not JSON.
        """
        facts = self._facts(line)
        if facts is not None:
            return 1, self.layout.records(self.reader, facts)
        inside = self._split and self._split.envelope(line)
        if not inside:
            events = self.reader.unwrap(self.decode(line))
            return len(events), [record for event in events for record in self.reader.read(event)]
        about, raws = inside
        met = len(self._met)
        try:
            for value in about.values():
                self.decode(value)
            # A part that is not JSON makes the whole line none: nothing is counted before all of it was read.
            read = [(facts := self._facts(raw), None if facts is not None else self.decode(raw)) for raw in raws]
        except self.errors:
            del self._met[met:]
            raise
        self.reader.tally.counts.update(about.keys())
        made: list[Record] = []
        count = 0
        for facts, document in read:
            events = self.reader.bare(document) if facts is None else [facts]
            count += len(events)
            for event in events:
                made += self.reader.read(event) if facts is None else self.layout.records(self.reader, event)
        return count, made

    def settle(self) -> None:
        """Give the reader the shapes that were seen.

        What seldom comes again is not remembered from here on; where shapes do not, the general route is taken.
        """
        met = Counter(self._met)
        for shape, number in self._shapes.items():
            if met[number]:
                self.reader.shapes[shape] += met[number]
        self._met.clear()
        if len(self._shapes) > _SHAPES:
            self._split = None
        for group in self._groups:
            if group.learned > _ENOUGH and 2 * group.learned > self._documents:
                group.remembers = False
                self._forget(group)

    def _facts(self, line: Any) -> Facts | None:
        """Return what is read in a document all of whose parts are valid, or None."""
        if self._split is None:
            return None
        facts: dict[str, Any] = {}
        met: list[int] = []
        try:
            values = self._split(line)
            for (name, valid, shape), value in zip(self._texts, values, strict=False):
                if value is not _ABSENT:
                    if not valid(value):
                        return None
                    facts[name] = value
                    met.append(shape)
            for group in self._groups:
                content = _BETWEEN.join(values[group.place])
                found = group.known.get(content) or self._learn(group, content)
                if found is None:
                    return None
                facts[group.name], shape = found
                met.append(shape)
        except self.errors:
            return None
        if values[self._own] != self._no_own:
            own = {n: v for n, v in zip(self.layout.own, values[self._own], strict=True) if v is not _ABSENT}
            facts |= own
            met.append(self._number(shape_of(own)))
        self._met += met
        self._documents += 1
        return facts

    def _learn(self, group: _Group, content: bytes) -> _Part | None:
        values: dict[str, Any] = {}
        for name, raw in zip(group.names, content.split(_BETWEEN), strict=True):
            if raw:  # an absent part is empty
                values[name] = value = self.decode(raw)
                if not self.layout.sound(name, value):
                    return None
        group.learned += 1
        facts = self.layout.facts(self.reader, group.name, values) if values else None
        part = facts, self._number(shape_of(values))
        if group.remembers:
            group.known[content] = part
            self._hold(group, 3 * len(content) + _OVERHEAD)
        return part

    def _number(self, shape: Shape) -> int:
        return self._shapes.setdefault(shape, len(self._shapes))

    def _hold(self, group: _Group, size: int) -> None:
        """Count what is held; where it is too much, forget the parts that take most."""
        group.held += size
        self._held += size
        if self._held > _HELD:
            self._forget(max(self._groups, key=attrgetter("held")))

    def _forget(self, group: _Group) -> None:
        group.known.clear()
        self._held -= group.held
        group.held = 0


def _decoder() -> tuple[Callable[[Any], Any], tuple[type[Exception], ...]]:
    """Return the fastest JSON decoder that is installed, and what it raises."""
    try:
        import msgspec
    except ModuleNotFoundError:
        return json.loads, (ValueError, RecursionError)
    return msgspec.json.Decoder().decode, (msgspec.DecodeError, ValueError, RecursionError)


class _Splitter:
    """Splits a document into its texts, its own parts, and the bytes of the others, empty where one is absent."""

    def __init__(self, layout: Layout) -> None:
        import msgspec

        raw: Any = msgspec.Raw
        parts = [name for group in layout.parts.values() for name in group]
        kinds: list[tuple[Any, ...]] = [(f"text{place}", str, _ABSENT) for place in range(len(layout.texts))]
        kinds += [(f"own{place}", Any, _ABSENT) for place in range(len(layout.own))]
        for place, name in enumerate(parts):
            kinds.append((f"part{place}", raw) if name in layout.required else (f"part{place}", raw, raw()))
        names = [kind[0] for kind in kinds]
        document = msgspec.defstruct(
            "Document",
            kinds,
            rename=dict(zip(names, [*layout.texts, *layout.own, *parts], strict=True)),
            forbid_unknown_fields=True,
            kw_only=True,
        )
        self._decode, self._values = msgspec.json.Decoder(document).decode, msgspec.structs.astuple
        self._envelope, self._invalid = layout.envelope, msgspec.DecodeError
        self._outer = msgspec.json.Decoder(dict[str, raw]).decode
        self._inside = msgspec.json.Decoder(list[raw]).decode

    def __call__(self, line: bytes) -> tuple[Any, ...]:
        values: tuple[Any, ...] = self._values(self._decode(line))
        return values

    def envelope(self, line: bytes) -> tuple[dict[str, Any], list[Any]] | None:
        """Return what stands in an envelope about its events, and the events; None where the line is no envelope."""
        try:
            about = self._outer(line)
            return about, self._inside(about.pop(self._envelope))
        except (KeyError, self._invalid):
            return None
