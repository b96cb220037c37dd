"""What learners made and how it was judged."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

import attrs

from blended_standard.model import fields as f
from blended_standard.model.records.base import Record


@attrs.frozen(kw_only=True)
class Evidence(Record):
    """Something a learner made or did that can be judged."""

    table: ClassVar[str] = "evidence"
    evidence_id: str = f.key("Identifier.")
    episode_id: str = f.reference("episode", "The episode.", identifying=True)
    competency_id: str | None = f.reference("competency", "What it is evidence of.", required=False)
    at: dt.datetime = f.instant(
        "When the work was done, not when it was entered.",
        required=True,
        counterparts={"OneRoster": "results.scoreDate", "xAPI": "timestamp", "Caliper": "eventTime"},
    )
    kind: str = f.code("evidence_kind", "What it is.", required=True)
    level: int | None = f.integer("Strength of evidence, 0 (presence) to 4 (double-scored).", minimum=0, maximum=4)
    accepted: bool | None = f.boolean(
        "Was the work accepted?", counterparts={"xAPI": "result.success", "OneRoster": "results.scoreStatus"}
    )
    score: float | None = f.number(
        "Score, as a share of the maximum.",
        minimum=0,
        maximum=1,
        unit="share",
        counterparts={
            "OneRoster": "results.score",
            "xAPI": "result.score.scaled",
            "Caliper": "Score.scoreGiven",
            "Ed-Fi": "StudentGradebookEntry.pointsEarned",
        },
    )
    mode: str | None = f.code("mode", "Where and how the work was done.")
    attempt: int | None = f.integer(
        "Number of the attempt at the same task, from 1.", minimum=1, counterparts={"Caliper": "Attempt.count"}
    )
    judge_id: str | None = f.text(
        "Pseudonym of the person who judged it.", identifying=True, counterparts={"Caliper": "Score.scoredBy"}
    )
    judge_certificated: bool | None = f.boolean("Was it judged by a certificated teacher?")
    time_value_days: float | None = f.number(
        "Days of instruction that the judge found it worth.", minimum=0, unit="days"
    )
    due_date: dt.date | None = f.date(
        "Day on which it was due.", counterparts={"OneRoster": "lineItems.dueDate", "CEDS": "P000946"}
    )
    form_id: str | None = f.text("Form of the task; the same form twice is a retake.")


@attrs.frozen(kw_only=True)
class MasteryDecision(Record):
    """A judgment that a learner has, or no longer has, a competency."""

    table: ClassVar[str] = "mastery_decision"
    decision_id: str = f.key("Identifier.")
    episode_id: str = f.reference("episode", "The episode.", identifying=True)
    competency_id: str = f.reference(
        "competency",
        "The competency.",
        counterparts={
            "Open Badges": "Alignment.targetUrl",
            "Ed-Fi": "StudentCompetencyObjective.objectiveCompetencyObjectiveReference",
        },
    )
    date: dt.date = f.date("Day of the decision.", required=True)
    mastered: bool = f.boolean(
        "Is the competency mastered?", required=True, counterparts={"Open Badges": "Result.status"}
    )
    evidence_level: int | None = f.integer("Highest level of the evidence it rests on.", minimum=0, maximum=4)
    level_id: str | None = f.reference(
        "proficiency_level",
        "The level reached.",
        required=False,
        counterparts={
            "Ed-Fi": "StudentCompetencyObjective.competencyLevelDescriptor",
            "Open Badges": "Result.achievedLevel",
        },
    )
    reassessment: bool | None = f.boolean("Is it a later check of a competency mastered before?")
    prior_learning: bool | None = f.boolean("Recognized from before this episode?")
    revoked: bool | None = f.boolean("Taken back later?")


@attrs.frozen(kw_only=True)
class Rating(Record):
    """One person's score of one piece of evidence; two make it double-scored."""

    table: ClassVar[str] = "rating"
    rating_id: str = f.key("Identifier.")
    evidence_id: str = f.reference("evidence", "The evidence.")
    rater_id: str = f.text(
        "Pseudonym of the rater.", required=True, identifying=True, counterparts={"Caliper": "Score.scoredBy"}
    )
    score: int = f.integer(
        "Category given.",
        required=True,
        minimum=0,
        maximum=100,
        counterparts={"CEDS": "P000245", "Caliper": "Score.scoreGiven"},
    )
    scale_id: str | None = f.reference("proficiency_scale", "The scale.", required=False)


