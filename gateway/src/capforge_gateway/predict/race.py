"""One model server is asked; after too long a silence another one as well, and the first answer counts.

A node that is lost without a word leaves connections that stay open and silent: without a second request each caller
would wait for its whole time-out. As long as servers answer in time, this costs one timer.

- The second request goes only to a server that is well, and only within the budget of `Hedging`.
- A server that lost and has answered nobody since it was asked counts as failed: everything else that waits for it is
  moved to other servers at once, and it is left alone for a while. One that answers others was only slow.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from capforge_gateway.predict.connection import Answer
from capforge_gateway.predict.endpoints import Endpoint, Endpoints

Ask = Callable[[Endpoint], Awaitable[Answer]]
"""Send the request to one server; raises OSError."""
PickAnother = Callable[[], Endpoint | None]
"""A server that is well and was not asked yet, if one may be asked; it counts as tried from then on."""
IsFinal = Callable[[Answer], bool]
"""Tells whether no other server could do better than this answer."""


class Race:
    """At most one request beside the first one at any time."""

    def __init__(self, endpoints: Endpoints, ask: Ask, pick_another: PickAnother, is_final: IsFinal) -> None:
        self._endpoints = endpoints
        self._ask = ask
        self._pick_another = pick_another
        self._is_final = is_final
        self._second: asyncio.Task[Answer] | None = None
        self._second_endpoint: Endpoint | None = None
        self._patience = asyncio.timeout(None)
        self._over = False
        self._first_ended = False

    async def run(self, first: Endpoint, delay_seconds: float) -> tuple[Endpoint, Answer]:
        """Return who answered, and what; raises OSError where all that were asked failed."""
        answers_before = first.answers
        timer = asyncio.get_running_loop().call_later(delay_seconds, self._ask_another)
        try:
            async with self._patience:
                return first, await self._ask(first)
        except OSError:  # it failed, or the other one was faster
            self._first_ended = True
            if self._second is None or self._second_endpoint is None:
                raise
            answer = await self._second
            if self._patience.expired() and first.answers == answers_before:
                self._endpoints.silent(first)
            return self._second_endpoint, answer
        finally:
            self._over = True
            timer.cancel()
            if self._second is not None:
                self._second.cancel()

    def _ask_another(self) -> None:
        if self._over:
            return
        endpoint = self._pick_another()
        if endpoint is None:
            return
        self._second_endpoint = endpoint
        self._second = asyncio.ensure_future(self._ask(endpoint))
        self._second.add_done_callback(self._second_done)

    def _second_done(self, second: asyncio.Future[Answer]) -> None:
        failed = second.cancelled() or second.exception() is not None
        if self._over:
            return
        if failed:
            self._second = self._second_endpoint = None
            self._ask_another()
        elif not self._first_ended and self._is_final(second.result()):
            self._patience.reschedule(asyncio.get_running_loop().time())
