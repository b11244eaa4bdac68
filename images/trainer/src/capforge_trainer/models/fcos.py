"""torchvision's FCOS: a residual network, a feature pyramid, deep heads that all levels share.

Its parts and their names are torchvision's, so that weights published for it fit. Which cell answers for which object,
and the loss, are those of our other detector: no range of sizes has to be set, an object smaller than a cell is learnt
too, and the score says how good the box is, without a branch for it (torchvision's `bbox_ctrness`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import ceil, log2

import torch
from torch import Tensor, nn
from torchvision import models
from torchvision.models.detection.backbone_utils import BackboneWithFPN
from torchvision.models.detection.fcos import FCOSClassificationHead, FCOSRegressionHead
from torchvision.ops.feature_pyramid_network import LastLevelP6P7

from capforge_trainer.models.dense import Cells, DenseDetector, Shape
from capforge_trainer.models.network import Network

_COARSEST_STAGE_STRIDE = 32
_EXTRA_LEVELS = 2
_BATCH_NORM_MOMENTUM = 0.03
"""torchvision's 0.1 follows single batches of 8 too closely."""
_START_REACH = 2.0
_LEAST_REACH = 0.05
"""Strides from a cell to each side of its box: at the start, and at least (a box without area has no shape)."""


@dataclass(frozen=True)
class FcosSize:
    """How large the network is."""

    backbone: str
    channels: int
    """Of the pyramid and the heads."""
    head_convs: int
    """Convolutions before each answer."""
    finest_stride: int
    """4 or 8; five levels (six from 4) up to stride 128."""


class Fcos(DenseDetector):
    """uint8 image [N,H,W,3] → class logits [N,A,C] and boxes [N,A,4] (xyxy in input pixels) for A cells."""

    def __init__(self, size: FcosSize, shape: Shape) -> None:
        """Build the network with random weights."""
        strides = _strides(size.finest_stride)
        super().__init__(shape, partial(_cells, strides))
        self.backbone = _pyramid(size, len(strides) - _EXTRA_LEVELS)
        self.head = FcosHead(size.channels, shape.classes, size.head_convs)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits [N,A,C] and boxes [N,A,4], both float32."""
        logits, reach = self.head(list(self.backbone(self.normal(image)).values()))
        return logits.float(), self.boxes(reach.float().clamp(min=_LEAST_REACH), image)


class FcosHead(Network):
    """Features [N,F,h,w] of all levels → class logits [N,A,C] and reach [N,A,4] in strides."""

    def __init__(self, channels: int, classes: int, convs: int) -> None:
        """Build one head for all levels."""
        super().__init__()
        self.classification_head = FCOSClassificationHead(channels, 1, classes, convs)
        self.regression_head = Reach(FCOSRegressionHead(channels, 1, convs))

    def forward(self, levels: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Return what each cell says."""
        return self.classification_head(levels), self.regression_head(levels)


class Reach(Network):
    """torchvision's regression head without its centre-ness."""

    def __init__(self, theirs: nn.Module) -> None:
        """Take over the layers."""
        super().__init__()
        self.conv, self.bbox_reg = theirs.conv, theirs.bbox_reg
        nn.init.constant_(self.bbox_reg.bias, _START_REACH)

    def forward(self, levels: list[Tensor]) -> Tensor:
        """Return the reach [N,A,4] of the cells of all levels, never negative."""
        reach = [self.bbox_reg(self.conv(level)).relu() for level in levels]
        return torch.cat([one.flatten(2).transpose(1, 2) for one in reach], dim=1)


def _strides(finest: int) -> list[int]:
    return [2**power for power in range(int(log2(finest)), int(log2(_COARSEST_STAGE_STRIDE)) + _EXTRA_LEVELS + 1)]


def _cells(strides: list[int], height: int, width: int) -> Cells:
    """Return points [A,2] and strides [A], finest level first, by rows: where the convolutions are centred."""
    points, steps = [], []
    for stride in strides:
        y = torch.arange(ceil(height / stride), dtype=torch.float32) * stride
        x = torch.arange(ceil(width / stride), dtype=torch.float32) * stride
        grid = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1).reshape(-1, 2)
        points.append(grid)
        steps.append(torch.full((len(grid),), float(stride)))
    return torch.cat(points), torch.cat(steps)


def _pyramid(size: FcosSize, stages: int) -> nn.Module:
    body = models.get_model(size.backbone, weights=None)
    for module in body.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = _BATCH_NORM_MOMENTUM
    numbers = range(5 - stages, 5)  # layer4 is the last of a residual network
    layers = {f"layer{number}": str(place) for place, number in enumerate(numbers)}
    widths = [body.inplanes >> (4 - number) for number in numbers]
    extra = LastLevelP6P7(size.channels, size.channels)
    return BackboneWithFPN(body, layers, widths, size.channels, extra)
