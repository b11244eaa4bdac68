"""Other light, another camera: brightness, contrast, saturation and hue in one multiplication per pixel."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Protocol, Self, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

_GREY = np.array([0.299, 0.587, 0.114])
_TO_LUMA_CHROMA = np.array([_GREY, [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
"""RGB to YIQ: hue is an angle in its last two."""
_HUE_RADIANS = 0.2
"""At full strength; little, since colours tell many classes apart."""


class Coloured(Protocol):
    """Parameters that say how much light and colours change."""

    @property
    def colour(self) -> float:
        """Strength, 0-1."""
        ...

    def model_copy(self, *, update: Mapping[str, Any]) -> Self:
        """Return them with other values."""
        ...


C = TypeVar("C", bound=Coloured)


def in_milder_colours(parameters: C, share: float) -> C:
    """Return the augmentation with this share (0-1) of its change of light and colours."""
    return parameters.model_copy(update={"colour": parameters.colour * share})


def recoloured(pixels: NDArray[np.uint8], strength: float, random: np.random.Generator) -> NDArray[np.uint8]:
    """Return pixels uint8 [H,W,3] (RGB) in other colours; strength 0 changes nothing."""
    if strength == 0:
        return pixels
    brightness, contrast, saturation = 1 + random.uniform(-strength, strength, 3)
    hue = random.uniform(-strength, strength) * _HUE_RADIANS
    middle = float(np.mean(pixels[::8, ::8] @ _GREY)) * brightness
    mixed = _chroma(saturation, hue) * brightness * contrast
    matrix = np.column_stack([mixed, np.full(3, middle * (1 - contrast))])
    return np.asarray(cv2.transform(pixels, matrix), np.uint8)


def _chroma(saturation: float, hue: float) -> NDArray[np.float64]:
    """Return the matrix [3,3] that scales and turns the colours around grey."""
    cosine, sine = saturation * math.cos(hue), saturation * math.sin(hue)
    turn = np.array([[1, 0, 0], [0, cosine, -sine], [0, sine, cosine]])
    return np.asarray(np.linalg.inv(_TO_LUMA_CHROMA) @ turn @ _TO_LUMA_CHROMA)
