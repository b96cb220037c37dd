"""Read xAPI 1.0.3 and 2.0 statements, cmi5 among them: acts, evidence and, quarantined, attendance.

Source: ADL xAPI 1.0.3, IEEE 9274.1.1 and the cmi5 specification (facts of `spec/adapters/xapi.yaml`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from blended_standard.adapters import _xapi_rules as rules
from blended_standard.adapters.durations import seconds_of
from blended_standard.adapters.events import EventReader, Record, instant, share
from blended_standard.adapters.logs import read_log
from blended_standard.adapters.result import Import
from blended_standard.adapters.work import Options

VOCABULARY = "verb"
VOIDED = "http://adlnet.gov/expapi/verbs/voided"
_ATTENDED = "http://adlnet.gov/expapi/verbs/attended"
_CMI5 = "https://w3id.org/xapi/cmi5/context/categories/cmi5"


def read(source: Any, options: Options) -> Import:
    """Read statements; a withdrawn one is left out wherever its withdrawal stands."""
    return read_log("xapi", "1.0.3", source, options)


def documents(document: Any) -> list[Any]:
    """Return the statements of a document: itself, or those of a statement result."""
    listed = document.get("statements") if isinstance(document, Mapping) else None
    return listed if isinstance(listed, list) else [document]


def refusal(document: Any) -> str | None:
    """Return why the whole log is refused, or None."""
    return None


def rows(reader: EventReader, statement: Mapping[str, Any]) -> list[Record]:
    """Return the records of one statement."""
    problem = rules.problem_with(statement)
    if problem:
        reader.problem("ADP-INVALID", problem[0], problem[1])
        reader.lose("statement", f"invalid: {problem[0]}")
        return []
    verb = statement["verb"]["id"]
    target = statement["object"]
    if verb == VOIDED:
        reader.tally.voided.add(str(target.get("id")).lower())
        reader.lose("statement", "withdraws another statement")
        return []
    term = reader.terms.get(verb)
    if term is None:
        reader.problem("ADP-VOCABULARY", "verb.id", "")
        reader.lose("statement", "a verb that the map does not know")
        return []
    if term.code is None and verb != _ATTENDED:
        reader.lose("statement", term.reason)
        return []
    who = rules.identity(statement["actor"])
    at = instant(statement.get("timestamp"))
    if who is None or at is None or target.get("objectType", "Activity") != "Activity":
        lacking = "actor" if who is None else "timestamp" if at is None else "object"
        reader.lose("statement", f"no {lacking} that can be read: a single agent, an instant, an activity")
        return []
    learner = reader.people.learner(*who)
    if verb == _ATTENDED:
        return [("legacy_attendance", {"episode_id": learner, "date": at, "status": "present"})]
    return _records(reader, statement, term, (learner, at), who)


def _records(
    reader: EventReader, statement: Mapping[str, Any], term: Any, when: tuple[str, dt.datetime], who: tuple[str, str]
) -> list[Record]:
    learner, at = when
    result = statement.get("result") or {}
    judged = bool(result) and ("score" in result or "response" in result)
    identifier = str(statement.get("id", "")).lower() or None
    target = reader.object_of(statement["object"]["id"], who[1].removeprefix("mailto:"))
    code = term.scored if judged and term.scored else term.code
    made: list[Record] = [
        (
            "activity",
            {
                "episode_id": learner,
                "at": at,
                "verb": code,
                "object_id": target,
                "source": "xapi",
                "activity_id": identifier,
            },
        )
    ]
    if (term.level or 0) < 2 and not (judged and term.scored):
        return made
    score = result.get("score") or {}
    part = share(score.get("raw"), score.get("min"), score.get("max"))
    scaled = score.get("scaled")
    if part is None and scaled is not None and 0 <= scaled <= 1 and _is_cmi5(statement):
        part = float(scaled)
    evidence = {
        "evidence_id": identifier or reader.people.pseudonym("evidence", "xapi", f"{learner}|{at}|{target}"),
        "episode_id": learner,
        "at": at,
        "kind": term.evidence or "other",
        "level": 2,
        "accepted": result.get("success"),
        "score": part,
        "form_id": target,
        "xapi:scaled": scaled if part is None else None,
        "xapi:duration_seconds": seconds_of(result["duration"]) if "duration" in result else None,
    }
    return [*made, ("evidence", evidence)]


def _is_cmi5(statement: Mapping[str, Any]) -> bool:
    category = ((statement.get("context") or {}).get("contextActivities") or {}).get("category") or []
    listed = category if isinstance(category, list) else [category]
    return any(isinstance(each, Mapping) and each.get("id") == _CMI5 for each in listed)
