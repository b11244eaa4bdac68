"""What pictures are drawn of: textured backgrounds, filled outlines, letters. All chance comes from the generator."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

Random = np.random.Generator
Outline = NDArray[np.float64]
"""Corners [K,2] around (0, 0); x to the right, y down."""
Colour = tuple[float, float, float]
"""RGB, 0-255."""

_FINER = 4
"""Masks are drawn this many times as large, then averaged: smooth edges."""
_PRINTED = 0.75
"""Share of a page's lines; the rest are gaps."""
_LEAST_SHOWN = 0.35
"""Share of an object's box that must lie in the picture for it to be labelled, as a person would."""


@dataclass
class Scene:
    """A picture while it is drawn."""

    pixels: NDArray[np.float32]
    """[H,W,3], 0-255."""
    objects: list[tuple[str, tuple[float, float, float, float]]] = field(default_factory=list)
    """Class and box, xyxy in pixels."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        height, width = self.pixels.shape[:2]
        return width, height

    def put(self, outline: Outline, colour: Colour, random: Random, name: str | None = None) -> None:
        """Fill an outline given in pixels of the picture; with a name it is an object."""
        low, high = outline.min(axis=0), outline.max(axis=0)
        left, top = np.maximum(np.floor(low), 0).astype(int)
        right, bottom = np.minimum(np.ceil(high), self.size).astype(int)
        if left >= right or top >= bottom:
            return
        mask = np.zeros(((bottom - top) * _FINER, (right - left) * _FINER), np.uint8)
        cv2.fillPoly(mask, [np.round((outline - (left, top)) * _FINER).astype(np.int32)], 255)
        self._mix(mask, (left, top, right, bottom), colour, random)
        if name is not None:
            self.label(name, (*low, *high))

    def write(
        self, letter: str, place: tuple[float, float], height: float, ink: float, random: Random
    ) -> NDArray[np.float64]:
        """Write a letter whose left top is at the place; return its box."""
        scale, thick = height * _FINER / 21, max(1, round(height * _FINER / 8))
        (width, tall), _ = cv2.getTextSize(letter, cv2.FONT_HERSHEY_SIMPLEX, scale, thick)
        mask = np.zeros((tall + 4 * thick, width + 4 * thick), np.uint8)
        cv2.putText(
            mask, letter, (2 * thick, tall + 2 * thick), cv2.FONT_HERSHEY_SIMPLEX, scale, 255, thick, cv2.LINE_AA
        )
        rows, columns = np.nonzero(mask)
        mask = mask[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        mask = np.pad(mask, ((0, -mask.shape[0] % _FINER), (0, -mask.shape[1] % _FINER)))
        left, top = int(place[0]), int(place[1])
        right, bottom = left + mask.shape[1] // _FINER, top + mask.shape[0] // _FINER
        cut = mask[: (min(bottom, self.size[1]) - top) * _FINER, : (min(right, self.size[0]) - left) * _FINER]
        if cut.size:
            self._mix(cut, (left, top, min(right, self.size[0]), min(bottom, self.size[1])), (ink, ink, ink), random)
        return np.array([left, top, right, bottom], np.float64)

    def label(self, name: str, box: tuple[float, ...] | NDArray[np.float64]) -> None:
        """Note an object, its box cut to the picture; one that is hardly in it is none."""
        edges = np.asarray(box, np.float64)
        cut = np.clip(edges, 0, [*self.size, *self.size])
        if np.prod(cut[2:] - cut[:2]) >= _LEAST_SHOWN * np.prod(edges[2:] - edges[:2]):
            left, top, right, bottom = cut.tolist()
            self.objects.append((name, (left, top, right, bottom)))

    def _mix(self, mask: NDArray[np.uint8], box: tuple[int, int, int, int], colour: Colour, random: Random) -> None:
        left, top, right, bottom = box
        smooth = cv2.resize(mask, (right - left, bottom - top), interpolation=cv2.INTER_AREA)
        share = smooth[..., None].astype(np.float32) / 255
        grain = random.normal(0, 4, (bottom - top, right - left, 1)).astype(np.float32)
        part = self.pixels[top:bottom, left:right]
        part += share * (np.array(colour, np.float32) + grain - part)


def photograph(width: int, height: int, random: Random, clutter: int = 6) -> Scene:
    """Return a background of blotches in several sizes, with things on it that are no objects."""
    pixels = np.zeros((height, width, 3), np.float32) + random.uniform(70, 170, 3).astype(np.float32)
    for cells, strength in ((3, 30), (8, 22), (24, 16), (80, 10)):
        blotches = random.normal(0, strength, (cells, cells, 3)).astype(np.float32)
        pixels += cv2.resize(blotches, (width, height), interpolation=cv2.INTER_CUBIC)
    scene = Scene(pixels)
    for _ in range(clutter):
        centre, sides = random.uniform(0, 1, 2) * (width, height), random.uniform(0.02, 0.2, 2) * min(width, height)
        blob = placed(blob_of(random), centre, sides, random.uniform(0, 360))
        scene.put(blob, some_colour(random), random)
    return scene


def paper(width: int, height: int, random: Random) -> Scene:
    """Return a page with lines of small print."""
    page = np.full((height, width, 3), random.uniform(235, 252), np.uint8)
    top = random.uniform(0.04, 0.08) * height
    while top < height * 0.95:
        if random.random() < _PRINTED:
            words = "".join(random.choice(list("abcdefghijklmnopqrstuvwxyz      "), int(random.uniform(24, 54))))
            place = int(width * 0.06), int(top)
            cv2.putText(page, words, place, cv2.FONT_HERSHEY_PLAIN, 0.75, (70, 70, 75), 1, cv2.LINE_AA)
        top += 14
    return Scene(page.astype(np.float32))


def grained(scene: Scene, strength: float, random: Random) -> Scene:
    """Add a sensor's noise."""
    scene.pixels += random.normal(0, strength, scene.pixels.shape).astype(np.float32)
    return scene


