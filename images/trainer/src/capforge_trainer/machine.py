"""How much of the machine this process may use: a container's limits, not the node's size (cgroup v2 and v1)."""

from __future__ import annotations

import math
import os
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")


def usable_cores(cgroup: Path = _CGROUP) -> int:
    """Return the number of cores: those of the node, or fewer where the container has a limit.

    Libraries count the node's cores; with a limit of two on a large node their threads would only wait for each other.
    """
    allowed = len(os.sched_getaffinity(0))
    quota, period = _quota(cgroup)
    if not quota.isdecimal() or not period.isdecimal():  # "max", or -1 in v1
        return allowed
    return max(1, min(allowed, math.ceil(int(quota) / int(period))))


def usable_memory_bytes(cgroup: Path = _CGROUP) -> int:
    """Return the memory: the node's, or less where the container has a limit."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = _read(cgroup / "memory.max") or _read(cgroup / "memory/memory.limit_in_bytes")
    return min(physical, int(limit)) if limit.isdecimal() else physical


def _quota(cgroup: Path) -> tuple[str, str]:
    quota, _, period = (_read(cgroup / "cpu.max")).partition(" ")
    if quota:
        return quota, period
    return _read(cgroup / "cpu/cpu.cfs_quota_us"), _read(cgroup / "cpu/cpu.cfs_period_us")


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
