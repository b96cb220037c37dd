"""What makes an Ed-Fi resource invalid: what it lacks, blank text, and members of a collection that repeat."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

Document = Mapping[str, Any]
SCHEME = "edfi"
STUDENT = "studentReference.studentUniqueId"
# The fields without which a resource is refused; a dot leads into a reference.
REQUIRED: Mapping[str, tuple[str, ...]] = {
    "academicWeeks": ("weekIdentifier", "schoolReference.schoolId", "beginDate", "endDate", "totalInstructionalDays"),
    "schools": ("schoolId", "nameOfInstitution"),
    "localEducationAgencies": ("localEducationAgencyId", "nameOfInstitution"),
    "programs": ("programName", "programTypeDescriptor", "educationOrganizationReference.educationOrganizationId"),
    "calendarDates": ("date", "calendarReference.schoolId", "calendarEvents"),
    "students": ("studentUniqueId", "birthDate", "firstName", "lastSurname"),
    "studentEducationOrganizationAssociations": (
        "studentReference.studentUniqueId",
        "educationOrganizationReference.educationOrganizationId",
    ),
    "studentSchoolAssociations": (
        "studentReference.studentUniqueId",
        "schoolReference.schoolId",
        "entryDate",
        "entryGradeLevelDescriptor",
    ),
    "studentProgramAssociations": (
        "studentReference.studentUniqueId",
        "educationOrganizationReference.educationOrganizationId",
        "programReference.programName",
        "programReference.educationOrganizationId",
        "beginDate",
    ),
    "learningStandards": ("learningStandardId", "description", "namespace"),
    "assessments": ("assessmentIdentifier", "namespace", "assessmentTitle"),
    "studentAssessments": (
        "studentAssessmentIdentifier",
        "studentReference.studentUniqueId",
        "assessmentReference.assessmentIdentifier",
        "assessmentReference.namespace",
    ),
    "gradebookEntries": ("gradebookEntryIdentifier", "namespace"),
    "studentGradebookEntries": (
        "studentReference.studentUniqueId",
        "gradebookEntryReference.gradebookEntryIdentifier",
        "gradebookEntryReference.namespace",
    ),
    "studentAcademicRecords": ("studentReference.studentUniqueId",),
    "postSecondaryEvents": ("studentReference.studentUniqueId", "eventDate", "postSecondaryEventCategoryDescriptor"),
    "studentSchoolAttendanceEvents": (
        "studentReference.studentUniqueId",
        "schoolReference.schoolId",
        "eventDate",
        "attendanceEventCategoryDescriptor",
    ),
}
_LENGTHS = {"weekIdentifier": (5, 80), "studentUniqueId": (1, 32), "programName": (1, 60)}
# Decimals of five digits, two of them after the point.
_LARGEST = {"yearsOfPriorProfessionalExperience": 999.99, "yearsOfPriorTeachingExperience": 999.99}
_KEYS = {
    "performanceLevels": (
        "performanceLevelDescriptor",
        "assessmentReportingMethodDescriptor",
        "performanceLevelIndicatorName",
    ),
    "items": ("assessmentItemReference",),
}


def problem_with(resource: str, document: Any) -> tuple[str, str] | None:
    """Return the field that makes a resource invalid, and why; None where nothing does.

    Examples
    --------
    >>> problem_with("schools", {"schoolId": 1, "nameOfInstitution": " "})
    ('nameOfInstitution', 'nameOfInstitution is blank, or an identifier that begins or ends with a blank.')
    """
    if not isinstance(document, dict):
        return "", "It is not an object."
    for path in REQUIRED.get(resource, ()):
        if at(document, path) in (None, "", []):
            return path, f"{path} is missing."
    return next(_problems(document, ""), None)


def general(resource: str) -> str:
    """Return the resource by whose rules another is read: associations with any kind of program are alike.

    Examples
    --------
    >>> general("studentCTEProgramAssociations")
    'studentProgramAssociations'
    """
    special = resource.startswith("student") and resource.endswith("ProgramAssociations")
    return "studentProgramAssociations" if special else resource


def at(document: Any, path: str) -> Any:
    """Return the value at a path, or None."""
    for name in path.split("."):
        document = document.get(name) if isinstance(document, dict) else None
    return document


def code(value: object) -> str:
    """Return the code value of a descriptor, whatever its namespace.

    Examples
    --------
    >>> code("uri://ed-fi.org/SexDescriptor#Female")
    'Female'
    """
    return str(value or "").rpartition("#")[2]


def day(value: object) -> dt.date | None:
    """Return a date, also of an instant, or None."""
    try:
        return dt.date.fromisoformat(str(value)[:10])
    except ValueError:
        return None


def _problems(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _problems(each, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        keys = _KEYS.get(path.rpartition(".")[2])
        members = [json.dumps([at(each, key) for key in keys] if keys else each, sort_keys=True) for each in value]
        if len(set(members)) < len(members):
            yield path, f"{path} has one member twice."
        for each in value:
            yield from _problems(each, path)
    elif isinstance(value, str):
        name = path.rpartition(".")[2]
        shortest, longest = _LENGTHS.get(name, (1, None))
        if not value.strip() or (name.endswith(("Identifier", "UniqueId")) and value.strip() != value):
            yield path, f"{path} is blank, or an identifier that begins or ends with a blank."
        elif len(value) < shortest or (longest is not None and len(value) > longest):
            yield path, f"{path} is not {shortest} to {longest} characters long."
    elif isinstance(value, int | float) and abs(value) > _LARGEST.get(path.rpartition(".")[2], math.inf):
        yield path, f"{path} has more digits than it may."
