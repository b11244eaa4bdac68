"""What is looked at to decide about a training run, and what is decided: the words of domain/run_plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from capforge_contracts.ledger import ChallengerHeld, VersionPublished
from capforge_contracts.run import ModelCard, Progress, RunResult, RunSpec
from capforge_operator.api.training_run import TrainingRun, TrainingRunStatus
from capforge_operator.domain.checks.case import Violation
from capforge_operator.ports import JobFact, PodFact


@dataclass(frozen=True)
class Accepted:
    """A run that passed the checks: what the trainer is asked for."""

    spec: RunSpec
    warnings: tuple[str, ...] = ()
    ignored_classes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class FinishedAttempt:
    """An attempt with a model card: the trainer has succeeded."""

    attempt: int
    card: ModelCard
    card_sha256: str


@dataclass(frozen=True)
class RunView:
    """Everything read in one reconcile."""

    run: TrainingRun
    store_uri: str
    now: datetime
    image_pull_patience_seconds: float
    poll_seconds: float
    missing: tuple[str, ...] = ()
    """What the namespace lacks."""
    violations: tuple[Violation, ...] = ()
    """Why the run is not accepted; empty once it is."""
    accepted: Accepted | None = None
    job: JobFact | None = None
    """The training Job, only if this very TrainingRun owns it."""
    pods: tuple[PodFact, ...] = ()
    """The Job's pods, oldest first."""
    attempts: int = 0
    """The highest attempt number that was claimed."""
    progress: Progress | None = None
    """Of that attempt."""
    finished: FinishedAttempt | None = None
    """The attempt that the result names or, without a result, the first with a card."""
    card_fault: str = ""
    """What is wrong with the model card that a trainer left."""
    result: RunResult | None = None
    version: VersionPublished | None = None
    """What the ledger says about this result."""
    held: ChallengerHeld | None = None
    """That it was kept back."""
    has_notifications: bool = False
    """The capability names somebody who is told of the end."""

    @property
    def ended(self) -> bool:
        """Tell whether the run came to its end earlier; the status is the memory of failures (Jobs are cleaned up)."""
        return self.run.status.completion_time is not None


@dataclass(frozen=True)
class RunPlan:
    """What to do, in this order, and the status to write last."""

    status: TrainingRunStatus
    start: RunSpec | None = None
    """run.json to be written (if it is new) before the Job is made."""
    result: RunResult | None = None
    """To be written, if it is new."""
    suspend: bool | None = None
    """To be set on the Job."""
    delete_job: JobFact | None = None
    after_seconds: float | None = None
    did: str = ""
