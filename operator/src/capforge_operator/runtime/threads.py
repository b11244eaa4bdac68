"""Blocking calls (object store, hashing, parsing large files) off the event loop: bounded and with time-outs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class TooSlow(TimeoutError):  # noqa: N818 - reads as the fact it states
    """A blocking call did not end in time; its thread is lost until it does."""


class Threads:
    """A few threads. A call that takes too long is given up by its caller, but keeps its thread until it returns.

    So a store that hangs costs threads, never the event loop, and never more threads than the limit.
    """

    def __init__(self, limit: int, timeout_seconds: float) -> None:
        """Take how many calls may run at once and how long one may take, waiting included."""
        self._pool = ThreadPoolExecutor(limit, thread_name_prefix="blocking")
        self._timeout_seconds = timeout_seconds

    async def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run the call in a thread and return its result; raises TooSlow, or whatever the call raises."""
        future = asyncio.get_running_loop().run_in_executor(self._pool, lambda: call(*args, **kwargs))
        try:
            async with asyncio.timeout(self._timeout_seconds) as limit:
                return await future
        except TimeoutError as error:
            if not limit.expired():
                raise  # the call's own
            name = getattr(call, "__qualname__", repr(call))
            message = f"{name} took longer than {self._timeout_seconds:g} s"
            raise TooSlow(message) from error

    def close(self) -> None:
        """Take no more calls; running ones are not waited for."""
        self._pool.shutdown(wait=False, cancel_futures=True)
