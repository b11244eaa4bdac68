"""What the hot path wants of the whole process; called once everything is loaded."""

from __future__ import annotations

import ctypes
import gc

import cv2

_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
"""From <malloc.h>."""
_KEPT_BYTES = 16 * 1024 * 1024
_LARGE_BYTES = 4 * 1024 * 1024


def settle() -> None:
    """Settle the collector, the allocator and OpenCV."""
    gc.collect()
    gc.freeze()  # what is loaded stays: a full collection need not look at it again (20 ms that some request would pay)
    cv2.setNumThreads(1)  # images are worked on side by side, not one by many threads
    _keep_freed_memory()


def _keep_freed_memory() -> None:
    """Let the C library keep what an image needed for the next one; giving it back costs a page fault per 4 kB."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):  # glibc
        libc.mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
        libc.mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
