"""The documents of an Ed-Fi source, from XML interchanges and JSON files alike.

Memory: a file of XML on disk is read in pieces, one record at a time. Of each document, what the map knows is kept
until the records are made, and the rest is counted and let go; of a resource that the map does not read, the
identities alone are kept. Of 200 MB of attendance, 0.75 KB a record was held at the peak.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from pathlib import PurePath
from typing import Any, BinaryIO

import attrs

from blended_standard.adapters import _edfi_rules as rules
from blended_standard.adapters._edfi_rules import Document
from blended_standard.adapters._edfi_set import IDENTITY, PLACES, WholeSet
from blended_standard.adapters._edfi_shape import REF, Shaped, plural, shape
from blended_standard.adapters._edfi_xml import NOT_OURS, Interchange
from blended_standard.adapters._xml import XmlProblemError
from blended_standard.adapters.documents import ENDINGS, Place, documents_in, unpacked
from blended_standard.adapters.kinds import hint
from blended_standard.adapters.work import Work, leaves
from blended_standard.errors import UnreadableInputError
from blended_standard.io.limits import Limits
from blended_standard.io.read import RefusedFileError, SourceFile, files_of

_VERSION = "5"
_UNKNOWN_RESOURCE = "a resource that the map does not know"
_NEW_IN_4 = {"gradebookEntries", "studentGradebookEntries"}
# Resources that JSON, which states no version, tells it by; and a field that grade-book entries had in version 3 alone.
_OF_VERSIONS = {
    "parents": "4 or earlier",
    "studentParentAssociations": "4 or earlier",
    "studentDemographics": "6 or later",
    "studentDirectories": "6 or later",
    "studentIdentificationCodes": "6 or later",
}
_OF_VERSION_3 = "dateAssigned"
# What clients write before the name of a resource, and the page after it.
_BEFORE = re.compile(r"^ed-?fi[-_. ]+", re.IGNORECASE)
_PAGE = re.compile(r"[-_. ]*(page|part|batch|offset)?[-_. ]*\d+$", re.IGNORECASE)
_NO_IDENTIFIER = "version 3 gives grade-book entries no identifier"
_LEFT_OUT = "left_out"
_DESCRIPTORS = "descriptors"
# Values of a person's own resources that must not stand in free text.
_PERSONAL = {
    "firstName", "middleName", "lastSurname", "maidenName", "preferredFirstName", "preferredLastSurname",
    "studentUniqueId", "staffUniqueId", "contactUniqueId", "parentUniqueId", "personId", "identificationCode",
    "electronicMailAddress", "telephoneNumber", "streetNumberName", "loginId",
}  # fmt: skip
_ABOUT_PEOPLE = {
    "students", "staffs", "contacts", "parents", "people", "candidates", "studentDirectories",
    "studentIdentificationCodes", "studentEducationOrganizationAssociations",
}  # fmt: skip


@attrs.define
class Source:
    """What is read of one source: the documents of each resource that the map reads, with its fields alone."""

    work: Work
    found: dict[str, list[Document]] = attrs.field(factory=dict)
    versions: set[str] = attrs.field(factory=set)
    whole: WholeSet = attrs.field(init=False)
    _fields: frozenset[str] = attrs.field(init=False)
    _resources: set[str] = attrs.field(init=False)
    _kept: dict[str, set[str]] = attrs.field(factory=dict, init=False)
    _recognized: bool = attrs.field(default=False, init=False)
    _refusals: list[str] = attrs.field(factory=list, init=False)
    _told: set[str] = attrs.field(factory=set, init=False)

    def __attrs_post_init__(self) -> None:
        self.whole = WholeSet(self.work)
        self._fields = frozenset(entry.field for entry in self.work.map.fields)
        self._resources = {field.partition(".")[0] for field in self._fields}
        for entry in self.work.map.fields:
            resource, _, rest = entry.field.partition(".")
            if entry.fate == "mapped" and rest:
                self._kept.setdefault(resource, set()).add(rest.partition(".")[0])

    def read(self, source: Any) -> None:
        """Read every file; `UnreadableInputError` where none holds a resource of Ed-Fi."""
        limits = self.work.options.limits
        for file in files_of(source, limits=limits):
            try:
                self._file(unpacked(file, limits.file_bytes), limits)
            except RefusedFileError as error:
                self._stop(error.code, error.detail)
            except OSError as error:
                self._stop("FIL-UNREADABLE", f"({error.strerror})")
        if not self._recognized:
            why = f" {self._refusals[0]}" if self._refusals else ""
            if why.strip() in ("", NOT_OURS):
                why += hint(self.work.name, files_of(source, limits=limits))
            raise UnreadableInputError(
                f"{source}: holds no Ed-Fi resource.{why} Expected XML interchanges, or files such as students.json."
            )
        self.whole.finish()
        if len(self.versions) > 1:
            self.work.find("ADP-VERSION", "file", detail=f"Several are stated: {', '.join(sorted(self.versions))}.")

    def _file(self, file: SourceFile, limits: Limits) -> None:
        if file.name.lower().endswith(".xml"):
            with _opened(file, limits.file_bytes) as stream:
                self._interchange(Interchange(stream, limits))
            return
        if not file.name.lower().endswith(ENDINGS):
            self.work.lose("file", "neither XML nor JSON")
            return
        for place, outer in documents_in(file, self.work):
            for name, document in _named(place, outer, self._resources):
                resource = rules.general(name)
                counts = _counted(document, resource)
                self._see_version_of(resource, document)
                if resource in _NEW_IN_4 and _is_of_version_3(document):
                    self._recognized = True
                    self._leave_out(resource, _NO_IDENTIFIER, counts)
                else:
                    self._take(resource, document, place.line, counts)

    def _interchange(self, interchange: Interchange) -> None:
        """Take the records of a file; one that names another by `ref` waits until that was read."""
        handles: dict[str, Document] = {}
        waiting: list[tuple[Shaped, int]] = []
        loose: Counter[tuple[str, str]] = Counter()
        try:
            for element in interchange.records():
                record = shape(element, self._fields)
                for handle, named in record.handles.items():
                    whole = named is record.document
                    handles[handle] = _as_reference(record.resource, named) if whole else named
                open_ = [(path, each) for path, each in record.references if not _resolve(each, handles)]
                needed = self._kept.get(record.resource, set())
                if any(path.split(".")[1] in needed for path, _ in open_):
                    waiting.append((record, element.line))
                else:
                    loose.update((path, each[REF]) for path, each in open_)
                    self._take_record(record, element.line, interchange.version)
        except XmlProblemError as problem:
            self._stop(problem.code, problem.detail, problem.line)
        for record, line in waiting:
            loose.update((path, each[REF]) for path, each in record.references if not _resolve(each, handles))
            self._take_record(record, line, interchange.version)
        dangling: Counter[str] = Counter()
        for (path, handle), times in loose.items():
            if handle not in handles:
                dangling[path] += times
        for path, times in dangling.items():
            resource, _, field = path.partition(".")
            detail = "Its ref names nothing in the file."
            self.work.find("ADP-REFERENCE", resource, field=field, detail=detail, count=times)
        if interchange.opened:
            self._recognized = True
            self._see_version(interchange.version)
        self.work.lose("text between records", "no record holds it", interchange.stray)

    def _take_record(self, record: Shaped, line: int, version: str | None) -> None:
        self.work.lose("empty element", "says nothing: it is read as absent", record.empty)
        for path in record.odd:
            resource, _, field = path.partition(".")
            self.work.find("ADP-VALUE", resource, line=line, field=field)
        if record.resource in _NEW_IN_4 and (version or "").startswith("3"):
            self._leave_out(record.resource, _NO_IDENTIFIER, record.counts)
            return
        self._take(record.resource, record.document, line, record.counts, record.lookups)

    def _take(
        self, resource: str, document: Any, line: int | None, counts: Counter[str], lookups: Collection[str] = ()
    ) -> None:
        if resource in _ABOUT_PEOPLE:
            self._remember(document)
        problem = rules.problem_with(resource, document)
        if problem and problem[0].partition(".")[0] in lookups:
            detail = "It is named by a lookup that does not hold its identity; nothing is searched for."
            self.work.find("ADP-REFERENCE", resource, line=line, field=problem[0], detail=detail)
            self._leave_out(resource, "refers by a lookup without the identity", counts)
            return
        if problem:
            self.work.find("ADP-INVALID", resource, line=line, field=problem[0] or None, detail=problem[1])
            self._leave_out(resource, f"invalid: {problem[0]}", counts)
            return
        if resource.endswith("Descriptors") and "codeValue" in document:
            self._recognized = True
            self.whole.add_descriptor(document)
            self.work.see(_DESCRIPTORS, counts.total())
            return
        reason = self.whole.add(resource, document, line)
        if reason is not None:
            self._leave_out(resource, reason, counts)
            return
        self.work.counts.update(counts)
        kept = self._kept.get(resource)
        if kept is None:
            fate = self.work.fate(resource)
            self.work.lose(resource, fate.reason if fate else _UNKNOWN_RESOURCE)
            self._recognized |= fate is not None
        else:
            self._recognized = True
            self.found.setdefault(resource, []).append({name: document[name] for name in kept & document.keys()})

    def _see_version(self, version: str | None) -> None:
        if version is not None:
            self.versions.add(version)
        if version is None or version.partition(".")[0] != _VERSION:
            stated = f"It states {version}" if version else "It states none"
            self.work.find("ADP-VERSION", "file", detail=f"{stated}; it was read as 5.2, by the names of its fields.")

    def _see_version_of(self, resource: str, document: Any) -> None:
        """Say once for each resource by which JSON shows that it is of another version."""
        told = _OF_VERSIONS.get(resource)
        if resource in _NEW_IN_4 and _is_of_version_3(document):
            told = "3"
        if told and resource not in self._told:
            self._told.add(resource)
            detail = f"It is of version {told}; it was read as 5.2, by the names of its fields."
            self.work.find("ADP-VERSION", resource, detail=detail)

    def _stop(self, rule: str, detail: str, line: int | None = None) -> None:
        """Say why a file was not read, or not to its end."""
        if rule:
            self.work.find(rule, "file", line=line, detail=detail)
        known = self.work.found.standard.rules
        self._refusals.append(f"{known[rule].what if rule else ''} {detail}".strip())
        self.work.lose("file", known[rule].what if rule else detail)

    def _leave_out(self, resource: str, reason: str, counts: Counter[str]) -> None:
        self.work.lose(resource, reason)
        if counts:
            self.work.see(f"{_LEFT_OUT}.{resource}", counts.total())

    def _remember(self, value: Any, name: str = "") -> None:
        if isinstance(value, Mapping):
            for inner, each in value.items():
                self._remember(each, str(inner))
        elif isinstance(value, list):
            for each in value:
                self._remember(each, name)
        elif name in _PERSONAL and value:
            self.work.people.remember(value)


def _opened(file: SourceFile, most: int) -> BinaryIO:
    """Open a file for reading in pieces; a member of an archive is unpacked already."""
    if file.path is None:
        return io.BytesIO(file.read())
    size = file.path.stat().st_size
    if size > most:
        raise RefusedFileError("LIM-FILE", f"{size:,} bytes; the limit is {most:,}.")
    return file.path.open("rb")


def _is_of_version_3(document: Any) -> bool:
    """Say whether a grade-book entry, or a reference to one, is identified as in version 3: by its day and title."""
    if not isinstance(document, dict) or "gradebookEntryIdentifier" in document:
        return False
    return _OF_VERSION_3 in document or _is_of_version_3(document.get("gradebookEntryReference"))


def _counted(document: Any, path: str) -> Counter[str]:
    counts: Counter[str] = Counter()
    for field, times in leaves(document, path):
        counts[field] += times
    return counts


def _named(place: Place, document: Any, known: set[str]) -> Iterator[tuple[str, Any]]:
    """Yield documents with their resource: that of the file's name, or of each list in an object."""
    resource = _resource_of(place.file, known)
    if resource not in known and isinstance(document, Mapping) and known & document.keys():
        for name, listed in document.items():
            for each in listed if isinstance(listed, list) else [listed]:
                yield str(name), each
    else:
        yield resource, document


def _resource_of(file: str, known: set[str]) -> str:
    """Return the resource that a file's name states: students, Student, ed-fi_students or students-2."""
    own = _BEFORE.sub("", PurePath(file).stem)
    if own in known:
        return own
    word = _PAGE.sub("", own)
    names = {name.lower(): name for name in known}
    found = names.get(word.lower()) or names.get(plural(word.lower()))
    if found:
        return found
    return plural(word) if word.endswith("Descriptor") else own


def _as_reference(resource: str, document: Document) -> Document:
    """Return what a reference to a document holds: the parts of its identity."""
    if resource not in IDENTITY:
        return document if resource.endswith("References") else {}
    parts = {path.rpartition(".")[2]: rules.at(document, path) for path in IDENTITY[resource]}
    if resource in PLACES:
        parts["educationOrganizationId"] = parts[PLACES[resource]]
    return parts


def _resolve(reference: dict[str, Any], handles: Mapping[str, Document]) -> bool:
    """Fill a reference from the record that it names; say whether that was read already."""
    target = handles.get(reference[REF])
    if target is None:
        return False
    for name, value in target.items():
        if value is not None and name != REF:
            reference.setdefault(name, value)
    return True
