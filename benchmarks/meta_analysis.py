"""Claim: REML of 10,000 effects, with a Q-profile interval, takes under 1 s. Peer: statsmodels (Paule-Mandel)."""

from __future__ import annotations

import platform
import statistics
import sys
import time
import tracemalloc

import numpy as np

from blended_standard.compare import meta_analysis

EFFECTS = 10_000
BUDGET_SECONDS = 1.0


def make(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    errors = rng.uniform(0.05, 0.5, count)
    return rng.normal(0.2, np.sqrt(errors**2 + 0.1)), errors


def clock(call, repeats: int) -> float:
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def main() -> int:
    from statsmodels.stats.meta_analysis import combine_effects

    effects, errors = make(EFFECTS, seed=1)
    ours = meta_analysis(effects, errors, method="PM")
    peer = combine_effects(effects, errors**2, method_re="iterated", atol=1e-13)
    if abs(ours.tau2 - peer.tau2) > 1e-6:
        print(f"Different answers: {ours.tau2} and {peer.tau2}")
        return 1
    reml = clock(lambda: meta_analysis(effects, errors), repeats=5)
    paule_mandel = clock(lambda: meta_analysis(effects, errors, method="PM"), repeats=5)
    theirs = clock(lambda: combine_effects(effects, errors**2, method_re="iterated", atol=1e-13), repeats=5)
    tracemalloc.start()
    meta_analysis(effects, errors)
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}")
    print(f"{EFFECTS:,} effects; tau2 {ours.tau2:.8f} (ours), {peer.tau2:.8f} (statsmodels), both Paule-Mandel")
    print(f"ours, REML + Q-profile: {reml:.3f} s; peak {peak:.1f} MiB")
    print(f"ours, Paule-Mandel + Q-profile: {paule_mandel:.3f} s; statsmodels, Paule-Mandel only: {theirs:.3f} s")
    print(f"ratio statsmodels / ours: {theirs / paule_mandel:.2f}")
    return int(reml > BUDGET_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
