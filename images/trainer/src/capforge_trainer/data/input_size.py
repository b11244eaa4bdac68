"""The model's fixed input size, from the parameters and the shapes of the training images."""

from __future__ import annotations

import numpy as np

from capforge_trainer.config import STRIDE, ModelParameters
from capforge_trainer.data.items import Item


def input_size(parameters: ModelParameters, items: list[Item]) -> tuple[int, int]:
    """Return (width, height) in pixels, both multiples of STRIDE."""
    long_side = parameters.input_long_side_pixels
    if parameters.input_shape == "Square":
        return long_side, long_side
    shape = float(np.median([item.width / item.height for item in items]))
    short_side = int(np.ceil(round(long_side * min(shape, 1 / shape), 3) / STRIDE)) * STRIDE
    return (long_side, short_side) if shape >= 1 else (short_side, long_side)
