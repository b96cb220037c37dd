"""Arrow tables of what else is on file: identifiers, codes and dates for the numbers of `_records`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import numpy as np

from blended_standard.numeric.arguments import Integers
from blended_standard.testing import _records
from blended_standard.testing._arrow import Arrow, Columns, Named, ordinal
from blended_standard.testing._course import Course, Learners
from blended_standard.testing._plan import SURVEYS, Draws, Plan, program_id

_SUBSCALES = (
    "express_care", "challenge_growth", "provide_support", "share_power", "expand_possibilities", "engagement",
)  # fmt: skip
_SETTERS = ("learner", "adult", "together", "system")
_INDICATORS = ("credit", "course_milestone", "equivalency_subtest", "work_readiness")
_GAINS = ("functioning_level", "diploma", "transcript")
_CREDENTIALS = ("diploma", "equivalency", "occupational_certificate", "industry_certification")
_STATUS = ("found", "not_found", "lost", "exempt")
_SOURCES = ("wage_record", "military", "supplemental", "clearinghouse", "survey")
_ANSWERS = ("answered", "refused", "not_reached")
_WHO = ("family", "program_adult", "other_adult", "peer", "employer")
_NEEDS = (
    "childcare", "transport", "housing", "mental_health", "food", "health", "counseling", "technology", "legal",
    "other",
)  # fmt: skip
_OFFERED = ("live", "in_person", "asynchronous")
_SUBJECTS = ("reading", "mathematics")
_REMOVALS = (None, "transfer_out", "deceased")


@attrs.frozen
class RecordTables:
    """Makes the tables of one block."""

    plan: Plan
    arrow: Arrow
    draws: Draws
    named: Named
    people: Learners
    course: Course

    def make(self, decisions: Columns) -> dict[str, Any]:
        """Return every table; `decisions` are those on mastery, from which credits follow."""
        plans = _records.plans(self.plan, self.draws, self.course, self.people)
        earned = _records.credits_of(self.draws, decisions, self.course)
        asked = _records.survey(self.draws, self.course, self.people, self.plan)
        needs = _records.needs(self.draws, self.course, self.people)
        made: dict[str, Callable[[], dict[str, Any]]] = {
            "plan": lambda: self._plans(plans),
            "plan_item": lambda: self._items(plans, _records.plan_items(self.draws, plans)),
            "credit": lambda: self._credits(earned),
            "progress_indicator": lambda: self._indicators(_records.indicators(self.draws, earned)),
            "skill_gain": lambda: self._gains(_records.gains(self.draws, earned, self.course)),
            "credential": lambda: self._credentials(_records.credentials(self.draws, self.course)),
            "follow_up": lambda: self._follow_ups(_records.follow_ups(self.plan, self.draws, self.course, self.people)),
            "survey_response": lambda: self._answers(asked),
            "relationship": lambda: self._relationships(
                _records.relationships(self.draws, asked, self.people, self.course, self.plan)
            ),
            "need": lambda: self._needs(needs),
            "service": lambda: self._services(needs),
            "learning_opportunity": lambda: self._opportunities(
                _records.opportunities(self.plan, self.draws, self.course)
            ),
            "legacy_attendance": lambda: self._attendance(_records.attendance(self.plan, self.draws, self.course)),
            "level_test": lambda: self._tests(_records.level_tests(self.draws, self.course, self.people)),
            "cohort_member": lambda: self._cohort(_records.cohort(self.plan, self.draws, self.course, self.people)),
            "postsecondary_enrollment": lambda: self._enrolments(
                _records.enrolments(self.plan, self.draws, self.course)
            ),
            "referral": lambda: self._referrals(_records.referrals(self.draws, self.people)),
        }
        return {name: self.arrow.table(name, columns()) for name, columns in made.items()}

    def _plans(self, made: Columns) -> dict[str, Any]:
        ids = self._episodes(made)
        return {
            "plan_id": self.arrow.numbered(ids, "plan", made["version"] - 1),
            "episode_id": ids,
            "version": made["version"],
            "made_date": self.arrow.dates(made["day"]),
            "baseline": made["version"] == 1,
            "planned_end": self.arrow.dates(made["end"]),
        }

    def _items(self, plans: Columns, made: Columns) -> dict[str, Any]:
        plan = self.arrow.numbered(self._episodes(plans), "plan", plans["version"] - 1)
        plan = plan.take(self.arrow.array(made["plan"]))
        competency = self.arrow.competencies.take(self.arrow.array(made["competency"]))
        return {
            "plan_item_id": self.arrow.joined([plan, competency], "-"),
            "plan_id": plan,
            "competency_id": competency,
            "credit_value": np.full(len(made["plan"]), 0.25),
            "required": np.ones(len(made["plan"]), dtype=bool),
            "planned_date": self.arrow.dates(made["day"]),
            "set_by": self.arrow.coded(_SETTERS, made["set_by"]),
            "routes_offered": made["routes"],
            "route_chosen": made["chosen"],
        }

    def _credits(self, made: Columns) -> dict[str, Any]:
        return self._of_episode("credit_id", "k", made) | {
            "attempted": np.full(len(made["day"]), 0.25),
            "earned": made["earned"],
            "started_date": self.arrow.dates(np.minimum(made["begun"], made["day"])),
            "prior_learning": made["prior"],
        }

    def _indicators(self, made: Columns) -> dict[str, Any]:
        columns = self._of_episode("indicator_id", "i", made)
        level = self.arrow.array(np.full(len(made["day"]), 2))
        return columns | {"kind": self.arrow.coded(_INDICATORS, made["kind"]), "evidence_level": level}

    def _gains(self, made: Columns) -> dict[str, Any]:
        columns = self._of_episode("skill_gain_id", "g", made)
        documented = self.draws.stream("gain documented").random(len(made["day"])) < 0.93
        return columns | {"kind": self.arrow.coded(_GAINS, made["kind"]), "documented": documented}

    def _credentials(self, made: Columns) -> dict[str, Any]:
        ids = self._episodes(made)
        return {
            "credential_id": self.arrow.numbered(ids, "cr", ordinal(made["episode"])),
            "episode_id": ids,
            "kind": self.arrow.coded(_CREDENTIALS, made["kind"]),
            "awarded_date": self.arrow.dates(made["day"]),
            "recognized": made["recognized"],
        }

    def _follow_ups(self, made: Columns) -> dict[str, Any]:
        ids = self._episodes(made)
        unknown, idle = made["status"] != 0, ~made["works"]
        employer = self.arrow.joined(["E", self.arrow.text(made["employer"] + 1)], "")
        return {
            "follow_up_id": self.arrow.numbered(ids, "q", made["quarter"]),
            "episode_id": ids,
            "quarter_start": self.arrow.dates(made["begins"]),
            "status": self.arrow.coded(_STATUS, made["status"]),
            "employed": self.arrow.array(made["works"], mask=unknown),
            "employer_id": self.arrow.blank(employer, unknown | idle),
            "wages": self.arrow.array(made["wages"], mask=unknown | idle),
            "unsubsidized": self.arrow.array(made["works"], mask=unknown | idle),
            "in_education": self.arrow.array(made["studies"], mask=unknown),
            "source": self.arrow.blank(self.arrow.coded(_SOURCES, made["source"]), unknown),
        }

    def _answers(self, made: Columns) -> dict[str, Any]:
        silent = ~made["answered"]
        return self._of_episode("survey_response_id", "s", made) | {
            "respondent": self.arrow.coded(("learner",), np.zeros(len(made["day"]))),
            "status": self.arrow.coded(_ANSWERS, made["status"]),
            "instrument_id": self.arrow.coded(SURVEYS, made["part"] == _records.ELEMENTS),
            "subscale": self.arrow.coded(_SUBSCALES, made["part"]),
            "items_asked": np.full(len(made["day"]), 4),
            "items_answered": self.arrow.array(made["items"], mask=silent),
            "score": self.arrow.array(made["score"], mask=silent),
        }

    def _relationships(self, made: Columns) -> dict[str, Any]:
        ids = self._episodes(made)
        site = self.named.site_of_episode.take(self.arrow.array(made["episode"]))
        adult = self.arrow.joined([site, self.arrow.text(made["adult"] + 1)], "-A")
        return self._of_episode("relationship_id", "r", made) | {
            "episode_id": ids,
            "named_by": self.arrow.coded(("learner", "adult"), made["by_adult"]),
            "source_type": self.arrow.coded(_WHO, made["who"]),
            "adult_id": self.arrow.blank(adult, made["who"] != 1),
            "relies_on": np.ones(len(made["day"]), dtype=bool),
        }

    def _needs(self, made: Columns) -> dict[str, Any]:
        ids = self._episodes(made)
        return {
            "need_id": self.arrow.numbered(ids, "n", ordinal(made["episode"])),
            "episode_id": ids,
            "kind": self.arrow.coded(_NEEDS, made["kind"]),
            "identified_date": self.arrow.dates(made["day"]),
        }

    def _services(self, made: Columns) -> dict[str, Any]:
        need = self.arrow.numbered(self._episodes(made), "n", ordinal(made["episode"]))
        met = np.flatnonzero(made["met"] >= 0)
        need = need.take(self.arrow.array(met))
        return {
            "service_id": self.arrow.joined([need, "s"], "-"),
            "need_id": need,
            "received_date": self.arrow.dates(made["met"][met]),
        }

    def _opportunities(self, made: Columns) -> dict[str, Any]:
        columns = self._of_episode("opportunity_id", "l", made)
        return columns | {"kind": self.arrow.coded(_OFFERED, made["kind"]), "taken": made["taken"]}

    def _attendance(self, made: Columns) -> dict[str, Any]:
        return {
            "episode_id": self._episodes(made),
            "date": self.arrow.dates(made["day"]),
            "scheduled_minutes": np.full(len(made["day"]), 240.0),
            "present_minutes": np.where(made["status"] == 0, 240.0, 0.0),
            "status": self.arrow.coded(("present", "excused", "unexcused"), made["status"]),
        }

    def _tests(self, made: Columns) -> dict[str, Any]:
        return self._of_episode("level_test_id", "t", made) | {
            "subject": self.arrow.coded(_SUBJECTS, made["subject"]),
            "level": made["level"],
            "occasion": self.arrow.coded(("entry", "later"), made["later"]),
        }

    def _cohort(self, made: Columns) -> dict[str, Any]:
        stays = made["removal"] == 0
        documented = self.draws.stream("removal documented").random(len(stays)) < 0.85
        return {
            "learner_id": self.named.learner,
            "cohort_year": made["year"],
            "program_id": self.arrow.coded([program_id(p) for p in range(self.plan.programs)], made["program"]),
            "transfer_in": np.ones(len(stays), dtype=bool),
            "removal": self.arrow.coded(_REMOVALS, made["removal"]),
            "removal_documented": self.arrow.array(documented, mask=stays),
            "diploma_date": self.arrow.dates(made["graduated"], mask=made["graduated"] < 0),
        }

    def _enrolments(self, made: Columns) -> dict[str, Any]:
        ids = self._episodes(made)
        return {
            "enrollment_id": self.arrow.joined([ids, "c1"], "-"),
            "episode_id": ids,
            "start_date": self.arrow.dates(made["day"]),
            "remedial": made["remedial"],
        }

    def _referrals(self, made: Columns) -> dict[str, Any]:
        program = [program_id(p) for p in range(self.plan.programs)]
        return {
            "referral_id": self.arrow.joined([self.named.learner, "f1"], "-"),
            "learner_id": self.named.learner,
            "program_id": self.arrow.coded(program, self.people.program),
            "reached_date": self.arrow.dates(made["entry"] - made["reached"]),
            "intake_date": self.arrow.dates(made["entry"] - made["intake"]),
            "placed_date": self.arrow.dates(made["entry"]),
            "destination": self.arrow.coded(("this_program",), np.zeros(len(made["entry"]))),
        }

    def _of_episode(self, key: str, letter: str, made: Columns) -> dict[str, Any]:
        """Return the identifier, episode and day of records that belong to episodes."""
        ids = self._episodes(made)
        numbers = self.arrow.numbered(ids, letter, ordinal(made["episode"]))
        return {key: numbers, "episode_id": ids, "date": self.arrow.dates(made["day"])}

    def _episodes(self, made: Columns) -> Any:
        episode: Integers = made["episode"]
        return self.named.episode.take(self.arrow.array(episode))
