"""Run the definition of a measure in the engine and bring out the sums of each group."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import attrs

from blended_standard.engine import Engine
from blended_standard.measures.agreement import AgreementSummary
from blended_standard.measures.blocks import Blocks
from blended_standard.measures.finish import Collected
from blended_standard.measures.groups import Grouping
from blended_standard.measures.registry import unit_function
from blended_standard.measures.report import Group
from blended_standard.measures.resolved import ResolvedMeasure
from blended_standard.measures.summaries import EventSummary, Kind, MedianSummary, RatioSummary, Summary, kind_of
from blended_standard.numeric.events import EventTable
from blended_standard.spec import MeasureDefinition

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw

_MOMENTS = ("x", "y", "xx", "xy", "yy")


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
    units = unit_function(definition.id)(blocks, measure.parameters)
    attached = blocks.engine.materialise(grouping.attach(units, blocks))
    return _Collector(attached, grouping, blocks.engine).collect(definition)


def absent(definition: MeasureDefinition, blocks: Blocks) -> str | None:
    """Say which tables the measure lacks, or None."""
    if definition.needs_any and not set(definition.needs_any) & blocks.present:
        return f"The submission has no table {' or '.join(definition.needs_any)}."
    return None


@attrs.frozen
class _Collector:
    """Aggregates the units of one measure by group."""

    units: nw.LazyFrame[Any]
    grouping: Grouping
    engine: Engine

    def collect(self, definition: MeasureDefinition) -> ByGroup:
        summaries = self._summaries(definition.combine.statistic, definition.combine.ticks)
        parts = {
            part.id: self._summaries(part.statistic, part.ticks, f"_{part.id}")
            for part in definition.components
            if part.counted
        }
        excluded, coverage = self._excluded(), self._coverage()
        groups = dict.fromkeys(
            (*summaries, *excluded, *coverage, *(group for part in parts.values() for group in part))
        )
        return ByGroup(
            {
                group: Collected(
                    summary=summaries.get(group),
                    components={name: part[group] for name, part in parts.items() if group in part},
                    excluded=excluded.get(group, {}),
                    covered=coverage.get(group, {}).get("covered", 0),
                    needed=coverage.get(group, {}).get("needed", 0),
                    learners=coverage.get(group, {}).get("learners", 0),
                )
                for group in groups
            }
        )

    def _summaries(self, statistic: str, ticks: int, suffix: str = "") -> Mapping[Group, Summary]:
        """Return the sums of one statistic over the units that have it; `suffix` ends the names of its columns."""
        kind = kind_of(statistic)
        if kind is EventSummary:
            return {group: EventSummary(EventTable(table)) for group, table in self._pairs("time", "event", suffix)}
        if kind is AgreementSummary:
            return {group: AgreementSummary(table) for group, table in self._pairs("x", "y", suffix)}
        if kind is MedianSummary:
            return self._histograms(ticks, suffix)
        return self._moments(kind, suffix)

    def _kept(self, column: str) -> nw.LazyFrame[Any]:
        import narwhals.stable.v2 as nw

        return self.units.filter(nw.col("excluded").is_null(), ~nw.col(column).is_null())

    def _moments(self, kind: Kind, suffix: str) -> Mapping[Group, Summary]:
        import narwhals.stable.v2 as nw

        kept = self._kept(f"x{suffix}")
        lost = f"lost{suffix}" if kind is RatioSummary and f"lost{suffix}" in self._columns else None
        kept = kept.select(
            *self.grouping.columns,
            "learner_id",
            x=nw.col(f"x{suffix}"),
            y=nw.col(f"y{suffix}") if kind is RatioSummary else nw.lit(1, nw.Int64),
            lost=nw.col(lost) if lost else nw.lit(0, nw.Int64),
        )
        x, y = nw.col("x"), nw.col("y")
        learners = (
            kept.group_by(*self.grouping.columns, "learner_id")
            .agg(units=nw.len(), x=x.sum(), y=y.sum(), lost=nw.col("lost").sum())
            .with_columns(xx=x * x, xy=x * y, yy=y * y, one=nw.lit(1, nw.Int64))
        )
        sums = {"n": nw.col("units").sum(), "clusters": nw.col("one").sum()}
        sums |= {name: nw.col(name).sum() for name in (*_MOMENTS, *(["lost"] if lost else []))}
        return {
            group: kind.from_sums({name: _number(row[name]) for name in sums})
            for group, row in self._aggregate(learners, sums)
        }

    def _histograms(self, ticks: int, suffix: str) -> Mapping[Group, Summary]:
        import narwhals.stable.v2 as nw

        counts: dict[Group, dict[int, int]] = defaultdict(dict)
        tick = (nw.col(f"x{suffix}") * ticks + 0.5).floor().cast(nw.Int64)
        kept = self._kept(f"x{suffix}").with_columns(tick=tick)
        for group, row in self._aggregate(kept, {"count": nw.len()}, "tick"):
            counts[group][int(row["tick"])] = int(row["count"])
        return {group: MedianSummary(found) for group, found in counts.items()}

    def _pairs(self, first: str, second: str, suffix: str) -> Iterable[tuple[Group, dict[tuple[int, int], int]]]:
        """Count the units of each group by a pair of whole numbers."""
        import narwhals.stable.v2 as nw

        tables: dict[Group, dict[tuple[int, int], int]] = defaultdict(dict)
        one, two = f"{first}{suffix}", f"{second}{suffix}"
        for group, row in self._aggregate(self._kept(one), {"count": nw.len()}, one, two):
            tables[group][int(row[one]), int(row[two])] = int(row["count"])
        return tables.items()

    def _excluded(self) -> Mapping[Group, Mapping[str, int]]:
        import narwhals.stable.v2 as nw

        found: dict[Group, dict[str, int]] = defaultdict(dict)
        out = self.units.filter(~nw.col("excluded").is_null())
        for group, row in self._aggregate(out, {"count": nw.len()}, "excluded"):
            found[group][row["excluded"]] = int(row["count"])
        return found

    def _coverage(self) -> Mapping[Group, Mapping[str, int]]:
        """Return how many learners each group rests on, and how much of the evidence needed was there."""
        import narwhals.stable.v2 as nw

        kept = self.units.filter(nw.col("excluded").is_null())
        sums: dict[str, nw.Expr] = {"learners": nw.col("learner_id").n_unique()}
        sums |= {name: nw.col(name).sum() for name in ("covered", "needed") if name in self._columns}
        return {group: {name: int(row[name] or 0) for name in sums} for group, row in self._aggregate(kept, sums)}

    @property
    def _columns(self) -> list[str]:
        return self.units.collect_schema().names()

    def _aggregate(
        self, frame: nw.LazyFrame[Any], aggregates: dict[str, nw.Expr], *also: str
    ) -> list[tuple[Group, dict[str, Any]]]:
        """Aggregate by group (and the columns `also`) and return plain rows."""
        import narwhals.stable.v2 as nw

        keys = [*self.grouping.columns, *also]
        source = frame if keys else frame.with_columns(everything=nw.lit(1))
        found = self.engine.collect(source.group_by(*(keys or ["everything"])).agg(**aggregates))
        rows = [dict(zip(found, values, strict=True)) for values in zip(*found.values(), strict=True)]
        return [(self.grouping.group([row[name] for name in self.grouping.columns]), row) for row in rows]


def _number(value: Any) -> float | int:
    """Return an engine's number as a Python int or float; DuckDB's sums of integers arrive as Decimal."""
    number = float(value)
    return int(value) if number.is_integer() and abs(number) < 2**62 else number
