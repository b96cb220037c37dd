"""Read Caliper 1.1 and 1.2 envelopes and events: acts, evidence, answers to items and surveys, contacts in threads.

Source: 1EdTech Caliper Analytics 1.1 and 1.2 (facts of `spec/adapters/caliper.yaml`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from blended_standard.adapters import _caliper_surveys as surveys
from blended_standard.adapters import _caliper_threads as threads
from blended_standard.adapters.events import EventReader, Facts, Layout, Record, instant, share
from blended_standard.adapters.logs import read_log
from blended_standard.adapters.result import Import
from blended_standard.adapters.work import Options

VOCABULARY = "action"
_HEX = "[0-9a-fA-F]"  # faster than a pattern that ignores case
_ID = re.compile(rf"((?i:urn:uuid:))?({_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}})")
_SCHEME = "caliper"
JOINED = {"post": threads.contacts, "survey_act": surveys.responses}


def read(source: Any, options: Options) -> Import:
    """Read events, in envelopes or not."""
    return read_log("caliper", "1.1", source, options)


def refusal(document: Any) -> str | None:
    """Return why the whole log is refused: version 1.0 states its type as `@type`."""
    listed = document.get("data") if isinstance(document, dict) else None
    first = listed[0] if isinstance(listed, list) and listed else document
    if isinstance(first, dict) and "@type" in first:
        return "this is Caliper 1.0 (its events state @type). Accepted: 1.1 and 1.2."
    return None


class _Who(NamedTuple):
    """Who did something: the identifier, its end, the type, the learner of it, and the sides that a role states."""

    iri: str
    person: str
    kind: Any
    learner: str | None
    staff: bool
    of_learners: bool


_NOBODY = _Who("", "", None, None, False, False)


def _facts(reader: EventReader, group: str, values: Facts) -> Any:
    """Return what is read in parts of an event; nothing is read in its way."""
    match group:
        case "what":
            kind, action = [each if isinstance(each, str) else "" for each in map(values.get, ("type", "action"))]
            word = f"{kind}/{action}"
            return word, kind, reader.terms.get(word) or (reader.terms.get("Event") if kind == "Event" else None)
        case "who":
            actor = values.get("actor")
            who, of = _id(actor) or "", actor.get("type") if isinstance(actor, dict) else None
            learner = None if _is_anonymous(who) else reader.people.learner(_SCHEME, who)
            return _Who(who, _last(who), of, learner, *threads.sides(values.get("membership")))
        case "object":
            thing = values["object"]
            attempt = thing if isinstance(thing, dict) and thing.get("type") == "Attempt" else None
            # Canvas names the attempt where the standard has the work itself.
            iri = (attempt and _id(attempt.get("assignable"))) or _id(thing)
            return iri, thing, attempt, reader.object_of(iri) if iri else ""
    return None


# The identifier of everybody who is not named (Caliper 1.2, 4.4): as a learner, all of them would be one.
_ANONYMOUS = ("http://purl.imsglobal.org/caliper/person", "http://purl.imsglobal.org/caliper/agent")
_EXPECTED = {
    "id": "urn:uuid: and a UUID",
    "actor": "an entity or the IRI of one",
    "object": "an entity or the IRI of one",
    "eventTime": "a time of ISO 8601 with an offset, such as 2026-03-02T10:00:00.000Z",
}


def _records(reader: EventReader, event: Facts) -> list[Record]:
    """Return the records of one event."""
    word, kind, term = event["what"]
    who, person, actor_kind, learner, _, _ = event["who"] or _NOBODY
    iri, thing, attempt, shown = event["object"] or (None, None, None, "")
    at = instant(event.get("eventTime"))
    identifier = _ID.fullmatch(str(event.get("id", "")))
    if not (identifier and who and iri and at):
        lacking = "id" if not identifier else "actor" if not who else "object" if not iri else "eventTime"
        reader.problem("ADP-INVALID", lacking, f"{lacking} is not {_EXPECTED[lacking]}.")
        reader.lose("event", f"invalid: {lacking}")
        return []
    if learner is None:
        reader.lose("event", "an anonymous actor, who may be anybody")
        return []
    if term is None:
        reader.unknown("action", word, person)
        reader.lose("event", "a type and action that the map does not know")
        return []
    if not identifier[1]:
        reader.problem("ADP-VALUE", "id", "A bare UUID was read as urn:uuid: followed by it.")
    own = identifier[2].lower()
    if kind == "GradeEvent":
        return _graded(reader, event, own, at)
    if kind in surveys.KINDS:
        return surveys.acts(reader, event, own, at, term.reason)
    if term.code is None or actor_kind == "SoftwareApplication":
        reader.lose("event", term.reason if term.code is None else "the act of a program, not of a learner")
        return []
    place = reader.object_for(iri, shown, person)
    act = {
        "episode_id": learner,
        "at": at,
        "verb": term.code,
        "object_id": place,
        "source": "caliper",
        "activity_id": own,
    }
    made: list[Record] = [("activity", act)]
    if word == "AssessmentItemEvent/Skipped":
        made += _answer(reader, thing, (learner, person), at, None)
    if word == "MessageEvent/Posted":
        made += threads.post(reader, event, at)
    if (term.level or 0) < 2:
        return made
    evidence = {
        "evidence_id": own,
        "episode_id": learner,
        "at": at,
        "kind": term.evidence or "other",
        "level": term.level,
        "score": None,
        "attempt": _count(attempt or event.get("generated")),
        "form_id": place,
    }
    return [*made, ("evidence", evidence)]


def _described(reader: EventReader, entity: Mapping[str, Any]) -> list[Record] | None:
    """Return the test, questionnaire or item that an entity describes; any other is left out by its type."""
    if "action" in entity:
        return None
    kind, own, name = entity.get("type"), _id(entity.get("id")), entity.get("name")
    if not isinstance(kind, str):
        reader.problem("ADP-INVALID", "type", "It states no type: it is no event, no entity and no envelope.")
        reader.lose("document", "states no type")
        return []
    if own and kind in _INSTRUMENTS:
        place = reader.object_of(own)
        title = name if isinstance(name, str) and name else place
        version = entity.get("version")
        facts = {"version": version} if isinstance(version, str) else {}
        return [("instrument", {"instrument_id": place, "title": title, "kind": _INSTRUMENTS[kind], **facts})]
    test = _id(entity.get("isPartOf"))
    if own and test and kind == "AssessmentItem":
        return _item(reader.object_of(own), reader.object_of(test), entity.get("maxScore"))
    term = reader.terms.get(str(kind))
    reader.lose("entity", term.reason if term else "describes a thing of a type that the map does not know")
    return []


_INSTRUMENTS = {"Assessment": "test", "Questionnaire": "questionnaire"}


def _graded(reader: EventReader, event: Facts, own: str, at: Any) -> list[Record]:
    """Return the evidence of a grade: the assignee's work, at the level that the event alone proves."""
    attempt = event["object"][1] if isinstance(event["object"][1], dict) else {}
    more, given = attempt.get("extensions"), event.get("generated")
    facts = more | attempt if isinstance(more, dict) else attempt
    who, work = _id(facts.get("assignee")), facts.get("assignable")
    form = _id(work)
    score = given.get("score", given) if isinstance(given, dict) else None
    if not who or _is_anonymous(who) or not isinstance(score, dict):
        reader.lose("event", "a grade that names no assignee or no score")
        return []
    # Blackboard leaves the highest score at 0 and states it of the work alone.
    highest = score.get("maxScore") or (work.get("maxScore") if isinstance(work, dict) else None)
    ended = instant(attempt.get("endedAtTime")) or at
    learner, person = reader.people.learner(_SCHEME, who), _last(who)
    evidence = {
        "evidence_id": own,
        "episode_id": learner,
        "at": ended,
        "kind": "quiz",
        "level": 2,
        "score": share(score.get("scoreGiven"), 0, highest),
        "attempt": _count(facts),
        "form_id": reader.object_for(form, reader.object_of(form), person) if form else None,
    }
    answer = _answer(reader, facts.get("assignable"), (learner, person), ended, score.get("scoreGiven"))
    return [("evidence", evidence), *answer]


