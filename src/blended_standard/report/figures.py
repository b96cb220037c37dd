"""Which charts a report gets. What is withheld is never drawn, and steps of a curve are pooled before they are."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from blended_standard.compare import BalanceTable, StudyReport, funnel_rates
from blended_standard.compare.meta.analysis import MetaAnalysis
from blended_standard.compare.validity import IncrementalValidity
from blended_standard.measures import MeasureReport, MeasureResult, Status
from blended_standard.numeric.events import EVENT, EventTable, incidence, survival
from blended_standard.privacy import Policy
from blended_standard.report.charts import (
    Chart,
    Line,
    Mark,
    Series,
    funnel_chart,
    line_chart,
    percent,
    plain,
    row_chart,
)
from blended_standard.results import Estimate, Result, Row, ends
from blended_standard.spec import MeasureDefinition, Standard

OF_LEARNERS = ("survival", "cumulative_incidence")
_STEP_DAYS = 30
_FEWEST_UNITS = 5
_MOST_LINES = 6
_LEVELS = (0.95, 0.998)


def of_measures(
    scored: MeasureReport, public: MeasureReport, policy: Policy, standard: Standard
) -> dict[str, list[Chart]]:
    """Return the charts of each measure: curves over time, trend by year of entry, funnel of sites.

    `scored` is the report before publication, of which curves need the counts; nothing withheld in `public` is drawn.
    """
    made: dict[str, list[Chart]] = defaultdict(list)
    for name in dict.fromkeys(entry.measure for entry in public):
        definition = standard.measures[name]
        shown = [entry for entry in public.select(name) if entry.value is not None]
        charts = (
            _curves(definition, shown, scored.select(name), policy),
            _trend(definition, shown),
            _funnel(definition, shown),
        )
        made[name] = [chart for chart in charts if chart is not None]
    return made


def of_studies(studies: Sequence[StudyReport]) -> list[Chart]:
    """Return the forest plot of several comparisons, when there are several."""
    found = [(study, study.effects[0]) for study in studies if study.effects[0].value is not None]
    if len(found) < 2:
        return []
    lines: list[Line] = []
    table: list[Row] = []
    for study, effect in found:
        label = f"{study.first.label} against {study.second.label}"
        low, high = ends(effect.interval)
        lines.append(Line(label=label, marks=[Mark(value=effect.value or 0.0, low=low, high=high)]))
        table.append({"comparison": f"{study.name}: {label}", "difference": effect.value, "low": low, "high": high})
    words = "Each dot is a difference, first group less second, with its 95% interval; the line is no difference."
    return [row_chart(lines, title="Differences side by side", words=words, table=table, zero=0.0, write=percent)]


def of_result(part: Result) -> Chart | None:
    """Return the chart of a further result that may be shown, for the kinds that have one."""
    if isinstance(part, MetaAnalysis):
        return _forest(part)
    if isinstance(part, BalanceTable):
        return _love(part)
    if isinstance(part, IncrementalValidity):
        return _increments(part)
    return None


def pooled_steps(table: EventTable, horizon: int, policy: Policy, *, event_free: bool) -> list[tuple[int, float]]:
    """Return (day, value) of a curve on a grid of 30 days, thinned until no step is about few learners.

    A point stays only where at least `policy.minimum_n` had the event since the point before it and as many are still
    followed; the last is the horizon, whose value is published anyway. No time of a single person is on the grid.
    """
    estimate = survival if event_free else incidence
    events = sorted((time, count) for (time, code), count in table.counts.items() if code == EVENT and time <= horizon)
    days, seen, kept = range(_STEP_DAYS, horizon, _STEP_DAYS), 0, [(0, 0)]
    for day in days:
        seen = sum(count for time, count in events if time <= day)
        if seen - kept[-1][1] >= policy.minimum_n and table.followed_to(day + 1) >= policy.minimum_n:
            kept.append((day, seen))
    whole = sum(count for _, count in events)
    while len(kept) > 1 and whole - kept[-1][1] < policy.minimum_n:
        kept.pop()
    if whole < policy.minimum_n:
        return []
    points = [(day, estimate(table, day).value) for day, _ in kept[1:]]
    return [(0, 1.0 if event_free else 0.0), *points, (horizon, estimate(table, horizon).value)]


def _curves(
    definition: MeasureDefinition, shown: Sequence[MeasureResult], raw: Sequence[MeasureResult], policy: Policy
) -> Chart | None:
    """Draw the curves of the most detailed groups only, so that no curve can be taken from that of its total."""
    if definition.combine.statistic not in OF_LEARNERS:
        return None
    behind = {entry.group: entry for entry in raw}
    finest = max((len(entry.group) for entry in raw), default=0)
    series, table = [], []
    for entry in shown:
        counts = behind[entry.group].statistics
        if entry.status is Status.SUPPRESSED or len(entry.group) < finest or not counts:
            continue
        ends = EventTable({_time_and_code(item.name): int(item.value) for item in counts})
        horizon = int(dict(entry.parameters)["horizon_days"])
        free = definition.combine.statistic == "survival"
        points = pooled_steps(ends, horizon, policy, event_free=free)
        if len(points) < 3:
            continue
        series.append(Series(label=entry.label, points=[(day, Mark(value=value)) for day, value in points]))
        table += [{"group": entry.label, "day": day, "share": _share(value)} for day, value in points]
    if not 0 < len(series) <= _MOST_LINES:
        return None
    words = (
        f"The share over time, for {_listed(each.label for each in series)}. Between dots at least "
        f"{policy.minimum_n} learners had the event; lines join the dots and say nothing of single days."
    )
    title = f"{definition.title}, by days after entry"
    return line_chart(series, title=title, words=words, table=table, across="Days after entry")


def by_entry_year(entries: Iterable[MeasureResult]) -> Iterator[tuple[MeasureResult, str, str]]:
    """Yield each result with a value and a year of entry, that year, and the label of the rest of its group."""
    for entry in entries:
        year = dict(entry.group).get("entry_year")
        if year is not None and entry.value is not None:
            yield entry, year, ", ".join(part for part in entry.label.split(", ") if part != year)


def _trend(definition: MeasureDefinition, shown: Sequence[MeasureResult]) -> Chart | None:
    lines: dict[str, list[tuple[float, Mark]]] = defaultdict(list)
    table: list[Row] = []
    for entry, year, others in by_entry_year(shown):
        label = others or "All learners"
        low, high = ends(entry.interval)
        lines[label].append((float(year), Mark(value=entry.value or 0.0, low=low, high=high)))
        table.append({"group": label, "year of entry": year, "value": entry.value, "low": low, "high": high})
    series = [Series(label=label, points=sorted(points, key=_place)) for label, points in lines.items()]
    series = [each for each in series if len(each.points) > 1]
    table = [row for row in table if row["group"] in {each.label for each in series}]
    if not 0 < len(series) <= _MOST_LINES or definition.range.minimum != 0 or definition.range.maximum != 1:
        return None
    years = sorted({place for each in series for place, _ in each.points})
    words = "One dot a year of entry, with its 95% interval. Years about few learners are left out."
    title = f"{definition.title}, by year of entry"
    return line_chart(series, title=title, words=words, table=table, across="Year of entry", places=years)


def _funnel(definition: MeasureDefinition, shown: Sequence[MeasureResult]) -> Chart | None:
    """Draw sites against the limits of chance around the share of all sites shown (no others: they'd be implied)."""
    sites = [entry for entry in shown if "site" in dict(entry.group) and entry.n]
    if definition.combine.statistic not in OF_LEARNERS or len(sites) < _FEWEST_UNITS:
        return None
    sizes = [int(entry.n or 0) for entry in sites]
    events = [round((entry.value or 0.0) * size) for entry, size in zip(sites, sizes, strict=True)]
    target = sum(events) / sum(sizes)
    if not 0 < target < 1:
        return None
    limits = funnel_rates(events, sizes, target=target, levels=_LEVELS)
    grid = [max(4.0, max(sizes) * 1.05 * i / 60) for i in range(1, 61)]
    curves = [
        Series(label=f"{level:.1%}", points=[(size, Mark(value=_limit(target, size, z, sign))) for size in grid])
        for level, z in zip(_LEVELS, (1.959964, 3.090232), strict=True)
        for sign in (-1, 1)
    ]
    table: list[Row] = [
        {"site": entry.label, "learners": entry.n, "share": entry.value, "outside 99.8%": bool(limits.outside[i, 1])}
        for i, entry in enumerate(sites)
    ]
    outside = int(limits.outside[:, 1].sum())
    words = (
        f"Each dot is a site: its share over its size. By chance alone 95% lie inside the inner lines and 99.8% inside "
        f"the outer; {outside} of {len(sites)} lie outside the outer."
    )
    points = [(float(size), entry.value or 0.0) for size, entry in zip(sizes, sites, strict=True)]
    return funnel_chart(points, curves, target, title=f"{definition.title}, sites", words=words, table=table)


def _forest(part: MetaAnalysis) -> Chart | None:
    rows = part.forest_rows()
    lines = [
        Line(
            label=str(row["label"]),
            marks=[Mark(value=_float(row["effect"]), low=_float(row["low"]), high=_float(row["high"]))],
            strong=row["kind"] == "pooled",
        )
        for row in rows
        if row["effect"] is not None
    ]
    if not lines:
        return None
    words = "Each dot is an effect with its 95% interval, the pooled effect below the studies; the line is no effect."
    return row_chart(lines, title="Forest plot", words=words, table=rows, zero=0.0)


def _love(part: BalanceTable) -> Chart | None:
    points: dict[str, dict[str, float]] = defaultdict(dict)
    for row in part.love_plot():
        points[str(row["name"])][str(row["sample"])] = _float(row["absolute_smd"])
    samples = _SAMPLES if part.weighted else _SAMPLES[:1]
    lines = [
        Line(label=name, marks=[Mark(value=found[sample]) if sample in found else None for sample in samples])
        for name, found in points.items()
    ]
    if not lines:
        return None
    table: list[Row] = [{"covariate": name, **found} for name, found in points.items()]
    words = (
        f"Standardized differences between the groups {' and '.join(samples)} weighting; left of the dashed line "
        f"({part.threshold:g}) they count as balanced."
    )
    legend = [f"{sample.capitalize()} weighting" for sample in samples]
    title = "Balance of the groups (Love plot)"
    return row_chart(lines, title=title, words=words, table=table, legend=legend, zero=0.0, guides=[part.threshold])


_SAMPLES = ("before", "after")
_DRAWN = {"r2": "R²", "auc": "AUC"}


def _increments(part: IncrementalValidity) -> Chart | None:
    """Draw the accuracy of which more is better; the table has the others too."""
    lines: list[Line] = []
    said: list[str] = []
    for item in part.increments:
        if item.measure not in _DRAWN or item.legacy.value is None or item.combined.value is None:
            continue
        label = " ".join(filter(None, [_DRAWN[item.measure], item.group]))
        lines.append(Line(label=label, marks=[_mark(item.legacy), _mark(item.combined)]))
        gain = item.difference
        if gain.value is not None and gain.interval is not None:
            between = f"{gain.interval.low:.2f} to {gain.interval.high:.2f}"
            said.append(f"{label}: engagement adds {gain.value:.2f} (95% interval {between}).")
    if not lines:
        return None
    words = (
        "How well attendance alone, and attendance with engagement, tell the outcome of learners whom the model has "
        f"not seen; further right is better. {' '.join(said[:_MOST_LINES])}"
    )
    legend = ["Attendance alone", "Attendance and engagement"]
    title = "Attendance against engagement"
    return row_chart(lines, title=title, words=words, table=part.rows(), legend=legend, write=plain)


def _mark(found: Estimate) -> Mark:
    low, high = ends(found.interval)
    return Mark(value=found.value or 0.0, low=low, high=high)


def _limit(target: float, size: float, z: float, sign: int) -> float:
    return min(1.0, max(0.0, target + sign * z * math.sqrt(target * (1 - target) / size)))


def _time_and_code(name: str) -> tuple[int, int]:
    time, _, code = name.partition("/")
    return int(time), int(code)


def _share(value: float) -> float:
    return round(value, 3)


def _place(point: tuple[float, Mark]) -> float:
    return point[0]


def _float(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _listed(names: Iterable[str]) -> str:
    return " and ".join(name if len(name) <= 60 else name[:59] + "…" for name in names)
