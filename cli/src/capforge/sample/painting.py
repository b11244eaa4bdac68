"""Blood cells as a microscope shows them after a Wright stain. Pure: the same generator gives the same pixels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.float64]
"""[H,W,3], 0-255."""

_EDGE_PIXELS = 1.2
"""How soft an outline is."""


@dataclass(frozen=True)
class Cell:
    """An ellipse on the picture; lengths in pixels, angle in radians."""

    kind: str
    x: float
    y: float
    radius: float
    stretch: float
    """Long axis / short axis."""
    angle: float

    @property
    def extent(self) -> tuple[float, float]:
        """Half width and half height of the smallest upright box around it."""
        long, short = self.radius * self.stretch**0.5, self.radius / self.stretch**0.5
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        return float(np.hypot(long * cos, short * sin)), float(np.hypot(long * sin, short * cos))

    @property
    def corners(self) -> tuple[float, float, float, float]:
        """(x0, y0, x1, y1) of that box."""
        half_width, half_height = self.extent
        return self.x - half_width, self.y - half_height, self.x + half_width, self.y + half_height


def background(width: int, height: int, rng: np.random.Generator) -> Pixels:
    """Return an empty field: pale plasma under uneven light."""
    base = np.array([226.0, 208.0, 204.0]) + rng.normal(0, 5, 3)
    y, x = np.mgrid[0:height, 0:width]
    angle = rng.uniform(0, 2 * np.pi)
    light = (x / width - 0.5) * np.cos(angle) + (y / height - 0.5) * np.sin(angle)
    return np.asarray(base + light[..., None] * rng.uniform(6, 22))


def paint(canvas: Pixels, cell: Cell, rng: np.random.Generator) -> None:
    """Draw one cell onto the canvas, in place."""
    height, width = canvas.shape[:2]
    half_width, half_height = cell.extent
    left, right = max(0, int(cell.x - half_width - 3)), min(width, int(cell.x + half_width + 4))
    top, bottom = max(0, int(cell.y - half_height - 3)), min(height, int(cell.y + half_height + 4))
    y, x = np.mgrid[top:bottom, left:right].astype(float)
    _PAINTERS[cell.kind](canvas[top:bottom, left:right], _distance(cell, x, y), (x - cell.x, y - cell.y), cell, rng)


def finished(canvas: Pixels, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Add the camera: grain and a colour cast."""
    cast = rng.normal(1, 0.02, 3)
    grain = rng.normal(0, 3.0, canvas.shape)
    return np.clip(canvas * cast + grain, 0, 255).astype(np.uint8)


def _distance(cell: Cell, x: Pixels, y: Pixels) -> Pixels:
    """Return 0 at the centre, 1 on the outline."""
    cos, sin = np.cos(cell.angle), np.sin(cell.angle)
    along = (x - cell.x) * cos + (y - cell.y) * sin
    across = (y - cell.y) * cos - (x - cell.x) * sin
    long, short = cell.radius * cell.stretch**0.5, cell.radius / cell.stretch**0.5
    return np.asarray(np.hypot(along / long, across / short))


def _cover(distance: Pixels, radius: float) -> Pixels:
    """Return how much of each pixel lies inside the outline, [h,w,1]."""
    return np.asarray(np.clip((1 - distance) * radius / _EDGE_PIXELS + 0.5, 0, 1)[..., None])


def _blend(patch: Pixels, colour: Pixels, cover: Pixels) -> None:
    patch[:] = patch * (1 - cover) + colour * cover


Offsets = tuple[Pixels, Pixels]


def _red(patch: Pixels, distance: Pixels, _offsets: Offsets, cell: Cell, rng: np.random.Generator) -> None:
    """A disc with a pale centre."""
    tone = np.array([196.0, 132.0, 138.0]) + rng.normal(0, 7, 3)
    pallor = rng.uniform(14, 38) * np.exp(-((distance / rng.uniform(0.35, 0.55)) ** 2))
    rim = -14 * np.exp(-(((distance - 0.9) / 0.12) ** 2))
    _blend(patch, tone + (pallor + rim)[..., None], 0.92 * _cover(distance, cell.radius))


def _white(patch: Pixels, distance: Pixels, offsets: Offsets, cell: Cell, rng: np.random.Generator) -> None:
    """Pale violet plasma around a dark nucleus of several lobes."""
    plasma = np.array([186.0, 168.0, 206.0]) + rng.normal(0, 6, 3)
    _blend(patch, plasma + rng.normal(0, 6, patch.shape), _cover(distance, cell.radius))
    nucleus = np.array([104.0, 64.0, 148.0]) + rng.normal(0, 8, 3)
    turn = rng.uniform(0, 2 * np.pi)
    lobes = int(rng.integers(2, 5))
    for lobe in range(lobes):
        angle = turn + lobe * 2 * np.pi / lobes
        away = 0.36 * cell.radius
        size = cell.radius * rng.uniform(0.36, 0.46)
        place = (offsets[0] - away * np.cos(angle), offsets[1] - away * np.sin(angle))
        cover = _cover(np.asarray(np.hypot(*place) / size), size)
        _blend(patch, nucleus + rng.normal(0, 7, patch.shape), cover)


def _platelet(patch: Pixels, distance: Pixels, _offsets: Offsets, cell: Cell, rng: np.random.Generator) -> None:
    """A small violet grain."""
    tone = np.array([142.0, 104.0, 172.0]) + rng.normal(0, 8, 3)
    _blend(patch, tone + rng.normal(0, 12, patch.shape), _cover(distance, cell.radius))


_PAINTERS: dict[str, Callable[[Pixels, Pixels, Offsets, Cell, np.random.Generator], None]] = {
    "RBC": _red,
    "WBC": _white,
    "Platelets": _platelet,
}
