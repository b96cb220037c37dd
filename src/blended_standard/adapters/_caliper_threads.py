"""Contacts from messages: where an adult of the program and a learner both wrote in one thread, in reach of each other.

Caliper knows no contact. A post alone is none, since nobody may have read it; the two sides of an exchange are.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from blended_standard.adapters.events import EventReader, Record

Post = Mapping[str, Any]
_WITHIN = dt.timedelta(days=14)
_STAFF = ("Instructor", "Mentor", "Administrator", "Manager", "ContentDeveloper", "Officer")


def post(reader: EventReader, event: Mapping[str, Any], at: Any) -> list[Record]:
    """Return a post with its thread, where its author's role is stated and the thread is known."""
    message = event["object"][1]
    thread = message.get("isPartOf") if isinstance(message, dict) else None
    thread = thread.get("id") if isinstance(thread, dict) else thread
    who = event["who"]
    if not isinstance(thread, str) or who.staff == who.of_learners:
        return []
    person = reader.people.adult("caliper", who.iri) if who.staff else who.learner
    own = reader.people.pseudonym("thread", "caliper", thread)
    return [("post", {"thread": own, "person": person, "staff": who.staff, "at": at})]


def sides(membership: Any) -> tuple[bool, bool]:
    """Return whether a membership says that the actor of an event is staff, and that it is a learner."""
    roles = membership.get("roles") if isinstance(membership, dict) else None
    stated = {str(role).rpartition("/")[2].partition("#")[0] for role in roles} if isinstance(roles, list) else set()
    return bool(stated & set(_STAFF)), "Learner" in stated


def contacts(posts: list[Post]) -> list[Record]:
    """Return the two turns of each exchange: a post, and the next one of the other side within fourteen days."""
    threads: dict[str, list[Post]] = {}
    for each in posts:
        threads.setdefault(each["thread"], []).append(each)
    made: list[Record] = []
    for thread, listed in sorted(threads.items()):
        listed.sort(key=lambda each: each["at"])
        turns: dict[tuple[str, str, dt.datetime, str], None] = {}
        for place, first in enumerate(listed):
            answer = next((each for each in listed[place + 1 :] if each["staff"] != first["staff"]), None)
            if answer is not None and answer["at"] - first["at"] <= _WITHIN:
                adult, learner = (first, answer) if first["staff"] else (answer, first)
                for turn in (first, answer):
                    direction = "adult_to_learner" if turn["staff"] else "learner_to_adult"
                    turns[adult["person"], learner["person"], turn["at"], direction] = None
        for number, (adult_id, learner_id, at, direction) in enumerate(turns, start=1):
            row = {
                "contact_id": f"{thread}/{number}",
                "episode_id": learner_id,
                "at": at,
                "adult_id": adult_id,
                "channel": "platform",
                "direction": direction,
                "thread_id": thread,
            }
            made.append(("contact", row))
    return made
