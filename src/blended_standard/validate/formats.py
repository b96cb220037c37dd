"""The verdict in the forms that people and tools read: text, JSON, JUnit XML, SARIF 2.1.0, HTML."""

from __future__ import annotations

import difflib
import html
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from blended_standard._version import __version__
from blended_standard.errors import UsageError
from blended_standard.findings import Finding
from blended_standard.model import RECORDS
from blended_standard.results import counted
from blended_standard.spec import Standard, load_standard
from blended_standard.validate.html_page import html_page
from blended_standard.validate.report import ValidationReport

LISTED = 3


def render(
    reports: Sequence[ValidationReport],
    format: str = "text",  # noqa: A002
    *,
    suggest: bool = False,
    standard: Standard | None = None,
) -> str:
    """Return verdicts as text in one of the formats `text`, `json`, `junit`, `sarif` and `html`.

    Parameters
    ----------
    reports : sequence of ValidationReport
        One for each submission.
    format : {"text", "json", "junit", "sarif", "html"}
        Text and HTML show the first three places of each rule; the others list all that were kept.
    suggest : bool
        Add to text, for a value outside its code list, the nearest code.

    Raises
    ------
    UsageError
        The format is not known.

    Examples
    --------
    >>> from blended_standard.io import Submission
    >>> from blended_standard.validate import validate
    >>> submission = Submission.from_tables({"learner": {"learner_id": [" x"]}})
    >>> print(render([validate(submission, partial=True)]).splitlines()[0])
    error[FLD-ID]: An identifier is blank, too long, or begins or ends with a space.
    """
    if format not in FORMATS:
        raise UsageError(f"format={format!r} is not one of {', '.join(FORMATS)}.")
    if format == "text":
        return "\n\n".join(_text(report, standard or load_standard(), suggest) for report in reports)
    return FORMATS[format](reports, standard or load_standard())


def explain(code: str, standard: Standard | None = None) -> str:
    """Return what a rule says, why, and how to mend what breaks it.

    Raises
    ------
    UsageError
        There is no such rule; the nearest are named.
    """
    rules = (standard or load_standard()).rules
    name = code.strip().upper()
    if name not in rules:
        near = difflib.get_close_matches(name, rules, n=3, cutoff=0.4)
        hint = f" Did you mean {', '.join(near)}?" if near else ""
        raise UsageError(f"There is no rule {code!r}.{hint}")
    rule = rules[name]
    place = ".".join(part for part in (rule.table, rule.field) if part) or f"any {rule.scope}"
    leeway = f", which a profile may make a {rule.lowest_severity}" if rule.lowest_severity else ""
    head = f"{rule.severity}[{name}]{leeway}: {rule.what}"
    return f"{head}\n  where: {place}\n  why:   {rule.why}\n  mend:  {rule.mend}"


def suggestion(finding: Finding, standard: Standard) -> str | None:
    """Return the nearest code to a value that is outside its code list, or None."""
    record = RECORDS.get(finding.table)
    if record is None or finding.value is None or finding.code != "FLD-CODE":
        return None
    field = next((field for field in record.fields() if field.name == finding.field), None)
    if field is None or field.codes is None:
        return None
    codes = standard.codes[field.codes].names()
    written = finding.value.strip().lower().replace(" ", "_").replace("-", "_")
    near = [written] if written in codes else difflib.get_close_matches(written, codes, n=1)
    return near[0] if near else None


def _text(report: ValidationReport, standard: Standard, suggest: bool) -> str:
    blocks = [_block(found, standard, suggest) for found in _by_code(report).values()]
    return "\n\n".join([*blocks, _verdict(report)])


def _verdict(report: ValidationReport) -> str:
    read = counted(sum(table.read for table in report.tables), "row")
    return f"{report.verdict} in {read} of {counted(len(report.tables), 'table')} (profile {report.profile})"


def _by_code(report: ValidationReport) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {}
    for finding in report.findings:
        found.setdefault(finding.code, []).append(finding)
    return found


def _block(found: Sequence[Finding], standard: Standard, suggest: bool) -> str:
    first = found[0]
    lines = [f"{first.severity}[{first.code}]: {first.rule}"]
    for finding in found[:LISTED]:
        lines.append(f"  --> {_place(finding)}{_value(finding)}")
        near = suggestion(finding, standard) if suggest else None
        lines += [f"      {finding.detail}"] if finding.detail and finding.detail != first.detail else []
        lines += [f"      try: {near}"] if near else []
    lines += [f"   = {first.detail}"] if first.detail else []
    more = sum(finding.count for finding in found) - min(len(found), LISTED)
    lines += [f"   = {counted(more, 'more place')}; --format json lists them"] if more else []
    rule = standard.rules.get(first.code)
    lines += [f"   = why: {rule.why}"] if rule else []
    return "\n".join([*lines, f"   = mend: {first.mend}"])


