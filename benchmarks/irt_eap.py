"""Claim: EAP abilities of 1,000,000 learners x 40 items in under 1 s for each 100,000 learners, on one thread.

Peer: girth's ability_eap on the first 20,000 of the same learners. Equal answers: our own grid summed directly, and
girth's within 0.01 (it integrates on a coarser grid). Run: python benchmarks/irt_eap.py [learners]
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import platform
import sys
import time

import numpy as np
from _growth import alone, print_growth

from blended_standard.scoring import irt

ITEMS, SEED, SECONDS_PER_100K, CHECKED = 40, 2, 1.0, 20_000


def direct(data: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return posterior means, by a formula written anew on a much finer grid."""
    theta = np.linspace(-7, 7, 1401)
    p = 1 / (1 + np.exp(-a[:, None] * (theta - b[:, None])))
    logs = data @ np.log(p) + (1 - data) @ np.log(1 - p) - theta**2 / 2
    weight = np.exp(logs - logs.max(axis=1, keepdims=True))
    return weight @ theta / weight.sum(axis=1)


def make(learners: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(SEED)
    a, b = rng.uniform(0.7, 2.0, ITEMS), rng.normal(size=ITEMS)
    data = np.empty((learners, ITEMS), dtype=np.int8)
    for start in range(0, learners, 100_000):
        theta = rng.normal(size=min(100_000, learners - start))
        rows = slice(start, start + len(theta))
        data[rows] = rng.random((len(theta), ITEMS)) < 1 / (1 + np.exp(-a * (theta[:, None] - b)))
    return data, a, b


def ours(learners: int) -> float:
    """Score once, for the growth table; return processor seconds."""
    data, a, b = make(learners)
    begun = time.process_time()
    irt.score(data, irt.item_parameters(a, b))
    return time.process_time() - begun


def main(learners: int) -> int:
    data, a, b = make(learners)
    items = irt.item_parameters(a, b)
    times = []
    for _ in range(3):
        begun = time.perf_counter()
        scores = irt.score(data, items)
        times.append(time.perf_counter() - begun)
    per = float(np.median(times)) * 100_000 / learners
    gap = float(np.abs(scores.theta[:2000] - direct(data[:2000], a, b)).max())
    print(f"{platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}, one thread")
    print(f"ours   {np.median(times):.2f} s for {learners:,} x {ITEMS} (3 runs), {per:.3f} s for each 100,000")
    print(f"largest difference from the direct sum {gap:.2e}")
    part = min(CHECKED, learners)
    import girth

    begun = time.perf_counter()
    theirs = girth.ability_eap(data[:part].T.astype(int), b, a)
    peer = (time.perf_counter() - begun) * 100_000 / part
    apart = float(np.abs(theirs - scores.theta[:part]).max())
    print(f"girth  {peer:.2f} s for each 100,000 (from {part:,}); ratio {peer / per:.1f}; apart {apart:.1e}")
    print_growth(__file__, (100_000, 250_000, 500_000, 1_000_000, 2_000_000), f"learners, {ITEMS} items")
    return 0 if gap < 1e-5 and apart < 0.01 and per < SECONDS_PER_100K else 1


if __name__ == "__main__" and not alone(ours):
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000))
