"""Bring a submission of one version of the standard to another; going back says first what would be lost."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from blended_standard.errors import UsageError
from blended_standard.findings import FindingCollector
from blended_standard.io.columns import to_columns
from blended_standard.io.submission import Submission, make_manifest
from blended_standard.io.tables import EXTRA, LINE, MISSING, ROW, Columns, object_in
from blended_standard.io.text import RawRow
from blended_standard.io.write import plain_rows
from blended_standard.model import RECORDS
from blended_standard.spec import spec_directory


@attrs.frozen(kw_only=True)
class Step:
    """How one version becomes the next: fields and codes that were renamed, and fields that are new."""

    old: str
    new: str
    fields: Mapping[str, Mapping[str, str]]
    codes: Mapping[str, Mapping[str, str]]
    added: Mapping[str, tuple[str, ...]]


def steps(directory: Path | None = None) -> dict[str, Step]:
    """Return the steps between versions, by the older one, from `spec/versions/steps.json`."""
    file = (directory or spec_directory()) / "versions" / "steps.json"
    found = [Step(**entry) for entry in json.loads(file.read_text("utf-8"))["steps"]]
    return {step.old: step for step in found}


def migrate(submission: Submission, *, to: str | None = None) -> Submission:
    """Bring a submission to another version of the standard.

    Parameters
    ----------
    submission : Submission
        Its manifest names the version that it was written for, in `standard`; none means the one it was read by.
    to : str, optional
        The version to reach. Default: the version of `submission.standard`.

    Returns
    -------
    Submission
        With fields and codes under their names of that version. Nothing else changes.

    Raises
    ------
    UsageError
        There is no way to that version, or it is an older one: the message says what would be lost.

    Examples
    --------
    >>> old = Submission.from_tables(
    ...     {"learner": {"learner_id": ["l"], "sex": ["F"]}}, manifest={"standard": "0.0.9"}
    ... )
    >>> next(migrate(old).records("learner")).gender
    'female'
    """
    target = to or submission.standard.version
    current = submission.manifest.standard or submission.standard.version
    known = steps()
    path: list[Step] = []
    at = current
    while at != target and at in known:
        path.append(known[at])
        at = known[at].new
    if at != target:
        raise UsageError(_no_way(submission, current, target, known))
    found = submission.found.copy()
    tables = {name: _moved(name, data, path, found) for name, data in submission.tables.items()}
    facts = attrs.asdict(submission.manifest) | {"standard": target}
    return attrs.evolve(submission, manifest=make_manifest(facts), tables=tables, found=found)


def _no_way(submission: Submission, current: str, target: str, known: Mapping[str, Step]) -> str:
    at, lost = target, set()
    while at in known and at != current:
        step = known[at]
        lost |= {
            f"{table}.{field}" for table, names in step.added.items() for field in names if table in submission.tables
        }
        at = step.new
    if at == current and target in known:
        what = ", ".join(sorted(lost)) or "nothing but the newer names"
        return f"to={target!r} is older than {current}, and data are not taken back. It would lose: {what}."
    return f"to={target!r}: there is no way from {current}. Known versions: {', '.join(sorted({*known, current}))}."


def _moved(table: str, data: Any, path: list[Step], found: FindingCollector) -> Any:
    renamed = any(table in step.fields or table in step.codes for step in path)
    if not renamed:
        return data
    for old in {name for step in path for name in step.fields.get(table, ())}:
        found.forget("FLD-UNKNOWN", table=table, field=old)
    rows = []
    for row, (place, line) in zip(plain_rows(table, data), _places(data), strict=False):
        values: dict[str, Any] = {name: value for name, value in row.items() if name not in (EXTRA, MISSING)}
        values |= object_in(row, EXTRA)
        if row.get(MISSING):
            values[MISSING] = object_in(row, MISSING)
        for step in path:
            values = _renamed(values, step.fields.get(table, {}), step.codes.get(table, {}))
        rows.append(RawRow(place, line, values))
    return to_columns(rows, RECORDS[table], found)


def _places(data: Any) -> Iterator[tuple[int, int | None]]:
    """Yield the row and the line of each row, which text that was read still knows."""
    if isinstance(data, Columns):
        return zip(data.values[ROW], data.values[LINE], strict=True)
    if ROW in getattr(data, "column_names", ()):
        return zip(data[ROW].to_pylist(), data[LINE].to_pylist(), strict=True)
    return zip(itertools.count(1), itertools.repeat(None))


def _renamed(values: dict[str, Any], fields: Mapping[str, str], codes: Mapping[str, Any]) -> dict[str, Any]:
    made = {fields.get(name, name): value for name, value in values.items()}
    if isinstance(made.get(MISSING), dict):
        made[MISSING] = {fields.get(name, name): reason for name, reason in made[MISSING].items()}
    for name, names in codes.items():
        if isinstance(made.get(name), str):
            made[name] = names.get(made[name], made[name])
    return made
