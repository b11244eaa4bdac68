"""The port of every engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from capforge_contracts.reading import Engine as EngineName

Pixels = NDArray[np.uint8]
"""Grey [H,W], 0 is black."""


@dataclass(frozen=True)
class FoundWord:
    """A word on a raster."""

    text: str
    box: tuple[float, float, float, float]
    """x0, y0, x1, y1 in pixels of the raster."""
    line: int
    """Words of one printed line have the same number, as far as the engine tells."""
    confidence: float
    """0-1."""


class Engine(Protocol):
    """Finds words. One call at a time."""

    @property
    def name(self) -> EngineName:
        """Which engine it is."""
        ...

    @property
    def version(self) -> str:
        """Name everything that decides which words are found: `tesseract-5.3.0+eng`."""
        ...

    @property
    def knows_lines(self) -> bool:
        """Tell whether its line numbers are those of printed lines; else they are found from the boxes."""
        ...

    def words(self, grey: Pixels) -> Sequence[FoundWord]:
        """Return the words of an upright page, [] where there is no text; raises Fault (EngineAway, ReadingTimeout)."""
        ...

    def turn(self, grey: Pixels) -> int | None:
        """Return by how many degrees clockwise (0, 90, 180, 270) the page must be turned; None: cannot tell."""
        ...
