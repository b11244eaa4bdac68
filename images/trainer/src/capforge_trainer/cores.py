"""How many cores this process may really use."""

from __future__ import annotations

import math
import os
from pathlib import Path

_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def usable_cores(quota: Path = _QUOTA) -> int:
    """Return the number of cores: those of the node, or fewer where the container has a limit (cgroup v2).

    Libraries count the node's cores; with a limit of two on a large node their threads would only wait for each other.
    """
    allowed = len(os.sched_getaffinity(0))
    try:
        limit, period = quota.read_text().split()
    except (OSError, ValueError):
        return allowed
    if limit == "max":
        return allowed
    return max(1, min(allowed, math.ceil(int(limit) / int(period))))
