"""The training loop: epochs of steps, now and then a look at dev, a checkpoint after each epoch, a stop in time."""

from __future__ import annotations

import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import structlog
import torch

from capforge_contracts.run import Phase
from capforge_trainer.config import DetectorParameters
from capforge_trainer.data.batches import Batches
from capforge_trainer.errors import StoppedError
from capforge_trainer.evaluate.coco import Evaluation
from capforge_trainer.fit.average import Average
from capforge_trainer.fit.best import Best
from capforge_trainer.fit.checkpoint import Checkpoints
from capforge_trainer.fit.device import uses_bfloat16
from capforge_trainer.fit.optimizer import make_optimizer
from capforge_trainer.fit.processes import ALONE, Processes
from capforge_trainer.fit.randomness import random_state, restore_random
from capforge_trainer.fit.schedule import Pace, evaluation_marks, learning_rate
from capforge_trainer.fit.step import StepLoss, Stepper
from capforge_trainer.fit.watch import Watch
from capforge_trainer.models.detector import Detector

_LOG = structlog.get_logger(__name__)
_EVALUATION_TIME_SHARE = 0.1
"""Looks at dev may take this share of the training time; those beyond are left out, except the last."""
_LOOK_STEP_SHARE = 0.5
"""Time per image of a look at dev, against a training step's."""


@dataclass(frozen=True)
class FitPlan:
    """What a fit is asked for."""

    parameters: DetectorParameters
    budget_seconds: float
    device: torch.device
    processes: Processes = ALONE
    dev_images: int = 0
    stop_asked: Callable[[], bool] = lambda: False
    clock: Callable[[], float] = time.monotonic


@dataclass(frozen=True)
class Fitted:
    """A trained network: the averaged weights that were best on dev, on the CPU, in evaluation mode."""

    network: Detector
    epochs: int
    """Finished ones."""
    best_epoch: int
    seconds: float


