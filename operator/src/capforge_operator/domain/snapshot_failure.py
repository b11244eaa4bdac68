"""Why a snapshot Job ended without an answer."""

from __future__ import annotations

from collections.abc import Sequence

from capforge_contracts.exitcodes import ExitCode
from capforge_operator.domain.termination import Failure, explain
from capforge_operator.ports import JobFact, PodFact


def snapshot_failure(job: JobFact | None, pods: Sequence[PodFact]) -> Failure:
    """Return SourceUnavailable where the store did not answer, else SnapshotFailed with the Job's own words."""
    failure = explain(job, pods)
    unavailable = failure.exit_code == ExitCode.STORE_UNAVAILABLE
    reason = "SourceUnavailable" if unavailable else "SnapshotFailed"
    return Failure(reason, f"{failure.reason}: {failure.message}", failure.exit_code)
