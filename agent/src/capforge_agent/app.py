"""The agent over HTTP."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from capforge_agent.convergence import Convergence
from capforge_agent.desired import MAX_DOCUMENT_BYTES, DesiredError
from capforge_agent.metrics import Metrics
from capforge_contracts.internal_token import is_accepted
from capforge_contracts.serving import LoadState


def build_app(convergence: Convergence, metrics: Metrics, token_file: Path) -> Starlette:
    """Return the ASGI application; `/desired` and `/state` want the bearer token that lies in the file."""

    async def put_desired(request: Request) -> Response:
        if not _allowed(request, token_file):
            return _unauthorised()
        body = await _body(request)
        if body is None:
            message = f"the document is too large; allowed: {MAX_DOCUMENT_BYTES} bytes"
            return _error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message)
        try:
            convergence.accept(body)
        except DesiredError as error:
            metrics.documents_refused.inc()
            return _error(HTTPStatus.UNPROCESSABLE_ENTITY, str(error))
        return _state(convergence)

    async def get_state(request: Request) -> Response:
        return _state(convergence) if _allowed(request, token_file) else _unauthorised()

    async def healthz(_: Request) -> Response:
        if convergence.alive:
            return PlainTextResponse("ok")
        return PlainTextResponse("the convergence loop does not turn", HTTPStatus.SERVICE_UNAVAILABLE)

    async def readyz(_: Request) -> Response:
        return PlainTextResponse("ok") if convergence.ready else _not_ready(convergence)

    async def page(_: Request) -> Response:
        return Response(metrics.page(convergence.state(), convergence.desired), media_type=CONTENT_TYPE_LATEST)

    routes = [
        Route("/desired", put_desired, methods=["PUT"]),
        Route("/state", get_state),
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", page),
    ]
    return Starlette(routes=routes)


def _allowed(request: Request, token_file: Path) -> bool:
    """Without a token nobody is let in."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    try:
        return is_accepted(given, token_file) and scheme.lower() == "bearer"
    except OSError:
        return False


async def _body(request: Request) -> bytes | None:
    """Read the body; None as soon as it is larger than any document."""
    parts = bytearray()
    async for chunk in request.stream():
        parts += chunk
        if len(parts) > MAX_DOCUMENT_BYTES:
            return None
    return bytes(parts)


def _state(convergence: Convergence) -> Response:
    return Response(convergence.state().to_json(), media_type="application/json")


def _not_ready(convergence: Convergence) -> Response:
    state = convergence.state()
    waiting = [f"{one.model}: {one.state} {one.reason}".strip() for one in state.models]
    waiting = [line for line in waiting if not line.endswith(LoadState.READY)]
    text = "\n".join(["not ready" if state.server_version else "triton is away", *waiting])
    return PlainTextResponse(text, HTTPStatus.SERVICE_UNAVAILABLE)


def _unauthorised() -> Response:
    message = "a bearer token is needed: the `token` of the Secret capforge-internal"
    return _error(HTTPStatus.UNAUTHORIZED, message, {"WWW-Authenticate": "Bearer"})


def _error(status: HTTPStatus, message: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": message}, status, headers)
