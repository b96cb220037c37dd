"""The brief in Chromium: two printed pages on either paper, no violation of WCAG 2.2 AA, no scrolling sideways."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from blended_standard import compare
from blended_standard.report import brief
from tests.report.test_brief import design, longest, measured, study_of
from tests.report.test_browser import (
    AXE,
    AXE_RUN,
    OVERFLOW,
    WCAG,
    WIDTHS,
    browser,
    page,
    pages_of,
    pytestmark,
    show,
)

__all__ = ["browser", "page", "pytestmark"]


@pytest.fixture(scope="module")
def briefs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("briefs")
    scored, few = measured(("program",), 200, 220), measured(("program",), 150, 8)
    brief(study_of(scored), scored, to=folder / "plain.html")
    brief(study_of(scored, design=design()), scored, to=folder / "rated.html")
    brief(study_of(few, "ENG-01"), few, to=folder / "withheld.html")
    lost = compare.Arm(n_analyzed=150, n_assigned=305, units=3)
    designs = {
        "confounded": {"confounds": ("a confound " * 300,)},
        "broken": {"compromised": "moved " * 400},
        "lost": {"treated": lost},
    }
    for name, changed in designs.items():
        most, study, further = longest(**changed)
        brief(study, most, *further, to=folder / f"{name}.html", title="T" * 10_000)
    return {path.stem: path for path in folder.iterdir()}


@pytest.mark.parametrize("paper", ["A4", "Letter"])
@pytest.mark.parametrize("name", ["plain", "rated", "withheld", "confounded", "broken", "lost"])
def test_it_prints_on_exactly_two_pages(page: Any, briefs: dict[str, Path], name: str, paper: str) -> None:
    show(page, briefs[name])
    assert pages_of(page.pdf(format=paper)) == 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_it_fits_at_every_width_and_asks_for_nothing(
    page: Any, briefs: dict[str, Path], width: int, scheme: str
) -> None:
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    for path in briefs.values():
        show(page, path, width=width, scheme=scheme)
        assert page.evaluate(OVERFLOW) <= 0
    assert page.said == []
    assert requests == [path.as_uri() for path in briefs.values()]


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (768, "dark"), (1280, "light")])
@pytest.mark.skipif(not AXE.is_file(), reason=f"no axe-core at {AXE}: `make axe`, or set AXE_CORE")
def test_axe_finds_no_violation(page: Any, briefs: dict[str, Path], width: int, scheme: str) -> None:
    for path in briefs.values():
        show(page, path, width=width, scheme=scheme)
        page.add_script_tag(content=AXE.read_text(encoding="utf-8"))
        assert page.evaluate(AXE_RUN, WCAG) == []
