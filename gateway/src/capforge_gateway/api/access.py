"""One log line and an X-Request-Id for every answer that the hot path does not give; probes are not worth a line.

The path is logged as it was sent (percent-encoded), so that no letter of it can break a line in whatever shows the log.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from starlette.types import ASGIApp

from capforge_gateway.envelope import REQUEST_ID
from capforge_gateway.predict.body import Message, Receive, Send
from capforge_gateway.requests import Facts, request_id_from

_SCOPE_KEY = "capforge.request"
_PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
_MAX_PATH_CHARS = 200
_log = structlog.get_logger()


def request_id_of(scope: Message) -> str:
    """Return the request's id, the same one however often it is asked for."""
    found: str = scope.get(_SCOPE_KEY) or request_id_from(scope["headers"])
    scope[_SCOPE_KEY] = found
    return found


@dataclass(frozen=True)
class AccessLog:
    """Wraps an app."""

    app: ASGIApp

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["path"] in _PROBES:
            await self.app(scope, receive, send)
            return
        facts = Facts(request_id_of(scope))

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                facts.status = message["status"]
                others = [pair for pair in message["headers"] if pair[0] != REQUEST_ID]
                message = {**message, "headers": [*others, (REQUEST_ID, facts.request_id.encode("ascii"))]}
            await send(message)

        try:
            await self.app(scope, receive, noting)
        finally:
            _log.info(
                "request",
                request=facts.request_id,
                method=scope["method"],
                path=scope["raw_path"][:_MAX_PATH_CHARS].decode("ascii", "backslashreplace"),
                status=facts.status,
                seconds=round(facts.seconds, 5),
            )
