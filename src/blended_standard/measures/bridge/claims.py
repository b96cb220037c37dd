"""What a bridge measure returns: a claim with the evidence behind it, what is unmet, and every step to the number."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from blended_standard.errors import UsageError
from blended_standard.measures.report import Group, Value
from blended_standard.results import Result, Row, result


@result
class EvidenceUsed(Result):
    """How many records of one table a claim rests on, and at what level of evidence (L0 to L4)."""

    table: str
    level: int | None
    count: int


@result
class ConditionResult(Result):
    """One condition: how many episodes meet it and how many do not."""

    id: str
    text: str
    met: int
    unmet: int
    detail: tuple[str, ...] = ()


@result
class Step(Result):
    """One step of the audit trail: what was worked out, its value and unit."""

    text: str
    value: float
    unit: str


@result
class Claim(Result):
    """What the evidence supports under one rule pack in one period; `value` is None exactly when `reason` says why.

    It names records by count and level only. It proposes; a person certifies. Not legal advice.
    """

    measure: str
    version: str
    name: str
    jurisdiction: str
    group: Group
    label: str
    period_start: dt.date
    period_end: dt.date
    value: float | None
    unit: str
    episodes: int
    numerator: float | None = None
    denominator: float | None = None
    reason: str | None = None
    conditions: tuple[ConditionResult, ...] = ()
    evidence: tuple[EvidenceUsed, ...] = ()
    steps: tuple[Step, ...] = ()
    parameters: tuple[tuple[str, Value], ...] = ()
    effective_from: str | None = None
    effective_to: str | None = None
    seen_on: str = ""
    notice: str = ""

    @property
    def unmet(self) -> tuple[ConditionResult, ...]:
        """The conditions that any episode fails."""
        return tuple(condition for condition in self.conditions if condition.unmet)

    def step(self, text: str) -> float:
        """Return the value of one step of the audit trail."""
        for step in self.steps:
            if step.text == text:
                return step.value
        raise UsageError(f"There is no step {text!r}. There are: {', '.join(step.text for step in self.steps)}.")

    def rows(self) -> list[Row]:
        """Return one row."""
        return [
            {
                "measure": f"{self.measure}@{self.version}",
                "jurisdiction": self.jurisdiction,
                "group": self.label,
                "claim": self.value,
                "unit": self.unit,
                "episodes": self.episodes,
                "unmet": "; ".join(f"{condition.id} ({condition.unmet})" for condition in self.unmet),
                "reason": self.reason,
                "seen_on": self.seen_on,
                "notice": self.notice,
            }
        ]


@result
class ClaimReport(Result):
    """The claims of one rule pack, one a group."""

    claims: tuple[Claim, ...]

    def __iter__(self) -> Iterator[Claim]:
        return iter(self.claims)

    def __len__(self) -> int:
        return len(self.claims)

    def one(self, group: str | None = None) -> Claim:
        """Return the only claim, or that of one group (its label or an identifier in it)."""
        found = [
            claim
            for claim in self.claims
            if group is None or group == claim.label or any(group == value for _, value in claim.group)
        ]
        if len(found) != 1:
            people = any({"learner", "episode"} & set(dict(claim.group)) for claim in self.claims)
            # No message may name a learner.
            have = "people" if people else ", ".join(claim.label for claim in self.claims) or "no group"
            raise UsageError(f"{len(found)} claims match {group or 'any group'}; one is expected. There are: {have}.")
        return found[0]

    def rows(self) -> list[Row]:
        """Return one row a group."""
        return [row for claim in self.claims for row in claim.rows()]
