"""Judge Ed-Fi resources as a set: who has the same identity, what a reference points to, and which descriptors exist.

Source: Ed-Fi Data Standard 5.2 (the identity of each entity). A service refuses the same with status 409, or 400 for
a descriptor.
"""

from __future__ import annotations

import functools
import json
from collections import ChainMap, Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs

from blended_standard.adapters._edfi_rules import STUDENT, at, code
from blended_standard.adapters._edfi_shape import plural
from blended_standard.adapters.work import Work

Key = tuple[str, ...]
_PLACE = "educationOrganizationReference.educationOrganizationId"
_SCHOOL = "schoolReference.schoolId"
_YEAR = "schoolYearTypeReference.schoolYear"
_OFFERING = tuple(f"courseOfferingReference.{name}" for name in ("localCourseCode", "schoolId", "schoolYear"))
# All of them are education organizations, and no two may have the same identifier.
PLACES = {
    "schools": "schoolId",
    "localEducationAgencies": "localEducationAgencyId",
    "stateEducationAgencies": "stateEducationAgencyId",
    "educationServiceCenters": "educationServiceCenterId",
    "educationOrganizationNetworks": "educationOrganizationNetworkId",
    "communityOrganizations": "communityOrganizationId",
    "communityProviders": "communityProviderId",
    "postSecondaryInstitutions": "postSecondaryInstitutionId",
    "organizationDepartments": "organizationDepartmentId",
}
# What makes two documents the same; a dot leads into a reference. The last parts are those of a reference to it.
IDENTITY: Mapping[str, tuple[str, ...]] = {name: (field,) for name, field in PLACES.items()} | {
    "students": ("studentUniqueId",),
    "staffs": ("staffUniqueId",),
    "programs": ("programName", "programTypeDescriptor", _PLACE),
    "calendars": ("calendarCode", _SCHOOL, _YEAR),
    "calendarDates": ("date", *(f"calendarReference.{name}" for name in ("calendarCode", "schoolId", "schoolYear"))),
    "sessions": ("sessionName", _SCHOOL, _YEAR),
    "courses": ("courseCode", _PLACE),
    "sections": ("sectionIdentifier", *_OFFERING, "courseOfferingReference.sessionName"),
    "classPeriods": ("classPeriodName", _SCHOOL),
    "learningStandards": ("learningStandardId",),
    "assessments": ("assessmentIdentifier", "namespace"),
    "assessmentItems": (
        "identificationCode",
        "assessmentReference.assessmentIdentifier",
        "assessmentReference.namespace",
    ),
    "gradebookEntries": ("gradebookEntryIdentifier", "namespace"),
    "surveys": ("surveyIdentifier", "namespace"),
    "studentSchoolAssociations": ("entryDate", STUDENT, _SCHOOL),
    "studentAcademicRecords": ("termDescriptor", STUDENT, _PLACE, _YEAR),
    "studentGradebookEntries": (
        STUDENT,
        "gradebookEntryReference.gradebookEntryIdentifier",
        "gradebookEntryReference.namespace",
    ),
    "postSecondaryEvents": ("eventDate", "postSecondaryEventCategoryDescriptor", STUDENT),
}
# People, whose identity no finding repeats.
_PEOPLE = {"students", "staffs", "contacts", "parents", "people", "candidates"}
_ANY_PLACE = "educationOrganizations"
# Lists that every service holds.
_FIXED = {"schoolYearTypes"}
# What a service adds to a document by itself.
_OF_THE_SERVICE = {"id", "_etag", "_lastModifiedDate"}


