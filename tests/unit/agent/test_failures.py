"""How long a failed model waits."""

from __future__ import annotations

import pytest

from capforge_agent.failures import Failure, ModelFailedError, Reason, RetryTimes, failure_after, trimmed
from capforge_agent.steps import Step

TIMES = RetryTimes(passing_seconds=1, refused_seconds=300)


def repeated(reason: Reason, times: int) -> Failure:
    failure: Failure | None = None
    for _ in range(times):
        failure = failure_after(failure, ModelFailedError(reason, "because"), Step.PULL, 1000.0, TIMES)
    assert failure
    return failure


@pytest.mark.parametrize(("times", "wait"), [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (500, 60)])
def test_a_passing_failure_waits_longer_each_time_up_to_a_minute(times: int, wait: float) -> None:
    assert repeated(Reason.PULL_FAILED, times).retry_at == 1000 + wait


@pytest.mark.parametrize(
    "reason", [Reason.DIGEST_MISMATCH, Reason.LOAD_FAILED, Reason.GOLDEN_MISMATCH, Reason.TOO_LARGE]
)
def test_a_refused_model_is_tried_again_only_rarely(reason: Reason) -> None:
    assert repeated(reason, 1).retry_at == 1300


def test_another_reason_starts_over() -> None:
    after = failure_after(repeated(Reason.PULL_FAILED, 5), ModelFailedError(Reason.DISK_FULL, "x"), Step.PULL, 0, TIMES)
    assert (after.attempts, after.retry_at) == (1, 1)


def test_a_message_fits_into_a_status() -> None:
    assert trimmed("one\n  two\tthree") == "one two three"
    assert len(trimmed("x" * 5000)) == 600
