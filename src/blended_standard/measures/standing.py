"""IMP-05: how many of the core measures a group reports.

It is computed from the results of other measures and not from records, so it has no definition over tables; only one
of its components, the drift of plans, has one.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from blended_standard.errors import SpecError
from blended_standard.measures.blocks import Blocks
from blended_standard.measures.competency import plan_items
from blended_standard.measures.expressions import flag, one
from blended_standard.measures.finish import Collected
from blended_standard.measures.numbers import Numbers, Sums
from blended_standard.measures.registry import Parameters, measure
from blended_standard.measures.report import MeasureResult, Status, Value
from blended_standard.measures.resolved import ResolvedMeasure
from blended_standard.spec import MeasureDefinition

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw


@measure("IMP-05")
def plan_drift(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Share of the competencies of a first or latest plan that are in one of the two only, one row an episode."""
    import narwhals.stable.v2 as nw

    del parameters
    plans = [
        plan_items(blocks, baseline=baseline).select(
            "episode_id",
            "competency_id",
            first=nw.lit(int(baseline), nw.Int64),
            latest=nw.lit(int(not baseline), nw.Int64),
        )
        for baseline in (True, False)
    ]
    return (
        nw.concat(plans)
        .group_by("episode_id", "competency_id")
        .agg(nw.col("first").max(), nw.col("latest").max())
        .with_columns(kept=flag((nw.col("first") == 1) & (nw.col("latest") == 1)), one=one())
        .group_by("episode_id")
        .agg(nw.col("kept").sum(), nw.col("one").sum())
        .with_columns(x=1 - nw.col("kept") / nw.col("one"), excluded=nw.lit(None, nw.String))
        .select("episode_id", "x", "excluded")
    )


@attrs.frozen
class StandingSummary:
    """Numbers that do not add up over learners: reports that hold them are scored again, not merged."""

    n: int
    numbers: Numbers

    def __add__(self, other: StandingSummary) -> StandingSummary:
        raise SpecError("The standing of two groups does not add up.")

    def sums(self) -> Sums:
        """Return nothing."""
        return {}

    def evaluate(self, measure: ResolvedMeasure) -> Numbers:
        """Return the numbers."""
        del measure
        return self.numbers


def standing(core: Sequence[MeasureResult], definitions: Mapping[str, MeasureDefinition]) -> Collected:
    """Count the core measures of one group that stand, of those that apply to it.

    A measure does not apply while its window is open, where the group is too small to be rated, and where every unit
    is excluded. One without records applies, and does not stand.
    """
    left_out = Counter(reason for reason in map(_why_not_applicable, core) if reason)
    applicable = [entry for entry in core if not _why_not_applicable(entry)]
    stand = sum(entry.status is Status.OK for entry in applicable)
    known = [entry.coverage for entry in core if entry.coverage is not None]
    parts = {"overrides": Numbers(value=float(len(overrides(core, definitions))))}
    parts["coverage"] = (
        Numbers(value=statistics.fmean(known)) if known else Numbers(reason="No core measure tells its coverage.")
    )
    numbers = (
        Numbers(value=stand / len(applicable), numerator=stand, denominator=len(applicable), parts=parts)
        if applicable
        else Numbers(reason="No core measure applies to the group yet.", parts=parts)
    )
    learners = max((entry.learners or 0 for entry in core), default=0)
    return Collected(summary=StandingSummary(learners, numbers), excluded=dict(left_out), learners=learners)


def overrides(
    core: Sequence[MeasureResult], definitions: Mapping[str, MeasureDefinition]
) -> tuple[tuple[str, Value], ...]:
    """Return the parameters of core measures that differ from the standard, as (MEASURE.parameter, value)."""
    return tuple(
        (f"{entry.measure}.{name}", value)
        for entry in core
        for name, value in entry.parameters
        if name in definitions[entry.measure].parameters
        and value != definitions[entry.measure].parameters[name].default
    )


def _why_not_applicable(entry: MeasureResult) -> str | None:
    if entry.status in (Status.NOT_MATURE, Status.SMALL_N):
        return entry.status.value
    return "all_excluded" if entry.value is None and not entry.n and entry.excluded else None
