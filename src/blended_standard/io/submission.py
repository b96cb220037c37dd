"""A submission: a manifest and tables, each of them columns that we read or a frame that the caller brought."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import attrs

from blended_standard.errors import UsageError, did_you_mean, expect
from blended_standard.findings import FindingCollector
from blended_standard.io.columns import to_columns
from blended_standard.io.local_time import known_zone
from blended_standard.io.missing_values import without_missing_values
from blended_standard.io.parquet import report_casts
from blended_standard.io.tables import INVALID, KEPT_NAMES, LINE, ROW
from blended_standard.io.text import RawRow
from blended_standard.model import RECORDS, Missing, Record
from blended_standard.spec import Standard, load_standard

if TYPE_CHECKING:
    from narwhals.typing import IntoFrame


MARKS = ("csv_escaped", "csv_local_json")
"""Entries of a manifest that say how its files are written, not what they hold."""


_KINDS: Mapping[str, tuple[type | tuple[type, ...], str]] = {
    "as_of": ((str, dt.date), "a date such as 2026-06-30"),
    "local_files": ((list, tuple), "a list of names"),
    "synthetic": (bool, "true or false"),
    "csv_escaped": (bool, "true or false"),
    "csv_local_json": (bool, "true or false"),
}
"""What the entries of a manifest are that are no text."""


@attrs.frozen(kw_only=True)
class Manifest:
    """What a submission says of itself.

    `time_zone` is the IANA zone of instants without an offset, which are refused without it; a Parquet file or a frame
    says the zone of its instants itself. Two entries are of files in CSV and are set as they are written:
    `csv_escaped`, texts that a spreadsheet would run as formulas begin with an apostrophe; `csv_local_json`, a cell of
    a local field that reads as JSON is JSON.
    """

    title: str = ""
    producer: str = ""
    standard: str = ""
    profile: str = "core"
    as_of: dt.date | None = None
    time_zone: str | None = None
    synthetic: bool = False
    license: str = ""
    local_files: tuple[str, ...] = ()
    csv_escaped: bool = False
    csv_local_json: bool = False

    @property
    def zone(self) -> ZoneInfo | None:
        """The zone that `time_zone` names."""
        return known_zone(self.time_zone) if self.time_zone else None


@attrs.frozen(kw_only=True)
class Submission:
    """Tables of the standard, ready to be validated and scored.

    Attributes
    ----------
    tables
        By name: `Columns`, `ParquetSource`, or any frame that narwhals supports; a lazy frame stays lazy.
    found
        What was wrong with the files, found while reading.
    """

    manifest: Manifest
    tables: Mapping[str, Any] = attrs.field(repr=lambda tables: f"<{', '.join(tables)}>")
    found: FindingCollector = attrs.field(repr=False, eq=False)
    source: str = "memory"

    @property
    def standard(self) -> Standard:
        """The standard that the submission was read by."""
        return self.found.standard

    @property
    def missing_values(self) -> Mapping[str, Missing]:
        """The words that stand for absent values by its profile, with their reasons."""
        return missing_values_of(self.standard, self.manifest)

    def under(self, profile: str | None) -> Submission:
        """Return it under another profile; None leaves it as it is."""
        return attrs.evolve(self, manifest=attrs.evolve(self.manifest, profile=profile)) if profile else self

    @classmethod
    def from_tables(
        cls,
        tables: Mapping[str, IntoFrame | Mapping[str, list[Any]]],
        *,
        manifest: Manifest | Mapping[str, Any] | None = None,
        standard: Standard | None = None,
    ) -> Submission:
        """Make a submission of frames in memory.

        Parameters
        ----------
        tables : mapping
            Table name to a frame of any library that narwhals supports (eager or lazy), or to a mapping of columns.
        manifest : Manifest or mapping, optional
            What the submission says of itself.

        Raises
        ------
        UsageError
            A name is not a table of the standard.

        Examples
        --------
        >>> sub = Submission.from_tables({"program": {"program_id": ["p"], "name": ["P"], "time_zone": ["UTC"]}})
        >>> list(sub.tables)
        ['program']
        """
        expect("tables", tables, Mapping, "a mapping of table names to frames, such as {'episode': frame}")
        unknown = sorted(set(tables) - set(RECORDS))
        if unknown:
            hint = did_you_mean(unknown[0], RECORDS)
            raise UsageError(f"{unknown[0]!r} is not a table of the standard.{hint} There are: {', '.join(RECORDS)}.")
        facts = manifest if isinstance(manifest, Manifest) else make_manifest(manifest or {})
        found = FindingCollector(standard or load_standard())
        return cls(
            manifest=facts,
            tables={name: _as_data(name, data, found, facts) for name, data in tables.items()},
            found=found,
        )

    @classmethod
    def from_records(
        cls,
        records: Iterable[Record],
        *,
        manifest: Manifest | Mapping[str, Any] | None = None,
        standard: Standard | None = None,
    ) -> Submission:
        """Make a submission of records, of any tables in any order.

        Examples
        --------
        >>> from blended_standard.model import Program
        >>> made = Submission.from_records([Program(program_id="p", name="P", time_zone="UTC", extra={"wa:esd": 113})])
        >>> next(made.records("program")).extra
        {'wa:esd': 113}
        """
        from blended_standard.io.codec import columns_of

        facts = manifest if isinstance(manifest, Manifest) else make_manifest(manifest or {})
        return cls(manifest=facts, tables=columns_of(records), found=FindingCollector(standard or load_standard()))

    def records(self, table: str) -> Iterator[Record]:
        """Iterate over the records of a table.

        Raises
        ------
        RefusedRecordsError
            At the first row that the model refuses; `validate` finds all of them without stopping.
        UsageError
            The name is not a table of the standard.
        """
        from blended_standard.io.codec import records_of

        return records_of(table, self.tables.get(table), self.missing_values)


def make_manifest(facts: Mapping[str, Any]) -> Manifest:
    """Read a manifest from plain values; `UsageError` says what is wrong with it."""
    expect("manifest", facts, Mapping, "a Manifest, or a mapping such as {'as_of': '2026-06-30'}")
    known = {field.name for field in attrs.fields(Manifest)}
    unknown = sorted(set(facts) - known)
    if unknown:
        hint = did_you_mean(unknown[0], known)
        raise UsageError(f"The manifest has no entry {unknown[0][:60]!r}.{hint} It has: {', '.join(sorted(known))}.")
    values = {name: value for name, value in facts.items() if value is not None}
    for name, value in values.items():
        kind, what = _KINDS.get(name, (str, "a text"))
        if not isinstance(value, kind):
            raise UsageError(f"{name}={repr(value)[:60]} of the manifest is not {what}.")
    if isinstance(values.get("as_of"), str):
        try:
            values["as_of"] = dt.date.fromisoformat(values["as_of"])
        except ValueError:
            raise UsageError(f"as_of={repr(values['as_of'])[:60]} is not a date such as 2026-06-30.") from None
    if "time_zone" in values and known_zone(values["time_zone"]) is None:
        raise UsageError(f"time_zone={repr(values['time_zone'])[:60]} is not an IANA name such as America/New_York.")
    values["local_files"] = tuple(map(str, values.get("local_files", ())))
    return Manifest(**values)


def missing_values_of(standard: Standard, manifest: Manifest) -> Mapping[str, Missing]:
    """Return the words for missing values of the profile that a manifest names; none where there is no such profile."""
    profile = standard.profiles.get(manifest.profile)
    return profile.missing_values if profile else {}


def expect_submission(submission: object) -> None:
    """Refuse what is no submission, such as the path of one."""
    expect(
        "submission", submission, Submission, "a Submission, as read_submission(path) or Submission.from_tables() gives"
    )


def _expect_own_names(table: str, data: Any) -> None:
    """Refuse a frame in which two columns have one name, or one has a name of ours; what we read ourselves may."""
    import narwhals.stable.v2 as nw

    try:
        frame: Any = nw.from_native(data, pass_through=True)
    except nw.exceptions.DuplicateError:
        raise UsageError(f"Two columns of {table} have one name. Give each a name of its own.") from None
    if frame is data:
        return
    kept = sorted(KEPT_NAMES & set(frame.collect_schema().names()))
    if kept and kept != sorted([ROW, LINE, INVALID]):
        raise UsageError(f"The name {kept[0]} of a column of {table} is kept for where a row stood. Give it another.")


def _is_mixed(frame: Any) -> bool:
    """Say whether a frame of pandas has a column of objects that are not of one kind, such as "12" beside 12."""
    try:
        import pyarrow as pa
    except ModuleNotFoundError:
        return False
    objects = [number for number, kind in enumerate(frame.dtypes) if kind == "object"]
    try:
        for number in objects:
            pa.array(frame.iloc[:, number], from_pandas=True)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        return True
    return False


def _as_data(table: str, data: Any, found: FindingCollector, manifest: Manifest) -> Any:
    if type(data).__module__.partition(".")[0] == "pandas" and _is_mixed(data):
        data = {str(name): data[name].astype(object).where(data[name].notna(), None).tolist() for name in data}
    if not isinstance(data, Mapping):
        _expect_own_names(table, data)
        if type(data).__module__.startswith("pyarrow."):
            report_casts(data.schema, table, found)
        return data
    lengths = {name: len(column) for name, column in data.items()}
    if len(set(lengths.values())) > 1:
        raise UsageError(f"The columns of {table} differ in length: {lengths}. Give each one value for each row.")
    rows = zip(*data.values(), strict=True)
    raw = (RawRow(number, None, dict(zip(data, row, strict=True))) for number, row in enumerate(rows, start=1))
    record = RECORDS[table]
    sound = without_missing_values(raw, record, missing_values_of(found.standard, manifest), found)
    return to_columns(sound, record, found, zone=manifest.zone)
