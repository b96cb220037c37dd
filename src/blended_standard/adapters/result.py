"""What an import or export returns: the submission, what became of every source field, and the findings."""

from __future__ import annotations

from typing import Any, Literal

import attrs

from blended_standard.findings import Finding
from blended_standard.io import Submission
from blended_standard.results import Result, Row, result

Fate = Literal["mapped", "kept", "dropped"]


@result
class FieldLoss(Result):
    """What became of one field of the source: how many values it had, where they went, and why if nowhere."""

    field: str
    fate: Fate
    count: int
    to: str = ""
    reason: str = ""


@result
class RowLoss(Result):
    """How many records of one kind were left out for one reason."""

    what: str
    reason: str
    count: int


@result
class LossReport(Result):
    """Every field of the source with its fate, and every kind of record that was left out.

    Attributes
    ----------
    absent
        Tables that the profile requires and an import did not find, so that its submission alone is not conformant
        (`TAB-MISSING`): a framework names no learner, an event log no program. `combine` joins it with what does.
    """

    standard: str
    fields: tuple[FieldLoss, ...]
    records: tuple[RowLoss, ...] = ()
    absent: tuple[str, ...] = ()

    @property
    def mapped(self) -> int:
        """Values that went into a field of the standard."""
        return self._count("mapped")

    @property
    def kept(self) -> int:
        """Values that are kept as local fields."""
        return self._count("kept")

    @property
    def dropped(self) -> int:
        """Values that were dropped; each field says why."""
        return self._count("dropped")

    def _count(self, fate: Fate) -> int:
        return sum(entry.count for entry in self.fields if entry.fate == fate)

    def rows(self) -> list[Row]:
        """Return one row a field, then one a kind of record left out."""
        fields: list[Row] = [
            {"what": f.field, "fate": f.fate, "count": f.count, "to": f.to, "reason": f.reason} for f in self.fields
        ]
        records: list[Row] = [
            {"what": r.what, "fate": "left out", "count": r.count, "to": "", "reason": r.reason} for r in self.records
        ]
        return [*fields, *records]


@result
class Import(Result):
    """A submission made of a neighboring standard, with what was lost on the way.

    Attributes
    ----------
    submission
        The records, pseudonymous.
    losses
        Every field of the source as mapped, kept or dropped, with counts and reasons.
    findings
        What was wrong with the source, or had to be assumed.
    voided
        Identifiers in the source of documents that it withdrew itself, pseudonymous where they could name a person.
    """

    standard: str
    version: str
    submission: Submission = attrs.field(eq=False)
    losses: LossReport
    findings: tuple[Finding, ...] = ()
    voided: tuple[str, ...] = ()

    def rows(self) -> list[Row]:
        """Return one row a table: its name and how many records it has."""
        return [{"table": name, "records": len(data)} for name, data in self.submission.tables.items()]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values: counts of the tables, losses and findings; the records are in `submission`."""
        return {
            "kind": "Import",
            "standard": self.standard,
            "version": self.version,
            "tables": {str(row["table"]): row["records"] for row in self.rows()},
            "losses": self.losses.to_dict(),
            "findings": [finding.to_dict() for finding in self.findings],
            "voided": list(self.voided),
        }


@result
class Export(Result):
    """What was written for a neighboring standard, and what of the submission it could not say."""

    standard: str
    files: tuple[str, ...]
    documents: int
    losses: LossReport
    findings: tuple[Finding, ...] = ()
