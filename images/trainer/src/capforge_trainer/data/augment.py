"""How a training image is changed: zoomed, shifted, joined with others, mirrored, recoloured.

Every draw comes from the generator that is given, so a sample depends on (seed, epoch, index) alone, not on threads.
Zooming resamples once, by area averaging as serving's letterbox does; torchvision's transforms do the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torchvision import tv_tensors
from torchvision.transforms.v2 import functional

from capforge_trainer.config import AugmentationParameters
from capforge_trainer.data.items import Item
from capforge_trainer.data.pictures import Picture
from capforge_transforms.letterbox import PADDING

_VISIBLE_SHARE = 0.3
_SMALLEST_SIDE_PIXELS = 2.0
"""An object of which less is left after zooming is no longer taught."""
_HUE_SHARE = 0.1
_HUE_PROBABILITY = 0.25
"""Hue is the dearest change (5 ms): rarely, and little."""
_MOSAIC_ZOOM = 0.75
"""Images in a mosaic are drawn somewhat smaller, else four would hardly fit."""


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

    def __init__(self, parameters: AugmentationParameters, width: int, height: int) -> None:
        """Make samples of this size in pixels."""
        self._parameters = parameters
        self._width, self._height = width, height

    def __call__(self, image: Labelled, other: Draw, random: np.random.Generator, *, mosaic: bool) -> Sample:
        """Return one sample."""
        if mosaic and random.random() < self._parameters.mosaic:
            sample = self._mosaic([image, other(), other(), other()], random)
        else:
            sample = self._zoomed(image, (self._width, self._height), random, 1.0)
        return self._recoloured(self._mirrored(sample, random), random)

    def _mosaic(self, images: list[Labelled], random: np.random.Generator) -> Sample:
        x = round(self._width * random.uniform(0.35, 0.65))
        y = round(self._height * random.uniform(0.35, 0.65))
        pixels = np.empty((self._height, self._width, 3), np.uint8)
        classes, boxes = [], []
        corners = [(0, 0, x, y), (x, 0, self._width, y), (0, y, x, self._height), (x, y, self._width, self._height)]
        for image, (left, top, right, bottom) in zip(images, corners, strict=True):
            part = self._zoomed(image, (right - left, bottom - top), random, _MOSAIC_ZOOM)
            pixels[top:bottom, left:right] = part.pixels
            classes.append(part.classes)
            boxes.append(part.boxes + np.array([left, top, left, top], np.float32))
        return Sample(pixels, np.concatenate(classes), np.concatenate(boxes))

    def _zoomed(self, image: Labelled, frame: tuple[int, int], random: np.random.Generator, base: float) -> Sample:
        item, zoom = image.item, self._zoom(random) * base
        scale = min(self._width / item.width, self._height / item.height) * zoom
        left = _offset(frame[0] - item.width * scale, random)
        top = _offset(frame[1] - item.height * scale, random)
        pixels = drawn(image.picture, frame, scale, (left, top))
        moved = item.boxes * np.float32(scale) + np.array([left, top, left, top], np.float32)
        kept, boxes = visible(moved, frame)
        return Sample(pixels, item.classes[kept], boxes)

    def _zoom(self, random: np.random.Generator) -> float:
        low, high = np.log(self._parameters.scale_min), np.log(self._parameters.scale_max)
        return float(np.exp(random.uniform(low, high)))

    def _mirrored(self, sample: Sample, random: np.random.Generator) -> Sample:
        across = random.random() < self._parameters.horizontal_flip
        down = random.random() < self._parameters.vertical_flip
        if not across and not down:
            return sample
        size = (self._height, self._width)
        pixels = torch.from_numpy(sample.pixels).permute(2, 0, 1)
        boxes = tv_tensors.BoundingBoxes(torch.from_numpy(sample.boxes), format="XYXY", canvas_size=size)
        for flip in [functional.horizontal_flip] * across + [functional.vertical_flip] * down:
            pixels, boxes = flip(pixels), flip(boxes)
        return Sample(_image(pixels), sample.classes, boxes.as_subclass(torch.Tensor).numpy())

    def _recoloured(self, sample: Sample, random: np.random.Generator) -> Sample:
        strength = self._parameters.colour
        if strength == 0:
            return sample
        pixels = torch.from_numpy(sample.pixels).permute(2, 0, 1)
        for change in (functional.adjust_brightness, functional.adjust_contrast, functional.adjust_saturation):
            pixels = change(pixels, random.uniform(1 - strength, 1 + strength))
        if random.random() < _HUE_PROBABILITY:
            pixels = functional.adjust_hue(pixels, random.uniform(-_HUE_SHARE, _HUE_SHARE) * strength)
        return Sample(_image(pixels), sample.classes, sample.boxes)


def drawn(picture: Picture, frame: tuple[int, int], scale: float, offset: tuple[float, float]) -> NDArray[np.uint8]:
    """Return a grey frame (width, height) with the picture drawn on it.

    `scale` is frame pixels per pixel of the original file, `offset` the place of its left top corner; what leaves the
    frame is cut before it is resampled, so a large zoom costs no more than a small one.
    """
    canvas = np.full((frame[1], frame[0], 3), PADDING, np.uint8)
    scale *= picture.factor
    rows, columns = picture.pixels.shape[:2]
    across = _span(offset[0], columns, scale, frame[0])
    down = _span(offset[1], rows, scale, frame[1])
    cut = picture.pixels[down.source, across.source]
    target = canvas[down.target, across.target]
    if cut.size == 0 or target.size == 0:
        return canvas
    shrinks = cut.shape[0] > target.shape[0] or cut.shape[1] > target.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    target[:] = cv2.resize(cut, (target.shape[1], target.shape[0]), interpolation=how)
    return canvas


def visible(boxes: NDArray[np.float32], frame: tuple[int, int]) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """Return which boxes [G,4] are still visible enough in the frame (width, height), and those cut to it."""
    cut = np.clip(boxes, 0, np.array([*frame, *frame], np.float32))
    sides, before = cut[:, 2:] - cut[:, :2], boxes[:, 2:] - boxes[:, :2]
    share = sides.prod(axis=1) / np.maximum(before.prod(axis=1), 1e-6)
    kept = (share >= _VISIBLE_SHARE) & (sides.min(axis=1, initial=np.inf) >= _SMALLEST_SIDE_PIXELS)
    return kept, cut[kept]


@dataclass(frozen=True)
class _Span:
    source: slice
    target: slice


def _span(offset: float, length: int, scale: float, room: int) -> _Span:
    """Return which pixels of a picture's side fall on which pixels of the frame's side."""
    start, stop = max(0.0, -offset / scale), min(float(length), (room - offset) / scale)
    first, last = int(start), min(length, int(np.ceil(stop)))
    left, right = round(first * scale + offset), round(last * scale + offset)
    return _Span(slice(first, last), slice(max(0, left), min(room, right)))


def _offset(slack: float, random: np.random.Generator) -> float:
    return float(random.uniform(min(slack, 0.0), max(slack, 0.0)))


def _image(pixels: torch.Tensor) -> NDArray[np.uint8]:
    return np.ascontiguousarray(pixels.permute(1, 2, 0).numpy())
