"""What every reader of a neighboring standard shares: it counts every field, collects records, and finishes both."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Container, Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import attrs

from blended_standard.adapters.identifiers import Identities, looks_identifying, random_key, reaches_someone
from blended_standard.adapters.result import FieldLoss, Import, LossReport, RowLoss
from blended_standard.errors import UsageError
from blended_standard.findings import FindingCollector
from blended_standard.io import LIMITS, Limits, Manifest, Submission
from blended_standard.model import RECORDS
from blended_standard.pseudonyms import PseudonymKey
from blended_standard.spec import load_standard
from blended_standard.spec.definitions import AdapterMap, FieldFate

UNKNOWN = "the map of the adapter does not know it, and it may identify a person"
_PUBLIC = {"program": {"name", "jurisdiction"}, "site": {"name"}, "framework": {"title", "publisher"}}
_PUBLIC |= {"competency": {"title"}, "proficiency_scale": {"title"}, "proficiency_level": {"title"}}
_PUBLIC |= {"credential": {"issuer"}}
_WITHHELD = object()
_HIDDEN = "withheld: it looks like an identifier of a person"


@attrs.frozen(kw_only=True)
class Options:
    """What a caller says that the source does not."""

    profile: str = "core"
    key: PseudonymKey | None = None
    time_zone: str | None = None
    as_of: dt.date | None = None
    schemes: Mapping[str, str] = attrs.field(factory=dict)
    programs: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    gap_days: int = 30
    staff_fte: float | None = None
    mastery_from: int | None = None
    keys: Any = None
    contexts: Any = None
    limits: Limits = LIMITS


@attrs.define
class Work:
    """One import under way."""

    name: str
    options: Options
    found: FindingCollector = attrs.field(init=False)
    map: AdapterMap = attrs.field(init=False)
    people: Identities = attrs.field(init=False)
    counts: Counter[str] = attrs.field(factory=Counter, init=False)
    lost: Counter[tuple[str, str]] = attrs.field(factory=Counter, init=False)
    rows: dict[str, list[dict[str, Any]]] = attrs.field(factory=dict, init=False)
    voided: list[str] = attrs.field(factory=list, init=False)
    _fates: dict[str, FieldFate] = attrs.field(factory=dict, init=False)
    _dropped: Counter[tuple[str, str]] = attrs.field(factory=Counter, init=False)
    _sifted: set[str] = attrs.field(factory=set, init=False)
    _zone: ZoneInfo | None = attrs.field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        standard = load_standard()
        standard.profile(self.options.profile)
        self.found = FindingCollector(standard)
        self.map = standard.adapters[self.name]
        self._fates = {entry.field: entry for entry in self.map.fields}
        self.people = Identities(self.options.key or random_key(), self.options.schemes)

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which bare dates are meant; UTC with a finding where the caller names none."""
        if self._zone is None:
            if self.options.time_zone is None:
                detail = "The time zone was taken to be UTC. Pass time_zone, such as America/Chicago."
                self.found.add("ADP-ASSUMED", table=self.name, field="time_zone", detail=detail)
            self._zone = zone_named(self.options.time_zone or "UTC")
        return self._zone

    def declare(self, fates: Iterable[FieldFate]) -> None:
        """Add what becomes of fields that the records declare, and the map therefore does not repeat."""
        self._fates |= {entry.field: entry for entry in fates}

    def vocabulary(self, name: str) -> dict[str, Any]:
        """Return one vocabulary of the map by its words."""
        return dict(self.map.vocabulary(name))

    def see(self, field: str, times: int = 1) -> None:
        """Count values of a field of the source."""
        self.counts[field] += times

    def see_document(self, document: Any, path: str = "") -> None:
        """Count every value of a JSON document under its path."""
        for field, times in leaves(document, path):
            self.counts[field] += times

    def lose(self, what: str, reason: str, times: int = 1) -> None:
        """Count records that are left out."""
        if times:
            self.lost[what, reason] += times

    def drop(self, field: str, reason: str, times: int = 1) -> None:
        """Count values of a field that are dropped for a reason that the map does not know."""
        self._dropped[field, reason] += times

    def take_back(self, document: Any, path: str, reason: str) -> None:
        """Count values as dropped that were counted under their path before, as far as they were."""
        for field, times in leaves(document, path):
            moved = min(times, self.counts[field])
            self.counts[field] -= moved
            self.drop(field, reason, moved)

    def leave_out(self, what: str, reason: str, document: Any, path: str) -> None:
        """Lose a record, and the values with it that were counted under their path before."""
        self.lose(what, reason)
        self.take_back(document, path, f"of a record that was left out: {reason}")

    def add(self, table: str, **values: Any) -> None:
        """Add a record; a local field is named after the standard it comes from, with a colon."""
        self.rows.setdefault(table, []).append({name: value for name, value in values.items() if value is not None})

    def find(self, code: str, table: str, **facts: Any) -> None:
        """Add a finding about a table of the source."""
        self.found.add(code, table=f"{self.name}/{table}", **facts)

    def kept(self, table: str, field: str, value: Any, path: str) -> dict[str, str]:
        """Return a local field with a part of a published document as JSON, but for what reaches a person.

        Each text that is withheld is a finding, and dropped under its path.
        """
        self._sifted.add(field)
        rest = self._sift(table, value, path)
        return {field: json.dumps(rest, ensure_ascii=False, sort_keys=True)} if rest not in ({}, []) else {}

    def _sift(self, table: str, value: Any, path: str) -> Any:
        if isinstance(value, Mapping):
            parts: dict[str, Any] = {}
            for name, each in value.items():
                place = f"{path}.{name}" if path else str(name)
                parts[name] = _WITHHELD if self._hides(table, name, each, place) else self._sift(table, each, place)
            return {name: each for name, each in parts.items() if each is not _WITHHELD}
        if isinstance(value, list):
            return [each for part in value if (each := self._sift(table, part, path)) is not _WITHHELD]
        return _WITHHELD if isinstance(value, str) and self._hides(table, value, value, path) else value

    def _hides(self, table: str, text: str, value: Any, path: str) -> bool:
        """Say whether a text reaches a person; the value that goes with it is dropped under its path."""
        found = reaches_someone(text)
        if found:
            self.find("ADP-WITHHELD", table)
            self.take_back(value, path, _HIDDEN)
        return found

    def needs_key(self) -> None:
        """Say that people are in the source and nobody will keep the key."""
        if self.options.key is None:
            self.found.add("ADP-KEY", table=self.name)

    def noon(self, day: dt.date) -> dt.datetime:
        """Return noon at the site as the instant of a bare date."""
        return dt.datetime.combine(day, dt.time(12), tzinfo=self.zone).astimezone(dt.UTC)

    def finish(self, version: str, source: str) -> Import:
        """Return the import: free text through the net, losses with the fate of each field."""
        self._withhold()
        manifest = Manifest(
            title=f"Imported from {self.map.title}", profile=self.options.profile, as_of=self.options.as_of
        )
        made = Submission.from_tables({table: as_columns(rows) for table, rows in self.rows.items()}, manifest=manifest)
        self.found.extend(made.found)
        submission = attrs.evolve(made, found=self.found, source=source)
        return Import(
            standard=self.name,
            version=version,
            submission=submission,
            losses=self.losses(absent_tables(self.options.profile, self.rows)),
            findings=self.found.findings(),
            voided=tuple(self.voided),
        )

    def losses(self, absent: tuple[str, ...] = ()) -> LossReport:
        """Return what became of every field that was seen."""
        merged: dict[tuple[str, str, str, str], int] = Counter()
        for (field, reason), count in self._dropped.items():
            if not count:
                continue
            merged[_shown(field), "dropped", "", reason] += count
        for field, count in self.counts.items():
            if not count:
                continue
            known = self.fate(field)
            shown = _shown(_outside(field, known))
            if known is not None:
                merged[shown, known.fate, known.to, known.reason] += count
            elif field in self.options.keep:
                merged[shown, "kept", f"{self.name}:{shown}", "asked for by the caller"] += count
            else:
                merged[shown, "dropped", "", UNKNOWN] += count
        fields = tuple(
            FieldLoss(field=field, fate=fate, to=to, reason=reason, count=count)  # type: ignore[arg-type]
            for (field, fate, to, reason), count in sorted(merged.items())
        )
        records = tuple(
            RowLoss(what=what, reason=reason, count=count) for (what, reason), count in sorted(self.lost.items())
        )
        return LossReport(standard=self.name, fields=fields, records=records, absent=absent)

    def fate(self, field: str) -> FieldFate | None:
        """Return the entry of a field in the map: its own, or that of the nearest part above it."""
        place = field
        while place:
            found = self._fates.get(place)
            if found is not None:
                return found
            place = place.rpartition(".")[0]
        return None

    def _withhold(self) -> None:
        for table, rows in self.rows.items():
            if table not in RECORDS:
                continue
            fields = RECORDS[table].fields()
            skip = {spec.name for spec in fields if spec.codes or spec.key or spec.refers_to or spec.identifying}
            public = _PUBLIC.get(table, set())
            for row in rows:
                for name, value in list(row.items()):
                    if name in skip or name in self._sifted or not isinstance(value, str):
                        continue
                    if self._names(value, name in public):
                        row[name] = f"withheld-{len(value)}" if name in _required(table) else None
                        self.find("ADP-WITHHELD", table, field=name)

    def _names(self, text: str, public: bool) -> bool:
        return ("@" in text and looks_identifying(text)) if public else self.people.names_someone(text)


