"""The training loop: epochs of steps, now and then a look at dev, a checkpoint after each epoch, a stop in time."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from statistics import fmean
from typing import Any, Generic

import structlog
import torch

from capforge_contracts.run import Phase
from capforge_trainer.errors import StoppedError
from capforge_trainer.fit.average import Average
from capforge_trainer.fit.batches import Batches
from capforge_trainer.fit.best import Best
from capforge_trainer.fit.checkpoint import Checkpoints
from capforge_trainer.fit.device import uses_bfloat16
from capforge_trainer.fit.look import Look
from capforge_trainer.fit.optimizer import make_optimizer
from capforge_trainer.fit.plan import FitPlan, Fitted, N
from capforge_trainer.fit.randomness import random_state, restore_random
from capforge_trainer.fit.schedule import Pace, evaluation_marks, learning_rate
from capforge_trainer.fit.step import LossOf, Stepper
from capforge_trainer.fit.watch import Watch

_LOG = structlog.get_logger(__name__)
_EVALUATION_TIME_SHARE = 0.1
"""Looks at dev may take this share of the training time; those beyond are left out, except the last."""
_LOOK_STEP_SHARE = 0.5
"""Time per image of a look at dev, against a training step's."""


class Fit(Generic[N]):
    """One training.

    - Everything that the next step depends on is in the checkpoint; batches depend on (seed, epoch, step) alone.
    - A finished epoch is never repeated: its checkpoint is written before the next begins.
    - Only the leader evaluates, writes and decides; the others follow.
    """

    def __init__(
        self,
        plan: FitPlan,
        network: N,
        loss_of: LossOf,
        batches: Batches,
        evaluate: Callable[[N, bool], Look],
        checkpoints: Checkpoints,
        watch: Watch,
    ) -> None:
        """Prepare; `evaluate(network, bfloat16)` looks at dev."""
        self._plan, self._batches, self._evaluate = plan, batches, evaluate
        self._checkpoints, self._watch = checkpoints, watch
        device = plan.device
        self._network = network.to(device=device, memory_format=torch.channels_last)
        self._average = Average(self._network, plan.optimizer.ema_decay)
        self._optimizer = make_optimizer(self._network, plan.optimizer)
        self._step = Stepper(
            network=plan.processes.wrapped(self._network, device),
            loss_of=loss_of,
            optimizer=self._optimizer,
            average=self._average,
            gradient_clip_norm=plan.optimizer.gradient_clip_norm,
            bfloat16=uses_bfloat16(plan.optimizer, device),
            device=device,
        )
        self._steps_per_epoch = batches.steps(plan.processes.count)
        total = plan.schedule.max_epochs * self._steps_per_epoch
        self._pace = Pace(total_steps=total, budget_seconds=plan.budget_seconds)
        self._marks = evaluation_marks(plan.schedule.evaluations)
        self._best = Best()
        self._epoch, self._step_in_epoch, self._plain, self._ended = 0, 0, False, False
        self._evaluation_seconds = 0.0
        self._losses: list[float] = []

    def run(self) -> Fitted[N]:
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
            self._plain = self._pace.progress >= 1 - self._plan.plain_share
        batches = self._batches.epoch(
            self._epoch, plain=self._plain, start=self._step_in_epoch, rank=processes.rank, share=processes.count
        )
        for batch in batches:
            rate = learning_rate(self._plan.optimizer, self._pace.steps, self._pace.progress)
            loss = self._step(batch.to(self._plan.device), self._pace.steps, rate)
            self._step_in_epoch += 1
            self._after_step(loss, rate)
            if self._ended:
                return

    def _after_step(self, loss: float, rate: float) -> None:
        self._advance()
        self._losses.append(loss)
        epoch_ended = self._step_in_epoch == self._steps_per_epoch
        if epoch_ended:
            self._epoch, self._step_in_epoch = self._epoch + 1, 0
        self._tell(loss)
        if epoch_ended or self._pace.done:
            self._watch.record(self._pace.steps, epoch=self._epoch, loss=fmean(self._losses), learning_rate=rate)
            self._losses.clear()
        self._look_at_dev_when_due()
        if self._plan.processes.any_of(self._plan.stop_asked(), self._plan.device):
            saved = "the state is saved" if self._save() else "the state could not be saved"
            raise StoppedError(f"stopped in epoch {self._epoch + 1}, step {self._pace.steps}; {saved}")
        self._save_when_due(epoch_ended=epoch_ended)

    def _advance(self) -> None:
        self._pace.advance(self._plan.clock() - self._started)
        agreed = self._plan.processes.agreed(self._pace.seconds, self._pace.progress, device=self._plan.device)
        self._pace.seconds, self._pace.progress = agreed

    def _tell(self, loss: float) -> None:
        epochs = self._epoch + (self._pace.steps_left() + self._step_in_epoch) / self._steps_per_epoch
        self._watch.update(
            Phase.TRAINING,
            self._pace.progress,
            epoch=min(self._epoch + 1, max(1, round(epochs))),
            epochs=max(1, round(epochs)),
            step=self._pace.steps,
            steps=self._pace.steps + self._pace.steps_left(),
            remaining_seconds=round(self._pace.seconds_left()),
            metrics={**self._watch.progress.metrics, "loss": round(loss, 4)},
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
        steps = self._plan.dev_images / self._plan.optimizer.batch_size
        return _LOOK_STEP_SHARE * steps * self._pace.seconds / self._pace.steps

    def _look_at_dev(self) -> bool:
        """Evaluate on dev, keep the weights if they are the best; tell whether to stop early."""
        started = self._plan.clock()
        look = self._evaluate(self._average.network, self._step.bfloat16)
        self._pace.reserved_seconds = self._plan.clock() - started
        self._evaluation_seconds += self._pace.reserved_seconds
        self._best.offer(look.score, self._epoch, self._average.network.state_dict())
        if look.score is not None:
            metrics = {name: round(value, 4) for name, value in look.metrics.items()}
            shown = {**self._watch.progress.metrics, **metrics}
            self._watch.update(Phase.TRAINING, self._pace.progress, metrics=shown)
            self._watch.record(self._pace.steps, epoch=self._epoch, **metrics)
            _LOG.info("looked at dev", epoch=self._epoch, step=self._pace.steps, **metrics)
        self._watch.flush()
        return self._best.waited >= self._plan.schedule.patience

    def _save_when_due(self, *, epoch_ended: bool) -> None:
        old = self._plan.clock() - self._saved_at >= self._plan.schedule.checkpoint_seconds
        if epoch_ended or self._ended or old:
            self._save()

    def _save(self) -> bool:
        """Write a checkpoint; False where the store did not take it."""
        saved = True
        if self._plan.processes.leads:
            saved = self._checkpoints.save_or_tell(self._state(), self._epoch, self._pace.steps)
        self._saved_at = self._plan.clock()
        return saved

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
            "position": {"epoch": self._epoch, "step": self._step_in_epoch, "plain": self._plain},
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
        self._epoch, self._step_in_epoch, self._plain = position["epoch"], position["step"], position["plain"]
        self._marks, self._evaluation_seconds = state["looks"]["marks"], state["looks"]["seconds"]
        self._ended = state["ended"]
        self._watch.restore(state["rows"])
        restore_random(state["random"])
        self._watch.update(Phase.TRAINING, self._pace.progress, resumed_from_epoch=self._epoch)
        _LOG.info("resumed", epoch=self._epoch, step=self._pace.steps, from_attempt=restored.manifest.attempt)
