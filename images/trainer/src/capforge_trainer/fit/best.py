"""The best weights so far, by dev."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor


@dataclass
class Best:
    """Which look at dev was the best, and the weights of then."""

    score: float | None = None
    """Of Look; None while dev has told nothing."""
    epoch: int = 0
    waited: int = 0
    """Looks since then."""
    weights: dict[str, Tensor] | None = None

    def offer(self, score: float | None, epoch: int, weights: dict[str, Tensor]) -> None:
        """Keep a copy of the weights if they are better; where dev tells nothing, the latest are the best."""
        if self.score is None or (score is not None and score > self.score):
            self.score, self.epoch, self.waited = score, epoch, 0
            self.weights = {name: tensor.detach().to("cpu", copy=True) for name, tensor in weights.items()}
        else:
            self.waited += 1

    def state(self) -> dict[str, Any]:
        """Return plain values for a checkpoint."""
        return {"score": self.score, "epoch": self.epoch, "waited": self.waited, "weights": self.weights}

    @classmethod
    def restored(cls, state: dict[str, Any]) -> Best:
        """Read what `state` returned."""
        return cls(**state)
