"""Read XML safely into a small tree: no document type, so no entities and nothing from outside; bounded in size."""

from __future__ import annotations

from xml.parsers import expat

import attrs

from blended_standard.io.limits import LIMITS

_BYTES = 64_000_000
_ELEMENTS = 1_000_000
# A character that no document may hold.
_BETWEEN = "\x1f"


class XmlProblemError(Exception):
    """What ends the reading of a file: a rule, or none where the file is another's; what was found, and the line."""

    def __init__(self, code: str, detail: str, line: int | None = None) -> None:
        super().__init__(detail)
        self.code, self.detail, self.line = code, detail, line


@attrs.define(eq=False)
class Element:
    """An element: its namespace, its name, attributes by name, text without space around it, and what is in it.

    Names outside of the namespace that was asked for hold a colon: they begin with the prefix of the document.
    """

    space: str
    name: str
    line: int
    attributes: dict[str, str]
    parts: list[Element] = attrs.field(factory=list)
    text: str = ""

    def all(self, name: str) -> list[Element]:
        """Return the parts with a name."""
        return [part for part in self.parts if part.name == name]

    def first(self, name: str) -> Element | None:
        """Return the first part with a name, or None."""
        return next((part for part in self.parts if part.name == name), None)


@attrs.frozen
class Document:
    """The root, and the namespace of each prefix."""

    root: Element
    spaces: dict[str, str]


def parse(content: bytes, own: str) -> Document:
    """Return a document; names of elements in the namespace `own` have no prefix.

    Raises
    ------
    XmlProblemError
        It is not XML, it declares a document type, or it is larger or deeper than what is read.
    """
    if len(content) > _BYTES:
        raise XmlProblemError("XML-LIMIT", f"{len(content):,} bytes; the limit is {_BYTES:,}.")
    builder = _Builder(own)
    try:
        builder.parser.Parse(content, True)
    except expat.ExpatError as error:
        raise XmlProblemError("XML-INVALID", f"({expat.ErrorString(error.code)})", error.lineno) from None
    except (LookupError, ValueError):
        raise XmlProblemError("XML-INVALID", "(its encoding is not known; UTF-8 always is)", 1) from None
    return Document(builder.root, builder.spaces)


class _Builder:
    """Builds the tree from what the parser reports."""

    def __init__(self, own: str) -> None:
        self.parser = expat.ParserCreate(namespace_separator=_BETWEEN)
        self.parser.namespace_prefixes = True
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartNamespaceDeclHandler = self._space
        self.root: Element
        self.spaces: dict[str, str] = {}
        self._own = own
        self._open: list[Element] = []
        self._texts: list[list[str]] = []
        self._count = 0

    def _doctype(self, *_: object) -> None:
        raise XmlProblemError("XML-DOCTYPE", "", self.parser.CurrentLineNumber)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > _ELEMENTS or len(self._open) >= LIMITS.depth:
            detail = f"The limits are {_ELEMENTS:,} elements, and {LIMITS.depth} in each other."
            raise XmlProblemError("XML-LIMIT", detail, self.parser.CurrentLineNumber)
        space, local, prefix = _split(name)
        shown = local if space == self._own else f"{prefix or space}:{local}"
        named = {self._attribute(each): value.strip() for each, value in attributes.items()}
        made = Element(space, shown, self.parser.CurrentLineNumber, named)
        if self._open:
            self._open[-1].parts.append(made)
        else:
            self.root = made
        self._open.append(made)
        self._texts.append([])

    def _end(self, _: str) -> None:
        self._open.pop().text = "".join(self._texts.pop()).strip()

    def _text(self, text: str) -> None:
        self._texts[-1].append(text)

    def _attribute(self, name: str) -> str:
        space, local, prefix = _split(name)
        return f"{prefix or 'xml'}:{local}" if space else local

    def _space(self, prefix: str | None, space: str | None) -> None:
        self.spaces[prefix or ""] = space or ""


def _split(name: str) -> tuple[str, str, str]:
    """Return namespace, local name and prefix, each empty where there is none."""
    parts = name.split(_BETWEEN)
    return ("", name, "") if len(parts) == 1 else (parts[0], parts[1], parts[2] if len(parts) > 2 else "")
