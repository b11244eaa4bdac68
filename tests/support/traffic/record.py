"""One request as its client saw it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum

BODY_EXCERPT_CHARS = 300


class Outcome(StrEnum):
    """How a request ended; everything but ANSWERED counts as an error."""

    ANSWERED = "Answered"
    """200 with a prediction in it."""
    REFUSED = "Refused"
    """Another status."""
    UNREADABLE = "Unreadable"
    """200 without a prediction in it."""
    NOT_CONNECTED = "NotConnected"
    CONNECTION_LOST = "ConnectionLost"
    """On a connection that was new, or after the answer had begun."""
    TIMED_OUT = "TimedOut"


@dataclass(frozen=True)
class Record:
    """One request: times in seconds on the machine's monotonic clock, the same in every process."""

    client: int
    """Which of the parallel connections; each sends one request at a time."""
    address: str
    """Of the gateway that was asked (last)."""
    started: float
    seconds: float
    outcome: Outcome
    status: int = 0
    version: str = ""
    """`v1.3`, as the answer names it."""
    detail: str = ""
    """The beginning of the body, or the error."""
    reconnects: int = 0
    """1: the kept-alive connection was found closed before sending, and another one was made."""
    resent: int = 0
    """1: the kept-alive connection ended without an answer after the request was sent; it was sent again."""

    @property
    def ended(self) -> float:
        """When the answer was there, or the error."""
        return self.started + self.seconds

    @property
    def answered(self) -> bool:
        """Tell whether there was a prediction."""
        return self.outcome is Outcome.ANSWERED

    def to_line(self) -> str:
        """Return it as one line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_line(cls, line: str) -> Record:
        """Parse what to_line wrote."""
        fields = json.loads(line)
        return cls(**{**fields, "outcome": Outcome(fields["outcome"])})
