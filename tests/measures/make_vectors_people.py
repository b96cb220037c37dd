"""Writes the vectors of ENG-11 to ENG-15 and REL-01 to REL-06 (run by hand); expected numbers are plain Python's."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Any

from tests.measures.make_vectors_time import MONDAY, Case, act, write

Rows = list[dict[str, Any]]


def day(number: int) -> str:
    return str((MONDAY + dt.timedelta(days=number)).date())


def stay(name: str, length: int, reason: str | None = "completed_diploma") -> dict[str, Any]:
    end = {"exit_date": day(length - 1), "exit_reason": reason} if reason else {"exit_date": None, "exit_reason": None}
    return {"episode_id": name, "entry_date": day(0), **end}


def case(name: str, tables: dict[str, Rows], expected: dict[str, Any], as_of: str = "2026-12-31", **more: Any) -> Case:
    return {"name": name, "tables": tables, "as_of": as_of, "expected": expected, **more}


def acts(episode: str, *days: int) -> Rows:
    return [act(MONDAY + dt.timedelta(days=d, hours=12), episode) for d in days]


def walk(length: int, days: set[int], blocked: set[int]) -> list[int]:
    """Lengths of the spells of an episode, day by day."""
    spells, run = [], 0
    for d in range(length):
        if d in days:
            spells.append(run)
            run = 0
        elif d not in blocked:
            run += 1
    return [spell for spell in [*spells, run] if spell]


def burden(length: int, days: set[int], blocked: set[int]) -> dict[str, Any]:
    spells, seen = walk(length, days, blocked), len(set(range(length)) - blocked)
    long = [spell for spell in spells if spell >= 14]
    parts = {"longest": float(max(spells)), "spells_per_12_weeks": 84 * len(long) / seen, "open": 0.0}
    return {"value": sum(long) / seen, "numerator": sum(long), "denominator": seen, "components": parts}


def incidence(times: list[tuple[int, int]], horizon: int) -> float:
    free, value = Fraction(1), Fraction(0)
    for t in sorted({t for t, _ in times if t <= horizon}):
        at_risk = sum(u >= t for u, _ in times)
        back, gone = (sum(entry == (t, code) for entry in times) for code in (1, 2))
        value += free * Fraction(back, at_risk)
        free *= 1 - Fraction(back + gone, at_risk)
    return float(value)


def spells() -> None:
    closed = [{"site_id": "s", "date": day(d), "open": d % 2 == 0, "feed_up": False} for d in range(5, 11)]
    blocked = set(range(5, 11)) | {30, 31, 32}
    pause = [{"episode_id": "e", "start_date": day(30), "end_date": day(32)}]
    working = acts("e", 0, 20, 21, 6, 45)
    one = {"episode": [stay("e", 70)]}
    plain = {**one, "activity": acts("e", 0, 20, 21)}
    open_ = {"episode": [stay("e", 70, None)], "activity": acts("e", 0)}
    told = burden(60, {0}, set())
    told["components"]["open"] = 1.0
    cases = [
        case("two long spells", plain, burden(70, {0, 20, 21}, set())),
        case(
            "closed, feed-down and paused days do not count",
            {**one, "activity": working, "calendar_day": closed, "pause": pause},
            burden(70, {0, 20, 21, 6, 45}, blocked),
        ),
        case("doubled events", {**plain, "activity": plain["activity"] * 2}, burden(70, {0, 20, 21}, set())),
        case("open at the as-of date", open_, told, as_of=day(59)),
        case("never a spell", {**one, "activity": acts("e", *range(0, 70, 14))}, {"value": 0.0}),
        case("too short", {"episode": [stay("e", 20)], "activity": acts("e", 0)}, {"excluded": {"too_short": 1}}),
    ]
    write("ENG-11", cases)
    lengths = [(16, "r"), (18, "r"), (21, "r"), (25, "c"), (30, "r"), (40, "c"), (60, "c")]
    tables: dict[str, Rows] = {"episode": [], "activity": []}
    for length, how in lengths:
        name, last = f"e{length}", length + 1 if how == "r" else length
        tables["episode"].append(stay(name, last + 1, "completed_diploma" if how == "r" else "transfer"))
        tables["activity"] += acts(name, 0, *([last] if how == "r" else []))
    times = [(length - 14, int(how == "r")) for length, how in lengths]
    left = {**tables, "episode": [{**row} for row in tables["episode"]]}
    left["episode"][3]["exit_reason"] = "withdrawn"
    competing = [(t, 2 if t == 11 else code) for t, code in times]
    assert round(incidence(times, 28), 4) == 0.6190
    write(
        "ENG-12",
        [
            case("catalogue", tables, {"value": incidence(times, 28), "n": 7, "numerator": 4}),
            case("catalogue at 7 days", tables, {"value": incidence(times, 7)}, parameters={"horizon_days": 7}),
            # No spell ends before day 16, so that one is at risk on an earlier day as on day 14.
            *(
                case(
                    f"catalogue on day {last}, seven days after day {last - 7}",
                    tables,
                    {"value": incidence(times, last - 14), "n": 7},
                    parameters={"spell_days": last - 7, "horizon_days": 7},
                )
                for last in (16, 18)
            ),
            case("a withdrawal competes", left, {"value": incidence(competing, 28)}),
            case("not mature", tables, {"value": None, "status": "not_mature"}, parameters={"horizon_days": 90}),
            case("no spell", {**one, "activity": acts("e", *range(70))}, {"value": None, "n": 0}),
        ],
    )


def opportunities() -> None:
    kinds = ["live"] * 10 + ["in_person"] * 6 + ["asynchronous"] * 4
    rows = [
        {"episode_id": "e", "date": day(i), "kind": kind, "taken": i not in (0, 11, 19)} for i, kind in enumerate(kinds)
    ]
    outside = [{"episode_id": "e", "date": day(50), "kind": "live", "taken": False}]
    one = {"episode": [stay("e", 30)]}
    told = {"value": 0.15, "numerator": 3, "denominator": 20, "components": {"asynchronous": 0.25}}
    live = {**one, "learning_opportunity": rows[:10]}
    write(
        "ENG-14",
        [
            case("catalogue", {**one, "learning_opportunity": rows}, told),
            case("after the exit", {**one, "learning_opportunity": rows + outside}, told),
            case("no due item", live, {"value": 0.1, "components": {"asynchronous": None}}),
            case("no table", one, {"value": None, "reason": "no table learning_opportunity"}),
        ],
    )


def answers(episode: str, *parts: tuple[str, int, int, float | None], status: str = "answered", at: int = 10) -> Rows:
    head = {"episode_id": episode, "date": day(at), "respondent": "learner", "status": status, "instrument_id": "i"}
    names = ("subscale", "items_asked", "items_answered", "score")
    return [{**head, **dict(zip(names, part, strict=True))} for part in parts]


def named(episode: str, by: str, kind: str, adult: str | None = None, **more: Any) -> dict[str, Any]:
    head = {"episode_id": episode, "date": day(10), "named_by": by, "source_type": kind}
    return {**head, "adult_id": adult, "relies_on": True, **more}


def contact(episode: str, at: float, adult: str | None, side: str = "both", **more: Any) -> dict[str, Any]:
    moment = MONDAY + dt.timedelta(hours=at)
    return {"episode_id": episode, "at": moment.isoformat(), "adult_id": adult, "direction": side, **more}


def surveys() -> None:
    stays = [stay(name, 60) for name in ("a", "b", "c", "d")]
    rows = [
        *answers("a", ("control", 10, 9, 0.8), ("peers", 5, 4, 0.5)),
        *answers("a", ("control", 10, 10, 0.1), at=5),
        *answers("b", ("control", 10, 4, 0.9)),
        *answers("c", ("control", 10, 0, None), status="refused"),
        *answers("d", ("express_care", 4, 4, 1.0)),
    ]
    told = {"value": (9 * 0.8 + 4 * 0.5) / 13, "n": 1, "excluded": {"too_few_items": 1}, "status": "low_coverage"}
    other = {"value": None, "reason": ""}
    nobody = {"episode": stays, "survey_response": rows}
    some = {"episode": stays, "survey_response": rows[:3]}
    write(
        "ENG-15",
        [
            case("latest wave, too few items, refusal", nobody, told | {"status": "small_n"}),
            case("another instrument", nobody, other, parameters={"instrument": "j"}),
            case("fewer items are enough", some, {"n": 1}, parameters={"minimum_answered_percent": 80}),
        ],
    )
    names = ["express_care", "challenge_growth", "provide_support", "share_power", "expand_possibilities"]
    scores = [0.9, 0.7, 0.8, 0.6, 0.5]
    full = answers("a", *((name, 4, 3, score) for name, score in zip(names, scores, strict=True)))
    part = answers("b", *((name, 4, 2 if name == "share_power" else 4, 0.9) for name in names))
    told = {
        "value": 70.0,
        "n": 1,
        "excluded": {"too_few_items": 1},
        "components": {name: score * 100 for name, score in zip(names, scores, strict=True)},
    }
    refused = answers("c", (names[0], 4, 0, None), status="not_reached")
    tables = {"episode": stays, "survey_response": full + part + refused}
    none = {"value": None, "n": 0}
    write(
        "REL-03",
        [
            case("mean of element means", tables, told),
            case("nobody complete", {"episode": stays, "survey_response": part}, none),
        ],
    )


def relationships() -> None:
    stays = [stay(name, 60) for name in "abcde"] + [stay("f", 20)]
    said = [named("a", "learner", "program_adult", "x"), named("a", "adult", "program_adult", "x")]
    said += [named("b", "learner", "program_adult", "x"), named("c", "learner", "program_adult", "x")]
    said += [named("c", "adult", "program_adult", "y")]
    said += [named("f", "learner", "program_adult", "x"), named("f", "adult", "program_adult", "x")]
    met = [contact("b", 24 * 40, "x"), contact("b", 24 * 50, "x"), contact("c", 24 * 50, "x")]
    met += [contact("c", 24 * 51, "x", automated=True), contact("c", 24 * 5, "x")]
    asked = answers("d", ("s", 1, 0, None), status="refused") + answers("e", ("s", 1, 1, 0.5))
    tables = {"episode": stays, "relationship": said, "contact": met, "survey_response": asked}
    told = {
        "value": 0.4,
        "n": 5,
        "numerator": 2,
        "bounds": [0.4, 0.6],
        "excluded": {"too_short": 1},
        "components": {"learner_named": 0.6, "adult_named": 0.4, "observed": 0.5},
    }
    fifty = {"episode": [stay(f"e{i}", 60) for i in range(50)], "relationship": [], "survey_response": []}
    for i in range(22):
        fifty["relationship"] += [named(f"e{i}", side, "program_adult", "x") for side in ("learner", "adult")]
    for i in range(22, 42):
        fifty["survey_response"] += answers(f"e{i}", ("s", 1, 1, 0.5))
    bounds = {"value": 0.44, "n": 50, "bounds": [0.44, 0.60], "components": {"observed": 22 / 42}}
    found = {**fifty, "survey_response": fifty["survey_response"]}
    found["relationship"] = fifty["relationship"] + [
        named(f"e{i}", side, "program_adult", "x") for i in range(42, 50) for side in ("learner", "adult")
    ]
    write(
        "REL-01",
        [
            case("naming, meetings, loss", tables, told),
            case("catalogue: 50 with 8 lost", fifty, bounds),
            case("the lost found to be successes reach the upper bound", found, {"value": 0.60, "bounds": [0.6, 0.6]}),
        ],
    )
    kinds = ["family", "program_adult", "peer", "peer"]
    said = [named("a", "learner", kind) for kind in kinds] + [named("a", "learner", "employer", relies_on=False)]
    said += [named("b", "learner", "family"), named("c", "adult", "program_adult", "x")]
    tables = {"episode": stays, "relationship": said, "survey_response": asked}
    write(
        "REL-04",
        [
            case(
                "kinds, not people; naming nobody is 0; refusal is not",
                tables,
                {"value": 4 / 3, "n": 3, "components": {"many": 1 / 3}},
            ),
            case("two make a web", tables, {"components": {"many": 1 / 3}}, parameters={"many": 2}),
        ],
    )


def talks() -> None:
    one = {"episode": [stay("e", 21)]}
    ask, adult = {"asks_for_help": True}, "adult_to_learner"
    talk = [contact("e", 10, "x", "learner_to_adult", **ask), contact("e", 13, "x", adult)]
    talk += [contact("e", 34, "x", "learner_to_adult", **ask), contact("e", 34.5, None, adult, automated=True)]
    talk += [contact("e", 58, "x"), contact("e", 82, "x", "learner_to_adult", **ask)]
    told = {"value": 24.0, "n": 3, "numerator": 2, "components": {"within_a_day": 2 / 3}}
    weekend = [{"site_id": "s", "date": day(d), "open": False, "feed_up": True} for d in (5, 6)]
    friday = [contact("e", 4 * 24 + 12, "x", "learner_to_adult", **ask), contact("e", 7 * 24 + 11, "x", adult)]
    same = [
        contact("e", 10, "x", "learner_to_adult", **ask),
        contact("e", 10, "x", adult),
        contact("e", 12, "x", adult),
    ]
    plain = [contact("e", 10, "x", "learner_to_adult"), contact("e", 12, "x", adult)]
    silent = {"value": None, "reason": "Fewer than half"}
    write(
        "REL-05",
        [
            case("two answered, one not", {**one, "contact": talk}, told),
            case("closed days are taken out", {**one, "contact": friday, "calendar_day": weekend}, {"value": 23.0}),
            case("a message of the same second is no answer", {**one, "contact": same}, {"value": 2.0}),
            case("no request", {**one, "contact": plain}, {"value": None, "n": 0}),
            case("no answer", {**one, "contact": talk[:1]}, silent),
        ],
    )
    two = {"episode": [stay("e", 56)]}
    week = 7 * 24
    seen = [contact("e", 5, "a"), contact("e", week + 5, "a"), contact("e", 2 * week, "b"), contact("e", 3 * week, "a")]
    seen += [contact("e", 4 * week, "a"), contact("e", 5 * week, "b"), contact("e", 6 * week, "a")]
    seen += [contact("e", 6 * week + 1, "b"), contact("e", 7 * week, None)]
    later = {**two, "contact": seen[4:]}
    write(
        "REL-06",
        [
            case("same in two of three", {**two, "contact": seen}, {"value": 0.6667, "components": {"pooled": 2 / 3}}),
            case("no adult in the opening weeks", later, {"value": None, "excluded": {"no_adult": 1}}),
            case("no later contact", {**two, "contact": seen[:4]}, {"excluded": {"no_later_contact": 1}}),
            case(
                "tie at the start goes to the latest",
                {**two, "contact": [seen[0], *seen[2:3], seen[5]]},
                {"value": 1.0},
            ),
        ],
    )


if __name__ == "__main__":
    spells()
    opportunities()
    surveys()
    relationships()
    talks()
