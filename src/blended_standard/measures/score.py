"""`score`: compute measures of a submission, by group, on an engine; `merge`: add up reports of disjoint learners."""

from __future__ import annotations

import datetime as dt
import functools
import operator
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import attrs

from blended_standard.engine import Engine, using
from blended_standard.errors import BlendedStandardError, UsageError, expect
from blended_standard.io import Submission
from blended_standard.io.parquet import refuse_damaged
from blended_standard.io.submission import expect_submission
from blended_standard.measures import (  # noqa: F401 - they register
    agreement,
    competency,
    economics,
    engagement,
    gains,
    implementation,
    outcome,
    regularity,
    relationship,
    sessions,
    spells,
    surveys,
    workforce,
)
from blended_standard.measures.blocks import Blocks
from blended_standard.measures.calendar import read_date
from blended_standard.measures.collect import collect
from blended_standard.measures.finish import Collected, finish
from blended_standard.measures.gather import gather
from blended_standard.measures.groups import Grouping, people
from blended_standard.measures.report import Group, MeasureReport, MeasureResult, Status
from blended_standard.measures.resolved import Overrides, ResolvedMeasure, overrides_of
from blended_standard.measures.standing import overrides as overrides_in
from blended_standard.measures.standing import standing
from blended_standard.measures.summaries import rebuild
from blended_standard.spec import Profile, Standard, load_standard

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def score(
    submission: Submission,
    measures: Sequence[str] = "core",
    *,
    by: Sequence[str] = ("program",),
    as_of: dt.date | str | None = None,
    engine: str | Engine | SparkSession | None = None,
    profile: str | None = None,
    parameters: Overrides | None = None,
    progress: Callable[[str], None] | None = None,
) -> MeasureReport:
    """Compute measures.

    Parameters
    ----------
    submission : Submission
        The tables. Rows that lack a required value, and records that share a key and differ, are left out: run
        `validate` to see them.
    measures : str or list of str
        A profile's name (its measures), one id, or several ids.
    by : str or list of str
        Levels (jurisdiction, program, site, learner), strata (gender, low_income, ..., entry_stratum) or periods
        (entry_year); empty for one result over all.
    as_of : date or ISO text, optional
        Nothing after this day counts. Default: that of the manifest.
    engine : {"duckdb", "polars", "pandas"}, Engine or SparkSession, optional
        Default: the first that is installed.
    profile : str, optional
        Whose parameters and thresholds are in force. Default: that of the manifest.
    parameters : mapping, optional
        Overrides by measure: `{"ENG-01": {"minimum_weeks": 6}}`, each inside the range of the definition. What the
        profile sets and they leave alone stays in force.
    progress : callable, optional
        Called with the id of each measure before it is computed.

    Returns
    -------
    MeasureReport

    Raises
    ------
    UsageError
        An unknown measure, group or parameter, or no as-of date.
    UnreadableInputError
        A Parquet file is damaged; the message names it and the row group.
    ExhaustedError
        The memory is used up; the message names the measure.

    Examples
    --------
    >>> report = score(example(), "ENG-01", as_of="2026-01-31")
    >>> round(report.one("ENG-01").value, 3)
    0.75
    """
    chosen, day = in_force(submission, profile, as_of)
    standard = submission.standard
    grouping = Grouping.of(by)
    overrides = _overrides(chosen, parameters or {}, standard)
    results: list[MeasureResult] = []
    stage = ""
    try:
        with using(engine) as opened, opened.at_stage(lambda: stage):
            scorer = _Scorer(Blocks(submission.under(chosen.id), opened, day), grouping, standard, chosen, overrides)
            for stage in standard.measure_ids(measures):
                if progress:
                    progress(stage)
                results += scorer.results(stage)
    except BlendedStandardError:
        raise
    except Exception as error:
        refuse_damaged(submission.tables, standard, error)
        raise
    return MeasureReport(
        standard_version=standard.version,
        profile=chosen.id,
        as_of=day,
        by=grouping.by,
        engine=opened.name,
        results=tuple(results),
        synthetic=submission.manifest.synthetic,
        source=submission.manifest.title,
    )


def merge(reports: Iterable[MeasureReport], *, standard: Standard | None = None) -> MeasureReport:
    """Merge reports of learners that do not overlap into the report of all of them.

    The numbers are those of one pass over the pooled records: the reports carry sums, and sums add up.

    Raises
    ------
    UsageError
        The reports are not of one standard, profile, date and grouping, a measure has other parameters in one, one
        stands twice, or one was made ready for publication.
    """
    expect("reports", reports, Iterable, "a list of the reports that score() gave")
    parts = list(reports)
    if not parts:
        raise UsageError("merge() got no report. Pass at least one.")
    for part in parts:
        expect("each of reports", part, MeasureReport, "a list of the reports that score() gave")
    first = parts[0]
    if len(set(map(id, parts))) < len(parts):
        raise UsageError("reports holds one report twice, whose learners would count double. Pass each once.")
    for part in parts[1:]:
        for name in ("standard_version", "profile", "as_of", "by"):
            if getattr(part, name) != getattr(first, name):
                raise UsageError(f"{name} differs: {getattr(first, name)} and {getattr(part, name)}. Score both alike.")
    standard = standard or load_standard()
    profile = standard.profile(first.profile)
    order = list(dict.fromkeys(entry.measure for part in parts for entry in part))
    collected: dict[tuple[int, Group], list[MeasureResult]] = defaultdict(list)
    for part in parts:
        for entry in part:
            collected[order.index(entry.measure), entry.group].append(entry)
    results = [_merge_one(entries, standard, profile) for _, entries in sorted(collected.items())]
    return attrs.evolve(  # type: ignore[misc]
        first, results=tuple(results), synthetic=any(part.synthetic for part in parts)
    )


