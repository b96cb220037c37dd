"""Write resources for an Ed-Fi API, one file of JSON Lines a resource, numbered in the order in which to post them.

Source: Ed-Fi Data Standard 5.2. A student's resource demands names, which the standard does not hold: the service
must know its students by the identifiers that are written here, or they are replaced before posting.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from blended_standard.adapters.combine import rows_of
from blended_standard.adapters.edfi import GRADES
from blended_standard.adapters.result import Export, FieldLoss, LossReport
from blended_standard.io import Submission
from blended_standard.spec import load_standard

Row = dict[str, Any]
_SPACE = "uri://ed-fi.org/"
_CALENDAR = "default"
_GRADE_OF = {number: name for name, number in GRADES.items()}
_EXITS = {
    "completed_diploma": "Graduated",
    "completed_equivalency": "Completed",
    "completed_program": "Completed",
    "finished_not_passed": "Other",
    "transfer": "Transferred",
    "withdrawn": "Withdrawn",
    "dismissed": "Involuntarily Removed",
    "auto_exit": "Withdrawn",
    "aged_out": "Reached maximum age",
    "moved_away": "Transferred",
    "deceased": "Died or is permanently incapacitated",
    "unknown": "Other",
}
_WRITTEN = {
    "program": ("program_id", "name"),
    "site": ("site_id", "name", "program_id"),
    "episode": ("learner_id", "site_id", "entry_date", "exit_date", "exit_reason", "entry_grade"),
    "calendar_day": ("site_id", "date", "open"),
    "framework": (),
    "competency": ("competency_id", "title", "framework_id", "parent_id"),
}
_REASONS = {
    "learner": "a student's resource demands names, which the standard does not hold",
    "mastery_decision": "a student's competency objective has a grading period in place of a day",
    "credit": "a transcript demands a course",
}


def write(submission: Submission, target: Path) -> Export:
    """Write agencies or programs, schools, calendars, standards and enrolments."""
    tables = {name: rows_of(data) for name, data in submission.tables.items()}
    programs = tables.get("program", ())
    made: Row = {
        "localEducationAgencies": [_agency(row) for row in programs if "/" not in str(row["program_id"])],
        "programs": [_program(row) for row in programs if "/" in str(row["program_id"])],
        "schools": [_school(row) for row in tables.get("site", ())],
        "calendars": _calendars(tables.get("calendar_day", ())),
        "calendarDates": [_calendar_date(row) for row in tables.get("calendar_day", ())],
        "learningStandards": [_standard(row) for row in tables.get("competency", ())],
        "studentSchoolAssociations": [_enrolment(row) for row in tables.get("episode", ())],
    }
    target.mkdir(parents=True, exist_ok=True)
    files = []
    for resource, documents in made.items():
        if documents:
            path = target / f"{resource}.jsonl"
            lines = [json.dumps(document, ensure_ascii=False) + "\n" for document in documents]
            path.write_text("".join(lines), encoding="utf-8")
            files.append(str(path))
    losses = LossReport(standard="edfi", fields=tuple(_fates(tables)))
    return Export(standard="edfi", files=tuple(files), documents=sum(map(len, made.values())), losses=losses)


def _fates(tables: Mapping[str, list[Row]]) -> list[FieldLoss]:
    fields = []
    for table, rows in tables.items():
        for name in dict.fromkeys(name for row in rows for name in row):
            count = sum(name in row for row in rows)
            if name in _WRITTEN.get(table, ()):
                reason = _other_words(rows) if (table, name) == ("episode", "exit_reason") else ""
                fields.append(FieldLoss(field=f"{table}.{name}", fate="mapped", count=count, to="Ed-Fi", reason=reason))
            else:
                reason = _REASONS.get(table, "the resources written here have no field for it")
                fields.append(FieldLoss(field=f"{table}.{name}", fate="dropped", count=count, reason=reason))
    return fields


def _other_words(episodes: list[Row]) -> str:
    """Say which reasons come back as another, because Ed-Fi has no word for them."""
    words = load_standard().adapters["edfi"].vocabulary("exit")
    reasons = {str(row["exit_reason"]) for row in episodes if row.get("exit_reason")}
    other = sorted(reason for reason in reasons if words[_EXITS[reason]].code != reason)
    return f"Ed-Fi has no word for {', '.join(other)}; the nearest was written" if other else ""


def _agency(row: Row) -> Row:
    """Return an agency: a program whose identifier names no program of one is read from it."""
    category = f"{_SPACE}EducationOrganizationCategoryDescriptor#Local Education Agency"
    return {
        "localEducationAgencyId": _number(row["program_id"]),
        "nameOfInstitution": str(row["name"])[:75],
        "categories": [{"educationOrganizationCategoryDescriptor": category}],
        "localEducationAgencyCategoryDescriptor": (
            f"{_SPACE}LocalEducationAgencyCategoryDescriptor#Other local education agency"
        ),
    }


def _program(row: Row) -> Row:
    agency, _, name = str(row["program_id"]).rpartition("/")
    return {
        "programName": name[:60],
        "programTypeDescriptor": f"{_SPACE}ProgramTypeDescriptor#Alternative Education",
        "educationOrganizationReference": {"educationOrganizationId": _number(agency)},
    }


def _school(row: Row) -> Row:
    category = f"{_SPACE}EducationOrganizationCategoryDescriptor#School"
    return {
        "schoolId": _number(row["site_id"]),
        "nameOfInstitution": str(row["name"])[:75],
        "educationOrganizationCategories": [{"educationOrganizationCategoryDescriptor": category}],
        "gradeLevels": [{"gradeLevelDescriptor": f"{_SPACE}GradeLevelDescriptor#Ungraded"}],
        "localEducationAgencyReference": {"localEducationAgencyId": _number(str(row["program_id"]).partition("/")[0])},
    }


def _calendars(days: Iterable[Row]) -> list[Row]:
    """Return the calendar of each school and year, which its dates refer to."""
    return [
        {
            "calendarCode": _CALENDAR,
            "schoolReference": {"schoolId": _number(site)},
            "schoolYearTypeReference": {"schoolYear": year},
            "calendarTypeDescriptor": f"{_SPACE}CalendarTypeDescriptor#School",
        }
        for site, year in sorted({(row["site_id"], _school_year(row)) for row in days})
    ]


def _school_year(row: Row) -> int:
    """Return the year in which a school year ends; one that begins in July is assumed."""
    day: dt.date = row["date"]
    return day.year + (day.month >= 7)


def _calendar_date(row: Row) -> Row:
    event = "Instructional day" if row["open"] else "Non-instructional day"
    return {
        "date": row["date"].isoformat(),
        "calendarReference": {
            "calendarCode": _CALENDAR,
            "schoolId": _number(row["site_id"]),
            "schoolYear": _school_year(row),
        },
        "calendarEvents": [{"calendarEventDescriptor": f"{_SPACE}CalendarEventDescriptor#{event}"}],
    }


def _standard(row: Row) -> Row:
    space = str(row.get("framework_id") or "uri://blended-standard")
    made: Row = {"learningStandardId": str(row["competency_id"]), "description": str(row["title"]), "namespace": space}
    if row.get("parent_id"):
        made["parentLearningStandardReference"] = {"learningStandardId": row["parent_id"]}
    return made


def _enrolment(row: Row) -> Row:
    grade = _GRADE_OF.get(row.get("entry_grade", -1), "Ungraded")
    made: Row = {
        # 32 characters are allowed: the pseudonym without the name of its key.
        "studentReference": {"studentUniqueId": str(row["learner_id"]).rpartition("-")[2][:32]},
        "schoolReference": {"schoolId": _number(row["site_id"])},
        "entryDate": row["entry_date"].isoformat(),
        "entryGradeLevelDescriptor": f"{_SPACE}GradeLevelDescriptor#{grade}",
    }
    if row.get("exit_date"):
        made["exitWithdrawDate"] = row["exit_date"].isoformat()
    if row.get("exit_date") and row.get("exit_reason"):
        made["exitWithdrawTypeDescriptor"] = f"{_SPACE}ExitWithdrawTypeDescriptor#{_EXITS[row['exit_reason']]}"
    return made


def _number(identifier: Any) -> Any:
    """Return an identifier as the whole number that the service wants, where it is one."""
    text = str(identifier)
    return int(text) if text.isdecimal() else text
