"""What a type checker sees of the public names: calls, and the functions inside packages that can be called."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import blended_standard as bs

pytest.importorskip("mypy", reason="mypy is not installed")
ROOT = Path(__file__).resolve().parents[1]
USE = """
import blended_standard as bs
sub = bs.read_submission("x")
scored: bs.measures.MeasureReport = bs.score(sub)
page: str = bs.report(scored, bs.mastery_map(sub), bs.engagement_calendar(sub), to="report.html")
public: bs.measures.MeasureReport = bs.report.for_publication(scored)
picture: bs.measures.MasteryMap = bs.report.for_publication(bs.mastery_map(sub))
study = bs.compare.compare_groups(scored, outcome="OUT-03", groups=("A", "B"))
brief: str = bs.report.brief(study, scored)
ok: bool = bs.validate(sub).ok
rule: str = bs.validate.explain("FLD-CODE")
wrong: int = bs.report.brief(study, scored)  # type: ignore[assignment]
"""


def test_mypy_knows_what_can_be_called(tmp_path: Path) -> None:
    (tmp_path / "use.py").write_text(USE)
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", str(ROOT / "pyproject.toml")]
    found = subprocess.run([*command, str(tmp_path / "use.py")], cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr


def test_what_is_told_is_there() -> None:
    from blended_standard import _callables

    for told, module in ((_callables.Report, bs.report), (_callables.Validate, bs.validate)):
        for name in vars(told):
            if not name.startswith("__"):
                assert getattr(module, name) is getattr(told, name)
