"""Judge the answer to one vector: against what is expected, or, of a producer, what it wrote or reported."""

from __future__ import annotations

import contextlib
import importlib.util
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from blended_standard._files import temporary_directory
from blended_standard.errors import BlendedStandardError
from blended_standard.findings import Finding
from blended_standard.io import Submission, read_submission
from blended_standard.io.codec import structure, write_records
from blended_standard.io.submission import make_manifest
from blended_standard.model import Record
from blended_standard.validate.aggregate import validate_aggregate
from blended_standard.validate.conformance.vectors import Vector, difference
from blended_standard.validate.run import validate

Asked = Mapping[str, Any]


@contextlib.contextmanager
def prepared(vector: Vector) -> Iterator[Asked]:
    """Yield what the program is asked; a producer of records gets an empty directory, gone afterwards."""
    if vector.kind != "produce":
        yield vector.input
        return
    with temporary_directory() as directory:
        yield {**vector.input, "directory": directory}


def problem_with(vector: Vector, asked: Asked, output: Any) -> str | None:
    """Say what is wrong with the answer to a vector, or None."""
    if vector.kind == "produce":
        return _problem_with_submission(asked)
    if vector.kind == "report":
        return _problem_with_report(asked, output)
    problem = difference(vector.expected, output)
    known = next((wrong["why"] for wrong in vector.wrong if problem and _is(wrong, output)), None)
    return f"{problem}; that is {known}" if known else problem


def _is(wrong: Mapping[str, Any], output: Any) -> bool:
    return difference({name: value for name, value in wrong.items() if name != "why"}, output) is None


def _problem_with_submission(asked: Asked) -> str | None:
    """Read what was written, validate it, and compare it record for record with what was to be written."""
    try:
        submission = read_submission(asked["directory"])
        quick = "polars" if importlib.util.find_spec("polars") else None  # the findings are those of any engine
        problem = _first_error(validate(submission, profile=asked.get("profile"), engine=quick).findings)
        if problem:
            return problem
        if "records" not in asked:
            return None if next(submission.records("episode"), None) else "It holds no episode."
        return _difference_of_manifests(asked, submission) or _difference_of_records(asked, submission)
    except BlendedStandardError as error:
        return str(error).splitlines()[0]


def _difference_of_manifests(asked: Asked, submission: Submission) -> str | None:
    wanted = make_manifest(asked["manifest"])
    for name in asked["manifest"]:
        if getattr(submission.manifest, name) != getattr(wanted, name):
            return f"manifest: {name} is not as it was given."
    return None


def _difference_of_records(asked: Asked, submission: Submission) -> str | None:
    for table, rows in asked["records"].items():
        wanted = Counter(_as_lines(structure(row, table) for row in rows))
        written = Counter(_as_lines(submission.records(table)))
        lost, added = wanted - written, written - wanted
        if lost or added:
            return f"{table}: {lost.total()} records are not there as given, {added.total()} are there that were not."
    surplus = sorted(name for name in submission.tables if name not in asked["records"])
    return f"{surplus[0]}: a table that was not asked." if surplus else None


def _as_lines(records: Iterable[Record]) -> list[bytes]:
    return [write_records([record], route="detailed") for record in records]


def _problem_with_report(asked: Asked, output: Any) -> str | None:
    """Check what was reported for itself and, where records were given, that it covers what was asked."""
    if not isinstance(output, Mapping) or not isinstance(output.get("report"), Mapping):
        return "An object with the entry report was expected."
    report, whole = output["report"], output.get("whole")
    if asked["by"] and not isinstance(whole, Mapping):
        return "The entry whole is missing: the same report without groups."
    problem = _first_error(validate_aggregate(report, whole=whole).findings)
    if problem:
        return problem
    for name in ("by", "as_of"):
        if name in asked and report.get(name) != asked[name]:
            return f"{name}: expected {asked[name]!r}."
    found = {(entry["measure"], tuple(value for _, value in entry["group"])) for entry in report["results"]}
    wanted = {(measure, tuple(group)) for measure in asked.get("measures", ()) for group in asked.get("groups", ())}
    lacking = sorted(wanted - found)
    if lacking:
        return f"There is no result of {lacking[0][0]} for {', '.join(lacking[0][1]) or 'all'}."
    return None if found else "It holds no result."


def _first_error(findings: Iterable[Finding]) -> str | None:
    errors = [finding for finding in findings if finding.severity == "error"]
    if not errors:
        return None
    first = errors[0]
    place = f"{first.table}{f' row {first.row}' if first.row else ''}{f', {first.field}' if first.field else ''}"
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{first.code} {place}: {first.rule} {first.detail}".rstrip() + more
