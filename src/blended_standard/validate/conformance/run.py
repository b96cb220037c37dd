"""Drive a program over vectors by JSON lines on its standard input and output; a crash of it is a result.

The program reads one JSON object a line and answers with one. `{"cmd": "start", "version": 1}` is answered with its
name, its version and what it claims; `{"cmd": "run", "seq": 1, "kind": ..., "input": ...}` with
`{"seq": 1, "output": ...}`, or `{"seq": 1, "skipped": "why"}`; `{"cmd": "stop"}` ends it. The commands are those of
bowtie-json-schema. `docs/how-to/claim-conformance.md` states the protocol in full.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from blended_standard._version import __version__
from blended_standard.errors import UsageError
from blended_standard.spec import load_standard
from blended_standard.validate.conformance.judge import prepared, problem_with
from blended_standard.validate.conformance.program import CrashError, Program
from blended_standard.validate.conformance.statement import CaseOutcome, Outcome, Statement, standard_digest
from blended_standard.validate.conformance.vectors import Vector, digest, load_vectors

_MOST_CRASHES = 5


def run_conformance(
    command: str | Sequence[str],
    conformance_class: str = "calculator",
    *,
    vectors: Sequence[Vector] | None = None,
    timeout: float = 30.0,
    signed_off_by: str | None = None,
    signed_off_on: dt.date | None = None,
) -> Statement:
    """Ask a program every vector of a class and state what it answered.

    A program may claim a part of a class: in its answer to `start`, `claims` lists measures, rules or kinds. What it
    does not claim is not asked; what it claims it may not skip.

    Parameters
    ----------
    command : str or sequence of str
        What starts the program; it is not passed to a shell.
    conformance_class : {"producer-record", "producer-aggregate", "consumer", "calculator", "comparer"}
        What the program claims to be.
    vectors : sequence of Vector, optional
        Default: those shipped for the class.
    timeout : float
        Seconds that the program has for one answer.
    signed_off_by, signed_off_on : str and date, optional
        Who answers for the statement, and the day.

    Raises
    ------
    UsageError
        The program cannot be started, does not answer the first command, or claims what there is no vector of.
    """
    asked = tuple(load_vectors(conformance_class) if vectors is None else vectors)
    with Program(command, timeout) as program:
        about = program.start()
        claims = _claims(about, asked)
        cases, crashes = [], 0
        for number, vector in enumerate(asked, start=1):
            if claims and not claims & {vector.pins, vector.kind}:
                case = _outcome(vector, "skip", "not claimed")
            elif crashes < _MOST_CRASHES:
                case = _ask(program, number, vector, claimed=bool(claims))
                crashes = crashes + 1 if case.outcome == "crash" else 0
            else:
                case = _outcome(vector, "crash", f"not asked: it crashed {_MOST_CRASHES} times in a row")
            cases.append(case)
    standard = load_standard()
    return Statement(
        conformance_class=conformance_class,
        implementation=str(about.get("name", "unnamed")),
        implementation_version=str(about.get("implementation_version", "")),
        claims=tuple(sorted(claims)),
        standard_version=standard.version,
        standard_sha256=standard_digest(),
        kit_version=__version__,
        vectors_sha256=digest(asked),
        signed_off_by=signed_off_by,
        signed_off_on=signed_off_on,
        cases=tuple(cases),
    )


def _claims(about: Mapping[str, Any], asked: Sequence[Vector]) -> frozenset[str]:
    given = about.get("claims") or []
    if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
        raise UsageError('The program\'s "claims" are not a list of texts, such as ["ENG-01", "CMP-05"].')
    known = {name for vector in asked for name in (vector.pins, vector.kind)}
    unknown = sorted(set(given) - known)
    if unknown:
        raise UsageError(f"The program claims {unknown[0]!r}, of which the class has no vector.")
    return frozenset(given)


def _ask(program: Program, number: int, vector: Vector, *, claimed: bool) -> CaseOutcome:
    with prepared(vector) as asked:
        try:
            answer = program.exchange({"cmd": "run", "seq": number, "kind": vector.kind, "input": asked})
        except CrashError as error:
            program.restart()
            return _outcome(vector, "crash", str(error))
        if answer.get("seq") != number:
            program.restart()
            return _outcome(vector, "crash", f"answered {str(answer.get('seq'))[:20]!r} to request {number}")
        if "skipped" in answer:
            why = str(answer["skipped"])[:200]
            return _outcome(vector, "fail", f"claimed and skipped: {why}") if claimed else _outcome(vector, "skip", why)
        if "output" not in answer:
            return _outcome(vector, "fail", f"no output: {str(answer.get('error', ''))[:200]}")
        problem = problem_with(vector, asked, answer["output"])
    return _outcome(vector, "fail" if problem else "pass", problem or "")


def _outcome(vector: Vector, outcome: Outcome, detail: str) -> CaseOutcome:
    return CaseOutcome(id=vector.id, pins=vector.pins, outcome=outcome, detail=detail)
