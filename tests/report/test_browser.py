"""The page in a real browser: headless Chromium, and axe-core for WCAG 2.2 AA. Skipped where either is absent."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import blended_standard as bs
from blended_standard.testing import district
from tests.report.test_report import HOSTILE, scored

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: install Debian's `chromium` or set CHROMIUM")

ROOT = Path(__file__).resolve().parents[2]
AXE = Path(os.environ.get("AXE_CORE", ROOT / ".venv/axe/node_modules/axe-core/axe.min.js"))
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
WIDTHS = (360, 768, 1280)
AXE_RUN = """async tags => {
    const found = await axe.run(document, {runOnly: {type: "tag", values: tags}});
    return found.violations.map(v => v.id + ": " + v.nodes.map(n => n.html.slice(0, 200)).join(" | "));
}"""
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    submission = district(200, programs=2, seed=7)
    measured = bs.score(submission, [*submission.standard.profile("core").measures, "CMP-07"], by=("program",))
    labels = [entry.label for entry in measured.select("OUT-03")]
    study = bs.compare.compare_groups(measured, outcome="OUT-03", groups=labels)
    target = tmp_path_factory.mktemp("report") / "report.html"
    pictures = bs.mastery_map(submission), bs.engagement_calendar(submission)
    bs.report(measured, study, *pictures, bs.validate(submission), to=target)
    return target


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    opened = browser.new_page()
    opened.said = []
    opened.on("console", lambda message: opened.said.append(message.text))
    opened.on("pageerror", lambda error: opened.said.append(str(error)))
    opened.on("requestfailed", lambda request: opened.said.append(request.url))
    yield opened
    opened.close()


def show(page: Any, target: Path, *, width: int = 1280, scheme: str = "light") -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    page.goto(target.as_uri())


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_fits_and_says_nothing_to_the_console(page: Any, demo: Path, width: int, scheme: str) -> None:
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    show(page, demo, width=width, scheme=scheme)
    assert page.evaluate(OVERFLOW) <= 0
    assert page.said == []
    assert requests == [demo.as_uri()]


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (768, "dark"), (1280, "light")])
@pytest.mark.skipif(not AXE.is_file(), reason=f"no axe-core at {AXE}: `make axe`, or set AXE_CORE")
def test_axe_finds_no_violation(page: Any, demo: Path, width: int, scheme: str) -> None:
    show(page, demo, width=width, scheme=scheme)
    page.add_script_tag(content=AXE.read_text(encoding="utf-8"))
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.evaluate(AXE_RUN, WCAG) == []


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_the_page_prints(page: Any, demo: Path, paper: str) -> None:
    show(page, demo)
    assert pages_of(page.pdf(format=paper)) >= 2


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_text_and_fit(page: Any, tmp_path: Path, name: str) -> None:
    target = tmp_path / "report.html"
    bs.report(scored(40, name), to=target, title=name)
    for width in (360, 1280):
        show(page, target, width=width)
        assert page.evaluate(OVERFLOW) <= 0
    assert page.evaluate("document.querySelectorAll('script').length") == 0
    assert page.said == []
    assert page.title() == " ".join(name.split())
    assert name.strip() in page.text_content("h1")


def pages_of(pdf: bytes) -> int:
    """Count the page objects of a PDF as Chromium writes it."""
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf))
