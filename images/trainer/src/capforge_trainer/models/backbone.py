"""torchvision networks as sources of features at strides 8, 16 and 32."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor
from torchvision.models.resnet import BasicBlock, ResNet

from capforge_trainer.models.network import Network

STRIDES = (8, 16, 32)
"""Input pixels per feature cell, finest first."""

_SLIM_WIDTHS = (32, 64, 128, 256)
_BATCH_NORM_MOMENTUM = 0.03
"""torchvision's mobilenet uses 0.01, too slow for the few hundred steps that small data gets."""


@dataclass(frozen=True)
class _Source:
    nodes: tuple[str, str, str]
    channels: tuple[int, int, int]


_RESNET_NODES = ("layer2", "layer3", "layer4")
_SOURCES = {
    "mobilenet_v3_large": _Source(("features.6", "features.12", "features.15"), (40, 112, 160)),
    "resnet10_slim": _Source(_RESNET_NODES, (64, 128, 256)),
    "resnet10": _Source(_RESNET_NODES, (128, 256, 512)),
    "resnet18": _Source(_RESNET_NODES, (128, 256, 512)),
    "resnet50": _Source(_RESNET_NODES, (512, 1024, 2048)),
}


class Backbone(Network):
    """Float image [N,3,H,W] → features [N,C,H/s,W/s] for each stride s."""

    def __init__(self, name: str) -> None:
        """Build the named network with random weights."""
        super().__init__()
        source = _SOURCES[name]
        self.channels = source.channels
        nodes = {node: str(stride) for node, stride in zip(source.nodes, STRIDES, strict=True)}
        self.body = create_feature_extractor(_network(name), nodes)
        for module in self.body.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = _BATCH_NORM_MOMENTUM

    def forward(self, image: Tensor) -> list[Tensor]:
        """Return the features, finest first."""
        features: dict[str, Tensor] = self.body(image)
        return [features[str(stride)] for stride in STRIDES]


def _slim_resnet(widths: tuple[int, int, int, int]) -> nn.Module:
    """Return torchvision's residual blocks, one per stage, at strides 4, 8, 16 and 32, behind two small convolutions.

    Half the channels of resnet10: a third of its time, which is worth more from scratch than what it could hold.
    """
    first = widths[0]
    stages = {"stem": nn.Sequential(*_halving(3, first // 2), *_halving(first // 2, first))}
    for number, (before, after) in enumerate(zip((first, *widths), widths, strict=False), start=1):
        stages[f"layer{number}"] = _block(before, after, 1 if number == 1 else 2)
    network = nn.Sequential(OrderedDict(stages))
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    return network


def _halving(inputs: int, outputs: int) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, 3, 2, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]


def _block(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    change = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
    return nn.Sequential(BasicBlock(inputs, outputs, stride, change if stride > 1 else None))


def _network(name: str) -> nn.Module:
    if name == "resnet10_slim":
        return _slim_resnet(_SLIM_WIDTHS)
    if name == "resnet10":  # one block per stage: half the time of resnet18
        return ResNet(BasicBlock, [1, 1, 1, 1])
    network: nn.Module = models.get_model(name, weights=None)
    return network


def cell_centres(height: int, width: int) -> tuple[Tensor, Tensor]:
    """Return the centres [A,2] (x, y in input pixels) and strides [A] of all cells, finest level first."""
    points, strides = [], []
    for stride in STRIDES:
        y = (torch.arange(height // stride, dtype=torch.float32) + 0.5) * stride
        x = (torch.arange(width // stride, dtype=torch.float32) + 0.5) * stride
        grid = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1).reshape(-1, 2)
        points.append(grid)
        strides.append(torch.full((len(grid),), float(stride)))
    return torch.cat(points), torch.cat(strides)
