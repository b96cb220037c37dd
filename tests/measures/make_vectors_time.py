"""Writes the vectors of ENG-03 to ENG-10 (run by hand); expected numbers come from plain Python, not the library."""

from __future__ import annotations

import datetime as dt
import json
import math
import statistics
from collections import Counter
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

OUT = Path(__file__).parents[2] / "spec" / "vectors" / "measures"
MONDAY = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
Case = dict[str, Any]


def act(moment: dt.datetime, episode: str = "e", verb: str = "submit") -> dict[str, Any]:
    return {"episode_id": episode, "at": moment.isoformat().replace("+00:00", "Z"), "verb": verb}


def episode(weeks: int = 3, name: str = "e") -> dict[str, Any]:
    end = MONDAY + dt.timedelta(days=7 * weeks - 1)
    return {"episode_id": name, "entry_date": "2026-01-05", "exit_date": str(end.date()), "exit_reason": "withdrawn"}


def minutes(*at: int) -> list[dict[str, Any]]:
    return [act(MONDAY + dt.timedelta(minutes=9 * 60 + minute)) for minute in at]


def on_task(at: list[int], threshold: int) -> dict[str, float]:
    sessions = [[at[0]]]
    for before, now in pairwise(at):
        if now - before <= threshold:
            sessions[-1].append(now)
        else:
            sessions.append([now])
    drop = sum(s[-1] - s[0] for s in sessions)
    tails = sum((s[-1] - s[0]) / (len(s) - 1) for s in sessions if len(s) > 1)
    return {"drop": float(drop), "cap": float(drop + threshold * (len(sessions) - 1)), "mean": drop + tails}


def band(at: list[int]) -> dict[str, float]:
    found = {f"{rule}_{m}": value for m in (10, 15, 30, 60) for rule, value in on_task(at, m).items()}
    low, high = min(found.values()), max(found.values())
    return {**found, "lowest": low, "highest": high, "method_sensitive": float(high > 1.5 * low)}


def weekly(*weeks: list[int]) -> list[dict[str, Any]]:
    return [
        act(MONDAY + dt.timedelta(days=7 * week + day, hours=9 + hour))
        for week, hours in enumerate(weeks)
        for day, count in enumerate(hours)
        for hour in range(count)
    ]


def ws1(a: list[int], b: list[int]) -> float:
    first, second = ({day for day in range(7) if w[day]} for w in (a, b))
    return len(first & second) / max(len(first), len(second), 1)


def ws2(a: list[int], b: list[int]) -> float:
    p, q = [x / sum(a) for x in a], [x / sum(b) for x in b]
    return 1 - sum(u * math.log2(2 * u / (u + v)) for s in ((p, q), (q, p)) for u, v in zip(*s, strict=True) if u) / 2


def ws3(a: list[int], b: list[int]) -> float:
    days = [(x, y) for x, y in zip(a, b, strict=True) if x + y]
    return 1 - sum(((x - y) / (x + y)) ** 2 for x, y in days) / len(days) if days else 0.0


def entropy(counts: list[int]) -> float:
    return -sum(c / sum(counts) * math.log2(c / sum(counts)) for c in counts if c)


def nats(counts: list[int], bins: int) -> float:
    """What comes of an entropy in nats taken from a maximum in bits."""
    return (math.log2(bins) - math.log(2) * entropy(counts)) * max(counts)


def not_entropy(weeks: list[int]) -> list[dict[str, Any]]:
    value = -sum(n / sum(weeks) * math.log1p(n / sum(weeks)) for n in weeks)
    return [{"value": value, "why": "the sum of p times log1p(p), which is no entropy"}]


def peaks(counts: list[int], bins: int) -> tuple[float, float]:
    return (math.log2(bins) - entropy(counts)) * max(counts), 1 - entropy(counts) / math.log2(bins)


def rhythm(phases: list[int], period: int) -> float:
    c = sum(math.cos(2 * math.pi * p / period) for p in phases)
    s = sum(math.sin(2 * math.pi * p / period) for p in phases)
    return math.hypot(c, s) / len(phases)


def case(name: str, activity: list[Any], expected: dict[str, Any], weeks: int = 3, **more: Any) -> Case:
    tables = {"episode": [episode(weeks)], "activity": activity}
    return {"name": name, "tables": tables, "as_of": "2026-12-31", "expected": expected, **more}


def write(measure: str, cases: list[Case]) -> None:
    text = json.dumps({"measure": measure, "cases": cases}, indent=1)
    (OUT / f"{measure}.json").write_text(text + "\n", encoding="utf-8")


