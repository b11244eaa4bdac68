"""How a crop is changed before it is seen again: moved, mirrored, recoloured, partly hidden.

Every draw comes from the generator that is given. A crop comes with what lies around it, so that turning and shifting
bring in real pixels; torchvision's transforms do the rest.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torchvision.transforms.v2 import functional

from capforge_trainer.classification.parameters import ClassifierAugmentationParameters
from capforge_trainer.regions.crops import Pixels

MARGIN = 0.125
"""Share of the crop's sides that it shows beyond them, on each side."""
_HIDDEN_SHARE = (0.1, 0.4)
"""Sides of the hidden rectangle, as shares of the crop's."""


class CropAugmentation:
    """Makes a crop of the model's size from a wider one."""

    def __init__(self, parameters: ClassifierAugmentationParameters, width: int, height: int) -> None:
        """Change by these strengths; the size is in pixels."""
        self._parameters = parameters
        self._width, self._height = width, height

    def __call__(self, crop: Pixels, random: np.random.Generator) -> Pixels:
        """Return the changed crop uint8 [height,width,3]."""
        chosen = self._parameters
        changed = _recoloured(self._mirrored(self._moved(crop, random), random), chosen.colour, random)
        if random.random() < chosen.hide:
            _hide(changed, random)
        return changed

    def _moved(self, crop: Pixels, random: np.random.Generator) -> Pixels:
        """Turn, zoom and shift in one resampling."""
        chosen, size = self._parameters, np.array([self._width, self._height])
        angle = np.deg2rad(random.uniform(-chosen.turn_degrees, chosen.turn_degrees))
        zoom = np.exp(random.uniform(-1, 1) + random.uniform(-0.3, 0.3, 2)) ** np.log1p(chosen.zoom)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        back = turn @ np.diag(1 / zoom)
        centre = (np.array(crop.shape[1::-1]) - 1) / 2 + random.uniform(-chosen.shift, chosen.shift, 2) * size
        matrix = np.column_stack([back, centre - back @ ((size - 1) / 2)])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        moved = cv2.warpAffine(crop, matrix, size.tolist(), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(moved, np.uint8)

    def _mirrored(self, crop: Pixels, random: np.random.Generator) -> Pixels:
        across = random.random() < self._parameters.horizontal_flip
        down = random.random() < self._parameters.vertical_flip
        return np.ascontiguousarray(crop[:: -1 if down else 1, :: -1 if across else 1])


def _recoloured(crop: Pixels, strength: float, random: np.random.Generator) -> Pixels:
    if strength == 0:
        return crop
    pixels = torch.from_numpy(crop).permute(2, 0, 1)
    for change in (functional.adjust_brightness, functional.adjust_contrast, functional.adjust_saturation):
        pixels = change(pixels, random.uniform(1 - strength, 1 + strength))
    return np.ascontiguousarray(pixels.permute(1, 2, 0).numpy())


def _hide(crop: Pixels, random: np.random.Generator) -> None:
    """Cover a rectangle with one of the crop's own colours."""
    size = np.array(crop.shape[:2])
    extent = np.maximum(size * random.uniform(*_HIDDEN_SHARE, 2), 1).astype(int)
    top, left = random.integers(0, size - extent + 1)
    crop[top : top + extent[0], left : left + extent[1]] = crop[random.integers(size[0]), random.integers(size[1])]
