"""What cmi5 asks of the statements of a session: their order, their results, and how often each may come.

Source: the cmi5 specification, sections 9 and 10. Judged are the statements that bear the cmi5 category, in the order
of their timestamps. What a launch promised is known only where the log holds the launch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from blended_standard.adapters.events import instant

Statement = Mapping[str, Any]
Breach = tuple[Statement, str, str]
_CMI5 = "https://w3id.org/xapi/cmi5/context/categories/"
_EXTENSION = "https://w3id.org/xapi/cmi5/context/extensions/"
_REASON = "https://w3id.org/xapi/cmi5/result/extensions/reason"
_BY_UNIT = {"initialized", "completed", "passed", "failed", "terminated"}
_JUDGED = {"completed", "passed", "failed"}
# What the result of each verb must say.
_RESULTS: Mapping[str, Mapping[str, bool]] = {
    "completed": {"completion": True},
    "passed": {"success": True},
    "failed": {"success": False},
    "waived": {"success": True, "completion": True},
}
_TIMED = _JUDGED | {"terminated", "abandoned"}


def is_cmi5(statement: Statement) -> bool:
    """Say whether a statement is one that cmi5 defines."""
    return f"{_CMI5}cmi5" in _categories(statement)


def breaches(statements: Iterable[Statement]) -> Iterator[Breach]:
    """Yield each statement that breaks a rule, with the property and why; of several rules the first."""
    registrations: dict[str, list[Statement]] = {}
    for statement in statements:
        registrations.setdefault(str(_context(statement).get("registration")), []).append(statement)
    for listed in registrations.values():
        yield from _registration(sorted(listed, key=lambda each: str(instant(each.get("timestamp")))))


def _registration(statements: list[Statement]) -> Iterator[Breach]:
    sessions: dict[str, dict[str, Any]] = {}
    seen: set[tuple[str, str]] = set()
    for statement in statements:
        verb = _verb(statement)
        state = sessions.setdefault(str(_extension(statement, "sessionid")), {"mode": "Normal"})
        if verb == "launched":
            state |= {
                "mode": _extension(statement, "launchmode") or "Normal",
                "mastery": _extension(statement, "masteryscore"),
            }
        unit = str(statement["object"].get("id"))
        problem = _alone(statement, verb) or _ordered(statement, verb, state) or _once(verb, unit, seen)
        if problem:
            yield statement, *problem
        else:
            state["last"] = verb if verb in _BY_UNIT | {"abandoned"} else state.get("last")
            seen.add((verb, unit))


def _alone(statement: Statement, verb: str) -> tuple[str, str] | None:
    """Return what is wrong with a statement whatever came before."""
    result = statement.get("result") or {}
    if "account" not in statement["actor"]:
        return "actor", "cmi5 knows people by account alone."
    if _extension(statement, "sessionid") is None:
        return "context.extensions", "The session is not named."
    for name, value in _RESULTS.get(verb, {}).items():
        if result.get(name) is not value:
            return f"result.{name}", f"{verb} needs {name} {str(value).lower()}."
    if verb in _TIMED and "duration" not in result:
        return "result.duration", f"{verb} needs a duration."
    if "score" in result and verb not in ("passed", "failed"):
        return "result.score", f"{verb} has no score."
    if verb == "waived" and _REASON not in (result.get("extensions") or {}):
        return "result.extensions", "waived needs a reason."
    if verb in _RESULTS and f"{_CMI5}moveon" not in _categories(statement):
        return "context.contextActivities.category", f"{verb} needs the category moveon."
    return None


def _ordered(statement: Statement, verb: str, state: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return what is wrong with a statement after those of its session."""
    last = state.get("last")
    if verb in _BY_UNIT:
        if last in ("terminated", "abandoned"):
            return "verb", f"{verb} came after {last}."
        if verb == "initialized" and last is not None:
            return "verb", "initialized came twice."
        # A log that begins inside a session cannot say how it began.
        if verb != "initialized" and last is None and "mastery" in state:
            return "verb", f"{verb} came before initialized."
    if verb in _JUDGED and state["mode"] != "Normal":
        return "verb", f"{verb} came in the launch mode {state['mode']}."
    return _judged(statement, verb, state.get("mastery"))


def _judged(statement: Statement, verb: str, promised: Any) -> tuple[str, str] | None:
    scaled = ((statement.get("result") or {}).get("score") or {}).get("scaled")
    if verb not in ("passed", "failed") or scaled is None or promised is None:
        return None
    if _extension(statement, "masteryscore") is None:
        return "context.extensions", f"{verb} does not carry the mastery score that judged it."
    if not isinstance(promised, int | float) or (scaled >= promised) == (verb == "passed"):
        return None
    return "result.score.scaled", f"{verb} does not agree with the mastery score."


def _once(verb: str, unit: str, seen: set[tuple[str, str]]) -> tuple[str, str] | None:
    if verb in ("completed", "passed", "waived") and (verb, unit) in seen:
        return "verb", f"{verb} came twice in one registration."
    if verb == "failed" and ("passed", unit) in seen:
        return "verb", "failed came after passed."
    return None


def _verb(statement: Statement) -> str:
    return str(statement["verb"]["id"]).rpartition("/")[2]


def _context(statement: Statement) -> Mapping[str, Any]:
    return statement.get("context") or {}


def _extension(statement: Statement, name: str) -> Any:
    return (_context(statement).get("extensions") or {}).get(_EXTENSION + name)


def _categories(statement: Statement) -> set[str]:
    listed = (_context(statement).get("contextActivities") or {}).get("category") or []
    return {str(each.get("id")) for each in (listed if isinstance(listed, list) else [listed])}
