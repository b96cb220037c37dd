"""OUT-16: context of an area from population estimates, which belong to no learner."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from blended_standard.measures.blocks import EPOCH, Blocks
from blended_standard.measures.finish import Collected
from blended_standard.measures.groups import LEVELS, NOT_RECORDED, Grouping
from blended_standard.measures.report import Group
from blended_standard.measures.resolved import ResolvedMeasure
from blended_standard.measures.summaries import RatioSummary
from blended_standard.numeric.intervals import RatioMoments

PLACES = ("jurisdiction", "program", "site")
_PARTS = {"high_school": "_no_diploma", "postsecondary": "_diploma", "workforce": "_credential"}
Estimate = Mapping[str, Any]


def disconnection(measure: ResolvedMeasure, blocks: Blocks, grouping: Grouping) -> dict[Group, Collected]:
    """Sum the estimates of the areas that each group lies in, each area once (OUT-16).

    The area of a program is the one whose identifier is the program's jurisdiction. The estimates come without their
    sampling error, so that the result has no interval.
    """
    estimates = _estimates(blocks, int(measure.parameters["year"]))
    places = blocks.engine.collect(blocks.places.select("jurisdiction", "program_id", "site_id"))
    areas: dict[Group, set[str | None]] = defaultdict(set)
    for values in zip(*places.values(), strict=True):
        place = dict(zip(places, values, strict=True))
        group = grouping.group([place[LEVELS[name]] or NOT_RECORDED for name in grouping.by])
        areas[group].add(place["jurisdiction"])
    return {
        group: _of_areas([estimates[area] for area in sorted(filter(None, found)) if area in estimates], len(found))
        for group, found in areas.items()
    }


def _estimates(blocks: Blocks, year: int) -> dict[str | None, Estimate]:
    """Return the estimate of each area for `year`, or where that is 0 for the latest year that has ended."""
    columns = blocks.engine.collect(blocks.table("population_estimate"))
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    last = (EPOCH + dt.timedelta(days=blocks.as_of + 1)).year - 1
    ended = [row for row in rows if row["year"] <= last and row["year"] == (year or row["year"])]
    return {row["area_id"]: row for row in sorted(ended, key=lambda row: int(row["year"]))}


def _of_areas(found: list[Estimate], asked: int) -> Collected:
    parts = {name: _sums(found, end) for name, end in _PARTS.items()}
    whole = _sums(found, "")
    return Collected(
        summary=whole,
        components={name: part for name, part in parts.items() if part is not None},
        covered=len(found),
        needed=asked,
        learners=whole.n if whole else 0,
        absent="No area that a program names as its jurisdiction has an estimate for the year.",
    )


def _sums(found: list[Estimate], end: str) -> RatioSummary | None:
    """Return disconnected by youth over the areas that know both; the units are people, of independent samples none."""
    known = [(row[f"disconnected{end}"], row[f"youth{end}"]) for row in found]
    known = [(x, y) for x, y in known if x is not None and y is not None]
    if not known:
        return None
    x, y = (float(sum(values)) for values in zip(*known, strict=True))
    return RatioSummary(RatioMoments(n=round(y), clusters=0, x=x, y=y))
