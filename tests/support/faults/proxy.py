"""The proxy: takes HTTP or HTTPS on loopback, passes it on to one server, and breaks what the rules say."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import aiohttp
from aiohttp import web
from yarl import URL

from tests.support.eventually import PATIENCE
from tests.support.faults.journal import Exchange, Journal, Moment
from tests.support.faults.kinds import (
    Answer,
    AnswerLost,
    Disturbed,
    HalfUpload,
    NeverAnswers,
    ResetBefore,
    Slow,
    TruncatedAnswer,
)
from tests.support.faults.rules import Rule, Rules
from tests.support.faults.watches import Cut, Disturbance, Ended
from tests.support.faults.words import Words

T = TypeVar("T")
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "upgrade", "expect", "content-length"}
_LINE_BYTES = 1 << 20
_HELD_SECONDS = 0.2
"""So long a swapped event waits for another to come first."""
_PAUSE_SECONDS = 0.02


@dataclass
class Proxy:
    """One proxy before one server; `rules` and `journal` may be used from any thread."""

    upstream: str
    words: Words
    """How this server says that something went wrong."""
    journal: Journal = field(default_factory=Journal)
    upstream_tls: ssl.SSLContext | None = None
    tls: ssl.SSLContext | None = None
    """What clients are shown; none: plain HTTP."""
    rules: Rules = field(default_factory=Rules)
    url: str = ""
    _asking: set[asyncio.Task[Any]] = field(default_factory=set)

    @contextmanager
    def running(self) -> Iterator[Proxy]:
        """Serve for the block, on a random port of loopback, in a thread of its own."""
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, name="fault-proxy", daemon=True)
        thread.start()

        def call(work: Coroutine[Any, Any, T]) -> T:
            return asyncio.run_coroutine_threadsafe(work, loop).result(30 * PATIENCE)

        call(self._start())
        try:
            yield self
        finally:
            self.rules.clear()
            call(self._stop())
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    async def _start(self) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=self.upstream_tls or True),
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=None),
        )
        server = web.Server(self._handle, handler_cancellation=True)
        self._runner = web.ServerRunner(server, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self.tls).start()
        port = self._runner.addresses[0][1]
        self.url = f"{'https' if self.tls else 'http'}://127.0.0.1:{port}"

    async def _stop(self) -> None:
        await self._runner.cleanup()
        for asking in self._asking:
            asking.cancel()
        await asyncio.gather(*self._asking, return_exceptions=True)
        await self._session.close()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.headers.get("Expect", "").lower() == "100-continue":
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            request.writer.output_size = 0
        body = await request.content.read()
        exchange = self.journal.open(request.method, request.raw_path)
        if self.journal.sprung(exchange, Moment.BEFORE):
            return _reset(request)
        rule = self.rules.choose(request.method, request.raw_path)
        broken = await self._refused(request, rule, exchange, body)
        if broken is not None:
            return broken
        try:
            if _is_watch(exchange):
                async with self._passed_on(request, body) as answer:
                    exchange.status = answer.status
                    return await self._watched(request, rule, _begun(answer), answer)
            # What a client asked for is done, whether it lives to hear of it or not; and the journal says so.
            asking = asyncio.create_task(self._asked(request, exchange, body))
            self._asking.add(asking)
            asking.add_done_callback(self._asking.discard)
            answer, content, killed = await asyncio.shield(asking)
        except (aiohttp.ClientError, OSError):  # the server itself is away: so is the proxy
            return _reset(request)
        return _reset(request) if killed else await self._answered(request, rule, answer, content)

    async def _refused(
        self, request: web.BaseRequest, rule: Rule | None, exchange: Exchange, body: bytes
    ) -> web.StreamResponse | None:
        """Do what happens before the server is asked; None to go on."""
        match rule and rule.fault:
            case Answer() as fault:
                exchange.status = fault.status
                return self._error(fault)
            case ResetBefore():
                return _reset(request)
            case NeverAnswers():
                while rule is not None and not rule.removed:  # noqa: ASYNC110 - removed by another thread
                    await asyncio.sleep(_PAUSE_SECONDS)
                return _reset(request)
            case HalfUpload(bytes_passed):
                await self._pass_half(request, body[:bytes_passed], len(body))
                return _reset(request)
            case Slow(before_seconds):
                await asyncio.sleep(before_seconds)
        return None

    def _error(self, fault: Answer) -> web.Response:
        kind, text = self.words(fault)
        headers = {"Retry-After": str(fault.retry_after_seconds)} if fault.retry_after_seconds is not None else {}
        return web.Response(status=fault.status, body=text, content_type=kind, headers=headers)

    def _passed_on(self, request: web.BaseRequest, body: bytes) -> Any:
        headers = [(name, value) for name, value in request.headers.items() if name.lower() not in _HOP_BY_HOP]
        url = URL(self.upstream + request.raw_path, encoded=True)
        # aiohttp would add headers of its own, which the client has not signed.
        skipped = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")
        sent = body if body or request.method in {"PUT", "POST"} else None
        return self._session.request(
            request.method, url, headers=headers, data=sent, skip_auto_headers=skipped, allow_redirects=False
        )

    async def _pass_half(self, request: web.BaseRequest, part: bytes, announced: int) -> None:
        """Send the head and a part of the body by hand, then break the connection to the server."""
        url = URL(self.upstream)
        reader, writer = await asyncio.open_connection(url.host, url.port, ssl=self.upstream_tls)
        head = [f"{request.method} {request.raw_path} HTTP/1.1"]
        head += [f"{name}: {value}" for name, value in request.headers.items() if name.lower() not in _HOP_BY_HOP]
        head += [f"Content-Length: {announced}", "", ""]
        writer.write("\r\n".join(head).encode() + part)
        await writer.drain()
        await asyncio.sleep(_PAUSE_SECONDS)  # so that the server has read it before it sees the end
        writer.transport.abort()
        del reader

    async def _asked(
        self, request: web.BaseRequest, exchange: Exchange, body: bytes
    ) -> tuple[aiohttp.ClientResponse, bytes, bool]:
        """Ask the server; return its answer, the answer's body, and whether the client was killed for it."""
        async with self._passed_on(request, body) as answer:
            content = await answer.read()
        exchange.status = answer.status
        return answer, content, self.journal.sprung(exchange, Moment.AFTER)

    async def _answered(
        self, request: web.BaseRequest, rule: Rule | None, answer: aiohttp.ClientResponse, body: bytes
    ) -> web.StreamResponse:
        fault = rule.fault if rule else None
        if isinstance(fault, AnswerLost):
            return _reset(request)
        response = _begun(answer)
        if request.method == "HEAD" and "Content-Length" in answer.headers:
            response.headers["Content-Length"] = answer.headers["Content-Length"]
        if request.method != "HEAD":
            response.content_length = len(body)
        await response.prepare(request)
        if isinstance(fault, TruncatedAnswer):
            await response.write(body[: fault.bytes_passed])
            return _reset(request, response)
        if isinstance(fault, Slow) and fault.seconds_per_byte:
            for index in range(len(body)):
                await response.write(body[index : index + 1])
                await asyncio.sleep(fault.seconds_per_byte)
        elif request.method != "HEAD":
            await response.write(body)
        await response.write_eof()
        return response

    async def _watched(
        self, request: web.BaseRequest, rule: Rule | None, response: web.StreamResponse, answer: aiohttp.ClientResponse
    ) -> web.StreamResponse:
        await response.prepare(request)
        disturbance = Disturbance(rule, rule.fault) if rule and isinstance(rule.fault, Disturbed) else None
        try:
            async for line in _lines(answer.content):
                if line is None:
                    sent = disturbance.flush() if disturbance else []
                else:
                    sent = disturbance.take(line) if disturbance else [line]
                for one in sent:
                    await response.write(one)
        except Cut as cut:
            await response.write(cut.last)
            return _reset(request, response)
        except Ended as ended:
            await response.write(ended.last)
        await response.write_eof()
        return response


