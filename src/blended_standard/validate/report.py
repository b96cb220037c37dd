"""The verdict on a submission: every finding, counted, and how many rows of each table can be used."""

from __future__ import annotations

from collections.abc import Mapping

from blended_standard.findings import Finding
from blended_standard.results import Result, Row, counted, result


@result
class TableCount(Result):
    """Rows of a table: `read`, and `usable` (with every required value)."""

    table: str
    read: int
    usable: int


@result
class ValidationReport(Result):
    """What is wrong with a submission.

    `ok` is true when nothing is at error level. `counts` gives the number of findings by severity, with those
    beyond the examples kept.
    """

    standard_version: str
    profile: str
    findings: tuple[Finding, ...]
    errors: int
    warnings: int
    notes: int
    tables: tuple[TableCount, ...]

    @property
    def ok(self) -> bool:
        """Is there no finding at error level?"""
        return self.errors == 0

    @property
    def counts(self) -> Mapping[str, int]:
        """Number of findings by severity."""
        return {"error": self.errors, "warning": self.warnings, "note": self.notes}

    def rows(self) -> list[Row]:
        """Return one row a finding."""
        return [row for finding in self.findings for row in finding.rows()]

    @property
    def verdict(self) -> str:
        """Conformant or not, and how many findings of each severity."""
        counts = map(counted, self.counts.values(), self.counts)
        return f"{'conformant' if self.ok else 'not conformant'}: {', '.join(counts)}"

    def _summary(self) -> list[str]:
        return [self.verdict]

    def __str__(self) -> str:
        return "\n".join([self.verdict, *map(str, self.findings)])
