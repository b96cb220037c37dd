"""Plots for notebooks: the tidy table of each kind of plot, and its drawing with matplotlib (the extra `plot`).

`Result.plot` and `Result.plot_data` come here. Nothing is withheld: these are for those who hold the data. The charts
of pages that are published are made in `figures`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import cycle
from typing import Any

import attrs

from blended_standard.compare import BalanceTable, StudyReport
from blended_standard.compare.meta.analysis import MetaAnalysis
from blended_standard.compare.programs import ProgramEffects
from blended_standard.errors import MissingExtraError, NotEstimableError, UsageError
from blended_standard.measures import EngagementCalendar, MasteryMap, MeasureReport, MeasureResult
from blended_standard.measures.mastery_map import code_of
from blended_standard.numeric.events import EventTable, incidence, survival
from blended_standard.numeric.intervals import normal_quantile
from blended_standard.report import plot_tiles
from blended_standard.report.figures import by_entry_year
from blended_standard.results import Result, Row, ends
from blended_standard.spec import load_standard

_COLORS = ("#0b5cad", "#a8500a", "#2e7d4f", "#7a3b8f", "#6b6f00", "#b3254b")
_MARKERS = ("o", "s", "^", "D", "v", "P")
_DASHES = ("-", "--", ":", "-.", (0, (5, 1)), (0, (1, 1)))
_SOFT = "#7f8a99"
_CURVES: dict[str, Callable[..., Any]] = {"survival": survival, "cumulative_incidence": incidence}
_LONGEST = 40


@attrs.frozen(kw_only=True)
class Plot:
    """What to draw: rows, how, and the words around them."""

    form: str
    rows: list[Row]
    title: str
    across: str = ""
    up: str = ""
    zero: float | None = None
    guide: float | None = None
    share: bool = False


def plot_of(part: Result, kind: str | None, **options: str) -> Plot:
    """Return the plot of a result; `UsageError` names the kinds that there are."""
    kinds = next((found for owner, found in _KINDS.items() if isinstance(part, owner)), {})
    if not kinds:
        have = ", ".join(owner.__name__ for owner in _KINDS)
        raise UsageError(f"A {type(part).__name__} has no plot. There are plots of: {have}.")
    if kind is not None and kind not in kinds:
        raise UsageError(f"kind={kind!r} is not a plot of a {type(part).__name__}. There are: {', '.join(kinds)}.")
    accepted = ("measure",) if isinstance(part, MeasureReport) else ()
    unknown = [name for name in options if name not in accepted]
    if unknown:
        raise UsageError(f"{unknown[0]}= is not an option of this plot. There are: {', '.join(accepted) or 'none'}.")
    return kinds[kind or next(iter(kinds))](part, **options)


def draw(plot: Plot, ax: Any = None) -> Any:
    """Draw a plot on `ax`, or on a new figure, and return the axes."""
    try:
        import matplotlib.pyplot as plt
    except ModuleNotFoundError:
        raise MissingExtraError("plot", needs="matplotlib, which draws the plots,") from None
    if ax is None:
        tall = 1.3 + 0.32 * len(plot.rows) if plot.form in ("rows", "dots") else 4.2
        if plot.form in ("map", "calendar"):
            tall = plot_tiles.height_of(plot.form, plot.rows)
        _, ax = plt.subplots(figsize=(7, min(tall, 14)), layout="constrained")
    _FORMS[plot.form](plot, ax)
    ax.set_title(plot.title, loc="left", fontsize="medium", wrap=True)
    if plot.across:
        ax.set_xlabel(plot.across)
    ax.set_ylabel(plot.up)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def _groups(report: MeasureReport, measure: str | None = None) -> Plot:
    entries = _of_one(report, measure)
    definition = load_standard().measures[entries[0].measure]
    rows: list[Row] = []
    for entry in entries:
        low, high = ends(entry.interval)
        row: Row = {"measure": entry.measure, "group": entry.label, "value": entry.value, "low": low, "high": high}
        rows.append(row | {"n": entry.n, "status": entry.status.value, "reason": entry.reason})
    share = definition.range.minimum == 0 and definition.range.maximum == 1
    zero = None if definition.range.minimum == 0 else 0.0
    across = "Share, with 95% interval" if share else f"{definition.unit.result}, with 95% interval"
    return Plot(form="rows", rows=rows, title=definition.title, across=across.capitalize(), zero=zero, share=share)


def _trend(report: MeasureReport, measure: str | None = None) -> Plot:
    entries = _of_one(report, measure)
    definition = load_standard().measures[entries[0].measure]
    rows: list[Row] = []
    for entry, year, others in by_entry_year(entries):
        low, high = ends(entry.interval)
        row: Row = {"measure": entry.measure, "group": others or "all", "x": float(year), "value": entry.value}
        rows.append(row | {"low": low, "high": high, "n": entry.n})
    if not rows:
        raise UsageError('A trend needs groups by year of entry. Score with by=("program", "entry_year").')
    rows.sort(key=lambda row: (str(row["group"]), _number(row["x"])))
    share = definition.range.minimum == 0 and definition.range.maximum == 1
    return Plot(form="lines", rows=rows, title=definition.title, across="Year of entry", up="Value", share=share)


def _curve(report: MeasureReport, measure: str | None = None) -> Plot:
    entries = _of_one(report, measure, only=tuple(_CURVES))
    definition = load_standard().measures[entries[0].measure]
    estimate = _CURVES[definition.combine.statistic]
    rows: list[Row] = []
    for entry in entries:
        counts = [(*map(int, item.name.split("/")), int(item.value)) for item in entry.statistics]
        table = EventTable({(time, code): count for time, code, count in counts})
        horizon = int(dict(entry.parameters)["horizon_days"])
        days = sorted({0, *(time for time, _, _ in counts if 0 < time <= horizon), horizon}) if counts else []
        for day in days:
            found = estimate(table, day)
            row: Row = {"measure": entry.measure, "group": entry.label, "x": float(day), "value": found.value}
            rows.append(row | {"low": found.interval.low, "high": found.interval.high})
    if not rows:
        raise NotEstimableError(
            "A curve needs the counts behind the measure, which a published report does not hold. Plot what score() "
            "gave; the page of report() draws the curve that may be published."
        )
    return Plot(form="steps", rows=rows, title=definition.title, across="Days after entry", up="Share", share=True)


def _study(study: StudyReport) -> Plot:
    gap = study.effects[0]
    rows: list[Row] = []
    for label, part in ((study.first.label, study.first), (study.second.label, study.second), ("Difference", gap)):
        low, high = ends(part.interval)
        row: Row = {"measure": study.measure, "group": label, "value": part.value, "low": low, "high": high}
        rows.append(row | {"n": part.n, "reason": part.reason, "strong": label == "Difference"})
    share = load_standard().measures[study.first.measure].range.maximum == 1
    across = "The two values and their difference, with intervals"
    return Plot(form="rows", rows=rows, title=study.name, across=across, zero=0.0, share=share)


def _love(table: BalanceTable) -> Plot:
    rows = [row for row in table.love_plot() if table.weighted or row["sample"] == "before"]
    across = "Absolute standardized difference"
    return Plot(form="dots", rows=rows, title="Balance of the groups", across=across, zero=0.0, guide=table.threshold)


def _meta_forest(part: MetaAnalysis) -> Plot:
    rows = [
        {"group": row["label"], "value": row["effect"], "low": row["low"], "high": row["high"]}
        | {"se": row["se"], "weight": row["weight"], "kind": row["kind"], "strong": row["kind"] != "study"}
        for row in part.forest_rows()
    ]
    return Plot(form="rows", rows=rows, title="Forest plot", across="Effect, with 95% interval", zero=0.0)


def _meta_funnel(part: MetaAnalysis) -> Plot:
    rows: list[Row] = [
        {"group": label, "value": float(effect), "se": float(se), "center": part.value}
        for label, effect, se in zip(part.labels, part.effects, part.standard_errors, strict=True)
    ]
    title = "Funnel plot: studies by their exactness"
    return Plot(form="funnel", rows=rows, title=title, across="Effect", up="Standard error")


def _programs(part: ProgramEffects) -> Plot:
    """Draw two bars a program, since two programs can differ where their own intervals overlap; shade every other band.

    Where places can't be told, the title says so in place of a rank.
    """
    rows: list[Row] = [
        {
            "group": each.group,
            "label": f"{each.group} ({each.n:,})",
            "value": each.value,
            "n": each.n,
            "band": each.band,
        }
        | {"low": each.interval.low, "high": each.interval.high}
        | {"inner_low": each.comparison.low, "inner_high": each.comparison.high}
        for each in part.programs
    ]
    across = f"Effect. Thin: {100 * part.level:g}% interval.\nThick: where these do not overlap, two programs differ."
    title = part.title if part.reason is None else f"{part.title}. {part.reason}"
    return Plot(form="rows", rows=rows, title=title, across=across, zero=0.0)


def _map(part: MasteryMap) -> Plot:
    rows: list[Row] = [
        {"section": line.section, "competency": line.name, "competency_id": line.competency, "group": label}
        | {"share": cell.share, "n": cell.n, "status": cell.status.value, "code": code_of(cell.reason)}
        for line, label, cell in part.cells()
    ]
    return Plot(form="map", rows=rows, title=f"{part.title}: percent of learners with a decision")


def _calendar(kind: str) -> Callable[[EngagementCalendar], Plot]:
    def of(part: EngagementCalendar) -> Plot:
        rows: list[Row] = [
            {"day": day.date.isoformat(), "share": getattr(day, f"{kind}_share"), "n": day.n, "reason": day.reason}
            for day in part.days
        ]
        what = "any learning action" if kind == "active" else "accepted work"
        return Plot(form="calendar", rows=rows, title=f"{part.place}: share of learners with {what}")

    return of


_KINDS: dict[type[Result], dict[str, Callable[..., Plot]]] = {
    MeasureReport: {"groups": _groups, "trend": _trend, "curve": _curve},
    StudyReport: {"forest": _study},
    BalanceTable: {"love": _love},
    MetaAnalysis: {"forest": _meta_forest, "funnel": _meta_funnel},
    ProgramEffects: {"groups": _programs},
    MasteryMap: {"map": _map},
    EngagementCalendar: {"active": _calendar("active"), "productive": _calendar("productive")},
}


def _of_one(report: MeasureReport, measure: str | None, *, only: Sequence[str] = ()) -> list[MeasureResult]:
    """Return the results of the measure to draw: the one named, or the only one there is (of the statistics given)."""
    measures = load_standard().measures
    have = list(dict.fromkeys(entry.measure for entry in report))
    fit = [name for name in have if not only or measures[name].combine.statistic in only]
    if measure is None and len(fit) == 1:
        measure = fit[0]
    if measure not in fit:
        what = "names none" if measure is None else f"names {measure!r}"
        raise UsageError(f"measure= {what}. Pass one of those that this plot can show: {', '.join(fit) or 'none'}.")
    return list(report.select(measure))


def _draw_rows(plot: Plot, ax: Any) -> None:
    """Draw one row a label, first on top; where there is no value, say why."""
    places = range(len(plot.rows) - 1, -1, -1)
    for place, row in zip(places, plot.rows, strict=True):
        color = _COLORS[1] if row.get("strong") else _COLORS[0]
        if row["value"] is None:
            ax.annotate(
                _cut(row.get("reason") or "no value", 80),
                (0.01, place),
                xycoords=("axes fraction", "data"),
                va="center",
                fontsize="small",
                color=_SOFT,
            )
            continue
        value = _number(row["value"])
        if row["low"] is not None and row["high"] is not None:
            thin = "inner_low" in row
            ax.plot([_number(row["low"]), _number(row["high"])], [place] * 2, color=color, linewidth=1 if thin else 2)
        if "inner_low" in row:
            ax.plot([_number(row["inner_low"]), _number(row["inner_high"])], [place] * 2, color=color, linewidth=4)
        if _number(row.get("band", 0)) % 2 == 1:
            ax.axhspan(place - 0.5, place + 0.5, color=_SOFT, alpha=0.12, linewidth=0)
        if row.get("kind") != "prediction":
            ax.plot(value, place, "D" if row.get("strong") else "o", color=color, markersize=6)
    ax.set_yticks(list(places), [_cut(row.get("label", row["group"])) for row in plot.rows])
    ax.set_ylim(-0.6, len(plot.rows) - 0.4)
    _guides(plot, ax)


def _draw_dots(plot: Plot, ax: Any) -> None:
    """Draw a Love plot: one row a covariate, one mark a sample."""
    names = list(dict.fromkeys(str(row["name"]) for row in plot.rows))
    height = {name: len(names) - 1 - i for i, name in enumerate(names)}
    for i, sample in enumerate(dict.fromkeys(str(row["sample"]) for row in plot.rows)):
        own = [row for row in plot.rows if row["sample"] == sample]
        ax.plot(
            [_number(row["absolute_smd"]) for row in own],
            [height[str(row["name"])] for row in own],
            _MARKERS[i],
            color=_COLORS[i],
            fillstyle="none" if sample == "before" else "full",
            label=f"{sample.capitalize()} weighting",
        )
    ax.set_yticks(list(height.values()), [_cut(name) for name in names])
    ax.set_ylim(-0.6, len(names) - 0.4)
    _guides(plot, ax)
    if len(plot.rows) > len(names):
        _legend(ax)


def _draw_lines(plot: Plot, ax: Any) -> None:
    for (label, rows), color, marker, dash in zip(
        _by_group(plot.rows), cycle(_COLORS), cycle(_MARKERS), cycle(_DASHES)
    ):
        x, y = [_number(row["x"]) for row in rows], [_number(row["value"]) for row in rows]
        ax.plot(x, y, marker=marker, linestyle=dash, color=color, label=label)
        for row in rows:
            if row["low"] is not None and row["high"] is not None:
                ax.plot([_number(row["x"])] * 2, [_number(row["low"]), _number(row["high"])], color=color, alpha=0.5)
    ax.set_xticks(sorted({_number(row["x"]) for row in plot.rows}))
    ax.xaxis.set_major_formatter("{x:.0f}")
    _shares(plot, ax.yaxis)
    _scale(plot, ax)
    _legend(ax)


def _draw_steps(plot: Plot, ax: Any) -> None:
    for (label, rows), color, dash in zip(_by_group(plot.rows), cycle(_COLORS), cycle(_DASHES)):
        x, y = [_number(row["x"]) for row in rows], [_number(row["value"]) for row in rows]
        ax.step(x, y, where="post", linestyle=dash, color=color, label=label)
        low, high = [_number(row["low"]) for row in rows], [_number(row["high"]) for row in rows]
        ax.fill_between(x, low, high, step="post", color=color, alpha=0.15, linewidth=0)
    _shares(plot, ax.yaxis)
    _scale(plot, ax)
    _legend(ax)


def _draw_funnel(plot: Plot, ax: Any) -> None:
    """Draw the studies over their standard errors, most exact on top, within the limits of chance."""
    errors = [_number(row["se"]) for row in plot.rows]
    deepest = 1.05 * max(errors)
    ax.plot([_number(row["value"]) for row in plot.rows], errors, "o", color=_COLORS[0])
    center = plot.rows[0]["center"]
    if center is not None:
        reach = normal_quantile(0.95) * deepest
        middle = _number(center)
        ax.plot([middle - reach, middle, middle + reach], [deepest, 0, deepest], "--", color=_SOFT)
        ax.axvline(middle, color=_SOFT, linewidth=1)
    ax.set_ylim(deepest, 0)


_FORMS: dict[str, Callable[[Plot, Any], None]] = {
    "rows": _draw_rows,
    "dots": _draw_dots,
    "lines": _draw_lines,
    "steps": _draw_steps,
    "funnel": _draw_funnel,
    "map": lambda plot, ax: plot_tiles.draw_map(plot.rows, ax),
    "calendar": lambda plot, ax: plot_tiles.draw_calendar(plot.rows, ax),
}


def _guides(plot: Plot, ax: Any) -> None:
    if plot.zero is not None:
        ax.axvline(plot.zero, color=_SOFT, linewidth=1, zorder=0)
    if plot.guide is not None:
        ax.axvline(plot.guide, color=_SOFT, linewidth=1, linestyle="--", zorder=0)
    ax.grid(axis="x", alpha=0.25)
    ax.tick_params(axis="y", length=0)
    _shares(plot, ax.xaxis)


def _shares(plot: Plot, axis: Any) -> None:
    if plot.share:
        from matplotlib.ticker import PercentFormatter

        axis.set_major_formatter(PercentFormatter(xmax=1, decimals=0))


def _scale(plot: Plot, ax: Any) -> None:
    if plot.share:
        ax.set_ylim(0, 1)
    ax.grid(axis="y", alpha=0.25)


def _legend(ax: Any) -> None:
    """Put the legend beside the axes, where it covers no mark."""
    ax.legend(frameon=False, fontsize="small", loc="center left", bbox_to_anchor=(1.0, 0.5))


def _by_group(rows: Iterable[Row]) -> list[tuple[str, list[Row]]]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[_cut(row["group"])].append(row)
    return list(groups.items())


def _cut(text: object, longest: int = _LONGEST) -> str:
    line = " ".join(str(text).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")
