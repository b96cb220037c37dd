"""What a producer of records is asked to write: name, what it pins, input, expected."""

from __future__ import annotations

from typing import Any

PROGRAM = {"program_id": "p", "name": "Harbor", "time_zone": "America/New_York"}
SITE = {"site_id": "s", "program_id": "p", "name": "North"}
EPISODE = {"episode_id": "e1", "learner_id": "l1", "site_id": "s", "entry_date": "2025-09-02"}
PLAIN = {
    "program": [PROGRAM],
    "site": [SITE],
    "learner": [{"learner_id": "l1"}, {"learner_id": "l2", "gender": "female"}],
    "episode": [EPISODE, EPISODE | {"episode_id": "e2", "learner_id": "l2"}],
}


def named(name: str) -> dict[str, Any]:
    return PLAIN | {"site": [SITE | {"name": name}]}


def ended(**facts: Any) -> dict[str, Any]:
    return PLAIN | {"episode": [EPISODE | facts]}


def with_work(**facts: Any) -> dict[str, Any]:
    work = {"evidence_id": "w", "episode_id": "e1", "at": "2025-09-03T15:04:05Z", "kind": "assignment", **facts}
    return PLAIN | {"evidence": [work]}


WRITTEN: list[tuple[str, str, dict[str, Any]]] = [
    ("two learners", "TAB-MISSING", PLAIN),
    ("a comma in a name", "CSV-WIDTH", named("North, by the bridge")),
    ("quotes in a name", "CSV-WIDTH", named('The "North" site')),
    ("a quote at the start of a name", "CSV-CUT", named('"North')),
    ("a line break in a name", "CSV-WIDTH", named("North\nupstairs")),
    ("a carriage return in a name", "CSV-WIDTH", named("North\rupstairs")),
    ("a semicolon and a tab in a name", "CSV-DELIMITER", named("North;\tSouth")),
    ("a backslash in a name", "JSN-INVALID", named("North\\nSouth")),
    ("accents and letters of other scripts", "ENC-NOT-UTF8", named("Orléans Łódź 東京 Київ")),
    ("a letter outside the first plane", "ENC-NOT-UTF8", named("North 🧭 𝒩")),
    ("a line separator of Unicode", "JSN-INVALID", named("North\u2028South\u0085East")),
    ("a name that begins like a formula", "CSV-WIDTH", named("=1+1")),
    ("a name that begins with an apostrophe", "CSV-WIDTH", named("'=North")),
    ("a name that looks like a number", "FLD-TYPE", named("007")),
    ("a name that looks like a date", "FLD-TYPE", named("2025-01-02")),
    ("a name that looks like yes", "FLD-TYPE", named("true")),
    ("a name that says that there is none", "FLD-TYPE", named("NA")),
    ("identifiers with leading zeros", "FLD-ID", PLAIN | {
        "learner": [{"learner_id": "007"}], "episode": [EPISODE | {"learner_id": "007", "episode_id": "1E5"}]}),
    ("identifiers with a space inside", "FLD-ID", PLAIN | {
        "learner": [{"learner_id": "l 1"}], "episode": [EPISODE | {"learner_id": "l 1"}]}),
    ("an ended episode", "EPI-REASON", ended(exit_date="2026-01-30", exit_reason="withdrawn")),
    ("an open episode has no end", "EPI-NO-EXIT", ended(exit_date=None, exit_reason=None)),
    ("a day in a leap year", "FLD-TYPE", ended(exit_date="2028-02-29", exit_reason="withdrawn")),
    ("yes and no are not left out", "FLD-TYPE", PLAIN | {
        "calendar_day": [{"site_id": "s", "date": "2025-12-25", "open": False, "feed_up": True}]}),
    ("zero is not left out", "FLD-RANGE", with_work(score=0, level=0)),
    ("a score that no decimal writes exactly", "FLD-TYPE", with_work(score=0.1)),
    ("a score of one third", "FLD-TYPE", with_work(score=0.3333333333333333)),
    ("a score far below one", "FLD-TYPE", with_work(score=1e-9)),
    ("an instant with an offset", "FLD-TYPE", with_work(at="2025-09-03T11:04:05-04:00")),
    ("an instant with microseconds", "FLD-TYPE", with_work(at="2025-09-03T15:04:05.000123Z")),
    ("an instant in the hour that comes twice", "FLD-TYPE", with_work(at="2025-11-02T01:30:00-05:00")),
    ("why a value is missing", "FLD-TYPE", ended(missing={"baseline_score": "lost", "entry_grade": "not_applicable"})),
    ("a local field is kept", "FLD-UNKNOWN", ended(**{"state:esd": "113"})),
    ("a table of no rows is not asked: acts at one instant", "IDS-TWICE-SAME", PLAIN | {
        "activity": [{"episode_id": "e1", "at": "2025-09-03T15:04:05Z", "verb": verb} for verb in ("submit", "respond")]}),
]  # fmt: skip

PRODUCED: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    *(
        (name, pins, {"manifest": {"title": "vector", "as_of": "2026-06-30"}, "records": records}, {"valid": True})
        for name, pins, records in WRITTEN
    ),
    ("the manifest says what the submission is", "MAN-INVALID", {
        "manifest": {"title": 'Ärger, "quoted"', "producer": "a vendor", "as_of": "2026-06-30", "synthetic": True},
        "records": PLAIN}, {"valid": True}),
    ("records of the program's own", "TAB-MISSING", {"profile": "core"}, {"valid": True}),
]  # fmt: skip
