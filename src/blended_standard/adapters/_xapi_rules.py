"""What makes an xAPI statement invalid: names, types, identifiers, and where each may stand."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from typing import Any

from blended_standard.adapters.durations import is_duration

Problem = tuple[str, str] | None
_HEX = "[0-9a-fA-F]"
UUID = re.compile(rf"{_HEX}{{8}}-{_HEX}{{4}}-[1-5]{_HEX}{{3}}-[89abAB]{_HEX}{{3}}-{_HEX}{{12}}")
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")
_MBOX = re.compile(r"mailto:[^@\s]+@[^@\s]+")
_SHA1 = re.compile(r"[0-9a-f]{40}", re.IGNORECASE)
_LANGUAGE = re.compile(r"([A-Za-z]{2,8}|[xi])(-[A-Za-z0-9]{1,8})*")
TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|(?!-00(:?00)?$)[+-]\d{2}(:?\d{2})?)?")
_VERSION = re.compile(r"[12]\.0(\.\d+)?")
_IDENTIFIERS = ("mbox", "mbox_sha1sum", "openid", "account")
_AGENT = {"objectType", "name", *_IDENTIFIERS}
_RESULT = {"score", "success", "completion", "response", "duration", "extensions"}
_CONTEXT = {"registration", "instructor", "team", "contextActivities", "revision", "platform", "language", "statement"}
_CONTEXT |= {"extensions", "contextAgents", "contextGroups"}
_DEFINITION = {"name", "description", "type", "moreInfo", "extensions", "interactionType", "correctResponsesPattern"}
_COMPONENTS = ("choices", "scale", "source", "target", "steps")
_DEFINITION |= set(_COMPONENTS)
_INTERACTIONS = {"true-false", "choice", "fill-in", "long-fill-in", "matching", "performance", "sequencing", "likert"}
_INTERACTIONS |= {"numeric", "other"}
_KINDS = {"Activity", "Agent", "Group", "StatementRef", "SubStatement"}


class _Invalid(Exception):  # noqa: N818 - private control flow, never seen by a user
    """A property breaks a rule."""


def problem_with(statement: Mapping[str, Any]) -> Problem:
    """Return the property that makes a statement invalid, and why; None where nothing does."""
    try:
        _statement(statement)
    except _Invalid as error:
        return (str(error.args[0]), str(error.args[1]))
    return None


def is_sound(name: str, value: Any) -> bool:
    """Say whether a part of a statement is valid wherever it stands in one about an activity that voids nothing."""
    try:
        _PARTS[name](value)
    except _Invalid:
        return False
    return True


def _statement(value: Mapping[str, Any], inside: bool = False) -> None:
    if not _TOP.issuperset(value):
        _bad(next(iter(set(value) - _TOP)), "is not a property of a statement")
    if inside and not {"id", "stored", "version", "authority"}.isdisjoint(value):
        _bad("object", "a SubStatement has no id, stored, version or authority")
    for name in ("actor", "verb", "object"):
        if name not in value:
            _bad(name, "is missing")
    if "id" in value:
        _uuid("id", value["id"])
    if value.get("version") is not None:
        _version(value["version"])
    _actor("actor", value["actor"])
    _verb(value["verb"])
    kind = _object(value["object"], inside)
    if value["verb"]["id"].endswith("/verbs/voided") and "adlnet.gov" in value["verb"]["id"] and kind != "StatementRef":
        _bad("object", "what voids refers to a statement")
    if "result" in value:
        _result(value["result"])
    if "context" in value:
        _context(value["context"], kind)
    for name in ("timestamp", "stored"):
        if name in value:
            _time(name, value[name])
    if "authority" in value:
        _authority(value["authority"])
    if "attachments" in value:
        _attachments(value["attachments"])


def _version(value: Any) -> None:
    if not isinstance(value, str) or not _VERSION.fullmatch(value):
        _bad("version", "is not 1.0.x or 2.0.x")


def _time(path: str, value: Any) -> None:
    if not isinstance(value, str) or not TIME.fullmatch(value):
        _bad(path, "is not an ISO 8601 time, or has an offset of minus zero")


def _plain_verb(value: Any) -> None:
    _verb(value)
    if value["id"].endswith("/verbs/voided"):
        _bad("verb", "withdraws a statement")


def _plain_object(value: Any) -> None:
    if _object(value, inside=False) != "Activity":
        _bad("object", "is not an activity")


def _authority(value: Any) -> None:
    _actor("authority", value)
    if value.get("objectType") == "Group" and (
        len(value.get("member") or ()) != 2 or any(name in value for name in _IDENTIFIERS)
    ):
        _bad("authority", "a group that asserts has two members and no identifier")


def _actor(path: str, value: Any, group: bool | None = None) -> None:
    _mapping(path, value)
    kind = value.get("objectType", "Agent")
    if kind not in ("Agent", "Group") or (group is True and kind != "Group") or (group is False and kind != "Agent"):
        _bad(f"{path}.objectType", "is not the kind of actor that belongs here")
    allowed = _AGENT | {"member"} if kind == "Group" else _AGENT
    if not allowed.issuperset(value):
        _bad(path, "has a property that is not one of an actor")
    if "name" in value:
        _string(f"{path}.name", value["name"])
    given = [name for name in _IDENTIFIERS if name in value]
    if len(given) > 1 or (not given and (kind == "Agent" or "member" not in value)):
        _bad(path, "has not exactly one identifier")
    for name in given:
        _identifier(f"{path}.{name}", name, value[name])
    if "member" in value:
        if not isinstance(value["member"], list) or (not given and not value["member"]):
            _bad(f"{path}.member", "is not a list of agents")
        for member in value["member"]:
            _actor(f"{path}.member", member, group=False)


def _identifier(path: str, name: str, value: Any) -> None:
    if name == "account":
        _mapping(path, value)
        if set(value) != {"homePage", "name"}:
            _bad(path, "has not exactly homePage and name")
        _iri(f"{path}.homePage", value["homePage"])
        _string(f"{path}.name", value["name"])
        return
    patterns = {"mbox": _MBOX, "mbox_sha1sum": _SHA1, "openid": _IRI}
    if not isinstance(value, str) or not patterns[name].fullmatch(value):
        _bad(path, "is malformed")


def _verb(value: Any) -> None:
    _mapping("verb", value)
    if not {"id", "display"}.issuperset(value):
        _bad("verb", "has a property that is not one of a verb")
    _iri("verb.id", value.get("id"))
    if "display" in value:
        _languages("verb.display", value["display"])


def _object(value: Any, inside: bool) -> str:
    _mapping("object", value)
    kind = value.get("objectType", "Activity")
    if not isinstance(kind, str) or kind not in _KINDS or (inside and kind == "SubStatement"):
        _bad("object.objectType", "is not a kind of object that may stand here")
    if kind == "Activity":
        _activity("object", value)
    elif kind in ("Agent", "Group"):
        _actor("object", value)
    elif kind == "StatementRef":
        if set(value) != {"objectType", "id"}:
            _bad("object", "a StatementRef has objectType and id alone")
        _uuid("object.id", value["id"])
    else:
        _statement({name: part for name, part in value.items() if name != "objectType"}, inside=True)
    return str(kind)


def _activity(path: str, value: Any) -> None:
    _mapping(path, value)
    if not {"objectType", "id", "definition"}.issuperset(value) or value.get("objectType", "Activity") != "Activity":
        _bad(path, "has a property that is not one of an activity")
    _iri(f"{path}.id", value.get("id"))
    if "definition" not in value:
        return
    about = value["definition"]
    path = f"{path}.definition"
    _mapping(path, about)
    if not _DEFINITION.issuperset(about):
        _bad(path, "has a property that is not one of a definition")
    for name in ("name", "description"):
        if name in about:
            _languages(f"{path}.{name}", about[name])
    for name in ("type", "moreInfo"):
        if name in about:
            _iri(f"{path}.{name}", about[name])
    if "extensions" in about:
        _extensions(f"{path}.extensions", about["extensions"])
    _interaction(path, about)


def _interaction(path: str, about: Mapping[str, Any]) -> None:
    kind = about.get("interactionType")
    if "interactionType" in about and str(kind) not in _INTERACTIONS:
        _bad(f"{path}.interactionType", "is not an interaction")
    pattern = about.get("correctResponsesPattern")
    if "correctResponsesPattern" in about and (
        kind is None or not isinstance(pattern, list) or not all(isinstance(each, str) for each in pattern)
    ):
        _bad(f"{path}.correctResponsesPattern", "is not a list of texts of an interaction")
    for name in _COMPONENTS:
        if name in about:
            if kind is None or not isinstance(about[name], list):
                _bad(f"{path}.{name}", "is not a list of an interaction")
            _components(f"{path}.{name}", about[name])


def _components(path: str, listed: list[Any]) -> None:
    seen = []
    for each in listed:
        _mapping(path, each)
        if not {"id", "description"}.issuperset(each):
            _bad(path, "has a property that is not one of a component")
        _string(f"{path}.id", each.get("id"))
        if "description" in each:
            _languages(f"{path}.description", each["description"])
        seen.append(str(each["id"]))
    if len(set(seen)) != len(seen):
        _bad(path, "has one id twice")


def _result(value: Any) -> None:
    _mapping("result", value)
    if not _RESULT.issuperset(value):
        _bad("result", "has a property that is not one of a result")
    for name in ("success", "completion"):
        if name in value and not isinstance(value[name], bool):
            _bad(f"result.{name}", "is not true or false")
    if "response" in value:
        _string("result.response", value["response"])
    if "duration" in value and not (isinstance(value["duration"], str) and is_duration(value["duration"])):
        _bad("result.duration", "is not an ISO 8601 duration")
    if "extensions" in value:
        _extensions("result.extensions", value["extensions"])
    if "score" in value:
        _score(value["score"])


def _score(value: Any) -> None:
    _mapping("result.score", value)
    if not {"scaled", "raw", "min", "max"}.issuperset(value):
        _bad("result.score", "has a property that is not one of a score")
    for name, number in value.items():
        if not isinstance(number, int | float) or isinstance(number, bool):
            _bad(f"result.score.{name}", "is not a number")
    if not -1 <= value.get("scaled", 0) <= 1:
        _bad("result.score.scaled", "lies outside -1 to 1")
    low, high, raw = (value.get(name) for name in ("min", "max", "raw"))
    if low is not None and high is not None and low > high:
        _bad("result.score.min", "is above max")
    if raw is not None and ((low is not None and raw < low) or (high is not None and raw > high)):
        _bad("result.score.raw", "lies outside min and max")


def _context(value: Any, kind: str) -> None:
    _mapping("context", value)
    if not _CONTEXT.issuperset(value):
        _bad("context", "has a property that is not one of a context")
    if "registration" in value:
        _uuid("context.registration", value["registration"])
    if "instructor" in value:
        _actor("context.instructor", value["instructor"])
    if "team" in value:
        _actor("context.team", value["team"], group=True)
    for name in ("revision", "platform"):
        if name in value:
            _string(f"context.{name}", value[name])
            if kind != "Activity":
                _bad(f"context.{name}", "stands only where the object is an activity")
    if "language" in value and not _is_language(value["language"]):
        _bad("context.language", "is not a language tag")
    if "statement" in value:
        reference = value["statement"]
        _mapping("context.statement", reference)
        if set(reference) != {"objectType", "id"} or reference["objectType"] != "StatementRef":
            _bad("context.statement", "is not a StatementRef")
        _uuid("context.statement.id", reference["id"])
    if "extensions" in value:
        _extensions("context.extensions", value["extensions"])
    if "contextActivities" in value:
        _related(value["contextActivities"])
    for name, actor in (("contextAgents", "agent"), ("contextGroups", "group")):
        if name in value:
            _related_actors(f"context.{name}", value[name], name[:-1], actor)


def _related(value: Any) -> None:
    _mapping("context.contextActivities", value)
    if not {"parent", "grouping", "category", "other"}.issuperset(value):
        _bad("context.contextActivities", "has a property that is not one of its four")
    for name, listed in value.items():
        for each in listed if isinstance(listed, list) else [listed]:
            _activity(f"context.contextActivities.{name}", each)


def _related_actors(path: str, listed: Any, kind: str, actor: str) -> None:
    if not isinstance(listed, list):
        _bad(path, "is not a list")
    for each in listed:
        _mapping(path, each)
        if not {"objectType", actor, "relevantTypes"}.issuperset(each) or each.get("objectType") != kind:
            _bad(f"{path}.objectType", f"is not {kind}")
        _actor(f"{path}.{actor}", each.get(actor), group=actor == "group")
        types = each.get("relevantTypes", ["x:y"])
        if not isinstance(types, list) or not types:
            _bad(f"{path}.relevantTypes", "is not a list with an entry")
        for entry in types:
            _iri(f"{path}.relevantTypes", entry)


def _attachments(listed: Any) -> None:
    if not isinstance(listed, list):
        _bad("attachments", "is not a list")
    for each in listed:
        _mapping("attachments", each)
        allowed = {"usageType", "display", "description", "contentType", "length", "sha2", "fileUrl"}
        if not allowed.issuperset(each):
            _bad("attachments", "has a property that is not one of an attachment")
        _iri("attachments.usageType", each.get("usageType"))
        _languages("attachments.display", each.get("display"))
        if "description" in each:
            _languages("attachments.description", each["description"])
        _string("attachments.contentType", each.get("contentType"))
        if not isinstance(each.get("length"), int) or isinstance(each["length"], bool):
            _bad("attachments.length", "is not a whole number")
        _string("attachments.sha2", each.get("sha2"))
        if "fileUrl" in each:
            _iri("attachments.fileUrl", each["fileUrl"])


def _extensions(path: str, value: Any) -> None:
    _mapping(path, value)
    for name in value:
        _iri(path, name)


def _languages(path: str, value: Any) -> None:
    _mapping(path, value)
    for tag, text in value.items():
        if not _is_language(tag) or not isinstance(text, str):
            _bad(path, "is not a map of language tags to texts")


@functools.lru_cache(4096)
def _is_iri(text: str) -> bool:
    return _IRI.fullmatch(text) is not None


def _is_language(value: Any) -> bool:
    return isinstance(value, str) and _LANGUAGE.fullmatch(value) is not None


def _iri(path: str, value: Any) -> None:
    if not isinstance(value, str) or not _is_iri(value):
        _bad(path, "is not an IRI")


def _uuid(path: str, value: Any) -> None:
    if not isinstance(value, str) or not UUID.fullmatch(value):
        _bad(path, "is not a UUID")


def _string(path: str, value: Any) -> None:
    if not isinstance(value, str):
        _bad(path, "is not text")


def _mapping(path: str, value: Any) -> None:
    if not isinstance(value, dict):
        _bad(path, "is not an object")


def _bad(path: str, why: str) -> None:
    raise _Invalid(path, f"{path} {why}.")


_PARTS: dict[str, Callable[[Any], None]] = {
    "actor": functools.partial(_actor, "actor"),
    "verb": _plain_verb,
    "object": _plain_object,
    "result": _result,
    "context": functools.partial(_context, kind="Activity"),
    "authority": _authority,
    "version": _version,
    "attachments": _attachments,
}
_TOP = {"id", "timestamp", "stored", *_PARTS}
