"""`brief`: one comparison on two printed pages for people who decide and know no statistics."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs

from blended_standard._files import write_whole
from blended_standard._version import __version__
from blended_standard.compare import Step, StudyReport
from blended_standard.errors import UsageError
from blended_standard.measures import MeasureReport, MeasureResult
from blended_standard.measures.bridge import Claim, ClaimReport
from blended_standard.privacy import Ledger, Policy
from blended_standard.report.brief_words import (
    KINDS,
    WEEKS,
    attendance_view,
    counted,
    cut,
    group_size,
    headline,
    how_sure,
    what_would_change,
    when,
)
from blended_standard.report.charts import Chart, Line, Mark, hundred_chart, percent, plain, row_chart
from blended_standard.report.further import why_withheld
from blended_standard.report.page import Page, environment
from blended_standard.report.publish import for_publication, policy_of
from blended_standard.results import Result, Row, ends
from blended_standard.spec import MeasureDefinition, Standard, load_standard

_LABEL, _TITLE, _NARROW = 40, 120, 340
_SURE, _STEPS, _REASONS, _RULES = 5, 8, 5, 4


def brief(
    study: StudyReport,
    scored: MeasureReport,
    *further: Result,
    to: str | Path | None = None,
    title: str | None = None,
    standard: Standard | None = None,
    ledger: str | Path | None = None,
) -> str:
    """Make an evidence brief: what was compared and found, how sure, the rating, what would change it.

    Parameters
    ----------
    study : StudyReport
        What `compare` gave. A `design` given there is what the rating stands on.
    scored : MeasureReport
        The report that the study was made from. The brief obeys its profile, and withholds what its other results would
        give away by subtraction.
    *further : EValue, RobustnessOfInference, RosenbaumBounds, OsterDelta, LeeBounds, FollowUpBounds, ClaimReport, \
