"""Writes the vectors of ENG-13, OUT-03 and REL-02 (run by hand); curves come from the textbook's sums, in fractions."""

from __future__ import annotations

import datetime as dt
import math
from fractions import Fraction
from typing import Any

from tests.measures.make_vectors_core import NONE, Rows, case, closed, day, share, stay
from tests.measures.make_vectors_time import Case, write

ENTRY = dt.date(2025, 1, 6)
MONTH = 30
AS_OF = str(ENTRY + dt.timedelta(days=12 * MONTH))
LOST, CENSORED = "withdrawn", "transfer"
PERSISTENCE = [(2, 1), (3, 0), (4, 1), (4, 1), (6, 0), (8, 1), (10, 0), (12, 0), (12, 0), (12, 0)]
"""Months and loss of the ten learners of the catalogue."""
COMPLETION = [(1, 2), (2, 1), (2, 2), (3, 0), (5, 1), (5, 1), (7, 2), (9, 0), (11, 1), (12, 0), (12, 0)]
"""Months and end: 1 completed, 2 withdrew, 0 still there at the as-of date, which the entry sets."""


def learners(ends: list[tuple[int, int]], reasons: dict[int, str]) -> Rows:
    rows = []
    for number, (months, end) in enumerate(ends):
        left = str(ENTRY + dt.timedelta(days=months * MONTH))
        gone = months < 12 or end
        facts = {"exit_date": left, "exit_reason": reasons[end], "exit_documented": True} if gone else {}
        rows.append({"episode_id": f"e{number}", "entry_date": str(ENTRY), **facts})
    return rows


def acts(episodes: Rows, every: int = 20) -> Rows:
    """Work every `every` days as long as a stay lasts."""
    rows = []
    for episode in episodes:
        last = dt.date.fromisoformat(episode.get("exit_date", AS_OF))
        for days in range(0, (last - ENTRY).days + 1, every):
            at = f"{ENTRY + dt.timedelta(days=days)}T12:00:00Z"
            rows.append({"episode_id": episode["episode_id"], "at": at, "verb": "submit"})
    return rows


def kaplan_meier(ends: list[tuple[int, int]], horizon: int) -> dict[str, float]:
    value, greenwood = Fraction(1), Fraction(0)
    for time in sorted({time for time, end in ends if end and time <= horizon}):
        risk, lost = sum(other >= time for other, _ in ends), ends.count((time, 1))
        value *= 1 - Fraction(lost, risk)
        greenwood += Fraction(lost, risk * (risk - lost))
    return told(float(value), float(value) * math.sqrt(greenwood))


def aalen_johansen(ends: list[tuple[int, int]], horizon: int) -> dict[str, float]:
    """Incidence of end 1, with the variance of Marubini and Valsecchi (1995)."""
    free, value, terms = Fraction(1), Fraction(0), []
    for time in sorted({time for time, end in ends if end and time <= horizon}):
        risk = sum(other >= time for other, _ in ends)
        done, gone = ends.count((time, 1)), ends.count((time, 2))
        value += free * Fraction(done, risk)
        terms.append((risk, done, done + gone, free, value))
        free *= 1 - Fraction(done + gone, risk)
    variance = sum(
        (value - at) ** 2 * Fraction(d, n * (n - d)) + before**2 * Fraction((n - c) * c, n**3)
        - 2 * (value - at) * before * Fraction(c, n**2)
        for n, c, d, before, at in terms
    )  # fmt: skip
    return told(float(value), math.sqrt(variance))


def told(value: float, se: float) -> dict[str, float]:
    """A share between 0 and 1 with its interval on the scale log(-log)."""
    width = 1.959963984540054 * se / (value * abs(math.log(value)))
    low, high = value ** math.exp(width), value ** math.exp(-width)
    return {"value": value, "se": se, "low": low, "high": high}


def persistence() -> list[Case]:
    ten = learners(PERSISTENCE, {1: LOST, 0: CENSORED})
    catalogue = {"episode": ten, "activity": acts(ten), "as_of": AS_OF}
    lost, stayed = sum(end for _, end in PERSISTENCE), sum(months == 12 for months, _ in PERSISTENCE)
    naive = [
        {"value": 1 - lost / len(PERSISTENCE), "why": "the share not yet gone, which counts the censored as staying"},
        {"value": stayed / (stayed + lost), "why": "the share of those seen to the end, which leaves out the censored"},
    ]
    one = learners([(12, 0)], {})
    quiet = {"activity": acts(one)[:3], "as_of": AS_OF}  # the last act is on day 40
    return [
        *(
            case(f"catalogue at {months} months", {**kaplan_meier(PERSISTENCE, months), "n": 10},
                 parameters={"horizon_days": months * MONTH}, **catalogue)
            for months in (2, 4, 8)
        ),
        case("the share not yet gone (0.60) and that of those seen to the end (0.4286) are both wrong",
             {**kaplan_meier(PERSISTENCE, 11), "n": 10}, parameters={"horizon_days": 11 * MONTH}, **catalogue)
        | {"wrong": naive},
        case("silence is loss on the day that it is too long", {"value": 0.0}, episode=one,
             parameters={"horizon_days": 68}, **quiet),
        case("the day before, nobody is lost", {"value": 1.0}, episode=one, parameters={"horizon_days": 67}, **quiet),
        case("a longer silence by parameter", {"value": 1.0}, episode=one,
             parameters={"horizon_days": 68, "silence_days": 29}, **quiet),
        case("a documented transfer as loss by parameter", {"value": 0.6},
             parameters={"horizon_days": 150, "transfer": "lost"}, **catalogue),
        case("completion is no loss", {"value": 1.0, "n": 1}, episode=learners([(2, 1)], {1: "completed_diploma"}),
             activity=acts(learners([(2, 1)], {1: LOST})), as_of=AS_OF),
        case("death leaves", {"value": None, "excluded": {"left_population": 1}},
             episode=learners([(2, 1)], {1: "deceased"}), activity=acts(one), as_of=AS_OF),
        case("nobody followed to the horizon", {"value": None, "status": "not_mature"}, episode=one,
             activity=acts(one), parameters={"horizon_days": 361}, as_of=AS_OF),
    ]  # fmt: skip


