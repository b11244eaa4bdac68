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
    TIMED_OUT = "TimedOut"
    """Loading it, or its golden request, does not end."""
    CRASHED = "Crashed"
    """Triton (or this agent) ended while it worked on this model."""
    SERVER_UNAVAILABLE = "ServerUnavailable"
    """Triton is away."""
    AWAITING_TRIAL = "AwaitingTrial"
    """Another pod proves it first; no failure."""


_PASSING = {Reason.PULL_FAILED, Reason.DISK_FULL, Reason.SERVER_UNAVAILABLE, Reason.CRASHED}
"""What may heal by itself; everything else lies in the model and is tried again only rarely."""


class ModelFailedError(Exception):
    """One model cannot be served now; the others go on."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason = reason
        self.message = trimmed(message)


class ServerAwayError(Exception):
    """Triton did not answer: it is not there, or has just ended."""


class ServerSlowError(ServerAwayError):
    """Triton did not answer in time."""


@dataclass(frozen=True)
class RetryTimes:
    """Waits, in seconds."""

    passing_seconds: float = 1.0
    """After the first failure of a kind that may heal; doubles up to a minute."""
    refused_seconds: float = 300.0
    quarantine_seconds: float = 6 * 3600.0
    """After so many crashes that the model is to be left alone."""
    linger_seconds: float = 0.0
    """Before a proven model is unloaded that is no longer wanted."""
    crashes_tolerated: int = 2
    """From this one on a model is left alone, unless a pod is not ready without it."""


@dataclass(frozen=True)
class Failure:
    """The last failure of one model, until the step that failed succeeds."""

    reason: Reason
    message: str
    step: Step
    attempts: int
    retry_at: float
    """On the clock that the plan is made with, in seconds."""

    def heals_by(self, step: Step) -> bool:
        """Tell whether the success of a step shows that it is over; a crash is over when the model is proven."""
        return step is Step.PROVE or (step is self.step and self.reason is not Reason.CRASHED)


def failure_after(
    previous: Failure | None,
    error: ModelFailedError,
    step: Step,
    now: float,
    times: RetryTimes,
    *,
    required: bool = False,
) -> Failure:
    """Remember a failed step; repeated failures for one reason wait longer each time.

    A model that keeps taking the server down is left alone, so that the others stay served. Not one that is `required`:
    it was proven on this server before, and the pod is of no use without it.
    """
    attempts = previous.attempts + 1 if previous and previous.reason is error.reason else 1
    if error.reason is Reason.CRASHED and not required and attempts >= times.crashes_tolerated:
        words = (
            f"Triton ended {attempts} times while it worked on this model, which is left alone on this pod for"
            f" {times.quarantine_seconds:g} s; replace the pod to have it tried at once. Last: {error.message}"
        )
        return Failure(error.reason, trimmed(words), step, attempts, now + times.quarantine_seconds)
    if error.reason in _PASSING:
        wait = min(times.passing_seconds * 2 ** min(attempts - 1, _DOUBLINGS), _LONGEST_RETRY_SECONDS)
    else:
        wait = times.refused_seconds
    return Failure(error.reason, error.message, step, attempts, now + wait)


def trimmed(message: str) -> str:
    """Return the message on one line, short enough for a status."""
    line = " ".join(message.split())
    return line if len(line) <= MAX_MESSAGE_CHARS else line[: MAX_MESSAGE_CHARS - 1] + "…"
