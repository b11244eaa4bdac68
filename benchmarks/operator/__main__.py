"""`make bench-operator`: what the operator costs at rest and in a burst, and the aims.

A real API server with its audit log, a real S3 server, the operator as a process with nothing but its own rights. Half
of the objects are capabilities with a version each, half their finished runs. Wall-clock figures need a quiet machine.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys

from benchmarks.operator.burst import measure_bursts
from benchmarks.operator.report import report
from benchmarks.operator.rest import measure_rest
from benchmarks.operator.scene import scene


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="benchmarks.operator", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="200 capabilities, one round of 300 creates")
    parser.add_argument(
        "--sizes", type=int, nargs="*", help="how many capabilities, growing (default: 200 1000 2000 5000)"
    )
    parser.add_argument("--changes", type=int, help="changes per size (default 300)")
    parser.add_argument("--creates", type=int, help="creates in a burst (default 2000)")
    parser.add_argument("--rounds", type=int, help="bursts of each program (default 3; 0: none)")
    chosen = parser.parse_args()
    default = ([200], 100, 300, 1) if chosen.quick else ([200, 1000, 2000, 5000], 300, 2000, 3)
    for name, value in zip(("sizes", "changes", "creates", "rounds"), default, strict=True):
        if getattr(chosen, name) is None:
            setattr(chosen, name, value)
    return chosen


def main() -> int:
    """Measure and print; 0 whether or not the aims were met: they are for whoever reads."""
    chosen = options()
    load = os.getloadavg()[0]
    print(
        f"{os.cpu_count()} cores, load {load:.1f}{': NOT QUIET, trust CPU, calls and ratios only' if load > 1 else ''}"
    )
    with scene() as played:
        ours, theirs = asyncio.run(measure_bursts(played, chosen.creates, chosen.rounds))
        rests = asyncio.run(measure_rest(played, sorted(chosen.sizes), chosen.changes)) if chosen.sizes else []
        report(rests, ours, theirs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
