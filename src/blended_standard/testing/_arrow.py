"""Arrow tables of the numbers of a synthetic district: identifiers, codes, dates and instants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from blended_standard.model import RECORDS
from blended_standard.numeric.arguments import Floats, Integers
from blended_standard.testing import _course as course_of
from blended_standard.testing._course import REASONS, Course, Learners
from blended_standard.testing._events import KINDS, KINDS_OF_OUTCOME, VERBS
from blended_standard.testing._plan import LEVELS, ROLES, Draws, Flags, Plan, competency_ids, site_id
from blended_standard.testing._records import age_at_entry, grade9_year

Columns = Mapping[str, Any]
_GENDERS = ("female", "male", "nonbinary", "not_stated")
_RACES = ("hispanic", "black", "white", "asian", "multiple", "american_indian", "not_stated")
_PAUSES = ("leave", "medical", "birth", "custody", "other")
_DIRECTIONS = ("adult_to_learner", "learner_to_adult", "both", "adult_to_learner")
_CHANNELS = ("message", "phone", "email", "in_person", "video", "platform")
_TOPICS = ("learning", "progress", "support", "career", "administrative", "social")
_ROUTES = ("learning_platform", "tutoring_app")
_MODES = ("in_person", "live_online", "asynchronous", "workplace", "offline")
_SCALES = (None, None, None, None, "synthetic-scale", "percent")


@attrs.frozen
class Named:
    """Identifiers of the learners, episodes and sites of a block, one for an episode where it says so."""

    learner: Any
    episode: Any
    learner_of_episode: Any
    site_of_episode: Any


class Arrow:
    """Makes the tables of one plan."""

    def __init__(self, plan: Plan) -> None:
        import pyarrow as pa
        import pyarrow.compute as pc

        self.plan, self._pa, self._pc = plan, pa, pc
        self._sites = pa.array([site_id(plan, site) for site in range(len(plan.program_of))])
        self.competencies = pa.array(competency_ids())

    def table(self, name: str, columns: Columns) -> Any:
        """Return a table with the columns given, each of the type of its field."""
        pa = self._pa
        kinds = {
            "text": pa.string(),
            "integer": pa.int64(),
            "number": pa.float64(),
            "boolean": pa.bool_(),
            "date": pa.date32(),
            "instant": pa.timestamp("us", tz="UTC"),
        }
        types = {field.name: kinds[field.type] for field in RECORDS[name].fields()}
        arrays = {
            column: values if isinstance(values, pa.Array) else pa.array(values, types.get(column, pa.string()))
            for column, values in columns.items()
        }
        return pa.table(arrays)

    def concat(self, tables: Sequence[Any]) -> Any:
        """Return one table of the rows of several."""
        return self._pa.concat_tables(tables).combine_chunks()

    def names(self, first: int, people: Learners, course: Course) -> Named:
        """Make the identifiers of a block whose first learner has number `first`."""
        number = self._pc.utf8_lpad(self.text(np.arange(first + 1, first + 1 + len(people))), 8, "0")
        learner = self.joined(["L", number], "")
        of_episode = learner.take(self._pa.array(course.learner))
        episode = self.joined([of_episode, self.text(course.stay + 1)], "-")
        return Named(learner, episode, of_episode, self._sites.take(self._pa.array(course.site)))

    def learner(self, named: Named, people: Learners, draws: Draws) -> Any:
        """Return the learners; a few facts are missing, with the reason."""
        n = len(people)
        unknown = draws.stream("unknown income").random(n) < 0.03
        lost = draws.stream("lost credits").random(n) < 0.04
        age = age_at_entry(draws, people)
        entry = self.plan.first_day + people.entry_week * 7
        reasons = ['{"low_income": "not_collected"}', '{"credits_at_entry": "lost"}']
        both = '{"credits_at_entry": "lost", "low_income": "not_collected"}'
        missing = self.coded((None, *reasons, both), unknown + 2 * lost)
        columns = {
            "learner_id": named.learner,
            "birth_date": (entry - age * 365.25).astype(np.int32),
            "gender": self.coded(_GENDERS, pick(draws.stream("gender").random(n), (0.47, 0.49, 0.02, 0.02))),
            "race_ethnicity": self.coded(
                _RACES, pick(draws.stream("race").random(n), (0.38, 0.26, 0.22, 0.04, 0.05, 0.02, 0.03))
            ),
            "first_grade9_year": grade9_year(self.plan, draws, people),
            "low_income": self._pa.array(people.low_income, mask=unknown),
            "disability": people.disability,
            "english_learner": people.english_learner,
            "credits_at_entry": self._pa.array(people.credits_at_entry, mask=lost),
            "credits_expected": people.credits_expected,
            "entry_gap_days": people.entry_gap_days,
            "has_device": people.has_device,
            "has_connection": people.has_connection,
            "has_contact_details": draws.stream("contact details").random(n) < 0.92,
            "missing": missing,
        }
        return self.table("learner", columns)

    def episode(self, named: Named, course: Course, baseline: Floats, draws: Draws) -> Any:
        """Return the episodes."""
        n = len(course.learner)
        ended = course.ended != course_of.OPEN
        transfer = course.ended == course_of.TRANSFER
        no_score = draws.stream("no baseline").random(n) < 0.12
        referral = course.entry - (draws.stream("referral").random(n) * 40).astype(np.int64)
        columns = {
            "episode_id": named.episode,
            "learner_id": named.learner_of_episode,
            "site_id": named.site_of_episode,
            "entry_date": self.dates(course.entry),
            "exit_date": self.dates(course.last, mask=~ended),
            "exit_reason": self.coded(REASONS, course.ended),
            "exit_documented": self._pa.array(~transfer | (draws.stream("documented").random(n) < 0.8), mask=~ended),
            "entry_grade": 9 + (draws.stream("grade").random(n) * 4).astype(np.int64),
            "prior_episodes": self._earlier(course),
            "referral_date": self.dates(referral, mask=draws.stream("referred").random(n) < 0.3),
            "baseline_score": self._pa.array(baseline, mask=no_score),
            "baseline_scale": self._pa.array(np.full(n, "synthetic-scale"), mask=no_score),
        }
        return self.table("episode", columns)

    def pause(self, named: Named, course: Course, draws: Draws) -> Any:
        """Return the pauses: runs of paused weeks."""
        paused = np.flatnonzero(course.cell_paused)
        begins = np.ones(len(paused), dtype=bool)
        begins[1:] = (np.diff(paused) > 1) | (np.diff(course.cell_episode[paused]) > 0)
        first = paused[begins]
        final = paused[np.append(np.flatnonzero(begins)[1:], len(paused))[: len(first)] - 1]
        episode = course.cell_episode[first]
        ends = np.minimum(course.cell_week[final] * 7 + 6, course.last[episode])
        ids = named.episode.take(self._pa.array(episode))
        columns = {
            "pause_id": self.numbered(ids, "p", ordinal(episode)),
            "episode_id": ids,
            "start_date": self.dates(course.cell_week[first] * 7),
            "end_date": self.dates(ends),
            "reason": self.coded(_PAUSES, pick(draws.stream("why").random(len(first)), (0.4, 0.25, 0.15, 0.1, 0.1))),
        }
        return self.table("pause", columns)

    def activity(self, named: Named, acts: Columns) -> Any:
        """Return the acts."""
        columns = {
            "episode_id": named.episode.take(self._pa.array(acts["episode"])),
            "at": self.instants(acts["at"]),
            "verb": self.coded(VERBS, acts["verb"]),
            "object_id": self.competencies.take(self._pa.array(acts["object"])),
            "source": self.coded(_ROUTES, acts["source"]),
        }
        return self.table("activity", columns)

    def evidence(self, named: Named, work: Columns) -> Any:
        """Return the work."""
        ids = named.episode.take(self._pa.array(work["episode"]))
        competency = self.competencies.take(self._pa.array(work["competency"]))
        columns = {
            "evidence_id": self.numbered(ids, "v", ordinal(work["episode"])),
            "episode_id": ids,
            "competency_id": competency,
            "at": self.instants(work["at"]),
            "kind": self.coded(KINDS, work["kind"]),
            "level": work["level"],
            "accepted": work["accepted"],
            "score": work["score"],
            "due_date": self.dates(work["day"] + work["due_in"]),
            "mode": self.coded(_MODES, work["mode"]),
            "form_id": self.joined([competency, self.coded(("A", "B", "C"), work["form"])], "-"),
        }
        return self.table("evidence", columns)

    def mastery(self, named: Named, made: Columns) -> Any:
        """Return the mastery decisions."""
        ids = named.episode.take(self._pa.array(made["episode"]))
        columns = {
            "decision_id": self.numbered(ids, "d", ordinal(made["episode"])),
            "episode_id": ids,
            "competency_id": self.competencies.take(self._pa.array(made["competency"])),
            "date": self.dates(made["day"]),
            "mastered": made["mastered"],
            "evidence_level": self._pa.array(made["level"], mask=~made["level_known"]),
            "level_id": self.coded(LEVELS, made["standing"]),
            "prior_learning": made["prior"],
            "revoked": self._pa.array(made["revoked"], mask=~made["revoked"]),
        }
        return self.table("mastery_decision", columns)

    def contact(self, named: Named, course: Course, made: Columns) -> Any:
        """Return the contacts."""
        ids = named.episode.take(self._pa.array(made["episode"]))
        machine = made["kind"] == 3
        adult = self.joined(
            [named.site_of_episode.take(self._pa.array(made["episode"])), self.text(made["adult"] + 1)], "-A"
        )
        columns = {
            "contact_id": self.numbered(ids, "c", ordinal(made["episode"])),
            "episode_id": ids,
            "at": self.instants(made["at"]),
            "adult_id": self._pc.if_else(self._pa.array(machine), None, adult),
            "adult_role": self._pc.if_else(self._pa.array(machine), None, self.coded(ROLES, made["adult"])),
            "channel": self.coded(_CHANNELS, np.where(machine, 0, made["channel"])),
            "direction": self.coded(_DIRECTIONS, made["kind"]),
            "topic": self.coded(_TOPICS, made["topic"]),
            "asks_for_help": self._pa.array(made["asks"], mask=made["kind"] != 1),
            "group_size": self._pa.array(np.where(made["topic"] == 0, 3, 1), mask=made["kind"] != 2),
            "automated": machine,
        }
        return self.table("contact", columns)

    def outcome(self, named: Named, made: Columns) -> Any:
        """Return the outcomes."""
        ids = named.episode.take(self._pa.array(made["episode"]))
        document = made["kind"] < 4
        columns = {
            "outcome_id": self.numbered(ids, "o", ordinal(made["episode"])),
            "episode_id": ids,
            "kind": self.coded(KINDS_OF_OUTCOME, made["kind"]),
            "date": self.dates(made["day"]),
            "achieved": self._pa.array(document, mask=~document),
            "value": self._pa.array(made["value"], mask=document),
            "scale_id": self.coded(_SCALES, made["kind"]),
            "documented": self._pa.array(document, mask=~document),
        }
        return self.table("outcome", columns)

    def _earlier(self, course: Course) -> Integers:
        """Count the earlier episodes of the learner in the same program."""
        program = self.plan.program_of[course.site]
        count = np.zeros(len(program), dtype=np.int64)
        for back in (1, 2):
            same = (course.learner[back:] == course.learner[:-back]) & (program[back:] == program[:-back])
            count[back:] += same
        return count

    def array(self, values: npt.NDArray[Any], *, mask: Flags | None = None) -> Any:
        """Return numbers as an Arrow array, absent where the mask is set."""
        return self._pa.array(values, mask=mask)

    def blank(self, values: Any, mask: Flags) -> Any:
        """Return values, absent where the mask is set."""
        return self._pc.if_else(self._pa.array(mask), None, values)

    def coded(self, codes: Sequence[str | None], number: npt.NDArray[Any]) -> Any:
        """Return the codes that the numbers stand for."""
        return self._pa.array(codes, self._pa.string()).take(self._pa.array(np.asarray(number, dtype=np.int64)))

    def dates(self, day: Integers, *, mask: Flags | None = None) -> Any:
        """Return dates of days of the plan."""
        days = self._pa.array((self.plan.first_day + day).astype(np.int32), mask=mask)
        return days.cast(self._pa.date32())

    def instants(self, second: Integers) -> Any:
        """Return instants of UTC seconds."""
        return self._pa.array(second * 1_000_000).cast(self._pa.timestamp("us", tz="UTC"))

    def text(self, number: Integers) -> Any:
        """Return numbers as text."""
        return self._pa.array(number).cast(self._pa.string())

    def numbered(self, ids: Any, letter: str, place: Integers) -> Any:
        """Return identifiers below others: a letter and a number from 1."""
        return self.joined([ids, self.joined([letter, self.text(place + 1)], "")], "-")

    def joined(self, parts: Sequence[Any], separator: str) -> Any:
        """Return texts joined, part by part."""
        return self._pc.binary_join_element_wise(*parts, separator)


def pick(chance: Floats, shares: Sequence[float]) -> Integers:
    """Return which of the shares each chance falls into."""
    return np.searchsorted(np.cumsum(shares)[:-1], chance, side="right").astype(np.int64)


def ordinal(group: Integers) -> Integers:
    """Return the place of each element in its run of equal values."""
    return np.asarray(np.arange(len(group)) - np.searchsorted(group, group, side="left"), dtype=np.int64)
