"""What CEDS calls its properties, and which of its options say the same as values of ours.

Source: CEDS Ontology V13 (names of properties, option sets). An option set and the property that takes its values have
the same number: C000110 is the set of P000110.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# The technical names of the properties that records declare, without the "has" that stands before an option set.
NAMES: Mapping[str, str] = {
    "P000028": "AssessmentTitle",
    "P000033": "Birthdate",
    "P000046": "CohortYear",
    "P000076": "AttendanceStatus",
    "P000081": "DiplomaOrCredentialAwardDate",
    "P000087": "K12StaffClassification",
    "P000097": "EnrollmentEntryDate",
    "P000100": "EntryGradeLevel",
    "P000106": "CohortExclusion",
    "P000107": "EnrollmentExitDate",
    "P000110": "ExitOrWithdrawalType",
    "P000118": "StaffFullTimeEquivalency",
    "P000138": "HighSchoolDiplomaType",
    "P000180": "EnglishLearnerStatus",
    "P000199": "NumberOfCreditsAttempted",
    "P000200": "NumberOfCreditsEarned",
    "P000204": "OrganizationName",
    "P000245": "AssessmentResultScoreValue",
    "P000273": "StudentSupportServiceType",
    "P000326": "ServiceEntryDate",
    "P000391": "AssessmentItemDifficulty",
    "P000421": "AssessmentRubricTitle",
    "P000561": "ProgressLevel",
    "P000577": "DisabilityStatus",
    "P000584": "CohortGraduationYear",
    "P000603": "CalendarEventType",
    "P000625": "ProgramIdentifier",
    "P000626": "ProgramName",
    "P000630": "AssessmentItemIdentifier",
    "P000689": "CompetencyDefinitionIdentifier",
    "P000690": "CompetencyDefinitionStatement",
    "P000724": "AssessmentItemResponseScoreValue",
    "P000826": "OrganizationIdentifier",
    "P000869": "CompetencyAssociationType",
    "P000934": "LearnerActionType",
    "P000937": "LearnerActionDateTime",
    "P000946": "LearnerActivityDueDate",
    "P000988": "EmployedAfterExit",
    "P000989": "QuarterlyEarnings",
    "P000992": "EmploymentRecordReferencePeriodStartDate",
    "P000994": "EmploymentRecordAdministrativeDataSource",
    "P001067": "AssessmentIdentifier",
    "P001275": "CalendarEventDate",
    "P001287": "BlendedLearningModelType",
    "P001289": "CareerEducationPlanDate",
    "P001404": "CompetencyAssociationDestinationNodeURI",
    "P001473": "RubricCriterionLevelPosition",
    "P001559": "LearnerActionObjectIdentifier",
    "P001932": "PrimaryLearningDeviceAccess",
    "P600379": "K12StudentGraduationPlan",
}
UNKNOWN = object()
_YES_NO = {"Yes": True, "No": False}
_GRADES = {"KG": 0} | {f"{number:02d}": number for number in range(1, 14)}
# Of fields that are no codes of ours: what an option says; None is nothing, and UNKNOWN that nobody could tell.
OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "calendar_day.open": {
        "InstructionalDay": True,
        "LateArrivalEarlyDismissal": True,
        "EmergencyDay": False,
        "Holiday": False,
        "Strike": False,
        "TeacherOnlyDay": False,
        "Other": None,
    },
    "learner.disability": _YES_NO,
    "learner.english_learner": _YES_NO,
    "learner.has_device": {"Shared": True, "NotShared": True, "Unknown": UNKNOWN},
    "episode.entry_grade": _GRADES
    | dict.fromkeys(("Birth", "Prenatal", "IT", "PR", "PK", "TK", "PS", "UG", "AE", "Other")),
    # The set has no option for no.
    "follow_up.employed": {"Yes": True, "Unknown": UNKNOWN},
}
# Of fields whose property takes options: the option that says the same as a value of ours, and no more than that.
SAME: Mapping[str, Mapping[Any, str]] = {
    "program.blended_model": {
        "rotation": "Rotation",
        "flex": "FlexModel",
        "a_la_carte": "ALaCarte",
        "enriched_virtual": "EnrichedVirtual",
        "other": "Other",
    },
    "calendar_day.open": {True: "InstructionalDay"},
    "staff_role.role": {},
    "learner.disability": {True: "Yes", False: "No"},
    "learner.english_learner": {True: "Yes", False: "No"},
    "learner.has_device": {},
    "episode.exit_reason": {
        "completed_diploma": "01921",
        "completed_equivalency": "03509",
        "completed_program": "01922",
        "finished_not_passed": "01928",
        "withdrawn": "01927",
        "aged_out": "01926",
        "dismissed": "01925",
        "deceased": "73064",
        "unknown": "01931",
    },
    "episode.entry_grade": {number: option for option, number in _GRADES.items()},
    "cohort_member.removal": {"deceased": "01"},
    "competency_association.kind": {"is_child_of": "IsPartOf", "precedes": "Precedes"},
    "plan.plan_id": {},
    "level_test.level": {},
    "activity.verb": {"attempt": "attempted", "respond": "responded", "login": "logged-in", "logout": "logged-out"},
    "need.kind": {},
    "legacy_attendance.status": {
        "present": "Present",
        "excused": "ExcusedAbsence",
        "tardy": "Tardy",
        "unexcused": "UnexcusedAbsence",
    },
    "credential.kind": {"diploma": "00806"},
    "skill_gain.kind": {},
    "follow_up.employed": {True: "Yes"},
    "follow_up.source": {"wage_record": "01"},
}


def property_of(counterpart: str) -> str:
    """Return the property of a counterpart: of an option set, the one that takes its options.

    Examples
    --------
    >>> property_of("C000110"), property_of("P000097")
    ('P000110', 'P000097')
    """
    return f"P{counterpart[1:]}" if re.fullmatch(r"C\d{6}", counterpart) else counterpart


def folded(column: str) -> str:
    """Return a name of a column without case, spaces and the "has" of an option set.

    Examples
    --------
    >>> folded("hasExitOrWithdrawalType") == folded("Exit or Withdrawal Type")
    True
    """
    return re.sub(r"[\W_]", "", column.removeprefix("has").removeprefix("Has ")).lower()
