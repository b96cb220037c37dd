"""One self-contained HTML page: no script, no outside request, every value escaped."""

from __future__ import annotations

import functools
import html
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from blended_standard._version import __version__
from blended_standard.compare import Effect, StudyReport
from blended_standard.errors import MissingExtraError
from blended_standard.measures import EngagementCalendar, MasteryMap, MeasureReport, MeasureResult, Status
from blended_standard.report import figures
from blended_standard.report.charts import Chart
from blended_standard.report.views import views
from blended_standard.results import Result, Row, rounded, shown
from blended_standard.spec import MeasureDefinition, Standard, load_standard
from blended_standard.validate import ValidationReport

_STATUS_WORDS = {
    Status.OK: "",
    Status.SMALL_N: "few learners",
    Status.LOW_COVERAGE: "gaps in the evidence",
    Status.NOT_MATURE: "too early",
    Status.NOT_COMPUTABLE: "not computable",
    Status.SUPPRESSED: "withheld",
}


class Page(str):
    """A whole page of HTML. A console says what it is; a notebook shows it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<page of HTML, {len(self.encode()) / 1024:,.0f} KiB>"

    def _repr_html_(self) -> str:
        return f'<iframe sandbox title="Report" style="width:100%;height:45rem" srcdoc="{html.escape(self)}"></iframe>'


@attrs.frozen(kw_only=True)
class Axis:
    """The scale of one plot: from `low` to `high` in the unit of the measure, with `zero` as a percentage of it."""

    low: float
    high: float
    zero: float | None

    @classmethod
    def over(cls, results: Sequence[MeasureResult], definition: MeasureDefinition) -> Axis:
        """Return a scale that holds every value and interval: 0 to 1 for shares, symmetric for differences."""
        ends = [end for entry in results if entry.interval for end in (entry.interval.low, entry.interval.high)]
        ends += [entry.value for entry in results if entry.value is not None]
        if definition.range.minimum == 0 and definition.range.maximum == 1:
            return cls(low=0.0, high=1.0, zero=None)
        reach = max((abs(end) for end in ends), default=1.0) or 1.0
        if min(ends, default=0.0) < 0:
            return cls(low=-reach, high=reach, zero=50.0)
        return cls(low=0.0, high=reach, zero=None)

    def at(self, value: float) -> float:
        """Return the place of a value, as a percentage of the width."""
        return round(100 * (value - self.low) / (self.high - self.low), 2)


def page(
    scored: MeasureReport,
    studies: Sequence[StudyReport] = (),
    checks: Sequence[ValidationReport] = (),
    others: Sequence[tuple[Result, str | None]] = (),
    *,
    title: str | None = None,
    standard: Standard | None = None,
    pictures: Sequence[tuple[MasteryMap | EngagementCalendar, str | None]] = (),
    withheld: int = 0,
    charts: Mapping[str, Sequence[Chart]] | None = None,
) -> Page:
    """Return the page of a report that was made `for_publication`; `withheld` comparisons were left out.

    `others` are further results, and `pictures` published maps and calendars, each with the reason for which it is
    withheld, or None. `charts` are those of each
    measure, made by `figures.of_measures`. Measures that could not be computed for any group are one list at the end.
    """
    standard = standard or load_standard()
    by_measure = {entry.measure: scored.select(entry.measure) for entry in scored}
    sections: list[dict[str, Any]] = [
        {
            "definition": standard.measures[name],
            "results": results,
            "axis": Axis.over(results, standard.measures[name]),
            "key": results[0].key,
            "parameters": results[0].parameters,
            "charts": (charts or {}).get(name, ()),
        }
        for name, results in by_measure.items()
    ]
    missing = [
        (section["definition"], list(dict.fromkeys(entry.reason for entry in section["results"])))
        for section in sections
        if all(entry.status is Status.NOT_COMPUTABLE for entry in section["results"])
    ]
    absent = {definition.id for definition, _ in missing}
    return Page(
        environment()
        .get_template("report.html.j2")
        .render(
            title=title or scored.source or "Outcomes of blended-learning programs",
            scored=scored,
            sections=sections,
            shown_sections=[section for section in sections if section["definition"].id not in absent],
            missing=missing,
            studies=studies,
            checks=checks,
            others=[_further(other, reason) for other, reason in others],
            pictures=views(pictures),
            forests=figures.of_studies(studies),
            withheld=withheld,
            package_version=__version__,
        )
    )


def _further(other: Result, reason: str | None) -> tuple[str, list[Row], Chart | None, str | None]:
    name = other.title or type(other).__name__
    return (name, [], None, reason) if reason else (name, other.rows(), figures.of_result(other), None)


@functools.cache
def environment() -> Any:
    """Return the templates, with the filters that they write numbers by."""
    try:
        import jinja2
    except ModuleNotFoundError:
        raise MissingExtraError("report", needs="jinja2, which fills in the HTML report,") from None
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("blended_standard.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"number": _number, "share": _share, "count": _count, "p": _p_value, "shown": shown}
    made.globals |= {"status_words": _STATUS_WORDS, "is_share": _is_share, "show_effect": _effect_filter}
    return made


def _is_share(definition: MeasureDefinition) -> bool:
    return definition.range.maximum == 1


def _effect_filter(effect: Effect) -> Callable[[float | None], str]:
    """Return how the numbers of an effect are written: differences of shares in points, others as they are."""
    return _points if effect.name in ("Difference", "Risk difference") else _number


def _points(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:+.1f} points".replace("-", "\u2212")


def _share(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}%".replace("-", "\u2212")


def _number(value: float | None) -> str:
    return "–" if value is None else rounded(value, 3).replace("-", "\u2212")


def _count(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"


def _p_value(value: float | None) -> str:
    if value is None:
        return "–"
    return "below 0.001" if value < 0.001 else f"{value:.3f}"
