"""What a program that makes its own load prints: the same as capforge-load (benchmarks/predict/load)."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np

from benchmarks.peers.found import Found, size_of

_PAGE_KIB_FIELDS = ("VmRSS:",)


def arguments(description: str) -> argparse.ArgumentParser:
    """Return the flags that the benchmark gives to every such program."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--connections", type=int, default=1)
    parser.add_argument("--latencies", type=Path, required=True, help="file to write: nanoseconds, uint64")
    parser.add_argument("--answer", type=Path, required=True, help="file to write: one answer")
    parser.add_argument("--picture", type=Path, required=True, help="the JPEG")
    parser.add_argument("--size", type=size_of, required=True, help="of the model's input, as 320x256")
    parser.add_argument("--found", type=int, required=True, help="how many to return")
    return parser


def written(options: argparse.Namespace, latencies: list[int], seconds: float, cpu_seconds: float, found: Found) -> str:
    """Write the files and return the line to print; `latencies` in nanoseconds."""
    np.asarray(latencies, "<u8").tofile(options.latencies)
    options.answer.write_text(json.dumps(found))
    return json.dumps(
        {
            "requests": len(latencies),
            "seconds": seconds,
            "cpu_seconds": cpu_seconds,
            "resident_bytes": _resident_bytes(),
        }
    )


class Stopwatch:
    """Wall-clock and CPU time since it was made."""

    def __init__(self) -> None:
        self._started, self._cpu = time.perf_counter(), time.process_time()

    @property
    def seconds(self) -> float:
        """Wall-clock seconds."""
        return time.perf_counter() - self._started

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds of the whole process."""
        return time.process_time() - self._cpu


def _resident_bytes() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(_PAGE_KIB_FIELDS):
            return int(line.split()[1]) * 1024
    return 0
