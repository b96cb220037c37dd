"""What learners did, with whom, and what they needed."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

import attrs

from blended_standard.model import fields as f
from blended_standard.model.records.base import Record


@attrs.frozen(kw_only=True)
class Activity(Record):
    """One act of a learner on a platform or at a site, at an instant."""

    table: ClassVar[str] = "activity"
    episode_id: str = f.reference(
        "episode", "The episode.", identifying=True, counterparts={"xAPI": "actor", "Caliper": "actor.id"}
    )
    at: dt.datetime = f.instant(
        "When.", required=True, counterparts={"xAPI": "timestamp", "Caliper": "eventTime", "CEDS": "P000937"}
    )
    verb: str = f.code(
        "verb",
        "What was done.",
        required=True,
        counterparts={"xAPI": "verb.id", "Caliper": "action", "CEDS": "P000934"},
    )
    object_id: str | None = f.text(
        "What it was done to.", counterparts={"xAPI": "object.id", "Caliper": "object.id", "CEDS": "P001559"}
    )
    mode: str | None = f.code("mode", "Where and how.")
    on_site: bool | None = f.boolean("At the supervised site?")
    in_schedule: bool | None = f.boolean("Inside scheduled hours?", legacy=True)
    source: str | None = f.text(
        "The system that recorded it.", counterparts={"xAPI": "context.platform", "Caliper": "edApp"}
    )
    activity_id: str | None = f.text("Identifier in the source system.", counterparts={"xAPI": "id", "Caliper": "id"})


@attrs.frozen(kw_only=True)
class Contact(Record):
    """An exchange between an adult of the program and a learner; one record for each turn or meeting."""

    table: ClassVar[str] = "contact"
    contact_id: str = f.key("Identifier.")
    episode_id: str = f.reference("episode", "The episode.", identifying=True)
    at: dt.datetime = f.instant("When.", required=True, counterparts={"Caliper": "MessageEvent.eventTime"})
    adult_id: str | None = f.text("Pseudonym of the adult.", identifying=True)
    adult_role: str | None = f.code("adult_role", "Role of the adult.")
    channel: str | None = f.code("channel", "How.")
    direction: str = f.code("direction", "Who spoke: the adult, the learner, or both.", required=True)
    topic: str | None = f.code("topic", "What about.")
    thread_id: str | None = f.text("Thread that the turn belongs to.", counterparts={"Caliper": "Message.isPartOf"})
    asks_for_help: bool | None = f.boolean("Does the learner ask for help in it?")
    credentialed: bool | None = f.boolean("Does the adult hold a teaching certificate?")
    group_size: int | None = f.integer("Learners present.", minimum=1, unit="learners")
    automated: bool | None = f.boolean("Sent by a machine?")


@attrs.frozen(kw_only=True)
class Relationship(Record):
    """That one side named the other as someone to rely on, in a survey wave."""

    table: ClassVar[str] = "relationship"
    relationship_id: str = f.key("Identifier.")
    episode_id: str = f.reference("episode", "The episode.", identifying=True)
    date: dt.date = f.date("Day of the survey.", required=True)
    named_by: str = f.code(
        "respondent", "Who named whom: the learner an adult, or the adult the learner.", required=True
    )
    source_type: str = f.code("support_source", "What kind of person the other is to the learner.", required=True)
    adult_id: str | None = f.text("Pseudonym of the adult.", identifying=True)
    relies_on: bool | None = f.boolean("Could be relied on?")


@attrs.frozen(kw_only=True)
class SurveyResponse(Record):
    """A learner's or adult's answers to one subscale of a questionnaire."""

    table: ClassVar[str] = "survey_response"
    survey_response_id: str = f.key("Identifier.")
    episode_id: str = f.reference("episode", "The episode.", identifying=True)
    date: dt.date = f.date("Day of the survey.", required=True, counterparts={"Ed-Fi": "SurveyResponse.responseDate"})
    respondent: str = f.code("respondent", "Who answered.", required=True)
    status: str = f.code(
        "response_status",
        "Answered, refused or not reached.",
        required=True,
        counterparts={"Ed-Fi": "SurveyQuestionResponse.noResponse"},
    )
    instrument_id: str | None = f.reference("instrument", "The questionnaire.", required=False)
    subscale: str | None = f.text("Subscale or element.")
    items_asked: int | None = f.integer("Items asked.", minimum=1)
    items_answered: int | None = f.integer("Items answered.", minimum=0)
    score: float | None = f.number(
        "Mean of the answered items, reverse-coded, on 0 to 1.",
        minimum=0,
        maximum=1,
        unit="share",
        counterparts={"Ed-Fi": "SurveyQuestionResponse.numericResponse"},
    )


@attrs.frozen(kw_only=True)
class Need(Record):
    """A need outside learning that was found."""

    table: ClassVar[str] = "need"
    need_id: str = f.key("Identifier.")
    episode_id: str = f.reference("episode", "The episode.", identifying=True)
    kind: str = f.code("need_kind", "What kind.", required=True, counterparts={"CEDS": "C000273"})
    identified_date: dt.date = f.date("Day on which it was found.", required=True)


@attrs.frozen(kw_only=True)
class Service(Record):
    """A service that was received for a need."""

    table: ClassVar[str] = "service"
    service_id: str = f.key("Identifier.")
    need_id: str = f.reference("need", "The need.")
    received_date: dt.date = f.date(
        "Day on which it was first received.",
        required=True,
        counterparts={"CEDS": "P000326", "Ed-Fi": "StudentProgramAssociationService.serviceBeginDate"},
    )
    provider: str | None = f.text("Who gave it.")


@attrs.frozen(kw_only=True)
class LearningOpportunity(Record):
    """Something offered to a learner on a day, taken or missed. One comparator measure alone reads it."""

    table: ClassVar[str] = "learning_opportunity"
    opportunity_id: str = f.key("Identifier.")
    episode_id: str = f.reference("episode", "The episode.", identifying=True)
    date: dt.date = f.date("Day.", required=True)
    kind: str = f.code("opportunity_kind", "Live, in person, or a due item.", required=True)
    taken: bool = f.boolean("Taken?", required=True, legacy=True)


@attrs.frozen(kw_only=True)
class LegacyAttendance(Record):
    """Attendance as traditional rules count it. Quarantined: bridge and comparator measures alone read it."""

    table: ClassVar[str] = "legacy_attendance"
    episode_id: str = f.reference("episode", "The episode.", key=True, identifying=True)
    date: dt.date = f.date(
        "Day.", required=True, key=True, counterparts={"Ed-Fi": "StudentSchoolAttendanceEvent.eventDate"}
    )
    scheduled_minutes: float | None = f.number(
        "Minutes scheduled.", minimum=0, maximum=1440, unit="minutes", legacy=True
    )
    present_minutes: float | None = f.number(
        "Minutes present.",
        minimum=0,
        maximum=1440,
        unit="minutes",
        legacy=True,
        counterparts={"Ed-Fi": "schoolAttendanceDuration"},
    )
    status: str | None = f.code(
        "attendance_status",
        "Status of the day.",
        legacy=True,
        counterparts={"CEDS": "C000076", "Ed-Fi": "attendanceEventCategoryDescriptor"},
    )
