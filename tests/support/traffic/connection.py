"""A client as users have one: the standard library's, with its connection kept alive between requests.

- A kept-alive connection that the other side closed while it was idle is seen before sending: another is made
  (`reconnects`), as urllib3 does.
- One that ends after the request was sent and before a byte of the answer: sent again, once, on a new connection
  (`resent`), as Go's client and browsers do with what may be repeated. A gateway that ends in good order causes none.
- Anything else is an error: a new connection that is refused or lost, an answer that breaks off, another status.
- `Connection: close` in an answer is obeyed.
"""

from __future__ import annotations

import json
import select
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from tests.support.traffic.record import BODY_EXCERPT_CHARS, Outcome, Record


class NotConnectedError(OSError):
    """No connection to the address."""


class StaleError(OSError):
    """A kept-alive connection ended before the first byte of an answer."""


@dataclass(frozen=True)
class Question:
    """What every request sends."""

    path: str
    body: bytes
    headers: dict[str, str]
    timeout_seconds: float


class UserConnection:
    """One client: one request at a time, to whichever address a new connection is given."""

    def __init__(self, number: int, question: Question, next_address: Callable[[], str]) -> None:
        self._number, self._question, self._next_address = number, question, next_address
        self._connection: HTTPConnection | None = None
        self._address = ""
        self._reconnects = 0

    def ask(self) -> Record:
        """Send one prediction and say how it ended."""
        started, self._reconnects, resent = time.monotonic(), 0, 0
        status, version = 0, ""
        try:
            try:
                status, content = self._exchange()
            except StaleError:
                resent = 1
                status, content = self._exchange()
            outcome, version, detail = judged(status, content)
        except (OSError, HTTPException) as error:
            self.close()
            outcome, detail = _outcome_of(error), f"{type(error).__name__}: {error}"
        return Record(
            client=self._number,
            address=self._address,
            started=started,
            seconds=time.monotonic() - started,
            outcome=outcome,
            status=status,
            version=version,
            detail=detail,
            reconnects=self._reconnects,
            resent=resent,
        )

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _exchange(self) -> tuple[int, bytes]:
        """Raises StaleError, NotConnectedError, OSError, HTTPException."""
        connection, kept = self._connected()
        try:
            connection.request("POST", self._question.path, self._question.body, self._question.headers)
            answer = connection.getresponse()
        except ConnectionError as error:
            self.close()
            if kept:
                raise StaleError(str(error)) from error
            raise
        content = answer.read()
        if answer.will_close:
            self.close()
        return answer.status, content

    def _connected(self) -> tuple[HTTPConnection, bool]:
        """Return a connection, and whether it has been used before."""
        if self._connection is not None and _is_dropped(self._connection):
            self.close()
            self._reconnects = 1
        if self._connection is not None:
            return self._connection, True
        self._address = self._next_address()
        place = urlsplit(self._address)
        connection = HTTPConnection(place.hostname or "", place.port, timeout=self._question.timeout_seconds)
        try:
            connection.connect()
        except OSError as error:
            connection.close()
            raise NotConnectedError(f"{self._address}: {error}") from error
        self._connection = connection
        return connection, False


def judged(status: int, content: bytes) -> tuple[Outcome, str, str]:
    """Return outcome, version and detail of an answer."""
    excerpt = content[:BODY_EXCERPT_CHARS].decode("utf-8", "replace")
    if status != HTTPStatus.OK:
        return Outcome.REFUSED, "", excerpt
    try:
        inference = json.loads(content)["document"]["inference"]
        entities, number = inference["prediction"]["entities"], inference["product"]["version"]
    except (ValueError, KeyError, TypeError):
        return Outcome.UNREADABLE, "", excerpt
    return (Outcome.ANSWERED, f"v{number}", "") if isinstance(entities, list) else (Outcome.UNREADABLE, "", excerpt)


def _is_dropped(connection: HTTPConnection) -> bool:
    """Tell whether an idle connection has anything to read: its end, or what nobody asked for."""
    readable, _, _ = select.select([connection.sock], [], [], 0)
    return bool(readable)


def _outcome_of(error: Exception) -> Outcome:
    if isinstance(error, NotConnectedError):
        return Outcome.NOT_CONNECTED
    return Outcome.TIMED_OUT if isinstance(error, TimeoutError) else Outcome.CONNECTION_LOST
