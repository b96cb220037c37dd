"""Progress on long work: one line on standard error, only when a person is watching."""

from __future__ import annotations

import sys
import time

_PATIENCE = 2.0


class Progress:
    """Shows the step at hand once the work has taken longer than two seconds."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._wanted = not quiet and sys.stderr.isatty()
        self._shown = False
        self._begun = time.monotonic()
        self._done = 0
        self.step = ""

    def __call__(self, step: str) -> None:
        """Say what is being done now."""
        self.step = step
        self._done += 1
        elapsed = time.monotonic() - self._begun
        if self._wanted and elapsed > _PATIENCE:
            self._shown = True
            print(f"\r\x1b[K{elapsed:5.1f} s  step {self._done}: {step}", end="", file=sys.stderr, flush=True)

    def close(self) -> None:
        """Clear the line, where there is one."""
        if self._shown:
            self._shown = False
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
