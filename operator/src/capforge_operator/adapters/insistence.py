"""Asking again what a server in trouble did not answer.

A reconcile is many calls: if it began anew for each that fails, one failure in three would stop it for ever.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import TypeVar

from capforge_operator.ports import PortError

T = TypeVar("T")
_PAUSES_SECONDS = (0.2, 0.5)
"""Between the tries of one call; a reconcile that fails all the same comes back with back-off."""
_LONGEST_WAIT_SECONDS = 10.0
"""Of what a server may ask for by Retry-After: longer is the queue's affair."""
TROUBLED = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)


class Passing(PortError):  # noqa: N818 - reads as the fact it states
    """The server is in trouble: worth another try soon."""

    def __init__(self, message: str, headers: Mapping[str, str] | None = None) -> None:
        """Take the answer's headers: the server may ask to wait."""
        super().__init__(message)
        asked = (headers or {}).get("Retry-After", "")
        self.wait_seconds = float(asked) if asked.isdecimal() else 0.0


async def insist(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask up to three times; raises Passing when the trouble does not pass, and whatever else `ask` raises."""
    for pause in _PAUSES_SECONDS:
        try:
            return await ask()
        except Passing as trouble:
            if trouble.wait_seconds > _LONGEST_WAIT_SECONDS:
                raise
            await asyncio.sleep(max(trouble.wait_seconds, pause * (0.5 + random.random())))  # noqa: S311 - no secret
    return await ask()
