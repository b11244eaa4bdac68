"""The internal listener: the operator's routing tables, Prometheus, probes. Fenced by a NetworkPolicy as well."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http import HTTPStatus
from pathlib import Path

import structlog
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from capforge_contracts.internal_token import is_accepted
from capforge_contracts.model import wrong_fields
from capforge_contracts.serving import RoutingTable
from capforge_gateway.api.access import AccessLog
from capforge_gateway.api.health import healthz, readyz
from capforge_gateway.keys.keyring import presented_key
from capforge_gateway.routing.board import RouteBoard

_MAX_TABLE_BYTES = 32 * 1024 * 1024
_MAX_FAULTS = 20
_log = structlog.get_logger()


class RoutesDoor:
    """`PUT /internal/routes` takes a RoutingTable; `GET` tells the generation in force."""

    def __init__(self, board: RouteBoard, token_file: Path) -> None:
        self._board = board
        self._token_file = token_file

    async def put(self, request: Request) -> Response:
        """200 with the generation in force and whether this table was newer; 400 naming each wrong field."""
        if not self.is_operator(request):
            return _error(HTTPStatus.UNAUTHORIZED, "the internal bearer token is missing or wrong")
        try:
            body = await _read(request)
        except ClientDisconnect:
            return Response(status_code=HTTPStatus.BAD_REQUEST)
        if body is None:
            return _error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a routing table has at most {_MAX_TABLE_BYTES} bytes")
        try:
            table = RoutingTable.from_json(body)
        except ValidationError as error:
            return _error(HTTPStatus.BAD_REQUEST, "; ".join(wrong_fields(error)[:_MAX_FAULTS]))
        accepted = self._board.offer(table)
        if accepted:
            _log.info("routes taken", source="operator", generation=table.generation)
        return JSONResponse({"generation": self._board.current.generation, "accepted": accepted})

    async def get(self, request: Request) -> Response:
        """Tell the generation in force (-1: none yet)."""
        if not self.is_operator(request):
            return _error(HTTPStatus.UNAUTHORIZED, "the internal bearer token is missing or wrong")
        return JSONResponse({"generation": self._board.current.generation})

    def is_operator(self, request: Request) -> bool:
        """Tell whether the internal token is presented.

        It is read each time: the Secret may be replaced. No token on our side = closed.
        """
        given = presented_key(request.headers.get("authorization", "").encode("latin-1"))
        try:
            return is_accepted(given, self._token_file)
        except OSError as error:
            _log.warning("internal token cannot be read", error=str(error))
            return False


async def _read(request: Request) -> bytes | None:
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > _MAX_TABLE_BYTES:
            return None
    return bytes(data)


def internal_app(
    door: RoutesDoor, exposition: Callable[[], bytes], is_ready: Callable[[], str], more: Sequence[BaseRoute] = ()
) -> AccessLog:
    """Return the app of the internal listener."""

    async def metrics(_: Request) -> Response:
        return Response(exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")

    app = Starlette(
        routes=[
            Route("/internal/routes", door.put, methods=["PUT"]),
            Route("/internal/routes", door.get, methods=["GET"]),
            *more,
            Route("/metrics", metrics),
            Route("/healthz", healthz),
            Route("/readyz", readyz(is_ready)),
        ]
    )
    return AccessLog(app)


def _error(status: HTTPStatus, message: str) -> Response:
    return JSONResponse({"error": message}, status)
