"""What is served: the mean of the trained networks, with calibrated scores."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from capforge_trainer.models.network import Network
from capforge_trainer.scorer.network import Batch, Scorer


class Served(Network):
    """The graph's inputs → scores [N,F,4,T], classes [N,C]; padding scores 0."""

    def __init__(self, members: Sequence[Scorer], temperature: Tensor, class_temperature: float) -> None:
        """Take the networks and what scores are divided by: [F] for values, one number for classes."""
        super().__init__()
        self.members = nn.ModuleList(members)
        self.register_buffer("temperature", temperature.reshape(1, -1, 1, 1).float())
        self.class_temperature = class_temperature

    def forward(
        self, grams: Tensor, features: Tensor, neighbours: Tensor, cells: Tensor, mask: Tensor, picture: Tensor
    ) -> tuple[Tensor, Tensor]:
        batch = Batch(grams, features, neighbours, cells, mask, picture)
        answers = [member(batch) for member in self.members]
        scores = torch.stack([answer[0] for answer in answers]).mean(0) / self.temperature
        classes = torch.stack([answer[1] for answer in answers]).mean(0) / self.class_temperature
        return scores * mask.unsqueeze(1).unsqueeze(1), classes
