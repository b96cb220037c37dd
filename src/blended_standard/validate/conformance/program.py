"""A program under test: started, asked by JSON lines on its standard input, and started again after a crash."""

from __future__ import annotations

import contextlib
import json
import queue
import shlex
import subprocess
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from blended_standard.errors import UsageError

PROTOCOL = 1
_LONGEST_ANSWER = 10_000_000


class CrashError(Exception):
    """The program ended, fell silent or answered with something that is no answer; the text says which."""


class Program:
    """A program under test, started again after a crash."""

    def __init__(self, command: str | Sequence[str], timeout: float) -> None:
        self._command = shlex.split(command) if isinstance(command, str) else list(command)
        self._timeout = timeout
        self._running: subprocess.Popen[str] | None = None
        self._lines: queue.Queue[str | None] = queue.Queue()

    def __enter__(self) -> Program:
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
        except CrashError as error:
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
            raise CrashError("could not be started again")
        try:
            program.stdin.write(json.dumps(request) + "\n")
            program.stdin.flush()
            line = self._lines.get(timeout=self._timeout)
        except queue.Empty:
            raise CrashError(f"gave no answer within {self._timeout:g} s") from None
        except OSError:
            line = None
        if line is None:
            raise CrashError(f"ended with exit code {program.wait()}")
        try:
            answer = json.loads(line)
        except (ValueError, RecursionError):
            raise CrashError(f"wrote {line[:60]!r}, which is not JSON") from None
        if not isinstance(answer, dict):
            raise CrashError("wrote JSON that is not an object")
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
