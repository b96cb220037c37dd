"""Read Caliper 1.1 and 1.2 envelopes and events: acts, and evidence from submissions and grades.

Source: 1EdTech Caliper Analytics 1.1 and 1.2 (facts of `spec/adapters/caliper.yaml`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from blended_standard.adapters.events import EventReader, Record, instant, share
from blended_standard.adapters.logs import read_log
from blended_standard.adapters.result import Import
from blended_standard.adapters.work import Options

VOCABULARY = "action"
_ID = re.compile(r"urn:uuid:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})", re.IGNORECASE)
_SCHEME = "caliper"


def read(source: Any, options: Options) -> Import:
    """Read events, in envelopes or not."""
    return read_log("caliper", "1.1", source, options)


def documents(document: Any) -> list[Any]:
    """Return the events of a document: itself, or the data of an envelope."""
    listed = document.get("data") if isinstance(document, Mapping) else None
    return listed if isinstance(listed, list) else [document]


def refusal(document: Any) -> str | None:
    """Return why the whole log is refused: version 1.0 states its type as `@type`."""
    first = documents(document)[:1]
    if first and isinstance(first[0], Mapping) and "@type" in first[0]:
        return "this is Caliper 1.0 (its events state @type). Accepted: 1.1 and 1.2."
    return None


def rows(reader: EventReader, event: Mapping[str, Any]) -> list[Record]:
    """Return the records of one event."""
    kind, action = event.get("type"), event.get("action")
    if action is None:
        reader.lose("entity", "describes a thing and not an act")
        return []
    at = instant(event.get("eventTime"))
    who, target = _id(event.get("actor")), _id(event.get("object"))
    identifier = _ID.fullmatch(str(event.get("id", "")))
    for name, sound in (("id", identifier), ("actor", who), ("object", target), ("eventTime", at)):
        if not sound:
            reader.problem("ADP-INVALID", name, f"{name} is missing or malformed.")
            reader.lose("event", f"invalid: {name}")
            return []
    term = reader.terms.get(f"{kind}/{action}")
    if term is None:
        reader.problem("ADP-VOCABULARY", "action", "")
        reader.lose("event", "a type and action that the map does not know")
        return []
    own = identifier[1].lower() if identifier else ""
    if kind == "GradeEvent":
        return _graded(reader, event, own, at)
    if term.code is None or _kind(event["actor"]) == "SoftwareApplication":
        reader.lose("event", term.reason if term.code is None else "the act of a program, not of a learner")
        return []
    learner = reader.people.learner(_SCHEME, str(who))
    place = reader.object_of(str(target), _last(str(who)))
    act = {
        "episode_id": learner,
        "at": at,
        "verb": term.code,
        "object_id": place,
        "source": "caliper",
        "activity_id": own,
    }
    if (term.level or 0) < 2:
        return [("activity", act)]
    attempt = event.get("generated")
    evidence = {
        "evidence_id": own,
        "episode_id": learner,
        "at": at,
        "kind": term.evidence or "other",
        "level": term.level,
        "attempt": _count(attempt),
        "form_id": place,
    }
    return [("activity", act), ("evidence", evidence)]


def _graded(reader: EventReader, event: Mapping[str, Any], own: str, at: Any) -> list[Record]:
    """Return the evidence of a grade: the assignee's work, at the level that the event alone proves."""
    attempt = event["object"] if isinstance(event["object"], Mapping) else {}
    facts = (
        {**(attempt.get("extensions") or {}), **attempt} if isinstance(attempt.get("extensions"), Mapping) else attempt
    )
    who, form = _id(facts.get("assignee")), _id(facts.get("assignable"))
    given = event.get("generated")
    score = given.get("score", given) if isinstance(given, Mapping) else None
    if not who or not isinstance(score, Mapping):
        reader.lose("event", "a grade that names no assignee or no score")
        return []
    ended = instant(attempt.get("endedAtTime")) or at
    return [
        (
            "evidence",
            {
                "evidence_id": own,
                "episode_id": reader.people.learner(_SCHEME, who),
                "at": ended,
                "kind": "quiz",
                "level": 2,
                "score": share(score.get("scoreGiven"), 0, score.get("maxScore")),
                "attempt": _count(facts),
                "form_id": reader.object_of(form, _last(who)) if form else None,
            },
        )
    ]


def _id(value: Any) -> str | None:
    """Return the identifier of an entity or of its bare reference; a blank node names nothing."""
    found = value.get("id") if isinstance(value, Mapping) else value
    return found if isinstance(found, str) and found and not found.startswith("_:") else None


def _kind(value: Any) -> str | None:
    return str(value.get("type")) if isinstance(value, Mapping) else None


def _last(iri: str) -> str:
    return re.split(r"[/#:]", iri.rstrip("/"))[-1]


def _count(attempt: Any) -> int | None:
    count = attempt.get("count") if isinstance(attempt, Mapping) else None
    return count if isinstance(count, int) and not isinstance(count, bool) and count > 0 else None
