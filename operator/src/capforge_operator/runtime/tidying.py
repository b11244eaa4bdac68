"""Keeping the garbage collector from stopping everything, and giving memory back.

A full collection looks at every object of the process: 0.1 s where there are thousands of capabilities, at any moment.
So once all that is there was looked at, what has stayed is set aside; collections then look at what came since.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
from collections.abc import Callable

_GLANCE_SECONDS = 1.0
_M_ARENA_MAX = -8
"""Of mallopt(3)."""


def share_one_heap() -> None:
    """Have all threads take memory from one heap, before there is a second thread: each of its own keeps free pages."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):  # glibc
        libc.mallopt(_M_ARENA_MAX, 1)


def tidy() -> None:
    """Collect all garbage, set aside what stays, and give the system back what is free: 0.1 to 0.3 s."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    libc = ctypes.CDLL(None)
    if hasattr(libc, "malloc_trim"):  # glibc
        libc.malloc_trim(0)


async def keep_tidy(at_rest: Callable[[], bool], period_seconds: float, tidied: Callable[[], None] = tidy) -> None:
    """Tidy at the first rest in so many seconds, until cancelled."""
    while True:
        await asyncio.sleep(_GLANCE_SECONDS)
        if at_rest():
            tidied()
            await asyncio.sleep(period_seconds)