def completion() -> list[Case]:
    reasons = {1: "completed_diploma", 2: "withdrawn"}
    later = [
        {
            "episode_id": f"e{number}",
            "entry_date": str(dt.date.fromisoformat(AS_OF) - dt.timedelta(days=months * MONTH)),
        }
        for number, (months, end) in enumerate(COMPLETION)
        if not end
    ]
    ends = learners([pair for pair in COMPLETION if pair[1]], reasons)
    people = [row | {"episode_id": f"x{row['episode_id']}"} for row in ends] + later
    moved = learners([(2, 1)], {1: "moved_away"})
    done = {"outcome_id": "o", "episode_id": "e0", "kind": "diploma", "date": str(ENTRY), "achieved": True}
    return [
        *(
            case(f"withdrawal competes, at {months} months",
                 {**aalen_johansen(COMPLETION, months), "n": 11, "numerator": 4},
                 episode=people, parameters={"horizon_days": months * MONTH}, as_of=AS_OF)
            for months in (2, 6, 12)
        ),
        case("moved away leaves", {"value": None, "excluded": {"left_population": 1}}, episode=moved, as_of=AS_OF),
        case("moved away with a diploma stays", {"value": 1.0, "n": 1}, episode=moved, outcome=[done], as_of=AS_OF,
             parameters={"horizon_days": 60}),
        case("nobody followed to the horizon", {"value": None, "status": "not_mature"}, episode=later, as_of=AS_OF),
    ]  # fmt: skip


def talk(week: int, weekday: int, direction: str, **facts: Any) -> dict[str, Any]:
    return {"episode_id": "e", "at": f"{day(week, weekday)}T18:00:00Z", "direction": direction, **facts}


def contact_weeks() -> list[Case]:
    both = [talk(0, 1, "both"), talk(1, 1, "both"), talk(3, 1, "both")]
    asked = talk(0, 4, "adult_to_learner")
    return [
        case("meetings in three of four weeks", share(3, 4), contact=both),
        case("two meetings in a week are one week", share(3, 4), contact=[*both, talk(0, 3, "both")]),
        case("a message without an answer is none", share(0, 4), contact=[asked]),
        case("the week of the answer counts", share(1, 4), contact=[asked, talk(1, 4, "learner_to_adult")]),
        case("an answer on the eighth day is none", share(0, 4), contact=[asked, talk(1, 5, "learner_to_adult")]),
        case("and is one by parameter", share(1, 4), parameters={"reply_days": 8},
             contact=[asked, talk(1, 5, "learner_to_adult")]),
        case("an adult may answer the learner", share(1, 4),
             contact=[talk(0, 0, "learner_to_adult"), talk(0, 1, "adult_to_learner")]),
        case("any adult may answer, in any thread", share(1, 4),
             contact=[talk(0, 0, "learner_to_adult", thread_id="t1", adult_id="a1"),
                      talk(1, 0, "adult_to_learner", thread_id="t2", adult_id="a2")]),
        case("a machine talks with nobody", share(0, 4),
             contact=[asked | {"automated": True}, talk(1, 4, "learner_to_adult"), talk(2, 1, "both", automated=True)]),
        case("administration and small talk are not about learning", share(1, 4),
             contact=[talk(0, 1, "both", topic="administrative"), talk(1, 1, "both", topic="social"),
                      talk(2, 1, "both", topic="support")]),
        case("a closed week leaves", share(3, 4), contact=[*both, talk(2, 1, "both")],
             episode=[stay(last=day(4, 6))], calendar_day=closed(2, *range(7))),
        case("too short", {**NONE, "excluded": {"too_short": 1}}, contact=both, episode=[stay(last=day(2, 6))]),
        case("no table of contacts", {**NONE, "reason": "no table contact"}),
    ]  # fmt: skip


def main() -> None:
    for measure, cases in (("ENG-13", persistence()), ("OUT-03", completion()), ("REL-02", contact_weeks())):
        for made in cases:
            rows = made["tables"].get("contact", [])
            made["tables"] |= (
                {"contact": [{"contact_id": f"c{n}", **row} for n, row in enumerate(rows)]} if rows else {}
            )
        write(measure, cases)


if __name__ == "__main__":
    main()
