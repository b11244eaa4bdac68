"""The public listener: predictions go straight to the hot path, the rest to a small Starlette app."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from capforge_contracts.run import CapabilityType
from capforge_gateway.api import openapi, pages
from capforge_gateway.api.access import AccessLog, request_id_of
from capforge_gateway.api.health import healthz, readyz
from capforge_gateway.documents.description import of_extractor
from capforge_gateway.envelope import failure, failure_headers, texts_of
from capforge_gateway.errors import ApiError, internal
from capforge_gateway.inference_protocol.endpoint import InferenceProtocol
from capforge_gateway.inference_protocol.names import ROOT, is_ours
from capforge_gateway.predict.body import Message, Receive, Send
from capforge_gateway.predict.door import Door
from capforge_gateway.predict.endpoint import Predict
from capforge_gateway.predict.target import target_of
from capforge_gateway.requests import Facts

_SLASH_IN_DISGUISE = re.compile(rb"%(2f|5c)", re.IGNORECASE)
_log = structlog.get_logger()


@dataclass(frozen=True)
class Front:
    """The first look at a request: a prediction skips everything else."""

    predict: Predict
    protocol: InferenceProtocol
    others: AccessLog

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if b"%" in scope["raw_path"] and _SLASH_IN_DISGUISE.search(scope["raw_path"]):
            # No name here has a slash in it: what comes so wants to get past somebody. It is nowhere, in either form.
            scope["path"] = f"{ROOT}/" if is_ours(scope["path"]) else ""
        target = target_of(scope["path"])
        if target is None:
            other = self.protocol if is_ours(scope["path"]) else self.others
            await other(scope, receive, send)
        elif scope["method"] == "POST":
            await self.predict(scope, target, receive, send)
        else:
            await _only_post(scope, receive, send)


@dataclass(frozen=True)
class Descriptions:
    """openapi.json and docs, of the gateway (for everybody) and of a version (for those with a key)."""

    door: Door
    external_url: str

    async def gateway_openapi(self, request: Request) -> Response:
        return _json(openapi.of_gateway(self._server(request)))

    async def gateway_docs(self, request: Request) -> Response:
        return HTMLResponse(pages.gateway_page(openapi.of_gateway(self._server(request))), headers=pages.HEADERS)

    async def version_openapi(self, request: Request) -> Response:
        return _json(self._described(request))

    async def version_docs(self, request: Request) -> Response:
        """Without a key: a page that asks for it and tells nothing else."""
        try:
            described = self._described(request)
        except ApiError as error:
            if error.status == HTTPStatus.UNAUTHORIZED:
                return HTMLResponse(pages.key_page(), HTTPStatus.UNAUTHORIZED, headers=pages.KEY_PAGE_HEADERS)
            raise
        return HTMLResponse(pages.version_page(described), headers=pages.HEADERS)

    def _described(self, request: Request) -> dict[str, Any]:
        given, facts = request.path_params, Facts(request_id_of(request.scope))
        asked, server = given["version"], self._server(request)
        capability = self.door.capability(given["namespace"], given["capability"], request.scope["headers"], facts)
        if capability.type is CapabilityType.FIELD_EXTRACTOR:
            return of_extractor(capability, self.door.version_or_none(capability, asked, facts), asked, server)
        return openapi.of_version(capability, self.door.version(capability, asked, facts), asked, server)

    def _server(self, request: Request) -> str:
        return self.external_url.rstrip("/") or f"{request.url.scheme}://{request.url.netloc}"


def public_app(descriptions: Descriptions, is_ready: Callable[[], str], others: Sequence[BaseRoute] = ()) -> AccessLog:
    """Return the app for everything but predictions; `others` are calls of their own."""
    product = "/v1/products/{namespace}/{capability}/{version}"
    app = Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/readyz", readyz(is_ready)),
            Route("/openapi.json", descriptions.gateway_openapi),
            Route("/docs", descriptions.gateway_docs),
            Route(f"{product}/openapi.json", descriptions.version_openapi),
            Route(f"{product}/docs", descriptions.version_docs),
            *others,
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
    request_id = request_id_of(request.scope)
    body = failure(str(request.url.replace(query="")), request_id, error)
    headers = texts_of(failure_headers(body, request_id, error))
    return Response(body, error.status, {**headers, **(extra or {})})


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
    _log.error("request failed", request=request_id_of(request.scope), path=request.url.path, exc_info=error)
    return _answer(request, internal())