def _shown(field: str) -> str:
    # A keyword of JSON-LD below another name (`graph.@context.skos`) is no address of mail.
    return "(a name that looks like an identifier)" if looks_identifying(field.replace(".@", ".")) else field


def _required(table: str) -> set[str]:
    return {spec.name for spec in RECORDS[table].fields() if spec.required}


def absent_tables(profile: str, held: Container[str]) -> tuple[str, ...]:
    """Return the tables that a profile requires and that are not held."""
    return tuple(name for name in load_standard().profile(profile).required_tables if name not in held)


def _outside(field: str, known: FieldFate | None) -> str:
    """Return a path up to the extensions in it, unless the map goes further: names in them are anybody's content."""
    above, extensions, _ = field.partition("extensions.")
    inside = known is not None and known.field.startswith(above + extensions)
    return field if inside or not extensions else above + "extensions"


def zone_named(name: str) -> ZoneInfo:
    """Return the time zone, or say that it isn't one."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(f"time_zone={name!r} is not an IANA name such as America/Chicago.") from None


def leaves(document: Any, path: str = "") -> Iterable[tuple[str, int]]:
    """Yield the path of every value of a JSON document; the places of a list count together."""
    if isinstance(document, Mapping):
        for name, value in document.items():
            yield from leaves(value, f"{path}.{name}" if path else str(name))
    elif isinstance(document, list):
        for value in document:
            yield from leaves(value, path)
    elif document is not None and document != "":
        yield path, 1


def as_columns(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Turn rows into columns, absent values as None."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    return {name: [row.get(name) for row in rows] for name in names}
