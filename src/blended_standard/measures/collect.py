"""Run the definition of a measure in the engine and bring out the sums of each group."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from blended_standard.engine import Engine
from blended_standard.measures.blocks import Blocks
from blended_standard.measures.finish import Collected
from blended_standard.measures.groups import Grouping
from blended_standard.measures.registry import unit_function
from blended_standard.measures.report import Group
from blended_standard.measures.resolved import ResolvedMeasure
from blended_standard.measures.summaries import EventSummary, RatioSummary, Summary, summary_kind
from blended_standard.numeric.events import EventTable

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
    if definition.needs_any and not set(definition.needs_any) & blocks.present:
        return ByGroup({}, f"The submission has no table {' or '.join(definition.needs_any)}.")
    units = unit_function(definition.id)(blocks, measure.parameters)
    return _Collector(blocks.engine.materialise(grouping.attach(units, blocks)), grouping, blocks.engine).collect(
        summary_kind(definition)
    )


@attrs.frozen
class _Collector:
    """Aggregates the units of one measure by group."""

    units: nw.LazyFrame[Any]
    grouping: Grouping
    engine: Engine

    def collect(self, kind: type[Summary]) -> ByGroup:
        summaries = self._ratios() if kind is RatioSummary else self._events()
        excluded, coverage = self._excluded(), self._coverage()
        return ByGroup(
            {
                group: Collected(
                    summary=summaries.get(group),
                    excluded=excluded.get(group, {}),
                    covered=coverage.get(group, (0, 0))[0],
                    needed=coverage.get(group, (0, 0))[1],
                )
                for group in {**summaries, **excluded}
            }
        )

    def _kept(self) -> nw.LazyFrame[Any]:
        import narwhals.stable.v2 as nw

        return self.units.filter(nw.col("excluded").is_null())

    def _ratios(self) -> Mapping[Group, Summary]:
        import narwhals.stable.v2 as nw

        x, y = nw.col("x"), nw.col("y")
        learners = (
            self._kept()
            .group_by(*self.grouping.columns, "learner_id")
            .agg(units=nw.len(), x=x.sum(), y=y.sum())
            .with_columns(xx=x * x, xy=x * y, yy=y * y, one=nw.lit(1, nw.Int64))
        )
        sums = {"n": nw.col("units").sum(), "clusters": nw.col("one").sum()}
        sums |= {name: nw.col(name).sum() for name in _MOMENTS}
        return {
            group: RatioSummary.from_sums({name: _number(row[name]) for name in sums})
            for group, row in self._aggregate(learners, sums)
        }

    def _events(self) -> Mapping[Group, Summary]:
        import narwhals.stable.v2 as nw

        tables: dict[Group, dict[tuple[int, int], int]] = defaultdict(dict)
        for group, row in self._aggregate(self._kept(), {"count": nw.len()}, "time", "event"):
            tables[group][int(row["time"]), int(row["event"])] = int(row["count"])
        return {group: EventSummary(EventTable(table)) for group, table in tables.items()}

    def _excluded(self) -> Mapping[Group, Mapping[str, int]]:
        import narwhals.stable.v2 as nw

        found: dict[Group, dict[str, int]] = defaultdict(dict)
        out = self.units.filter(~nw.col("excluded").is_null())
        for group, row in self._aggregate(out, {"count": nw.len()}, "excluded"):
            found[group][row["excluded"]] = int(row["count"])
        return found

    def _coverage(self) -> Mapping[Group, tuple[int, int]]:
        import narwhals.stable.v2 as nw

        if "covered" not in self.units.collect_schema().names():
            return {}
        sums = {name: nw.col(name).sum() for name in ("covered", "needed")}
        return {group: (int(row["covered"]), int(row["needed"])) for group, row in self._aggregate(self._kept(), sums)}

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
