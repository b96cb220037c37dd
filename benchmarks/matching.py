"""Claim: 100,000 treated rows find their match among 1,000,000 comparison rows in under a minute, and rightly.

Run: python benchmarks/matching.py. The answer is checked against a plain quadratic search on a small sample.
"""

from __future__ import annotations

import resource
import time

import numpy as np

from blended_standard.compare import match


def main() -> None:
    rng = np.random.default_rng(1)
    small = make(rng, treated=500, control=4_000)
    found = match(small[0], scores=small[1], caliper=0.2)
    expected = plain(*small, width=found.caliper_width)
    assert sorted(zip(found.treated_rows.tolist(), found.comparison_rows.tolist(), strict=True)) == expected
    print(f"equal to the plain search on 500 : 4,000 ({len(expected)} pairs)")
    treatment, scores = make(rng, treated=100_000, control=1_000_000)
    for options in ({"caliper": 0.2}, {"ratio": 3}, {"replace": True}):
        start = time.perf_counter()
        found = match(treatment, scores=scores, **options)
        seconds = time.perf_counter() - start
        assert seconds < 60
        print(f"{options}: {found.n_pairs:,} pairs in {seconds:.2f} s")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def make(rng: np.random.Generator, *, treated: int, control: int) -> tuple[np.ndarray, np.ndarray]:
    treatment = np.concatenate([np.ones(treated), np.zeros(control)])
    logit = rng.normal(np.where(treatment == 1, 0.0, -1.0), 1.0)
    return treatment, 1 / (1 + np.exp(-logit))


def plain(treatment: np.ndarray, scores: np.ndarray, *, width: float) -> list[tuple[int, int]]:
    seekers = np.flatnonzero(treatment == 1)
    free = treatment == 0
    pairs = []
    for i in seekers[np.argsort(-scores[seekers], kind="stable")].tolist():
        gaps = np.where(free, np.abs(scores - scores[i]), np.inf)
        j = int(np.argmin(gaps))
        if gaps[j] <= width:
            free[j] = False
            pairs.append((i, j))
    return sorted(pairs)


if __name__ == "__main__":
    main()
