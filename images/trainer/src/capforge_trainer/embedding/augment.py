"""How a crop is changed before it is seen again: bent, moved, recoloured, thickened, partly hidden.

For drawings of one channel as well as for photographs: what is black and white stays so, paper stays paper where a crop
is moved. Every draw comes from the generator that is given.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from capforge_trainer.embedding.parameters import EmbedderAugmentationParameters

Pixels = NDArray[np.uint8]

_BEND_CELLS = 4
"""Points per side whose places are drawn when a crop is bent; between them it bends smoothly."""
_HIDDEN_SHARE = (0.1, 0.35)
"""Sides of the hidden rectangle, as shares of the crop's."""
_STROKE = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
_BRIGHTNESS = 128.0


class CropAugmentation:
    """Changes one crop uint8 [H,W,3] into another of the same size."""

    def __init__(self, parameters: EmbedderAugmentationParameters) -> None:
        """Change by these strengths."""
        self._parameters = parameters

    def __call__(self, crop: Pixels, random: np.random.Generator) -> Pixels:
        """Return the changed crop."""
        chosen = self._parameters
        changed = self._mirrored(self._moved(crop, random), random)
        if random.random() < chosen.stroke:
            changed = _thickened(changed, thinner=bool(random.random() < 0.5))  # noqa: PLR2004 - a coin
        changed = _recoloured(changed, chosen.colour, random)
        if random.random() < chosen.hide:
            changed = _hidden(changed, random)
        return np.ascontiguousarray(changed)

    def _moved(self, crop: Pixels, random: np.random.Generator) -> Pixels:
        """Turn, zoom, shift and bend in one resampling; what comes in at the border repeats the border."""
        chosen = self._parameters
        height, width = crop.shape[:2]
        angle = np.deg2rad(random.uniform(-chosen.turn_degrees, chosen.turn_degrees))
        zoom = np.exp(random.uniform(-1, 1, 2) * np.log1p(chosen.zoom))
        shear = random.uniform(-chosen.zoom, chosen.zoom) / 2
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        map_back = turn @ np.array([[1.0, shear], [0.0, 1.0]]) @ np.diag(1 / zoom)
        rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
        places = np.stack([columns - (width - 1) / 2, rows - (height - 1) / 2], axis=-1) @ map_back.T
        places += random.uniform(-chosen.shift, chosen.shift, 2) * (width, height) + ((width - 1) / 2, (height - 1) / 2)
        places += _bend(height, width, random) * (chosen.bend * min(width, height))
        source = places.astype(np.float32)
        moved = cv2.remap(crop, source[..., 0], source[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(moved, np.uint8)

    def _mirrored(self, crop: Pixels, random: np.random.Generator) -> Pixels:
        across = random.random() < self._parameters.horizontal_flip
        down = random.random() < self._parameters.vertical_flip
        return np.asarray(crop[:: -1 if down else 1, :: -1 if across else 1], np.uint8)


def _bend(height: int, width: int, random: np.random.Generator) -> NDArray[np.float32]:
    """Return a smooth field of moves [H,W,2], at most about 1."""
    points = random.uniform(-1, 1, (_BEND_CELLS, _BEND_CELLS, 2)).astype(np.float32)
    return np.asarray(cv2.resize(points, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)


def _thickened(crop: Pixels, *, thinner: bool) -> Pixels:
    """Make dark strokes thicker, or thinner: of a photograph, dark or light details grow by a pixel."""
    change = cv2.dilate if thinner else cv2.erode
    return np.asarray(change(np.ascontiguousarray(crop), _STROKE), np.uint8)


def _recoloured(crop: Pixels, strength: float, random: np.random.Generator) -> Pixels:
    """Change brightness, contrast, saturation and the channels' balance: grey stays nearly grey."""
    if strength == 0:
        return crop
    contrast, saturation = 1 + random.uniform(-strength, strength, 2)
    shift = random.uniform(-strength, strength) * _BRIGHTNESS / 2
    balance = 1 + random.uniform(-strength, strength, 3) / 4
    grey = cv2.cvtColor(np.ascontiguousarray(crop), cv2.COLOR_RGB2GRAY)[..., None].astype(np.float32)
    coloured = grey + (crop.astype(np.float32) - grey) * saturation
    changed = ((coloured - _BRIGHTNESS) * contrast + _BRIGHTNESS) * balance + shift
    return np.asarray(np.clip(changed, 0, 255), np.uint8)


def _hidden(crop: Pixels, random: np.random.Generator) -> Pixels:
    """Cover a rectangle with one of the crop's own colours."""
    height, width = crop.shape[:2]
    tall, wide = (np.array([height, width]) * random.uniform(*_HIDDEN_SHARE, 2)).astype(int)
    top, left = random.integers(0, height - tall + 1), random.integers(0, width - wide + 1)
    covered = crop.copy()
    covered[top : top + tall, left : left + wide] = crop[random.integers(height), random.integers(width)]
    return covered
