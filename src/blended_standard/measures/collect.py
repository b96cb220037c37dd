"""Run the definition of a measure in the engine and bring out the sums of each group."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import attrs

from blended_standard.engine import Engine
from blended_standard.measures.agreement import AgreementSummary
from blended_standard.measures.blocks import Blocks
from blended_standard.measures.expressions import one
from blended_standard.measures.finish import Collected
from blended_standard.measures.groups import Grouping, people
from blended_standard.measures.registry import unit_function
from blended_standard.measures.report import Group
from blended_standard.measures.resolved import ResolvedMeasure
from blended_standard.measures.summaries import (
    EventSummary,
    Kind,
    MeanSummary,
    MedianSummary,
    RatioSummary,
    Summary,
    kind_of,
)
from blended_standard.numeric.events import EventTable
from blended_standard.spec import MeasureDefinition

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw


_MOMENTS = (RatioSummary, MeanSummary)


@attrs.frozen
class ByGroup:
    """What was collected for each group that has units; `absent` says why nothing could be."""

    groups: Mapping[Group, Collected]
    absent: str | None = None

    def of(self, group: Group) -> Collected:
        """Return what there is for a group."""
        return self.groups.get(group, Collected(absent=self.absent))


def collect(measure: ResolvedMeasure, blocks: Blocks, grouping: Grouping) -> ByGroup:
    """Return the sums of each group."""
    definition = measure.definition
    if reason := absent(definition, blocks):
        return ByGroup({}, reason)
    parts: dict[str | None, _Part] = {None: _Part(kind_of(definition.combine.statistic), definition.combine.ticks)}
    for part in definition.components:
        if part.counted:
            parts[part.id] = _Part(kind_of(part.statistic), part.ticks, f"_{part.id}")
    people(blocks, grouping)  # Before the units, whose plan DuckDB binds again once a table has been made since.
    units = grouping.attach(unit_function(definition.id)(blocks, measure.parameters), blocks)
    if any(part.kind not in _MOMENTS for part in parts.values()):
        units = blocks.engine.materialise(units)  # Each of these parts reads them once more.
    return _Collector(units, units.collect_schema().names(), grouping, blocks.engine).collect(parts)


@attrs.frozen
class _Part:
    """One statistic of a measure; `suffix` ends the names of its columns."""

    kind: Kind
    ticks: int
    suffix: str = ""


def absent(definition: MeasureDefinition, blocks: Blocks) -> str | None:
    """Say which tables the measure lacks, or None."""
    if definition.needs_any and not set(definition.needs_any) & blocks.present:
        return f"The submission has no table {' or '.join(definition.needs_any)}."
    return None


@attrs.frozen
class _Collector:
    """Aggregates the units of one measure by group."""

    units: nw.LazyFrame[Any]
    columns: list[str]
    grouping: Grouping
    engine: Engine

    def collect(self, parts: Mapping[str | None, _Part]) -> ByGroup:
        """Return what each group has; the part named None is the headline."""
        found: dict[Group, dict[str | None, Summary]] = defaultdict(dict)
        excluded: dict[Group, dict[str, int]] = defaultdict(dict)
        totals: dict[Group, dict[str, Any]] = {}
        moments = [part for part in parts.values() if part.kind in _MOMENTS]
        for group, row in self._totals(moments):
            if row["excluded"] is not None:
                excluded[group][row["excluded"]] = int(row["units"])
            else:
                totals[group] = row
        for name, part in parts.items():
            for group, summary in self._summaries(part, totals).items():
                found[group][name] = summary
        groups: dict[Group, Collected] = {}
        for group in dict.fromkeys((*totals, *excluded)):
            sums, own = totals.get(group, {}), found[group]
            groups[group] = Collected(
                summary=own.get(None),
                components={name: part for name, part in own.items() if name is not None},
                excluded=excluded.get(group, {}),
                covered=int(sums.get("covered") or 0),
                needed=int(sums.get("needed") or 0),
                learners=int(sums.get("learners") or 0),
            )
        return ByGroup(groups)

    def _summaries(self, part: _Part, totals: Mapping[Group, Mapping[str, Any]]) -> Mapping[Group, Summary]:
        """Return the sums of one statistic over the units that have it."""
        if part.kind is EventSummary:
            return {group: EventSummary(EventTable(table)) for group, table in self._pairs("time", "event", part)}
        if part.kind is AgreementSummary:
            return {group: AgreementSummary(table) for group, table in self._pairs("x", "y", part)}
        if part.kind is MedianSummary:
            return self._histograms(part)
        return {group: _moments(part, row) for group, row in totals.items() if row[f"n{part.suffix}"]}

    def _totals(self, parts: list[_Part]) -> list[tuple[Group, dict[str, Any]]]:
        """Return, by group and exclusion, the units, learners, evidence and moments over learners, from one query."""
        import narwhals.stable.v2 as nw

        own = [name for name in ("covered", "needed") if name in self.columns]
        seen: dict[str, nw.Expr] = {}
        for part in parts:
            x = nw.col(f"x{part.suffix}")
            there = ~x.is_null()
            seen |= {f"n{part.suffix}": there.cast(nw.Int64), f"x{part.suffix}": x}
            for name in _read(part, self.columns):
                seen[f"{name}{part.suffix}"] = nw.when(there).then(nw.col(f"{name}{part.suffix}"))
        keys = [*self.grouping.columns, "excluded"]
        learners = (
            self.units.select(*keys, "learner", *own, **seen)
            .group_by(*keys, "learner")
            .agg(*(nw.col(name).sum() for name in (*own, *seen)), units=nw.len())
        )
        products: dict[str, nw.Expr] = {}
        sums = ["units", "learners", *own, *seen]
        for part in parts:
            x, n = nw.col(f"x{part.suffix}"), nw.col(f"n{part.suffix}")
            y = nw.col(f"y{part.suffix}") if part.kind is RatioSummary else n
            new = {"clusters": (n > 0).cast(nw.Int64), "xx": x * x, "xy": x * y, "yy": y * y}
            products |= {f"{name}{part.suffix}": value for name, value in new.items()}
        learners = learners.with_columns(learners=one(), **products)
        return self._aggregate(learners, {name: nw.col(name).sum() for name in (*sums, *products)}, "excluded")

    def _kept(self, column: str) -> nw.LazyFrame[Any]:
        import narwhals.stable.v2 as nw

        return self.units.filter(nw.col("excluded").is_null(), ~nw.col(column).is_null())

    def _histograms(self, part: _Part) -> Mapping[Group, Summary]:
        import narwhals.stable.v2 as nw

        x = nw.col(f"x{part.suffix}")
        # Numbers beyond all bounds give values that are none, and no tick.
        kept = self._kept(f"x{part.suffix}").filter(x.is_finite())
        kept = kept.with_columns(tick=(x * part.ticks + 0.5).floor().cast(nw.Int64))
        return {group: MedianSummary(dict(counts)) for group, counts in self._counts(kept, "tick").items()}

    def _pairs(self, first: str, second: str, part: _Part) -> Iterable[tuple[Group, dict[tuple[int, int], int]]]:
        """Count the units of each group by a pair of whole numbers."""
        left, right = f"{first}{part.suffix}", f"{second}{part.suffix}"
        counts = self._counts(self._kept(left), left, right)
        return ((group, {(a, b): count for a, b, count in own}) for group, own in counts.items())

    def _counts(self, frame: nw.LazyFrame[Any], *keys: str) -> Mapping[Group, list[Any]]:
        """Count the units of each group by whole numbers: a tuple of these and the count for each that occurs."""
        import narwhals.stable.v2 as nw

        by = self.grouping.columns
        found = self.engine.collect(frame.group_by(*by, *keys).agg(count=nw.len()).sort(*by, *keys))
        rows = zip(*(map(int, found[name]) for name in (*keys, "count")), strict=True)
        groups = zip(*(found[name] for name in by), strict=True) if by else itertools.repeat((), len(found["count"]))
        counts: dict[tuple[str, ...], list[Any]] = defaultdict(list)
        for values, row in zip(groups, rows, strict=True):
            counts[values].append(row)
        return {self.grouping.group(values): own for values, own in counts.items()}

    def _aggregate(
        self, frame: nw.LazyFrame[Any], aggregates: dict[str, nw.Expr], *also: str
    ) -> list[tuple[Group, dict[str, Any]]]:
        """Aggregate by group and the columns `also`, and return plain rows."""
        found = self.engine.collect(frame.group_by(*self.grouping.columns, *also).agg(**aggregates))
        rows = [dict(zip(found, values, strict=True)) for values in zip(*found.values(), strict=True)]
        return [(self.grouping.group([row[name] for name in self.grouping.columns]), row) for row in rows]


def _read(part: _Part, columns: list[str]) -> list[str]:
    """Return which sums a ratio or a mean reads beside its number of units and that of `x`."""
    if part.kind is MeanSummary:
        return []
    return ["y", *(["lost"] if f"lost{part.suffix}" in columns else [])]


def _moments(part: _Part, row: Mapping[str, Any]) -> Summary:
    """Read the sums of a ratio or a mean from a row of `_totals`; every unit of a mean has the denominator 1."""
    names = ["n", "clusters", "x", "y", "xx", "xy", "yy", *(["lost"] if f"lost{part.suffix}" in row else [])]
    found = {name: row[f"{'n' if name == 'y' and part.kind is MeanSummary else name}{part.suffix}"] for name in names}
    return part.kind.from_sums({name: _number(value) for name, value in found.items()})


def _number(value: Any) -> float | int:
    """Return an engine's number as a Python int or float; DuckDB's sums of integers arrive as Decimal."""
    number = float(value)
    return int(value) if number.is_integer() and abs(number) < 2**62 else number