def placed(
    outline: Outline, centre: NDArray[np.float64], sides: NDArray[np.float64] | float, degrees: float = 0.0
) -> Outline:
    """Return a unit outline stretched to these sides, turned clockwise, moved."""
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.asarray((outline * np.asarray(sides) / 2) @ turn.T + centre)


def some_colour(random: Random) -> Colour:
    """Return any colour."""
    red, green, blue = random.uniform(20, 235, 3).tolist()
    return red, green, blue


def blob_of(random: Random) -> Outline:
    """Return a rounded outline that no two objects share."""
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    reach = 1 + 0.25 * np.sin(3 * angles + random.uniform(0, 6)) + 0.2 * np.sin(2 * angles + random.uniform(0, 6))
    return np.column_stack([np.cos(angles), np.sin(angles)]) * reach[:, None] / 1.3


def round_of(corners: int) -> Outline:
    """Return a regular outline, one corner on top."""
    angles = np.arange(corners) * 2 * np.pi / corners - np.pi / 2
    return np.column_stack([np.cos(angles), np.sin(angles)])


def star() -> Outline:
    """Return a star of five rays."""
    outline = round_of(10)
    outline[1::2] *= 0.45
    return outline


DISC, TRIANGLE, STAR = round_of(40), round_of(3), star()
SQUARE = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float64)
CROSS = np.array(
    [[-1, -3], [1, -3], [1, -1], [3, -1], [3, 1], [1, 1], [1, 3], [-1, 3], [-1, 1], [-3, 1], [-3, -1], [-1, -1]],
    np.float64,
) / 3  # fmt: skip
ARROW = np.array([[1, 0], [0, -0.9], [0, -0.35], [-1, -0.35], [-1, 0.35], [0, 0.35], [0, 0.9]], np.float64)
"""Points to the right."""
FLAG = np.array([[-0.9, -1], [0.9, -0.45], [-0.45, 0.1], [-0.45, 1], [-0.9, 1]], np.float64)
"""Flies to the right of its pole."""
