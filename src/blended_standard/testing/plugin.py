"""The pytest plugin: the vectors of the conformance kit as tests of a suite of one's own.

`[tool.pytest.ini_options]` and `blended_standard = ["calculator: node calculator.mjs"]` are all that it needs: a class,
a colon and the command that starts the program. Each vector is a test; the program is started once for each entry.
`-p no:blended_standard` leaves them out. Nothing of the library is imported before there is an entry.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from blended_standard.validate.conformance import CaseOutcome

_OPTION = "blended_standard"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option of the configuration file."""
    parser.addini(_OPTION, "programs to ask the vectors of blended_standard, each CLASS: COMMAND", type="linelist")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add one test a vector, before others choose among the tests."""
    for entry in config.getini(_OPTION):
        conformance_class, _, command = (part.strip() for part in entry.partition(":"))
        items.extend(_collect(session, conformance_class, command))


def _collect(session: pytest.Session, conformance_class: str, command: str) -> list[pytest.Item]:
    from blended_standard.errors import UsageError
    from blended_standard.validate.conformance import load_vectors

    if not command:
        raise pytest.UsageError(f"{_OPTION}: {conformance_class!r} is not a class, a colon and a command.")
    try:
        vectors = load_vectors(conformance_class)
    except UsageError as error:
        raise pytest.UsageError(f"{_OPTION}: {error}") from error
    place = f"blended_standard/{conformance_class}"
    parent = _Program.from_parent(
        session, name=place, nodeid=place, command=command, conformance_class=conformance_class
    )
    return [_Vector.from_parent(parent, name=vector.id) for vector in vectors]


class _Program(pytest.Collector):
    """One entry: a program and the class that it claims."""

    def __init__(self, *, command: str, conformance_class: str, **rest: Any) -> None:
        super().__init__(**rest)
        self.command = command
        self.conformance_class = conformance_class

    def collect(self) -> list[pytest.Item]:
        """Return nothing: the tests are made beside it."""
        return []

    @functools.cached_property
    def cases(self) -> dict[str, CaseOutcome]:
        """What the program did with every vector."""
        from blended_standard.validate.conformance import run_conformance

        return {case.id: case for case in run_conformance(self.command, self.conformance_class).cases}


class _Vector(pytest.Item):
    """One vector as a test."""

    def runtest(self) -> None:
        """Ask the program, once for all vectors, and say what it did with this one."""
        assert isinstance(self.parent, _Program)  # noqa: S101 - narrows the type
        case = self.parent.cases[self.name]
        if case.outcome == "skip":
            pytest.skip(case.detail)
        if case.outcome != "pass":
            pytest.fail(f"{case.outcome}: {case.detail}", pytrace=False)

    def reportinfo(self) -> tuple[str, None, str]:
        """Return where the test stands."""
        return "blended_standard", None, self.name
