"""Claim: a random-intercept model of 1,000,000 learners in 2,000 sites, equal to its peers and much faster.

Peers: statsmodels MixedLM (at least 20 times) and, where Rscript has it, lme4 (at least 3 times); equal to 1e-4.
Run: python benchmarks/random_intercept.py [rows] [sites].
"""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from blended_standard.compare import random_intercept

R_SCRIPT = """
suppressMessages(library(lme4)); d <- read.csv(commandArgs(TRUE)[1]); d$g <- factor(d$g)
t <- system.time(m <- lmer(y ~ x1 + x2 + (1 | g), d))[["elapsed"]]
cat(t, fixef(m), as.data.frame(VarCorr(m))$vcov, sep = " ")
"""


def main(rows: int, sites: int) -> None:
    rng = np.random.default_rng(7)
    site = rng.integers(0, sites, rows)
    x = rng.normal(size=(rows, 2))
    y = 1 + 0.4 * rng.normal(size=sites)[site] + x @ [0.5, 0.2] + rng.normal(size=rows)
    random_intercept(y[:5000], site[:5000])  # imports scipy
    start = time.perf_counter()
    fit = random_intercept(y, site, covariates=x)
    ours = time.perf_counter() - start
    answer = np.array([*fit.coefficients, fit.variance_between, fit.variance_within])
    print(f"ours: {ours:.2f} s, peak memory {peak():.0f} MB, {np.round(answer, 5).tolist()}", flush=True)
    seconds, theirs = lme4(y, x, site)
    if theirs is None:
        print("lme4: Rscript with lme4 is not here, not compared", flush=True)
    else:
        report("lme4", seconds / ours, seconds, answer, theirs, least=3)
    seconds, theirs = statsmodels(y, x, site)
    report("statsmodels", seconds / ours, seconds, answer, theirs, least=20)


def report(peer: str, ratio: float, seconds: float, ours: np.ndarray, theirs: np.ndarray, *, least: float) -> None:
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, err_msg=peer)
    verdict = "holds" if ratio >= least else "DOES NOT HOLD"
    print(f"{peer}: {seconds:.2f} s, {ratio:.1f} times ours, equal to 1e-4; claim of {least} {verdict}", flush=True)


def lme4(y: np.ndarray, x: np.ndarray, site: np.ndarray) -> tuple[float, np.ndarray | None]:
    rscript = shutil.which("Rscript")
    if rscript is None:
        return 0.0, None
    with tempfile.TemporaryDirectory() as folder:
        data, script = Path(folder) / "data.csv", Path(folder) / "fit.R"
        np.savetxt(data, np.column_stack([y, x, site]), delimiter=",", header="y,x1,x2,g", comments="", fmt="%.17g")
        script.write_text(R_SCRIPT)
        done = subprocess.run([rscript, str(script), str(data)], capture_output=True, text=True, check=False)
    if done.returncode:
        return 0.0, None
    seconds, *values = (float(part) for part in done.stdout.split())
    return seconds, np.array(values)


def statsmodels(y: np.ndarray, x: np.ndarray, site: np.ndarray) -> tuple[float, np.ndarray]:
    from statsmodels.regression.mixed_linear_model import MixedLM

    design = np.column_stack([np.ones(y.size), x])
    start = time.perf_counter()
    fit = MixedLM(y, design, groups=site).fit(reml=True)
    seconds = time.perf_counter() - start
    return seconds, np.array([*fit.fe_params, float(fit.cov_re[0, 0]), fit.scale])


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main(*(int(part) for part in (sys.argv[1:] or ["1000000", "2000"])))
