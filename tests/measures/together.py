"""Many vectors in few submissions, for engines that plan longer than they compute: each case is a program of its own."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from typing import Any

import attrs

from blended_standard.io import Submission
from blended_standard.measures import MeasureResult, score
from blended_standard.measures.bridge import Claim, claim
from blended_standard.model import RECORDS
from blended_standard.spec import load_standard
from tests.measures.vectors import CASES, CLAIMS, Case, Rows, agree, complete, name_of, result, submission_of

ALONE = ("EQ-04", "IMP-05")
"""Measures that take the mix of all programs together, or ask which tables there are."""


@attrs.define
class Batch:
    """Cases of one as-of date in which no measure has two sets of parameters, or a case by itself."""

    as_of: str
    shared: bool
    parameters: dict[str, dict[str, Any]] = attrs.field(factory=dict)
    cases: list[tuple[str, Case]] = attrs.field(factory=list)

    def __str__(self) -> str:
        return _name(self.cases)

    def takes(self, measure: str, case: Case) -> bool:
        own = case.get("parameters", {})
        return self.shared and self.as_of == case["as_of"] and self.parameters.get(measure, own) == own

    def results(self, engine: Any) -> Iterator[MeasureResult]:
        """Score all measures of the batch; the results come in the order of the cases."""
        if not self.shared:
            yield result(*self.cases[0], engine)
            return
        asked = {"as_of": self.as_of, "parameters": self.parameters, "engine": engine}
        report = score(_joined(self.cases), list(self.parameters), by="program", **asked)
        for number, (measure, _) in enumerate(self.cases):
            yield report.one(measure, str(number))


@attrs.define
class Claims:
    """Cases of one bridge measure with one period and one set of parameters."""

    cases: list[tuple[str, Case]]

    def __str__(self) -> str:
        return _name(self.cases)

    def results(self, engine: Any) -> Iterator[Claim]:
        """Make all claims of the batch; they come in the order of the cases."""
        measure, case = self.cases[0]
        first, last = case["period"]
        asked = {"parameters": case.get("parameters"), "engine": engine}
        report = claim(measure, _joined(self.cases), period=(first, last), by=("program",), **asked)
        for number in range(len(self.cases)):
            yield report.one(str(number))


def disagreements(batch: Batch | Claims, engine: Any) -> list[str]:
    """Return the cases whose result is not what is expected, with what is wrong."""
    found = []
    for (measure, case), scored in zip(batch.cases, batch.results(engine), strict=True):
        try:
            agree(scored, case)
        except AssertionError as error:
            found.append(f"{name_of(measure, case)}: {error}")
    return found


def batches(cases: Iterable[tuple[str, Case]]) -> list[Batch]:
    """Return as few batches as hold the cases."""
    made: list[Batch] = []
    for measure, case in cases:
        shared = can_share(measure, case)
        batch = next((batch for batch in made if shared and batch.takes(measure, case)), None)
        if batch is None:
            made.append(batch := Batch(case["as_of"], shared))
        batch.parameters[measure] = case.get("parameters", {})
        batch.cases.append((measure, case))
    return made


def claims(cases: Iterable[tuple[str, Case]]) -> list[Claims]:
    """Return as few batches as hold the cases of bridge measures."""
    made: dict[str, Claims] = {}
    for measure, case in cases:
        asked = str((measure, case["period"], case.get("parameters")))
        made.setdefault(asked, Claims([])).cases.append((measure, case))
    return list(made.values())


def can_share(measure: str, case: Case) -> bool:
    """Say whether a case means the same beside others: one program with learners, and no table that is missed."""
    tables, needs = case["tables"], load_standard().measures[measure].needs_any
    return (
        measure not in ALONE
        and bool(tables.get("episode"))
        and len(tables.get("program", [0])) == 1
        and (not needs or any(tables.get(name) for name in needs))
        and not {"instrument", "scale"} & set(case.get("parameters", {}))  # which name a record
    )


def _name(cases: list[tuple[str, Case]]) -> str:
    more = f" and {len(cases) - 1} more" if len(cases) > 1 else ""
    return f"{name_of(*cases[0])}{more}"


def _joined(cases: list[tuple[str, Case]]) -> Submission:
    """Return the tables of all cases as one submission; the number of a case is the name of its program."""
    tables: dict[str, Rows] = {}
    for number, (_, case) in enumerate(cases):
        for name, rows in complete(case["tables"]).items():
            tables.setdefault(name, []).extend(_apart(name, row, str(number)) for row in rows)
    return submission_of(tables)


def _apart(name: str, row: dict[str, Any], number: str) -> dict[str, Any]:
    """Return a row with `number` before each identifier, and as the name of the program."""
    made = {
        key: f"{number}/{value}" if key in _identifiers(name) and value is not None else value
        for key, value in row.items()
    }
    return made | {"name": number} if name == "program" else made


@functools.cache
def _identifiers(name: str) -> frozenset[str]:
    texts = (field for field in RECORDS[name].fields() if field.type == "text")
    return frozenset(field.name for field in texts if field.key or field.refers_to or field.name == "jurisdiction")


BATCHES = batches(CASES)
CLAIM_BATCHES = claims(CLAIMS)
