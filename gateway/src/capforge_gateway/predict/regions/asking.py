"""Regions of one image to a model server: cut out, sent in as few requests as the model takes, answered in order."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import structlog
from numpy.typing import NDArray

from capforge_contracts.run import CropSettings
from capforge_gateway.errors import model_failed, serving_unavailable
from capforge_gateway.predict.batches import IN_FLIGHT_PER_SERVER, Batches
from capforge_gateway.predict.detector import transforms_of
from capforge_gateway.predict.interface import INTERFACES
from capforge_gateway.predict.pixels import PixelThreads
from capforge_gateway.predict.regions.chain import Step
from capforge_gateway.predict.regions.saying import Rows, rows_of
from capforge_gateway.predict.upstream import Upstream
from capforge_gateway.predict.wire import Tensors, WireError
from capforge_gateway.requests import Facts
from capforge_gateway.routing.board import RouteBoard
from capforge_gateway.routing.routes import Version
from capforge_transforms import Region

AT_ONCE = IN_FLIGHT_PER_SERVER
"""Requests of one prediction under way at once: one is worked on while the next is cut out."""
_MOST_BYTES = 16 * 1024 * 1024
"""Of one request."""
_log = structlog.get_logger()
T = TypeVar("T")


def crop_of(step: Step) -> CropSettings:
    """Return how a version's regions are cut out; raises 503 where nobody said so."""
    if step.version.crop is None:
        raise serving_unavailable(
            f"version {step.version.version} of `{step.capability.name}` is routed without its crop settings; the"
            " operator adds them from the model card"
        )
    return step.version.crop


def regions_at_once(version: Version, crop: CropSettings) -> int:
    """Return how many regions go into one request."""
    return max(1, min(version.max_batch_size, _MOST_BYTES // _crop_bytes(crop)))


def bytes_at_once(step: Step) -> int:
    """Return how much memory the crops take that are on their way at once."""
    crop = crop_of(step)
    return AT_ONCE * regions_at_once(step.version, crop) * _crop_bytes(crop)


def _crop_bytes(crop: CropSettings) -> int:
    return max(1, crop.width * crop.height * 3)


@dataclass(frozen=True)
class Asking:
    """Models that take `crops`."""

    board: RouteBoard
    pixels: PixelThreads
    batches: Batches
    upstream: Upstream
    timeout_seconds: float

    async def rows(self, step: Step, picture: NDArray[np.uint8], regions: Sequence[Region], facts: Facts) -> Rows:
        """Return the model's output, a row for each region of the picture uint8 [H,W,3]; raises ApiError."""
        crop = crop_of(step)
        most = regions_at_once(step.version, crop)
        cut = transforms_of(step.capability, step.version).crops
        groups = [regions[start : start + most] for start in range(0, len(regions), most)]

        async def one(group: Sequence[Region]) -> Rows:
            started = time.perf_counter()
            batch = await self.pixels.run(cut, picture, group, crop)
            sent = time.perf_counter()
            tensors = await self._ask(step, batch, facts)
            facts.decode_seconds = (facts.decode_seconds or 0.0) + sent - started
            facts.upstream_seconds = (facts.upstream_seconds or 0.0) + time.perf_counter() - sent
            return self._read(step, tensors)

        return np.concatenate(await _each(groups, one)) if groups else np.zeros((0, 0), np.float32)

    async def _ask(self, step: Step, batch: NDArray[np.uint8], facts: Facts) -> Tensors:
        """A single region may share a request with those of others (see batches)."""
        version = step.version
        interface = INTERFACES[step.capability.type]
        names = (interface.input, interface.outputs)

        def addresses() -> tuple[str, ...]:
            return self.board.addresses(step.capability, version)

        model, request, timeout = version.model, facts.request_id, self.timeout_seconds
        if len(batch) == 1:
            most = version.max_batch_size
            return await self.batches.infer(addresses, model, request, batch, names, timeout, most)
        return await self.upstream.infer(addresses, model, request, batch, names, timeout)

    def _read(self, step: Step, tensors: Tensors) -> Rows:
        (name,) = INTERFACES[step.capability.type].outputs
        try:
            return rows_of(tensors, name, step)
        except WireError as error:
            _log.error("model server's answer cannot be read", model=step.version.model, error=str(error))
            raise model_failed() from error


async def _each(groups: Sequence[Sequence[Region]], work: Callable[[Sequence[Region]], Awaitable[T]]) -> list[T]:
    """Return what `work` makes of each group, in their order; AT_ONCE at a time, and none goes on after a failure."""
    done: dict[int, T] = {}
    waiting: Iterator[tuple[int, Sequence[Region]]] = iter(enumerate(groups))

    async def worker() -> None:
        for index, group in waiting:
            done[index] = await work(group)

    workers = [asyncio.ensure_future(worker()) for _ in range(min(AT_ONCE, len(groups)))]
    try:
        await asyncio.gather(*workers)
    finally:
        for one in workers:
            one.cancel()
    return [done[index] for index in range(len(groups))]