def main() -> None:
    at = [0, 3, 8, 20, 55, 57, 130, 131, 141]
    told = {"value": 33.0, "n": 1, "components": band(at)}
    dressed = [*minutes(*at), *minutes(*at), act(MONDAY, verb="login"), act(MONDAY, verb="heartbeat")]
    none = {"value": None, "excluded": {"too_few_acts": 1}}
    write(
        "ENG-03",
        [
            case("catalogue", minutes(*at), told),
            case("doubled events and presence change nothing", dressed, told),
            case("cap", minutes(*at), {"value": 93.0}, parameters={"tail": "cap"}),
            case("a gap of the threshold is inside", minutes(0, 30, 61), {"value": 30.0}),
            case("one act", minutes(5), none),
            case("another threshold", minutes(0, 20, 45), {"value": 45.0}, parameters={"idle_minutes": 25}),
        ],
    )
    w = [[2, 0, 1, 0, 1, 0, 0], [2, 0, 2, 0, 0, 0, 0], [0, 1, 1, 0, 1, 0, 0]]
    empty = [0] * 7
    five = [w[0], empty, w[0], w[1], empty]
    few = {"value": None, "excluded": {"too_few_weeks": 1}}
    pairs = list(combinations(range(3), 2))
    two = {"minimum_active_weeks": 2}
    for measure, alike in (("ENG-04", ws1), ("ENG-05", ws2), ("ENG-06", ws3)):
        told = [alike(w[i], w[j]) for i, j in pairs]
        skip = {"value": statistics.mean(alike(a, b) for a, b in combinations([w[0], w[0], w[1]], 2))}
        cases = [
            case("catalogue", weekly(*w), {"value": statistics.mean(told)}),
            *(
                case(
                    f"weeks {i + 1} and {j + 1} of the catalogue",
                    weekly(w[i], w[j]),
                    {"value": value},
                    2,
                    parameters=two,
                )
                for (i, j), value in zip(pairs, told, strict=True)
            ),
            case("two active weeks", weekly(*w[:2]), few),
            case("equal weeks", weekly(w[2], w[2], w[2]), {"value": 1.0}),
        ]
        if measure == "ENG-05":
            roots = [1 - math.sqrt(1 - value) for value in told]
            for made, root in zip(cases, [statistics.mean(roots), *roots], strict=False):
                made["wrong"] = [{"value": root, "why": "one less the distance, the root of the divergence"}]
            cases.append(case("empty weeks are skipped", weekly(*five), skip, weeks=5))
        else:
            zero = {"value": statistics.mean(alike(a, b) for a, b in combinations(five, 2))}
            cases.append(case("empty weeks count as 0", weekly(*five), zero, weeks=5))
            cases.append(case("empty weeks skipped", weekly(*five), skip, weeks=5, parameters={"empty_weeks": "skip"}))
        write(measure, cases)
    days = [0, 7, 14, 21, 2, 9, 16, 4, 11]
    acts = [act(MONDAY + dt.timedelta(days=day, hours=9)) for day in days]
    hours = {9: days[:5], 10: days[5:8], 20: days[7:]}
    spread = [act(MONDAY + dt.timedelta(days=d, hours=h)) for h, found in hours.items() for d in found]
    pdh, hour_share = peaks([5, 3, 2], 24)
    pwd, day_share = peaks([4, 3, 2], 7)
    told = {"hour_normalized": hour_share, "weekday": pwd, "weekday_normalized": day_share}
    even = [act(MONDAY + dt.timedelta(days=d, hours=h)) for d in range(7) for h in range(24)]
    four = even[: 4 * 24]
    in_nats = {"why": "an entropy in nats taken from one in bits"}
    flat = {"value": 0.0, "components": {"weekday": 0.0, "hour_normalized": 0.0, "weekday_normalized": 0.0}}
    tiny = {"value": None, "excluded": {"too_few_days": 1}}
    write(
        "ENG-07",
        [
            case(
                "catalogue",
                spread,
                {"value": pdh, "components": told},
                4,
                wrong=[{"value": nats([5, 3, 2], 24)} | in_nats],
            ),
            case(
                "uniform over the hours of four days",
                four,
                {"value": 0.0},
                4,
                wrong=[{"value": nats([4] * 24, 24)} | in_nats],
            ),
            case("uniform", even, flat, weeks=4),
            case("one day", acts[:1], tiny, weeks=4),
        ],
    )
    weekday = [day % 7 for day in days]
    parts = {"hour_of_day": 1.0, "hour_of_week": rhythm([day * 24 + 9 for day in weekday], 168)}
    write(
        "ENG-08",
        [
            case("catalogue", acts, {"value": rhythm(weekday, 7), "components": parts}, weeks=4),
            case("every day alike", even, {"value": 0.0}, weeks=4),
            case("one weekday", acts[:4], {"value": 1.0}, weeks=4),
            case("one day", acts[:1], tiny, weeks=4),
        ],
    )
    starts = [0, 10, 34, 90]
    sessions = [act(MONDAY + dt.timedelta(hours=h, minutes=m)) for h in starts for m in (0, 12)]
    gaps = [b - a for a, b in pairwise(starts)]
    middle = statistics.median(gaps)
    mad = float(statistics.median(abs(g - middle) for g in gaps))
    scarce = {"value": None, "excluded": {"too_few_sessions": 1}}
    write(
        "ENG-09",
        [
            case("four sessions", sessions, {"value": float(middle), "n": 1, "components": {"mad": mad}}),
            case("two sessions", sessions[:4], scarce),
        ],
    )
    counts = [3, 1, 0, 2]
    uneven = [act(MONDAY + dt.timedelta(days=7 * week, hours=4 * k)) for week, n in enumerate(counts) for k in range(n)]
    ten = [act(MONDAY + dt.timedelta(days=7 * week)) for week in range(10)]
    write(
        "ENG-10",
        [
            case("uneven", uneven, {"value": entropy(counts) / 2}, weeks=4),
            case("uniform over 10 weeks", ten, {"value": 1.0}, weeks=10, wrong=not_entropy([1] * 10)),
            case("all in one week", uneven[:3], {"value": 0.0}, weeks=4, wrong=not_entropy([3])),
            case("too short", uneven[:3], {"value": None, "excluded": {"too_short": 1}}, weeks=3),
            case("no session", [act(MONDAY, verb="login")], {"excluded": {"no_session": 1}}, weeks=4),
        ],
    )
    assert Counter(weekday) == {0: 4, 2: 3, 4: 2}


if __name__ == "__main__":
    main()
