"""The HTTP face: `POST /readings`, `GET /engine`, and what Kubernetes and Prometheus ask."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

import structlog
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from capforge_candidates.body import sent
from capforge_candidates.faults import Code, Fault
from capforge_candidates.metrics import Metrics
from capforge_candidates.readers import Readers
from capforge_contracts.internal_token import is_accepted

_RETRY_SECONDS = {Code.BUSY: 2, Code.ENGINE_AWAY: 10}
_METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BEARER = "Bearer "
_log = structlog.get_logger()


@dataclass
class Service:
    """The handlers and what they stand on."""

    readers: Readers
    metrics: Metrics
    token_file: Path
    max_bytes: int
    upload_timeout_seconds: float
    draining: bool = field(default=False)

    def app(self) -> Starlette:
        """Return the ASGI application."""
        return Starlette(
            routes=[
                Route("/readings", self.readings, methods=["POST"]),
                Route("/engine", self.engine),
                Route("/healthz", self.healthz),
                Route("/readyz", self.readyz),
                Route("/metrics", self.exposition),
            ],
            exception_handlers={Fault: _refusal, ClientDisconnect: _nobody},
        )

    async def readings(self, request: Request) -> Response:
        """Read one document."""
        self._authorize(request)
        started = time.monotonic()
        try:
            document = await sent(request, self.max_bytes, self.upload_timeout_seconds)
            reading = await self.readers.read(document.data, document.given)
        except Fault as fault:
            self.metrics.documents.labels(fault.code).inc()
            _log.info("document refused", code=fault.code, reason=fault.message, **_ids(request))
            raise
        seconds = time.monotonic() - started
        self.metrics.documents.labels("ok").inc()
        self.metrics.seconds.observe(seconds)
        _log.info("document read", bytes=len(document.data), seconds=round(seconds, 3), **_ids(request))
        return Response(reading, media_type="application/json")

    async def engine(self, request: Request) -> Response:
        """Say what a reading would be made by."""
        self._authorize(request)
        state = await self.readers.engine()
        if state.away:
            raise Fault(Code.ENGINE_AWAY, state.away)
        return JSONResponse({"engine": state.engine, "engineVersion": state.version})

    async def healthz(self, _request: Request) -> Response:
        """Answer while the process lives."""
        return PlainTextResponse("ok\n")

    async def readyz(self, _request: Request) -> Response:
        """Answer 200 while documents can be read, else say why not."""
        why = "shutting down" if self.draining else (await self.readers.engine()).away
        return PlainTextResponse(
            f"{why}\n" if why else "ok\n", HTTPStatus.SERVICE_UNAVAILABLE if why else HTTPStatus.OK
        )

    async def exposition(self, _request: Request) -> Response:
        """Answer Prometheus."""
        return Response(self.metrics.exposition(), media_type=_METRICS_TYPE)

    def _authorize(self, request: Request) -> None:
        given = request.headers.get("authorization", "")
        try:
            if given.startswith(_BEARER) and is_accepted(given.removeprefix(_BEARER), self.token_file):
                return
        except OSError as error:
            _log.error("no internal token", file=str(self.token_file), reason=error.strerror)
        raise Fault(Code.UNAUTHORIZED, "no valid token; send the internal one as `Authorization: Bearer <token>`")


async def _refusal(_request: Request, error: Exception) -> Response:
    if not isinstance(error, Fault):
        raise error
    seconds = _RETRY_SECONDS.get(error.code)
    headers = {"Retry-After": str(seconds)} if seconds else None
    return JSONResponse({"error": {"code": error.code, "message": error.message}}, error.status, headers)


async def _nobody(_request: Request, _error: Exception) -> Response:
    return Response(status_code=HTTPStatus.BAD_REQUEST)  # the caller hung up: nobody reads it


def _ids(request: Request) -> dict[str, str]:
    request_id = request.headers.get("x-request-id", "")[:128]
    return {"request": request_id} if request_id else {}
