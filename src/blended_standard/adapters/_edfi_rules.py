"""What makes an Ed-Fi resource invalid: what it lacks, blank text, and members of a collection that repeat."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Mapping
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
# The last is of the Sample extension that Ed-Fi publishes; fields of other extensions are not judged.
_LENGTHS = {"weekIdentifier": (5, 80), "studentUniqueId": (1, 32), "programName": (1, 60), "petName": (1, 20)}
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
    found = _fault(document, "")
    return (found[0], f"{found[0]} {found[1]}.") if found else None


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


def _fault(value: Any, name: str) -> tuple[str, str] | None:
    """Return the first fault in a value of a field and where it is, both from that field on; None where it has none."""
    if isinstance(value, str):
        why = _fault_of_text(value, name)
        return (name, why) if why else None
    if isinstance(value, dict):
        for inner, each in value.items():
            found = _fault(each, str(inner))
            if found:
                return (f"{name}.{found[0]}" if name else found[0]), found[1]
        return None
    if isinstance(value, list):
        keys = _KEYS.get(name)
        members = [json.dumps([at(each, key) for key in keys] if keys else each, sort_keys=True) for each in value]
        if len(set(members)) < len(members):
            return name, "has one member twice"
        return next((found for each in value if (found := _fault(each, name))), None)
    if isinstance(value, int | float) and abs(value) > _LARGEST.get(name, math.inf):
        return name, "has more digits than it may"
    return None


def _fault_of_text(value: str, name: str) -> str | None:
    bare = value.strip()
    if not bare or (bare != value and name.endswith(("Identifier", "UniqueId"))):
        return "is blank, or an identifier that begins or ends with a blank"
    if name in _LENGTHS:
        shortest, longest = _LENGTHS[name]
        if not shortest <= len(value) <= longest:
            return f"is not {shortest} to {longest} characters long"
    return None
