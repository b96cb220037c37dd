"""Run every rule over a submission, counting first and fetching examples only of the rules that were broken."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import attrs

from blended_standard.engine import Engine, Suspects, using
from blended_standard.errors import BlendedStandardError, UsageError
from blended_standard.findings import FindingCollector
from blended_standard.io import Submission
from blended_standard.io.parquet import damaged, report_changed
from blended_standard.io.submission import expect_submission
from blended_standard.io.tables import LINE, ROW
from blended_standard.model import RECORDS, FieldSpec
from blended_standard.spec import Profile
from blended_standard.validate.fields import Context, FieldCheck, zones_in
from blended_standard.validate.passes import (
    FOLDED,
    Survey,
    any_broken,
    by_column,
    missing_values,
    place_of,
    row_checks,
    with_folded,
    with_targets,
)
from blended_standard.validate.report import TableCount, ValidationReport
from blended_standard.validate.rules import DETAIL, RECORD_RULES
from blended_standard.validate.tables import BoundTables
from blended_standard.validate.twins import look_alikes
from blended_standard.validate.values import readable, typed

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw

_MOST_BROKEN = 500_000
_LARGE = 200_000


def validate(
    submission: Submission,
    *,
    profile: str | None = None,
    engine: str | Engine | None = None,
    partial: bool = False,
    progress: Callable[[str], None] | None = None,
) -> ValidationReport:
    """Check a submission against the standard; every row is read and every finding counted.

    Parameters
    ----------
    submission : Submission
        What `read_submission` or `Submission.from_tables` gave; what they found is in the report too.
    profile : str, optional
        The profile to check against. Default: that of the manifest. Name it to `read_submission` too where it lists
        missing values, which are taken out of text as it is read.
    engine : {"duckdb", "polars", "pandas"} or Engine, optional
        Default: the first that is installed. The findings are the same on all.
    partial : bool
        Judge only the tables that are there: none is required, and a reference to a table that is not there is not
        judged. Default: False, the whole submission is judged.
    progress : callable, optional
        Called with the name of each table, then of each rule, before it is checked.

    Returns
    -------
    ValidationReport

    Examples
    --------
    >>> sub = Submission.from_tables({"program": {"program_id": ["p"], "name": ["P"], "time_zone": ["Mars/Base"]}})
    >>> [finding.code for finding in validate(sub).findings if finding.table == "program"]
    ['FLD-ZONE']
    """
    expect_submission(submission)
    submission = submission.under(profile)
    chosen = submission.standard.profile(submission.manifest.profile)
    try:
        return _judged(submission, chosen, engine, partial=partial, progress=progress)
    except BlendedStandardError:
        raise
    except Exception:
        found = submission.found.copy(profile=chosen)
        hurt = report_changed(submission.tables, found) or damaged(submission.tables, found)
        if not hurt:
            raise
    sound = {name: data for name, data in submission.tables.items() if name not in hurt}
    rest = attrs.evolve(submission, tables=sound, found=found)
    return validate(rest, engine=engine, partial=True, progress=progress)


def _judged(
    submission: Submission,
    profile: Profile,
    engine: str | Engine | None,
    *,
    partial: bool,
    progress: Callable[[str], None] | None,
) -> ValidationReport:
    found = submission.found.copy(profile=profile)
    stage = ""

    def reached(step: str) -> None:
        nonlocal stage
        stage = step
        if progress:
            progress(step)

    with using(engine) as opened, opened.at_stage(lambda: stage):
        if not opened.numbers_rows:
            raise UsageError(
                f"Findings name the rows of a table, and {opened.name} keeps no order of rows. Validate on duckdb, "
                "polars or pandas, and score on any engine."
            )
        tables = BoundTables(submission, opened)
        run = _Run(tables, profile, found, opened, reached)
        run.partial = partial
        if not partial:
            run.required_tables()
        run.begin()
        counts = tuple(run.table(name) for name in RECORDS if name in tables)
        run.record_rules()
    report_changed(submission.tables, found)
    severities = found.counts()
    return ValidationReport(
        standard_version=submission.standard.version,
        profile=profile.id,
        findings=found.findings(),
        errors=severities["error"],
        warnings=severities["warning"],
        notes=severities["note"],
        tables=counts,
    )


class _Run:
    """One pass of all rules over bound tables."""

    def __init__(
        self,
        tables: BoundTables,
        profile: Profile,
        found: FindingCollector,
        engine: Engine,
        progress: Callable[[str], None],
    ) -> None:
        self.tables = tables
        self.profile = profile
        self.found = found
        self.engine = engine
        self.progress = progress
        self.partial = False
        self.sizes: dict[str, tuple[int, int]] = {}
        self.surveys: dict[str, Survey] = {}

    def required_tables(self) -> None:
        """Find the tables that the profile requires and that are not there."""
        for name in self.profile.required_tables:
            if name not in self.tables:
                self.found.add("TAB-MISSING", table=name, detail=f"Profile {self.profile.id} requires it.")

    def begin(self) -> None:
        """Size every table and survey the large ones: their keys are compared beside the work on the others."""
        self.sizes = {name: self._sizes(name) for name in RECORDS if name in self.tables}
        self.surveys = {name: self._survey(name) for name, (rows, _) in self.sizes.items() if rows >= _LARGE}

    def table(self, name: str) -> TableCount:
        """Check the columns, rows, keys and references of one table."""
        self.progress(name)
        rows, unusable = self.sizes[name]
        self._columns(name)
        self._missing_values(name)
        if rows:
            survey = self.surveys.pop(name, None) or self._survey(name)
            broken = self._rows(name, survey, rows)
            self._keys(name, self._alike(name, spaced=True) if "FLD-ID" in broken else survey.alike)
        return TableCount(table=name, read=rows, usable=rows - unusable)

    def record_rules(self) -> None:
        """Check the rules across records."""
        for code, function in RECORD_RULES.items():
            table, field = place_of(self.found.standard, code)
            if table in self.tables:
                self.progress(code)
                self._report(code, table, field, function(self.tables))

    def _columns(self, name: str) -> None:
        """Report columns that are absent or cannot be read."""
        bound = self.tables.bound[name]
        for column in bound.unknown:
            if ":" not in column:
                self.found.add("FLD-UNKNOWN", table=name, field=column)
        for problem in (*bound.problems, *bound.lost()):
            field = problem.field
            if problem.found is not None:
                lost = "" if problem.count is None else ", which some values of it cannot be without a change"
                detail = f"The column holds {problem.holds}; cast it to {field.type}, the type of the field{lost}."
                self.found.add("FLD-TYPE", table=name, field=field.name, detail=detail, count=problem.count or 1)
            elif field.required or field.name in self.profile.required_fields.get(name, ()):
                self.found.add("FLD-MISSING-COLUMN", table=name, field=field.name)

    def _missing_values(self, name: str) -> None:
        """Report what the profile takes for missing values in a frame; that of text was found as it was read."""
        for field, broken, count in missing_values(self.tables, name):
            self._examples("FLD-MISSING-VALUE", name, field, broken, count)

    def _sizes(self, name: str) -> tuple[int, int]:
        """Count the rows of a table, and those that lack a required value."""
        import narwhals.stable.v2 as nw

        gaps = [nw.col(field.name).is_null() for field in RECORDS[name].fields() if field.required]
        lacking = functools.reduce(operator.or_, gaps, nw.lit(False))
        flagged = self.tables[name].select(lacking=nw.when(lacking).then(1).otherwise(0))
        found = self.engine.collect(flagged.select(nw.len().alias("rows"), nw.col("lacking").sum()))
        return int(found["rows"][0]), int(found["lacking"][0] or 0)

    def _survey(self, name: str) -> Survey:
        """Make the pass over the key of a table: count the broken rows, and begin to compare the keys.

        On a small table it makes all other checks too. On a large one it first takes the identifiers to be plain, as
        most are: then no check finds fault with them.
        """
        key = [field for field in RECORDS[name].fields() if field.key]
        large = self.sizes[name][0] >= _LARGE
        checks = self._checks(name)
        passes = by_column(checks) if large or not checks else {"": checks}
        place = key[0].name if large and key else ""
        if not key or place not in passes:
            return Survey(passes, {}, self._alike(name))
        if large and [field.type for field in key] == ["text"]:
            frame, folded = with_folded(name, self.tables[name], plain=True)
            if alike := self.engine.plain_suspects(frame, folded[0]):
                return Survey(passes, {place: 0}, alike)
        frame, folded = with_folded(name, with_targets(self.tables, name, passes[place]))
        count, alike = self.engine.survey(frame, folded, any_broken(passes[place]))
        return Survey(passes, {place: count}, alike)

    def _alike(self, name: str, *, spaced: bool = False) -> Suspects:
        """Begin to look for rows whose keys agree but for case and, where some are `spaced`, outer space."""
        if not RECORDS[name].key_fields():
            return lambda: None
        frame, folded = with_folded(name, self.tables[name], spaced=spaced)
        return self.engine.suspects(frame.drop_nulls(folded), folded)

    def _rows(self, name: str, survey: Survey, rows: int) -> set[str]:
        """Count what breaks the checks of each pass, and tell of those of passes that found something."""
        import narwhals.stable.v2 as nw

        places = [place for place in survey.passes if place not in survey.counts]
        counts = dict(survey.counts)
        if places:
            passes = [survey.passes[place] for place in places]
            broken = [with_targets(self.tables, name, checks).filter(any_broken(checks)) for checks in passes]
            each = [frame.select(place=nw.lit(i), count=nw.len()) for i, frame in enumerate(broken)]
            found = self.engine.collect(nw.concat(each))
            counts |= {places[i]: count for i, count in zip(found["place"], found["count"], strict=True)}
        # Told pass by pass too: the filter of one column skips most of a file, that of several reads all of it.
        told = [self._tell(name, survey.passes[place], count, rows) for place, count in counts.items() if count]
        return set().union(*told)

    def _tell(self, name: str, checks: list[FieldCheck], size: int, rows: int) -> set[str]:
        """Report what breaks some checks, in `size` rows or less; return the rules that were broken.

        Of those rows only their places and the values in question are kept.
        """
        import narwhals.stable.v2 as nw

        broken = with_targets(self.tables, name, checks).filter(any_broken(checks))
        flags = {f"check_{i}": nw.when(check.broken).then(1).otherwise(0) for i, check in enumerate(checks)}
        looked = broken.select(ROW, LINE, *dict.fromkeys(check.field.name for check in checks), **flags)
        if size < _MOST_BROKEN:
            looked = self.engine.materialise(looked)
        counts = [int(values[0]) for values in self.engine.collect(looked.select(nw.col(*flags).sum())).values()]
        for check, count, flag in zip(checks, counts, flags, strict=True):
            if count == rows and check.code == "FLD-REQUIRED":
                self.found.add("FLD-MISSING-COLUMN", table=name, field=check.field.name, count=1)
            elif count and check.code == "IDS-TWIN":
                self._report_twins(
                    name, check.field, look_alikes(self.tables[name], check.field.name, self.engine, rows)
                )
            elif count:
                self._examples(check.code, name, check.field, looked.filter(nw.col(flag) == 1), count, check)
        return {check.code for check, count in zip(checks, counts, strict=True) if count}

    def _checks(self, name: str) -> list[FieldCheck]:
        """Return the checks of a table that one row decides, those on columns that are not there left out."""
        manifest = self.tables.submission.manifest
        zones = zones_in(self.tables[name], self.engine) if name in ("program", "site") else frozenset()
        unjudged = frozenset(set(RECORDS) - set(self.tables.bound)) if self.partial else frozenset()
        context = Context(
            standard=self.found.standard,
            profile=self.profile,
            zones=zones,
            as_of=manifest.as_of,
            unjudged=unjudged,
        )
        absent = {problem.field.name for problem in self.tables.bound[name].problems}
        return row_checks(name, context, absent)

    def _keys(self, name: str, alike: Suspects) -> None:
        """Find keys that stand twice, and identifiers that differ only by case or outer space."""
        import narwhals.stable.v2 as nw

        suspects = alike()
        if suspects is None:
            return
        kept = self.engine.materialise(suspects)
        key = [field for field in RECORDS[name].fields() if field.key]
        names = [field.name for field in key]
        self._twice(name, key[-1], names, kept)
        if len(key) == 1 and key[0].type == "text":
            folded = FOLDED + names[0]
            several = (
                kept.select(*names, folded)
                .unique()
                .group_by(folded)
                .agg(_written=nw.len(), _first=nw.col(names[0]).min())
            )
            twins = kept.join(several.filter(nw.col("_written") > 1), on=folded)
            self._report_twins(name, key[0], twins.filter(nw.col(names[0]) != nw.col("_first")))

    def _report_twins(self, name: str, field: FieldSpec, twins: nw.LazyFrame[Any]) -> None:
        """Report identifiers that look like `_first`; the other is named too, by its row alone where it must not be."""
        import narwhals.stable.v2 as nw

        firsts = twins.select("_first").unique()
        places = self.tables[name].select(field.name, ROW).join(firsts, left_on=field.name, right_on="_first")
        placed = twins.join(
            places.group_by(field.name).agg(_at=nw.col(ROW).min()), left_on="_first", right_on=field.name
        )
        named = [] if field.identifying else [nw.lit("'"), nw.col("_first"), nw.lit("' in ")]
        told = nw.concat_str(
            nw.lit("It looks like "), *named, nw.lit("row "), nw.col("_at").cast(nw.String), nw.lit(".")
        )
        self._report("IDS-TWIN", name, field, placed.with_columns(told.alias(DETAIL)))

    def _twice(self, name: str, field: FieldSpec, key: list[str], frame: nw.LazyFrame[Any]) -> None:
        import narwhals.stable.v2 as nw

        fields = [field.name for field in RECORDS[name].fields()]
        copies = frame.group_by(*key).agg(copies=nw.len()).filter(nw.col("copies") > 1)
        repeated = frame.join(copies, on=key)
        distinct = repeated.select(*fields).unique().group_by(*key).agg(versions=nw.len())
        judged = repeated.join(distinct, on=key)
        self._report("IDS-TWICE", name, field, judged.filter(nw.col("versions") > 1))
        self._report("IDS-TWICE-SAME", name, field, judged.filter(nw.col("versions") == 1))

    def _report(self, code: str, table: str, field: FieldSpec, broken: nw.LazyFrame[Any]) -> None:
        count = self._count(broken)
        if count:
            self._examples(code, table, field, broken, count)

    def _count(self, frame: nw.LazyFrame[Any]) -> int:
        import narwhals.stable.v2 as nw

        return int(self.engine.collect(frame.select(count=nw.len()))["count"][0])

    def _examples(
        self,
        code: str,
        table: str,
        field: FieldSpec,
        broken: nw.LazyFrame[Any],
        count: int,
        check: FieldCheck | None = None,
    ) -> None:
        """Fetch the first places and report them; the rest is counted on the last."""
        import narwhals.stable.v2 as nw

        told = DETAIL in broken.collect_schema().names()
        shown = broken.select(
            row=nw.col(ROW),
            line=nw.col(LINE),
            value=nw.col(field.name),
            detail=nw.col(DETAIL) if told else nw.lit(check.detail if check else ""),
        )
        found = self.engine.collect(shown.sort("row").head(self.found.keep))
        places = list(zip(found["row"], found["line"], found["value"], found["detail"], strict=True))
        for number, (row, line, value, detail) in enumerate(places, start=1):
            self.found.add(
                code,
                table=table,
                row=row,
                line=line,
                field=field.name,
                value=readable(typed(field, value)),
                detail=detail,
                identifying=field.identifying or (check is not None and check.redact),
                count=1 + (count - len(places) if number == len(places) else 0),
            )
