"""`report`: put measure reports, comparisons and checks into one page, or one JSON file."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import attrs

from blended_standard._files import write_whole
from blended_standard.compare import StudyReport
from blended_standard.errors import UsageError, expect
from blended_standard.measures import EngagementCalendar, MasteryMap, MeasureReport, Status, merge
from blended_standard.privacy import Ledger, Policy
from blended_standard.report import figures
from blended_standard.report.further import why_withheld
from blended_standard.report.page import page
from blended_standard.report.pictures import SECOND, cells_of, overlaps, published
from blended_standard.report.publish import for_publication, policy_of
from blended_standard.results import Result
from blended_standard.spec import Standard, load_standard
from blended_standard.validate import ValidationReport

_PICTURES = (MasteryMap, EngagementCalendar)
_Pictures = list[tuple[MasteryMap | EngagementCalendar, str | None]]


def report(
    *parts: Result,
    to: str | Path | None = None,
    format: Literal["html", "json"] | None = None,  # noqa: A002
    title: str | None = None,
    standard: Standard | None = None,
    ledger: str | Path | None = None,
) -> str:
    """Make a report that can be published.

    Parameters
    ----------
    *parts : MeasureReport, StudyReport, ValidationReport, MasteryMap, EngagementCalendar, or any other result
        Measure reports of one grouping are merged, those of several are shown together (totals beside their parts).
        Measures about few learners are withheld by the rules of the profile, and so is what would give them away by
        subtraction; a comparison that rests on a withheld measure is left out. A meta-analysis, a balance table and an
        incremental validity are drawn, and so are mastery maps and engagement calendars; a second map or calendar of
        learners who are in one before it is withheld, since the two could be set against each other. Other results are
        tables. One that is about few learners in any part is withheld whole.
    to : path, optional
        Where to write; the file appears whole or not at all.
    format : {"html", "json"}, optional
        Default: by the ending of `to`, else HTML.
    title : str, optional
        Of the page.
    ledger : path, optional
        File of the releases so far (`privacy.Ledger`). What they and this report would give away together is withheld,
        and once the report is written the release is added, under the name and time of the file.

    Returns
    -------
    str
        The page, which a notebook shows, or the JSON text.

    Raises
    ------
    UsageError
        There is no measure report among the parts, or the format is not known, or the ending of `to` does not say it.
    """
    standard = standard or load_standard()
    for part in parts:
        expect("each part", part, Result, "what score(), compare() and validate() gave, and other results")
    measured = [part for part in parts if isinstance(part, MeasureReport)]
    if not measured:
        raise UsageError("report() got no MeasureReport. Pass what score() or merge() gave.")
    policy = policy_of(standard.profile(measured[0].profile))
    chosen = format or _format_of(to)
    if chosen not in ("html", "json"):
        raise UsageError(f"format={format!r} is not one of html, json.")
    scored = _together(measured, standard)
    releases = Ledger.read(ledger) if ledger is not None else None
    public = for_publication(scored, standard=standard, ledger=releases)
    pictures = _pictures(parts, policy, releases)
    studies = [_published(part, public) for part in parts if isinstance(part, StudyReport)]
    shown = [study for study in studies if study is not None]
    checks = [part for part in parts if isinstance(part, ValidationReport)]
    others = [
        (part, why_withheld(part, policy))
        for part in parts
        if not isinstance(part, (MeasureReport, StudyReport, ValidationReport, *_PICTURES))
    ]
    text = (
        _as_json(public, shown, checks, others, pictures, title)
        if chosen == "json"
        else page(
            public,
            shown,
            checks,
            others,
            title=title,
            standard=standard,
            pictures=pictures,
            withheld=len(studies) - len(shown),
            charts=figures.of_measures(scored, public, policy, standard),
        )
    )
    if to is not None:
        write_whole(Path(to), text)
        if releases is not None and ledger is not None:
            beside = [cell for picture, reason in pictures if not reason for cell in cells_of(picture)]
            releases.add_file(Path(to), public, beside).write(ledger)
    return text


def _format_of(to: str | Path | None) -> str:
    ending = Path(to).suffix.lower() if to is not None else ""
    if ending not in ("", ".html", ".htm", ".json"):
        raise UsageError(
            f"to={str(to)!r} ends in none of .html, .htm and .json. Name it so, or pass format='html'. A browser "
            "prints the page to PDF."
        )
    return "json" if ending == ".json" else "html"


def _pictures(parts: Sequence[Result], policy: Policy, ledger: Ledger | None) -> _Pictures:
    """Return each picture as it may be published; one of learners who are in a picture before it is withheld whole."""
    pictures = [part for part in parts if isinstance(part, _PICTURES)]
    earlier = ledger.by_key() if ledger else {}
    return [
        (published(picture, policy, earlier), SECOND if overlaps(picture, pictures[:i]) else None)
        for i, picture in enumerate(pictures)
    ]


def _with_reasons(parts: Sequence[tuple[Result, str | None]]) -> list[dict[str, Any]]:
    return [{"kind": type(part).__name__, "reason": reason} if reason else part.to_dict() for part, reason in parts]


def _together(measured: list[MeasureReport], standard: Standard) -> MeasureReport:
    """Merge the reports of each grouping, and put those of different groupings into one, measure by measure."""
    alike: dict[tuple[str, ...], list[MeasureReport]] = defaultdict(list)
    for part in measured:
        alike[part.by].append(part)
    merged = [parts[0] if len(parts) == 1 else merge(parts, standard=standard) for parts in alike.values()]
    first = merged[0]
    for part in merged[1:]:
        for name in ("standard_version", "profile", "as_of"):
            if getattr(part, name) != getattr(first, name):
                raise UsageError(f"{name} differs: {getattr(first, name)} and {getattr(part, name)}. Score both alike.")
    order = list(dict.fromkeys(entry.measure for part in merged for entry in part))
    results = sorted((entry for part in merged for entry in part), key=lambda entry: order.index(entry.measure))
    by = tuple(dict.fromkeys(name for part in merged for name in part.by))
    synthetic = any(part.synthetic for part in merged)
    return attrs.evolve(first, by=by, results=tuple(results), synthetic=synthetic)  # type: ignore[misc]


def _published(study: StudyReport, public: MeasureReport) -> StudyReport | None:
    """Return the study with its published results, or None when one of them is withheld."""
    sides = {
        entry.group: entry for entry in public if entry.measure == study.first.measure and entry.key == study.first.key
    }
    first, second = sides.get(study.first.group), sides.get(study.second.group)
    if first is None or second is None or Status.SUPPRESSED in (first.status, second.status):
        return None
    return attrs.evolve(study, first=first, second=second)  # type: ignore[misc]


def _as_json(
    public: MeasureReport,
    studies: list[StudyReport],
    checks: list[ValidationReport],
    others: list[tuple[Result, str | None]],
    pictures: _Pictures,
    title: str | None,
) -> str:
    content = {
        "title": title or public.source,
        "measures": public.to_dict(),
        "comparisons": [study.to_dict() for study in studies],
        "checks": [check.to_dict() for check in checks],
        "pictures": _with_reasons(pictures),
        "further": _with_reasons(others),
    }
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
