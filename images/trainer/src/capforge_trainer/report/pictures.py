"""Pictures for the page: small, as data URIs, with the places of what is drawn on them."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
import structlog
from numpy.typing import NDArray

from capforge_trainer.errors import StoppedError
from capforge_trainer.report.findings import Mistake, Picture

LONG_SIDE = 448
"""Pixels of a shown picture."""
MOST_MISTAKES = 24
MOST_MARKS = 60
"""On one picture; more could not be told apart."""
_SMALL_SIDE = 160
"""Smaller crops are enlarged to this, so that something is seen."""
_QUALITY = 78
_LOG = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Drawn:
    """One region in pixels of the shown picture."""

    points: str
    """Of an SVG polygon."""
    label: str
    truth: bool
    x: float
    y: float
    """Where its label stands."""


@dataclass(frozen=True)
class Shown:
    """One picture as the page shows it; without a source it could not be read."""

    source: str
    width: int
    height: int
    caption: str
    drawn: tuple[Drawn, ...] = ()
    undrawn: int = 0


@dataclass(frozen=True)
class ShownMistake:
    """One mistake with its pictures."""

    name: str
    what: str
    pictures: tuple[Shown, ...]


def shown(mistakes: Iterable[Mistake]) -> list[ShownMistake]:
    """Read and shrink the pictures of the first mistakes, one at a time."""
    first = [one for one, _ in zip(mistakes, range(MOST_MISTAKES), strict=False)]
    return [ShownMistake(one.name, one.what, tuple(_shown(picture) for picture in one.pictures)) for one in first]


def _shown(picture: Picture) -> Shown:
    try:
        pixels = picture.pixels()
        height, width = pixels.shape[:2]
        factor = _factor(width, height)
        small = _resized(pixels, factor)
        done, data = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    except StoppedError:
        raise
    except Exception as error:  # noqa: BLE001 - strategies read pictures as they like: one picture fewer
        _LOG.warning("a picture is missing in the report", error=str(error))
        return Shown("", 0, 0, picture.caption)
    source = "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode() if done else ""
    drawn = tuple(
        Drawn(
            " ".join(f"{x * factor:.1f},{y * factor:.1f}" for x, y in mark.outline),
            mark.label,
            mark.truth,
            round(max(0.0, min(x for x, _ in mark.outline)) * factor, 1),
            round(max(0.0, min(y for _, y in mark.outline)) * factor, 1),
        )
        for mark in picture.marks[:MOST_MARKS]
    )
    left = max(0, len(picture.marks) - MOST_MARKS)
    return Shown(source, small.shape[1], small.shape[0], picture.caption, drawn, left)


def _factor(width: int, height: int) -> float:
    long = max(width, height)
    if long > LONG_SIDE:
        return LONG_SIDE / long
    return _SMALL_SIDE / long if long < _SMALL_SIDE else 1.0


def _resized(pixels: NDArray[np.uint8], factor: float) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(np.ascontiguousarray(pixels), size, interpolation=how), np.uint8)
