"""Say what a document is that was handed to the wrong standard, by what only documents of its kind have."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from blended_standard.io.archives import open_archive
from blended_standard.io.limits import Limits
from blended_standard.io.read import SourceFile

# Of each kind: what it is, and the standard that reads it, if one does.
Kind = tuple[str, str | None]
_CASE: Kind = ("a CASE package", "case")
_XAPI: Kind = ("xAPI statements", "xapi")
_PROFILE: Kind = ("an xAPI profile, which defines words and holds no statements", None)
_CALIPER: Kind = ("Caliper events", "caliper")
_BADGES: Kind = ("a credential of Open Badges or CLR", "open_badges")
_CTDL: Kind = ("a framework or pathway in CTDL", "ctdl")
_EDFI: Kind = ("an Ed-Fi interchange", "edfi")
_CANVAS: Kind = ("a live event of Canvas in its own format, not in that of Caliper", None)
_REST: Kind = ("an answer of the REST service of OneRoster, not its CSV files", None)
_ROOTS: Mapping[str, Kind] = {
    "courseStructure": ("a cmi5 course structure", "cmi5"),
    "manifest": ("the manifest of a SCORM or IMS package", None),
    "tincan": ("the description of a Tin Can package", None),
}
# What a package of each kind holds at its root or one folder below.
_PACKAGES: Mapping[str, Kind] = {
    "cmi5.xml": ("a package of cmi5", "cmi5"),
    "tincan.xml": ("a Tin Can package", None),
    "imsmanifest.xml": ("a package of SCORM or IMS", None),
}
_WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".ods", ".numbers")
# What an answer of OneRoster holds, alone or several.
_ANSWERED: tuple[str, ...] = ("academicSession", "class", "course", "enrollment", "lineItem", "org", "result", "user")
_ANSWERED += ("academicSessions", "classes", "courses", "enrollments", "lineItems", "orgs", "results", "users")
_SKIPPED = re.compile(r"<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*(\[.*?\])?\s*>", re.DOTALL)
_ROOT = re.compile(r"\s*<(?:[\w.-]+:)?([A-Za-z_][\w.-]*)")
_BEGINNING = 16_384
_NAMED = (".xml", ".json", ".jsonl", ".ndjson", ".jsonld")


def kind_of(document: Any) -> Kind | None:
    """Return what a JSON document certainly is, or None."""
    if not isinstance(document, Mapping):
        return None
    if document.keys() >= {"actor", "verb", "object"}:
        return _XAPI
    if isinstance(document.get("metadata"), Mapping) and "event_name" in document["metadata"] and "body" in document:
        return _CANVAS
    if any(_is_answer(document.get(name)) for name in _ANSWERED):
        return _REST
    if isinstance(document.get("CFDocument"), Mapping):
        return _CASE
    if isinstance(document.get("statement"), Mapping) and kind_of(document["statement"]) == _XAPI:
        return _XAPI
    listed = document.get("statements")
    if isinstance(listed, list) and listed and kind_of(listed[0]) == _XAPI:
        return _XAPI
    context = str(document.get("@context", ""))
    if document.get("type") == "Profile" and "w3id.org/xapi/profiles" in context:
        return _PROFILE
    if "/ctx/caliper" in context or document.keys() >= {"sensor", "data"}:
        return _CALIPER
    if "/spec/ob/" in context or "/spec/clr/" in context or "openbadges/v2" in context:
        return _BADGES
    if "envelope_ctdl_type" in document or "credreg.net" in context or "purl.org/ctdl" in context:
        return _CTDL
    return None


def _is_answer(value: Any) -> bool:
    """Say whether this is what OneRoster answers: one object or several, each with the identifier of its source."""
    first = value[0] if isinstance(value, list) and value else value
    return isinstance(first, Mapping) and "sourcedId" in first


def foreign(standard: str, kind: Kind | None) -> str | None:
    """Return a sentence that says what a document is and who reads it, where that is not `standard`."""
    if kind is None or kind[1] == standard:
        return None
    what, reader = kind
    return f"this is {what}." + (f" Read it as {reader!r}." if reader else " No standard reads it.")


def package(standard: str, source: object, limits: Limits) -> str | None:
    """Return a sentence that says which package an archive is, where `standard` does not read it; else None."""
    path = Path(source) if isinstance(source, str | Path) else None
    if path is None or path.suffix.lower() != ".zip" or not path.is_file():
        return None
    with open_archive(path, limits) as (_, members):
        names = {PurePosixPath(place).name.lower() for place, _ in members if place.count("/") < 2}
    return next((foreign(standard, kind) for name, kind in _PACKAGES.items() if name in names), None)


def hint(standard: str, files: Iterable[SourceFile]) -> str:
    """Return what the first file that can be recognized is, as an end for a refusal; empty where none can."""
    for file in files:
        if file.name.lower().endswith(_WORKBOOKS):
            return f" {file.name} is a workbook, which is not read: save each of its sheets as CSV UTF-8, a file each."
        if file.name.lower().endswith(_NAMED):
            said = foreign(standard, kind_of_content(file.read()))
            if said:
                return f" {file.name}: {said}"
    return ""


def kind_of_content(content: bytes) -> Kind | None:
    """Return what a file is by its root, where it is XML, or by its first document, where it is JSON."""
    text = _text(content[:_BEGINNING])
    if not text.lstrip().startswith("<"):
        return kind_of(first_of(content))
    root = _ROOT.match(_SKIPPED.sub("", text))
    name = root[1] if root else ""
    return _ROOTS.get(name) or (_EDFI if name.startswith("Interchange") else (f"XML with the root {name[:60]!r}", None))


def first_of(content: bytes) -> Any:
    """Return the first document of JSON or JSON Lines, or None."""
    for part in (content.partition(b"\n")[0], content):
        try:
            document = json.loads(_text(part))
        except (ValueError, RecursionError):
            continue
        return document[0] if isinstance(document, list) and document else document
    return None


def _text(content: bytes) -> str:
    wide = content[:2] in (b"\xff\xfe", b"\xfe\xff")
    return content.decode("utf-16" if wide else "utf-8-sig", "replace")
