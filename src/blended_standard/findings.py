"""Findings: what is wrong with a submission, where, and how to mend it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import attrs

from blended_standard.results import Result, result
from blended_standard.spec import Profile, Severity, Standard
from blended_standard.spec.definitions import SEVERITIES

_LONGEST_VALUE = 60


@result
class Finding(Result):
    """One thing that is wrong, or many equal things at the places of which this is the first.

    `row` counts data rows from 1 and `line` lines of the file from 1; both are None for a whole file. `value` is
    None and `redacted` true where the value could identify a person.
    """

    code: str
    severity: Severity
    table: str
    row: int | None = None
    line: int | None = None
    field: str | None = None
    value: str | None = None
    rule: str
    mend: str
    detail: str = ""
    count: int = 1
    redacted: bool = False

    def __str__(self) -> str:
        place = (
            self.table + (f" row {self.row:,}" if self.row else "") + (f" (line {self.line:,})" if self.line else "")
        )
        where = f"{place}, {self.field}" if self.field else place
        value = "  value withheld" if self.redacted else (f"  value {self.value!r}" if self.value is not None else "")
        times = f"  {self.count:,} times" if self.count > 1 else ""
        what = f"{self.rule} {self.detail}".strip()
        return f"{self.severity} {self.code}  {where}{value}{times}\n    {what}\n    Mend: {self.mend}"


@attrs.define
class FindingCollector:
    """Collects findings of one submission with bounded memory: every one is counted, the first of each kind kept.

    They are as grave as `profile` says, or by default their rules.
    """

    standard: Standard
    keep: int = 100
    profile: Profile | None = None
    _kept: dict[tuple[str, str, str | None], list[Finding]] = attrs.field(factory=dict, init=False)
    _counts: Counter[tuple[str, str, str | None]] = attrs.field(factory=Counter, init=False)

    def add(
        self,
        code: str,
        *,
        table: str,
        row: int | None = None,
        line: int | None = None,
        field: str | None = None,
        value: object = None,
        detail: str = "",
        identifying: bool = False,
        count: int = 1,
    ) -> None:
        """Add one finding, or `count` equal ones of which this is an example."""
        place = (code, table, field)
        self._counts[place] += count
        kept = self._kept.setdefault(place, [])
        if len(kept) >= self.keep:
            return
        rule = self.standard.rules[code]
        kept.append(
            Finding(
                code=code,
                severity=self._severity(code, table),
                table=_shown(table),
                row=row,
                line=line,
                field=None if field is None else _shown(field),
                value=None if value is None or identifying else _shown(value),
                rule=rule.what,
                mend=rule.mend,
                detail=_visible(detail),
                redacted=identifying and value is not None,
            )
        )

    def extend(self, other: FindingCollector) -> None:
        """Take over all that `other` collected."""
        for place, found in other._kept.items():
            kept = self._kept.setdefault(place, [])
            severity = self._severity(place[0], place[1])
            kept.extend(_graded(one, severity) for one in found[: self.keep - len(kept)])
        self._counts.update(other._counts)

    def copy(self, *, profile: Profile | None = None) -> FindingCollector:
        """Return a collector that begins with what this one has, as grave as `profile` says or the rules."""
        made = FindingCollector(self.standard, self.keep, profile)
        made.extend(self)
        return made

    def forget(self, code: str, *, table: str, field: str) -> None:
        """Drop the findings of one kind at one field, which no longer hold."""
        self._kept.pop((code, table, field), None)
        self._counts.pop((code, table, field), None)

    def findings(self) -> tuple[Finding, ...]:
        """Return what was kept, in a fixed order; the last of a cut list counts those that were not kept."""
        return tuple(sorted(self._counted(), key=_order))

    def counts(self) -> dict[str, int]:
        """Return the number of findings by severity, those not kept included."""
        totals = dict.fromkeys(map(str, SEVERITIES), 0)
        for (code, table, _), count in self._counts.items():
            totals[self._severity(code, table)] += count
        return totals

    def _severity(self, code: str, table: str) -> Severity:
        rule = self.standard.rules[code]
        return self.profile.severity_of(rule, table) if self.profile else rule.severity

    def _counted(self) -> Iterator[Finding]:
        for place, kept in self._kept.items():
            surplus = self._counts[place] - len(kept)
            yield from kept[:-1]
            last = kept[-1]
            yield Finding.from_dict(last.to_dict() | {"count": 1 + surplus}) if surplus else last


def _graded(finding: Finding, severity: Severity) -> Finding:
    return finding if finding.severity == severity else Finding.from_dict(finding.to_dict() | {"severity": severity})


def _visible(text: str) -> str:
    """Escape what a terminal would act on, and half characters, which cannot be written."""
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)


def _shown(value: object) -> str:
    text = str(value)
    safe = _visible(text[: _LONGEST_VALUE + 1])
    return safe if len(text) <= _LONGEST_VALUE else f"{safe[:_LONGEST_VALUE]}... ({len(text):,} characters)"


def _order(finding: Finding) -> tuple[int, str, int, str, str]:
    return (
        SEVERITIES.index(finding.severity),
        finding.table,
        finding.row or 0,
        finding.field or "",
        finding.code,
    )
