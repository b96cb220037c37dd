"""The records of the standard: who was where, what they did, what was judged, what came of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, ClassVar

import attrs

from blended_standard.errors import ModelError
from blended_standard.model import fields as f
from blended_standard.model.fields import FieldSpec, Missing


@attrs.frozen(kw_only=True)
class Record:
    """What all records share.

    `missing` says why a value is absent, by field name. `extra` keeps what the standard does not know, under a
    namespaced name (`wa:district`), and writes it back untouched.
    """

    table: ClassVar[str]
    missing: Mapping[str, Missing] = attrs.field(factory=dict, hash=False)
    extra: Mapping[str, Any] = attrs.field(factory=dict, hash=False)

    @classmethod
    def fields(cls) -> tuple[FieldSpec, ...]:
        """Return what the standard says of each field."""
        return f.specs(cls)

    @classmethod
    def key_fields(cls) -> tuple[str, ...]:
        """Return the names of the fields that identify a record."""
        return tuple(spec.name for spec in cls.fields() if spec.key)


@attrs.frozen(kw_only=True)
class Program(Record):
    """An organization's offer of blended learning, under one set of rules."""

    table: ClassVar[str] = "program"
    program_id: str = f.key("Identifier of the program.", counterparts={"Ed-Fi": "Program.programName"})
    name: str = f.text("Public name.", required=True)
    time_zone: str = f.text("IANA time zone in which its days and weeks are counted.", required=True)
    jurisdiction: str | None = f.text("State, district or network that the program answers to.")
    blended_model: str | None = f.code("blended_model", "Type of blended model.", counterparts={"CEDS": "C001287"})


@attrs.frozen(kw_only=True)
class Site(Record):
    """A supervised physical place, or a virtual one, where a program meets its learners."""

    table: ClassVar[str] = "site"
    site_id: str = f.key("Identifier of the site.", counterparts={"OneRoster": "orgs.sourcedId"})
    program_id: str = f.reference("program", "The program that runs it.")
    name: str = f.text("Public name.", required=True)
    time_zone: str | None = f.text("IANA time zone, where it differs from the program's.")


@attrs.frozen(kw_only=True)
class CalendarDay(Record):
    """A day on which a site was closed or its evidence feed was down.

    A day without a record is open, with its feed up.
    """

    table: ClassVar[str] = "calendar_day"
    site_id: str = f.reference("site", "The site.", key=True)
    date: dt.date = f.date("The day.", required=True, key=True, counterparts={"Ed-Fi": "CalendarDate.date"})
    open: bool = f.boolean("Was the program open?", required=True)
    feed_up: bool = f.boolean("Could evidence be recorded?", required=True)


@attrs.frozen(kw_only=True)
class Learner(Record):
    """A person, by pseudonym, with the facts that were true at entry."""

    table: ClassVar[str] = "learner"
    learner_id: str = f.key("Pseudonym; never a name, number or address in use elsewhere.", identifying=True)
    birth_date: dt.date | None = f.date("Date of birth.", identifying=True, counterparts={"CEDS": "P000033"})
    gender: str | None = f.code("gender", "Gender as the learner states it.")
    race_ethnicity: str | None = f.code("race_ethnicity", "Race or ethnicity, as reported to the state.")
    first_grade9_year: int | None = f.integer(
        "School year, by its end, of first entry to grade 9.",
        minimum=1950,
        maximum=2200,
        unit="year",
        counterparts={"CEDS": "P000046"},
    )
    low_income: bool | None = f.boolean("Low-income status at entry.")
    disability: bool | None = f.boolean("Disability status at entry.")
    english_learner: bool | None = f.boolean("English-learner status at entry.")
    credits_at_entry: float | None = f.number("Credits held at entry.", minimum=0, maximum=200, unit="credits")
    credits_expected: float | None = f.number("Credits that were due by entry.", minimum=0, maximum=200, unit="credits")
    entry_gap_days: int | None = f.integer("Days out of school before entry.", minimum=0, unit="days")
    has_device: bool | None = f.boolean("Has a working device.")
    has_connection: bool | None = f.boolean("Has an adequate connection.")
    has_contact_details: bool | None = f.boolean("Contact details were found to be right.")


@attrs.frozen(kw_only=True)
class Episode(Record):
    """One stay of one learner at one site. A learner who leaves and comes back has two."""

    table: ClassVar[str] = "episode"
    episode_id: str = f.key("Identifier of the episode.", identifying=True)
    learner_id: str = f.reference("learner", "The learner.", identifying=True)
    site_id: str = f.reference("site", "The site.")
    entry_date: dt.date = f.date("First day enrolled.", required=True, counterparts={"CEDS": "P000097"})
    exit_date: dt.date | None = f.date("Last day enrolled; absent while open.", counterparts={"CEDS": "P000107"})
    exit_reason: str | None = f.code("exit_reason", "Why the episode ended.", counterparts={"CEDS": "C000110"})
    exit_documented: bool | None = f.boolean("Is the reason documented, for a transfer in writing?")
    entry_grade: int | None = f.integer("Grade at entry, where grades are used.", minimum=0, maximum=13)
    prior_episodes: int | None = f.integer("Earlier episodes in the same program.", minimum=0)
    referral_date: dt.date | None = f.date("Day on which the learner was referred.")
    baseline_score: float | None = f.number("Score on an entry assessment, on the scale `baseline_scale`.")
    baseline_scale: str | None = f.text("Identifier of the scale of `baseline_score`.")

    def __attrs_post_init__(self) -> None:
        _in_order(self, "entry_date", "exit_date")


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
        _in_order(self, "start_date", "end_date")


