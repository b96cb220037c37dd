"""Read the lines of a log by their parts: what stands in an actor, a verb or an object is read once.

A log repeats itself: few people do few kinds of things to few objects. Each part of a document is remembered by its
bytes, with what a standard reads in it and that it is valid. A document made only of valid parts is read from them;
every other takes the general route. Both end in the same function, and give the same records, findings and losses.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any

import attrs

from blended_standard.adapters.events import EventReader, Facts, Layout, Record, Shape, shape_of

# About as many bytes as the parts that are remembered may take, and what one takes beside its text.
_HELD = 100_000_000
_OVERHEAD = 700


@attrs.define(eq=False)
class _Part:
    facts: Any
    shape: Shape
    times: int = 0


_Slot = tuple[str, Callable[[Any], object], dict[bytes, _Part] | None]


class LineReader:
    """Reads lines of JSON into records; without msgspec, every document takes the general route."""

    def __init__(self, reader: EventReader, *, by_parts: bool = True) -> None:
        self.reader, self.layout = reader, reader.layout
        self.decode, self.errors = _decoder()
        self._split = _Splitter(self.layout) if by_parts and self.decode is not json.loads else None
        self._known: dict[str, dict[bytes, _Part]] = {name: {} for name in self.layout.parts}
        self._held = dict.fromkeys(self.layout.parts, 0)
        self._full = False
        self._met = self._learned = 0
        self._shapes: dict[Shape, Shape] = {}
        self._texts = {name: _Part(None, (name,)) for name in self.layout.texts}
        self._slots: list[_Slot] = [(name, valid, None) for name, valid in self.layout.texts.items()]
        self._slots += [(name, bool, known) for name, known in self._known.items()]

    def read(self, line: bytes) -> tuple[int, list[Record]]:
        """Return the number of events in a line and their records.

        Raises
        ------
        One of `errors`, where the line is not JSON.
        """
        facts = self._facts(line)
        if facts is not None:
            return 1, self.layout.records(self.reader, facts)
        document = self.decode(line)
        events = self.reader.unwrap(document, self.layout.envelope)
        if self._split is None or events[:1] == [document]:
            return len(events), [record for event in events for record in self.reader.read(event)]
        made: list[Record] = []
        for event, raw in zip(events, self._split.events(line), strict=True):
            facts = self._facts(raw)
            made += self.reader.read(event) if facts is None else self.layout.records(self.reader, facts)
        return len(events), made

    def settle(self) -> None:
        """Give the reader the shapes that were seen; where little came again, take the general route from here on."""
        self._count(self._texts.values())
        for known in self._known.values():
            self._count(known.values())
        if 3 * self._learned > self._met:
            self._split = None
        self._met = self._learned = 0

    def _facts(self, line: bytes) -> Facts | None:
        """Return what is read in a document all of whose parts are valid, or None."""
        if self._split is None:
            return None
        if self._full:
            self._forget()
        facts: dict[str, Any] = {}
        met: list[_Part] = []
        try:
            for (name, valid, known), value in zip(self._slots, self._split(line), strict=True):
                if value is None:
                    continue
                if known is None:
                    if not valid(value):
                        return None
                    met.append(self._texts[name])
                    facts[name] = value
                else:
                    content = bytes(value)
                    part = known.get(content) or self._learn(name, content)
                    if part is None:
                        return None
                    met.append(part)
                    facts[name] = part.facts
        except self.errors:
            return None
        for part in met:
            part.times += 1
        return facts

    def _learn(self, name: str, content: bytes) -> _Part | None:
        self._learned += 1
        value = self.decode(content)
        if not self.layout.sound(name, value):
            return None
        self._held[name] += 3 * len(content) + _OVERHEAD
        self._full = sum(self._held.values()) > _HELD
        shape = shape_of({name: value})
        facts = self.layout.facts(self.reader, name, value)
        part = self._known[name][content] = _Part(facts, self._shapes.setdefault(shape, shape))
        return part

    def _forget(self) -> None:
        """Forget the parts that take most."""
        name = max(self._held, key=self._held.__getitem__)
        self._count(self._known[name].values())
        self._known[name].clear()
        self._held[name] = 0
        self._full = False

    def _count(self, parts: Iterable[_Part]) -> None:
        for part in parts:
            if part.times:
                self.reader.shapes[part.shape] += part.times
                self._met += part.times
                part.times = 0


def _decoder() -> tuple[Callable[[Any], Any], tuple[type[Exception], ...]]:
    """Return the fastest JSON decoder that is installed, and what it raises."""
    try:
        import msgspec
    except ModuleNotFoundError:
        return json.loads, (ValueError, RecursionError)
    return msgspec.json.Decoder().decode, (msgspec.DecodeError, ValueError, RecursionError)


class _Splitter:
    """Splits a document into its texts, then its other parts, None where one is absent."""

    def __init__(self, layout: Layout) -> None:
        import msgspec

        kinds: dict[str, Any] = dict.fromkeys(layout.texts, str) | dict.fromkeys(layout.parts, msgspec.Raw)
        fields = {name: f"part{place}" for place, name in enumerate(kinds)}
        document = msgspec.defstruct(
            "Document",
            [(fields[n], kind) if n in layout.required else (fields[n], kind, None) for n, kind in kinds.items()],
            rename={field: name for name, field in fields.items()},
            forbid_unknown_fields=True,
            kw_only=True,
        )
        self._decode = msgspec.json.Decoder(document).decode
        self._values = attrgetter(*fields.values())
        self._envelope = layout.envelope
        self._outer = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
        self._inside = msgspec.json.Decoder(list[msgspec.Raw]).decode

    def __call__(self, line: bytes) -> Any:
        return self._values(self._decode(line))

    def events(self, line: bytes) -> list[bytes]:
        """Return the events of an envelope as they stand in it."""
        return [bytes(raw) for raw in self._inside(self._outer(line)[self._envelope])]
