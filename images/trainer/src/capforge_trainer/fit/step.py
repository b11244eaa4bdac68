"""One step of training: forward, loss, backward, clip, update, average."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from capforge_trainer.errors import NonFiniteLossError
from capforge_trainer.fit.average import Average

LossOf = Callable[[Any, Any], Tensor]
"""Returns the loss, a scalar, of what the network answers to a batch's images, and the batch. In float32."""


@dataclass(frozen=True)
class Stepper:
    """Everything that a step changes or needs."""

    network: nn.Module
    """As training calls it (perhaps wrapped for several processes)."""
    loss_of: LossOf
    optimizer: Optimizer
    average: Average
    gradient_clip_norm: float
    bfloat16: bool
    device: torch.device

    def __call__(self, batch: Any, step: int, rate: float) -> float:
        """Learn from one batch (`images`) at this learning rate; return the loss.

        Raises NonFiniteLossError before any weight has changed.
        """
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bfloat16):
            answer = self.network(batch.images)
        loss = self.loss_of(answer, batch)
        total = float(loss.detach())
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = self._clipped_norm()
        if not (math.isfinite(total) and math.isfinite(norm)):
            message = (
                f"the loss is {total} and the gradient {norm} at step {step} (learning rate {rate:.2g}); "
                "lower optimizer.learningRate, raise optimizer.warmupSteps, or set optimizer.precision to Float32"
            )
            raise NonFiniteLossError(message)
        self.optimizer.step()
        self.average.update(step)
        return total

    def _clipped_norm(self) -> float:
        """Shorten the gradient; return how long it was (0 where no limit is set, and it is not looked at)."""
        if self.gradient_clip_norm == 0:
            return 0.0
        return float(nn.utils.clip_grad_norm_(self.network.parameters(), self.gradient_clip_norm))
