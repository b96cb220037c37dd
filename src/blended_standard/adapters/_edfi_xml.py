"""Read the XML of Ed-Fi interchanges, one record at a time.

A document type is refused, so no entity is ever declared and nothing is fetched. One record is held at a time, and
how deep, how long and how large it may be is limited, so memory is bounded whatever the size of the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO, NoReturn
from xml.parsers import expat

import attrs

from blended_standard.adapters._xml import XmlProblemError
from blended_standard.io.limits import Limits

_CHUNK = 65_536
# Far more values than any record of the data standard holds.
_LARGEST_RECORD = 100_000
# A tag, with its attributes, is held until its end.
_LONGEST_TAG = 4_000_000
NOT_OURS = "It is no Ed-Fi interchange."
_EDFI = re.compile(r"http://ed-fi\.org/(?P<version>\S*)")
_UNREAD = {"0", "1", "2"}
_OLD_STYLE = re.compile(r"0(\d)(\d)\d.*")


@attrs.define(eq=False)
class Element:
    """An element with its local name; `foreign` where its namespace is none of Ed-Fi's, `line` that of a record."""

    name: str
    attributes: dict[str, str]
    line: int = 0
    foreign: bool = False
    children: list[Element] = attrs.field(factory=list)
    text: str = ""


@attrs.define
class Interchange:
    """One file of XML.

    `opened` says that its root is an interchange, `version` is what that states, and `stray` counts the texts that
    stand between records.
    """

    stream: BinaryIO
    limits: Limits
    version: str | None = None
    opened: bool = False
    stray: int = 0
    _space: str = ""
    _stack: list[Element] = attrs.field(factory=list)
    _done: list[Element] = attrs.field(factory=list)
    _held: int = 0
    _parser: expat.XMLParserType = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        parser = self._parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._data
        parser.StartDoctypeDeclHandler = self._refuse

    def records(self) -> Iterator[Element]:
        """Yield the records; `XmlProblemError` after the last whole one where the file is broken or refused."""
        problem, fed = None, 0
        while problem is None:
            chunk = self.stream.read(_CHUNK)
            fed += len(chunk)
            try:
                self._parser.Parse(chunk, not chunk)
                if fed - self._parser.CurrentByteIndex > _LONGEST_TAG:
                    self._stop("XML-LIMIT", f"A tag is longer than {_LONGEST_TAG:,} bytes.")
            except XmlProblemError as error:
                problem = error
            except expat.ExpatError as error:
                problem = XmlProblemError("XML-INVALID", f"({expat.ErrorString(error.code)})", error.lineno)
            except (LookupError, ValueError):
                problem = XmlProblemError("XML-INVALID", "(its encoding is not known)", 1)
            yield from self._done
            self._done.clear()
            if not chunk:
                break
        if problem is not None:
            raise problem

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        space, _, local = name.rpartition(" ")
        depth = len(self._stack)
        if depth == 0:
            self._root(space, local)
        self._held += 1
        if depth >= self.limits.depth:
            self._stop("XML-LIMIT", f"It is deeper than {self.limits.depth} elements.")
        if self._held > _LARGEST_RECORD:
            self._stop("XML-LIMIT", f"It holds more than {_LARGEST_RECORD:,} elements.")
        element = Element(local, attributes)
        if space != self._space:
            element.foreign = bool(space) and not _EDFI.fullmatch(space)
        if depth > 1:
            self._stack[-1].children.append(element)
        else:
            element.line = self._parser.CurrentLineNumber
        self._stack.append(element)

    def _root(self, space: str, local: str) -> None:
        found = _EDFI.fullmatch(space)
        if "Interchange" not in local or (space and found is None):
            raise XmlProblemError("", NOT_OURS)
        self._space = space
        self.version = readable(found["version"]) if found else None
        if self.version and self.version.partition(".")[0] in _UNREAD:
            raise XmlProblemError("", f"Ed-Fi {self.version} is not read; versions from 3 are.")
        self.opened = True

    def _end(self, _: str) -> None:
        element = self._stack.pop()
        if len(self._stack) == 1:
            self._done.append(element)
            self._held = 0

    def _data(self, text: str) -> None:
        if len(self._stack) == 1:
            self.stray += bool(text.strip())
            return
        element = self._stack[-1]
        if len(element.text) + len(text) > self.limits.field_length:
            self._stop("LIM-FIELD", f"The limit is {self.limits.field_length:,} characters.")
        element.text += text

    def _refuse(self, *_: object) -> None:
        self._stop("XML-DOCTYPE", "")

    def _stop(self, rule: str, detail: str) -> NoReturn:
        raise XmlProblemError(rule, detail, self._parser.CurrentLineNumber)


def readable(version: str) -> str:
    """Return a version as people write it; early namespaces wrote 0310 for 3.1.

    Examples
    --------
    >>> readable("0310"), readable("5.2.0")
    ('3.1', '5.2.0')
    """
    old = _OLD_STYLE.fullmatch(version)
    return f"{old[1]}.{old[2]}" if old else version
