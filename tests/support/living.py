"""Processes that a test has seen, and whether they still live."""

from __future__ import annotations

import psutil  # type: ignore[import-untyped]  # has no types


def lives(process: psutil.Process) -> bool:
    """Tell whether it runs; a zombie has ended: whoever inherited it has only not asked for its status."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
