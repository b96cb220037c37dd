"""Check a report of aggregates: that its numbers agree with each other, whoever made it. No record is needed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from blended_standard.findings import FindingCollector
from blended_standard.spec import MeasureDefinition, Standard, load_standard
from blended_standard.validate.report import TableCount, ValidationReport

Entry = Mapping[str, Any]
_WITH_VALUE = ("ok", "small_n", "low_coverage")
_WITHOUT_VALUE = ("not_computable", "not_mature", "suppressed")
_NUMBERS = ("value", "se", "numerator", "denominator", "n", "coverage", "interval", "bounds")
_LISTS = ("statistics", "excluded", "components")
_TOLERANCE = 1e-9


def validate_aggregate(
    report: Entry, *, whole: Entry | None = None, standard: Standard | None = None
) -> ValidationReport:
    """Check the results of a report against their definitions and against each other.

    Parameters
    ----------
    report : mapping
        A report as `aggregate.schema.json` of the standard describes it: what `MeasureReport.to_dict()` gives.
    whole : mapping, optional
        The report of the same records without groups. The groups must add up to it.
    standard : Standard, optional
        Default: the one shipped.

    Returns
    -------
    ValidationReport
        Findings of the rules `AGG-...`. `table` is the measure, `row` the number of the result from 1.

    Examples
    --------
    >>> result = {"measure": "ENG-01", "version": "1.0.0", "group": [], "status": "ok", "value": 0.9, "n": 40}
    >>> result |= {"numerator": 3, "denominator": 4, "reason": None}
    >>> report = validate_aggregate({"standard_version": "0.1.0", "by": [], "results": [result]})
    >>> [finding.code for finding in report.findings]
    ['AGG-KEY', 'AGG-RATIO']
    """
    standard = standard or load_standard()
    check = _Check(standard, FindingCollector(standard))
    sound = check.results(report)
    if whole is not None:
        check.sums(sound, check.results(whole))
    severities = check.found.counts()
    given = report.get("results")
    read = len(given) if isinstance(given, list) else 0
    return ValidationReport(
        standard_version=standard.version,
        profile=str(report.get("profile", "")),
        findings=check.found.findings(),
        errors=severities["error"],
        warnings=severities["warning"],
        notes=severities["note"],
        tables=(TableCount(table="results", read=read, usable=len(sound)),),
    )


@attrs.frozen
class _Check:
    standard: Standard
    found: FindingCollector

    def results(self, report: Entry) -> list[Entry]:
        """Check every result; return those whose form is sound."""
        given, by = report.get("results"), report.get("by")
        if not isinstance(given, list) or not isinstance(by, list):
            self.found.add("AGG-FORM", table="results", detail="A report has the lists by and results.")
            return []
        sound, seen = [], set()
        for row, entry in enumerate(given, start=1):
            problem = _form_problem(entry)
            if problem:
                self.found.add("AGG-FORM", table="results", row=row, detail=problem)
                continue
            sound.append(entry)
            place = (entry["measure"], str(entry["group"]))
            if [level for level, _ in entry["group"]] != by or place in seen:
                self._add("AGG-GROUP", entry, row, "group", f"The report is by {', '.join(by) or 'nothing'}.")
            seen.add(place)
            self._status(entry, row)
            definition = self.standard.measures.get(entry["measure"])
            if definition is None or definition.version != entry["version"]:
                self._add("AGG-MEASURE", entry, row, "measure", _known(entry, definition))
            else:
                self._numbers(entry, definition, row)
                self._key(entry, definition, row)
        return sound

    def _add(self, code: str, entry: Entry, row: int, field: str, detail: str = "") -> None:
        self.found.add(code, table=entry["measure"], row=row, field=field, detail=detail)

    def _status(self, entry: Entry, row: int) -> None:
        has_value = entry.get("value") is not None
        if has_value != (entry["status"] in _WITH_VALUE) or has_value == bool(entry.get("reason")):
            detail = f"Status {entry['status']}, {'a' if has_value else 'no'} value."
            self._add("AGG-STATUS", entry, row, "status", detail)
        if entry["status"] == "suppressed":
            held = [name for name in _NUMBERS if entry.get(name) is not None]
            held += [name for name in _LISTS if entry.get(name)]
            if held:
                self._add("AGG-SUPPRESSED", entry, row, held[0])

    def _numbers(self, entry: Entry, definition: MeasureDefinition, row: int) -> None:
        """Check counts, range, ratio, interval and statistics of one result."""
        value, top, bottom = entry.get("value"), entry.get("numerator"), entry.get("denominator")
        low, high = definition.range.minimum, definition.range.maximum
        for name, count in _counts(entry):
            if count < 0 or not float(count).is_integer():
                self._add("AGG-COUNT", entry, row, name, f"It is {count}.")
        unknown = {part["id"] for part in entry.get("excluded", [])} - self._exclusions(definition)
        if unknown:
            self._add("AGG-COUNT", entry, row, "excluded", f"{definition.id} does not exclude {min(unknown)!r}.")
        if value is not None and _outside(value, low, high):
            self._add("AGG-RANGE", entry, row, "value", f"Accepted: {low} to {high}.")
        if definition.combine.statistic == "ratio_of_sums" and top is not None and bottom is not None:
            if (low, high) == (0, 1) and not -_TOLERANCE <= top <= bottom + _TOLERANCE:
                self._add("AGG-NUMERATOR", entry, row, "numerator", f"{top} of {bottom}.")
            elif value is not None and (not bottom or not _close(value, top / bottom)):
                self._add("AGG-RATIO", entry, row, "value", f"{top} of {bottom} is not {value}.")
            self._statistics(entry, row)
        if (entry.get("se") or 0) < 0 or not all(_holds(entry.get(name), value) for name in ("interval", "bounds")):
            self._add("AGG-INTERVAL", entry, row, "interval")

    def _exclusions(self, definition: MeasureDefinition) -> set[str]:
        """Return the reasons for which units leave a measure, or one of those that it may be taken of."""
        bases = [self.standard.measures[name] for name in _bases(definition)]
        return {part.id for measure in (definition, *bases) for part in measure.exclusions}

    def _statistics(self, entry: Entry, row: int) -> None:
        sums = {part["name"]: part["value"] for part in entry.get("statistics", [])}
        for name, field in (("n", "n"), ("x", "numerator"), ("y", "denominator")):
            if name in sums and entry.get(field) is not None and not _close(sums[name], entry[field]):
                self._add("AGG-SUM", entry, row, field, f"The statistic {name} is {sums[name]}.")

    def _key(self, entry: Entry, definition: MeasureDefinition, row: int) -> None:
        key = entry.get("key")
        if not isinstance(key, Mapping) or (key.get("measure"), key.get("version")) != (
            definition.id,
            definition.version,
        ):
            self._add("AGG-KEY", entry, row, "key", "It names another measure or version, or is not there.")
            return
        try:
            given = dict(key.get("parameters") or [])
        except (TypeError, ValueError):
            self._add("AGG-KEY", entry, row, "key", "Its parameters are not a list of names and values.")
            return
        own = {name: value for name, value in given.items() if "." not in str(name)}
        wanted = {name for name, parameter in definition.parameters.items() if parameter.comparability}
        if own.keys() != wanted:
            detail = f"Parameters that decide comparability: {', '.join(sorted(wanted)) or 'none'}."
            self._add("AGG-KEY", entry, row, "key", detail)
        for name in sorted(own.keys() & wanted):
            problem = definition.parameters[name].problem_with(own[name])
            if problem:
                self._add("AGG-KEY", entry, row, "key", f"{name} {problem}.")

    def sums(self, parts: Sequence[Entry], whole: Sequence[Entry]) -> None:
        """Check that the groups of each measure add up to its result over all."""
        for total in whole:
            groups = [entry for entry in parts if entry["measure"] == total["measure"]]
            definition = self.standard.measures.get(total["measure"])
            if definition is None or _bases(definition):
                continue  # the difference of two groups is not a sum over others
            if any(entry["status"] == "suppressed" for entry in [total, *groups]):
                continue
            additive = ["n"]
            if definition.combine.statistic == "ratio_of_sums":
                additive += ["numerator", "denominator"]
            for name in additive:
                self._sum(total, name, sum(entry.get(name) or 0 for entry in groups), total.get(name) or 0)
            excluded = sum((_excluded(entry) for entry in groups), Counter[str]())
            for name in sorted(excluded.keys() | _excluded(total).keys()):
                self._sum(total, "excluded", excluded[name], _excluded(total)[name])

    def _sum(self, total: Entry, field: str, parts: float, whole: float) -> None:
        if not _close(parts, whole):
            detail = f"The groups have {parts} together, the whole {whole}."
            self.found.add("AGG-SUM", table=total["measure"], field=field, detail=detail)


def _form_problem(entry: Any) -> str | None:
    """Say what is wrong with the form of a result, or None."""
    if not isinstance(entry, Mapping):
        return "A result is an object."
    for name in ("measure", "version", "status"):
        if not isinstance(entry.get(name), str):
            return f"{name} is a text."
    if entry["status"] not in (*_WITH_VALUE, *_WITHOUT_VALUE):
        return f"status is one of {', '.join((*_WITH_VALUE, *_WITHOUT_VALUE))}."
    for name in ("value", "se", "numerator", "denominator", "n", "coverage"):
        if entry.get(name) is not None and not _is_number(entry[name]):
            return f"{name} is a finite number or null."
    for name in ("interval", "bounds"):
        ends = entry.get(name)
        if ends is not None and not (
            isinstance(ends, Mapping) and all(_is_number(ends.get(e)) for e in ("low", "high"))
        ):
            return f"{name} has the numbers low and high, or is null."
    if not _is_list(entry.get("group"), lambda level: _is_list(level, _is_text) and len(level) == 2):
        return "group is a list of pairs, a level and its value."
    named = {"excluded": ("id", "count"), "statistics": ("name", "value")}
    for name, (label, number) in named.items():
        parts = entry.get(name, [])
        if not _is_list(
            parts, lambda p, a=label, b=number: isinstance(p, Mapping) and _is_text(p.get(a)) and _is_number(p.get(b))
        ):
            return f"{name} is a list of objects with {label} and {number}."
    reason = entry.get("reason")
    return None if reason is None or isinstance(reason, str) else "reason is a text or null."


def _bases(definition: MeasureDefinition) -> tuple[str, ...]:
    """Return the measures that one may be taken of, such as a gap; most are taken of none."""
    return definition.parameters["of"].choices if "of" in definition.parameters else ()


def _is_list(value: Any, is_sound: Any) -> bool:
    return isinstance(value, list) and all(map(is_sound, value))


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _counts(entry: Entry) -> list[tuple[str, float]]:
    counts = [("excluded", part["count"]) for part in entry.get("excluded", [])]
    return counts if entry.get("n") is None else [("n", entry["n"]), *counts]


def _excluded(entry: Entry) -> Counter[str]:
    return Counter({part["id"]: part["count"] for part in entry.get("excluded", [])})


def _known(entry: Entry, definition: MeasureDefinition | None) -> str:
    if definition is None:
        return f"There is no measure {entry['measure'][:20]!r}."
    return f"{definition.id} is at version {definition.version}."


def _outside(value: float, low: float | None, high: float | None) -> bool:
    return (low is not None and value < low - _TOLERANCE) or (high is not None and value > high + _TOLERANCE)


def _holds(ends: Mapping[str, float] | None, value: float | None) -> bool:
    if ends is None:
        return True
    if value is None:
        return False
    slack = _TOLERANCE * max(1.0, abs(value))
    return ends["low"] - slack <= value <= ends["high"] + slack


def _close(first: float, second: float) -> bool:
    return math.isclose(first, second, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)
