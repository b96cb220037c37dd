"""Headers, versions, dialects and value rules of OneRoster CSV."""

from __future__ import annotations

import csv
import datetime as dt
import io
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from blended_standard.adapters.kinds import hint
from blended_standard.adapters.work import Work
from blended_standard.errors import UnreadableInputError
from blended_standard.io.csv_text import read_csv
from blended_standard.io.text import RawRow

_BASE = ("sourcedId", "status", "dateLastModified")
_USER = "givenName familyName middleName identifier email sms phone agentSourcedIds grades password"
_COLUMNS = {
    "orgs": "name type identifier parentSourcedId",
    "academicSessions": "title type startDate endDate parentSourcedId schoolYear",
    "courses": "schoolYearSourcedId title courseCode grades orgSourcedId subjects subjectCodes",
    "classes": "title grades courseSourcedId classCode classType location schoolSourcedId termSourcedIds subjects "
    "subjectCodes periods",
    "users": f"enabledUser orgSourcedIds role username userIds {_USER} userMasterIdentifier resourceSourcedIds "
    "preferredGivenName preferredMiddleName preferredFamilyName primaryOrgSourcedId pronouns",
    "roles": "userSourcedId roleType role beginDate endDate orgSourcedId userProfileSourcedId",
    "userProfiles": "userSourcedId profileType vendorId applicationId description credentialType username password",
    "demographics": "birthDate sex americanIndianOrAlaskaNative asian blackOrAfricanAmerican "
    "nativeHawaiianOrOtherPacificIslander white demographicRaceTwoOrMoreRaces hispanicOrLatinoEthnicity "
    "countryOfBirthCode stateOfBirthAbbreviation cityOfBirth publicSchoolResidenceStatus",
    "enrollments": "classSourcedId schoolSourcedId userSourcedId role primary beginDate endDate",
    "categories": "title weight",
    "lineItems": "title description assignDate dueDate classSourcedId categorySourcedId academicSessionSourcedId "
    "gradingPeriodSourcedId resultValueMin resultValueMax schoolSourcedId",
    "results": "lineItemSourcedId studentSourcedId scoreStatus score scoreDate comment textScore classSourcedId "
    "inProgress incomplete late missing",
    "scoreScales": "title type orgSourcedId courseSourcedId classSourcedId scoreScaleValue",
    "lineItemScoreScales": "title lineItemSourcedId scoreScaleSourcedId",
    "resultScoreScales": "title resultSourcedId scoreScaleSourcedId",
    "lineItemLearningObjectiveIds": "lineItemSourcedId source learningObjectiveId",
    "resultLearningObjectiveIds": "resultSourcedId source learningObjectiveId score textScore",
    "resources": "vendorResourceId title roles importance vendorId applicationId",
    "classResources": "title classSourcedId resourceSourcedId",
    "courseResources": "title courseSourcedId resourceSourcedId",
    "userResources": "userSourcedId orgSourcedId classSourcedId resourceSourcedId",
}
HEADERS: Mapping[str, tuple[str, ...]] = {name: (*_BASE, *columns.split()) for name, columns in _COLUMNS.items()}
# Columns of one version alone.
_ONLY = {
    "1.1": {"users": "orgSourcedIds role", "lineItems": "gradingPeriodSourcedId"},
    "1.2": {
        "users": "userMasterIdentifier resourceSourcedIds preferredGivenName preferredMiddleName preferredFamilyName "
        "primaryOrgSourcedId pronouns",
        "lineItems": "academicSessionSourcedId schoolSourcedId",
        "results": "textScore classSourcedId inProgress incomplete late missing",
        "categories": "weight",
    },
}
_BOOLEANS = {"enabledUser", "primary", "inProgress", "incomplete", "late", "missing"}
_BOOLEANS |= {name for name in _COLUMNS["demographics"].split() if "OrLatino" in name or "OrAlaska" in name}
_BOOLEANS |= {"asian", "blackOrAfricanAmerican", "nativeHawaiianOrOtherPacificIslander", "white"}
_BOOLEANS |= {"demographicRaceTwoOrMoreRaces"}
IDENTIFYING = [
    "username",
    "userIds",
    "givenName",
    "familyName",
    "middleName",
    "identifier",
    "email",
    "sms",
    "phone",
    "password",
    "userMasterIdentifier",
    "preferredGivenName",
    "preferredMiddleName",
    "preferredFamilyName",
]
_FILES = {f"{name}.csv".lower(): f"{name}.csv" for name in (*HEADERS, "manifest")}
_WIDE = (b"\xff\xfe", b"\xfe\xff")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def file_named(work: Work, name: str) -> str:
    """Return the standard's name of a file; other letters are a finding."""
    meant = _FILES.get(name.lower(), name)
    if meant != name:
        work.find("ADP-HEADER", meant.removesuffix(".csv"), detail="The name of the file has other capitals.")
    return meant


