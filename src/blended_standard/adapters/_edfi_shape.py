"""Give a record of XML the shape of the JSON binding, so that one set of rules reads both.

Source: Ed-Fi Data Standard 5.2, the bulk schemas beside the resources of the API. Names begin with a small letter;
descriptors get their suffix; what repeats is a list with a plural name, without the name of its entity; references
hold the parts of the identity without the layers between; some types stand inside their entity without a name.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Callable, Collection
from typing import Any

import attrs

from blended_standard.adapters._edfi_rules import general
from blended_standard.adapters._edfi_xml import Element

REF = "@ref"
_EXTENSION = "_ext"
_XSI = "http://www.w3.org/2001/XMLSchema-instance "
_INLINE = {"Name", "BirthData", "AttendanceEvent"}
# A part that an entity has once; every other one with parts of its own may be there several times.
_SINGLE = {"ContentStandard"}
_ABSTRACT = {"EducationOrganization", "GeneralStudentProgramAssociation"}
_PLURALS = {"person": "people"}
_HEAD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]+$|[A-Z]")
_YEARS = re.compile(r"\d{4}-(\d{4})")
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


def _boolean(text: str) -> bool:
    return _BOOLEANS[text]


def _number(text: str) -> int | float:
    return int(text) if text.lstrip("-").isdecimal() else float(text)


def _year(text: str) -> int:
    years = _YEARS.fullmatch(text)
    return int(years[1] if years else text)


# The fields whose kind matters to a rule; every other stays text.
_KINDS: dict[str, Callable[[str], Any]] = {
    "hispanicLatinoEthnicity": _boolean,
    "internetAccessInResidence": _boolean,
    "noResponse": _boolean,
    "schoolAttendanceDuration": _number,
    "pointsEarned": _number,
    "maxPoints": _number,
    "rawScoreResult": _number,
    "schoolYear": _year,
}


@attrs.define
class Shaped:
    """A record as a document of a resource.

    `counts` holds how many values each field had, `references` each reference that names another record of its file
    by `ref`, `handles` what this record is called inside its file, `lookups` the references that describe in place of
    naming, and `odd` the fields whose value is of another kind.
    """

    resource: str
    document: dict[str, Any] = attrs.field(factory=dict)
    counts: Counter[str] = attrs.field(factory=Counter)
    references: list[tuple[str, dict[str, Any]]] = attrs.field(factory=list)
    handles: dict[str, dict[str, Any]] = attrs.field(factory=dict)
    lookups: set[str] = attrs.field(factory=set)
    odd: list[str] = attrs.field(factory=list)
    empty: int = 0


def shape(element: Element, fields: Collection[str]) -> Shaped:
    """Return a record in the shape of the JSON binding; `fields` are those that the map names.

    Examples
    --------
    >>> date = Element("EventDate", {}, text="2026-02-03")
    >>> shape(Element("PostSecondaryEvent", {}, children=[date]), ()).document
    {'eventDate': '2026-02-03'}
    """
    name = element.name
    if element.foreign:
        made = Shaped(_EXTENSION)
        _foreign(made.document, element, _EXTENSION, made)
        return made
    if name in _ABSTRACT:
        name = element.attributes.get(f"{_XSI}type", name).rpartition(":")[2]
    made = Shaped(general(plural(camel(name))))
    if name.endswith("Reference"):
        _reference(element, made.document, made.resource, made)
    else:
        _Shaping(made, fields, name).fill(made.document, element, made.resource)
        _count_attributes(element, made.resource, made)
    if "id" in element.attributes:
        made.handles[element.attributes["id"]] = made.document
    return made


@attrs.frozen
class _Shaping:
    made: Shaped
    fields: Collection[str]
    entity: str

    def fill(self, target: dict[str, Any], element: Element, path: str) -> None:
        """Put the children of an element into an object."""
        children = element.children
        names = [child.name for child in children]
        twice = {name for name, times in Counter(names).items() if times > 1} if len(set(names)) < len(names) else ()
        for child in children:
            if child.foreign:
                _foreign(target.setdefault(_EXTENSION, {}), child, f"{path}.{_EXTENSION}", self.made)
            elif child.name.endswith("Reference"):
                self._link(target, child, path, child.name in twice)
            elif not child.children:
                self._value(target, child, path, child.name in twice, element.name)
            elif child.name in _INLINE:
                self.fill(target, child, path)
                _count_attributes(child, path, self.made)
            else:
                self._member(target, child, path)
        if children and element.text.strip():
            self.made.counts[f"{path}.#text"] += 1

    def _link(self, target: dict[str, Any], element: Element, path: str, listed: bool) -> None:
        name = camel(element.name)
        place = f"{path}.{plural(name) if listed else name}"
        made: dict[str, Any] = {}
        _reference(element, made, place, self.made)
        if listed:
            target.setdefault(plural(name), []).append({name: made})
        else:
            target[name] = made

    def _member(self, target: dict[str, Any], element: Element, path: str) -> None:
        single = element.name in _SINGLE
        name = camel(element.name) if single else self._list_name(element.name)
        made: dict[str, Any] = {}
        self.fill(made, element, f"{path}.{name}")
        _count_attributes(element, f"{path}.{name}", self.made)
        if single:
            target[name] = made
        else:
            target.setdefault(name, []).append(made)

    def _value(self, target: dict[str, Any], element: Element, path: str, repeated: bool, parent: str) -> None:
        name = camel(element.name)
        listed = self._list_name(element.name)
        known = f"{path}.{listed}" in self.fields
        if known or element.name == parent or _is_descriptor(element.text) or f"{path}.{name}Descriptor" in self.fields:
            name += "Descriptor"
        if known or repeated:
            place = f"{path}.{listed}"
            value = _leaf(element, name, place, self.made)
            if value is not None:
                target.setdefault(listed, []).append({name: value})
        elif name == "schoolYear":
            value = _leaf(element, name, f"{path}.schoolYearTypeReference", self.made)
            if value is not None:
                target["schoolYearTypeReference"] = {name: value}
        else:
            value = _leaf(element, name, path, self.made)
            if value is not None:
                target[name] = value

    def _list_name(self, name: str) -> str:
        own = name.removeprefix(self.entity)
        return plural(camel(own if own[:1].isupper() else name))


def _foreign(target: dict[str, Any], element: Element, path: str, made: Shaped) -> None:
    """Put what is in an element of an extension into an object; no rule reads it."""
    name = camel(element.name)
    value = _leaf(element, name, path, made)
    inner: dict[str, Any] = {}
    for child in element.children:
        _foreign(inner, child, f"{path}.{name}", made)
    target.setdefault(name, []).append(inner or value)


def _reference(element: Element, target: dict[str, Any], path: str, made: Shaped) -> None:
    """Put the parts of an identity into a reference, from all layers; the outer one goes first."""
    for child in sorted(element.children, key=lambda each: bool(each.children)):
        if child.children:
            if child.name.endswith("Lookup"):
                made.lookups.add(path.split(".")[1])
            _reference(child, target, path, made)
        else:
            name = camel(child.name) + ("Descriptor" if _is_descriptor(child.text) else "")
            value = _leaf(child, name, path, made)
            if value is not None:
                target.setdefault(name, value)
    _count_attributes(element, path, made)
    if "id" in element.attributes:
        made.handles[element.attributes["id"]] = target
    if "ref" in element.attributes:
        target[REF] = element.attributes["ref"]
        made.references.append((path, target))


def _leaf(element: Element, name: str, path: str, made: Shaped) -> Any:
    """Return the value of an element and count it; None where it is empty."""
    _count_attributes(element, f"{path}.{name}", made)
    text = element.text
    if not name.endswith(("Identifier", "UniqueId")) or "\n" in text:
        text = text.strip()
    if not text.strip():
        made.empty += not element.children and not element.attributes
        return text or None
    made.counts[f"{path}.{name}"] += 1
    kind = _KINDS.get(name)
    if kind is None:
        return text
    try:
        return kind(text)
    except (ValueError, KeyError):
        made.odd.append(f"{path}.{name}")
        return None


def _count_attributes(element: Element, path: str, made: Shaped) -> None:
    for name in element.attributes:
        made.counts[f"{path}.@{name.rpartition(' ')[2]}"] += 1


def _is_descriptor(text: str) -> bool:
    return "Descriptor#" in text and "://" in text


@functools.lru_cache(maxsize=10_000)
def camel(name: str) -> str:
    """Return a name as JSON writes it: the capitals at its head in small letters.

    Examples
    --------
    >>> camel("SchoolId"), camel("IEPBeginDate"), camel("CTE")
    ('schoolId', 'iepBeginDate', 'cte')
    """
    return _HEAD.sub(lambda found: found[0].lower(), name, count=1) if name[:1].isupper() else name


@functools.lru_cache(maxsize=10_000)
def plural(name: str) -> str:
    """Return the plural as the API writes it.

    Examples
    --------
    >>> [plural(name) for name in ("school", "localEducationAgency", "survey", "person", "address")]
    ['schools', 'localEducationAgencies', 'surveys', 'people', 'addresses']
    """
    if name in _PLURALS:
        return _PLURALS[name]
    if name.endswith("y") and name[-2:-1] not in "aeiou":
        return f"{name[:-1]}ies"
    return f"{name}es" if name.endswith(("s", "x", "ch", "sh")) else f"{name}s"
