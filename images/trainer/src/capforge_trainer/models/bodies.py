"""What sees a crop: bodies that classifiers and embedders share, from pixels to features."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from capforge_trainer.models.backbone import STRIDES, Backbone
from capforge_trainer.models.detector import conv
from capforge_trainer.models.network import Network

_BATCH_NORM_MOMENTUM = 0.1
"""Crops come in batches large enough for it. With the detector's 0.03, what is left of the first variance (1) after a
hundred steps is far more than the true one in a deep mobilenet, and the trained network answers nothing."""


def pooled(seen: Tensor) -> Tensor:
    """Return what is there on the whole, and what is there anywhere: [N,C,h,w] → [N,2C]."""
    return torch.cat([seen.mean(dim=(2, 3)), seen.amax(dim=(2, 3))], dim=1)


class SmallBody(Network):
    """Float image [N,3,H,W] → features [N,channels,H/16,W/16]: four stages of a halving and a residual convolution."""

    def __init__(self, width: int) -> None:
        """Begin with `width` channels, twice as many in each stage."""
        super().__init__()
        widths = [width << stage for stage in range(4)]
        self.channels = widths[-1]
        halvings = zip([3, *widths], widths, strict=False)
        self.stages = nn.Sequential(
            *(nn.Sequential(conv(before, after, 3, stride=2), Residual(after)) for before, after in halvings)
        )

    def forward(self, image: Tensor) -> Tensor:
        """Return the features."""
        return self.stages(image)


class Residual(Network):
    """Features in, features of the same size out."""

    def __init__(self, channels: int) -> None:
        """Add what one convolution sees."""
        super().__init__()
        self.see = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels, momentum=0.03)
        )

    def forward(self, features: Tensor) -> Tensor:
        """Return the features."""
        return functional.relu(features + self.see(features))


class TorchvisionBody(Network):
    """Float image [N,3,H,W] → features [N,channels,H/32,W/32] of one of torchvision's networks."""

    def __init__(self, backbone: str) -> None:
        """Build the named network with random weights."""
        super().__init__()
        self.backbone = Backbone(backbone)
        for module in self.backbone.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = _BATCH_NORM_MOMENTUM
        self.channels = self.backbone.channels[len(STRIDES) - 1]

    def forward(self, image: Tensor) -> Tensor:
        """Return the coarsest features."""
        return self.backbone(image)[-1]
