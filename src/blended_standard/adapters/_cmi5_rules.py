"""What cmi5 asks of the statements of a session: their order, their results, and how often each may come.

Source: the cmi5 specification, sections 9 and 10. Judged are the statements that bear the cmi5 category, in the order
of their timestamps. What a launch promised is known only where the log holds the launch. Of each statement only what
the rules ask for is kept, so that a log of any size can be judged one registration after another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from blended_standard.adapters.events import Breach, Entry

_CATEGORY = "https://w3id.org/xapi/cmi5/context/categories/"
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


class Context(NamedTuple):
    """What is read in the context of a statement that cmi5 defines; `unit` is its name in the course structure."""

    registration: Any
    session: Any
    mode: Any
    mastery: Any
    moves_on: bool
    unit: str | None


def context_of(context: Mapping[str, Any]) -> Context | None:
    """Return what is read in a context, or None where cmi5 does not define the statement."""
    activities = context.get("contextActivities") or {}
    categories = _ids(activities.get("category"))
    if f"{_CATEGORY}cmi5" not in categories:
        return None
    extensions = context.get("extensions") or {}
    units = _ids(activities.get("grouping"))
    return Context(
        registration=context.get("registration"),
        session=extensions.get(f"{_EXTENSION}sessionid"),
        mode=extensions.get(f"{_EXTENSION}launchmode"),
        mastery=extensions.get(f"{_EXTENSION}masteryscore"),
        moves_on=f"{_CATEGORY}moveon" in categories,
        unit=units.pop() if len(units) == 1 else None,
    )


def _ids(listed: Any) -> set[str]:
    return {str(each.get("id")) for each in (listed if isinstance(listed, list) else [listed] if listed else [])}


class Claims(NamedTuple):
    """What the rules ask of a result: what it says, and whether it has a score, a duration and a reason."""

    success: Any = None
    completion: Any = None
    scaled: Any = None
    scored: bool = False
    timed: bool = False
    reasoned: bool = False


def claims_of(result: Mapping[str, Any]) -> Claims:
    """Return what is read in a result."""
    return Claims(
        success=result.get("success"),
        completion=result.get("completion"),
        scaled=(result.get("score") or {}).get("scaled"),
        scored="score" in result,
        timed="duration" in result,
        reasoned=_REASON in (result.get("extensions") or {}),
    )


def entry(context: Context, verb: str, unit: str, claims: Claims, accounted: bool) -> Entry:
    """Return what the rules ask of a statement, with what is wrong with it whatever came before."""
    name = verb.rpartition("/")[2]
    return {
        "group": str(context.registration or context.session),
        "session": str(context.session),
        "verb": name,
        "unit": unit,
        "mode": context.mode,
        "mastery": context.mastery,
        "scaled": claims.scaled,
        "problem": _alone(context, name, claims, accounted),
    }


def _alone(context: Context, verb: str, claims: Claims, accounted: bool) -> tuple[str, str] | None:
    if not accounted:
        return "actor", "cmi5 knows people by account alone."
    if context.session is None:
        return "context.extensions", "The session is not named."
    for name, value in _RESULTS.get(verb, {}).items():
        if getattr(claims, name) is not value:
            return f"result.{name}", f"{verb} needs {name} {str(value).lower()}."
    if verb in _TIMED and not claims.timed:
        return "result.duration", f"{verb} needs a duration."
    if claims.scored and verb not in ("passed", "failed"):
        return "result.score", f"{verb} has no score."
    if verb == "waived" and not claims.reasoned:
        return "result.extensions", "waived needs a reason."
    if verb in _RESULTS and not context.moves_on:
        return "context.contextActivities.category", f"{verb} needs the category moveon."
    return None


def breaches(entries: Iterable[Entry]) -> Iterator[Breach]:
    """Yield each statement of one registration, in order, that breaks a rule; of several rules the first."""
    sessions: dict[str, dict[str, Any]] = {}
    seen: set[tuple[str, str]] = set()
    for each in entries:
        verb, unit = each["verb"], each["unit"]
        state = sessions.setdefault(each["session"], {"mode": "Normal"})
        if verb == "launched":
            state |= {"mode": each["mode"] or "Normal", "mastery": each["mastery"]}
        problem = each["problem"] or _ordered(each, state) or _once(verb, unit, seen)
        if problem:
            yield each, *problem
        else:
            state["last"] = verb if verb in _BY_UNIT | {"abandoned"} else state.get("last")
            seen.add((verb, unit))


def _ordered(statement: Entry, state: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return what is wrong with a statement after those of its session."""
    last, verb = state.get("last"), statement["verb"]
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
    return _judged(statement, state.get("mastery"))


def _judged(statement: Entry, promised: Any) -> tuple[str, str] | None:
    scaled, verb = statement["scaled"], statement["verb"]
    if verb not in ("passed", "failed") or scaled is None or promised is None:
        return None
    if statement["mastery"] is None:
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