@attrs.frozen(kw_only=True)
class Competency(Record):
    """A statement of what a learner can do."""

    table: ClassVar[str] = "competency"
    competency_id: str = f.key("Identifier.", counterparts={"CASE": "CFItem.identifier", "CEDS": "P000689"})
    title: str = f.text("The statement.", required=True, counterparts={"CASE": "CFItem.fullStatement"})
    credit_value: float | None = f.number("Share of a credit it stands for.", minimum=0, maximum=100, unit="credits")
    parent_id: str | None = f.reference("competency", "The wider competency it belongs to.", required=False)


@attrs.frozen(kw_only=True)
class Evidence(Record):
    """Something a learner made or did that can be judged."""

    table: ClassVar[str] = "evidence"
    evidence_id: str = f.key("Identifier.")
    episode_id: str = f.reference("episode", "The episode.", identifying=True)
    competency_id: str | None = f.reference("competency", "What it is evidence of.", required=False)
    at: dt.datetime = f.instant("When the work was done, not when it was entered.", required=True)
    kind: str = f.code("evidence_kind", "What it is.", required=True)
    level: int | None = f.integer("Strength of evidence, 0 (presence) to 4 (double-scored).", minimum=0, maximum=4)
    accepted: bool | None = f.boolean("Was the work accepted?")
    score: float | None = f.number("Score, as a share of the maximum.", minimum=0, maximum=1, unit="share")
    due_date: dt.date | None = f.date("Day on which it was due.")
    form_id: str | None = f.text("Form of the task; the same form twice is a retake.")


@attrs.frozen(kw_only=True)
class MasteryDecision(Record):
    """A judgment that a learner has, or no longer has, a competency."""

    table: ClassVar[str] = "mastery_decision"
    decision_id: str = f.key("Identifier.")
    episode_id: str = f.reference("episode", "The episode.", identifying=True)
    competency_id: str = f.reference("competency", "The competency.")
    date: dt.date = f.date("Day of the decision.", required=True)
    mastered: bool = f.boolean("Is the competency mastered?", required=True)
    evidence_level: int | None = f.integer("Highest level of the evidence it rests on.", minimum=0, maximum=4)
    prior_learning: bool | None = f.boolean("Recognized from before this episode?")
    revoked: bool | None = f.boolean("Taken back later?")


@attrs.frozen(kw_only=True)
class Activity(Record):
    """One act of a learner on a platform or at a site, at an instant."""

    table: ClassVar[str] = "activity"
    episode_id: str = f.reference("episode", "The episode.", identifying=True)
    at: dt.datetime = f.instant("When.", required=True, counterparts={"xAPI": "timestamp", "Caliper": "eventTime"})
    verb: str = f.code("verb", "What was done.", required=True, counterparts={"xAPI": "verb.id", "Caliper": "action"})
    object_id: str | None = f.text("What it was done to.", counterparts={"xAPI": "object.id", "Caliper": "object.id"})
    source: str | None = f.text("The system that recorded it.")
    activity_id: str | None = f.text("Identifier in the source system.")


@attrs.frozen(kw_only=True)
class Contact(Record):
    """An exchange between an adult of the program and a learner; one record for each turn or meeting."""

    table: ClassVar[str] = "contact"
    contact_id: str = f.key("Identifier.")
    episode_id: str = f.reference("episode", "The episode.", identifying=True)
    at: dt.datetime = f.instant("When.", required=True)
    adult_id: str | None = f.text("Pseudonym of the adult.", identifying=True)
    adult_role: str | None = f.code("adult_role", "Role of the adult.")
    channel: str | None = f.code("channel", "How.")
    direction: str = f.code("direction", "Who spoke: the adult, the learner, or both.", required=True)
    topic: str | None = f.code("topic", "What about.")
    group_size: int | None = f.integer("Learners present.", minimum=1, unit="learners")
    automated: bool | None = f.boolean("Sent by a machine?")


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


RECORDS: Mapping[str, type[Record]] = {
    record.table: record
    for record in (
        Program, Site, CalendarDay, Learner, Episode, Pause, Competency,
        Evidence, MasteryDecision, Activity, Contact, Outcome,
    )
}  # fmt: skip


def _in_order(record: Record, first: str, second: str) -> None:
    start, end = getattr(record, first), getattr(record, second)
    if start is not None and end is not None and end < start:
        raise ModelError(f"{type(record).__name__}.{second}: {end} lies before {first}, {start}.")
