"""Reading a small body in a Starlette call: bounded in bytes and in time."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from starlette.requests import ClientDisconnect, Request

from capforge_gateway.errors import ApiError, body_too_large, upload_timeout


async def bounded_body(request: Request, max_bytes: int, timeout_seconds: float) -> bytes:
    """Return the whole body; raises 400, 408, 413 before more than `max_bytes` are held."""
    data = bytearray()
    try:
        async with asyncio.timeout(timeout_seconds):
            async for chunk in request.stream():
                data += chunk
                if len(data) > max_bytes:
                    raise body_too_large(max_bytes)
    except TimeoutError as error:
        raise upload_timeout(timeout_seconds) from error
    except ClientDisconnect as error:
        message = "the request ended before its body was complete"
        raise ApiError(HTTPStatus.BAD_REQUEST, "BadRequest", message) from error
    return bytes(data)
