"""What README tells a newcomer to type runs as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from blended_standard.cli import main

README = Path(__file__).parents[2] / "README.md"


@pytest.mark.skipif(not README.is_file(), reason="README.md is in the repository alone")
def test_the_main_job_runs_as_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = README.read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    command = re.search(r"^    blended-standard (generate [^#\n]+)", text, re.MULTILINE)
    assert command is not None
    assert main([*command[1].split(), "--learners", "200", "--quiet"]) == 0
    snippet = re.search(r"```python\n(import blended_standard as bs\n.+?)```", text, re.DOTALL)
    assert snippet is not None
    exec(compile(snippet[1], "<README.md>", "exec"), {})
    assert (tmp_path / "report.html").stat().st_size > 10_000
    assert (tmp_path / "brief.html").is_file()