def example() -> Submission:
    """Return a tiny submission for examples: one learner, four weeks, work in three of them."""
    return Submission.from_tables(
        {
            "program": {"program_id": ["p"], "name": ["Harbor"], "time_zone": ["America/New_York"]},
            "site": {"site_id": ["s"], "program_id": ["p"], "name": ["Harbor North"]},
            "learner": {"learner_id": ["a"]},
            "episode": {"episode_id": ["e"], "learner_id": ["a"], "site_id": ["s"], "entry_date": ["2026-01-05"]},
            "activity": {
                "episode_id": ["e", "e", "e", "e"],
                "at": [f"2026-01-{day}T15:00:00Z" for day in ("06", "08", "13", "28")],
                "verb": ["submit", "respond", "submit", "discuss"],
            },
        }
    )


def in_force(submission: Submission, profile: str | None, as_of: dt.date | str | None) -> tuple[Profile, dt.date]:
    """Return the profile and the day after which nothing counts: those given, else those of the manifest."""
    expect_submission(submission)
    in_use = submission.standard.profile(profile or submission.manifest.profile)
    given = submission.manifest.as_of if as_of is None else as_of
    if given is None:
        raise UsageError("as_of is missing and the manifest names none. Pass a date such as as_of='2026-06-30'.")
    return in_use, read_date("as_of", given)


def _overrides(profile: Profile, given: Overrides, standard: Standard) -> Overrides:
    """Return the parameters that the profile sets, and over them those given."""
    how = "parameters by measure, such as {'ENG-01': {'minimum_weeks': 6}}"
    expect("parameters", given, Mapping, how)
    for name in standard.measure_ids(list(given)):
        expect(f"parameters[{name!r}]", given[name], Mapping, how)
    return {
        name: {**profile.parameters.get(name, {}), **given.get(name, {})} for name in {**profile.parameters, **given}
    }


@attrs.define
class _Scorer:
    """Computes one measure after another over the same blocks and groups."""

    blocks: Blocks
    grouping: Grouping
    standard: Standard
    profile: Profile
    overrides: Overrides
    done: dict[str, list[MeasureResult]] = attrs.field(factory=dict)

    def results(self, name: str) -> list[MeasureResult]:
        """Return one result a group."""
        if name not in self.done:
            measure = ResolvedMeasure.of(name, self.standard, self.overrides)
            of_results = measure.definition.combine.statistic == "standing"
            self.done[name] = self._standing(measure) if of_results else self._scored(measure)
        return self.done[name]

    @functools.cached_property
    def groups(self) -> list[Group]:
        return _groups(self.blocks, self.grouping)

    def _scored(self, measure: ResolvedMeasure) -> list[MeasureResult]:
        measure, found = gather(measure, self.blocks, self.grouping)
        return [self._finish(measure, group, found.of(group)) for group in self.groups]

    def _standing(self, measure: ResolvedMeasure) -> list[MeasureResult]:
        """Score the core measures, and how they stand in each group."""
        core = [self.results(name) for name in self.standard.profile("core").measures]
        drift = collect(measure.component("plan_drift"), self.blocks, self.grouping)
        found = []
        for group, *results in zip(self.groups, *core, strict=True):
            plans = drift.of(group).summary
            collected = attrs.evolve(
                standing(results, self.standard.measures), components={"plan_drift": plans} if plans else {}
            )
            changed = overrides_in(results, self.standard.measures)
            found.append(attrs.evolve(self._finish(measure, group, collected), parameters=changed))  # type: ignore[misc]
        return found

    def _finish(self, measure: ResolvedMeasure, group: Group, collected: Collected) -> MeasureResult:
        return finish(measure, self.profile, group, collected, label=_label(group, self.blocks))


def _groups(blocks: Blocks, grouping: Grouping) -> list[Group]:
    if not grouping.by:
        return [()]
    found = blocks.engine.collect(people(blocks, grouping).select(grouping.columns).unique())
    return sorted(grouping.group(values) for values in zip(*(found[name] for name in grouping.columns), strict=True))


def _label(group: Group, blocks: Blocks) -> str:
    """Return a group in words: public names where there are any, else its values, or "all"."""
    return ", ".join(blocks.names.get(level, {}).get(value, value) for level, value in group) or "all"


def _merge_one(entries: list[MeasureResult], standard: Standard, profile: Profile) -> MeasureResult:
    first = entries[0]
    for entry in entries[1:]:
        if entry.key != first.key:
            raise UsageError(
                f"{first.measure} has other parameters in one report: {first.key.text} and {entry.key.text}. "
                "Score both with the same parameters."
            )
    if len(entries) == 1:
        return first
    combine = standard.measures[first.measure].combine
    measure = ResolvedMeasure.of(first.measure, standard, overrides_of(first.measure, first.parameters))
    if not combine.mergeable:
        return finish(measure, profile, first.group, Collected(absent=combine.why_not), label=first.label)
    if any(entry.status is Status.SUPPRESSED or (entry.n and not entry.statistics) for entry in entries):
        raise UsageError(
            f"{first.measure}: a report was made ready for publication, which takes out the sums that merging adds up. "
            "Merge what score() gave, and publish the whole."
        )
    total = functools.reduce(operator.add, (_collected(measure, entry) for entry in entries))
    return finish(measure, profile, first.group, total, label=first.label)


def _collected(measure: ResolvedMeasure, entry: MeasureResult) -> Collected:
    summary, parts = rebuild(measure, entry.statistics)
    return Collected(
        summary=summary,
        components=parts,
        excluded={excluded.id: excluded.count for excluded in entry.excluded},
        covered=entry.covered,
        needed=entry.needed,
        learners=entry.learners or 0,
        absent=entry.reason,
    )
