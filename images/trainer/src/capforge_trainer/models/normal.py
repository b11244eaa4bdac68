"""From pixels to numbers that networks like."""

from __future__ import annotations

import torch
from torch import Tensor

from capforge_trainer.models.network import Network

_MEAN = (123.675, 116.28, 103.53)
_STD = (58.395, 57.12, 57.375)


class Normal(Network):
    """uint8 image [N,H,W,3] → float image [N,3,H,W] of the usual mean and deviation: that of published weights too."""

    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        """Of ImageNet's photographs."""
        super().__init__()
        self.register_buffer("mean", torch.tensor(_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(_STD).view(1, 3, 1, 1), persistent=False)

    def forward(self, image: Tensor) -> Tensor:
        """Return the numbers."""
        # A uint8 NHWC tensor seen as NCHW is channels-last already: no copy.
        return (image.permute(0, 3, 1, 2).float() - self.mean) / self.std
