"""Aim: ten million xAPI statements or Caliper events to Parquet at 100,000 a second on two cores, in under 1 GB.

Measured with ten million xAPI statements of 20,000 people alone on two cores: 149,700 a second, 0.35 GB in the main
process and 0.20 GB in each of two others. On a later day, when the same machine was slower, three million came at
115,500 a second for xAPI and 90,900 for Caliper, alone on it: 16.4 and 20.8 s of the processor a million, 0.28 GB in
the main process, 0.20 and 0.23 GB in each of the others. So for Caliper the aim of speed is not quite met. The events
of Caliper are twice as long, and nearly all of the time is Python's. The main process writes, the others read.

python benchmarks/adapters_stream.py [STATEMENTS] [--standard xapi|caliper]
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from blended_standard import adapters
from blended_standard.privacy import PseudonymKey

VERBS = ("answered", "experienced", "initialized", "terminated", "completed", "attempted", "commented")
_COURSES = 200
# Of each kind of Caliper event: its action, the types of its object and of what it generates or aims at, and its share
# in a hundred. In two logs of Moodle over 80 in a hundred opened something, and some eight were work or grades.
EVENTS = {
    "SessionEvent": ("LoggedIn", "SoftwareApplication", None, 5),
    "NavigationEvent": ("NavigatedTo", "WebPage", None, 40),
    "ViewEvent": ("Viewed", "DigitalResource", None, 30),
    "MediaEvent": ("Started", "VideoObject", "MediaLocation", 8),
    "AssignableEvent": ("Submitted", "AssignableDigitalResource", "Attempt", 4),
    "AssessmentItemEvent": ("Completed", "AssessmentItem", "FillinBlankResponse", 9),
    "GradeEvent": ("Graded", "Attempt", "Score", 4),
}


def statements(number: int) -> Iterator[tuple[str, int]]:
    """Yield xAPI statements of a plausible shape as JSON, each with how many records are made of it."""
    draw = random.Random(20260630)
    for place in range(number):
        verb = draw.choice(VERBS)
        score = f', "result": {{"score": {{"raw": {draw.randrange(11)}, "min": 0, "max": 10}}, "success": true}}'
        yield (
            f'{{"id": "{uuid.UUID(int=draw.getrandbits(128), version=4)}", "actor": {{"account": {{"homePage": '
            f'"https://lms.example", "name": "s{draw.randrange(20_000)}"}}}}, "verb": {{"id": '
            f'"http://adlnet.gov/expapi/verbs/{verb}", "display": {{"en": "{verb}"}}}}, "object": {{"id": '
            f'"https://lms.example/item/{draw.randrange(5_000)}"}}, "timestamp": "2026-03-{1 + place % 28:02d}T'
            f'{place % 24:02d}:{place % 60:02d}:00.000Z", "context": {{"platform": "lms"}}'
            f"{score if verb == 'answered' else ''}}}",
            2 if verb in ("answered", "commented") else 1,
        )


def events(number: int) -> Iterator[tuple[str, int]]:
    """Yield Caliper 1.2 events as JSON, each with how many records are made of it.

    Of 20,000 people, 1,000 are there at once, each for about ten events in one session and course. What is handed in,
    answered or graded names an attempt of its own, so that these parts of events never come again.
    """
    draw = random.Random(20260630)
    kinds = [kind for kind, (*_, share) in EVENTS.items() for _ in range(share)]
    for place in range(number):
        sitting, within = divmod(place, 10_000)
        person = (1_000 * sitting + draw.randrange(1_000)) % 20_000
        kind = kinds[draw.randrange(100)]
        at = f"2026-{1 + sitting % 12:02d}-{1 + sitting % 28:02d}T{within // 600:02d}:{within // 10 % 60:02d}:00.000Z"
        event = _event(draw, kind, sitting, person, at)
        yield json.dumps(event, separators=(",", ":")), 2 if kind.startswith("Ass") else 1


def _event(draw: random.Random, kind: str, sitting: int, person: int, at: str) -> dict[str, Any]:
    action, thing, result, _ = EVENTS[kind]
    host, user = "https://lms.example", f"https://lms.example/users/{person}"
    course = f"{host}/courses/{(person + sitting) % _COURSES}"
    own = f"urn:uuid:{uuid.UUID(int=draw.getrandbits(128), version=4)}"
    attempt = {
        "id": f"{user}/attempts/{draw.getrandbits(40)}",
        "type": "Attempt",
        "assignee": user,
        "assignable": f"{course}/items/{draw.randrange(25)}",
        "count": 1 + draw.randrange(3),
        "endedAtTime": at,
    }
    place = host if kind == "SessionEvent" else f"{course}/{thing}/{draw.randrange(25)}"
    about = {"id": place, "type": thing, "name": f"{thing} of a course"}
    made = {
        "MediaLocation": {"id": f"{place}#t={draw.randrange(600)}", "type": "MediaLocation", "currentTime": "PT30S"},
        "Attempt": attempt,
        "FillinBlankResponse": {"id": f"{attempt['id']}/1", "type": result, "attempt": attempt, "values": ["x"]},
        "Score": {"id": f"{attempt['id']}/score", "type": "Score", "maxScore": 10, "scoreGiven": draw.randrange(11)},
    }
    event = {
        "@context": "http://purl.imsglobal.org/ctx/caliper/v1p2",
        "id": own,
        "type": kind,
        "actor": {"id": f"{host}/users/staff" if kind == "GradeEvent" else user, "type": "Person"},
        "action": action,
        "object": attempt if kind == "GradeEvent" else about,
        "eventTime": at,
        "edApp": {"id": host, "type": "SoftwareApplication"},
        "group": {"id": course, "type": "CourseSection", "academicSession": "Spring 2026"},
        "session": {"id": f"{host}/sessions/{sitting}-{person}", "type": "Session"},
    }
    member = {"id": f"{course}/rosters/{person}", "type": "Membership", "member": user, "roles": ["Learner"]}
    event |= {} if kind == "GradeEvent" else {"membership": member}
    return event if result is None else event | {"target" if kind == "MediaEvent" else "generated": made[result]}


STANDARDS = {"xapi": statements, "caliper": events}


def main() -> None:
    """Make, stream, check and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("statements", nargs="?", type=int, default=10_000_000)
    parser.add_argument("--standard", choices=list(STANDARDS), default="xapi")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "log.jsonl", Path(folder) / "out"
        records = 0
        with source.open("w") as out:
            for line, made in STANDARDS[asked.standard](asked.statements):
                out.write(line + "\n")
                records += made
        start, before = time.perf_counter(), _processor()
        key = PseudonymKey("b1", bytes(range(32)))
        done = adapters.stream(asked.standard, source, target, key=key, processes=2)
        seconds, processor = time.perf_counter() - start, _processor() - before
        assert done.events == asked.statements, done.events
        assert done.records == records, done.losses.records
        size = source.stat().st_size / 1e9
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    rate, cost = asked.statements / seconds, processor / asked.statements * 1e6
    print(f"{asked.statements:,} of {asked.standard} ({size:.1f} GB) in {seconds:.1f} s: {rate:,.0f} a second")
    print(f"processor: {cost:.1f} s a million, all processes together")
    print(f"peak memory: {own / 1024:,.0f} MB in the main process, {children / 1024:,.0f} MB in the largest other")


def _processor() -> float:
    """Return the seconds that this process and those it ended have used the processor."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


if __name__ == "__main__":
    main()
