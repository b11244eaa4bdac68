"""From a failed Job and its pods to one reason and the process's last words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from capforge_contracts.exitcodes import REASONS, ExitCode, Termination
from capforge_operator.ports import JobFact, JobOutcome, PodFact

_MESSAGE_CHARS = 1024
_KILLED_BY_KERNEL = 137
_NODE_REASONS = frozenset({"NodeLost", "NodeShutdown", "Shutdown", "Terminated", "DeletionByTaintManager"})


@dataclass(frozen=True)
class Failure:
    """Why something ended without success."""

    reason: str
    message: str
    exit_code: int | None = None


def explain(job: JobFact | None, pods: Sequence[PodFact]) -> Failure:
    """Return the reason of a Job that failed (or completed without leaving what it should have left)."""
    if job is not None and job.reason == "DeadlineExceeded":
        return Failure("DeadlineExceeded", "the Job took longer than its deadline allows (time budget and allowance)")
    pod = _telling(pods)
    if pod is None:
        return _without_pod(job)
    if pod.exit_reason == "OOMKilled":
        message = "the container needed more memory than its limit; raise resources.memory or train smaller"
        return Failure("OutOfMemory", message, pod.exit_code)
    if pod.disrupted in _NODE_REASONS or pod.reason in _NODE_REASONS:
        return Failure("NodeLost", pod.message or f"the node went away ({pod.disrupted or pod.reason})", pod.exit_code)
    if pod.reason == "Evicted":
        return Failure("Evicted", pod.message or "the node was short of something and evicted the pod", pod.exit_code)
    return _by_exit_code(pod)


def _telling(pods: Sequence[PodFact]) -> PodFact | None:
    """Return the last pod that failed with an exit code, else the last that failed."""
    failed = [pod for pod in pods if pod.phase == "Failed"]
    coded = [pod for pod in failed if pod.exit_code not in {None, 0}]
    return next(reversed(coded or failed), None)


def _by_exit_code(pod: PodFact) -> Failure:
    code = pod.exit_code
    reason = REASONS.get(ExitCode(code), "") if code in set(ExitCode) else ""
    words = _last_words(pod)
    if not reason:
        killed = " (killed)" if code == _KILLED_BY_KERNEL else ""
        return Failure("InternalError", f"exit code {code}{killed}. {words}".strip(), code)
    return Failure(reason, words or f"exit code {code}", code)


def _last_words(pod: PodFact) -> str:
    """Return the termination message: ours is JSON, a foreign image's may be anything."""
    try:
        return Termination.from_json(pod.exit_message).message[:_MESSAGE_CHARS]
    except ValidationError:
        return pod.exit_message.strip()[-_MESSAGE_CHARS:]


def _without_pod(job: JobFact | None) -> Failure:
    if job is not None and job.outcome is JobOutcome.FAILED:
        return Failure("InternalError", f"the Job failed ({job.reason}) and its pods are gone: {job.message}".strip())
    return Failure("InternalError", "the Job ended and left no result")
