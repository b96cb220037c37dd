"""Drive a program over vectors by JSON lines on its standard input and output; a crash of it is a result.

The program reads one JSON object a line and answers with one. `{"cmd": "start", "version": 1}` is answered with its
name and version; `{"cmd": "run", "seq": 1, "kind": ..., "input": ...}` with `{"seq": 1, "output": ...}`, or
`{"seq": 1, "skipped": "why"}`; `{"cmd": "stop"}` ends it. The commands are those of bowtie-json-schema.
"""

from __future__ import annotations

import contextlib
import json
import queue
import shlex
import subprocess
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from blended_standard._version import __version__
from blended_standard.errors import UsageError
from blended_standard.results import Result, Row, result
from blended_standard.spec import load_standard
from blended_standard.validate.conformance.vectors import Vector, difference, digest, load_vectors

PROTOCOL = 1
Outcome = Literal["pass", "fail", "skip", "crash"]
_LONGEST_ANSWER = 1_000_000
_MOST_CRASHES = 5


@result
class CaseOutcome(Result):
    """What a program did with one vector; `detail` says how it differed, why it was skipped or how it crashed."""

    id: str
    pins: str
    outcome: str
    detail: str = ""


@result
class Statement(Result):
    """What a program was found to do, with the versions and the digest of the vectors it was asked.

    A program conforms when no case failed or crashed and at least one passed; what it skipped is not claimed.
    """

    conformance_class: str
    implementation: str
    implementation_version: str
    standard_version: str
    kit_version: str
    vectors_sha256: str
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

    def rows(self) -> list[Row]:
        """Return one row a case."""
        return [row for case in self.cases for row in case.rows()]

    def __str__(self) -> str:
        verdict = "conforms" if self.conforms else "does not conform"
        asked = ", ".join(f"{count:,} {outcome}" for outcome, count in self.counts.items())
        lines = [
            f"{self.implementation} {self.implementation_version} {verdict} as {self.conformance_class}: {asked}",
            f"standard {self.standard_version}, kit {self.kit_version}, vectors {self.vectors_sha256[:16]}",
        ]
        broken = [case for case in self.cases if case.outcome in ("fail", "crash")]
        lines += [f"  {case.outcome} {case.id}: {case.detail}" for case in broken[:20]]
        return "\n".join([*lines, *([f"  ... and {len(broken) - 20:,} more"] if len(broken) > 20 else [])])


def run_conformance(
    command: str | Sequence[str],
    conformance_class: str = "calculator",
    *,
    vectors: Sequence[Vector] | None = None,
    timeout: float = 30.0,
) -> Statement:
    """Ask a program every vector of a class and state what it answered.

    Parameters
    ----------
    command : str or sequence of str
        What starts the program; it is not passed to a shell.
    conformance_class : {"consumer", "calculator", "comparer"}
        What the program claims to be.
    vectors : sequence of Vector, optional
        Default: those shipped for the class.
    timeout : float
        Seconds that the program has for one answer.

    Raises
    ------
    UsageError
        The program cannot be started, or does not answer the first command.
    """
    asked = tuple(load_vectors(conformance_class) if vectors is None else vectors)
    with _Program(command, timeout) as program:
        about = program.start()
        cases, crashes = [], 0
        for number, vector in enumerate(asked, start=1):
            if crashes < _MOST_CRASHES:
                case = _ask(program, number, vector)
            else:
                case = _outcome(vector, "crash", f"not asked: it crashed {_MOST_CRASHES} times in a row")
            crashes = crashes + 1 if case.outcome == "crash" else 0
            cases.append(case)
    return Statement(
        conformance_class=conformance_class,
        implementation=str(about.get("name", "unnamed")),
        implementation_version=str(about.get("implementation_version", "")),
        standard_version=load_standard().version,
        kit_version=__version__,
        vectors_sha256=digest(asked),
        cases=tuple(cases),
    )


def _ask(program: _Program, number: int, vector: Vector) -> CaseOutcome:
    try:
        request = {"cmd": "run", "seq": number, "kind": vector.kind, "input": vector.input}
        answer = program.exchange(request)
    except _CrashError as error:
        program.restart()
        return _outcome(vector, "crash", str(error))
    if answer.get("seq") != number:
        program.restart()
        return _outcome(vector, "crash", f"answered {str(answer.get('seq'))[:20]!r} to request {number}")
    if "skipped" in answer:
        return _outcome(vector, "skip", str(answer["skipped"])[:200])
    if "output" not in answer:
        return _outcome(vector, "fail", f"no output: {str(answer.get('error', ''))[:200]}")
    problem = difference(vector.expected, answer["output"])
    return _outcome(vector, "fail" if problem else "pass", problem or "")


def _outcome(vector: Vector, outcome: Outcome, detail: str) -> CaseOutcome:
    return CaseOutcome(id=vector.id, pins=vector.pins, outcome=outcome, detail=detail)


class _CrashError(Exception):
    """The program ended, fell silent or answered with something that is no answer; the text says which."""


class _Program:
    """A program under test, started again after a crash."""

    def __init__(self, command: str | Sequence[str], timeout: float) -> None:
        self._command = shlex.split(command) if isinstance(command, str) else list(command)
        self._timeout = timeout
        self._running: subprocess.Popen[str] | None = None
        self._lines: queue.Queue[str | None] = queue.Queue()

    def __enter__(self) -> _Program:
        return self

    def __exit__(self, *error: object) -> None:
        if self._running is not None and self._running.poll() is None and self._running.stdin is not None:
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                self._running.stdin.write('{"cmd": "stop"}\n')
                self._running.stdin.close()
                self._running.wait(timeout=2)
        self._end()

    def start(self) -> dict[str, Any]:
        """Start the program and return what it says of itself."""
        try:
            self._open()
            return self.exchange({"cmd": "start", "version": PROTOCOL})
        except (OSError, IndexError) as error:
            raise UsageError(f"The command {' '.join(self._command)!r} cannot be started ({error}).") from error
        except _CrashError as error:
            raise UsageError(f"The program did not answer the command start: it {error}.") from error

    def restart(self) -> None:
        """Start the program again; when that fails, the next exchange is a crash."""
        self._end()
        with contextlib.suppress(UsageError):
            self.start()

    def exchange(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Send a request and return the answer."""
        program = self._running
        if program is None or program.stdin is None:
            raise _CrashError("could not be started again")
        try:
            program.stdin.write(json.dumps(request) + "\n")
            program.stdin.flush()
            line = self._lines.get(timeout=self._timeout)
        except queue.Empty:
            raise _CrashError(f"gave no answer within {self._timeout:g} s") from None
        except OSError:
            line = None
        if line is None:
            raise _CrashError(f"ended with exit code {program.wait()}")
        try:
            answer = json.loads(line)
        except (ValueError, RecursionError):
            raise _CrashError(f"wrote {line[:60]!r}, which is not JSON") from None
        if not isinstance(answer, dict):
            raise _CrashError("wrote JSON that is not an object")
        return answer

    def _open(self) -> None:
        self._running = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )
        self._lines = queue.Queue()
        threading.Thread(target=_pump, args=(self._running.stdout, self._lines), daemon=True).start()

    def _end(self) -> None:
        if self._running is not None:
            self._running.kill()
            self._running.wait()
            self._running = None


def _pump(stream: Any, lines: queue.Queue[str | None]) -> None:
    """Move lines to the queue, and None at the end; a line beyond the limit is cut and so is no JSON."""
    with contextlib.suppress(ValueError, OSError):
        while line := stream.readline(_LONGEST_ANSWER):
            lines.put(line)
    lines.put(None)