def refuse_dialects(source: object, files: Mapping[str, Any]) -> None:
    """Refuse a vendor's format that resembles OneRoster, by its name."""
    header = header_of(files["users.csv"].read()) if "users.csv" in files else []
    if "userFlags.csv" in files or "relationships.csv" in files or "activeDirectoryMatchId" in header:
        raise UnreadableInputError(
            f"{source}: this is the School Data Sync v2.1 format, not OneRoster. Export OneRoster 1.1 or 1.2 CSV."
        )
    if "students.csv" in files and "sections.csv" in files:
        raise UnreadableInputError(
            f"{source}: this is Clever's own format, not OneRoster. Export OneRoster 1.1 or 1.2 CSV."
        )
    wide = next((name for name, file in files.items() if name.endswith(".csv") and file.read()[:2] in _WIDE), None)
    if wide:
        raise UnreadableInputError(f"{source}: {wide} is UTF-16. Save every file as CSV in UTF-8.")
    if not any(name.removesuffix(".csv") in HEADERS for name in files):
        found = hint("oneroster", files.values())
        raise UnreadableInputError(
            f"{source}: holds no OneRoster file. Expected files such as orgs.csv and users.csv.{found}"
        )


def check_manifest(work: Work, facts: Mapping[str, str], files: Mapping[str, Any]) -> None:
    """Find what a manifest announces and is not there, and what is there although it says otherwise."""
    for name, stated in facts.items():
        file, said = name.removeprefix("file."), stated.lower()
        if file == name or (there := f"{file}.csv" in files) == (said != "absent"):
            continue
        detail = f"The manifest says {said[:20]!r}, and the file is {'there' if there else 'not there'}."
        work.find("ADP-REFERENCE", "manifest", field=name, detail=detail)


def version_of(work: Work, source: object, facts: Mapping[str, str], files: Mapping[str, Any]) -> str:
    """Return the version that the manifest states, or the one that the files look like."""
    stated = facts.get("oneroster.version", "")
    if stated in work.map.versions:
        return stated
    if stated:
        raise UnreadableInputError(
            f"{source}: the manifest states OneRoster {stated[:20]!r}. Accepted: {', '.join(work.map.versions)}."
        )
    looks = "1.2" if "roles.csv" in files else "1.1"
    work.find("ADP-VERSION", "manifest", field="oneroster.version", detail=f"Not stated; read as {looks}.")
    return looks


def header_of(content: bytes) -> list[str]:
    """Return the first line of a CSV file as names."""
    first = content.decode("utf-8-sig", "replace").partition("\n")[0]
    return next(csv.reader(io.StringIO(first)), [])


def rows_of(work: Work, table: str, content: bytes) -> list[RawRow]:
    """Return the rows of a file; those that cannot be read are counted as lost."""
    place = f"oneroster/{table}"

    def errors() -> int:
        return sum(each.count for each in work.found.findings() if each.table == place and each.severity == "error")

    before = errors()
    rows = list(read_csv(content, place, HEADERS[table], work.found, limits=work.options.limits))
    work.lose(table, "a row, or the file, that cannot be read; the findings say why", errors() - before)
    return rows


def columns(work: Work, table: str, header: Sequence[str], version: str) -> dict[str, str]:
    """Return the standard's name of each column; each leniency is a finding."""
    known = HEADERS[table]
    lower = {name.lower(): name for name in known}
    names = {name: lower.get(name.strip().lower(), name) for name in header}
    for name, meant in names.items():
        if meant not in known and meant.startswith("metadata."):
            continue  # an extension, which the binding allows
        if meant not in known:
            work.find("ADP-HEADER", table, line=1, field=name, detail="The column is unknown.")
        elif meant != name:
            work.find("ADP-HEADER", table, line=1, field=name, detail=f"It was read as {meant}.")
    other = _ONLY["1.2" if version == "1.1" else "1.1"].get(table, "").split()
    for name in known:
        if name not in names.values() and name not in other:
            work.find("ADP-HEADER", table, line=1, field=name, detail="The column is missing.")
    order = [known.index(name) for name in names.values() if name in known]
    if order != sorted(order) and not (table == "lineItems" or (table == "users" and version == "1.1")):
        work.find("ADP-HEADER", table, line=1, detail="The columns are not in the order of the binding.")
    return names


