"""Starting KServe's server as its documentation recommends for production, and its requests and answers.

No gRPC listener, no line per request (latency or access log); everything else as it comes: FastAPI on uvicorn with
httptools. uvloop is installed for it: its documentation names that as the default, but with one worker its code starts
asyncio's own loop. Its listener is moved from all addresses to loopback.
"""

from __future__ import annotations

import asyncio
import base64
import logging
from typing import Any

import kserve.model_server
import uvloop
from kserve import Model, ModelServer
from kserve.logging import trace_logger
from kserve.protocol.rest.server import RESTServer

from benchmarks.peers.found import Found


class _OnLoopback(RESTServer):  # type: ignore[misc]  # KServe has no types here
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.config.host = "127.0.0.1"
        self.config.access_log = False
        self.config.configure_logging()


def serve(model: Model, port: int) -> None:
    """Serve one model until SIGTERM."""
    kserve.model_server.RESTServer = _OnLoopback
    uvloop.install()
    asyncio.set_event_loop(uvloop.new_event_loop())  # KServe asks for one before it makes its own
    trace_logger.setLevel(logging.WARNING)
    ModelServer(http_port=port, workers=1, enable_grpc=False, enable_latency_logging=False).start([model])


def jpeg_of(payload: dict[str, Any]) -> bytes:
    """Return the request's picture."""
    return base64.b64decode(payload["instances"][0]["image"]["b64"])


def answer_of(found: Found) -> dict[str, Any]:
    """Return the answer of the v1 protocol."""
    return {"predictions": found}
