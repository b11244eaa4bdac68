"""Work on datasets beside the event loop: a few pieces at once, fewer of one namespace, each in bounded time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeVar

import structlog
from starlette.requests import Request

from capforge_gateway.datasets.packing import Pieces
from capforge_gateway.datasets.refusals import translated
from capforge_gateway.errors import RETRY_SECONDS, ApiError
from capforge_gateway.sending import Sending
from capforge_gateway.slots import Slots

T = TypeVar("T")
_log = structlog.get_logger()
_AT_ONCE = 8
_AT_ONCE_OF_A_NAMESPACE = 4
_SECONDS = 300.0
"""For one answer, or for the next piece of one that streams. Every call to the store has its own, much shorter time."""


def _share_taken() -> ApiError:
    message = f"more than {_AT_ONCE_OF_A_NAMESPACE} calls about datasets of this namespace are under way; send"
    return ApiError(
        HTTPStatus.TOO_MANY_REQUESTS,
        "TooManyRequests",
        f"{message} again in a moment",
        retry_after_seconds=RETRY_SECONDS,
    )


@dataclass(frozen=True)
class Prepared:
    """An answer about to be sent."""

    pieces: Iterator[bytes]
    headers: dict[str, str]


class Work:
    """Threads of its own: neither predictions nor uploads wait for a dataset."""

    def __init__(self) -> None:
        self.slots = Slots(_AT_ONCE, _AT_ONCE_OF_A_NAMESPACE, _share_taken)
        self.threads = ThreadPoolExecutor(_AT_ONCE, "datasets")
        self.fetching = ThreadPoolExecutor(_AT_ONCE, "pictures")
        """A part of the work waits for these: in the same threads it could wait for itself."""

    async def done(self, namespace: str, work: Callable[[], T]) -> T:
        """Return what blocking work returns, within a slot; raises ApiError."""
        with self.slots.one(namespace):
            return await self._called(work)

    async def streamed(
        self, request: Request, namespace: str, prepared: Callable[[], Prepared], headers: dict[str, str]
    ) -> Sending:
        """Return an answer whose pieces are made as they are taken; the first one is made before anything is sent."""
        self.slots.take(namespace)
        try:
            answer = await self._called(prepared)
            pieces = Pieces(answer.pieces)
            first = b"" if request.method == "HEAD" else await self._called(pieces.take)
        except BaseException:
            self.slots.give(namespace)
            raise

        def ended() -> None:
            self.slots.give(namespace)
            self.threads.submit(pieces.close)  # it waits for a piece that is being made

        return Sending(self._rest(first, pieces), ended, {**headers, **answer.headers})

    def close(self) -> None:
        """Take no more work; what is under way ends by its own time-outs."""
        for threads in (self.threads, self.fetching):
            threads.shutdown(wait=False, cancel_futures=True)

    async def _rest(self, first: bytes, pieces: Pieces) -> AsyncGenerator[bytes, None]:
        piece = first
        while piece:
            yield piece
            try:
                piece = await self._called(pieces.take)
            except ApiError as error:  # too late for a refusal: the connection ends before the answer does
                _log.warning("a dataset's files broke off", code=error.code, reason=error.message, **error.details)
                raise

    async def _called(self, work: Callable[[], T]) -> T:
        with translated():
            async with asyncio.timeout(_SECONDS):
                return await asyncio.get_running_loop().run_in_executor(self.threads, work)
