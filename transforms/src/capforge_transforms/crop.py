"""A region of a picture as a classifier or embedder sees it: the same pixels in training and at prediction.

The region's rectangle lies anywhere and at any angle; each pixel of the crop is the mean of the bilinear samples that
fall on it, at least one for each pixel of the picture, so that nothing small is lost where the region is shrunk.
Outside the picture everything is zero, as if it had been padded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from capforge_contracts.run import CropForm, CropSettings

_LEAST_SIDE_PIXELS = 1.0
"""Of a rectangle: a polygon may be a mere line."""
_MOST_SIDE_PIXELS = 4096
"""A larger rectangle is cut out of a picture that is made smaller first: bounds the memory (50 MB), whatever is asked
for."""
_SPARED = 0.05
"""So much more than a whole number of pixels asks for no further sample: else rounding would decide."""
_MARGIN_PIXELS = 2
"""What interpolation sees around the cut."""
_AS_LONG = 1.001
"""Sides whose ratio is less are of one length: rounding must not decide how a square is turned."""


@dataclass(frozen=True)
class Region:
    """Where something is, in pixels of the upright picture; all numbers finite."""

    box: Sequence[float]
    """xyxy; of a polygon the box around it."""
    polygon: Sequence[float] | None = None
    """x0, y0, x1, y1, … of at least three corners."""


@dataclass(frozen=True)
class _Rectangle:
    """A rectangle at any angle, pixels."""

    centre: NDArray[np.float64]
    across: NDArray[np.float64]
    """From the left edge to the right one, [2]; the way down is a quarter turn clockwise from here."""
    height: float

    @property
    def width(self) -> float:
        return float(np.hypot(*self.across))

    @property
    def down(self) -> NDArray[np.float64]:
        return np.array([-self.across[1], self.across[0]]) * (self.height / self.width)


def crops(pixels: NDArray[np.uint8], regions: Sequence[Region], settings: CropSettings) -> NDArray[np.uint8]:
    """Return the regions of one picture (uint8 RGB [H,W,3], upright) as uint8 [N,height,width,3]."""
    cut = np.zeros((len(regions), settings.height, settings.width, 3), np.uint8)
    for index, region in enumerate(regions):
        cut[index] = crop(pixels, region, settings)
    return cut


def crop(pixels: NDArray[np.uint8], region: Region, settings: CropSettings) -> NDArray[np.uint8]:
    """Return one region as uint8 [height,width,3]; zero where the region lies outside the picture."""
    rectangle = _grown(_rectangle(region, settings.form), settings)
    steps = _steps(rectangle.width, settings.width), _steps(rectangle.height, settings.height)
    size = settings.width * steps[0], settings.height * steps[1]
    samples = _sampled(pixels, rectangle, size)
    if steps == (1, 1):
        return samples
    return np.asarray(cv2.resize(samples, (settings.width, settings.height), interpolation=cv2.INTER_AREA), np.uint8)


def touches(region: Region, width: int, height: int) -> bool:
    """Tell whether any of the region's box lies in a picture of this size, pixels."""
    x0, y0, x1, y1 = region.box
    return x0 < width and y0 < height and x1 > 0 and y1 > 0


def sides(region: Region, settings: CropSettings) -> tuple[float, float]:
    """Return width and height of what a crop shows, in pixels of the picture."""
    rectangle = _grown(_rectangle(region, settings.form), settings)
    return rectangle.width, rectangle.height


def _rectangle(region: Region, form: CropForm) -> _Rectangle:
    if region.polygon is None or form is CropForm.UPRIGHT:
        x0, y0, x1, y1 = (float(one) for one in region.box)
        across = np.array([max(x1 - x0, _LEAST_SIDE_PIXELS), 0.0])
        return _Rectangle(np.array([x0 + x1, y0 + y1]) / 2, across, max(y1 - y0, _LEAST_SIDE_PIXELS))
    corners = np.asarray(region.polygon, np.float64).reshape(-1, 2)
    origin = corners.mean(axis=0)  # the library counts in float32
    around = cv2.boxPoints(cv2.minAreaRect((corners - origin).astype(np.float32))).astype(np.float64)
    return _turned(around.mean(axis=0) + origin, around[1] - around[0], around[2] - around[1])


