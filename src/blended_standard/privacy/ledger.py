"""The release ledger: what was published when, so that a later release, or another profile's, gives nothing away.

Two releases can be set against each other. A cell that one withholds and the other shows is no longer withheld, and
two counts of one group that differ by few learners tell what became of those few. The ledger holds only what was
published, so that it can be kept and passed on like the reports themselves.
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import ClassVar, Self

from blended_standard._files import write_whole
from blended_standard.errors import UnreadableInputError, UsageError
from blended_standard.measures import MeasureReport, MeasureResult, Status
from blended_standard.measures.report import Group
from blended_standard.privacy.policy import Policy
from blended_standard.results import Result, Row, result

WITHHELD_BEFORE = "Withheld: an earlier release withheld it."
FEW_CHANGED = "Withheld: set against an earlier release it would give away what became of few learners."


@result
class PublishedCell(Result):
    """One result as it was published: what it is of, and its counts, which are None where it was withheld.

    `reached` is the numerator where every learner counts once, or the events seen; None for other measures.
    """

    measure: str
    key: str
    group: Group
    as_of: dt.date
    shown: bool
    n: int | None = None
    learners: int | None = None
    reached: int | None = None


@result
class ReleaseEntry(Result):
    """One publication: its name, its day, the profile whose rules it obeyed, and its cells."""

    name: str
    published: dt.date
    profile: str
    cells: tuple[PublishedCell, ...]


@result
class ReleaseConflict(Result):
    """One cell that two releases give away together, without its numbers."""

    first: str
    second: str
    measure: str
    group: str
    why: str


@result
class Ledger(Result):
    """All releases so far, oldest first."""

    title: ClassVar[str] = "Release ledger"
    releases: tuple[ReleaseEntry, ...] = ()

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Return the ledger in a file; an empty one where there is no file yet.

        Raises
        ------
        UnreadableInputError
            The file is not a ledger.
        """
        if not Path(path).exists():
            return cls()
        try:
            return cls.from_dict(json.loads(Path(path).read_text(encoding="utf-8")))
        except ValueError as error:
            raise UnreadableInputError(f"{path} is not a release ledger as Ledger.write() makes it.") from error

    def write(self, path: str | Path) -> None:
        """Write the ledger as JSON; the file appears whole or not at all."""
        write_whole(Path(path), json.dumps(self.to_dict(), indent=1, ensure_ascii=False) + "\n")

    def add(
        self, name: str, public: MeasureReport, *, published: dt.date, beside: Iterable[PublishedCell] = ()
    ) -> Ledger:
        """Return the ledger with one more release.

        Parameters
        ----------
        name : str
            Of the release; each name once.
        public : MeasureReport
            What `report.for_publication` gave, and nothing else: it is recorded as it is.
        published : date
            Day of the publication.
        beside : iterable of PublishedCell
            What the same release showed and withheld beside the measures: the cells of its pictures.
        """
        if name in {release.name for release in self.releases}:
            raise UsageError(f"name={name!r} is in the ledger already. Give each release a name of its own.")
        cells = tuple(cell_of(entry, public.as_of) for entry in public if entry.status is not Status.NOT_COMPUTABLE)
        entry = ReleaseEntry(name=name, published=published, profile=public.profile, cells=(*cells, *beside))
        return Ledger(releases=(*self.releases, entry))

    def add_file(self, written: Path, public: MeasureReport, beside: Iterable[PublishedCell] = ()) -> Ledger:
        """Return the ledger with the release that a file now holds, under the name of the file and the time."""
        now = dt.datetime.now(dt.UTC)
        name = f"{written.name}, {now:%Y-%m-%d %H:%M:%S.%f} UTC"
        return self.add(name, public, published=now.date(), beside=beside)

    def by_key(self) -> dict[str, list[PublishedCell]]:
        """Return everything that was published, by comparability key."""
        found: dict[str, list[PublishedCell]] = defaultdict(list)
        for release in self.releases:
            for cell in release.cells:
                found[cell.key].append(cell)
        return dict(found)

    def cells(self, key: str) -> list[PublishedCell]:
        """Return everything that was published under one comparability key."""
        return [cell for release in self.releases for cell in release.cells if cell.key == key]

    def why_withheld(self, cell: PublishedCell, policy: Policy) -> str | None:
        """Return why a cell that is about to be shown must be withheld, given all releases; None when it need not."""
        reasons = (clash(earlier, cell, policy) for earlier in self.cells(cell.key))
        return next((reason for reason in reasons if reason), None)

    def audit(self, policy: Policy | None = None) -> tuple[ReleaseConflict, ...]:
        """Return every cell that two of the releases give away together; empty is good.

        Examples
        --------
        >>> import datetime as dt
        >>> def june_or_july(n: int) -> tuple[PublishedCell, ...]:
        ...     day = dt.date(2026, 6, 30)
        ...     return (PublishedCell(measure="OUT-03", key="k", group=(), as_of=day, shown=True, n=n, learners=n),)
        >>> june, july = (
        ...     ReleaseEntry(name=name, published=dt.date(2026, month, 1), profile="core", cells=june_or_july(n))
        ...     for name, month, n in (("June", 6, 120), ("July", 7, 123))
        ... )
        >>> [conflict.second for conflict in Ledger(releases=(june, july)).audit()]
        ['July']
        """
        return tuple(self._conflicts(policy or Policy()))

    def rows(self) -> list[Row]:
        """Return one row a release."""
        return [
            {
                "release": release.name,
                "published": release.published,
                "profile": release.profile,
                "cells": len(release.cells),
                "withheld": sum(not cell.shown for cell in release.cells),
            }
            for release in self.releases
        ]

    def _conflicts(self, policy: Policy) -> Iterator[ReleaseConflict]:
        places = [_by_place(release.cells) for release in self.releases]
        for (one, own), (two, other) in itertools.combinations(zip(self.releases, places, strict=True), 2):
            pairs = (itertools.product(own[place], other[place]) for place in own if place in other)
            for first, second in itertools.chain.from_iterable(pairs):
                why = clash(first, second, policy) or clash(second, first, policy)
                if why:
                    group = ", ".join(f"{name}={value}" for name, value in second.group) or "all"
                    yield ReleaseConflict(first=one.name, second=two.name, measure=second.measure, group=group, why=why)


