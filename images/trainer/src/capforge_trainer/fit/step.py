"""One step of training: forward, loss, backward, clip, update, average."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import nn
from torch.optim import Optimizer

from capforge_trainer.data.batches import Batch
from capforge_trainer.errors import NonFiniteLossError
from capforge_trainer.fit.average import Average
from capforge_trainer.models.loss import detection_loss


@dataclass(frozen=True)
class StepLoss:
    """What a step cost."""

    total: float
    classes: float
    boxes: float


@dataclass(frozen=True)
class Stepper:
    """Everything that a step changes or needs."""

    network: nn.Module
    """As training calls it (perhaps wrapped for several processes)."""
    cells: tuple[torch.Tensor, torch.Tensor]
    optimizer: Optimizer
    average: Average
    gradient_clip_norm: float
    bfloat16: bool
    device: torch.device

    def __call__(self, batch: Batch, step: int, rate: float) -> StepLoss:
        """Learn from one batch at this learning rate; raises NonFiniteLossError before any weight has changed."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bfloat16):
            logits, boxes = self.network(batch.images)
        loss = detection_loss(logits, boxes, self.cells, batch.objects)
        total = float(loss.total.detach())
        self.optimizer.zero_grad(set_to_none=True)
        loss.total.backward()
        norm = self._clipped_norm()
        if not (math.isfinite(total) and math.isfinite(norm)):
            message = (
                f"the loss is {total} and the gradient {norm} at step {step} (learning rate {rate:.2g}); "
                "lower optimizer.learningRate, raise optimizer.warmupSteps, or set optimizer.precision to Float32"
            )
            raise NonFiniteLossError(message)
        self.optimizer.step()
        self.average.update(step)
        return StepLoss(total, float(loss.classes), float(loss.boxes))

    def _clipped_norm(self) -> float:
        """Shorten the gradient; return how long it was (0 where no limit is set, and it is not looked at)."""
        if self.gradient_clip_norm == 0:
            return 0.0
        return float(nn.utils.clip_grad_norm_(self.network.parameters(), self.gradient_clip_norm))
