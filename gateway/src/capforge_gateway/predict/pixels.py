"""Image bytes to a model's input tensor, in a few threads of their own.

- A small JPEG is done at once (at most 0.5 ms): a change of threads costs much of that again, and makes two wait.
- A decoded image lives only inside its thread, and all share a budget of memory: a file of 2 kB can become 1 GB.
- What leaves is the canvas (uint8, the model's input size) and the placement to map boxes back.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from capforge_gateway.errors import ApiError, bad_request, overloaded, too_large
from capforge_gateway.predict.budget import ByteBudget
from capforge_gateway.routing.routes import Version
from capforge_transforms import (
    Format,
    Header,
    ImageError,
    Limits,
    Placement,
    TooManyBytes,
    Transforms,
    checked_header,
    decode_bytes,
    stored_orientation,
    upright_size,
)

_QUICK_BYTES = 64 * 1024
_QUICK_PIXELS = 640 * 480
"""Half a millisecond where the decoder shrinks."""
_QUICK_WHOLE_PIXELS = 256 * 256
"""Where all pixels are decoded first."""
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


@dataclass(frozen=True)
class Measured:
    """What an image is."""

    format: Format
    width: int
    height: int
    """Of the upright image, pixels."""


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
        if _is_quick(header, len(data), transforms):
            return _prepare(data, transforms, self._limits, version.width, version.height)
        work = partial(_prepare, data, transforms, self._limits, version.width, version.height)
        size = decode_bytes(header)
        if size > self._budget.total:
            raise _too_costly(header, size, self._budget.total)
        try:
            async with asyncio.timeout(self._wait_seconds), self._budget.held(size):
                return await self.run(work)
        except TimeoutError as error:
            raise overloaded() from error

    @asynccontextmanager
    async def decoded(self, data: bytes, transforms: Transforms, beside_bytes: int) -> AsyncIterator[NDArray[np.uint8]]:
        """Yield the upright pixels [H,W,3] in full size, in a place of the budget that the block holds.

        `beside_bytes` is what the block needs beside them at once. Raises as prepare does.
        """
        header = _header(data, self._limits)
        size = max(decode_bytes(header), header.width * header.height * 3 + beside_bytes)
        if size > self._budget.total:
            raise _too_costly(header, size, self._budget.total)
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(self._wait_seconds):
                    loan = await stack.enter_async_context(self._budget.held(size))
                    pixels = await self.run(_decoded, data, transforms, self._limits)
            except TimeoutError as error:
                raise overloaded() from error
            loan.keep(pixels.nbytes + beside_bytes)
            yield pixels

    async def measured(self, data: bytes) -> Measured:
        """Return format and upright size of an image without decoding it; raises 400, 413, 503."""
        header = _header(data, self._limits)
        if header.format is Format.JPEG:
            return _measured(data, header)
        size = min(decode_bytes(header), self._budget.total)  # what opens a WebP allocates its pixels
        try:
            async with asyncio.timeout(self._wait_seconds), self._budget.held(size):
                return await self.run(_measured, data, header)
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


def _measured(data: bytes, header: Header) -> Measured:
    try:
        orientation = stored_orientation(data, header)
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise bad_request(f"the {header.format} cannot be read: it is cut off or damaged") from error
    return Measured(header.format, *upright_size(header.width, header.height, orientation))


def _is_quick(header: Header, size: int, transforms: Transforms) -> bool:
    """Tell whether the image is so small that handing it to a thread costs more than working on it here."""
    if header.format is not Format.JPEG or size > _QUICK_BYTES:
        return False
    return header.width * header.height <= (_QUICK_PIXELS if transforms.shrinks_early else _QUICK_WHOLE_PIXELS)


def _too_costly(header: Header, size: int, allowed: int) -> ApiError:
    return bad_request(
        f"a {header.format} of {header.width} x {header.height} pixels takes {size >> 20} MiB to decode;"
        f" allowed: {allowed >> 20} MiB (a plain JPEG takes the least)"
    )


def _refusal(error: ImageError, limits: Limits) -> ApiError:
    if isinstance(error, TooManyBytes):
        return too_large(limits.max_bytes)
    return bad_request(str(error), allowed=["JPEG", "PNG", "WebP"])


def _decoded(data: bytes, transforms: Transforms, limits: Limits) -> NDArray[np.uint8]:
    try:
        return transforms.decode(data, limits)
    except ImageError as error:
        raise _refusal(error, limits) from error


def _prepare(data: bytes, transforms: Transforms, limits: Limits, width: int, height: int) -> Prepared:
    started = time.perf_counter()
    try:
        canvas, placement = transforms.canvas(data, limits, width, height)
    except ImageError as error:
        raise _refusal(error, limits) from error
    return Prepared(canvas, placement, time.perf_counter() - started)
