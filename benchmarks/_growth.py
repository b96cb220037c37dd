"""How time and memory grow with size: each size in a process of its own, so that its peak memory is its own."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

ALONE = "--alone"


def alone(measure: Callable[[int], float]) -> bool:
    """Where this process was started for one size, print the processor seconds of `measure` and the peak memory."""
    if sys.argv[1:2] != [ALONE]:
        return False
    seconds = measure(int(sys.argv[2]))
    print(seconds, _peak())
    return True


def _peak() -> float:
    """Return the peak memory in MiB; `getrusage` would begin with that of the process that started this one."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")) / 1024


def print_growth(script: str, sizes: Sequence[int], what: str) -> None:
    """Print a line for each size: seconds, microseconds for each one, and the peak memory, data included."""
    print(f"growth with the number of {what}, processor seconds, peak memory with the data")
    for size in sizes:
        run = subprocess.run([sys.executable, script, ALONE, str(size)], check=True, capture_output=True, text=True)
        seconds, memory = map(float, run.stdout.split()[-2:])
        print(f"  {size:>12,} {seconds:8.2f} s  {seconds / size * 1e6:8.2f} microseconds each  {memory:7,.0f} MiB")
