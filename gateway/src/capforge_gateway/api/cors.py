"""Which web pages may call the public address from a browser (CORS). None by default: then nothing is wrapped.

Keys travel in a header that a page must set itself, never in a cookie: without its visitor's key a page can do nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

_METHODS = ("GET", "POST", "PUT", "DELETE", "OPTIONS")
_SENT = (
    "Authorization",
    "Content-Type",
    "Content-Encoding",
    "Inference-Header-Content-Length",
    "X-Annotator",
    "X-Request-Id",
)
_SHOWN = ("Inference-Header-Content-Length", "Retry-After", "X-Request-Id")
_MAX_AGE_SECONDS = 600


def open_to_pages_of(origins: Sequence[str], app: ASGIApp) -> ASGIApp:
    """Return the app, answering pages of these origins (`*`: all) and their preflight requests."""
    if not origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=_METHODS,
        allow_headers=_SENT,
        expose_headers=_SHOWN,
        max_age=_MAX_AGE_SECONDS,
    )
