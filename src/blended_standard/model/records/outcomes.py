"""What came of it, and how it was studied."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

import attrs

from blended_standard.model import fields as f
from blended_standard.model.records.base import Record, in_order


@attrs.frozen(kw_only=True)
class Outcome(Record):
    """What came of an episode: a diploma, a credential, a score, a job."""

    table: ClassVar[str] = "outcome"
    outcome_id: str = f.key("Identifier.")
    episode_id: str = f.reference("episode", "The episode.", identifying=True)
    kind: str = f.code("outcome_kind", "What kind of outcome.", required=True)
    date: dt.date = f.date("Day on which it was reached or measured.", required=True)
    achieved: bool | None = f.boolean("Reached? Absent for a score.")
    value: float | None = f.number("The score or amount, on `scale_id`.")
    scale_id: str | None = f.text("Identifier of the scale or unit of `value`.")
    documented: bool | None = f.boolean("Is there a document?")


@attrs.frozen(kw_only=True)
class Credit(Record):
    """Credit attempted or earned in a course."""

    table: ClassVar[str] = "credit"
    credit_id: str = f.key("Identifier.")
    episode_id: str = f.reference("episode", "The episode.", identifying=True)
    date: dt.date = f.date("Day on which it was earned, or the attempt ended.", required=True)
    attempted: float | None = f.number(
        "Credits attempted.",
        minimum=0,
        maximum=50,
        unit="credits",
        counterparts={"CEDS": "P000199", "Ed-Fi": "CourseTranscript.attemptedCredits"},
    )
    earned: float = f.number(
        "Credits earned.",
        required=True,
        minimum=0,
        maximum=50,
        unit="credits",
        counterparts={"CEDS": "P000200", "Ed-Fi": "CourseTranscript.earnedCredits"},
    )
    started_date: dt.date | None = f.date("Day on which the attempt began.")
    dropped_date: dt.date | None = f.date("Day on which it was dropped.")
    prior_learning: bool | None = f.boolean("Recognized from before this episode?")


@attrs.frozen(kw_only=True)
class Credential(Record):
    """A credential that a learner earned."""

    table: ClassVar[str] = "credential"
    credential_id: str = f.key("Identifier.", counterparts={"Open Badges": "AchievementCredential.id"})
    episode_id: str = f.reference("episode", "The episode.", identifying=True)
    kind: str = f.code(
        "credential_kind",
        "What kind.",
        required=True,
        counterparts={
            "PIRL": "1801",
            "CEDS": "P000138",
            "Open Badges": "Achievement.achievementType",
            "Ed-Fi": "diplomaTypeDescriptor",
        },
    )
    awarded_date: dt.date = f.date(
        "Day of award.",
        required=True,
        counterparts={
            "PIRL": "1800",
            "CEDS": "P000081",
            "Ed-Fi": "Diploma.diplomaAwardDate",
            "Open Badges": "awardedDate",
        },
    )
    title: str | None = f.text("Title.", counterparts={"Open Badges": "Achievement.name"})
    issuer: str | None = f.text("Who issued it.", counterparts={"Open Badges": "issuer"})
    recognized: bool | None = f.boolean("Recognized by industry or a state?")


@attrs.frozen(kw_only=True)
class SkillGain(Record):
    """A documented gain of skill, as workforce rules count it."""

    table: ClassVar[str] = "skill_gain"
    skill_gain_id: str = f.key("Identifier.")
    episode_id: str = f.reference("episode", "The episode.", identifying=True)
    kind: str = f.code(
        "gain_kind", "Which of the five kinds.", required=True, counterparts={"PIRL": "1806-1810", "CEDS": "P000561"}
    )
    date: dt.date = f.date("Day of the gain.", required=True)
    documented: bool | None = f.boolean("Is there a document?")


@attrs.frozen(kw_only=True)
class ProgressIndicator(Record):
    """An indicator of academic progress, as re-engagement rules count it."""

    table: ClassVar[str] = "progress_indicator"
    indicator_id: str = f.key("Identifier.")
    episode_id: str = f.reference("episode", "The episode.", identifying=True)
    kind: str = f.code("indicator_kind", "What kind.", required=True)
    date: dt.date = f.date("Day on which it was earned.", required=True)
    evidence_level: int | None = f.integer("Level of its evidence.", minimum=0, maximum=4)


@attrs.frozen(kw_only=True)
class FollowUp(Record):
    """What is known of a former learner in one calendar quarter after exit."""

    table: ClassVar[str] = "follow_up"
    follow_up_id: str = f.key("Identifier.")
    episode_id: str = f.reference("episode", "The episode.", identifying=True)
    quarter_start: dt.date = f.date(
        "First day of the calendar quarter.", required=True, counterparts={"CEDS": "P000992"}
    )
    status: str = f.code("follow_up_status", "Found, not found, or lost.", required=True)
    employed: bool | None = f.boolean("Employed in the quarter?", counterparts={"PIRL": "1600-1606", "CEDS": "P000988"})
    employer_id: str | None = f.text("Pseudonym of the employer.", identifying=True)
    wages: float | None = f.number(
        "Wages of the quarter.", minimum=0, unit="US dollars", counterparts={"PIRL": "1703-1706", "CEDS": "P000989"}
    )
    unsubsidized: bool | None = f.boolean("Is the job unsubsidized?")
    in_education: bool | None = f.boolean("In education or training in the quarter?", counterparts={"PIRL": "1900"})
    source: str | None = f.code(
        "follow_up_source", "Where it is known from.", counterparts={"CEDS": "P000994", "PIRL": "1601-1607"}
    )


@attrs.frozen(kw_only=True)
class PostsecondaryEnrollment(Record):
    """One enrolment after high school."""

    table: ClassVar[str] = "postsecondary_enrollment"
    enrollment_id: str = f.key("Identifier.")
    episode_id: str = f.reference("episode", "The episode.", identifying=True)
    start_date: dt.date = f.date("First day.", required=True)
    end_date: dt.date | None = f.date("Last day; absent while it lasts.")
    institution_id: str | None = f.text("Identifier of the institution.")
    remedial: bool | None = f.boolean("In a developmental course?")
    completed: bool | None = f.boolean("Ended with a degree or certificate?")

    def __attrs_post_init__(self) -> None:
        in_order(self, "start_date", "end_date")


@attrs.frozen(kw_only=True)
class PopulationEstimate(Record):
    """How many young people of an area neither learn nor work: context, not a program's effect."""

    table: ClassVar[str] = "population_estimate"
    area_id: str = f.key("Identifier of the area.")
    year: int = f.integer("Year.", required=True, key=True, minimum=1950, maximum=2200, unit="year")
    youth: float = f.number("People aged 16 to 24.", required=True, minimum=0, unit="people")
    disconnected: float = f.number("Of these, neither in school nor working.", required=True, minimum=0, unit="people")
    source: str | None = f.text("Survey.")
    youth_no_diploma: float | None = f.number("Of `youth`, without a diploma.", minimum=0, unit="people")
    disconnected_no_diploma: float | None = f.number("Of these, disconnected.", minimum=0, unit="people")
    youth_diploma: float | None = f.number(
        "Of `youth`, with a diploma and no postsecondary credential.", minimum=0, unit="people"
    )
    disconnected_diploma: float | None = f.number("Of these, disconnected.", minimum=0, unit="people")
    youth_credential: float | None = f.number("Of `youth`, with a postsecondary credential.", minimum=0, unit="people")
    disconnected_credential: float | None = f.number("Of these, disconnected.", minimum=0, unit="people")


@attrs.frozen(kw_only=True)
class Study(Record):
    """A study that compares programs or practices."""

    table: ClassVar[str] = "study"
    study_id: str = f.key("Identifier.", counterparts={"Ed-Fi": "InterventionStudy"})
    title: str = f.text("Title.", required=True)
    assignment: str = f.code("assignment_method", "How units came into their arm.", required=True)
    unit: str = f.code("assignment_unit", "What was assigned.", required=True)


@attrs.frozen(kw_only=True)
class StudyAssignment(Record):
    """The arm of one learner or site in one study."""

    table: ClassVar[str] = "study_assignment"
    assignment_id: str = f.key("Identifier.")
    study_id: str = f.reference("study", "The study.")
    learner_id: str | None = f.reference("learner", "The learner assigned.", required=False, identifying=True)
    site_id: str | None = f.reference("site", "The site assigned.", required=False)
    arm: str = f.code("arm", "Intervention or comparison.", required=True)
    block: str | None = f.text("Block within which it was assigned.")
    assigned_date: dt.date = f.date("Day of assignment.", required=True)
    analyzed: bool | None = f.boolean("In the analytic sample?")
