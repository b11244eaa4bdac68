"""What every detector is to training and export: a network whose cells say what is there and where it ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from capforge_trainer.models.network import Network
from capforge_trainer.models.normal import Normal

Cells = tuple[Tensor, Tensor]
"""Points [A,2] (x, y in input pixels) and strides [A]."""


@dataclass(frozen=True)
class Shape:
    """What cannot be changed by training: input size in pixels, number of classes."""

    height: int
    width: int
    classes: int


class DenseDetector(Network):
    """uint8 image [N,H,W,3] → class logits [N,A,C] and boxes [N,A,4] (xyxy in input pixels), float32, for A cells.

    What is served has one size, its shape; training may show windows of another.
    """

    points: Tensor
    strides: Tensor

    def __init__(self, shape: Shape, cells_of: Callable[[int, int], Cells]) -> None:
        """Remember the cells of the shape; `cells_of` returns those of an image of any height and width."""
        super().__init__()
        self.shape = shape
        self.normal = Normal()
        self._cells_of = cells_of
        self._window: tuple[tuple[int, int], Cells] | None = None
        """Height and width of the last window and its cells: those that made the boxes are asked for by the loss."""
        points, strides = cells_of(shape.height, shape.width)
        self.register_buffer("points", points, persistent=False)
        self.register_buffer("strides", strides, persistent=False)

    def cells(self, image: Tensor) -> Cells:
        """Return the cells of images [N,H,W,3], on their device."""
        height, width = int(image.shape[1]), int(image.shape[2])
        if (height, width) == (self.shape.height, self.shape.width):
            return self.points, self.strides
        known = self._window
        if known is None or known[0] != (height, width) or known[1][0].device != self.points.device:
            points, strides = self._cells_of(height, width)
            known = (height, width), (points.to(self.points.device), strides.to(self.strides.device))
            self._window = known
        return known[1]

    def boxes(self, reach: Tensor, image: Tensor) -> Tensor:
        """Return boxes [N,A,4] from how many strides [N,A,4] they reach to the left, top, right, bottom of a cell."""
        points, strides = self.cells(image)
        distance = reach * strides[:, None]
        return torch.cat([points - distance[..., :2], points + distance[..., 2:]], dim=-1)
