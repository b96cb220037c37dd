"""Progress: silent unless a person is watching and the work takes longer than two seconds; standard error only."""

from __future__ import annotations

import sys
import time

import pytest

from blended_standard.cli.progress import Progress


@pytest.mark.parametrize(
    ("terminal", "quiet", "elapsed", "shown"),
    [(True, False, 2.5, True), (True, False, 1.9, False), (False, False, 99.0, False), (True, True, 99.0, False)],
)
def test_when_it_is_shown(
    terminal: bool,
    quiet: bool,
    elapsed: float,
    shown: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    now = iter([100.0, 100.0 + elapsed])
    monkeypatch.setattr(time, "monotonic", lambda: next(now))
    progress = Progress(quiet=quiet)
    progress("episode")
    said = capsys.readouterr()
    assert (("episode" in said.err), said.out) == (shown, "")
    progress.close()
    progress.close()
    assert capsys.readouterr().err == ("\r\x1b[K" if shown else "")
    assert progress.step == "episode"
