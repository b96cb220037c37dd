"""Run every rule over a submission, counting first and fetching examples only of the rules that were broken."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from blended_standard.engine import Engine, open_engine
from blended_standard.findings import FindingCollector
from blended_standard.io import Submission
from blended_standard.io.tables import LINE, ROW
from blended_standard.model import RECORDS, FieldSpec
from blended_standard.spec import Profile
from blended_standard.validate.fields import FieldCheck, field_checks, zones_in
from blended_standard.validate.report import TableCount, ValidationReport
from blended_standard.validate.rules import RECORD_RULES
from blended_standard.validate.tables import BoundTables

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def validate(
    submission: Submission,
    *,
    profile: str | None = None,
    engine: str | Engine | None = None,
    progress: Callable[[str], None] | None = None,
) -> ValidationReport:
    """Check a submission against the standard; every row is read and every finding counted.

    Parameters
    ----------
    submission : Submission
        What `read_submission` or `Submission.from_tables` gave; what they found is in the report too.
    profile : str, optional
        The profile to check against. Default: that of the manifest.
    engine : {"duckdb", "polars"} or Engine, optional
        Default: the first that is installed. The findings are the same on all.
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
    standard = submission.standard
    chosen = standard.profile(profile or submission.manifest.profile)
    found = FindingCollector(standard)
    found.extend(submission.found)
    opened = open_engine(engine)
    try:
        tables = BoundTables(submission, opened)
        run = _Run(tables, chosen, found, opened, progress or (lambda _: None))
        run.required_tables()
        counts = tuple(run.table(name) for name in RECORDS if name in tables)
        run.record_rules()
    finally:
        if opened is not engine:
            opened.close()
    severities = found.counts()
    return ValidationReport(
        standard_version=standard.version,
        profile=chosen.id,
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

    def required_tables(self) -> None:
        """Find the tables that the profile requires and that are not there."""
        for name in self.profile.required_tables:
            if name not in self.tables:
                self.found.add("TAB-MISSING", table=name, detail=f"Profile {self.profile.id} requires it.")

    def table(self, name: str) -> TableCount:
        """Check the columns, fields, keys and references of one table."""
        import narwhals.stable.v2 as nw

        self.progress(name)
        frame = self.tables[name]
        required = [field.name for field in RECORDS[name].fields() if field.required]
        usable = nw.all_horizontal(*(~nw.col(field).is_null() for field in required), ignore_nulls=False)
        flagged = frame.with_columns(usable=nw.when(usable).then(1).otherwise(0).cast(nw.Int64))
        sums = self.engine.collect(flagged.select(rows=nw.len(), usable=nw.col("usable").sum()))
        rows, kept = int(sums["rows"][0]), int(sums["usable"][0] or 0)
        absent = self._columns(name, rows)
        self._fields(name, absent, rows)
        self._key(name)
        self._references(name)
        return TableCount(table=name, read=rows, usable=kept)

    def record_rules(self) -> None:
        """Check the rules across records."""
        for code, function in RECORD_RULES.items():
            rule = self.found.standard.rules[code]
            table = rule.table or ""
            if table in self.tables:
                self.progress(code)
                field = next(field for field in RECORDS[table].fields() if field.name == rule.field)
                self._report(code, table, field, function(self.tables))

    def _columns(self, name: str, rows: int) -> set[str]:
        """Report absent or unreadable columns; return the names of the required ones that hold nothing."""
        bound = self.tables.bound[name]
        for column in bound.unknown:
            if ":" not in column:
                self.found.add("FLD-UNKNOWN", table=name, field=column)
        absent: set[str] = set()
        for problem in bound.problems:
            field = problem.field
            if problem.found is not None:
                detail = f"The column is of type {problem.found}; a {field.type} is expected."
                self.found.add("FLD-TYPE", table=name, field=field.name, detail=detail, count=problem.count or 1)
                absent.add(field.name)
            elif field.required or field.name in self.profile.required_fields.get(name, ()):
                self.found.add("FLD-MISSING-COLUMN", table=name, field=field.name)
                absent.add(field.name)
        return absent

    def _fields(self, name: str, absent: set[str], rows: int) -> None:
        import narwhals.stable.v2 as nw

        if not rows:
            return
        frame = self.tables[name]
        zones = zones_in(frame, self.engine) if name in ("program", "site") else frozenset()
        checks = [
            check
            for check in field_checks(RECORDS[name], self.found.standard, self.profile, zones)
            if check.field.name not in absent
        ]
        flags = {f"check_{i}": nw.when(check.broken).then(1).otherwise(0) for i, check in enumerate(checks)}
        counts = self.engine.collect(frame.select(**flags).select(*(nw.col(flag).sum() for flag in flags)))
        for flag, check in zip(flags, checks, strict=True):
            count = int(counts[flag][0] or 0)
            if count == rows and check.code == "FLD-REQUIRED":
                self.found.add("FLD-MISSING-COLUMN", table=name, field=check.field.name, count=1)
            elif count:
                self._examples(check.code, name, check.field, frame.filter(check.broken), count, check)

    def _key(self, name: str) -> None:
        import narwhals.stable.v2 as nw

        record = RECORDS[name]
        key = list(record.key_fields())
        if not key:
            return
        frame = self.tables[name].drop_nulls(key)
        fields = [field.name for field in record.fields()]
        copies = frame.group_by(*key).agg(copies=nw.len()).filter(nw.col("copies") > 1)
        repeated = frame.join(copies, on=key)
        if not self._count(repeated):
            return
        distinct = repeated.select(*fields).unique().group_by(*key).agg(versions=nw.len())
        judged = repeated.join(distinct, on=key)
        field = next(field for field in record.fields() if field.name == key[-1])
        self._report("IDS-TWICE", name, field, judged.filter(nw.col("versions") > 1))
        self._report("IDS-TWICE-SAME", name, field, judged.filter(nw.col("versions") == 1))

    def _references(self, name: str) -> None:
        for field in RECORDS[name].fields():
            if field.refers_to is None:
                continue
            target = RECORDS[field.refers_to].key_fields()[0]
            there = self.tables[field.refers_to].select(target).drop_nulls().unique()
            dangling = self.tables[name].drop_nulls([field.name])
            dangling = dangling.join(there, left_on=field.name, right_on=target, how="anti")
            self._report("REF-DANGLING", name, field, dangling, detail=f"No such record in {field.refers_to}.")

    def _report(self, code: str, table: str, field: FieldSpec, broken: nw.LazyFrame[Any], *, detail: str = "") -> None:
        count = self._count(broken)
        if count:
            self._examples(code, table, field, broken, count, detail=detail)

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
        *,
        detail: str = "",
    ) -> None:
        """Fetch the first places and report them; the rest is counted on the last."""
        import narwhals.stable.v2 as nw

        shown = broken.select(row=nw.col(ROW), line=nw.col(LINE), value=nw.col(field.name))
        found = self.engine.collect(shown.sort("row").head(self.found.keep))
        places = list(zip(found["row"], found["line"], found["value"], strict=True))
        for number, (row, line, value) in enumerate(places, start=1):
            self.found.add(
                code,
                table=table,
                row=row,
                line=line,
                field=field.name,
                value=_readable(field, value),
                detail=check.detail if check else detail,
                identifying=field.identifying,
                count=1 + (count - len(places) if number == len(places) else 0),
            )


def _readable(field: FieldSpec, value: Any) -> object:
    """Return a value of the canonical form as people write it."""
    if value is None:
        return None
    try:
        if field.type == "date":
            return (_EPOCH + dt.timedelta(days=value)).date().isoformat()
        if field.type == "instant":
            return (_EPOCH + dt.timedelta(seconds=value)).isoformat().replace("+00:00", "Z")
    except OverflowError:
        return value
    return value
