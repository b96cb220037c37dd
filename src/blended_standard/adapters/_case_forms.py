"""The forms in which servers send frameworks, each turned into a package, or refused by its name.

Source: 1EdTech CASE 1.0 and 1.1 (REST payloads), the JSON Schemas of an open CASE server (other names for the same).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import attrs

from blended_standard.adapters.documents import Place, members

Document = dict[str, Any]
Around = Callable[[Document], None]
_NAMES = {
    "lsDoc": "CFDocument",
    "lsItems": "CFItems",
    "lsAssociations": "CFAssociations",
    "document": "CFDocument",
    "items": "CFItems",
    "associations": "CFAssociations",
    "definitions": "CFDefinitions",
    "rubrics": "CFRubrics",
}
_LISTS = ("CFItems", "CFAssociations", "CFRubrics")
_PARTS = {*_LISTS, "CFDefinitions"}
_SINGLE = {name[:-1]: name for name in (*_LISTS, "CFDocuments")}


@attrs.frozen
class Package:
    """A package and where it was; `linked` where its CFDocument is only the link by which its parts name it."""

    place: str
    document: Document
    linked: bool = False


@attrs.frozen
class Refused:
    """A document or table that holds no framework, and what it is instead."""

    place: str
    why: str


@attrs.define
class _Loose:
    """Parts of packages that were sent one by one; `around` is told what stands beside them."""

    around: Around
    documents: dict[str, Document] = attrs.field(factory=dict)
    parts: dict[str, list[Document]] = attrs.field(factory=dict)
    place: str = ""

    def take(self, place: Place, document: Document) -> bool:
        """Take the parts that a document holds; return whether it held any."""
        found = {name: members(document, name) for name in (*_LISTS, "CFDocuments") if name in document}
        for one, name in _SINGLE.items():
            found.setdefault(name, []).extend(members(document, one))
        alone = _part(document)
        if alone:
            found[alone].append(document)
        held = any(found.values())
        if held and not alone:
            self.around({name: value for name, value in document.items() if name not in found and name not in _SINGLE})
        for each in found.pop("CFDocuments", ()):
            self.documents[str(each.get("identifier")).lower()] = each
        for name, listed in found.items():
            self.parts.setdefault(name, []).extend(listed)
        self.place = self.place or str(place)
        return held

    def packages(self) -> Iterator[Package | Refused]:
        """Put the parts together by the documents that they name."""
        heads = dict(self.documents)
        held: dict[str, dict[str, list[Document]]] = {}
        of_item: dict[str, str] = {}
        homeless = 0
        for name in _LISTS:
            for part in self.parts.get(name, ()):
                home = self._home(part, heads, of_item)
                if name == "CFItems":
                    of_item[str(part.get("identifier")).lower()] = home
                if home:
                    held.setdefault(home, {}).setdefault(name, []).append(part)
                else:
                    homeless += 1
        for identifier, parts in held.items():
            yield Package(self.place, {"CFDocument": heads[identifier], **parts}, identifier not in self.documents)
        if homeless:
            yield Refused(self.place, f"{homeless:,} parts name no CFDocument. Read the whole package.")
        for identifier, head in heads.items():
            if identifier not in held:
                told = " Its CFPackageURI says where they are." if head.get("CFPackageURI") else ""
                why = "this is a CFDocument without its items, not a package."
                yield Refused(self.place, f"{why}{told} Fetch CFPackages/{{identifier}} and read what it sends.")

    def _home(self, part: Document, heads: dict[str, Document], of_item: Mapping[str, str]) -> str:
        link = part.get("CFDocumentURI")
        link = link if isinstance(link, dict) else {}
        identifier = str(link.get("identifier") or "").lower()
        if identifier:
            heads.setdefault(identifier, dict(link))
            return identifier
        origin = part.get("originNodeURI")
        known = of_item.get(str(origin.get("identifier")).lower()) if isinstance(origin, Mapping) else None
        return known or (next(iter(self.documents)) if len(self.documents) == 1 else "")


def packages(documents: Iterable[tuple[Place, Any]], around: Around) -> Iterator[Package | Refused]:
    """Yield each package; last those whose parts came one by one, and why something is none.

    `around` is told of what a server puts around packages and parts.
    """
    loose = _Loose(around)
    for place, sent in documents:
        if not isinstance(sent, dict):
            yield Refused(str(place), "this is no JSON object.")
            continue
        for document in _unwrapped(_renamed(sent), around):
            head = document.get("CFDocument")
            if isinstance(head, dict) and (document.keys() & _PARTS or "CFPackageURI" not in head):
                yield Package(str(place), document)
            elif not loose.take(place, document):
                yield Refused(str(place), _named(document))
    yield from loose.packages()


def _unwrapped(sent: Document, around: Around) -> list[Document]:
    for name in ("CFPackage", "CFPackages", "CFAssociationSet"):
        if name in sent:
            around({other: value for other, value in sent.items() if other != name})
            return [_renamed(each) for each in members(sent, name)]
    return [sent]


def _renamed(sent: Document) -> Document:
    """Return a document by the names of the standard; an open server calls them otherwise."""
    made: Document = _identified(sent)
    if isinstance(made.get("document", made.get("lsDoc")), dict):
        return {_NAMES.get(name, name): value for name, value in made.items()}
    return made


def _identified(value: Any) -> Any:
    if isinstance(value, dict):
        # Null says nothing: no field of CASE may be null, and servers send it for what is not there.
        made = {name: _identified(each) for name, each in value.items() if each is not None}
        if "sourcedId" in made and "identifier" not in made:
            made["identifier"] = made.pop("sourcedId")
        return made
    return [_identified(each) for each in value] if isinstance(value, list) else value


def _part(document: Document) -> str | None:
    """Return which part of a package a document is by itself."""
    if not isinstance(document.get("identifier"), str):
        return None
    for field, name in (
        ("fullStatement", "CFItems"),
        ("associationType", "CFAssociations"),
        ("CFRubricCriteria", "CFRubrics"),
        ("creator", "CFDocuments"),
    ):
        if field in document:
            return name
    return None


def _named(document: Document) -> str:
    """Say what a document is that holds no framework."""
    if "imsx_codeMajor" in document or "imsx_StatusInfo" in document:
        return "this is the error answer of a server, not a package."
    if "@graph" in document or "@context" in document:
        return "this is JSON-LD, not CASE."
    if "$schema" in document:
        return "this is a JSON Schema, not a package."
    if "CFDocument" in document:
        return "its CFDocument is no object."
    return "it has no CFDocument."
