"""Collect a measure by group: from records, from two sides of a split, from strata, or from estimates of an area."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping

from blended_standard.measures.blocks import Blocks
from blended_standard.measures.collect import ByGroup, absent, collect
from blended_standard.measures.finish import Collected
from blended_standard.measures.groups import ENTRY_STRATUM, NOT_RECORDED, Grouping
from blended_standard.measures.mix import MixSummary, standardized
from blended_standard.measures.population import PLACES, disconnection
from blended_standard.measures.report import Group
from blended_standard.measures.resolved import ResolvedMeasure
from blended_standard.measures.summaries import GapSummary


def gather(measure: ResolvedMeasure, blocks: Blocks, grouping: Grouping) -> tuple[ResolvedMeasure, ByGroup]:
    """Collect a measure; it comes back with the parameters that were found on the way (the mix of EQ-04)."""
    if measure.definition.combine.statistic == "area_ratio":
        return measure, _areas(measure, blocks, grouping)
    if measure.base is None:
        return measure, collect(measure, blocks, grouping)
    if measure.definition.combine.statistic == "mix_adjusted":
        return _mix(measure, measure.base, blocks, grouping)
    return measure, _gap(measure, measure.base, blocks, grouping)


def _gap(measure: ResolvedMeasure, base: ResolvedMeasure, blocks: Blocks, grouping: Grouping) -> ByGroup:
    """Collect the base measure on both sides of the split, and put the sides of each group together."""
    split = str(measure.parameters["stratum"])
    if split in grouping.by:
        return ByGroup({}, f"The report is grouped by {split}, which is the split itself.")
    inner = collect(base, blocks, Grouping((*grouping.by, split)))
    return ByGroup({group: _sides(parts) for group, parts in _by_last(inner).items()}, inner.absent)


def _sides(parts: Mapping[str, Collected]) -> Collected:
    kept = {side: part.summary for side, part in parts.items() if part.summary is not None}
    known = sum(summary.n for side, summary in kept.items() if side != NOT_RECORDED)
    return Collected(
        summary=GapSummary(kept) if kept else None,
        excluded=_excluded(parts),
        covered=known,
        needed=sum(summary.n for summary in kept.values()),
        learners=sum(part.learners for part in parts.values()),
    )


def _mix(
    measure: ResolvedMeasure, base: ResolvedMeasure, blocks: Blocks, grouping: Grouping
) -> tuple[ResolvedMeasure, ByGroup]:
    """Collect the base measure by stratum at entry, and put the strata of each group together."""
    if ENTRY_STRATUM in grouping.by:
        return measure, ByGroup({}, "The report is grouped by the strata that the measure adjusts for.")
    inner = collect(base, blocks, Grouping((*grouping.by, ENTRY_STRATUM)))
    measure, summaries = standardized(measure, inner.groups)
    return measure, ByGroup(
        {group: _strata(found, summaries.get(group)) for group, found in _by_last(inner).items()}, inner.absent
    )


def _strata(parts: Mapping[str, Collected], summary: MixSummary | None) -> Collected:
    known = {stratum: part for stratum, part in parts.items() if "0" not in stratum.split(".")}
    return Collected(
        summary=summary,
        excluded=_excluded(parts),
        covered=sum(part.summary.n for part in known.values() if part.summary),
        needed=summary.n if summary else 0,
        learners=sum(part.learners for part in parts.values()),
    )


def _by_last(inner: ByGroup) -> dict[Group, dict[str, Collected]]:
    """Return what was collected by group without its last level, and by the value of that level."""
    found: dict[Group, dict[str, Collected]] = defaultdict(dict)
    for group, part in inner.groups.items():
        found[group[:-1]][group[-1][1]] = part
    return found


def _excluded(parts: Mapping[str, Collected]) -> dict[str, int]:
    excluded: Counter[str] = Counter()
    for part in parts.values():
        excluded.update(part.excluded)
    return dict(excluded)


def _areas(measure: ResolvedMeasure, blocks: Blocks, grouping: Grouping) -> ByGroup:
    if reason := absent(measure.definition, blocks):
        return ByGroup({}, reason)
    if not set(grouping.by) <= set(PLACES):
        return ByGroup({}, f"It belongs to an area and to no learner: group by {', '.join(PLACES)} or by nothing.")
    return ByGroup(disconnection(measure, blocks, grouping))
