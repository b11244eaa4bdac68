"""A COCO data set of drawn blood cells: `images/`, `train.json`, `dev.json`. The same seed gives the same data."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from capforge.sample.painting import Cell, background, finished, paint

CLASSES = ("RBC", "WBC", "Platelets")
WIDTH = 320
HEIGHT = 240
DEV_SHARE = 0.25
_QUALITY = 92
_TRIES = 40
_COVERED_SHARE = 0.15
"""How much of the smaller of two boxes may be covered by the other."""


@dataclass(frozen=True)
class _Kind:
    """How often a class occurs in one picture (low, high), and its radius in pixels (low, high)."""

    name: str
    count: tuple[int, int]
    radius: tuple[float, float]
    max_stretch: float


_KINDS = (
    _Kind("WBC", (1, 2), (26, 34), 1.25),
    _Kind("RBC", (7, 13), (16, 21), 1.2),
    _Kind("Platelets", (1, 5), (5, 7.5), 1.3),
)


@dataclass(frozen=True)
class Sample:
    """One picture with its cells."""

    name: str
    jpeg: bytes
    cells: list[Cell]


def draw(seed: int, number: int) -> Sample:
    """Draw picture `number` of data set `seed`."""
    rng = np.random.default_rng([seed, number])
    canvas = background(WIDTH, HEIGHT, rng)
    cells: list[Cell] = []
    for kind in _KINDS:
        for _ in range(int(rng.integers(kind.count[0], kind.count[1] + 1))):
            cell = _placed(kind, cells, rng)
            if cell is not None:
                cells.append(cell)
    for cell in sorted(cells, key=lambda cell: cell.kind != "RBC"):  # red cells lie lowest
        paint(canvas, cell, rng)
    target = io.BytesIO()
    Image.fromarray(finished(canvas, rng)).save(target, "JPEG", quality=_QUALITY)
    return Sample(f"images/cells_{number:05d}.jpg", target.getvalue(), cells)


def write(folder: Path, images: int, seed: int) -> Iterator[int]:
    """Write the data set and yield the number of pictures done after each; the JSON files come last."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    dev = max(1, round(images * DEV_SHARE))
    parts: dict[str, list[Sample]] = {"train.json": [], "dev.json": []}
    for number in range(images):
        sample = draw(seed, number)
        (folder / sample.name).write_bytes(sample.jpeg)
        parts["dev.json" if number < dev else "train.json"].append(sample)
        yield number + 1
    for name, samples in parts.items():
        (folder / name).write_text(json.dumps(_coco(samples), indent=1) + "\n")


def _placed(kind: _Kind, others: list[Cell], rng: np.random.Generator) -> Cell | None:
    """Return a cell that covers no other too much, None where there is no room."""
    for _ in range(_TRIES):
        cell = Cell(
            kind=kind.name,
            x=rng.uniform(0, WIDTH),
            y=rng.uniform(0, HEIGHT),
            radius=rng.uniform(*kind.radius),
            stretch=rng.uniform(1, kind.max_stretch),
            angle=rng.uniform(0, np.pi),
        )
        if _mostly_inside(cell) and all(_free(cell, other) for other in others):
            return cell
    return None


def _mostly_inside(cell: Cell) -> bool:
    """At most a third of a cell may lie outside: what is labelled can be told."""
    x0, y0, x1, y1 = cell.corners
    inside = _overlap((x0, y0, x1, y1), (0, 0, WIDTH, HEIGHT))
    return inside >= (x1 - x0) * (y1 - y0) * 2 / 3


def _free(cell: Cell, other: Cell) -> bool:
    smaller = min(_area(cell.corners), _area(other.corners))
    return _overlap(cell.corners, other.corners) <= _COVERED_SHARE * smaller


def _area(box: tuple[float, float, float, float]) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return max(width, 0.0) * max(height, 0.0)


def _coco(samples: list[Sample]) -> dict[str, Any]:
    annotations: list[dict[str, Any]] = []
    for image, sample in enumerate(samples, start=1):
        for cell in sample.cells:
            box = _bbox(cell)
            annotation = {
                "id": len(annotations) + 1,
                "image_id": image,
                "category_id": CLASSES.index(cell.kind) + 1,
                "bbox": box,
                "area": round(box[2] * box[3], 2),
                "iscrowd": 0,
            }
            annotations.append(annotation)
    return {
        "info": {"description": "Drawn blood cells, made by `capforge sample cells`."},
        "images": [
            {"id": image, "file_name": sample.name, "width": WIDTH, "height": HEIGHT}
            for image, sample in enumerate(samples, start=1)
        ],
        "categories": [{"id": number, "name": name} for number, name in enumerate(CLASSES, start=1)],
        "annotations": annotations,
    }


def _bbox(cell: Cell) -> list[float]:
    x0, y0, x1, y1 = cell.corners
    left, top = max(x0, 0.0), max(y0, 0.0)
    return [round(value, 2) for value in (left, top, min(x1, WIDTH) - left, min(y1, HEIGHT) - top)]
