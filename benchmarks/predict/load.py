"""A slice of load: run the program that makes it, read what it measured."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from capforge_tools import binaries
from capforge_tools.places import REPOSITORY

_GRACE_SECONDS = 90.0


class LoadFailedError(RuntimeError):
    """A peer did not answer as it should; carries the load program's own words."""


@dataclass(frozen=True)
class Slice:
    """What one program measured."""

    latencies: NDArray[np.float64]
    """Seconds, one for each answer."""
    seconds: float
    cpu_seconds: float
    """Of the program that made the load."""
    resident_bytes: int
    """Of that program; 0 where it does not say."""
    answer: bytes


def sender(address: str, request: Path) -> tuple[str, ...]:
    """Return the command that sends the request in the file; the compiled client is built where it is missing."""
    program = binaries.ensure("load") / "capforge-load"
    return (str(program), "--address", address, "--request", str(request))


def slice_of(command: tuple[str, ...], connections: int, seconds: float, scratch: Path) -> Slice:
    """Run the load and return what it measured; raises LoadFailedError."""
    latencies, answer = scratch / "latencies", scratch / "answer"
    flags = ["--connections", str(connections), "--seconds", str(seconds)]
    files = ["--latencies", str(latencies), "--answer", str(answer)]
    done = subprocess.run(
        [*command, *flags, *files],
        cwd=REPOSITORY,
        env={**os.environ, "ORT_DISABLE_TELEMETRY": "1"},
        capture_output=True,
        timeout=seconds + _GRACE_SECONDS,
        check=False,
    )
    if done.returncode:
        raise LoadFailedError(done.stderr.decode(errors="replace")[-2000:].strip())
    said = json.loads(done.stdout)
    return Slice(
        np.fromfile(latencies, "<u8") / 1e9,
        said["seconds"],
        said["cpu_seconds"],
        said.get("resident_bytes", 0),
        answer.read_bytes(),
    )
