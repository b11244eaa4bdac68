"""Image bytes to a model's input tensor, in a few threads of their own.

- A small JPEG is done at once (about 0.2 ms): a change of threads costs more.
- A decoded image lives only inside its thread, and all share a budget of memory: a file of 2 kB can become 1 GB.
- What leaves is the canvas (uint8, the model's input size) and the placement to map boxes back.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from capforge_gateway.errors import ApiError, bad_request, overloaded, too_large
from capforge_gateway.predict.budget import ByteBudget, decode_bytes
from capforge_gateway.routing.routes import Version
from capforge_transforms import Format, Header, ImageError, Limits, Placement, TooManyBytes, Transforms, checked_header

_QUICK_BYTES = 64 * 1024
_QUICK_PIXELS = 256 * 256
P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Prepared:
    """One image, ready for the model."""

    canvas: NDArray[np.uint8]
    """[height, width, 3], contiguous."""
    placement: Placement
    seconds: float
    """Spent on decoding and scaling, without waiting for a thread."""


class PixelThreads:
    """The threads that work on images."""

    def __init__(self, threads: int, limits: Limits, max_decode_bytes: int, wait_seconds: float) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="pixels")
        self._limits = limits
        self._budget = ByteBudget(max_decode_bytes)
        self._wait_seconds = wait_seconds

    async def prepare(self, data: bytes, version: Version, transforms: Transforms) -> Prepared:
        """Decode upright and place on the model's canvas; raises 400 or 413 with the reason, 503 after a long wait."""
        header = _header(data, self._limits)
        work = partial(_prepare, data, transforms, self._limits, version.width, version.height)
        if _is_quick(header, len(data)):
            return work()
        size = decode_bytes(header)
        if size > self._budget.total:
            raise _too_costly(header, size, self._budget.total)
        try:
            async with asyncio.timeout(self._wait_seconds), self._budget.held(size):
                return await self.run(work)
        except TimeoutError as error:
            raise overloaded() from error

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run work that would hold up the event loop, without keywords."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, lambda: work(*args, **kwargs))

    def close(self) -> None:
        """Let the threads end."""
        self._executor.shutdown(wait=False, cancel_futures=True)


def _header(data: bytes, limits: Limits) -> Header:
    try:
        return checked_header(data, limits)
    except ImageError as error:
        raise _refusal(error, limits) from error


def _is_quick(header: Header, size: int) -> bool:
    """Tell whether the image is so small that handing it to a thread costs more than working on it here."""
    return header.format is Format.JPEG and size <= _QUICK_BYTES and header.width * header.height <= _QUICK_PIXELS


def _too_costly(header: Header, size: int, allowed: int) -> ApiError:
    return bad_request(
        f"a {header.format} of {header.width} x {header.height} pixels takes {size >> 20} MiB to decode;"
        f" allowed: {allowed >> 20} MiB (a plain JPEG takes the least)"
    )


def _refusal(error: ImageError, limits: Limits) -> ApiError:
    if isinstance(error, TooManyBytes):
        return too_large(limits.max_bytes)
    return bad_request(str(error), allowed=["JPEG", "PNG", "WebP"])


def _prepare(data: bytes, transforms: Transforms, limits: Limits, width: int, height: int) -> Prepared:
    started = time.perf_counter()
    try:
        image = transforms.decode(data, limits)
    except ImageError as error:
        raise _refusal(error, limits) from error
    canvas, placement = transforms.letterbox(image, width, height)
    return Prepared(canvas, placement, time.perf_counter() - started)
