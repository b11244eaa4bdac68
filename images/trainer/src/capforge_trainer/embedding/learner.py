"""An embedder while it learns: with the directions of the training classes, which nobody needs afterwards."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from capforge_trainer.embedding.network import Embedder
from capforge_trainer.models.network import Network


class Learner(Network):
    """uint8 crops [N,H,W,3] → embeddings [N,D] and the classes' directions [C,D], all of length 1."""

    def __init__(self, embedder: Embedder, classes: int) -> None:
        """Begin with random directions."""
        super().__init__()
        self.embedder = embedder
        self.directions = nn.Parameter(torch.randn(classes, embedder.size))

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        """Return both."""
        return self.embedder(crops), functional.normalize(self.directions.float(), dim=1)
