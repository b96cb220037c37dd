"""Results of measures: one number for one group, with all that is needed to trace, merge and compare it."""

from __future__ import annotations

import datetime as dt
import enum
import hashlib
from collections.abc import Iterator

from blended_standard.errors import UsageError
from blended_standard.results import Interval, Result, Row, ends, result

Group = tuple[tuple[str, str], ...]
Value = bool | int | float | str


class Status(enum.StrEnum):
    """Whether a value can be had and how far it can be relied on."""

    OK = "ok"
    SMALL_N = "small_n"
    LOW_COVERAGE = "low_coverage"
    NOT_MATURE = "not_mature"
    NOT_COMPUTABLE = "not_computable"
    SUPPRESSED = "suppressed"


@result
class ComparabilityKey(Result):
    """What must agree before two results may be compared: measure, version, parameters in force, scale."""

    measure: str
    version: str
    parameters: tuple[tuple[str, Value], ...] = ()
    scale: str | None = None

    @property
    def text(self) -> str:
        """The key as one line."""
        parts = [f"{self.measure}@{self.version}", *(f"{name}={value}" for name, value in self.parameters)]
        return ";".join([*parts, *([f"scale={self.scale}"] if self.scale else [])])

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits that stand for the key."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:12]

    def __str__(self) -> str:
        return self.text


@result
class Excluded(Result):
    """How many units left the population, and why."""

    id: str
    reason: str
    count: int


@result
class Bounds(Result):
    """What the value would be if every unknown follow-up were a failure, or a success."""

    low: float
    high: float


@result
class Component(Result):
    """A further number of a measure beside its headline; `value` is None exactly when `reason` says why."""

    name: str
    value: float | None
    se: float | None = None
    interval: Interval | None = None
    n: int | None = None
    reason: str | None = None


@result
class Statistic(Result):
    """One sufficient statistic, by name; the statistics of disjoint groups add up."""

    name: str
    value: float | int


@result
class MeasureResult(Result):
    """One measure for one group; `value` is None exactly when `reason` says why.

    `numerator` and `denominator` are those of the definition; `n` counts units (None once suppressed), `excluded`
    those left out by reason, `learners` the people behind the units, `coverage` the share of the evidence needed that
    was there. `statistics` lets partial results merge. `components` are the further numbers that the definition names.
    """

    measure: str
    version: str
    name: str
    group: Group
    label: str
    status: Status
    value: float | None
    se: float | None
    interval: Interval | None
    numerator: float | None
    denominator: float | None
    n: int | None
    coverage: float | None
    reason: str | None
    key: ComparabilityKey
    bounds: Bounds | None = None
    components: tuple[Component, ...] = ()
    excluded: tuple[Excluded, ...] = ()
    parameters: tuple[tuple[str, Value], ...] = ()
    statistics: tuple[Statistic, ...] = ()
    covered: int = 0
    needed: int = 0
    learners: int | None = None

    def __attrs_post_init__(self) -> None:
        if (self.value is None) == (self.reason is None):
            raise UsageError(f"{self.measure}: a result has a value, or a reason why it has none, never both.")

    def component(self, name: str) -> Component:
        """Return a component by name."""
        for entry in self.components:
            if entry.name == name:
                return entry
        have = ", ".join(entry.name for entry in self.components) or "none"
        raise UsageError(f"{self.measure} has no component {name!r}. It has: {have}.")

    def rows(self) -> list[Row]:
        """Return one row."""
        low, high = ends(self.interval)
        return [
            {
                "measure": f"{self.measure}@{self.version}",
                "name": self.name,
                "group": self.label,
                "value": self.value,
                "se": self.se,
                "ci_low": low,
                "ci_high": high,
                "n": self.n,
                "status": self.status.value,
                "reason": self.reason,
                "key": self.key.digest,
            }
        ]

    def csv_rows(self) -> list[Row]:
        """Return one row with every number, a column for each part of the group, and the parameters in force."""
        groups: Row = {f"group_{name}": value for name, value in self.group}
        return [
            {"measure": self.measure, "version": self.version, "name": self.name, "group": self.label}
            | groups
            | {name: value for name, value in self.rows()[0].items() if name in ("value", "se", "ci_low", "ci_high")}
            | {
                "ci_level": self.interval.level if self.interval else None,
                "numerator": self.numerator,
                "denominator": self.denominator,
                "n": self.n,
                "learners": self.learners,
                "coverage": self.coverage,
                "status": self.status.value,
                "reason": self.reason,
                "parameters": "; ".join(f"{name}={value}" for name, value in self.parameters),
                "comparability_key": self.key.digest,
            }
        ]


@result
class MeasureReport(Result):
    """The measures of one submission at one as-of date, by group."""

    standard_version: str
    profile: str
    as_of: dt.date
    by: tuple[str, ...]
    engine: str
    results: tuple[MeasureResult, ...]
    synthetic: bool = False
    source: str = ""

    def __iter__(self) -> Iterator[MeasureResult]:
        return iter(self.results)

    def __len__(self) -> int:
        return len(self.results)

    def rows(self) -> list[Row]:
        """Return one row a measure and group."""
        return [row for entry in self.results for row in entry.rows()]

    def csv_rows(self) -> list[Row]:
        """Return one row a measure and group, with every number and with what the report is about."""
        context: Row = {
            "as_of": self.as_of.isoformat(),
            "profile": self.profile,
            "standard_version": self.standard_version,
            "source": self.source,
            "synthetic": self.synthetic,
        }
        return [entry.csv_rows()[0] | context for entry in self.results]

    def _summary(self) -> list[str]:
        whose = f"by {' and '.join(self.by)}" if self.by else "of all learners together"
        mark = ["Synthetic data: no real learner stands behind these numbers."] if self.synthetic else []
        return [f"Measures {whose}, as of {self.as_of} (profile {self.profile})", *mark]

    def groups(self) -> tuple[Group, ...]:
        """Return the groups in order."""
        return tuple(dict.fromkeys(entry.group for entry in self.results))

    def select(self, measure: str | None = None, group: str | None = None) -> tuple[MeasureResult, ...]:
        """Return the results of one measure, of one group (its label or one of its identifiers), or of both."""
        return tuple(
            entry
            for entry in self.results
            if (measure is None or entry.measure == measure)
            and (group is None or group == entry.label or any(group == value for _, value in entry.group))
        )

    def one(self, measure: str, group: str | None = None) -> MeasureResult:
        """Return the only result of a measure and group; `UsageError` when there is none or there are several."""
        of_measure = self.select(measure)
        if not of_measure:
            scored = ", ".join(dict.fromkeys(entry.measure for entry in self.results)) or "nothing"
            raise UsageError(f"This report has no {measure}: it holds {scored}. Pass {measure} to score().")
        found = self.select(measure, group)
        if len(found) != 1:
            people = {"learner", "episode"} & set(self.by)  # Whose identifiers no message may name.
            there = "people" if people else ", ".join(repr(entry.label) for entry in of_measure)
            what = f"no group {group!r}" if group is not None and not found else f"{len(found)} results"
            raise UsageError(f"{measure} has {what} where one is expected. Its groups: {there}. Name one by its label.")
        return found[0]
