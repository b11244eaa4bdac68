"""The dense anchor-free detector: every cell of a feature pyramid says what is there and how far its box reaches."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from capforge_trainer.models.backbone import STRIDES, Backbone, cell_centres
from capforge_trainer.models.dense import DenseDetector, Shape
from capforge_trainer.models.network import Network

_PRIOR = 0.01
"""Probability of an object in a cell before training: without it, the loss of the empty cells drowns all else."""
_START_REACH = math.log(2.0)
_MAX_REACH = math.log(64.0)
"""Logarithms of a box side's distance from its cell, in strides: at the start, and at most (no overflow)."""


class Detector(DenseDetector):
    """uint8 image [N,H,W,3] → class logits [N,A,C] and boxes [N,A,4] (xyxy in input pixels) for A cells."""

    def __init__(self, backbone: str, channels: int, shape: Shape) -> None:
        """Build the network with random weights."""
        super().__init__(shape, cell_centres)
        self.backbone = Backbone(backbone)
        self.neck = Pyramid(self.backbone.channels, channels)
        self.heads = nn.ModuleList(Head(channels, shape.classes) for _ in STRIDES)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits [N,A,C] and boxes [N,A,4], both float32."""
        levels = self.neck(self.backbone(self.normal(image)))
        answers = [head(level) for head, level in zip(self.heads, levels, strict=True)]
        logits = torch.cat([_cells(one) for one, _ in answers], dim=1).float()
        reach = torch.cat([_cells(one) for _, one in answers], dim=1).float()
        return logits, self.boxes(reach.clamp(max=_MAX_REACH).exp(), image)


class Pyramid(Network):
    """A light feature pyramid: what the coarse levels understood is added to the finer ones, and back down."""

    def __init__(self, sources: tuple[int, ...], channels: int) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(conv(source, channels, 1) for source in sources)
        self.up = nn.ModuleList(conv(channels, channels, 3) for _ in sources[1:])
        self.down = nn.ModuleList(conv(channels, channels, 3, stride=2) for _ in sources[1:])

    def forward(self, features: list[Tensor]) -> list[Tensor]:
        levels = [lateral(one) for lateral, one in zip(self.lateral, features, strict=True)]
        for finer, coarser in reversed(list(pairwise(range(len(levels))))):
            coarse = functional.interpolate(levels[coarser], scale_factor=2.0, mode="nearest")
            levels[finer] = self.up[finer](levels[finer] + coarse)
        for finer, coarser in pairwise(range(len(levels))):
            levels[coarser] = levels[coarser] + self.down[finer](levels[finer])
        return levels


class Head(Network):
    """Features [N,F,h,w] of one level → class logits [N,C,h,w], reach of left, top, right, bottom [N,4,h,w]."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.see = conv(channels, channels, 3)
        self.place = conv(channels, channels, 3)
        self.classes = nn.Conv2d(channels, classes, 1)
        self.reach = nn.Conv2d(channels, 4, 1)
        nn.init.normal_(self.classes.weight, std=0.01)
        nn.init.constant_(self.classes.bias, math.log(_PRIOR / (1 - _PRIOR)))
        nn.init.normal_(self.reach.weight, std=0.01)
        nn.init.constant_(self.reach.bias, _START_REACH)

    def forward(self, level: Tensor) -> tuple[Tensor, Tensor]:
        return self.classes(self.see(level)), self.reach(self.place(level))


def conv(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Sequential:
    """Return convolution, batch norm, ReLU: fused into one by every runtime."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outputs, momentum=0.03),
        nn.ReLU(inplace=True),
    )


def _cells(level: Tensor) -> Tensor:
    """[N,K,h,w] → [N,h*w,K], rows of cells first: the order of cell_centres."""
    return level.flatten(2).transpose(1, 2)