IncrementalValidity
        Sensitivity of the conclusion, and what attendance rules make of the same learners. Without an `EValue` the
        brief computes one where the effect allows it.
    to : path, optional
        Where to write; the file appears whole or not at all.
    title : str, optional
        Of the brief. Default: the measure and the two groups.
    ledger : path, optional
        As for `report`. Of `scored` only what the brief shows is added: the two results, and their weeks with learning
        where a claim is among `further`.

    Returns
    -------
    str
        A self-contained HTML page without script that prints on two sheets, A4 or Letter. A side about few learners
        leaves no number in it.

    Raises
    ------
    UsageError
        The study was not made from `scored`, or a further result is of a kind that a brief has no place for.

    Examples
    --------
    >>> import blended_standard as bs
    >>> from blended_standard.testing import district
    >>> found = bs.score(district(120, programs=2, seed=7), "ENG-01", by="program")
    >>> study = bs.compare.compare_groups(found, "ENG-01", [entry.label for entry in found])
    >>> "What would change this conclusion" in bs.report.brief(study, found)
    True
    """
    standard = standard or load_standard()
    policy = policy_of(standard.profile(scored.profile))
    # A claim is withheld line by line: its words code shares at the ends instead of hiding them.
    parts = [part for part in _flat(further) if isinstance(part, Claim) or why_withheld(part, policy) is None]
    releases = Ledger.read(ledger) if ledger is not None else None
    public = for_publication(scored, standard=standard, ledger=releases)
    first, second = (_side(public, entry) for entry in (study.first, study.second))
    groups = (first.group, second.group)
    reason = next((side.reason for side in (first, second) if side.value is None), None)
    labels = [cut(entry.label, _LABEL) for entry in (first, second)]
    definition = standard.measures[study.first.measure]
    shown = None if reason else _shortened(attrs.evolve(study, first=first, second=second), labels)  # type: ignore[misc]
    text = Page(
        environment()
        .get_template("brief.html.j2")
        .render(
            title=cut(title or f"{labels[0]} and {labels[1]}: {definition.title.lower()}", _TITLE),
            study=shown,
            labels=labels,
            definition=definition,
            window=cut(when(definition, first.parameters)),
            key=first.key,
            scored=scored,
            withheld=reason,
            **(_contents(shown, parts, public, policy, definition) if shown else {}),
            cut=cut,
            package_version=__version__,
        )
    )
    if to is not None:
        write_whole(Path(to), text)
        if releases is not None and ledger is not None:
            used = tuple(entry for entry in public if entry.measure in (first.measure, WEEKS) and entry.group in groups)
            releases.add_file(Path(to), attrs.evolve(public, results=used)).write(ledger)  # type: ignore[misc]
    return text


def _contents(
    study: StudyReport, parts: list[Result], public: MeasureReport, policy: Policy, definition: MeasureDefinition
) -> dict[str, Any]:
    """Return what the template shows of a comparison that may be published, each list no longer than its page takes."""
    return {
        "sizes": [group_size(entry, definition) for entry in (study.first, study.second)],
        "headline": headline(study, definition),
        "sure": how_sure(study)[:_SURE],
        "changes": what_would_change(study, parts)[:_REASONS],
        "attendance": attendance_view(study, parts, public, policy)[:_RULES],
        "people": _people(study, definition),
        "intervals": _intervals(study, definition),
        "steps": _told(study.rating.steps)[:_STEPS] if study.rating else (),
    }


def _flat(further: Sequence[Result]) -> list[Result]:
    parts = [each for part in further for each in (part.claims if isinstance(part, ClaimReport) else (part,))]
    for part in parts:
        if not isinstance(part, KINDS):
            accepted = ", ".join(kind.__name__ for kind in KINDS)
            raise UsageError(f"A brief has no place for a {type(part).__name__}. It takes: {accepted}.")
    return parts


def _side(public: MeasureReport, entry: MeasureResult) -> MeasureResult:
    for found in public.select(entry.measure):
        if found.group == entry.group and found.key == entry.key:
            return found
    raise UsageError(
        f"{entry.measure} of {entry.label} is not in scored. Pass the report that the study was made from."
    )


def _shortened(study: StudyReport, labels: Sequence[str]) -> StudyReport:
    """Return the study with labels that fit on a page, in its sentences too."""
    sentences = study.sentences
    for entry, label in zip((study.first, study.second), labels, strict=True):
        sentences = tuple(sentence.replace(entry.label, label) for sentence in sentences)
    sides = [
        attrs.evolve(entry, label=label)  # type: ignore[misc]
        for entry, label in zip((study.first, study.second), labels, strict=True)
    ]
    return attrs.evolve(study, first=sides[0], second=sides[1], sentences=sentences)  # type: ignore[misc]


def _people(study: StudyReport, definition: MeasureDefinition) -> Chart | None:
    """Draw both shares as counts of 100."""
    if definition.range.maximum != 1 or definition.unit.result != "share":
        return None
    groups = [(entry.label, entry.value or 0.0) for entry in (study.first, study.second)]
    return hundred_chart(groups, title=f"Of 100 {counted(definition)}")


def _intervals(study: StudyReport, definition: MeasureDefinition) -> Chart:
    """Draw both values with their intervals."""
    sides = (study.first, study.second)
    spans = [ends(entry.interval) for entry in sides]
    marks = [
        Mark(value=entry.value or 0.0, low=low, high=high) for entry, (low, high) in zip(sides, spans, strict=True)
    ]
    lines = [
        Line(label=sides[0].label, marks=[marks[0], None], strong=True),
        Line(label=sides[1].label, marks=[None, marks[1]], strong=True),
    ]
    table: list[Row] = [
        {"group": entry.label, "value": entry.value, "low": low, "high": high}
        for entry, (low, high) in zip(sides, spans, strict=True)
    ]
    words = "The dot is the number found, the line its 95% interval."
    write = percent if definition.range.maximum == 1 else plain
    return row_chart(lines, title="How exact the numbers are", words=words, table=table, write=write, width=_NARROW)


def _told(steps: Sequence[Step]) -> list[Step]:
    """Return the steps of a rating, what failed or is open before what was met, without the last (its sum)."""
    order = {False: 0, None: 1, True: 2}
    return sorted(steps[:-1], key=lambda step: order[step.passed])
