"""The canonical records, code lists and identifiers. Imports nothing of ours but errors."""

from blended_standard.model.fields import FieldSpec, FieldType, Missing
from blended_standard.model.records import (
    RECORDS,
    Activity,
    CalendarDay,
    Competency,
    Contact,
    Episode,
    Evidence,
    Learner,
    MasteryDecision,
    Outcome,
    Pause,
    Program,
    Record,
    Site,
)

__all__ = [
    "RECORDS",
    "Activity",
    "CalendarDay",
    "Competency",
    "Contact",
    "Episode",
    "Evidence",
    "FieldSpec",
    "FieldType",
    "Learner",
    "MasteryDecision",
    "Missing",
    "Outcome",
    "Pause",
    "Program",
    "Record",
    "Site",
]
