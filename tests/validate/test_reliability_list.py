"""Every row of the numbered list of bad inputs in the design, by its number."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.validate.reliability import ROWS, Box, file_rows, text_rows, value_rows

MODULES = (text_rows, file_rows, value_rows)
CASES = [
    pytest.param(show, id=f"{number}: {show.__name__.replace('_', ' ')}")
    for number in sorted(ROWS)
    for show in ROWS[number]
]


@pytest.mark.parametrize("show", CASES)
def test_row(show, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:  # type: ignore[no-untyped-def]
    show(Box(tmp_path, monkeypatch, capsys))
