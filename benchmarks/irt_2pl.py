"""Claim: a 2PL of 100,000 learners x 40 items, standard errors included, at least 5 times as fast as girth 0.8.0.

girth gives no standard errors. It is run in the same process on the same data; both use one thread,
and times are processor seconds, so that other work on the machine does not decide. Equal answers:
slopes and difficulties within 0.01 of each other (girth stops at a looser criterion), and at least as close to the
truth. Growth and peak memory are those of separate processes with our fit
alone. Run: python benchmarks/irt_2pl.py [learners]. Measured alone on the machine: 1.46 s and 44.9 s, 31 times.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import importlib.metadata
import platform
import sys
import time

import numpy as np
from _growth import alone, print_growth

from blended_standard.scoring import irt

ITEMS, SEED, LEAST_RATIO = 40, 1, 5.0


def make(learners: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(SEED)
    a, b = rng.uniform(0.7, 2.0, ITEMS), rng.normal(size=ITEMS)
    theta = rng.normal(size=learners)
    chance = 1 / (1 + np.exp(-a * (theta[:, None] - b)))
    return (rng.random((learners, ITEMS)) < chance).astype(np.int8), a, b


def ours(data: np.ndarray) -> tuple[float, irt.IrtFit]:
    begun = time.process_time()
    fit = irt.fit(data, "2pl")
    return time.process_time() - begun, fit


def peer(data: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    import girth

    begun = time.process_time()
    found = girth.twopl_mml(data.T.astype(int))
    return time.process_time() - begun, found["Discrimination"], found["Difficulty"]


def rmse(values: np.ndarray, truth: np.ndarray) -> float:
    return float(np.sqrt(np.mean((values - truth) ** 2)))


def main(learners: int) -> int:
    data, a, b = make(learners)
    times = []
    for _ in range(3):
        seconds, fit = ours(data)
        times.append(seconds)
    peer_seconds, peer_a, peer_b = peer(data)
    mine_a, mine_b = fit.items.slope, fit.items.location
    gap = max(float(np.abs(mine_a - peer_a).max()), float(np.abs(mine_b - peer_b).max()))
    median = float(np.median(times))
    print(f"{platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}, one thread")
    print(f"{learners:,} learners x {ITEMS} items")
    spread = f"{min(times):.2f} to {max(times):.2f}"
    print(f"ours   {median:6.2f} s (3 runs, {spread}), with standard errors; converged {fit.converged}")
    print(f"girth  {peer_seconds:6.2f} s (1 run), {importlib.metadata.version('girth')}, no standard errors")
    print(f"ratio  {peer_seconds / median:6.1f}; largest difference of a slope or difficulty {gap:.4f}")
    print(f"from the truth: slope {rmse(mine_a, a):.4f} / {rmse(peer_a, a):.4f}", end=", ")
    print(f"difficulty {rmse(mine_b, b):.4f} / {rmse(peer_b, b):.4f} (ours / girth)")
    print_growth(__file__, (25_000, 50_000, 100_000, 200_000, 400_000), f"learners, {ITEMS} items, our fit alone")
    same = gap < 0.01 * max(1.0, np.sqrt(100_000 / learners)) and rmse(mine_a, a) < 1.02 * rmse(peer_a, a)
    return 0 if same and peer_seconds / median >= LEAST_RATIO else 1


if __name__ == "__main__" and not alone(lambda learners: ours(make(learners)[0])[0]):
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
