"""Claim: 50,000 linked cells (site in district in state x reached x sex x group) are suppressed and audited in 60 s.

No peer runs here: sdcTable and tau-ARGUS are not installed. Equal answers are checked against our own exact method on a
small release of the same kind, and the pattern of the large one by its audit. Exit 1 when over budget.
"""

from __future__ import annotations

import itertools
import platform
import resource
import sys
import time

import numpy as np
import scipy

from blended_standard.privacy import CellSystem, audit, build_tables, suppress

BUDGET_SECONDS = 60.0
GROUPS = (("yes", "no"), ("f", "m"), ("a", "b", "c", "d", "e", "g"))


def make_release(sites: int, *, districts: int, seed: int) -> CellSystem:
    """Counts of learners, most sites with some small cells."""
    rng = np.random.default_rng(seed)
    names = [f"s{i:04d}" for i in range(sites)]
    tree = {"site": {f"d{j:02d}": names[j::districts] for j in range(districts)}}
    rows = list(itertools.product(names, *GROUPS))
    columns: dict[str, list[object]] = dict(
        zip(("site", "reached", "sex", "group"), map(list, zip(*rows, strict=True)), strict=True)
    )
    size = rng.lognormal(np.log(400), 0.7, sites)
    mix = rng.dirichlet(np.full(24, 2.0), sites)
    columns["n"] = rng.poisson((size[:, None] * mix).ravel()).tolist()
    return build_tables(columns, dimensions=("site", "reached", "sex", "group"), hierarchies=tree)


def small_ratio() -> float:
    """Return by how much the heuristic exceeds the proved optimum on a small release."""
    rng = np.random.default_rng(2)
    rows = list(itertools.product([f"s{i}" for i in range(6)], ("yes", "no")))
    columns = dict(zip(("site", "reached"), map(list, zip(*rows, strict=True)), strict=True))
    columns["n"] = rng.poisson(13, len(rows)).tolist()
    tree = {"site": {"A": ["s0", "s1", "s2"], "B": ["s3", "s4", "s5"]}}
    system = build_tables(columns, dimensions=("site", "reached"), hierarchies=tree)
    best = suppress(system, method="exact")
    return suppress(system, method="heuristic").cost / max(best.cost, 1.0)


def main() -> int:
    """Run the claim and print machine, versions, time, memory and the verdict."""
    print(f"{platform.machine()} Python {platform.python_version()} scipy {scipy.__version__} numpy {np.__version__}")
    print(f"cost of the heuristic over the proved optimum, 27 cells: {small_ratio():.3f}")
    system = make_release(770, districts=20, seed=1)
    start, used = time.perf_counter(), time.process_time()
    found = suppress(system, method="heuristic")
    wall, cpu = time.perf_counter() - start, time.process_time() - used
    alone = audit(system, found.hidden, method="certified", movements=()) if "--again" in sys.argv else found.audit
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{len(system):,} cells, {len(system.relation_names):,} relations, {found.withheld_primary:,} sensitive")
    print(f"withheld {found.withheld:,}, audit {'passed' if alone.ok else 'FAILED'}, method {found.method}")
    print(f"{wall:.1f} s wall, {cpu:.1f} s CPU, peak {peak:.0f} MiB; budget {BUDGET_SECONDS:.0f} s")
    return 0 if alone.ok and wall <= BUDGET_SECONDS else 1


if __name__ == "__main__":
    raise SystemExit(main())
