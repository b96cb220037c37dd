"""What `import blended_standard` costs, and that every promised name is there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import blended_standard as bs

HEAVY = ("scipy", "duckdb", "polars", "pyarrow", "pandas", "numpy", "narwhals", "jinja2", "matplotlib")


def test_import_loads_nothing_heavy() -> None:
    code = "import sys, blended_standard; print(' '.join(sorted(sys.modules)))"
    there = str(Path(bs.__file__).parents[1])
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": there},
    )
    assert not set(HEAVY) & set(run.stdout.split())


def test_every_public_name_is_there() -> None:
    for name in bs.__all__:
        assert getattr(bs, name) is not None


def test_packages_that_can_be_called_are_still_packages() -> None:
    assert callable(bs.validate)
    assert callable(bs.report)
    assert callable(bs.compare)
    assert bs.compare.hedges_g([2.0, 4.0, 6.0], [1.0, 3.0, 5.0]).n == 6


def test_an_unknown_name_lists_those_there_are() -> None:
    with pytest.raises(AttributeError, match="there are:"):
        bs.scores  # noqa: B018