@attrs.frozen(kw_only=True)
class Instrument(Record):
    """A test or questionnaire."""

    table: ClassVar[str] = "instrument"
    instrument_id: str = f.key(
        "Identifier.",
        counterparts={"Ed-Fi": "Assessment.assessmentIdentifier", "CEDS": "P001067", "Caliper": "Assessment.id"},
    )
    title: str = f.text(
        "Title.", required=True, counterparts={"CEDS": "P000028", "Ed-Fi": "Assessment.assessmentTitle"}
    )
    kind: str = f.code("instrument_kind", "What it measures with.", required=True)
    version: str | None = f.text("Version or form.")
    scale_id: str | None = f.text("Identifier of the scale of its scores.")


@attrs.frozen(kw_only=True)
class Item(Record):
    """One item of an instrument."""

    table: ClassVar[str] = "item"
    item_id: str = f.key(
        "Identifier.",
        counterparts={"Caliper": "AssessmentItem.id", "CEDS": "P000630", "Ed-Fi": "StudentAssessmentItem"},
    )
    instrument_id: str = f.reference("instrument", "The instrument.")
    competency_id: str | None = f.reference("competency", "What it asks for.", required=False)
    subscale: str | None = f.text("Subscale that it belongs to.")
    maximum_score: float | None = f.number("Highest score.", minimum=0)
    reverse_coded: bool | None = f.boolean("Does a high answer mean little of what is measured?")


@attrs.frozen(kw_only=True)
class ItemParameter(Record):
    """A parameter of an item in one calibration; an item with several steps has several."""

    table: ClassVar[str] = "item_parameter"
    item_id: str = f.reference("item", "The item.", key=True)
    calibration_id: str = f.key("Identifier of the calibration.")
    step: int = f.integer("Step of the item, 0 for the only one.", required=True, key=True, minimum=0)
    model: str = f.code("item_model", "Item response model.", required=True)
    slope: float | None = f.number("Discrimination.")
    location: float | None = f.number(
        "Difficulty of the step, in the unit of the scale.", counterparts={"CEDS": "P000391"}
    )
    guessing: float | None = f.number("Lower asymptote.", minimum=0, maximum=1)
    scale_id: str | None = f.text("Identifier of the scale.")


@attrs.frozen(kw_only=True)
class ItemResponse(Record):
    """One learner's answer to one item."""

    table: ClassVar[str] = "item_response"
    episode_id: str = f.reference("episode", "The episode.", identifying=True)
    item_id: str = f.reference("item", "The item.")
    at: dt.datetime = f.instant(
        "When.", required=True, counterparts={"Caliper": "AssessmentItemEvent.eventTime", "xAPI": "timestamp"}
    )
    score: float | None = f.number(
        "Score; absent when not answered.",
        counterparts={"CEDS": "P000724", "Ed-Fi": "StudentAssessmentItem.rawScoreResult"},
    )
    occasion: str | None = f.text("Sitting that it belongs to.")


@attrs.frozen(kw_only=True)
class LevelTest(Record):
    """A test that places a learner on an educational functioning level."""

    table: ClassVar[str] = "level_test"
    level_test_id: str = f.key("Identifier.")
    episode_id: str = f.reference("episode", "The episode.", identifying=True)
    subject: str = f.code("subject", "Subject.", required=True)
    date: dt.date = f.date("Day of the test.", required=True)
    level: int = f.integer(
        "Educational functioning level.",
        required=True,
        minimum=1,
        maximum=6,
        counterparts={"CEDS": "P000779 and P000780"},
    )
    occasion: str = f.code("test_occasion", "At entry or later.", required=True)
