"""Writes the vectors of ENG-01, ENG-02 and CMP-05 (run by hand); every count was made on paper, none by the library."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

from tests.measures.make_vectors_time import Case, write

Rows = list[dict[str, Any]]
FIRST = dt.date(2026, 1, 5)  # a Monday
PLACES = {
    "program": [{"program_id": "p", "name": "P", "time_zone": "America/Los_Angeles"}],
    "site": [
        {"site_id": "s", "program_id": "p", "name": "S"},
        {"site_id": "kathmandu", "program_id": "p", "name": "K", "time_zone": "Asia/Kathmandu"},
    ],
}
WEEKS = ("minimum_weeks", "minimum_edge_days")


def day(week: int, weekday: int = 0) -> str:
    return str(FIRST + dt.timedelta(days=7 * week + weekday))


def stay(name: str = "e", entry: str = day(0), last: str | None = day(3, 6), **more: Any) -> dict[str, Any]:
    ended = {"exit_date": last, "exit_reason": "withdrawn"} if last else {}
    return {"episode_id": name, "entry_date": entry, **ended, **more}


def act(week: int, weekday: int = 2, name: str = "e", verb: str = "submit", time: str = "18:00:00Z") -> dict[str, Any]:
    return {"episode_id": name, "at": f"{day(week, weekday)}T{time}", "verb": verb}


def work(week: int, weekday: int = 2, name: str = "e", **facts: Any) -> dict[str, Any]:
    return {"episode_id": name, "at": f"{day(week, weekday)}T18:00:00Z", "kind": "assignment", **facts}


def decision(date: str = "2026-03-02", level: int | None = 3, name: str = "e", **facts: Any) -> dict[str, Any]:
    rest = {} if level is None else {"evidence_level": level}
    return {"episode_id": name, "competency_id": "c", "date": date, "mastered": True, **rest, **facts}


def closed(week: int, *weekdays: int, open_: bool = False, site: str = "s") -> Rows:
    return [{"site_id": site, "date": day(week, d), "open": open_, "feed_up": False} for d in weekdays]


def error(pairs: list[tuple[int, int]]) -> float:
    """Linearized standard error of a ratio of sums over learners, straight from Cochran (1977), equation 6.13."""
    ratio = sum(x for x, _ in pairs) / sum(y for _, y in pairs)
    squares = sum((x - ratio * y) ** 2 for x, y in pairs)
    return math.sqrt(len(pairs) / (len(pairs) - 1) * squares) / sum(y for _, y in pairs)


def share(x: int, y: int, n: int = 1, **more: Any) -> dict[str, Any]:
    return {"value": x / y, "numerator": x, "denominator": y, "n": n, **more}


NONE = {"value": None, "status": "not_computable"}


def case(name: str, expected: dict[str, Any], *, as_of: str = "2026-12-31", parameters: Any = None, **t: Rows) -> Case:
    episode = {"episode": t.pop("episode", [stay()])}
    more = {"parameters": parameters} if parameters else {}
    for table, key in {"evidence": "evidence_id", "pause": "pause_id", "mastery_decision": "decision_id"}.items():
        t |= {table: [{key: f"{table}{n}", **row} for n, row in enumerate(t[table])]} if table in t else {}
    return {"name": name, "tables": {**episode, **t}, "as_of": as_of, **more, "expected": expected}


def active_weeks() -> list[Case]:
    three = [act(0), act(1), act(3)]
    presence = ("login", "logout", "page_view", "video_play", "download", "heartbeat")
    learning = ("attempt", "submit", "respond", "annotate")
    five = [stay(last=day(4, 6))]
    west = [stay(last=day(5, 6))]
    return [
        case("three of four weeks", share(3, 4), activity=three),
        case("presence never counts", share(3, 4), activity=[*three, *(act(2, verb=verb) for verb in presence)]),
        case("each qualifying verb counts", share(4, 4), activity=[act(w, verb=v) for w, v in enumerate(learning)]),
        case(
            "talk and tutoring count", share(2, 4), activity=[act(0, verb="discuss"), act(1, verb="tutor_turn")]
        ),
        case("an act that stands twice counts once", share(3, 4), activity=three * 2),
        case("nobody acted: 0, which is a number", share(0, 4), activity=[act(0, verb="login")]),
        case("two learners, none missed", share(8, 8, 2, se=0.0), activity=[act(w, name=e) for w in range(4) for e in "ef"],
             episode=[stay(), stay("f")]),
        case("fewer weeks than the minimum", {**NONE, "n": 0, "excluded": {"too_short": 1}},
             episode=[stay(last=day(2, 6))], activity=three),
        case("fewer weeks are enough by parameter", share(2, 3), parameters={"minimum_weeks": 3},
             episode=[stay(last=day(2, 6))], activity=three),
        case("more weeks are asked by parameter", {**NONE, "excluded": {"too_short": 1}},
             parameters={"minimum_weeks": 5}, activity=three),
        case("a first week of four days is a week, one of three is not", share(1, 9, 2),
             episode=[stay(entry=day(0, 3), last=day(4, 6)), stay("f", entry=day(0, 4), last=day(4, 6))],
             activity=[act(0, 3), act(0, 4, "f")]),
        case("a last week of four days is a week, one of three is not", share(1, 9, 2),
             episode=[stay(last=day(4, 3)), stay("f", last=day(4, 2))], activity=[act(4, 3), act(4, 2, "f")]),
        case("edge weeks of three days by parameter", share(1, 5), parameters={"minimum_edge_days": 3},
             episode=[stay(entry=day(0, 4), last=day(4, 6))], activity=[act(0, 4)]),
        case("an act in the left-out edge week counts for nothing", share(0, 4),
             episode=[stay(entry=day(0, 4), last=day(4, 6))], activity=[act(0, 4)]),
        case("a closed week leaves numerator and denominator", share(3, 4), episode=five,
             calendar_day=closed(2, *range(7)), activity=[*three, act(2)]),
        case("a week of which one day is open stays", share(4, 5), episode=five,
             calendar_day=closed(2, *range(6)), activity=[*three, act(2)]),
        case("a week with the feed down leaves", share(3, 4), episode=five,
             calendar_day=closed(2, *range(7), open_=True), activity=[*three, act(2)]),
        case("the days of another site close nothing", share(4, 5), episode=five, **PLACES,
             calendar_day=closed(2, *range(7), site="kathmandu"), activity=[*three, act(2)]),
        case("an approved pause leaves", share(3, 4), episode=five, activity=[*three, act(2)],
             pause=[{"episode_id": "e", "start_date": day(2), "end_date": day(2, 6)}]),
        case("closed days and a pause hide a week together", share(3, 4), episode=five, activity=[*three, act(2)],
             calendar_day=closed(2, 0, 1, 2), pause=[{"episode_id": "e", "start_date": day(2, 3), "end_date": day(2, 6)}]),
        case("of an edge week the enrolled days alone must be closed", share(3, 4),
             episode=[stay(entry=day(0, 3), last=day(4, 6))], calendar_day=closed(0, 3, 4, 5, 6),
             activity=[act(0, 3), act(1), act(2), act(4)]),
        case("too short for the weeks that were closed", {**NONE, "excluded": {"too_short": 1}},
             calendar_day=closed(1, *range(7)), activity=three),
        case("Sunday night on the site's clock is the old week, though Monday in UTC", share(1, 6), **PLACES,
             episode=west, activity=[act(1, 0, time="07:59:59Z"), act(0)]),
        case("Monday on the site's clock is the new week", share(2, 6), **PLACES,
             episode=west, activity=[act(1, 0, time="08:00:00Z"), act(0)]),
        case("the zone of the site goes before that of the program", share(2, 6), **PLACES,
             episode=[stay(last=day(5, 6), site_id="kathmandu")], activity=[act(0, 6, time="18:15:00Z"), act(0)]),
        case("an offset is only another way to write the instant", share(1, 6), **PLACES,
             episode=west, activity=[act(1, 0, time="09:59:59+02:00"), act(0)]),
        case("the week of the clock change has seven days", share(2, 6), **PLACES,
             episode=[stay(entry=day(7), last=day(12, 6))],
             activity=[act(8, 6, time="08:30:00Z"), act(9, 0, time="06:59:00Z"), act(9, 0, time="07:00:00Z")]),
        case("acts before entry and after exit", share(0, 4), episode=[stay(entry=day(1), last=day(4, 6))],
             activity=[act(0, 6), act(5, 0)]),
        case("acts on the first and the last day", share(2, 4), episode=[stay()], activity=[act(0, 0), act(3, 6)]),
        case("open: the weeks up to the as-of date", share(2, 5), as_of=day(4, 4), episode=[stay(last=None)],
             activity=[act(0), act(4), act(5)]),
        case("open: an as-of week of three days is left out", share(1, 4), as_of=day(4, 2),
             episode=[stay(last=None)], activity=[act(0), act(4, 1)]),
        case("an exit after the as-of date has not happened", share(2, 5), as_of=day(4, 6),
             episode=[stay(last=day(9, 6))], activity=[act(0), act(4), act(5)]),
        case("an entry after the as-of date is not there", share(1, 4), as_of=day(3, 6),
             episode=[stay(), stay("f", entry=day(4), last=day(9))], activity=[act(0), act(4, name="f")]),
        case("work handed in counts from level 1 on, accepted or not", share(3, 6), episode=west,
             evidence=[work(0, level=1), work(1, level=2, accepted=False), work(2, level=4, accepted=True),
                       work(3, level=0), work(4)]),
        case("work carried over is of an earlier stay", share(0, 4), evidence=[work(0, level=3, kind="carried_over")]),
        case("an act and work of one week are one week", share(1, 4), activity=[act(0)], evidence=[work(0, level=2)]),
        case("a ratio of sums, not a mean of ratios", share(5, 14, 2, se=error([(4, 4), (1, 10)])),
             episode=[stay(), stay("f", last=day(9, 6))], activity=[*(act(w) for w in range(4)), act(0, name="f")]),
        case("two stays of one learner are one learner", share(5, 14, 2, se=None),
             learner=[{"learner_id": "l"}], activity=[*(act(w) for w in range(4)), act(0, name="f")],
             episode=[stay(learner_id="l"), stay("f", last=day(9, 6), learner_id="l")]),
        case("three learners, one of them twice", share(8, 22, 4, se=error([(5, 12), (3, 4), (0, 6)])),
             learner=[{"learner_id": name} for name in "lmn"],
             episode=[stay(learner_id="l"), stay("f", entry=day(10), last=day(17, 6), learner_id="l"),
                      stay("g", learner_id="m"), stay("h", last=day(5, 6), learner_id="n")],
             activity=[*(act(w) for w in range(4)), act(10, name="f"), *(act(w, name="g") for w in range(3))]),
        case("a stay that ends before it starts is left out", share(1, 4, 1),
             episode=[stay(), stay("f", entry=day(9), last=day(2))], activity=[act(0)]),
        case("a stay with a reason for its end and no day is left out", share(1, 4, 1),
             episode=[stay(), {"episode_id": "f", "entry_date": day(0), "exit_reason": "withdrawn"}], activity=[act(0)]),
        case("a stay that stands twice alike counts once", share(1, 4, 1), episode=[stay(), stay()], activity=[act(0)]),
        case("of stays that share a key and differ none counts", share(1, 4, 1),
             episode=[stay(), stay("f"), stay("f", last=day(9, 6))], activity=[act(0), act(0, name="f")]),
        case("an act of no stay", share(1, 4), activity=[act(0), act(1, name="nobody")]),
        case("no table of acts or work", NONE),
    ]  # fmt: skip


def productive_weeks() -> list[Case]:
    yes = {"level": 2, "accepted": True}
    return [
        case("accepted work of level 2", share(2, 4), evidence=[work(0, **yes), work(3, level=4, accepted=True)]),
        case("work refused", share(0, 4), evidence=[work(0, level=3, accepted=False)]),
        case("work of which acceptance is not recorded", share(0, 4), evidence=[work(0, level=3)]),
        case("accepted work of level 1", share(0, 4), evidence=[work(0, level=1, accepted=True)]),
        case("accepted work of no level", share(0, 4), evidence=[work(0, accepted=True)]),
        case("work carried over", share(0, 4), evidence=[work(0, **yes) | {"kind": "carried_over"}]),
        case("acts bring nothing", share(1, 4), evidence=[work(0, **yes)], activity=[act(w) for w in range(4)]),
        case("refused, then accepted in the week after", share(1, 4),
             evidence=[work(0, level=2, accepted=False), work(1, **yes)]),
        case("twice in one week", share(1, 4), evidence=[work(0, 1, **yes), work(0, 3, **yes)]),
        case("a closed week leaves", share(1, 4), episode=[stay(last=day(4, 6))],
             calendar_day=closed(2, *range(7)), evidence=[work(0, **yes), work(2, **yes)]),
        case("after the exit", share(0, 4), evidence=[work(4, **yes)]),
        case("too short", {**NONE, "excluded": {"too_short": 1}}, episode=[stay(last=day(2, 6))], evidence=[work(0, **yes)]),
        case("fewer weeks by parameter", share(1, 2), parameters={"minimum_weeks": 2}, episode=[stay(last=day(1, 6))],
             evidence=[work(0, **yes)]),
        case("a ratio of sums over learners", share(3, 14, 2, se=error([(2, 4), (1, 10)])),
             episode=[stay(), stay("f", last=day(9, 6))],
             evidence=[work(0, **yes), work(1, **yes), work(5, name="f", **yes)]),
        case("acts alone are not work: no table", NONE, activity=[act(0)]),
    ]  # fmt: skip


def verified_mastery() -> list[Case]:
    two = [stay(), stay("f")]
    return [
        case("two of three verified", share(2, 3, 3), mastery_decision=[decision(), decision(level=4), decision(level=2)]),
        case("an unknown level is unverified", share(1, 2, 2), mastery_decision=[decision(), decision(level=None)]),
        case("level 4 by parameter", share(1, 2, 2), parameters={"verified_level": 4},
             mastery_decision=[decision(), decision(level=4)]),
        case("prior learning leaves", share(1, 1, 1, excluded={"prior_learning": 1}),
             mastery_decision=[decision(), decision(level=1, prior_learning=True)]),
        case("what was taken back leaves", share(1, 1, 1, excluded={"revoked": 1}),
             mastery_decision=[decision(), decision(level=1, revoked=True)]),
        case("prior learning taken back leaves once, as prior learning", share(1, 1, 1, excluded={"prior_learning": 1}),
             mastery_decision=[decision(), decision(level=1, revoked=True, prior_learning=True)]),
        case("said to be neither prior nor taken back", share(1, 1, 1),
             mastery_decision=[decision(revoked=False, prior_learning=False)]),
        case("a decision against mastery", share(1, 1, 1), mastery_decision=[decision(), decision(mastered=False, level=1)]),
        case("a second check counts as a decision", share(2, 2, 2),
             mastery_decision=[decision(), decision(date="2026-05-04", reassessment=True)]),
        case("on the as-of date, and the day after", share(1, 1, 1), as_of="2026-03-02",
             mastery_decision=[decision(), decision(date="2026-03-03", level=0)]),
        case("a decision after the exit counts", share(1, 1, 1), mastery_decision=[decision(date="2026-11-02")]),
        case("all verified", share(2, 2, 2), mastery_decision=[decision(), decision(name="f")], episode=two),
        case("none verified: 0, which is a number", share(0, 2, 2),
             mastery_decision=[decision(level=0), decision(level=2)]),
        case("learners are independent, decisions are not", share(3, 6, 6, se=error([(3, 4), (0, 2)])), episode=two,
             mastery_decision=[decision(), decision(), decision(level=4), decision(level=1),
                               decision(name="f", level=1), decision(name="f", level=None)]),
        case("all leave", {**NONE, "n": 0, "excluded": {"revoked": 2}},
             mastery_decision=[decision(revoked=True), decision(revoked=True)]),
        case("no decision for mastery", {**NONE, "n": 0}, mastery_decision=[decision(mastered=False)]),
        case("a decision of no stay", share(1, 1, 1), mastery_decision=[decision(), decision(name="nobody")]),
        case("a decision that stands twice alike counts once", share(1, 2, 2),
             mastery_decision=[decision(decision_id="a"), decision(decision_id="a"), decision(decision_id="b", level=1)]),
        case("of decisions that share a key and differ none counts", share(0, 1, 1),
             mastery_decision=[decision(decision_id="a"), decision(decision_id="a", level=4), decision(level=1)]),
        case("no table of decisions", NONE),
    ]  # fmt: skip


def main() -> None:
    write("ENG-01", active_weeks())
    write("ENG-02", productive_weeks())
    write("CMP-05", verified_mastery())


if __name__ == "__main__":
    main()
