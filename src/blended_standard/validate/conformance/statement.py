"""What a program was found to do: the statement, its digest, and the check of one that somebody else made."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from blended_standard.errors import UnreadableInputError
from blended_standard.results import Result, Row, result
from blended_standard.spec.standard import BUNDLE, spec_directory
from blended_standard.validate.conformance.vectors import digest, load_vectors

Outcome = Literal["pass", "fail", "skip", "crash"]


@result
class CaseOutcome(Result):
    """What a program did with one vector; `detail` says how it differed, why it was skipped or how it crashed."""

    id: str
    pins: str
    outcome: str
    detail: str = ""


@result
class Statement(Result):
    """What a program was found to do, with the versions and the digests of the standard and of what it was asked.

    A program conforms when no case failed or crashed and at least one passed; what it skipped is not claimed. `claims`
    are the measures, rules or kinds that it claims of its class; empty when it claims all that it did not skip.
    """

    conformance_class: str
    implementation: str
    implementation_version: str
    claims: tuple[str, ...] = ()
    standard_version: str
    standard_sha256: str
    kit_version: str
    vectors_sha256: str
    signed_off_by: str | None = None
    signed_off_on: dt.date | None = None
    cases: tuple[CaseOutcome, ...]

    @property
    def counts(self) -> Mapping[str, int]:
        """Number of cases by outcome."""
        found = Counter(case.outcome for case in self.cases)
        return {outcome: found[outcome] for outcome in ("pass", "fail", "skip", "crash")}

    @property
    def conforms(self) -> bool:
        """Did every case that was not skipped pass, and one at least?"""
        return self.counts["pass"] > 0 and self.counts["fail"] == self.counts["crash"] == 0

    @property
    def scope(self) -> str:
        """What the verdict is about: the class, and the part of it that is claimed."""
        part = f" of {', '.join(self.claims)}" if self.claims else ""
        return f"{self.conformance_class}{part}"

    def as_document(self) -> dict[str, Any]:
        """Return the statement as it is handed on: verdict, counts, everything it rests on, and its own SHA-256."""
        facts = {"conforms": self.conforms, "counts": dict(self.counts), **self.to_dict()}
        return {**facts, "statement_sha256": _digest(facts)}

    def rows(self) -> list[Row]:
        """Return one row a case."""
        return [row for case in self.cases for row in case.rows()]

    def _summary(self) -> list[str]:
        verdict = "conforms" if self.conforms else "does not conform"
        asked = ", ".join(f"{count:,} {outcome}" for outcome, count in self.counts.items())
        return [
            f"{self.implementation} {self.implementation_version} {verdict} as {self.scope}: {asked}",
            f"standard {self.standard_version}, kit {self.kit_version}, vectors {self.vectors_sha256[:16]}",
        ]

    def __str__(self) -> str:
        lines = self._summary()
        broken = [case for case in self.cases if case.outcome in ("fail", "crash")]
        lines += [f"  {case.outcome} {case.id}: {case.detail}" for case in broken[:20]]
        return "\n".join([*lines, *([f"  ... and {len(broken) - 20:,} more"] if len(broken) > 20 else [])])


def check_statement(path: str | Path) -> tuple[str, ...]:
    """Say what is wrong with a statement that somebody handed over; empty when nothing is.

    It was changed after it was made, its verdict does not follow from its cases, or it was made with another standard
    or with other vectors than those installed here. Whether the program behaves so only a run can show.

    Raises
    ------
    UnreadableInputError
        The file holds no statement.
    """
    try:
        facts = json.loads(Path(path).read_text(encoding="utf-8"))
        stated = facts.pop("statement_sha256")
        statement = Statement.from_dict({k: v for k, v in facts.items() if k not in ("conforms", "counts")})
        asked = digest(load_vectors(statement.conformance_class))
    except Exception as error:  # whatever a stranger wrote
        raise UnreadableInputError(f"{path}: holds no statement of conformance ({type(error).__name__}).") from error
    problems = {
        "It was changed after it was made: its digest does not fit.": stated != _digest(facts),
        "Its verdict does not follow from its cases.": facts.get("conforms") != statement.conforms,
        "It was made with another standard.": statement.standard_sha256 != standard_digest(),
        "It was made with other vectors.": statement.vectors_sha256 != asked,
        "Nobody signed it off.": not statement.signed_off_by,
    }
    return tuple(problem for problem, holds in problems.items() if holds)


def standard_digest() -> str:
    """Return the SHA-256 of the standard that this installation uses."""
    return hashlib.sha256((spec_directory() / BUNDLE).read_bytes()).hexdigest()


def _digest(facts: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
