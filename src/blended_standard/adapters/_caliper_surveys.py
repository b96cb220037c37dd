"""Answers to surveys: who answered a questionnaire or refused it, and what was chosen on scales that have an order.

Caliper does not say which items are worded the other way, so no score of a subscale is made: each choice on a scale is
an answer to its item, from 0 for the first point. What was written freely is not taken.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Mapping
from typing import Any

from blended_standard.adapters.documents import number
from blended_standard.adapters.events import EventReader, Record

Act = Mapping[str, Any]
KINDS = frozenset({"SurveyInvitationEvent", "SurveyEvent", "QuestionnaireEvent", "QuestionnaireItemEvent"})
_REFUSED = ("SurveyInvitationEvent/Declined", "SurveyEvent/OptedOut")
_ANSWERED = "QuestionnaireEvent/Submitted"
_ITEMS = ("QuestionnaireItemEvent/Completed", "QuestionnaireItemEvent/Skipped")
# Answers of one person to one questionnaire belong to one occasion where no longer pause lies between them.
_PAUSE = dt.timedelta(hours=12)


def acts(reader: EventReader, event: Mapping[str, Any], own: str, at: Any, reason: str) -> list[Record]:
    """Return what an event of a survey says: an answer or a refusal, and the item with what was chosen."""
    word, _, _ = event["what"]
    _, person, kind, learner, staff, _ = event["who"]
    if word not in (*_REFUSED, _ANSWERED, *_ITEMS) or staff or kind == "SoftwareApplication":
        reader.lose("event", "an answer of an adult, who has no episode" if staff else reason)
        return []
    iri, thing, _, _ = event["object"]
    thing = thing if isinstance(thing, dict) else {}
    about = thing.get("isPartOf") if word in _ITEMS else thing.get("survey", thing)
    named = about.get("id") if isinstance(about, dict) else about
    named = named if isinstance(named, str) else None if word in _ITEMS else iri
    place = reader.object_for(named, reader.object_of(named), person) if named else None
    items = thing.get("items")
    act = {
        "id": own,
        "episode_id": learner,
        "at": at,
        "questionnaire": place,
        "asked": len(items) if isinstance(items, list) and items else None,
        "item": iri if word in _ITEMS else None,
        "word": word,
    }
    made: list[Record] = [("survey_act", act)]
    if place:
        name = about.get("name") if isinstance(about, dict) else None
        title = name if isinstance(name, str) and name else place
        made.append(("instrument", {"instrument_id": place, "title": title, "kind": "questionnaire"}))
    if word in _ITEMS and place:
        made += _chosen(reader, event, thing, place, (learner, person), at)
    return made


def _chosen(
    reader: EventReader, event: Mapping[str, Any], item: Mapping[str, Any], place: str, who: tuple[str, str], at: Any
) -> list[Record]:
    """Return an item on a scale, and the answer to it; one that was skipped has no score."""
    learner, person = who
    question = item.get("question")
    scale = question.get("scale") if isinstance(question, dict) else None
    span = _span(scale) if isinstance(scale, dict) else None
    if span is None or not isinstance(scale, dict):
        return []
    iri = str(event["object"][0])
    own = reader.object_for(iri, reader.object_of(iri), person)
    topics = item.get("categories")
    alone = topics[0] if isinstance(topics, list) and len(topics) == 1 and isinstance(topics[0], str) else None
    made: list[Record] = [
        ("item", {"item_id": own, "instrument_id": place, "subscale": alone, "maximum_score": span}),
    ]
    score = _score(scale, event.get("generated")) if event["what"][0] == _ITEMS[0] else None
    if score is not None or event["what"][0] == _ITEMS[1]:
        made.append(("item_response", {"episode_id": learner, "item_id": own, "at": at, "score": score}))
    return made


def _span(scale: Mapping[str, Any]) -> float | None:
    """Return how far the last point of a scale lies from the first; one without an order has none."""
    if scale.get("type") == "LikertScale":
        points = _points(scale)
        return float(len(points) - 1) if len(points) > 1 else None
    ends = _ends(scale)
    return ends[1] - ends[0] if ends else None


def _score(scale: Mapping[str, Any], generated: Any) -> float | None:
    """Return how far what was chosen lies from the first point of the scale."""
    chosen = generated.get("selections") if isinstance(generated, dict) else None
    if not isinstance(chosen, list) or len(chosen) != 1:
        return None
    ends = _ends(scale)
    if ends:
        value = number(chosen[0])
        return value - ends[0] if value is not None and ends[0] <= value <= ends[1] else None
    for points in (_points(scale), scale.get("itemLabels")):
        if isinstance(points, list) and points.count(chosen[0]) == 1:
            return float(points.index(chosen[0]))
    return None


def _ends(scale: Mapping[str, Any]) -> tuple[float, float] | None:
    """Return the ends of a scale of numbers."""
    low, high = number(scale.get("minValue")), number(scale.get("maxValue"))
    numeric = scale.get("type") == "NumericScale"
    return (low, high) if numeric and low is not None and high is not None and low < high else None


def _points(scale: Mapping[str, Any]) -> list[Any]:
    listed = scale.get("itemValues") or scale.get("itemLabels")
    return listed if isinstance(listed, list) else []


def responses(listed: list[Act]) -> list[Record]:
    """Return one response an occasion: answered where anything was sent in or answered, else refused."""
    made: list[Record] = []
    ordered = sorted(listed, key=lambda act: (act["episode_id"], act["questionnaire"] or "", act["at"]))
    for (learner, place), same in itertools.groupby(ordered, key=lambda a: (a["episode_id"], a["questionnaire"])):
        for occasion in _occasions(list(same)):
            response = _response(occasion)
            if response:
                made.append(("survey_response", {"episode_id": learner, "instrument_id": place, **response}))
    return made


def _occasions(acts_: list[Act]) -> list[list[Act]]:
    made: list[list[Act]] = []
    for act in acts_:
        if made and act["at"] - made[-1][-1]["at"] <= _PAUSE:
            made[-1].append(act)
        else:
            made.append([act])
    return made


def _response(occasion: list[Act]) -> dict[str, Any] | None:
    words = {act["word"] for act in occasion}
    seen = {act["item"] for act in occasion if act["item"]}
    answered = {act["item"] for act in occasion if act["word"] == _ITEMS[0]}
    asked = max([len(seen), *(act["asked"] for act in occasion if act["asked"])]) or None
    if words & {_ANSWERED, _ITEMS[0]}:
        status = "answered"
    elif words & set(_REFUSED):
        status = "refused"
    else:
        return None
    return {
        "survey_response_id": occasion[0]["id"],
        "date": occasion[-1]["at"],
        "respondent": "learner",
        "status": status,
        "items_asked": asked,
        "items_answered": len(answered) if seen else None,
    }