async def _lines(content: aiohttp.StreamReader) -> AsyncIterator[bytes | None]:
    """Yield whole lines; None whenever a moment passes without one."""
    buffer = b""
    reading: asyncio.Task[bytes] | None = None
    try:
        while True:
            reading = reading or asyncio.ensure_future(content.readany())
            done, _ = await asyncio.wait({reading}, timeout=_HELD_SECONDS)
            if not done:
                yield None
                continue
            chunk, reading = reading.result(), None
            if not chunk:
                return
            *whole, buffer = (buffer + chunk).split(b"\n")
            for line in whole:
                if line:
                    yield line + b"\n"
    finally:
        if reading is not None:
            reading.cancel()


def _is_watch(exchange: Exchange) -> bool:
    return "watch=true" in exchange.target or "watch=1" in exchange.target


def _begun(answer: aiohttp.ClientResponse) -> web.StreamResponse:
    """Return the head of the server's answer, without what concerns its connection and its length."""
    response = web.StreamResponse(status=answer.status, reason=answer.reason)
    for name, value in answer.headers.items():
        if name.lower() not in _HOP_BY_HOP:
            response.headers.add(name, value)
    return response


def _reset(request: web.BaseRequest, begun: web.StreamResponse | None = None) -> web.StreamResponse:
    """Break the connection (RST, not FIN), so that the client sees neither an answer nor an end."""
    if request.transport is not None:
        connection = request.transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()
    return begun or web.Response()
