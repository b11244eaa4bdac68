"""Image bytes to a model's input tensor, in a few threads of their own.

- A small JPEG is done at once (about 0.2 ms): a change of threads costs more.
- A decoded image lives only inside its thread: at most `threads` large images are in memory, however many wait.
- What leaves is the canvas (uint8, the model's input size) and the placement to map boxes back.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from capforge_gateway.errors import bad_request, too_large
from capforge_gateway.routing.routes import Version
from capforge_transforms import Format, ImageError, Limits, Placement, TooManyBytes, Transforms, checked_header

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

    def __init__(self, threads: int, limits: Limits) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="pixels")
        self._limits = limits

    async def prepare(self, data: bytes, version: Version, transforms: Transforms) -> Prepared:
        """Decode upright and place on the model's canvas; raises 400 or 413 with the reason."""
        if _is_quick(data, self._limits):
            return _prepare(data, transforms, self._limits, version.width, version.height)
        return await self.run(_prepare, data, transforms, self._limits, version.width, version.height)

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run work that would hold up the event loop, without keywords."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, lambda: work(*args, **kwargs))

    def close(self) -> None:
        """Let the threads end."""
        self._executor.shutdown(wait=False, cancel_futures=True)


def _is_quick(data: bytes, limits: Limits) -> bool:
    """Tell whether the image is so small that handing it to a thread costs more than working on it here."""
    if len(data) > _QUICK_BYTES:
        return False
    try:
        header = checked_header(data, limits)
    except ImageError:
        return False
    return header.format is Format.JPEG and header.width * header.height <= _QUICK_PIXELS


def _prepare(data: bytes, transforms: Transforms, limits: Limits, width: int, height: int) -> Prepared:
    started = time.perf_counter()
    try:
        image = transforms.decode(data, limits)
    except TooManyBytes as error:
        raise too_large(limits.max_bytes) from error
    except ImageError as error:
        raise bad_request(str(error), allowed=["JPEG", "PNG", "WebP"]) from error
    canvas, placement = transforms.letterbox(image, width, height)
    return Prepared(canvas, placement, time.perf_counter() - started)
