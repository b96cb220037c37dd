"""Include the kit in a test suite of one's own, in two lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from blended_standard.validate.conformance.run import run_conformance
from blended_standard.validate.conformance.vectors import load_vectors


def kit(command: str | Sequence[str], conformance_class: str = "calculator") -> Callable[..., None]:
    """Return a pytest test with one case for each vector of a class.

    Two lines in a test file are enough::

        from blended_standard.validate.conformance import kit
        test_conformance = kit("node program.mjs", "consumer")
    """
    import pytest

    answered: dict[str, Any] = {}

    @pytest.mark.parametrize("vector", [vector.id for vector in load_vectors(conformance_class)])
    def test_conformance(vector: str) -> None:
        if not answered:
            answered.update({case.id: case for case in run_conformance(command, conformance_class).cases})
        case = answered[vector]
        if case.outcome == "skip":
            pytest.skip(case.detail)
        if case.outcome != "pass":
            pytest.fail(f"{case.outcome}: {case.detail}", pytrace=False)

    return test_conformance
