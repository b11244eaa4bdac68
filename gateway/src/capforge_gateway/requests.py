"""What accompanies one request: its id, its clock, what the log and the metrics say of it."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from capforge_gateway.envelope import REQUEST_ID

_ID_BITS = 128
_ALLOWED_ID = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")


def request_id_from(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Return the caller's X-Request-Id if it is harmless in headers, logs and JSON, else a new one."""
    for name, value in headers:
        if name == REQUEST_ID and _ALLOWED_ID.fullmatch(value):
            return value.decode("ascii")
    return f"{random.getrandbits(_ID_BITS):032x}"


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
