"""Single images to model servers: those that come while the servers are busy share a request (see lane).

A model server spends about as much on taking and answering a request as a small model on an image, so that under load
fewer and larger requests serve more. Each caller keeps its own deadline, its own answer and its own failure: where the
model fails on a batch, every image of it is sent again alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import structlog
from numpy.typing import NDArray

from capforge_gateway.errors import ApiError, internal, model_failed, predict_timeout
from capforge_gateway.predict.lane import Lane, most_together
from capforge_gateway.predict.upstream import Addresses, Upstream
from capforge_gateway.predict.wire import Tensors

IN_FLIGHT_PER_SERVER = 2
"""One that is worked on, and one that waits at the server so that it never stands idle."""
_log = structlog.get_logger()
Names = tuple[str, tuple[str, ...]]


@dataclass(frozen=True, eq=False)
class _Waiting:
    """One image and who waits for it."""

    addresses: Addresses
    request_id: str
    image: NDArray[np.uint8]
    """[1,H,W,3], contiguous."""
    deadline: float
    answer: asyncio.Future[Tensors]


class Batches:
    """All lanes, by model. One event loop only."""

    def __init__(self, upstream: Upstream, in_flight_per_server: int = IN_FLIGHT_PER_SERVER) -> None:
        self._upstream = upstream
        self._in_flight_per_server = in_flight_per_server
        self._lanes: dict[str, Lane[_Waiting]] = {}
        self._running: set[asyncio.Task[None]] = set()

    @property
    def waiting(self) -> int:
        """How many images wait to be sent."""
        return sum(len(lane.waiting) for lane in self._lanes.values())

    async def infer(
        self,
        addresses: Addresses,
        model: str,
        request_id: str,
        image: NDArray[np.uint8],
        names: Names,
        timeout_seconds: float,
        max_batch_size: int,
    ) -> Tensors:
        """Return the output tensors, one row each, for one image [1,H,W,3]; raises as Upstream.infer does."""
        most = most_together(max_batch_size, image.nbytes)
        if most == 1:
            return await self._upstream.infer(addresses, model, request_id, image, names, timeout_seconds)
        lane = self._lane(model, most)
        limit = self._limit(addresses)
        if lane.under_way < limit and not lane.waiting:
            with self._turn(model, lane, names):
                lane.under_way += 1
                return await self._upstream.infer(addresses, model, request_id, image, names, timeout_seconds)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_seconds
        one = _Waiting(addresses, request_id, image, deadline, loop.create_future())
        timer = loop.call_at(deadline, _expire, one, timeout_seconds)
        lane.waiting.append(one)
        try:
            self._send(model, lane, names)
            return await one.answer
        finally:
            timer.cancel()
            if one in lane.waiting:
                lane.waiting.remove(one)

    def _lane(self, model: str, most: int) -> Lane[_Waiting]:
        lane = self._lanes.get(model)
        if lane is None:
            lane = self._lanes[model] = Lane(most)
        lane.most = most
        return lane

    def _limit(self, addresses: Addresses) -> int:
        return self._in_flight_per_server * max(len(tuple(addresses())), 1)

    def _send(self, model: str, lane: Lane[_Waiting], names: Names) -> None:
        """Send what should be sent now."""
        while lane.waiting and (batch := lane.take(self._limit(lane.waiting[0].addresses))):
            task = asyncio.get_running_loop().create_task(self._under_way(model, lane, names, batch))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        if not lane.waiting and not lane.under_way and self._lanes.get(model) is lane:
            del self._lanes[model]

    async def _under_way(self, model: str, lane: Lane[_Waiting], names: Names, batch: list[_Waiting]) -> None:
        with self._turn(model, lane, names):
            await self._answered(model, names, batch)

    @contextmanager
    def _turn(self, model: str, lane: Lane[_Waiting], names: Names) -> Iterator[None]:
        """Give the turn back after the block, or when it takes far too long: others must not wait behind it."""
        given_back = False

        def give_back() -> None:
            nonlocal given_back
            if not given_back:
                given_back = True
                lane.under_way -= 1
                self._send(model, lane, names)

        timer = asyncio.get_running_loop().call_later(self._upstream.patience(model), give_back)
        try:
            yield
        finally:
            timer.cancel()
            give_back()

    async def _answered(self, model: str, names: Names, batch: list[_Waiting]) -> None:
        """Give every image of the batch its answer or its error; leave out those that nobody waits for any more."""
        batch = [one for one in batch if not one.answer.done()]
        if not batch:
            return
        try:
            answers = await self._asked(model, names, batch)
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait must hear of it
            if len(batch) > 1 and isinstance(error, ApiError) and error.code == model_failed().code:
                _log.info("a batch failed and is sent one by one", model=model, images=len(batch))
                for one in batch:
                    await self._answered(model, names, [one])
                return
            _fail(batch, error)
        else:
            for one, answer in zip(batch, answers, strict=True):
                if not one.answer.done():
                    one.answer.set_result(answer)

    async def _asked(self, model: str, names: Names, batch: list[_Waiting]) -> list[Tensors]:
        """Return one answer for each image; raises ApiError."""
        seconds = max(one.deadline for one in batch) - asyncio.get_running_loop().time()
        ids = ",".join(one.request_id for one in batch)
        images = [one.image for one in batch]
        tensors = await self._upstream.infer_rows(batch[-1].addresses, model, ids, images, names, seconds)
        return [{name: tensor[row : row + 1] for name, tensor in tensors.items()} for row in range(len(batch))]


def _expire(one: _Waiting, timeout_seconds: float) -> None:
    if not one.answer.done():
        one.answer.set_exception(predict_timeout(timeout_seconds))


def _fail(batch: list[_Waiting], error: Exception) -> None:
    """Each caller gets an exception of its own: one object raised in several tasks would mix their traces."""
    if not isinstance(error, ApiError):
        _log.error("a batch failed", exc_info=error)
    for one in batch:
        if not one.answer.done():
            one.answer.set_exception(_copy(error))


def _copy(error: Exception) -> ApiError:
    if not isinstance(error, ApiError):
        return internal()
    return ApiError(error.status, error.code, error.message, error.details, error.retry_after_seconds)