class Fit:
    """One training.

    - Everything that the next step depends on is in the checkpoint; batches depend on (seed, epoch, step) alone.
    - A finished epoch is never repeated: its checkpoint is written before the next begins.
    - Only the leader evaluates, writes and decides; the others follow.
    """

    def __init__(
        self,
        plan: FitPlan,
        network: Detector,
        batches: Batches,
        evaluate: Callable[[Detector, bool], Evaluation],
        checkpoints: Checkpoints,
        watch: Watch,
    ) -> None:
        """Prepare; `evaluate(network, bfloat16)` looks at dev."""
        self._plan, self._batches, self._evaluate = plan, batches, evaluate
        self._checkpoints, self._watch = checkpoints, watch
        parameters, device = plan.parameters, plan.device
        self._network = network.to(device=device, memory_format=torch.channels_last)
        self._average = Average(self._network, parameters.optimizer.ema_decay)
        self._optimizer = make_optimizer(self._network, parameters.optimizer)
        self._step = Stepper(
            network=plan.processes.wrapped(self._network, device),
            cells=(self._network.points, self._network.strides),
            optimizer=self._optimizer,
            average=self._average,
            gradient_clip_norm=parameters.optimizer.gradient_clip_norm,
            bfloat16=uses_bfloat16(parameters, device),
            device=device,
        )
        self._steps_per_epoch = batches.steps(plan.processes.count)
        total = parameters.schedule.max_epochs * self._steps_per_epoch
        self._pace = Pace(total_steps=total, budget_seconds=plan.budget_seconds)
        self._marks = evaluation_marks(parameters.schedule.evaluations)
        self._best = Best()
        self._epoch, self._step_in_epoch, self._mosaic, self._ended = 0, 0, True, False
        self._evaluation_seconds = 0.0
        self._losses: list[float] = []

    def run(self) -> Fitted:
        """Train to the end of the schedule; raises NonFiniteLossError, StoppedError (with a checkpoint), StoreError."""
        self._resume()
        plan = self._plan
        self._started = plan.clock() - self._pace.seconds
        self._saved_at = plan.clock()
        self._network.train()
        while not self._ended:
            self._one_epoch()
        network = deepcopy(self._average.network)
        network.load_state_dict(self._best.weights or self._average.network.state_dict())
        network = network.to("cpu").eval()
        return Fitted(network, self._epoch, self._best.epoch or self._epoch, self._pace.seconds)

    def _one_epoch(self) -> None:
        processes = self._plan.processes
        if self._step_in_epoch == 0:
            self._mosaic = self._pace.progress < 1 - self._plan.parameters.augmentation.plain_share
        batches = self._batches.epoch(
            self._epoch, mosaic=self._mosaic, start=self._step_in_epoch, rank=processes.rank, share=processes.count
        )
        for batch in batches:
            rate = learning_rate(self._plan.parameters.optimizer, self._pace.steps, self._pace.progress)
            loss = self._step(batch.to(self._plan.device), self._pace.steps, rate)
            self._step_in_epoch += 1
            self._after_step(loss, rate)
            if self._ended:
                return

    def _after_step(self, loss: StepLoss, rate: float) -> None:
        self._advance()
        self._losses.append(loss.total)
        epoch_ended = self._step_in_epoch == self._steps_per_epoch
        if epoch_ended:
            self._epoch, self._step_in_epoch = self._epoch + 1, 0
        self._tell(loss)
        if epoch_ended or self._pace.done:
            self._watch.record(self._pace.steps, epoch=self._epoch, loss=fmean(self._losses), learning_rate=rate)
            self._losses.clear()
        self._look_at_dev_when_due()
        if self._plan.processes.any_of(self._plan.stop_asked(), self._plan.device):
            self._save()
            raise StoppedError(f"stopped in epoch {self._epoch + 1}, step {self._pace.steps}; the state is saved")
        self._save_when_due(epoch_ended=epoch_ended)

    def _advance(self) -> None:
        self._pace.advance(self._plan.clock() - self._started)
        agreed = self._plan.processes.agreed(self._pace.seconds, self._pace.progress, device=self._plan.device)
        self._pace.seconds, self._pace.progress = agreed

    def _tell(self, loss: StepLoss) -> None:
        epochs = self._epoch + (self._pace.steps_left() + self._step_in_epoch) / self._steps_per_epoch
        self._watch.update(
            Phase.TRAINING,
            self._pace.progress,
            epoch=min(self._epoch + 1, max(1, round(epochs))),
            epochs=max(1, round(epochs)),
            step=self._pace.steps,
            steps=self._pace.steps + self._pace.steps_left(),
            remaining_seconds=round(self._pace.seconds_left()),
            metrics={**self._watch.progress.metrics, "loss": round(loss.total, 4)},
        )

    def _look_at_dev_when_due(self) -> None:
        due = [mark for mark in self._marks if mark <= self._pace.progress + 1e-9]
        self._ended = self._pace.done
        if not due:
            return
        self._marks = self._marks[len(due) :]
        self._pace.reserved_seconds = self._pace.reserved_seconds or self._look_estimate()
        spent = self._evaluation_seconds + self._pace.reserved_seconds
        affordable = spent <= _EVALUATION_TIME_SHARE * self._pace.seconds
        agreed = self._plan.processes.agreed(affordable, device=self._plan.device)[0]
        if agreed or self._ended:
            stop = self._look_at_dev() if self._plan.processes.leads else False
            self._ended = bool(self._plan.processes.agreed(self._ended or stop, device=self._plan.device)[0])

    def _look_estimate(self) -> float:
        """Return how many seconds the first look at dev will take: forward passes only."""
        steps = self._plan.dev_images / self._plan.parameters.optimizer.batch_size
        return _LOOK_STEP_SHARE * steps * self._pace.seconds / self._pace.steps

    def _look_at_dev(self) -> bool:
        """Evaluate on dev, keep the weights if they are the best; tell whether to stop early."""
        started = self._plan.clock()
        evaluation = self._evaluate(self._average.network, self._step.bfloat16)
        self._pace.reserved_seconds = self._plan.clock() - started
        self._evaluation_seconds += self._pace.reserved_seconds
        score = evaluation.map50_95
        self._best.offer(score, self._epoch, self._average.network.state_dict())
        if score is not None and evaluation.map50 is not None:
            metrics = {"map50": round(evaluation.map50, 4), "map50_95": round(score, 4)}
            shown = {**self._watch.progress.metrics, **metrics}
            self._watch.update(Phase.TRAINING, self._pace.progress, metrics=shown)
            self._watch.record(self._pace.steps, epoch=self._epoch, **metrics)
            _LOG.info("looked at dev", epoch=self._epoch, step=self._pace.steps, **metrics)
        self._watch.flush()
        return self._best.waited >= self._plan.parameters.schedule.patience

    def _save_when_due(self, *, epoch_ended: bool) -> None:
        old = self._plan.clock() - self._saved_at >= self._plan.parameters.schedule.checkpoint_seconds
        if epoch_ended or self._ended or old:
            self._save()

    def _save(self) -> None:
        if self._plan.processes.leads:
            self._checkpoints.save(self._state(), self._epoch, self._pace.steps)
        self._saved_at = self._plan.clock()

    def _state(self) -> dict[str, Any]:
        return {
            "network": self._network.state_dict(),
            "average": self._average.network.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "best": self._best.state(),
            "pace": {
                "steps": self._pace.steps,
                "seconds": self._pace.seconds,
                "progress": self._pace.progress,
                "reserved_seconds": self._pace.reserved_seconds,
            },
            "position": {"epoch": self._epoch, "step": self._step_in_epoch, "mosaic": self._mosaic},
            "looks": {"marks": list(self._marks), "seconds": self._evaluation_seconds},
            "ended": self._ended,
            "rows": self._watch.rows,
            "random": random_state(),
        }

    def _resume(self) -> None:
        restored = self._checkpoints.newest()
        if restored is None:
            return
        state = restored.state
        self._network.load_state_dict(state["network"])
        self._average.network.load_state_dict(state["average"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._best = Best.restored(state["best"])
        for name, value in state["pace"].items():
            setattr(self._pace, name, value)
        position = state["position"]
        self._epoch, self._step_in_epoch, self._mosaic = position["epoch"], position["step"], position["mosaic"]
        self._marks, self._evaluation_seconds = state["looks"]["marks"], state["looks"]["seconds"]
        self._ended = state["ended"]
        self._watch.rows[:] = state["rows"]
        restore_random(state["random"])
        self._watch.update(Phase.TRAINING, self._pace.progress, resumed_from_epoch=self._epoch)
        _LOG.info("resumed", epoch=self._epoch, step=self._pace.steps, from_attempt=restored.manifest.attempt)
