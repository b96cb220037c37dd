"""Shared by all tests: where the real data is, and Hypothesis settings that do not depend on the machine's speed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Scripts that made expected values with other tools; they run by hand, not here.
collect_ignore_glob = ["**/reference/*"]

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"

settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("here")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the checkout; the test is skipped where it is not there."""
    if not SHARED.is_dir():
        pytest.skip("real data (../shared/data) is not beside this checkout")
    return SHARED
