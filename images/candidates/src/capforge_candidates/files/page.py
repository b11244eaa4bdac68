"""A page as it came out of its file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from capforge_candidates.engines.port import FoundWord, Pixels


@dataclass(frozen=True)
class RawPage:
    """One page; its pixels are made when they are asked for, so that one page at a time is in memory."""

    pixels: Callable[[], Pixels]
    """Grey [H,W], as the file shows it; raises Fault."""
    text: Sequence[FoundWord] | None = None
    """Words that the file itself holds, in the pixels of `pixels()`; None: it has none that can be relied on."""
    text_turn: int = 0
    """Degrees clockwise that make that text upright."""


@dataclass(frozen=True)
class Limits:
    """What is read at most."""

    max_pages: int
    max_pixels: int
    max_words: int = 5_000
    """On one page."""