def _by_place(cells: Iterable[PublishedCell]) -> dict[tuple[str, Group], list[PublishedCell]]:
    found: dict[tuple[str, Group], list[PublishedCell]] = defaultdict(list)
    for cell in cells:
        found[cell.key, cell.group].append(cell)
    return found


def cell_of(entry: MeasureResult, as_of: dt.date) -> PublishedCell:
    """Return a result as the ledger keeps it."""
    shown = entry.status is not Status.SUPPRESSED
    reached = reached_of(entry) if shown else None
    return PublishedCell(
        measure=entry.measure,
        key=entry.key.digest,
        group=entry.group,
        as_of=as_of,
        shown=shown,
        n=entry.n if shown else None,
        learners=entry.learners if shown else None,
        reached=reached,
    )


def reached_of(entry: MeasureResult) -> int | None:
    """Return how many learners had what is counted, where every learner counts once or not at all, else None.

    Of a share that is the numerator. Of an estimate from times to an event (Kaplan-Meier, Aalen-Johansen), which is no
    ratio of counts, it is the number of events seen: it is published beside the estimate, and is what two releases
    differ in when something became of few.
    """
    if entry.value is None or entry.numerator is None or entry.n is None:
        return None
    whole = float(entry.numerator).is_integer() and 0 <= entry.numerator <= entry.n
    return int(entry.numerator) if whole and entry.denominator == entry.n == entry.learners else None


def clash(earlier: PublishedCell, cell: PublishedCell, policy: Policy) -> str | None:
    """Return why `cell` must not be shown beside `earlier`; None where both may stand."""
    if (earlier.key, earlier.group) != (cell.key, cell.group) or not cell.shown:
        return None
    if not earlier.shown:
        return WITHHELD_BEFORE if earlier.as_of == cell.as_of else None
    people = (earlier.learners, cell.learners) if earlier.learners and cell.learners else (earlier.n, cell.n)
    for before, after, least in (
        (*people, policy.minimum_n),
        (earlier.reached, cell.reached, policy.minimum_numerator),
    ):
        if before is not None and after is not None and 0 < abs(after - before) < least:
            return FEW_CHANGED
    return None


def hidden_before(ledger: Ledger, key: str, as_of: dt.date) -> set[Group]:
    """Return the groups that a release of the same day of data withheld and none showed."""
    cells = [cell for cell in ledger.cells(key) if cell.as_of == as_of]
    return {cell.group for cell in cells if not cell.shown} - {cell.group for cell in cells if cell.shown}


def shown_before(ledger: Ledger, key: str, as_of: dt.date) -> dict[Group, PublishedCell]:
    """Return the latest published cell of each group, for the same day of data."""
    return {cell.group: cell for cell in ledger.cells(key) if cell.as_of == as_of and cell.shown and cell.n is not None}
