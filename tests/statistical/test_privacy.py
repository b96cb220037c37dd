"""One thousand generated releases: none leaks, whichever audit looks, and each planted leak is named."""

import numpy as np
import pytest

from blended_standard.privacy import audit, primary_counts, suppress
from tests.privacy.test_suppress import random_release, range_of


@pytest.mark.statistical
def test_a_thousand_releases_do_not_leak():
    for seed in range(1000):
        system = random_release(np.random.default_rng(10_000 + seed))
        found = suppress(system, method="heuristic")
        assert found.audit.ok
        assert audit(system, found.hidden, method="exact").ok


@pytest.mark.statistical
def test_each_leak_of_a_hundred_planted_is_named():
    for seed in range(100):
        rng = np.random.default_rng(20_000 + seed)
        system = random_release(rng)
        wanted = primary_counts(system.values)
        planted = suppress(system, method="heuristic").hidden.copy()
        partners = np.flatnonzero(planted & ~wanted.hidden & system.published)
        if not partners.size:
            continue
        planted[rng.choice(partners)] = False
        stuck = set()
        for cell in np.flatnonzero(wanted.hidden):
            low, high = range_of(system, planted, cell)
            if high < 10 - 1e-6 or high - low < 10 - 1e-6:
                stuck.add(system.keys[cell])
        assert {leak.cell for leak in audit(system, planted, counts=False).leaks} == stuck
