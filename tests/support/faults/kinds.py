"""What can go wrong with one request."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """The server's answer is this error; the request never reaches it."""

    status: int
    retry_after_seconds: int | None = None
    reason: str = ""
    """The server's own word for it where the status alone does not say it: `RequestTimeTooSkewed`."""


@dataclass(frozen=True)
class NeverAnswers:
    """The request is taken, and nothing comes back, until the client hangs up or the rule is removed."""


@dataclass(frozen=True)
class ResetBefore:
    """The connection is reset; the request never reaches the server."""


@dataclass(frozen=True)
class AnswerLost:
    """The server does what it was asked for, then the connection is reset: the client cannot know."""


@dataclass(frozen=True)
class HalfUpload:
    """The server gets only so many bytes of the body, then both connections break."""

    bytes_passed: int


@dataclass(frozen=True)
class TruncatedAnswer:
    """The answer is announced in full and breaks off after so many bytes."""

    bytes_passed: int


@dataclass(frozen=True)
class Slow:
    """Everything works, late: so long before the request is passed on, and so long for each byte of the answer."""

    before_seconds: float = 0.0
    seconds_per_byte: float = 0.0


@dataclass(frozen=True)
class Disturbed:
    """A watch whose events are dropped, doubled, swapped, or which ends early; shares are of events.

    Events of one object keep their order unless `swaps_own` says otherwise (an API server never does that).
    """

    dropped: float = 0.0
    doubled: float = 0.0
    swapped: float = 0.0
    swaps_own: bool = False
    cut_after: int | None = None
    """After so many events the connection breaks."""
    cut_within: bool = False
    """Break in the middle of an event's line, not between two."""
    gone_after: int | None = None
    """After so many events the server says 410 Gone."""
    seed: int = 0


Fault = Answer | NeverAnswers | ResetBefore | AnswerLost | HalfUpload | TruncatedAnswer | Slow | Disturbed
