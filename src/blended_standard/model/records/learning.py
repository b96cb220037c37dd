"""What is to be learned: frameworks, competencies, scales, plans."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

import attrs

from blended_standard.model import fields as f
from blended_standard.model.records.base import Record


@attrs.frozen(kw_only=True)
class Framework(Record):
    """A published set of competencies."""

    table: ClassVar[str] = "framework"
    framework_id: str = f.key("Identifier.", counterparts={"CASE": "CFDocument.identifier"})
    title: str = f.text("Title.", required=True, counterparts={"CASE": "CFDocument.title"})
    publisher: str | None = f.text("Who publishes it.", counterparts={"CASE": "CFDocument.creator"})
    version: str | None = f.text("Version.", counterparts={"CASE": "CFDocument.version"})


@attrs.frozen(kw_only=True)
class Competency(Record):
    """A statement of what a learner can do."""

    table: ClassVar[str] = "competency"
    competency_id: str = f.key("Identifier.", counterparts={"CASE": "CFItem.identifier", "CEDS": "P000689"})
    title: str = f.text(
        "The statement.",
        required=True,
        counterparts={
            "CASE": "CFItem.fullStatement",
            "CEDS": "P000690",
            "Ed-Fi": "CompetencyObjective.objective",
            "Open Badges": "Achievement.name",
        },
    )
    credit_value: float | None = f.number("Share of a credit it stands for.", minimum=0, maximum=100, unit="credits")
    framework_id: str | None = f.reference(
        "framework", "The framework it belongs to.", required=False, counterparts={"CASE": "CFItem.CFDocumentURI"}
    )
    scale_id: str | None = f.reference("proficiency_scale", "The scale on which it is judged.", required=False)
    parent_id: str | None = f.reference("competency", "The wider competency it belongs to.", required=False)


@attrs.frozen(kw_only=True)
class CompetencyAssociation(Record):
    """How two competencies relate."""

    table: ClassVar[str] = "competency_association"
    association_id: str = f.key("Identifier.", counterparts={"CASE": "CFAssociation.identifier"})
    from_id: str = f.reference("competency", "The one.", counterparts={"CASE": "CFAssociation.originNodeURI"})
    to_id: str = f.reference(
        "competency", "The other.", counterparts={"CASE": "CFAssociation.destinationNodeURI", "CEDS": "P001404"}
    )
    kind: str = f.code(
        "association_kind",
        "What the one is to the other.",
        required=True,
        counterparts={"CASE": "CFAssociation.associationType", "CEDS": "P000869"},
    )


@attrs.frozen(kw_only=True)
class ProficiencyScale(Record):
    """A scale on which competencies are judged."""

    table: ClassVar[str] = "proficiency_scale"
    scale_id: str = f.key("Identifier.", counterparts={"CASE": "CFRubric.identifier"})
    title: str = f.text("Title.", required=True, counterparts={"CASE": "CFRubric.title", "CEDS": "P000421"})


@attrs.frozen(kw_only=True)
class ProficiencyLevel(Record):
    """One level of a proficiency scale."""

    table: ClassVar[str] = "proficiency_level"
    level_id: str = f.key("Identifier.", counterparts={"CASE": "CFRubricCriterionLevel.identifier"})
    scale_id: str = f.reference("proficiency_scale", "The scale.")
    rank: int = f.integer(
        "Order on the scale, from 0.",
        required=True,
        minimum=0,
        maximum=100,
        counterparts={"CASE": "CFRubricCriterionLevel.position", "CEDS": "P001473"},
    )
    title: str = f.text("Title.", required=True, counterparts={"CASE": "CFRubricCriterionLevel.quality"})
    mastery: bool = f.boolean("Does the level, and all above it, show mastery?", required=True)
    cut_score: float | None = f.number(
        "Lowest score of the level.", counterparts={"CASE": "CFRubricCriterionLevel.score"}
    )


@attrs.frozen(kw_only=True)
class Plan(Record):
    """One version of a learner's own plan; a change makes a new version."""

    table: ClassVar[str] = "plan"
    plan_id: str = f.key("Identifier of the version.", counterparts={"CEDS": "P600379"})
    episode_id: str = f.reference("episode", "The episode.", identifying=True)
    version: int = f.integer("Number of the version, from 1.", required=True, minimum=1)
    made_date: dt.date = f.date("Day from which the version holds.", required=True, counterparts={"CEDS": "P001289"})
    baseline: bool | None = f.boolean("Is it the version that progress is measured against?")
    planned_end: dt.date | None = f.date("Day on which the learner plans to finish.")


@attrs.frozen(kw_only=True)
class PlanItem(Record):
    """One competency in one version of a plan."""

    table: ClassVar[str] = "plan_item"
    plan_item_id: str = f.key("Identifier.")
    plan_id: str = f.reference("plan", "The version of the plan.")
    competency_id: str = f.reference("competency", "The competency.")
    credit_value: float | None = f.number("Weight in credits.", minimum=0, maximum=100, unit="credits")
    required: bool | None = f.boolean("Is it required to finish?")
    planned_date: dt.date | None = f.date("Day on which it is planned to be mastered.")
    set_by: str | None = f.code("plan_setter", "Who set or last changed the date.")
    routes_offered: int | None = f.integer("Ways to learn it that were offered.", minimum=0)
    route_chosen: bool | None = f.boolean("Did the learner choose the way?")
