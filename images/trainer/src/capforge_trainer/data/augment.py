"""How a training image is changed: zoomed, shifted, turned, joined with others, mirrored, recoloured.

Every draw comes from the generator that is given, so a sample depends on (seed, epoch, index) alone, not on threads.
Zooming resamples once, by area averaging: serving's canvas is as smooth. A sample may be a window of what serving sees.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from capforge_trainer.config import AugmentationParameters
from capforge_trainer.data.colour import recoloured
from capforge_trainer.data.drawing import drawn, offset_showing, visible
from capforge_trainer.data.items import Item
from capforge_trainer.data.pictures import Picture
from capforge_trainer.data.turning import QUARTERS, Size, frame_around, quarter_turned, tilted

_MOSAIC_ZOOM = 0.75
"""Images in a mosaic are drawn somewhat smaller, else four would hardly fit; not where zooming out is limited."""
_ANYWHERE = 0.25
"""Share of windows that lie anywhere; the others show an object."""


@dataclass(frozen=True)
class Sample:
    """What the network is trained on: pixels uint8 [H,W,3], classes int64 [G], boxes float32 [G,4] (xyxy)."""

    pixels: NDArray[np.uint8]
    classes: NDArray[np.int64]
    boxes: NDArray[np.float32]


@dataclass(frozen=True)
class Labelled:
    """A picture with its item."""

    item: Item
    picture: Picture


Draw = Callable[[], Labelled]
"""Returns another random training image."""


class Augmentation:
    """Makes one sample from one image (and, for a mosaic, from others)."""

    def __init__(self, parameters: AugmentationParameters, width: int, height: int, window: Size | None = None) -> None:
        """Make samples of the input's size in pixels, or windows of it of this width and height."""
        self._parameters = parameters
        self._input = (width, height)
        self._width, self._height = window or self._input
        self._windows = (self._width, self._height) != self._input
        self._mosaic_zoom = _MOSAIC_ZOOM if parameters.scale_min <= _MOSAIC_ZOOM else 1.0

    def __call__(self, image: Labelled, other: Draw, random: np.random.Generator, *, plain: bool) -> Sample:
        """Return one sample; a plain one is neither joined with others nor turned by a few degrees."""
        tilt = 0.0 if plain else self._parameters.turn_degrees
        if not plain and random.random() < self._parameters.mosaic:
            sample = self._mosaic([image, other(), other(), other()], tilt, random)
        else:
            sample = self._moved(image, (self._width, self._height), tilt, random, 1.0)
        return Sample(recoloured(sample.pixels, self._parameters.colour, random), sample.classes, sample.boxes)

    def _mosaic(self, images: list[Labelled], tilt: float, random: np.random.Generator) -> Sample:
        x = round(self._width * random.uniform(0.35, 0.65))
        y = round(self._height * random.uniform(0.35, 0.65))
        pixels = np.empty((self._height, self._width, 3), np.uint8)
        classes, boxes = [], []
        corners = [(0, 0, x, y), (x, 0, self._width, y), (0, y, x, self._height), (x, y, self._width, self._height)]
        for image, (left, top, right, bottom) in zip(images, corners, strict=True):
            part = self._moved(image, (right - left, bottom - top), tilt, random, self._mosaic_zoom)
            pixels[top:bottom, left:right] = part.pixels
            classes.append(part.classes)
            boxes.append(part.boxes + np.array([left, top, left, top], np.float32))
        return Sample(pixels, np.concatenate(classes), np.concatenate(boxes))

    def _moved(self, image: Labelled, frame: Size, tilt: float, random: np.random.Generator, zoom: float) -> Sample:
        """Draw an image on a frame: zoomed and shifted first, then turned and mirrored as a whole."""
        quarters = int(random.integers(QUARTERS)) if self._parameters.quarter_turns == "Always" else 0
        degrees = float(random.uniform(-tilt, tilt))
        upright = frame[::-1] if quarters % 2 else frame
        room = frame_around(upright, degrees)
        pixels, boxes = self._zoomed(image, room, random, zoom)
        if degrees:
            pixels, boxes = tilted(pixels, boxes, upright, degrees)
        kept, boxes = visible(boxes, upright)
        pixels, boxes = np.rot90(pixels, quarters), quarter_turned(boxes, upright, quarters)
        return self._mirrored(Sample(pixels, image.item.classes[kept], boxes), random)

    def _zoomed(
        self, image: Labelled, frame: Size, random: np.random.Generator, zoom: float
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Return pixels and all boxes, also those that left the frame."""
        item, chosen = image.item, self._parameters
        scale = min(self._input[0] / item.width, self._input[1] / item.height) * zoom
        scale *= _drawn_factor(chosen.scale_min, chosen.scale_max, random)
        stretch = _drawn_factor(1 / (1 + chosen.stretch), 1 + chosen.stretch, random) ** 0.5
        across, down = scale * stretch, scale / stretch
        moved = item.boxes * np.array([across, down, across, down], np.float32)
        shown = moved[int(random.integers(len(moved)))].tolist() if len(moved) else [0.0] * 4
        if self._windows and random.random() < _ANYWHERE:
            shown = [0.0] * 4
        left = offset_showing(frame[0] - item.width * across, frame[0], (shown[0], shown[2]), random)
        top = offset_showing(frame[1] - item.height * down, frame[1], (shown[1], shown[3]), random)
        pixels = drawn(image.picture, frame, (across, down), (left, top))
        return pixels, moved + np.array([left, top, left, top], np.float32)

    def _mirrored(self, sample: Sample, random: np.random.Generator) -> Sample:
        pixels, boxes = sample.pixels, sample.boxes.copy()
        height, width = pixels.shape[:2]
        if random.random() < self._parameters.horizontal_flip:
            pixels = pixels[:, ::-1]
            boxes[:, [0, 2]] = width - boxes[:, [2, 0]]
        if random.random() < self._parameters.vertical_flip:
            pixels = pixels[::-1]
            boxes[:, [1, 3]] = height - boxes[:, [3, 1]]
        return Sample(np.ascontiguousarray(pixels), sample.classes, boxes)


def _drawn_factor(low: float, high: float, random: np.random.Generator) -> float:
    """Return a factor between the two; half and double are as likely."""
    return float(np.exp(random.uniform(np.log(low), np.log(high))))
