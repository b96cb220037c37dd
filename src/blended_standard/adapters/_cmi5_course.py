"""What makes a course structure of cmi5 one that must not be imported: its parts, identifiers and addresses.

Source: the cmi5 specification, sections 3 (IRIs), 8.1 (names in the query), 13 (data and schema) and 14 (packages).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from blended_standard.adapters._xml import Element

SPACE = "https://w3id.org/xapi/profiles/cmi5/v1/CourseStructure.xsd"
UNITS = ("au", "block")
_OTHERS = "(x )*"
# The parts of each element in their order, an element of another namespace as x. The schema demands a description too;
# many courses have none, and nothing is misread without it.
_PARTS = {
    "courseStructure": "course (objectives )?((au|block) )+" + _OTHERS,
    "course": "title (description )?" + _OTHERS,
    "objectives": "(objective )+" + _OTHERS,
    "objectives.objective": "(title (description )?|description title )",
    "block": "title (description )?(objectives )?((au|block) )+" + _OTHERS,
    "au": "title (description )?(objectives )?url (launchParameters )?(entitlementKey )?" + _OTHERS,
    "title": "(langstring )+" + _OTHERS,
    "description": "(langstring )+" + _OTHERS,
    "unit.objectives": "(objective )+" + _OTHERS,
}
_MOVE_ON = "NotApplicable|Passed|Completed|CompletedAndPassed|CompletedOrPassed"
# The attributes of each element and what their values look like; `id` is required.
_ATTRIBUTES = {
    "course": {"id": ".+"},
    "block": {"id": ".+"},
    "objectives.objective": {"id": ".+"},
    "au": {
        "id": ".+",
        "moveOn": _MOVE_ON,
        "masteryScore": r"\+?(?=\.?\d)(0*(\.\d*)?|0*1(\.0*)?)",
        "launchMethod": "AnyWindow|OwnWindow",
        "activityType": ".*",
    },
    "unit.objective": {"idref": ".*"},
    "langstring": {"lang": "[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*"},
}
_KNOWN = {*_PARTS, *_ATTRIBUTES, "url"}
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")
_CLAUSES = {"block": "13.1.2", "objective": "13.1.3", "au": "13.1.4"}
_RESERVED = {"endpoint", "fetch", "actor", "registration", "activityId"}


class Fault(NamedTuple):
    """A rule that is broken, and where."""

    code: str
    field: str
    line: int | None
    detail: str


def units_of(element: Element) -> Iterator[Element]:
    """Yield the units and blocks in an element, those inside others too."""
    for part in element.parts:
        if part.name in UNITS:
            yield part
            yield from units_of(part)


def objectives_of(element: Element) -> list[Element]:
    """Return the objectives that a course defines, or that a unit or block refers to."""
    listed = element.first("objectives")
    return listed.all("objective") if listed else []


def faults(root: Element, files: frozenset[str] | None) -> Iterator[Fault]:
    """Yield what is wrong with a structure; `files` are those of its package, None where it came alone."""
    found = list(_schema(root, root.name))
    yield from found
    if any(fault.code == "ADP-CMI5-SCHEMA" for fault in found):
        return
    units = list(units_of(root))
    named = [*root.all("course"), *objectives_of(root), *units]
    seen: set[tuple[str, str]] = set()
    for element in named:
        identifier = element.attributes["id"]
        if not _IRI.fullmatch(identifier):
            detail = f"{element.name} has the identifier {identifier!r}, no whole IRI (clause 3.0)."
            yield Fault("ADP-CMI5-IRI", f"{element.name}.id", element.line, detail)
        if (element.name, identifier) in seen:
            detail = f"Another {element.name} has the same identifier (clause {_CLAUSES[element.name]})."
            yield Fault("ADP-CMI5-DUPLICATE", f"{element.name}.id", element.line, detail)
        seen.add((element.name, identifier))
    for element in units:
        address = element.first("url")
        if address is not None:
            yield from _address(address, files)


def _schema(element: Element, kind: str) -> Iterator[Fault]:
    """Yield breaches of the schema, in an element and all that is in it."""
    names = [part.name for part in element.parts]
    expected = _PARTS.get(kind)
    said = "".join("x " if ":" in name else f"{name} " for name in names)
    if not re.fullmatch(expected or "", said):
        detail = f"{element.name} holds {_few(names)}; the schema wants {_readable(expected)} (clause 13.2)."
        yield Fault("ADP-CMI5-SCHEMA", element.name, element.line, detail)
    elif "title" in names and "description" not in names:
        yield Fault("ADP-VALUE", f"{element.name}.description", element.line, "It is missing (clause 13.2).")
    if element.text and expected:
        yield Fault("ADP-CMI5-SCHEMA", element.name, element.line, "It holds text between its parts (clause 13.2).")
    yield from _attributes(element, kind)
    if kind == "url" and not element.text:
        yield Fault("ADP-CMI5-SCHEMA", "au.url", element.line, "It is empty (clause 13.2).")
    for part in element.parts:
        inside = _kind(kind, part.name)
        if inside in _KNOWN:
            yield from _schema(part, inside)


def _kind(above: str, name: str) -> str:
    """Return how an element is called here: objectives are defined by a course, and referred to by a unit."""
    if name == "objectives" and above in UNITS:
        return "unit.objectives"
    if name == "objective":
        return "unit.objective" if above == "unit.objectives" else "objectives.objective"
    return name


def _attributes(element: Element, kind: str) -> Iterator[Fault]:
    known = _ATTRIBUTES.get(kind, {})
    if "id" in known and not element.attributes.get("id"):
        yield Fault("ADP-CMI5-SCHEMA", f"{element.name}.id", element.line, "It is missing (clause 13.2).")
    for name, value in element.attributes.items():
        if ":" in name or (name == "id" and not value):
            continue
        if name not in known:
            detail = f"{element.name} has no such attribute (clause 13.2)."
        elif not re.fullmatch(known[name], value):
            detail = f"{value[:60]!r} is no value of {name} (clause 13.2)."
        else:
            continue
        yield Fault("ADP-CMI5-SCHEMA", f"{element.name}.{name}", element.line, detail)


def _address(url: Element, files: frozenset[str] | None) -> Iterator[Fault]:
    try:
        parts = urlsplit(url.text)
        names = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    except ValueError:
        yield Fault("ADP-CMI5-SCHEMA", "au.url", url.line, "It is no address (clause 13.1.4).")
        return
    for name in sorted(names & _RESERVED):
        detail = f"The query holds {name}, a name that the launch itself uses (clause 8.1)."
        yield Fault("ADP-CMI5-QUERY", "au.url", url.line, detail)
    if parts.scheme:
        return
    if files is None:
        detail = f"{parts.path[:80]!r} is relative, and no package was given (clause 14.2)."
        yield Fault("ADP-CMI5-RELATIVE", "au.url", url.line, detail)
    elif _place(parts.path) not in files:
        detail = f"The package does not hold {parts.path[:80]!r} (clause 14.1)."
        yield Fault("ADP-CMI5-FILE", "au.url", url.line, detail)


def _place(path: str) -> str:
    """Return the place of a file from the root of the package, or one where no file is."""
    steps: list[str] = []
    for step in unquote(path).split("/"):
        if step == "..":
            if not steps:
                return ""
            steps.pop()
        elif step not in ("", "."):
            steps.append(step)
    return "/".join(steps)


def _few(names: list[str]) -> str:
    return ", ".join(names[:12]) + (", …" if len(names) > 12 else "") if names else "nothing"


def _readable(pattern: str | None) -> str:
    """Return the parts of an element in words."""
    return re.sub(r"\((\w+) \)([?+])", r"\1\2 ", pattern.removesuffix(_OTHERS)).strip() if pattern else "text alone"
