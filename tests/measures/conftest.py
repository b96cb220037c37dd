"""The grown submission, and the same as plain rows for what is computed beside the library."""

from __future__ import annotations

import pytest

from blended_standard.io import Submission
from blended_standard.testing import plain_tables
from tests.measures.grown import grown
from tests.measures.oracle_units import World


@pytest.fixture(scope="module")
def made() -> Submission:
    return grown()


@pytest.fixture(scope="module")
def world(made: Submission) -> World:
    assert made.manifest.as_of is not None
    return World(plain_tables(made), made.manifest.as_of)
