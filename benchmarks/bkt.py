"""Claim: knowledge tracing of the same responses is fitted at least 50 times as fast as pyBKT, and at least as well.

Peer: pyBKT 1.4.3, one start (ours takes five), in its own interpreter, since it needs scikit-learn before 1.6. Name
that interpreter: PYBKT_PYTHON=/path/to/python python benchmarks/bkt.py [learners]. Imports are not timed.
Both use one thread, and times are processor seconds, so that other work on the machine does not decide. Measured on a
busy machine: 10,000 learners x 10 responses 0.04 s and 59.9 s, 1,000 x 100 0.3 s and 34.3 s.
The likelihood of both sets of parameters is computed by one function.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import json
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from _growth import alone, print_growth

from blended_standard.scoring import bkt

LIMIT = 50.0
PEER = """
import json, sys, time, warnings
warnings.filterwarnings("ignore")
import numpy as np, pandas as pd
from pyBKT.models import Model
table = np.load(sys.argv[1])
n, length = table.shape
frame = pd.DataFrame(dict(user_id=np.repeat(np.arange(n), length), skill_name="s", correct=table.ravel(),
                          order_id=np.arange(n * length)))
model = Model(seed=1, num_fits=1, parallel=False)
begun = time.process_time()
model.fit(data=frame)
seconds = time.process_time() - begun
found = model.params().reset_index().set_index("param")["value"].to_dict()
print(json.dumps(dict(seconds=seconds, **{key: float(value) for key, value in found.items()})))
"""


def main(learners: int) -> int:
    print(f"{platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}")
    bad = 0
    for length in (10, 100):
        bad += compare(max(50, learners * 10 // length), length)
    print_growth(__file__, (1_000, 10_000, 100_000, 1_000_000), "learners, ten responses each")
    return int(bad > 0)


def ours(learners: int) -> float:
    """Fit once, for the growth table; return processor seconds."""
    table = responses(learners, 10)
    begun = time.process_time()
    bkt.fit(table)
    return time.process_time() - begun


def compare(learners: int, length: int) -> bool:
    """Fit one simulated skill with both; True when ours is not faster and as good."""
    table = responses(learners, length)
    bkt.fit(table[:50])
    begun = time.process_time()
    ours = bkt.fit(table)
    seconds = time.process_time() - begun
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "table.npy"
        np.save(path, table)
        python = os.environ.get("PYBKT_PYTHON", sys.executable)
        run = subprocess.run([python, "-c", PEER, str(path)], capture_output=True, text=True, check=True)
    peer = json.loads(run.stdout.splitlines()[-1])
    names = {"prior": "prior", "learn": "learns", "slip": "slips", "guess": "guesses"}
    values = {name: peer[theirs] for name, theirs in names.items()}
    distinct, counts = np.unique(table, axis=0, return_counts=True)
    peer_fit = sum(n * bkt.trace(row, **values).log_likelihood for row, n in zip(distinct, counts, strict=True))
    ratio = peer["seconds"] / seconds
    found = np.round(ours.estimates[0, :4], 4).tolist()
    print(f"{learners:,} learners x {length} responses")
    print(f"  ours  {seconds:8.3f} s, log-likelihood {ours.log_likelihood:.4f}, {found}")
    print(f"  pyBKT {peer['seconds']:8.3f} s, log-likelihood {peer_fit:.4f}, {[round(v, 4) for v in values.values()]}")
    print(f"  {ratio:,.0f} times as fast (at least {LIMIT:.0f})")
    return bool(ratio < LIMIT or ours.log_likelihood < peer_fit - 1e-6)


def responses(learners: int, length: int) -> np.ndarray:
    rng = np.random.default_rng(20260101)
    moves = np.concatenate([rng.random((learners, 1)) < 0.3, rng.random((learners, length - 1)) < 0.15], axis=1)
    known = np.cumsum(moves, axis=1) > 0
    return (rng.random((learners, length)) < np.where(known, 0.9, 0.2)).astype(int)


if __name__ == "__main__" and not alone(ours):
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000))
