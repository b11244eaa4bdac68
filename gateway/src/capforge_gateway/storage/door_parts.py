"""What the internal listener's doors have in common: whose token it is, how many streams are read, refusals."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Protocol

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from capforge_contracts.model import canonical_json
from capforge_contracts.names import JOB_TOKEN_AUDIENCE
from capforge_gateway.documents.ports import StorageAway
from capforge_gateway.keys.job_tokens import ReviewAway, job_of

_RETRY = {"Retry-After": "1"}
_STREAMS = 8
"""At once; a snapshot that finds no room comes again."""
_CHUNK_LINES = 50
_log = structlog.get_logger()


class Tokens(Protocol):
    """Tells whose token it is."""

    async def account(self, token: str) -> str | None:
        """Return `<namespace>:<ServiceAccount>`, None where the token is not good here; raises ReviewAway."""
        ...


class Guard:
    """Lets a tenant's own Jobs in."""

    def __init__(self, tokens: Tokens | None) -> None:
        self._tokens = tokens

    async def refusal(self, request: Request, namespace: str) -> Response | None:
        """Return why not, None where the tenant's own Job asks. It does not tell whether the namespace exists."""
        if self._tokens is None:
            return refused(HTTPStatus.SERVICE_UNAVAILABLE, "this gateway knows no cluster that could check the token")
        try:
            account = await self._tokens.account(_bearer(request))
        except ReviewAway as error:
            _log.warning("tokens cannot be reviewed", error=str(error))
            return refused(HTTPStatus.SERVICE_UNAVAILABLE, "the API server does not say whose token this is")
        if account is None:
            return refused(
                HTTPStatus.UNAUTHORIZED,
                f"no valid ServiceAccount token; send one for the audience {JOB_TOKEN_AUDIENCE} as Bearer",
            )
        if account != job_of(namespace):
            return refused(HTTPStatus.FORBIDDEN, f"{account} may not read this; allowed: {job_of(namespace)}")
        return None


class Streams:
    """All that are read at once, of whatever kind."""

    def __init__(self) -> None:
        self._under_way = 0

    def refusal(self) -> Response | None:
        """Return why there is no room, None where there is."""
        if self._under_way < _STREAMS:
            return None
        return refused(HTTPStatus.SERVICE_UNAVAILABLE, f"{_STREAMS} streams are read already")

    def answer(self, namespace: str, lines: AsyncIterator[bytes]) -> Response:
        """Return the answer that holds the lines and tells at its end how many there were."""
        self._under_way += 1
        return _Stream(_chunks(namespace, lines), self)

    def ended(self) -> None:
        """Make room."""
        self._under_way -= 1


async def _chunks(namespace: str, lines: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the lines in chunks; without its last line when the storage goes away: a stream that does not count."""
    chunk: list[bytes] = []
    count = 0
    try:
        async for line in lines:
            chunk.append(line + b"\n")
            count += 1
            if len(chunk) >= _CHUNK_LINES:
                yield b"".join(chunk)
                chunk.clear()
                await asyncio.sleep(0)  # predictions go between
    except StorageAway as error:
        _log.warning("stream of annotations broke off", namespace=namespace, lines=count, error=str(error))
        return
    yield b"".join(chunk) + canonical_json({"end": True, "count": count}) + b"\n"


class _Stream(StreamingResponse):
    """Tells when it is over, however it ends."""

    def __init__(self, lines: AsyncIterator[bytes], streams: Streams) -> None:
        super().__init__(lines, media_type="application/x-ndjson")
        self._streams = streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._streams.ended()


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def refused(status: HTTPStatus, message: str) -> Response:
    """Return a refusal in the internal listener's words."""
    headers = _RETRY if status is HTTPStatus.SERVICE_UNAVAILABLE else None
    return JSONResponse({"error": message}, status, headers)
