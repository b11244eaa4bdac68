"""The gateway's stream of annotations: one line each, and a last line that says how many there were."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from urllib.parse import quote, urlsplit

import structlog

_LOG = structlog.get_logger()
MAX_LINE_BYTES = 4 * 1024 * 1024
"""Of one annotation: 200 fields of some values each take a few hundred KiB."""
PATIENCE_SECONDS = 60.0
"""How long a gateway that is away is asked again; the Dataset's controller tries anew after that."""
_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 10.0
_TIMEOUT_SECONDS = 30.0
"""Of one silence, not of the stream."""
_TOKEN_FILE = "/var/run/secrets/capforge-gateway/token"  # noqa: S105 - a path
_SHOWN_CHARS = 300
_PASSING = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})


class SourceUnavailable(Exception):  # noqa: N818 - reads as the fact it states
    """The gateway refuses, or does not answer for longer than is waited for; the message says what to do."""


class _Broken(Exception):  # noqa: N818 - reads as the fact it states
    """Nothing that another try may not mend."""


@dataclass(frozen=True)
class Line:
    """One line of the stream; None in place of its bytes where it is longer than MAX_LINE_BYTES."""

    number: int
    data: bytes | None


@dataclass(frozen=True)
class Gateway:
    """Where annotations come from. The token is read anew at each try: it is rotated."""

    url: str
    token_file: Path
    patience_seconds: float = PATIENCE_SECONDS
    pause_seconds: float = _PAUSE_SECONDS
    timeout_seconds: float = _TIMEOUT_SECONDS

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Gateway | None:
        """Return the gateway of CAPFORGE_GATEWAY_URL, CAPFORGE_GATEWAY_TOKEN_FILE; None where there is none."""
        url = environment.get("CAPFORGE_GATEWAY_URL", "")
        if not url:
            return None
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            message = f"CAPFORGE_GATEWAY_URL is {url!r}; allowed: http://<host>:<port> or https://<host>"
            raise ValueError(message)
        patience = environment.get("CAPFORGE_GATEWAY_PATIENCE_SECONDS", "")
        return cls(
            url.rstrip("/"),
            Path(environment.get("CAPFORGE_GATEWAY_TOKEN_FILE") or _TOKEN_FILE),
            float(patience) if patience.isdecimal() else PATIENCE_SECONDS,
        )

    def read(
        self, namespace: str, capability: str, as_of_sequence: int, take: Callable[[Iterator[Line]], None]
    ) -> None:
        """Have `take` read the annotations of a capability's documents; raises SourceUnavailable."""
        path = f"/internal/submissions/{quote(namespace, safe='')}/{quote(capability, safe='')}?asOf={as_of_sequence}"
        self._read(path, None, take)

    def read_images(self, namespace: str, question: bytes, take: Callable[[Iterator[Line]], None]) -> None:
        """Have `take` read what the searches of a VisionQuestion find; raises SourceUnavailable."""
        self._read(f"/internal/vision/{quote(namespace, safe='')}", question, take)

    def _read(self, path: str, question: bytes | None, take: Callable[[Iterator[Line]], None]) -> None:
        """Have `take` read the whole stream: a stream that breaks off is read again from its first line."""
        until, pause = time.monotonic() + self.patience_seconds, self.pause_seconds
        while True:
            try:
                with closing(self._connected()) as connection:
                    take(_lines(self._answer(connection, path, question)))
                    return
            except (_Broken, HTTPException, OSError) as error:
                if time.monotonic() + pause > until:
                    raise SourceUnavailable(self._away(error)) from error
                _LOG.warning("waiting for the gateway", seconds=pause, error=f"{type(error).__name__}: {error}")
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    def _connected(self) -> HTTPConnection:
        parts = urlsplit(self.url)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        return kind(parts.hostname or "", parts.port, timeout=self.timeout_seconds)

    def _answer(self, connection: HTTPConnection, path: str, question: bytes | None) -> HTTPResponse:
        headers = {"Authorization": f"Bearer {self._token()}", "Accept": "application/x-ndjson"}
        if question is not None:
            headers["Content-Type"] = "application/json"
        method = "GET" if question is None else "POST"
        connection.request(method, urlsplit(self.url).path + path, body=question, headers=headers)
        response = connection.getresponse()
        if response.status == HTTPStatus.OK:
            return response
        said = response.read(_SHOWN_CHARS).decode(errors="replace").strip()
        if response.status in _PASSING or response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            message = f"{response.status} {response.reason}: {said}"
            raise _Broken(message)
        raise SourceUnavailable(self._refused(response.status, path, said))

    def _token(self) -> str:
        try:
            return self.token_file.read_text().strip()
        except OSError as error:
            message = (
                f"the token file {self.token_file} cannot be read ({error.strerror}); the Job mounts a ServiceAccount "
                "token with audience capforge-gateway there: is the namespace prepared with the chart capforge-tenant?"
            )
            raise SourceUnavailable(message) from error

    def _refused(self, status: int, path: str, said: str) -> str:
        advice: dict[int, str] = {
            HTTPStatus.UNAUTHORIZED: "it does not accept this Job's token; look whether gateway and Job use the same "
            "audience (capforge-gateway) and whether the gateway may create TokenReviews",
            HTTPStatus.FORBIDDEN: "this Job's ServiceAccount may not read annotations of this namespace; prepare the "
            "namespace with the chart capforge-tenant, which makes the ServiceAccount that may",
            HTTPStatus.NOT_FOUND: "it has no document of this capability; annotate some, or look whether "
            "capabilityRef is right and gateway and operator are of the same release",
        }
        known = advice.get(status, "the request was not understood; look whether gateway and snapshot fit together")
        return f"the gateway answered {status} to {path}: {known}. It said: {said or 'nothing'}"

    def _away(self, error: Exception) -> str:
        return (
            f"the gateway {self.url} gave no whole stream of annotations within {self.patience_seconds:g} s "
            f"(last: {type(error).__name__}: {error}); look whether its pods and PostgreSQL run"
        )


def _lines(response: HTTPResponse) -> Iterator[Line]:
    """Yield the lines before the last; raises _Broken where the last does not confirm them."""
    number = 0
    while True:
        data = response.readline(MAX_LINE_BYTES + 1)
        if not data:
            message = f"the stream broke off after {number} lines"
            raise _Broken(message)
        count = _confirmed(data)
        if count is not None:
            if count != number:
                message = f"the stream had {number} lines, its end says {count}"
                raise _Broken(message)
            return
        number += 1
        if not data.endswith(b"\n"):
            _skip_line(response)
        yield Line(number, data if len(data) <= MAX_LINE_BYTES else None)


def _confirmed(data: bytes) -> int | None:
    """Return the count of the last line; None where this is another one."""
    if not data.lstrip().startswith(b"{") or b'"end"' not in data[:64]:
        return None
    try:
        document = json.loads(data)
    except ValueError:
        return None
    count = document.get("count") if document.get("end") is True else None
    return count if isinstance(count, int) else None


def _skip_line(response: HTTPResponse) -> None:
    """Read on to the next line; raises _Broken where there is none."""
    while True:
        data = response.readline(MAX_LINE_BYTES)
        if data.endswith(b"\n"):
            return
        if not data:
            message = "the stream broke off within a line"
            raise _Broken(message)
