"""Read xAPI 1.0.3 and 2.0 statements, cmi5 among them: acts, evidence and, quarantined, attendance.

Source: ADL xAPI 1.0.3, IEEE 9274.1.1 and the cmi5 specification (facts of `spec/adapters/xapi.yaml`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, NamedTuple

from blended_standard.adapters import _cmi5_rules as cmi5
from blended_standard.adapters import _xapi_rules as rules
from blended_standard.adapters.durations import seconds_of
from blended_standard.adapters.events import JUDGED, EventReader, Facts, Layout, Record, instant, share
from blended_standard.adapters.logs import OWN, read_log
from blended_standard.adapters.result import Import
from blended_standard.adapters.work import Options

VOCABULARY = "verb"
VOIDED = "http://adlnet.gov/expapi/verbs/voided"
_ATTENDED = {"http://adlnet.gov/expapi/verbs/attended", "https://w3id.org/xapi/adb/verbs/attended"}


def read(source: Any, options: Options) -> Import:
    """Read statements; a withdrawn one is left out wherever its withdrawal stands, and one out of order under cmi5."""
    return read_log("xapi", "1.0.3", source, options)


def refusal(document: Any) -> str | None:
    """Return why the whole log is refused, or None."""
    return None


def _facts(reader: EventReader, part: str, values: Facts) -> Any:
    """Return what is read in a valid part of a statement; nothing is read in the rest."""
    value: Any = values.get(part)
    match part:
        case "actor":
            who = _identity(value)
            if who is None:
                return None
            return reader.people.learner(*who), who[1].removeprefix("mailto:"), "account" in value
        case "verb":
            return value["id"], reader.terms.get(value["id"])
        case "object":
            activity = value.get("objectType", "Activity") == "Activity"
            return value.get("id"), reader.object_of(value["id"]) if activity else None
        case "result":
            return _outcome(value)
        case "context":
            return cmi5.context_of(value)
    return None


def _identity(actor: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return scheme and value of an agent's identifier; a group is no learner."""
    if actor.get("objectType", "Agent") != "Agent":
        return None
    account = actor.get("account")
    if account:
        return str(account["homePage"]), str(account["name"])
    for name in ("mbox", "mbox_sha1sum", "openid"):
        if name in actor:
            return name, str(actor[name]).lower()
    return None


class _Outcome(NamedTuple):
    """What is read in a result; `share` is the place of the raw score in its range."""

    judged: bool = False
    share: float | None = None
    seconds: float | None = None
    claims: cmi5.Claims = cmi5.Claims()


_NO_OUTCOME = _Outcome()


def _outcome(result: Mapping[str, Any]) -> _Outcome:
    score = result.get("score") or {}
    return _Outcome(
        judged="score" in result or "response" in result,
        share=share(score.get("raw"), score.get("min"), score.get("max")),
        seconds=seconds_of(result["duration"]) if "duration" in result else None,
        claims=cmi5.claims_of(result),
    )


def _records(reader: EventReader, facts: Facts) -> list[Record]:
    """Return the records of a valid statement, and what the rules of cmi5 ask of it."""
    context = facts["context"]
    made = _acts(reader, facts)
    return made if context is None else [(JUDGED, _entry(reader, facts, context)), *made]


def _entry(reader: EventReader, facts: Facts, context: cmi5.Context) -> dict[str, Any]:
    who, result = facts["actor"], facts["result"] or _NO_OUTCOME
    accounted = who is not None and who[2]
    made = cmi5.entry(context, facts["verb"][0], str(facts["object"][0]), result.claims, accounted)
    at, identifier = _when(reader, facts), facts.get("id")
    return made | {"at": str(at), "id": identifier and identifier.lower(), "line": reader.line}


def _when(reader: EventReader, facts: Facts) -> dt.datetime | None:
    """Return when it happened; a statement without a timestamp happened when it was stored, says the standard."""
    return instant(facts.get("timestamp") or facts.get("stored"), reader.zone)


def _lacking(facts: Facts, at: dt.datetime | None) -> str:
    """Return why a valid statement is no record."""
    if facts["actor"] is None:
        return "the actor is a group, not a single agent"
    if at is not None:
        return "the object is not an activity"
    if "timestamp" in facts or "stored" in facts:
        return "a timestamp without an offset, or out of range; pass time_zone where the offset is missing"
    return "no timestamp: nobody knows when it happened"


def _acts(reader: EventReader, facts: Facts) -> list[Record]:
    verb, term = facts["verb"]
    iri, shown = facts["object"]
    if verb == VOIDED:
        reader.tally.voided.add(str(iri).lower())
        reader.lose("statement", "withdraws another statement")
        return []
    if term is None:
        reader.unknown("verb.id", verb, facts["actor"][1] if facts["actor"] else "")
        reader.lose("statement", "a verb that the map does not know")
        return []
    if term.code is None and verb not in _ATTENDED:
        reader.lose("statement", term.reason)
        return []
    who, at = facts["actor"], _when(reader, facts)
    if who is None or at is None or shown is None:
        reader.lose("statement", _lacking(facts, at))
        return []
    learner, person, _ = who
    if verb in _ATTENDED:
        own = facts["id"].lower() if "id" in facts else None
        return [("legacy_attendance", {"episode_id": learner, "date": at, "status": "present", OWN: own})]
    result = facts["result"] or _NO_OUTCOME
    handed_in = result.judged and term.scored is not None
    identifier = facts["id"].lower() if "id" in facts else None
    target = reader.object_for(iri, shown, person)
    act = {
        "episode_id": learner,
        "at": at,
        "verb": term.scored if handed_in else term.code,
        "object_id": target,
        "source": "xapi",
        "activity_id": identifier,
    }
    if (term.level or 0) < 2 and not handed_in:
        return [("activity", act)]
    part, scaled, context = result.share, result.claims.scaled, facts["context"]
    unit = context.unit if context else None
    if part is None and scaled is not None and 0 <= scaled <= 1 and context:
        part = float(scaled)
    evidence = {
        "evidence_id": identifier or reader.people.pseudonym("evidence", "xapi", f"{learner}|{at}|{target}"),
        "episode_id": learner,
        "at": at,
        "kind": term.evidence or "other",
        "level": 2,
        "accepted": result.claims.success,
        "score": part,
        "form_id": target,
        "xapi:scaled": scaled if part is None else None,
        "xapi:duration_seconds": result.seconds,
        "cmi5:unit": unit and reader.object_for(unit, reader.object_of(unit), person),
    }
    return [("activity", act), ("evidence", evidence)]


LAYOUT = Layout(
    parts={
        **{name: (name,) for name in ("actor", "verb", "object", "result", "context")},
        "rest": ("authority", "version", "attachments"),
    },
    texts={"id": rules.UUID.fullmatch, "timestamp": rules.TIME.fullmatch, "stored": rules.TIME.fullmatch},
    facts=_facts,
    records=_records,
    envelope="statements",
    kept_in="statement",
    required=frozenset({"actor", "verb", "object"}),
    problem=rules.problem_with,
    sound=rules.is_sound,
    breaches=cmi5.breaches,
)
