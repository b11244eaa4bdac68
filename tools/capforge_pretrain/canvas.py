"""An empty page that texts are written on: boxes of words, and which field's value each word is part of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

CHARACTER_WIDTH = 0.52
"""Of a character, as a share of the text's height."""


@dataclass
class Ink:
    """One word on the page."""

    text: str
    box: tuple[float, float, float, float]
    """x0, y0, x1, y1 in canvas units."""
    run: int
    """Words that were written together have the same number."""
    concept: str = ""
    """What the word is part of; empty: nothing that is asked for."""


@dataclass(frozen=True)
class Piece:
    """A text, and what it is."""

    text: str
    concept: str = ""


Line = Sequence[Piece]


def line(*pieces: Piece | str) -> list[Piece]:
    """Return a line of pieces; plain strings are nothing that is asked for."""
    return [Piece(piece) if isinstance(piece, str) else piece for piece in pieces if piece]


@dataclass
class Canvas:
    """A page of `width` units and as high as what is written on it."""

    random: Random
    width: float
    size: float
    """Height of the usual text."""
    spacing: float
    """From line to line, as a multiple of the height."""
    top: float = 0.0
    inks: list[Ink] = field(default_factory=list)
    runs: int = 0

    def write(
        self, pieces: Line, x: float, *, align: str = "left", scale: float = 1.0, y: float | None = None
    ) -> float:
        """Write one line at x (its left end, middle or right end); return its right end."""
        size = self.size * scale
        words = [(word, piece.concept) for piece in pieces for word in piece.text.split()]
        step = size * CHARACTER_WIDTH
        length = sum(len(word) + 1 for word, _ in words) * step - step
        left = x - {"left": 0.0, "middle": length / 2, "right": length}[align]
        top = self.top if y is None else y
        self.runs += 1
        for word, concept in words:
            right = left + len(word) * step
            self.inks.append(Ink(word, (left, top, right, top + size), self.runs, concept))
            left = right + step
        return left

    def down(self, lines: float = 1.0, scale: float = 1.0) -> None:
        """Go on below."""
        self.top += self.size * scale * self.spacing * lines

    def gap(self, most: float = 2.0) -> None:
        """Leave some room."""
        self.top += self.size * self.random.uniform(0.2, most)
