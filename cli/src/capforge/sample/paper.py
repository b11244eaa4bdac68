"""A sheet of paper to print words on: the picture, and where every word stands."""

from __future__ import annotations

import io
from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageDraw, ImageFont

Box = tuple[int, int, int, int]
"""x0, y0, x1, y1 in pixels, origin top-left."""
_INK = 30
_NOISE_SIGMA = 6.0
_QUALITY = 85


@dataclass(frozen=True)
class PrintedLine:
    """Words that stand side by side, with their boxes."""

    words: list[tuple[str, Box]]

    @property
    def text(self) -> str:
        """The words with spaces between them."""
        return " ".join(word for word, _ in self.words)

    @property
    def box(self) -> Box:
        """The union of the words' boxes."""
        boxes = [box for _, box in self.words]
        return (
            min(box[0] for box in boxes),
            min(box[1] for box in boxes),
            max(box[2] for box in boxes),
            max(box[3] for box in boxes),
        )


@dataclass
class Sheet:
    """An upright page; `lines` grows as it is printed on."""

    width: int
    height: int
    lines: list[PrintedLine] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._image = Image.new("L", (self.width, self.height), 250)
        self._draw = ImageDraw.Draw(self._image)

    def print(self, text: str, x: float, y: float, size: int, align: str = "left") -> None:
        """Print words from x (left), around it (centre) or up to it (right); y is the line's top."""
        font = ImageFont.load_default(size)
        space = font.getlength(" ")
        widths = [font.getlength(word) for word in text.split()]
        whole = sum(widths) + space * (len(widths) - 1)
        at = x - {"left": 0.0, "centre": whole / 2, "right": whole}[align]
        words: list[tuple[str, Box]] = []
        for word, width in zip(text.split(), widths, strict=True):
            self._draw.text((at, y), word, fill=_INK, font=font)
            left, top, right, bottom = self._draw.textbbox((at, y), word, font=font)
            words.append((word, (round(left), round(top), round(right), round(bottom))))
            at += width + space
        self.lines.append(PrintedLine(words))

    def rule(self, y: float, margin: int) -> None:
        """Draw a thin line across the page."""
        self._draw.line([(margin, y), (self.width - margin, y)], fill=_INK, width=1)

    def jpeg(self, rng: np.random.Generator) -> bytes:
        """Return the page as a scanner gives it: a little noise, a little grey."""
        pixels = np.asarray(self._image, dtype=np.float64) + rng.normal(0, _NOISE_SIGMA, (self.height, self.width))
        target = io.BytesIO()
        Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(target, "JPEG", quality=_QUALITY)
        return target.getvalue()
