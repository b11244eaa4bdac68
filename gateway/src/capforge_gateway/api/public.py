"""The public listener: predictions go straight to the hot path, the rest to a small Starlette app."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

import orjson
import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from capforge_gateway.api import openapi, pages
from capforge_gateway.api.access import AccessLog
from capforge_gateway.api.health import healthz, readyz
from capforge_gateway.envelope import failure, failure_headers
from capforge_gateway.errors import ApiError, internal, unauthorized
from capforge_gateway.keys.keyring import Keyring, presented_key
from capforge_gateway.predict.body import Message, Receive, Send
from capforge_gateway.predict.endpoint import Predict
from capforge_gateway.predict.target import target_of
from capforge_gateway.requests import request_id_from
from capforge_gateway.routing.board import RouteBoard
from capforge_gateway.routing.resolve import find_capability, find_version
from capforge_gateway.routing.routes import Capability, Version

_log = structlog.get_logger()


@dataclass(frozen=True)
class Front:
    """The first look at a request: a prediction skips everything else."""

    predict: Predict
    others: AccessLog

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        target = target_of(scope["path"])
        if target is None:
            await self.others(scope, receive, send)
        elif scope["method"] == "POST":
            await self.predict(scope, target, receive, send)
        else:
            await _only_post(scope, receive, send)


@dataclass(frozen=True)
class Descriptions:
    """openapi.json and docs, of the gateway (for everybody) and of a version (for those with a key)."""

    board: RouteBoard
    keyring: Keyring
    external_url: str

    async def gateway_openapi(self, request: Request) -> Response:
        return _json(openapi.of_gateway(self._server(request)))

    async def gateway_docs(self, request: Request) -> Response:
        return HTMLResponse(pages.gateway_page(openapi.of_gateway(self._server(request))), headers=pages.HEADERS)

    async def version_openapi(self, request: Request) -> Response:
        capability, version = self._asked(request)
        return _json(openapi.of_version(capability, version, request.path_params["version"], self._server(request)))

    async def version_docs(self, request: Request) -> Response:
        """Without a key: a page that asks for it and tells nothing else."""
        try:
            capability, version = self._asked(request)
        except ApiError as error:
            if error.status == HTTPStatus.UNAUTHORIZED:
                return HTMLResponse(pages.key_page(), HTTPStatus.UNAUTHORIZED, headers=pages.KEY_PAGE_HEADERS)
            raise
        described = openapi.of_version(capability, version, request.path_params["version"], self._server(request))
        return HTMLResponse(pages.version_page(described), headers=pages.HEADERS)

    def _asked(self, request: Request) -> tuple[Capability, Version]:
        namespace = request.path_params["namespace"]
        key = presented_key(request.headers.get("authorization", "").encode("latin-1"))
        if self.keyring.holder(namespace, key) is None:
            raise unauthorized()
        capability = find_capability(self.board.current, namespace, request.path_params["capability"])
        return capability, find_version(capability, request.path_params["version"])

    def _server(self, request: Request) -> str:
        return self.external_url.rstrip("/") or f"{request.url.scheme}://{request.url.netloc}"


def public_app(descriptions: Descriptions, is_ready: Callable[[], str]) -> AccessLog:
    """Return the app for everything but predictions."""
    product = "/v1/products/{namespace}/{capability}/{version}"
    app = Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/readyz", readyz(is_ready)),
            Route("/openapi.json", descriptions.gateway_openapi),
            Route("/docs", descriptions.gateway_docs),
            Route(f"{product}/openapi.json", descriptions.version_openapi),
            Route(f"{product}/docs", descriptions.version_docs),
        ],
        exception_handlers={ApiError: _api_error, HTTPException: _http_error, Exception: _server_error},
    )
    app.router.redirect_slashes = False  # a redirected POST loses its body in most clients
    return AccessLog(app)


async def _only_post(scope: Message, receive: Receive, send: Send) -> None:
    error = HTTPException(HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": "POST"})
    await (await _http_error(Request(scope), error))(scope, receive, send)


def _json(document: object) -> Response:
    return Response(orjson.dumps(document), media_type="application/json")


def _answer(request: Request, error: ApiError, extra: dict[str, str] | None = None) -> Response:
    body = failure(str(request.url.replace(query="")), error)
    headers = failure_headers(body, request_id_from(request.scope["headers"]), error)
    named = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
    return Response(body, error.status, {**named, **(extra or {})})


async def _api_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)  # noqa: S101 - Starlette registers handlers by class
    return _answer(request, error)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - Starlette registers handlers by class
    code = "".join(word.capitalize() for word in HTTPStatus(error.status_code).phrase.split())
    message = (
        "there is nothing at this address; see /docs" if error.status_code == HTTPStatus.NOT_FOUND else error.detail
    )
    return _answer(request, ApiError(error.status_code, code, message), dict(error.headers or {}))


async def _server_error(request: Request, error: Exception) -> Response:
    _log.error("request failed", path=request.url.path, exc_info=error)
    return _answer(request, internal())
