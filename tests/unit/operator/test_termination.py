"""From a failed Job to one reason."""

from __future__ import annotations

from typing import Any

import pytest

from capforge_operator.domain.termination import explain
from capforge_operator.ports import JobFact, JobOutcome, PodFact


def job(reason: str = "BackoffLimitExceeded") -> JobFact:
    return JobFact("ns", "j", "u", "o", JobOutcome.FAILED, suspended=False, reason=reason, message="it failed")


def pod(name: str = "p", **facts: Any) -> PodFact:
    return PodFact("ns", name, f"u-{name}", **{"phase": "Failed", **facts})


@pytest.mark.parametrize(
    ("found", "pods", "reason", "part"),
    [
        (job("DeadlineExceeded"), [pod(exit_code=143)], "DeadlineExceeded", "longer than its deadline"),
        (job(), [pod(exit_code=137, exit_reason="OOMKilled")], "OutOfMemory", "more memory than its limit"),
        (job(), [pod(disrupted="DeletionByTaintManager")], "NodeLost", "the node went away"),
        (job(), [pod(reason="NodeShutdown", message="node is shutting down")], "NodeLost", "shutting down"),
        (job(), [pod(reason="Evicted", message="low on ephemeral-storage")], "Evicted", "ephemeral-storage"),
        (job(), [pod(exit_code=65, exit_message='{"reason":"BadData","message":"a.jpg"}')], "BadData", "a.jpg"),
        (job(), [pod(exit_code=64, exit_message="plain words")], "BadConfiguration", "plain words"),
        (job(), [pod(exit_code=67)], "NonFiniteLoss", "exit code 67"),
        (job(), [pod(exit_code=3, exit_message="Traceback")], "InternalError", "exit code 3. Traceback"),
        (job(), [pod(exit_code=137)], "InternalError", "killed"),
        (job(), [], "InternalError", "its pods are gone: it failed"),
        (None, [], "InternalError", "left no result"),
    ],
    ids=lambda value: value if isinstance(value, str) and value.isalpha() else "",
)
def test_each_end_has_its_reason(found: JobFact | None, pods: list[PodFact], reason: str, part: str):
    failure = explain(found, pods)
    assert failure.reason == reason
    assert part in failure.message


def test_the_last_pod_with_an_exit_code_tells():
    pods = [
        pod("first", exit_code=1, exit_message="old"),
        pod("second", exit_code=65, exit_message="new"),
        pod("third"),
    ]
    failure = explain(job(), pods)
    assert (failure.reason, failure.exit_code) == ("BadData", 65)


def test_last_words_are_bounded():
    assert len(explain(job(), [pod(exit_code=65, exit_message="x" * 9000)]).message) <= 1024
