"""Write resources for an Ed-Fi API, one file of JSON Lines a resource, listed in the order in which to post them.

Source: Ed-Fi Data Standard 5.2 and the resources of its API. A student's resource demands names, which the standard
does not hold: the service must know its students by the identifiers that are written here, or they are replaced
before posting. So are identifiers of places that are no whole numbers; the losses say how many there are.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from blended_standard.adapters.edfi import GRADES
from blended_standard.adapters.identifiers import short_name
from blended_standard.adapters.records import Tables, fates
from blended_standard.adapters.result import Export, LossReport
from blended_standard.spec import load_standard

Row = dict[str, Any]
_SPACE = "uri://ed-fi.org/"
_NAMELESS = "uri://blended-standard"
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
    "framework": ("framework_id", "title"),
    "competency": ("competency_id", "title", "framework_id", "parent_id"),
}
_LONGEST = {("program", "name"): 75, ("site", "name"): 75, ("competency", "title"): 1024, ("framework", "title"): 75}
# Identities are not cut, since a cut one may be that of another.
_LENGTHS = {("framework", "framework_id"): (5, 255), ("competency", "competency_id"): (1, 60)}
_LARGEST = 2**63 - 1
_NO_FIELD = "the resources written here have no field for it"
_REASONS = {
    "learner": "a student's resource demands names, which the standard does not hold",
    "mastery_decision": "a student's competency objective has a grading period in place of a day",
    "credit": "a transcript demands a course",
}


def write(tables: Tables, target: Path) -> Export:
    """Write agencies or programs, schools, calendars, standards and enrolments."""
    programs, sites = tables.get("program", []), tables.get("site", [])
    # No two places may have one identifier: a program that is known by that of its site is no agency.
    own = {row["site_id"] for row in sites}
    titles = {row["framework_id"]: str(row["title"]) for row in tables.get("framework", ())}
    made: Row = {
        "localEducationAgencies": [
            _agency(row) for row in programs if "/" not in row["program_id"] and row["program_id"] not in own
        ],
        "programs": [_program(row) for row in programs if "/" in row["program_id"]],
        "schools": [_school(row, own) for row in sites],
        "calendars": _calendars(tables.get("calendar_day", ())),
        "calendarDates": [_calendar_date(row) for row in tables.get("calendar_day", ())],
        "learningStandards": [_standard(row, titles) for row in tables.get("competency", ())],
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
    losses = LossReport(standard="edfi", fields=tuple(fates(tables, _WRITTEN, "Ed-Fi", _reasons(tables), _NO_FIELD)))
    return Export(standard="edfi", files=tuple(files), documents=sum(map(len, made.values())), losses=losses)


def _reasons(tables: Tables) -> dict[str, str]:
    """Say of tables and fields why they are not written, or what a service may refuse of what is."""
    made = dict(_REASONS)
    for table, field in (("program", "program_id"), ("site", "site_id")):
        odd = sum(not isinstance(_number(row[field].partition("/")[0]), int) for row in tables.get(table, ()))
        if odd:
            made[f"{table}.{field}"] = f"{odd:,} are no whole numbers, which a service demands: replace them"
    for (table, field), (least, most) in _LENGTHS.items():
        odd = sum(not least <= len(row[field]) <= most for row in tables.get(table, ()))
        if odd:
            made[f"{table}.{field}"] = f"{odd:,} are not {least} to {most} characters long, which a service demands"
    for (table, field), longest in _LONGEST.items():
        cut = sum(len(row[field]) > longest for row in tables.get(table, ()))
        if cut:
            made[f"{table}.{field}"] = f"{cut:,} are longer than {longest:,} characters and were cut"
    words = _other_words(tables.get("episode", []))
    return made | ({"episode.exit_reason": words} if words else {})


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
        "nameOfInstitution": _text(row, "program", "name"),
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


def _school(row: Row, sites: Collection[str]) -> Row:
    category = f"{_SPACE}EducationOrganizationCategoryDescriptor#School"
    agency = row["program_id"].partition("/")[0]
    made: Row = {
        "schoolId": _number(row["site_id"]),
        "nameOfInstitution": _text(row, "site", "name"),
        "educationOrganizationCategories": [{"educationOrganizationCategoryDescriptor": category}],
        "gradeLevels": [{"gradeLevelDescriptor": f"{_SPACE}GradeLevelDescriptor#Ungraded"}],
    }
    reference = {"localEducationAgencyReference": {"localEducationAgencyId": _number(agency)}}
    return made | ({} if agency in sites else reference)


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


def _standard(row: Row, titles: Mapping[str, str]) -> Row:
    """Return a standard; subject, grade and the title of its framework are demanded, and the first two not known."""
    space = str(row.get("framework_id") or _NAMELESS)
    made: Row = {
        "learningStandardId": row["competency_id"],
        "description": _text(row, "competency", "title"),
        "namespace": space,
        "academicSubjects": [{"academicSubjectDescriptor": f"{_SPACE}AcademicSubjectDescriptor#Other"}],
        "gradeLevels": [{"gradeLevelDescriptor": f"{_SPACE}GradeLevelDescriptor#Ungraded"}],
        "contentStandard": {"title": titles.get(space, space)[: _LONGEST["framework", "title"]]},
    }
    if row.get("parent_id"):
        made["parentLearningStandardReference"] = {"learningStandardId": row["parent_id"]}
    return made


def _enrolment(row: Row) -> Row:
    grade = _GRADE_OF.get(row.get("entry_grade", -1), "Ungraded")
    made: Row = {
        "studentReference": {"studentUniqueId": short_name(row["learner_id"], 32)},
        "schoolReference": {"schoolId": _number(row["site_id"])},
        "entryDate": row["entry_date"].isoformat(),
        "entryGradeLevelDescriptor": f"{_SPACE}GradeLevelDescriptor#{grade}",
    }
    if row.get("exit_date"):
        made["exitWithdrawDate"] = row["exit_date"].isoformat()
    if row.get("exit_date") and row.get("exit_reason"):
        made["exitWithdrawTypeDescriptor"] = f"{_SPACE}ExitWithdrawTypeDescriptor#{_EXITS[row['exit_reason']]}"
    return made


def _text(row: Row, table: str, field: str) -> str:
    text: str = row[field]
    return text[: _LONGEST[table, field]]


def _number(identifier: str) -> int | str:
    """Return an identifier as the whole number that the service wants, where it is one and reads the same."""
    number = int(identifier) if identifier.isdecimal() else None
    return number if number is not None and number <= _LARGEST and str(number) == identifier else identifier
