"""The candidates service over HTTP: a document's bytes go there, its reading comes back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import structlog
from pydantic import ValidationError

from capforge_contracts.internal_token import sent_token
from capforge_contracts.reading import GivenPage, Reading
from capforge_gateway.documents.ports import ReaderAway, UnreadableDocument

_ENGINE_KNOWN_SECONDS = 30.0
"""A new engine is noticed after this time."""
_ENGINE_TIMEOUT_SECONDS = 5.0
_CONNECT_TIMEOUT_SECONDS = 2.0
_MAX_READING_BYTES = 32 * 1024 * 1024
_CHUNK_BYTES = 256 * 1024
_OFF = "this installation reads no documents (CAPFORGE_CANDIDATES_URL is not set)"
_AWAY = "documents cannot be read now: the service that reads them does not answer; send again in a moment"
_BUSY = "documents cannot be read now: too many wait already; send again in a moment"
_TRY_LATER = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE})
_log = structlog.get_logger()


class CandidatesService:
    """A Reader. Opened and closed with the gateway."""

    def __init__(
        self,
        url: str,
        token_file: Path,
        timeout_seconds: float,
        told: Callable[[bool], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the service's address (empty: there is none), the time for one document, and who hears if it answers."""
        self._url = url.rstrip("/")
        self._token_file = token_file
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds, sock_connect=_CONNECT_TIMEOUT_SECONDS)
        self._told = told
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None
        self._engine = ""
        self._engine_at = 0.0

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def engine_version(self) -> str:
        """Name what a reading would be made by now; raises ReaderAway where that was never known.

        Readings are kept under this name, so the last one known will do while the service is away: what it has read
        before is still found.
        """
        if not self._engine or self._clock() - self._engine_at > _ENGINE_KNOWN_SECONDS:
            self._engine_at = self._clock()  # also where it fails: those who ask meanwhile need not wait as well
            try:
                timeout = aiohttp.ClientTimeout(total=_ENGINE_TIMEOUT_SECONDS, sock_connect=_CONNECT_TIMEOUT_SECONDS)
                status, body = await self._exchange("GET", "/engine", timeout)
                if status == HTTPStatus.OK:
                    self._engine = str(orjson.loads(body)["engineVersion"])
            except (ReaderAway, ValueError, KeyError, TypeError) as error:
                _log.warning("candidates service does not say its engine", error=str(error))
        if not self._engine:
            raise ReaderAway(_AWAY if self._url else _OFF)
        return self._engine

    async def read(self, data: bytes, media_type: str, given: Sequence[GivenPage] | None = None) -> Reading:
        """Return the reading; raises ReaderAway, UnreadableDocument."""
        status, body = await self._exchange("POST", "/readings", self._timeout, **_payload(data, media_type, given))
        if status == HTTPStatus.OK:
            try:
                return await asyncio.to_thread(Reading.from_json, body)
            except ValidationError as error:
                _log.error("candidates service's answer cannot be read", error=str(error)[:500])
                raise ReaderAway(_AWAY) from error
        raise _fault(status, body)

    async def _exchange(self, method: str, path: str, limits: aiohttp.ClientTimeout, **body: Any) -> tuple[int, bytes]:
        if not self._url:
            raise ReaderAway(_OFF)
        try:
            headers = {"Authorization": f"Bearer {sent_token(self._token_file)}", **body.pop("headers", {})}
            async with self._opened().request(
                method, self._url + path, headers=headers, timeout=limits, **body
            ) as response:
                answer = response.status, await _bounded(response)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self._told(False)
            _log.warning("candidates service does not answer", path=path, error=repr(error)[:300])
            raise ReaderAway(_AWAY) from error
        self._told(True)
        return answer

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=64), cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
            )
        return self._session


def _payload(data: bytes, media_type: str, given: Sequence[GivenPage] | None) -> dict[str, Any]:
    if given is None:
        return {"data": data, "headers": {"Content-Type": media_type}}
    form = aiohttp.FormData()
    form.add_field("document", data, filename="document", content_type=media_type)
    words = orjson.dumps([page.model_dump(mode="json", by_alias=True) for page in given])
    form.add_field("words", words.decode(), content_type="application/json")
    return {"data": form}


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    data = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
        data += chunk
        if len(data) > _MAX_READING_BYTES:
            raise aiohttp.ClientPayloadError(f"a reading is longer than {_MAX_READING_BYTES} bytes")
    return bytes(data)


def _fault(status: int, body: bytes) -> Exception:
    try:
        fault = orjson.loads(body)["error"]
        code, message = str(fault["code"]), str(fault["message"])
    except (ValueError, KeyError, TypeError):
        code, message = "", body[:200].decode("utf-8", "replace")
    _log.info("candidates service refused", status=status, code=code, error=message[:300])
    if status == HTTPStatus.UNAUTHORIZED or not code:
        return ReaderAway(_AWAY)
    if status in _TRY_LATER:
        return ReaderAway(_BUSY if code == "Busy" else f"documents cannot be read now: {message}")
    return UnreadableDocument(code, message)
