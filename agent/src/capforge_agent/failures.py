"""Why a model is not served by this pod, and when it is tried again. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from capforge_agent.steps import Step

MAX_MESSAGE_CHARS = 600
_LONGEST_RETRY_SECONDS = 60.0
_DOUBLINGS = 16


class Reason(StrEnum):
    """CamelCase reasons that operator, status and runbook know; README.md explains each."""

    PULL_FAILED = "PullFailed"
    DISK_FULL = "DiskFull"
    DIGEST_MISMATCH = "DigestMismatch"
    TOO_LARGE = "TooLarge"
    LOAD_FAILED = "LoadFailed"
    GOLDEN_UNREADABLE = "GoldenUnreadable"
    GOLDEN_MISMATCH = "GoldenMismatch"
    INVALID_MODEL = "InvalidModel"
    SERVER_UNAVAILABLE = "ServerUnavailable"
    """Triton is away, or went away while it worked on this model."""


_PASSING = {Reason.PULL_FAILED, Reason.DISK_FULL, Reason.SERVER_UNAVAILABLE}
"""What may heal by itself; everything else lies in the model and is tried again only rarely."""


class ModelFailedError(Exception):
    """One model cannot be served now; the others go on."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason = reason
        self.message = trimmed(message)


class ServerAwayError(Exception):
    """Triton did not answer: says nothing about the model that was being worked on."""


@dataclass(frozen=True)
class RetryTimes:
    """Waits between attempts, in seconds."""

    passing_seconds: float = 1.0
    """After the first failure of a kind that may heal; doubles up to a minute."""
    refused_seconds: float = 300.0


@dataclass(frozen=True)
class Failure:
    """The last failure of one model, until the step that failed succeeds."""

    reason: Reason
    message: str
    step: Step
    attempts: int
    retry_at: float
    """On the clock that the plan is made with, in seconds."""


def failure_after(
    previous: Failure | None, error: ModelFailedError, step: Step, now: float, times: RetryTimes
) -> Failure:
    """Remember a failed step; repeated failures for one reason wait longer each time."""
    attempts = previous.attempts + 1 if previous and previous.reason is error.reason else 1
    if error.reason in _PASSING:
        wait = min(times.passing_seconds * 2 ** min(attempts - 1, _DOUBLINGS), _LONGEST_RETRY_SECONDS)
    else:
        wait = times.refused_seconds
    return Failure(error.reason, error.message, step, attempts, now + wait)


def trimmed(message: str) -> str:
    """Return the message on one line, short enough for a status."""
    line = " ".join(message.split())
    return line if len(line) <= MAX_MESSAGE_CHARS else line[: MAX_MESSAGE_CHARS - 1] + "…"
