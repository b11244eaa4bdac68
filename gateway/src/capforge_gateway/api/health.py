"""Alive and ready."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response


async def healthz(_: Request) -> Response:
    """Say that the event loop turns."""
    return PlainTextResponse("ok\n")


def readyz(why_not: Callable[[], str]) -> Callable[[Request], Awaitable[Response]]:
    """Return the endpoint that says `ready`, or 503 and why not."""

    async def endpoint(_: Request) -> Response:
        reason = why_not()
        if reason:
            return PlainTextResponse(reason + "\n", HTTPStatus.SERVICE_UNAVAILABLE)
        return PlainTextResponse("ready\n")

    return endpoint
