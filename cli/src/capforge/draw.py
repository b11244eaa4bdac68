"""Boxes with class and confidence on a picture, legible on any background."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps

from capforge.errors import CliError, Exit

_PALETTE = ("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7", "#FFFFFF")
"""Okabe and Ito: told apart with every kind of colour vision."""
_FONT_SHARE = 45
"""The longer side of the picture / the height of a letter."""
_MIN_FONT_PIXELS = 11
_LINE_SHARE = 320
_PADDING_PIXELS = 2
_BRIGHT = 140
_SMALLEST_SIDE = 640
"""Smaller pictures are enlarged, so that labels fit."""


@dataclass(frozen=True)
class Detection:
    """One entity of an answer; the box is (x0, y0, x1, y1) in pixels of the upright picture."""

    name: str
    position: int
    confidence: float
    box: tuple[float, float, float, float]

    @property
    def label(self) -> str:
        """What is written at the box."""
        return f"{self.name} {self.confidence * 100:.0f}%"


def drawn(path: Path, detections: Iterable[Detection]) -> Image.Image:
    """Return the upright picture with all boxes; the most confident lie on top."""
    with Image.open(path) as file:
        image = ImageOps.exif_transpose(file).convert("RGB")
    scale = max(1.0, _SMALLEST_SIDE / max(image.size))
    if scale > 1:
        image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)
    painter = _Painter(image)
    for one in sorted(detections, key=lambda one: one.confidence):
        x0, y0, x1, y1 = (value * scale for value in one.box)
        painter.box((x0, y0, x1, y1), one.label, _PALETTE[one.position % len(_PALETTE)])
    return image


def save(image: Image.Image, path: Path) -> None:
    """Write the picture in the format of its name; raises CliError where that is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        image.save(path)
    except (ValueError, OSError) as error:
        raise CliError(
            f"cannot write {path}: {error}", "Allowed: a name ending in .png or .jpg", Exit.WRONG_USAGE
        ) from error


class _Painter:
    """Draws outlines with a dark edge, and labels on a filled ground."""

    def __init__(self, image: Image.Image) -> None:
        self._image = image
        self._draw = ImageDraw.Draw(image)
        longest = max(image.size)
        self._line = max(2, round(longest / _LINE_SHARE))
        self._font = ImageFont.load_default(max(_MIN_FONT_PIXELS, longest // _FONT_SHARE))

    def box(self, box: tuple[float, float, float, float], label: str, colour: str) -> None:
        x0, y0, x1, y1 = box
        right, bottom = max(x0, x1), max(y0, y1)
        edge = self._line + 1
        self._draw.rectangle((x0 - 1, y0 - 1, right + 1, bottom + 1), outline="black", width=edge + 1)
        self._draw.rectangle((x0, y0, right, bottom), outline=colour, width=self._line)
        self._label(x0, y0, label, colour)

    def _label(self, x: float, y: float, label: str, colour: str) -> None:
        left, top, right, bottom = self._draw.textbbox((0, 0), label, font=self._font)
        width, height = right - left + 2 * _PADDING_PIXELS, bottom - top + 2 * _PADDING_PIXELS
        x = min(max(0, x), max(0, self._image.width - width))
        y = y - height if y >= height else min(y, self._image.height - height)  # above the box, or just inside it
        self._draw.rectangle((x, y, x + width, y + height), fill=colour)
        place = (x + _PADDING_PIXELS - left, y + _PADDING_PIXELS - top)
        self._draw.text(place, label, font=self._font, fill="black" if _luminance(colour) > _BRIGHT else "white")


def _luminance(colour: str) -> float:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return 0.299 * red + 0.587 * green + 0.114 * blue