def _answer(reader: EventReader, item: Any, who: tuple[str, str], at: Any, score: Any) -> list[Record]:
    """Return the answer to an item of a test with both; an item that was skipped has no score."""
    test = _id(item.get("isPartOf")) if isinstance(item, dict) else None
    own = _id(item)
    if not own or not test or item.get("type") != "AssessmentItem":
        return []
    if score is not None and (not isinstance(score, int | float) or isinstance(score, bool)):
        return []
    learner, person = who
    place = reader.object_for(own, reader.object_of(own), person)
    instrument = reader.object_for(test, reader.object_of(test), person)
    answer = {"episode_id": learner, "item_id": place, "at": at, "score": score}
    return [*_item(place, instrument, item.get("maxScore")), ("item_response", answer)]


def _item(item: str, test: str, highest: Any) -> list[Record]:
    facts = {"maximum_score": float(highest)} if isinstance(highest, int | float) and highest >= 0 else {}
    return [
        ("instrument", {"instrument_id": test, "title": test, "kind": "test"}),
        ("item", {"item_id": item, "instrument_id": test, **facts}),
    ]


def _id(value: Any) -> str | None:
    """Return the identifier of an entity or of its bare reference; a blank node names nothing."""
    found = value.get("id") if isinstance(value, dict) else value
    return found if isinstance(found, str) and found and not found.startswith("_:") else None


def _is_anonymous(iri: str) -> bool:
    return iri.lower().rstrip("/") in _ANONYMOUS


def _last(iri: str) -> str:
    return iri.rstrip("/").replace("#", "/").replace(":", "/").rpartition("/")[2]


def _count(attempt: Any) -> int | None:
    count = attempt.get("count") if isinstance(attempt, dict) else None
    return count if isinstance(count, int) and not isinstance(count, bool) and count > 0 else None


def _place(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a document as its fields are counted: those of an entity apart from those of an event."""
    return document if "action" in document else {"entity": document}


LAYOUT = Layout(
    parts={
        "what": ("type", "action", "@context", "profile"),
        "object": ("object",),
        "who": ("actor", "edApp", "group", "membership", "session", "federatedSession"),
    },
    texts={"id": bool, "eventTime": bool},
    own=("generated", "target", "referrer", "extensions"),
    facts=_facts,
    records=_records,
    envelope="data",
    described=_described,
    required=frozenset({"action"}),
    place=_place,
)
