"""The consensus record: every proposal has the parts of the template, and nothing is normative without one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from blended_standard import load_standard

PROPOSALS = Path(__file__).parents[2] / "spec" / "proposals"
FILES = sorted(PROPOSALS.glob("[0-9]*.md"))
_DECIDED = re.compile(r"^- \*\*Status\*\*: (open|accepted|declined|withdrawn)$", re.MULTILINE)


def _headings(file: Path) -> list[str]:
    return re.findall(r"^## (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("file", FILES[1:], ids=lambda file: file.stem)
def test_a_proposal_has_the_parts_of_the_template(file: Path) -> None:
    assert _headings(file) == _headings(FILES[0])
    assert _DECIDED.search(file.read_text(encoding="utf-8"))


def test_numbers_are_used_once_and_without_gaps() -> None:
    assert [int(file.name[:4]) for file in FILES] == list(range(len(FILES)))


def test_a_normative_measure_was_accepted() -> None:
    accepted = "".join(
        text for file in FILES if (found := _DECIDED.search(text := file.read_text("utf-8"))) and found[1] == "accepted"
    )
    normative = [name for name, measure in load_standard().measures.items() if measure.status == "normative"]
    assert [name for name in normative if name not in accepted] == []