def _place(finding: Finding) -> str:
    row = f" row {finding.row:,}" if finding.row else ""
    line = f" (line {finding.line:,})" if finding.line else ""
    return f"{_visible(finding.table)}{row}{line}" + (f", {_visible(finding.field)}" if finding.field else "")


def _value(finding: Finding) -> str:
    if finding.redacted:
        return ": (value withheld)"
    return f": {finding.value!r}" if finding.value is not None else ""


def _visible(text: str) -> str:
    """Escape what a terminal would act on."""
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)


def _json(reports: Sequence[ValidationReport], standard: Standard) -> str:
    return json.dumps([report.to_dict() for report in reports], indent=1, ensure_ascii=False)


def _junit(reports: Sequence[ValidationReport], standard: Standard) -> str:
    from xml.sax.saxutils import quoteattr  # it imports urllib and http: only where XML is written

    suites = []
    for number, report in enumerate(reports, start=1):
        found = _by_code(report)
        cases, failures = [], 0
        for code, rule in standard.rules.items():
            name = f'  <testcase classname="blended_standard.{rule.scope}" name={quoteattr(f"{code}: {rule.what}")}'
            if code not in found:
                cases.append(f"{name}/>")
                continue
            body = _xml("\n".join(str(finding) for finding in found[code]))
            kind = "failure" if rule.severity == "error" else "system-out"
            failures += kind == "failure"
            message = f" message={quoteattr(rule.mend)}" if kind == "failure" else ""
            cases.append(f"{name}><{kind}{message}>{body}</{kind}></testcase>")
        head = f'<testsuite name="submission {number}" tests="{len(cases)}" failures="{failures}" errors="0">'
        suites.append("\n".join([head, *cases, "</testsuite>"]))
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>", *suites, "</testsuites>"])


def _xml(text: str) -> str:
    """Escape text for XML 1.0, which has no control characters."""
    from xml.sax.saxutils import escape

    return escape("".join(char if char in "\n\t" or char >= " " else f"\\x{ord(char):02x}" for char in text))


def _sarif(reports: Sequence[ValidationReport], standard: Standard) -> str:
    return json.dumps(
        {
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [_sarif_run(report, standard) for report in reports],
        },
        indent=1,
        ensure_ascii=False,
    )


def _sarif_run(report: ValidationReport, standard: Standard) -> dict[str, Any]:
    rules = [
        {
            "id": rule.id,
            "shortDescription": {"text": rule.what},
            "fullDescription": {"text": rule.why},
            "help": {"text": rule.mend},
            "defaultConfiguration": {"level": rule.severity},
        }
        for rule in standard.rules.values()
    ]
    driver = {"name": "blended-standard", "version": __version__, "rules": rules}
    places = {rule["id"]: index for index, rule in enumerate(rules)}
    return {
        "tool": {"driver": driver},
        "results": [_sarif_result(finding, places) for finding in report.findings],
        "properties": {"ok": report.ok, "counts": dict(report.counts)},
    }


def _sarif_result(finding: Finding, places: Mapping[Any, int]) -> dict[str, Any]:
    location: dict[str, Any] = {"artifactLocation": {"uri": finding.table}}
    if finding.line:
        location["region"] = {"startLine": finding.line}
    return {
        "ruleId": finding.code,
        "ruleIndex": places[finding.code],
        "level": finding.severity,
        "message": {"text": f"{_place(finding)}{_value(finding)}. {finding.rule} {finding.detail}".strip()},
        "locations": [{"physicalLocation": location}],
        "occurrenceCount": finding.count,
    }


def _html(reports: Sequence[ValidationReport], standard: Standard) -> str:
    parts = ["<h1>Validation</h1>"]
    for report in reports:
        parts.append(f"<h2>{html.escape(_verdict(report).capitalize())}</h2>")
        parts += [_html_block(found, standard) for found in _by_code(report).values()]
    return html_page("Validation", "".join(parts))


def _html_block(found: Sequence[Finding], standard: Standard) -> str:
    first = found[0]
    places = ""
    for finding in found[:LISTED]:
        other = f" {finding.detail}" if finding.detail != first.detail else ""
        places += f"<li>{html.escape(_place(finding) + _value(finding) + other)}</li>"
    more = sum(finding.count for finding in found) - min(len(found), LISTED)
    places += f"<li>and {more:,} more</li>" if more else ""
    return (
        f'<section><h3><span class="{first.severity}">{first.severity}</span> {html.escape(first.code)}</h3>'
        f"<p>{html.escape(f'{first.rule} {first.detail}'.strip())}</p><ul>{places}</ul>"
        f"<p><b>Why:</b> {html.escape(standard.rules[first.code].why)}</p>"
        f"<p><b>Mend:</b> {html.escape(first.mend)}</p></section>"
    )


FORMATS: Mapping[str, Callable[[Sequence[ValidationReport], Standard], str]] = {
    "text": lambda reports, standard: render(reports, "text", standard=standard),
    "json": _json,
    "junit": _junit,
    "sarif": _sarif,
    "html": _html,
}
