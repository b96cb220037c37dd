"""Every row of the numbered list of bad inputs in the design, by its number."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.validate.reliability import (  # noqa: F401 - they fill ROWS
    ROWS,
    Box,
    Show,
    file_rows,
    machine_rows,
    number_rows,
    text_rows,
    value_rows,
)

SHOWS: dict[Show, list[str]] = {}
for number in sorted(ROWS):
    for show in ROWS[number]:
        SHOWS.setdefault(show, []).append(str(number))
CASES = [pytest.param(show, id=f"{' '.join(rows)}: {show.__name__}") for show, rows in SHOWS.items()]


@pytest.mark.parametrize("show", CASES)
def test_row(show: Show, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    show(Box(tmp_path, monkeypatch, capsys))


def test_no_row_is_left_out() -> None:
    assert sorted(ROWS) == list(range(1, 118))