def _turned(centre: NDArray[np.float64], one: NDArray[np.float64], other: NDArray[np.float64]) -> _Rectangle:
    """Return the rectangle with its longer side across, of equal ones the one that is nearer to the horizontal."""
    first, second = float(np.hypot(*one)), float(np.hypot(*other))
    alike = max(first, second) <= min(first, second) * _AS_LONG
    swap = abs(other[0]) > abs(one[0]) if alike else second > first
    across, height = (other, first) if swap else (one, second)
    if max(first, second) < _LEAST_SIDE_PIXELS:
        across = np.array([_LEAST_SIDE_PIXELS, 0.0])
    rightwards = across[0] > 0 or (across[0] == 0 and across[1] > 0)
    return _Rectangle(centre, across if rightwards else -across, max(height, _LEAST_SIDE_PIXELS))


def _grown(rectangle: _Rectangle, settings: CropSettings) -> _Rectangle:
    padding = 2 * settings.padding_pixels
    width = rectangle.width * settings.scale + padding
    height = rectangle.height * settings.scale + padding
    across = rectangle.across / rectangle.width * max(width, _LEAST_SIDE_PIXELS)
    return _Rectangle(rectangle.centre, across, max(height, _LEAST_SIDE_PIXELS))


def _steps(side: float, target: int) -> int:
    """Return how many samples a pixel of the crop takes along one side."""
    return max(1, int(np.ceil(min(side, _MOST_SIDE_PIXELS) / target - _SPARED)))


def _sampled(pixels: NDArray[np.uint8], rectangle: _Rectangle, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return size (width, height) samples of the rectangle, evenly spread."""
    across, down = rectangle.across / size[0], rectangle.down / size[1]
    first = rectangle.centre - (rectangle.across + rectangle.down) / 2 + (across + down) / 2
    corners = [first + a * (size[0] - 1) * across + d * (size[1] - 1) * down for a in (0, 1) for d in (0, 1)]
    left, top = _inside(np.min(corners, axis=0), pixels)
    right, bottom = _inside(np.max(corners, axis=0) + 2 * _MARGIN_PIXELS, pixels)
    if left >= right or top >= bottom:
        return np.zeros((size[1], size[0], 3), np.uint8)
    cut, shrunk = _shrunk(pixels[top:bottom, left:right], rectangle)
    # A pixel's sample is its centre: half a pixel from its corner, before shrinking and after it.
    start = (first - (left, top)) * shrunk - 0.5
    matrix = np.column_stack([across * shrunk, down * shrunk, start])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = cv2.warpAffine(cut, matrix, size, flags=flags, borderMode=cv2.BORDER_CONSTANT, borderValue=(0, 0, 0))
    return np.asarray(warped, np.uint8)


def _inside(point: NDArray[np.float64], pixels: NDArray[np.uint8]) -> tuple[int, int]:
    """Return the whole pixel of the picture, or just beyond it, with a margin before the point."""
    height, width = pixels.shape[:2]
    x, y = np.clip(np.floor(point) - _MARGIN_PIXELS, 0, (width, height))
    return int(x), int(y)


def _shrunk(cut: NDArray[np.uint8], rectangle: _Rectangle) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Return a picture made smaller where the rectangle is very large, and by how much [2] (x, y)."""
    factor = int(np.ceil(max(rectangle.width, rectangle.height) / _MOST_SIDE_PIXELS))
    if factor == 1:
        return cut, np.ones(2)
    before = np.array(cut.shape[1::-1])
    after = np.maximum(np.round(before / factor), 1).astype(int)
    smaller = cv2.resize(cut, (int(after[0]), int(after[1])), interpolation=cv2.INTER_AREA)
    return np.asarray(smaller, np.uint8), after / before
