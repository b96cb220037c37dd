"""Read a whole event log into a submission: one path for every standard of events."""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from blended_standard.adapters.documents import json_documents
from blended_standard.adapters.events import JUDGED, Entry, EventReader, Layout, Record, Tally
from blended_standard.adapters.identifiers import Identities
from blended_standard.adapters.result import Import
from blended_standard.adapters.work import Options, Work, zone_named
from blended_standard.errors import UnreadableInputError

# Where the identifier of the event stands by which a record can be withdrawn; `OWN` is not written.
OWN = "_event"
_IDS = {"activity": "activity_id", "evidence": "evidence_id", "legacy_attendance": OWN}
# What an event has and the description of a thing has not, which may come again with more to say.
_ACTS = {"verb", "action"}
# Records with a local day, which the readers leave as an instant.
_LOCAL = ("legacy_attendance", "survey_response")
# Described by each event that touches them, and added once.
ONCE = {"instrument": "instrument_id", "item": "item_id"}


def module_of(name: str) -> Any:
    """Return the module of a standard of events."""
    return importlib.import_module(f"blended_standard.adapters.{name}")


def reader_of(name: str, work: Work, people: Identities) -> EventReader:
    """Return a reader of one event after another."""
    module = module_of(name)
    zone = zone_named(work.options.time_zone) if work.options.time_zone else None
    return EventReader(name, people, work.map.vocabulary(module.VOCABULARY), module.LAYOUT, zone)


def read_log(name: str, version: str, source: Any, options: Options) -> Import:
    """Read every event of a source; the same event twice counts once, a withdrawn one not at all."""
    module = module_of(name)
    work = Work(name, options)
    work.needs_key()
    reader = reader_of(name, work, work.people)
    seen: dict[str, int] = {}
    made: list[tuple[str, dict[str, Any]]] = []
    for place, document in json_documents(source, work):
        refused = module.refusal(document)
        if refused:
            raise UnreadableInputError(f"{place}: {refused}")
        if "v1p2" in str(document)[:4000]:
            version = "1.2"
        reader.line = place.line
        for event in reader.unwrap(document):
            if _again(event, seen, work):
                continue
            made += reader.read(event)
    tally = reader.take()
    withdrawn = tally.voided
    entries = sorted((row for table, row in made if table == JUDGED), key=lambda row: (row["group"], row["at"]))
    refused = refused_by(work, module.LAYOUT, entries, withdrawn)
    joined = joins_of(name)
    for kind, join in joined.items():
        made += join([row for table, row in made if table == kind])
    once: set[tuple[str, str]] = set()
    for table, row in sorted(made, key=is_bare):
        key = table, str(row.get(ONCE.get(table, ""), ""))
        if table == JUDGED or table in joined or (table in ONCE and key in once):
            continue
        once.add(key)
        if row.get(_IDS.get(table, "")) in refused:
            continue
        if row.get(_IDS.get(table, "")) in withdrawn:
            work.lose(table, "withdrawn by the source")
            work.find("ADP-VOIDED", table)
            continue
        work.add(table, **on_local_day(work, table, row))
    work.voided.extend(sorted(withdrawn))
    settle(work, tally)
    return work.finish(version, str(source))


def joins_of(name: str) -> Mapping[str, Callable[[list[Any]], list[Record]]]:
    """Return what turns rows of a kind of its own into records, once all are known; or all of one group."""
    return getattr(module_of(name), "JOINED", {})


def on_local_day(work: Work, table: str, row: dict[str, Any]) -> dict[str, Any]:
    """Return a row as it is written: with its local day, where its reader left an instant."""
    row.pop(OWN, None)
    return row | {"date": row["date"].astimezone(work.zone).date()} if table in _LOCAL else row


def is_bare(record: Record) -> bool:
    """Say whether a record only names a thing that another may describe, which is then the one to keep."""
    table, row = record
    return (table == "instrument" and row["title"] == row["instrument_id"]) or (
        table == "item" and row.get("maximum_score") is None
    )


def refused_by(work: Work, layout: Layout, entries: Iterable[Entry], withdrawn: set[str]) -> set[str]:
    """Return the identifiers of events that break a rule among the others of their group, each a finding.

    The entries come group after group, in the order of their times. What was withdrawn breaks no rule, and what came
    twice is judged once.
    """
    refused = set()
    for _, listed in itertools.groupby(entries, key=lambda entry: entry["group"]):
        for entry, field, why in layout.breaches(_standing(listed, withdrawn)) if layout.breaches else ():
            work.find("ADP-INVALID", "event", line=entry["line"], field=field, detail=why)
            work.lose("event", f"invalid among the others: {field}")
            refused.add(entry["id"])
    return refused - {None}


def _standing(entries: Iterable[Entry], withdrawn: set[str]) -> Iterator[Entry]:
    """Yield the entries that count; the same event twice has the same time."""
    at, seen = None, set[str]()
    for entry in entries:
        if entry["at"] != at:
            at, seen = entry["at"], set()
        if entry["id"] not in withdrawn and entry["id"] not in seen:
            seen |= {entry["id"]} - {None}
            yield entry


def settle(work: Work, tally: Tally) -> None:
    """Take over what a reader counted."""
    work.counts.update(tally.counts)
    work.lost.update(tally.lost)
    for (code, field, detail), count in tally.problems.items():
        line = tally.lines.get((code, field, detail))
        work.find(code, "event", line=line, field=field or None, detail=detail, count=count)


def _again(event: Any, seen: dict[str, int], work: Work) -> bool:
    """Say whether an event with this identifier came before; other content under it is a conflict."""
    identifier = event.get("id") if isinstance(event, dict) else None
    if not isinstance(identifier, str) or not event.keys() & _ACTS:
        return False
    content = hash(repr(sorted((key, repr(value)) for key, value in event.items() if key != "stored")))
    if identifier.lower() not in seen:
        seen[identifier.lower()] = content
        return False
    work.lose("event", "the same event came before")
    if seen[identifier.lower()] != content:
        work.find("ADP-CONFLICT", "event", field="id")
    return True
