"""What controllers tell Prometheus about objects: levels as they stand, told at each visit: a restart loses none.

An object that is gone, or of which there is nothing to tell, is told as None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from capforge_contracts.run import Progress
from capforge_operator.keys import Key


@dataclass(frozen=True)
class RunFigures:
    """A training run that has not ended."""

    capability: str
    reason: str
    """Of the condition Succeeded: Pending, Queued, Training …"""
    attempts: int
    progress: Progress | None


@dataclass(frozen=True, slots=True)
class LedgerFigures:
    """How far what is served is behind what is decided."""

    waiting: int
    """Published versions that are newer than the one in the routes; 0 where a person holds them back."""
    oldest: datetime | None
    """When the oldest of them was published."""
    failed_runs: int
    """Runs that failed since the newest version was published."""
    entries: Mapping[str, int] = field(default_factory=dict)
    """How many entries of each kind the ledger has: VersionPublished, ChallengerHeld, RunFailed …"""


@dataclass(frozen=True)
class DatasetFigures:
    """A dataset."""

    reason: str
    """Of the condition Ready: Locked, Snapshotting, FaultyRecords …"""
    faults: int
    """Records that the snapshot refused."""
    items: int | None = None
    """Images or documents in it; None until it is locked."""


@dataclass(frozen=True)
class UntoldFigures:
    """A run that ended, and somebody who wants to know was not told yet."""

    capability: str


@dataclass(frozen=True)
class AnnotationFigures:
    """How far the annotation of a field extractor is."""

    documents: int
    """With a current annotation."""
    next_run: int
    """The count at which the next run is made."""
    reason: str
    """Of the condition AutomaticTraining: Waiting, Running, QuietPeriod …"""
    held: bool
    """The newest model was kept back."""


class Board(Protocol):
    """Where levels are shown."""

    def run(self, key: Key, figures: RunFigures | None) -> None:
        """Show a training run."""
        ...

    def ledger(self, namespace: str, capability: str, figures: LedgerFigures | None) -> None:
        """Show how a capability is served."""
        ...

    def dataset(self, key: Key, figures: DatasetFigures | None) -> None:
        """Show a dataset."""
        ...

    def annotations(self, key: Key, figures: AnnotationFigures | None) -> None:
        """Show how far a field extractor's annotation is."""
        ...

    def untold(self, key: Key, figures: UntoldFigures | None) -> None:
        """Show a run whose end people are still to be told of."""
        ...


class NoBoard:
    """Shows nothing."""

    def run(self, key: Key, figures: RunFigures | None) -> None:
        """Forget it."""

    def ledger(self, namespace: str, capability: str, figures: LedgerFigures | None) -> None:
        """Forget it."""

    def dataset(self, key: Key, figures: DatasetFigures | None) -> None:
        """Forget it."""

    def annotations(self, key: Key, figures: AnnotationFigures | None) -> None:
        """Forget it."""

    def untold(self, key: Key, figures: UntoldFigures | None) -> None:
        """Forget it."""


class Tries(Protocol):
    """Where every try to tell somebody is counted."""

    def notified(self, kind: str, outcome: str) -> None:
        """Count one: by mail or webhook; sent, refused or delayed."""
        ...


class NoTries:
    """Counts nothing."""

    def notified(self, kind: str, outcome: str) -> None:
        """Forget it."""
