"""What accompanies one request: its id, its clock, what the log and the metrics say of it."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from capforge_gateway.envelope import REQUEST_ID

_ID_BITS = 128
_ALLOWED_ID = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
_TRACEPARENT = b"traceparent"
_TRACE = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")
"""https://www.w3.org/TR/trace-context/: version, trace id, parent id, flags; later versions may append fields."""


def request_id_from(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Return the caller's X-Request-Id if it is harmless in headers, logs and JSON, else its trace id, else one."""
    trace = None
    for name, value in headers:
        if name == REQUEST_ID and _ALLOWED_ID.fullmatch(value):
            return value.decode("ascii")
        if name == _TRACEPARENT:
            trace = _TRACE.fullmatch(value)
    return trace[1].decode("ascii") if trace else f"{random.getrandbits(_ID_BITS):032x}"


def address_of(scope: Mapping[str, Any], external_url: str) -> str:
    """Return the address that was asked, without its query, as the caller knows it."""
    path: str = scope["raw_path"].decode("ascii", "replace")
    if external_url:
        return external_url.rstrip("/") + path
    host = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1")
    return f"{scope['scheme']}://{host}{path}"


@dataclass
class Facts:
    """Collected while a request is answered; written as its one log line and into the metrics."""

    request_id: str
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    started: float = field(default_factory=time.perf_counter)
    namespace: str = ""
    """Empty until a key of the namespace was shown, so that strangers cannot make up metrics."""
    capability: str = ""
    version: str = ""
    key: str = ""
    """The key's name."""
    status: int = 0
    code: str = ""
    """The error's code; empty on success."""
    request_bytes: int = 0
    entities: int | None = None
    decode_seconds: float | None = None
    upstream_seconds: float | None = None

    @property
    def seconds(self) -> float:
        """Since the request began."""
        return time.perf_counter() - self.started
