"""What learners did and earned, from Ed-Fi resources: answers, grade-book entries, awards, attendance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blended_standard.adapters._edfi_rules import SCHEME, STUDENT, Document, at, code, day
from blended_standard.adapters.documents import members
from blended_standard.adapters.events import share

if TYPE_CHECKING:
    from blended_standard.adapters.edfi import Reading


def assessments(reading: Reading) -> None:
    """Add answers to items, with their items and tests."""
    items: dict[str, str] = {}
    instruments = {f"{each['namespace']}#{each['assessmentIdentifier']}": each for each in reading.all("assessments")}
    for each in reading.drain("studentAssessments"):
        reference = each["assessmentReference"]
        own = f"{reference['namespace']}#{reference['assessmentIdentifier']}"
        when = reading.instant("studentAssessments", each, "administrationDate")
        answers = members(each, "items")
        if when is None or not answers:
            why = "no date" if when is None else "scores alone, without items"
            reading.leave_out("studentAssessments", why, each)
            continue
        occasion = reading.work.people.pseudonym("occasion", SCHEME, str(each["studentAssessmentIdentifier"]))
        for answer in answers:
            item = f"{own}#{at(answer, 'assessmentItemReference.identificationCode')}"
            items[item] = own
            reading.work.add(
                "item_response",
                episode_id=reading.episode_on("studentAssessments", each, when.date()),
                item_id=item,
                at=when,
                score=_item_score(answer),
                occasion=occasion,
            )
    for own in sorted(instruments.keys() | set(items.values())):
        about = instruments.get(own, {})
        title = str(about.get("assessmentTitle") or own)
        version = str(about["assessmentVersion"]) if about.get("assessmentVersion") else None
        reading.work.add("instrument", instrument_id=own, title=title, kind="test", version=version)
    for item, own in sorted(items.items()):
        reading.work.add("item", item_id=item, instrument_id=own)


def gradebook(reading: Reading) -> None:
    """Add what was handed in, as evidence."""
    entries = {
        f"{each['namespace']}#{each['gradebookEntryIdentifier']}": each for each in reading.all("gradebookEntries")
    }
    statuses = reading.work.vocabulary("submission")
    for each in reading.drain("studentGradebookEntries"):
        reference = each["gradebookEntryReference"]
        form = f"{reference['namespace']}#{reference['gradebookEntryIdentifier']}"
        entry = entries.get(form, {})
        status = statuses.get(code(each.get("submissionStatusDescriptor")))
        when = reading.instant("studentGradebookEntries", each, "dateFulfilled")
        if status is None or status.code is None or when is None:
            why = status.reason if status and status.code is None else "no status that is known, or no date"
            reading.leave_out("studentGradebookEntries", why, each)
            continue
        student = str(at(each, STUDENT))
        reading.work.add(
            "evidence",
            evidence_id=reading.work.people.pseudonym("evidence", SCHEME, f"{student}|{form}"),
            episode_id=reading.episode_on("studentGradebookEntries", each, when.date()),
            at=when,
            kind=status.code,
            level=status.level,
            score=share(each.get("pointsEarned"), 0, entry.get("maxPoints")),
            due_date=day(entry.get("dueDate")),
            form_id=form,
        )


def awards(reading: Reading) -> None:
    """Add diplomas and enrolments after school."""
    for record in reading.all("studentAcademicRecords"):
        for place, diploma in enumerate(members(record, "diplomas")):
            date = reading.day("studentAcademicRecords", diploma, "diplomaAwardDate")
            kind = reading.code("diploma", "studentAcademicRecords", diploma, "diplomaTypeDescriptor")
            if date is None or kind is None:
                why = "no date, or a type that the map does not know"
                reading.leave_out("studentAcademicRecords", why, diploma, "studentAcademicRecords.diplomas")
                continue
            own = f"{at(record, STUDENT)}|{date}|{place}"
            reading.work.add(
                "credential",
                credential_id=reading.work.people.pseudonym("credential", SCHEME, own),
                episode_id=reading.episode_on("studentAcademicRecords", record, date),
                kind=kind,
                awarded_date=date,
            )
    for each in reading.all("postSecondaryEvents"):
        date = reading.day("postSecondaryEvents", each, "eventDate")
        if date is None or code(each["postSecondaryEventCategoryDescriptor"]) != "College Enrollment":
            reading.leave_out("postSecondaryEvents", "an application or a choice, not an enrolment; or no date", each)
            continue
        reading.work.add(
            "postsecondary_enrollment",
            enrollment_id=reading.work.people.pseudonym("enrollment", SCHEME, f"{at(each, STUDENT)}|{date}"),
            episode_id=reading.episode_on("postSecondaryEvents", each, date),
            start_date=date,
        )


def attendance(reading: Reading) -> None:
    """Add attendance, quarantined."""
    for each in reading.drain("studentSchoolAttendanceEvents"):
        date = reading.day("studentSchoolAttendanceEvents", each, "eventDate")
        if date is None:
            reading.leave_out("studentSchoolAttendanceEvents", "no date", each)
            continue
        reading.work.add(
            "legacy_attendance",
            episode_id=reading.episode_on("studentSchoolAttendanceEvents", each, date),
            date=date,
            status=reading.code(
                "attendance", "studentSchoolAttendanceEvents", each, "attendanceEventCategoryDescriptor"
            ),
            present_minutes=each.get("schoolAttendanceDuration"),
        )


def _item_score(answer: Document) -> float | None:
    try:
        return float(answer["rawScoreResult"])
    except (KeyError, TypeError, ValueError, OverflowError):
        return {"Correct": 1.0, "Incorrect": 0.0}.get(code(answer.get("assessmentItemResultDescriptor")))