@attrs.define
class WholeSet:
    """What the documents of one source say about each other; memory grows with distinct identities and references."""

    work: Work
    _held: dict[str, dict[Key, int]] = attrs.field(factory=dict)
    _asked: dict[tuple[str, str, str], Counter[Key]] = attrs.field(factory=dict)
    _words: Counter[tuple[str, str, str]] = attrs.field(factory=Counter)
    _descriptors: dict[str, set[str]] = attrs.field(factory=dict)

    def add_descriptor(self, document: Mapping[str, Any]) -> None:
        """Take a value of a list of descriptors."""
        space = str(document.get("namespace", "")).lower()
        self._descriptors.setdefault(space, set()).add(str(document.get("codeValue", "")).lower())

    def add(self, resource: str, document: Mapping[str, Any], line: int | None) -> str | None:
        """Take a document into the set; return why it is left out, where its identity is there already."""
        held = self._held.setdefault(resource, {})
        key = _key(IDENTITY[resource], document) if resource in IDENTITY else ()
        if key:
            content = _content(document)
            if key in held:
                if held[key] == content:
                    return "the same document again"
                self.work.find("ADP-CONFLICT", resource, line=line)
                return "another document of the same identity came first"
            held[key] = content
            if resource in PLACES and any(key in self._held.get(other, ()) for other in PLACES if other != resource):
                detail = "Another education organization has the identifier."
                self.work.find("ADP-CONFLICT", resource, line=line, field=PLACES[resource], value=key[0], detail=detail)
                return "another education organization with the same identifier came first"
        for path, value in _inside(document, ""):
            if isinstance(value, str):
                self._words[resource, path, value] += 1
            else:
                self._ask(resource, path, value)
        return None

    def finish(self) -> None:
        """Add a finding for each descriptor that its list lacks, and each reference to what the set does not hold."""
        for (resource, path, uri), times in self._words.items():
            space, _, word = uri.rpartition("#")
            if not space:
                detail = "A descriptor is a namespace, # and a code; before version 3 it was a code alone."
                self._find("ADP-VALUE", resource, path, word, detail, times)
                continue
            accepted = self._descriptors.get(space.lower())
            if accepted is not None and word.lower() not in accepted:
                detail = "The list of the descriptor does not hold it."
                self._find("ADP-VALUE", resource, path, word, detail, times)
        absent: Counter[str] = Counter()
        for (resource, path, target), keys in self._asked.items():
            held = self._keys(target)
            if held is None:
                absent[target] += keys.total()
                continue
            personal = target in _PEOPLE or STUDENT in IDENTITY.get(target, ())
            shown: Counter[str | None] = Counter()
            for key, times in keys.items():
                if key and key not in held:
                    shown[None if personal else " / ".join(key)] += times
            for value, times in shown.items():
                self._find("ADP-REFERENCE", resource, path, value, f"It is not among the {target}.", times)
        for target, times in absent.items():
            detail = "The set holds none of them, so references to them are not checked."
            self.work.find("ADP-REFERENCE", target, detail=detail, count=times)

    def _ask(self, resource: str, path: str, reference: Mapping[str, Any]) -> None:
        target = _target(path.rpartition(".")[2].removesuffix("Reference"), tuple(reference))
        if target in _FIXED:
            return
        key = _whole(_word(name, reference.get(name)) for name in _names(target))
        self._asked.setdefault((resource, path, target), Counter())[key] += 1
        if "schoolId" in reference and target not in ("schools", _ANY_PLACE):
            school = (str(reference["schoolId"]),)
            self._asked.setdefault((resource, path, "schools"), Counter())[school] += 1

    def _keys(self, target: str) -> Mapping[Key, int] | None:
        """Return the identities of a resource in the set, or None where it holds none."""
        if target != _ANY_PLACE:
            return self._held.get(target)
        places = [self._held[name] for name in PLACES if name in self._held]
        return ChainMap(*places) if places else None

    def _find(self, rule: str, resource: str, path: str, value: str | None, detail: str, times: int) -> None:
        personal = value is not None and self.work.people.names_someone(value)
        self.work.find(rule, resource, field=path, value=value, identifying=personal, detail=detail, count=times)


def _inside(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield each reference as an object and each descriptor as text, with their paths."""
    if isinstance(value, dict):
        for name, each in value.items():
            if isinstance(each, str):
                if name.endswith("Descriptor"):
                    yield path + name, each
            elif isinstance(each, dict) and name.endswith("Reference"):
                yield path + name, each
            elif isinstance(each, dict | list):
                yield from _inside(each, f"{path}{name}.")
    elif isinstance(value, list):
        for each in value:
            yield from _inside(each, path)


def _key(paths: tuple[str, ...], document: Mapping[str, Any]) -> Key:
    """Return an identity as text, empty where a part is missing."""
    return _whole(_word(path, at(document, path)) for path in paths)


def _word(name: str, part: object) -> str | None:
    if part is None:
        return None
    return code(part).lower() if name.endswith("Descriptor") else str(part)


def _whole(parts: Iterable[str | None]) -> Key:
    """Return the parts of an identity, none where one is missing."""
    found = []
    for part in parts:
        if part is None:
            return ()
        found.append(part)
    return tuple(found)


@functools.lru_cache(maxsize=10_000)
def _names(target: str) -> tuple[str, ...]:
    """Return the parts of an identity as a reference names them; none where it is not known."""
    if target == _ANY_PLACE:
        return ("educationOrganizationId",)
    return tuple(path.rpartition(".")[2] for path in IDENTITY.get(target, ()))


@functools.lru_cache(maxsize=10_000)
def _target(name: str, parts: tuple[str, ...]) -> str:
    """Return the resource that a reference points to; a role may stand before the name of the resource."""
    own = plural(name)
    if _names(own):
        return own
    for place in (place for place, letter in enumerate(name) if letter.isupper()):
        found = plural(name[place].lower() + name[place + 1 :])
        if _names(found) and set(_names(found)) <= set(parts):
            return found
    return own


def _content(document: Mapping[str, Any]) -> int:
    own = {name: value for name, value in document.items() if name not in _OF_THE_SERVICE}
    return hash(json.dumps(own, sort_keys=True, default=str))