def check_status(work: Work, table: str, row: Mapping[str, Any], stated: str, line: int | None) -> None:
    """Note a status that the binding does not allow in a bulk or delta file."""
    status, modified = row.get("status"), row.get("dateLastModified")
    if stated == "delta":
        if not status or not modified:
            work.find("ADP-VALUE", table, row=row["_row"], line=line, field="status", detail="A delta row states it.")
    elif status or modified:
        work.find("ADP-VALUE", table, row=row["_row"], line=line, field="status", detail="A bulk row leaves it blank.")
    if status and status not in ("active", "tobedeleted"):
        work.find("ADP-VOCABULARY", table, row=row["_row"], line=line, field="status", value=status)


def check_booleans(work: Work, table: str, row: Mapping[str, Any], line: int | None) -> None:
    """Note truth values in other letters than the binding's; they are read all the same."""
    for name in _BOOLEANS & row.keys():
        if row[name] not in ("true", "false"):
            work.find("ADP-VALUE", table, row=row["_row"], line=line, field=name, detail="Expected true or false.")


def date(work: Work, table: str, row: Mapping[str, Any], field: str) -> dt.date | None:
    """Return a bare date; a value that is none is a finding."""
    text = row.get(field)
    if not text:
        return None
    try:
        if _DATE.match(str(text)):
            day = dt.date.fromisoformat(str(text)[:10])
            if len(str(text)) > 10:
                work.find("ADP-VALUE", table, row=row.get("_row"), field=field, detail="The time of day was left out.")
            return day
    except ValueError:
        pass
    work.find(
        "ADP-VALUE", table, row=row.get("_row"), field=field, identifying=True, value=text, detail="It is no date."
    )
    return None


def number(text: object) -> float | None:
    """Return a finite number, or None."""
    try:
        value = float(str(text))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def grade(text: object) -> int | None:
    """Return a single grade from 0 to 13, or None."""
    digits = str(text or "").strip()
    if digits.upper() in ("KG", "K"):
        return 0
    return int(digits) if digits.isdecimal() and len(digits) <= 2 and int(digits) <= 13 else None


def objectives(links: Mapping[str, Mapping[str, Any]], field: str) -> dict[str, list[str]]:
    """Return the CASE identifiers that each line item or result is linked to."""
    found: dict[str, list[str]] = {}
    for link in links.values():
        goal = str(link.get("learningObjectiveId", ""))
        if link.get("source") == "case" and _UUID.fullmatch(goal):
            found.setdefault(str(link.get(field)), []).append(goal)
    return found


def objective_scores(links: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """Return what a result says of each CASE item, as it stands."""
    found: dict[str, dict[str, str]] = {}
    for link in links.values():
        told = link.get("score") or link.get("textScore")
        goal = str(link.get("learningObjectiveId", ""))
        if told and _UUID.fullmatch(goal):
            found.setdefault(str(link.get("resultSourcedId")), {})[goal] = str(told)
    return found


def share(work: Work, row: Mapping[str, Any], item: Mapping[str, Any]) -> tuple[float | None, str | None]:
    """Return the score as a share of its stated range, else the score as it stands."""
    text = row.get("score")
    if text is None:
        return None, None
    score, low, high = number(text), number(item.get("resultValueMin")), number(item.get("resultValueMax"))
    if score is None:
        work.find("ADP-VALUE", "results", row=row["_row"], field="score", detail="It is no finite number.")
        return None, None
    if low is None or high is None or high <= low:
        return None, str(text)
    if not low <= score <= high:
        work.find("ADP-VALUE", "results", row=row["_row"], field="score", detail="It lies outside the stated range.")
        return None, str(text)
    return (score - low) / (high - low), None


def episode_on(
    work: Work,
    table: str,
    row: Mapping[str, Any],
    listed: Sequence[tuple[dt.date, dt.date | None, str]],
    day: dt.date,
    student: str,
) -> str:
    """Return the learner's episode on a day, the only one, or the learner's pseudonym with a finding."""
    held = [episode for begin, last, episode in listed if begin <= day and (last is None or day <= last)]
    if held:
        return held[0]
    if len(listed) == 1:
        return listed[0][2]
    work.find("ADP-EPISODE", table, row=row["_row"])
    return work.people.learner("oneroster", student)
