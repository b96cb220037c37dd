"""`mastery_map`: for each competency and group, the share of learners with a decision who have mastered it.

A learner counts once for a competency, in the group of the decision that rules, so that groups add up to all. It is a
picture of groups: it has no row or column that is a person.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Self

import attrs

from blended_standard.engine import Engine, using
from blended_standard.errors import UsageError
from blended_standard.io import Submission
from blended_standard.measures.blocks import Blocks
from blended_standard.measures.calendar import quarter_of
from blended_standard.measures.competency import held_decisions
from blended_standard.measures.expressions import flag
from blended_standard.measures.groups import NOT_RECORDED, PERIODS, STRATA, Grouping
from blended_standard.measures.report import Status
from blended_standard.measures.score import in_force
from blended_standard.numeric.intervals import wilson
from blended_standard.results import Interval, Result, Row, ends, result

GROUPS = ("jurisdiction", "program", "site", *STRATA, *PERIODS, "quarter", "level")
CODED = "Shown only as "
NO_DECISION = "No learner has a decision."
_ALONE = "Other competencies"
_ALL = "All learners"
_TAKEN = (_ALL, "section", "competency")
_PRINTED_COLUMNS = 6
_PIECES = re.compile(r"[0-9]+|[^0-9]+")


@result
class MapCell(Result):
    """One competency in one group; `share` is None exactly when `reason` says why.

    `n` counts the learners with a decision, `count` those of them who have mastered the competency (in a map by level:
    who stand at the level). Both are None once withheld.
    """

    share: float | None
    interval: Interval | None
    count: int | None
    n: int | None
    status: Status
    reason: str | None = None


@result
class MapRow(Result):
    """One competency: its cells in the order of the map's columns, and all learners together.

    `section` is the wider competency that it belongs to, or its framework.
    """

    competency: str
    name: str
    section: str
    cells: tuple[MapCell, ...]
    everyone: MapCell


@result
class MasteryMap(Result):
    """Competencies by groups: which share has mastered what.

    `groups` are the values of the columns and `labels` their names. `undecided` counts the competencies without a
    decision, which have no row. `sites` are the sites that the learners are of.
    """

    title: ClassVar[str] = "Mastery by competency"
    by: str
    as_of: dt.date
    profile: str
    groups: tuple[str, ...]
    labels: tuple[str, ...]
    lines: tuple[MapRow, ...]
    undecided: int = 0
    sites: tuple[str, ...] = ()
    source: str = ""

    def cells(self) -> Iterator[tuple[MapRow, str, MapCell]]:
        """Yield each competency with a label and its cell: group after group, then all learners."""
        for line in self.lines:
            yield from ((line, label, cell) for label, cell in zip(self.labels, line.cells, strict=True))
            yield line, _ALL, line.everyone

    def rows(self) -> list[Row]:
        """Return one row a competency and group."""
        found: list[Row] = []
        for line, label, cell in self.cells():
            low, high = ends(cell.interval)
            what: Row = {"section": line.section, "competency": line.name, "competency_id": line.competency}
            numbers: Row = {"share": cell.share, "ci_low": low, "ci_high": high, "count": cell.count, "n": cell.n}
            found.append(what | {self.by: label} | numbers | {"status": cell.status.value, "reason": cell.reason})
        return found

    def csv_rows(self) -> list[Row]:
        """Return the rows, each with what the map is about."""
        context: Row = {"as_of": self.as_of.isoformat(), "profile": self.profile, "source": self.source}
        return [row | context for row in self.rows()]

    def sections(self) -> dict[str, list[MapRow]]:
        """Return the rows by section, in order."""
        found: dict[str, list[MapRow]] = defaultdict(list)
        for line in self.lines:
            found[line.section].append(line)
        return found

    def matrix(self) -> list[Row]:
        """Return the map as people read it, whole: a row a competency, a column a group, percent and learners."""
        return self._matrix(len(self.labels))

    def _table(self) -> list[Row]:
        return self._matrix(_PRINTED_COLUMNS)

    def _summary(self) -> list[str]:
        more = len(self.labels) - _PRINTED_COLUMNS
        left = f"; {more} more columns in rows()" if more > 0 else ""
        return [f"{self.title}, by {self.by.replace('_', ' ')}, as of {self.as_of}: percent (learners){left}"]

    def _matrix(self, columns_told: int) -> list[Row]:
        columns = [*self.labels[:columns_told], _ALL]
        found: list[Row] = []
        for line in self.lines:
            told = map(in_short, (*line.cells[:columns_told], line.everyone))
            row: Row = {"section": line.section, "competency": line.name}
            found.append(row | dict(zip(columns, told, strict=True)))
        return found


def in_short(cell: MapCell) -> str:
    """Return a cell as one word: "62% (45)", "≥95%", "withheld", or a dash where no learner has a decision."""
    if cell.share is not None:
        return f"{100 * cell.share:.0f}% ({cell.n:,})"
    if cell.status is not Status.SUPPRESSED:
        return "-"
    return code_of(cell.reason) or "withheld"


def code_of(reason: str | None) -> str | None:
    """Return the end or band, such as "≥95%", that is published in place of numbers, where the reason names one."""
    return reason[len(CODED) : -1] if reason is not None and reason.startswith(CODED) else None


def mastery_map(
    submission: Submission,
    by: str = "site",
    *,
    as_of: dt.date | str | None = None,
    engine: str | Engine | None = None,
    profile: str | None = None,
) -> MasteryMap:
    """Say for each competency and group what share of learners with a decision have mastered it.

    Parameters
    ----------
    submission : Submission
        With mastery decisions; competencies give titles and order, frameworks and wider competencies the sections.
    by : str
        What the columns are: jurisdiction, program, site, a stratum (gender, low_income, ...), entry_year, the
        calendar quarter of the decision that rules, or the proficiency level that it reached. By level the share is of
        all learners with a decision on the competency.
    as_of : date or ISO text, optional
        Later decisions do not count. Default: that of the manifest.
    engine : {"duckdb", "polars", "pandas"} or Engine, optional
        Default: the first that is installed.
    profile : str, optional
        Whose threshold for few learners is in force. Default: that of the manifest.

    Returns
    -------
    MasteryMap
        Nothing is withheld in it: `report` and `report.for_publication` do that.

    Raises
    ------
    UsageError
        `submission` is none, `by` is none of these (a map of single learners is not made), or there is no as-of date.

    Notes
    -----
    Of several decisions on one learner and competency the latest rules; of a yes and a no on one day the yes. Decisions
    that were taken back, or lie outside the episode, do not count; learning recognized from before does. Intervals are
    Wilson's.

    Examples
    --------
    >>> from blended_standard.testing import district
    >>> found = mastery_map(district(60, seed=7), "program")
    >>> found.labels[0], found.lines[0].name, found.lines[0].everyone.n
    ('Synthetic program 1', 'Synthetic competency C1.1', 44)
    """
    if by not in GROUPS:
        raise UsageError(f"by={by!r} is not what a mastery map has columns of. Accepted: {', '.join(GROUPS)}.")
    chosen, day = in_force(submission, profile, as_of)
    with using(engine) as opened:
        blocks = Blocks(submission.under(chosen.id), opened, day)
        counts = _counts(blocks, by)
        groups = _groups(blocks, by, {group for own in counts.values() for group in own})
        frame = _Frame.of(blocks)
        sites = sorted(opened.collect(blocks.spans.select("site_id").unique())["site_id"])
    few = chosen.small_n.get("rating", 0)
    lines = [
        MapRow(
            competency=competency,
            name=frame.title(competency),
            section=frame.section(competency),
            **_cells(counts[competency], tuple(groups), few, of_all=by == "level"),
        )
        for competency in frame.ordered(counts)
    ]
    return MasteryMap(
        by=by,
        as_of=day,
        profile=chosen.id,
        groups=tuple(groups),
        labels=tuple(groups.values()),
        lines=tuple(lines),
        undecided=len(frame.titles.keys() - counts.keys()),
        sites=tuple(sites),
        source=submission.manifest.title,
    )


def _counts(blocks: Blocks, by: str) -> dict[str, dict[str, tuple[int, int]]]:
    """Return, by competency and group, the learners with a decision and those who have mastered it."""
    import narwhals.stable.v2 as nw

    of_people = by not in ("quarter", "level")
    column = "by_" + by if of_people else "group"
    own = {
        "quarter": quarter_of(nw.col("date")).cast(nw.String),
        "level": nw.col("level_id").fill_null(NOT_RECORDED),
    }
    key = ["learner", "competency_id"]
    decisions = held_decisions(blocks).with_columns(
        place=nw.col("date") * 2 + flag(nw.col("mastered")), mastered=flag(nw.col("mastered"))
    )
    known = Grouping((by,) if of_people else ()).attach(
        decisions.select(
            "episode_id", "competency_id", "place", "mastered", **({} if of_people else {column: own[by]})
        ),
        blocks,
    )
    known = blocks.engine.materialise(known)
    found = blocks.engine.collect(
        known.join(known.group_by(*key).agg(place=nw.col("place").max()), on=[*key, "place"])
        .group_by(*key)
        .agg(nw.col("mastered").max(), nw.col(column).min())
        .group_by("competency_id", column)
        .agg(n=nw.len(), mastered=nw.col("mastered").sum())
    )
    counts: dict[str, dict[str, tuple[int, int]]] = defaultdict(dict)
    for competency, group, n, mastered in zip(
        found["competency_id"], found[column], found["n"], found["mastered"], strict=True
    ):
        counts[competency][group] = int(n), int(mastered)
    return counts


def _groups(blocks: Blocks, by: str, found: set[str]) -> dict[str, str]:
    """Return the columns in order, with labels of which no two are equal."""
    if by == "quarter":
        return {value: f"{int(value) // 4} Q{int(value) % 4 + 1}" for value in sorted(found, key=int)}
    names = dict(blocks.names.get(by, {}))
    known = {value: names.get(value, value) for value in found}
    order = sorted(found, key=lambda value: (_natural(known[value]), value))
    if by == "level":
        levels = blocks.engine.collect(blocks.table("proficiency_level").select("level_id", "rank", "title"))
        names = dict(zip(levels["level_id"], levels["title"], strict=True))
        rank = dict(zip(levels["level_id"], levels["rank"], strict=True))
        order.sort(key=lambda level: rank.get(level, len(rank) + max(rank.values(), default=0)))
    often = Counter([*(names.get(value, value) for value in order), *_TAKEN])
    return {
        value: label if often[label] == 1 else f"{label} ({value})"
        for value, label in ((value, names.get(value, value)) for value in order)
    }


def _cells(counts: Mapping[str, tuple[int, int]], groups: Sequence[str], few: float, *, of_all: bool) -> dict[str, Any]:
    """Return the cells of one competency; `of_all` says that the share is that of a group in all learners."""
    n, mastered = (sum(part) for part in zip(*counts.values(), strict=True))
    own = {group: (n, size) if of_all else (size, count) for group, (size, count) in counts.items()}
    none = (n if of_all else 0, 0)
    return {
        "cells": tuple(_cell(*own.get(group, none), few=few) for group in groups),
        "everyone": _cell(n, n if of_all else mastered, few=few),
    }


def _cell(n: int, count: int, *, few: float) -> MapCell:
    if not n:
        return MapCell(share=None, interval=None, count=0, n=0, status=Status.NOT_COMPUTABLE, reason=NO_DECISION)
    status = Status.SMALL_N if n < few else Status.OK
    return MapCell(share=count / n, interval=wilson(count, n), count=count, n=n, status=status)


@attrs.frozen
class _Frame:
    """The competencies of a submission: titles, and which is part of which."""

    titles: dict[str, str]
    parents: dict[str, str | None]
    frameworks: dict[str, str]

    @classmethod
    def of(cls, blocks: Blocks) -> Self:
        columns = ("competency_id", "title", "parent_id", "framework_id")
        found = blocks.engine.collect(blocks.table("competency").select(*columns))
        named = blocks.engine.collect(blocks.table("framework").select("framework_id", "title"))
        of_framework = dict(zip(named["framework_id"], named["title"], strict=True))
        lines = sorted(zip(*(found[name] for name in columns), strict=True), key=lambda line: tuple(map(str, line)))
        return cls(
            titles={key: title for key, title, _, _ in lines},
            parents={key: parent for key, _, parent, _ in lines},
            frameworks={key: of_framework.get(framework, framework) for key, _, _, framework in lines if framework},
        )

    def title(self, competency: str) -> str:
        return self.titles.get(competency, competency)

    def section(self, competency: str) -> str:
        """Return the nearest wider competency, and the framework where there are several or nothing is wider."""
        parent = self.parents.get(competency)
        named = not parent or len(set(self.frameworks.values())) > 1
        parts = [self.frameworks.get(competency) if named else None, self.title(parent) if parent else None]
        return ": ".join(part for part in parts if part) or _ALONE

    def ordered(self, competencies: Mapping[str, object]) -> Sequence[str]:
        """Return competencies section by section; inside one by identifier, numbers in it as numbers."""
        return sorted(competencies, key=lambda each: (self.section(each) == _ALONE, _natural(self._path(each))))

    def _path(self, competency: str) -> str:
        parent = self.parents.get(competency) or ""
        return f"{self.frameworks.get(competency, '')}\0{parent}\0{competency}"


def _natural(text: str) -> list[tuple[int, str]]:
    """Return a key that sorts 2 before 10."""
    return [(int(part), "") if part.isdecimal() and part.isascii() else (-1, part) for part in _PIECES.findall(text)]
