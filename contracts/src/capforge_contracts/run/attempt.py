"""What attempts at a run say of themselves, and the operator's word on which one counts."""

from __future__ import annotations

from enum import StrEnum

from capforge_contracts.model import Stored


class AttemptClaim(Stored):
    """`attempt.json`: one process took this attempt's number."""

    attempt: int
    host: str
    start_time: str


class Phase(StrEnum):
    """What a trainer is doing."""

    PREPARING = "Preparing"
    TRAINING = "Training"
    EXPORTING = "Exporting"
    EVALUATING = "Evaluating"
    DONE = "Done"


class Progress(Stored):
    """`progress.json`: overwritten every few seconds."""

    phase: Phase
    epoch: int = 0
    epochs: int = 0
    step: int = 0
    steps: int = 0
    percent: int = 0
    """Of the whole run, 0-100, never goes back within an attempt."""
    remaining_seconds: int | None = None
    metrics: dict[str, float] = {}
    """The last known: loss, map50, …"""
    attempt: int = 1
    resumed_from_epoch: int | None = None


class RunResult(Stored):
    """`result.json`: the operator's word on which attempt counts."""

    attempt: int
    model_sha256: str
    card_sha256: str
