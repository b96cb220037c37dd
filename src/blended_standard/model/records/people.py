"""Learners and their episodes."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

import attrs

from blended_standard.model import fields as f
from blended_standard.model.records.base import Record, in_order


@attrs.frozen(kw_only=True)
class Learner(Record):
    """A person, by pseudonym, with the facts that were true at entry."""

    table: ClassVar[str] = "learner"
    learner_id: str = f.key(
        "Pseudonym; never a name, number or address in use elsewhere.",
        identifying=True,
        counterparts={"OneRoster": "users.sourcedId", "xAPI": "actor", "Caliper": "actor.id", "PIRL": "100"},
    )
    birth_date: dt.date | None = f.date(
        "Date of birth.",
        identifying=True,
        counterparts={"CEDS": "P000033", "OneRoster": "demographics.birthDate", "PIRL": "200"},
    )
    gender: str | None = f.code(
        "gender", "Gender as the learner states it.", counterparts={"OneRoster": "demographics.sex", "PIRL": "201"}
    )
    race_ethnicity: str | None = f.code(
        "race_ethnicity",
        "Race or ethnicity, as reported to the state.",
        counterparts={"OneRoster": "demographics.americanIndianOrAlaskaNative and the fields after it"},
    )
    first_grade9_year: int | None = f.integer(
        "School year, by its end, of first entry to grade 9.",
        minimum=1950,
        maximum=2200,
        unit="year",
        counterparts={"CEDS": "P000046"},
    )
    low_income: bool | None = f.boolean("Low-income status at entry.", counterparts={"PIRL": "802"})
    disability: bool | None = f.boolean("Disability status at entry.", counterparts={"CEDS": "P000577"})
    english_learner: bool | None = f.boolean(
        "English-learner status at entry.", counterparts={"CEDS": "P000180", "PIRL": "803"}
    )
    credits_at_entry: float | None = f.number("Credits held at entry.", minimum=0, maximum=200, unit="credits")
    credits_expected: float | None = f.number("Credits that were due by entry.", minimum=0, maximum=200, unit="credits")
    entry_gap_days: int | None = f.integer("Days out of school before entry.", minimum=0, unit="days")
    has_device: bool | None = f.boolean(
        "Has a working device.", counterparts={"CEDS": "P001932", "Ed-Fi": "primaryLearningDeviceAccessDescriptor"}
    )
    has_connection: bool | None = f.boolean(
        "Has an adequate connection.", counterparts={"Ed-Fi": "internetAccessInResidence"}
    )
    has_contact_details: bool | None = f.boolean("Contact details were found to be right.")


@attrs.frozen(kw_only=True)
class Episode(Record):
    """One stay of one learner at one site. A learner who leaves and comes back has two."""

    table: ClassVar[str] = "episode"
    episode_id: str = f.key("Identifier of the episode.", identifying=True)
    learner_id: str = f.reference(
        "learner", "The learner.", identifying=True, counterparts={"OneRoster": "enrollments.userSourcedId"}
    )
    site_id: str = f.reference("site", "The site.", counterparts={"OneRoster": "enrollments.schoolSourcedId"})
    entry_date: dt.date = f.date(
        "First day enrolled.",
        required=True,
        counterparts={
            "CEDS": "P000097",
            "Ed-Fi": "StudentSchoolAssociation.entryDate",
            "OneRoster": "enrollments.beginDate",
            "PIRL": "900",
        },
    )
    exit_date: dt.date | None = f.date(
        "Last day enrolled; absent while open.",
        counterparts={
            "CEDS": "P000107",
            "Ed-Fi": "StudentSchoolAssociation.exitWithdrawDate",
            "OneRoster": "enrollments.endDate (exclusive)",
            "PIRL": "901",
        },
    )
    exit_reason: str | None = f.code(
        "exit_reason", "Why the episode ended.", counterparts={"CEDS": "C000110", "Ed-Fi": "exitWithdrawTypeDescriptor"}
    )
    exit_documented: bool | None = f.boolean("Is the reason documented, for a transfer in writing?")
    entry_grade: int | None = f.integer(
        "Grade at entry, where grades are used.",
        minimum=0,
        maximum=13,
        counterparts={"CEDS": "P000100", "Ed-Fi": "entryGradeLevelDescriptor"},
    )
    prior_episodes: int | None = f.integer("Earlier episodes in the same program.", minimum=0)
    referral_date: dt.date | None = f.date("Day on which the learner was referred.")
    baseline_score: float | None = f.number("Score on an entry assessment, on the scale `baseline_scale`.")
    baseline_scale: str | None = f.text("Identifier of the scale of `baseline_score`.")

    def __attrs_post_init__(self) -> None:
        in_order(self, "entry_date", "exit_date")


@attrs.frozen(kw_only=True)
class Pause(Record):
    """An approved break inside an episode: leave, custody, birth, illness."""

    table: ClassVar[str] = "pause"
    pause_id: str = f.key("Identifier of the pause.")
    episode_id: str = f.reference("episode", "The episode.", identifying=True)
    start_date: dt.date = f.date("First day of the pause.", required=True)
    end_date: dt.date = f.date("Last day of the pause.", required=True)
    reason: str | None = f.code("pause_reason", "Why.")

    def __attrs_post_init__(self) -> None:
        in_order(self, "start_date", "end_date")


@attrs.frozen(kw_only=True)
class Referral(Record):
    """One attempt to bring a person back: reached, taken in, placed."""

    table: ClassVar[str] = "referral"
    referral_id: str = f.key("Identifier.")
    learner_id: str = f.reference("learner", "The person.", identifying=True)
    program_id: str = f.reference("program", "The program that reached out.")
    reached_date: dt.date = f.date("Day on which the person was reached.", required=True)
    intake_date: dt.date | None = f.date("Day of intake.")
    placed_date: dt.date | None = f.date("Day of placement.")
    destination: str | None = f.code("destination", "Where the person was placed.")

    def __attrs_post_init__(self) -> None:
        in_order(self, "reached_date", "intake_date")


@attrs.frozen(kw_only=True)
class CohortMember(Record):
    """A person in a graduation cohort, as cohort rates count."""

    table: ClassVar[str] = "cohort_member"
    learner_id: str = f.reference("learner", "The person.", key=True, identifying=True)
    cohort_year: int = f.integer(
        "Year in which four years end.",
        required=True,
        minimum=1950,
        maximum=2200,
        unit="year",
        counterparts={"CEDS": "P000584"},
    )
    program_id: str = f.reference("program", "The program that answers for the person.")
    transfer_in: bool | None = f.boolean("Joined the cohort after its start?")
    removal: str | None = f.code("cohort_removal", "Why the person left the cohort.", counterparts={"CEDS": "P000106"})
    removal_documented: bool | None = f.boolean("Is the removal documented in writing?")
    diploma_date: dt.date | None = f.date("Day of the regular diploma.")
    grade_12_year: int | None = f.integer(
        "School year, by its end, of enrolment in grade 12.", minimum=1950, maximum=2200, unit="year"
    )
