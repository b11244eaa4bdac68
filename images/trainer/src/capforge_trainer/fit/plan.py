"""What a fit is asked for, and what comes out of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import torch

from capforge_trainer.config import OptimizerParameters, ScheduleParameters
from capforge_trainer.fit.processes import ALONE, Processes
from capforge_trainer.models.network import Network

N = TypeVar("N", bound=Network)


@dataclass(frozen=True)
class FitPlan:
    """What a fit is asked for."""

    optimizer: OptimizerParameters
    schedule: ScheduleParameters
    budget_seconds: float
    device: torch.device
    processes: Processes = ALONE
    dev_images: int = 0
    plain_share: float = 0.0
    """Share of the schedule, at its end, with plain batches."""
    stop_asked: Callable[[], bool] = lambda: False
    clock: Callable[[], float] = time.monotonic


@dataclass(frozen=True)
class Fitted(Generic[N]):
    """A trained network: the averaged weights that were best on dev, on the CPU, in evaluation mode."""

    network: N
    epochs: int
    """Finished ones."""
    best_epoch: int
    seconds: float
