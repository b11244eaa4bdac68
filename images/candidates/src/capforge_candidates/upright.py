"""Which way up a page is, and whether it must be made clearer to be read.

The engine reads the page as it is; only where that gives little does it try the other ways, and the one with the most
text that the engine is sure of wins. What is still read badly is tried once more with even paper and black ink. So an
upright page in good print costs one run, as it would without this.
"""

from __future__ import annotations

from collections.abc import Sequence

from capforge_candidates.contrast import clearer
from capforge_candidates.engines.port import Engine, FoundWord, Pixels
from capforge_candidates.raster import turned

_UPRIGHT = ((40, 0.6), (8, 0.8))
"""So many letters, read with that confidence in the mean: certainly the right way up."""
_LEGIBLE = ((40, 0.75), (8, 0.8))
"""Read as well as it can be (benchmarks/ocr): a quarter of real receipts is not, and gains by more contrast."""
_TURNS = (0, 180, 90, 270)


def read_upright(engine: Engine, grey: Pixels) -> tuple[int, Pixels, Sequence[FoundWord]]:
    """Return the degrees clockwise that were applied, the upright page, its words; raises Fault."""
    turn, words = _best_way_up(engine, grey)
    if not _reaches(words, _LEGIBLE):
        clear_turn, clear_words = _read_clearer(engine, grey, turn, sure_of_turn=_letters(words) >= _LEGIBLE[0][0])
        if certainty(clear_words) > certainty(words):
            turn, words = clear_turn, clear_words
    return turn, turned(grey, turn), words


def certainty(words: Sequence[FoundWord]) -> float:
    """Return how much was read, in letters, each counted as much as the engine is sure of it."""
    return sum(_letters([word]) * word.confidence for word in words)


def _read_clearer(engine: Engine, grey: Pixels, turn: int, *, sure_of_turn: bool) -> tuple[int, Sequence[FoundWord]]:
    clear = clearer(grey)
    words = engine.words(turned(clear, turn))
    if sure_of_turn or not words or _reaches(words, _UPRIGHT):
        return turn, words
    return _best_way_up(engine, clear)


def _best_way_up(engine: Engine, grey: Pixels) -> tuple[int, Sequence[FoundWord]]:
    words = engine.words(grey)
    if _reaches(words, _UPRIGHT):
        return 0, words
    hint = engine.turn(grey)
    tried = {0: words}
    for turn in sorted(_TURNS, key=lambda turn: turn != hint):
        if turn not in tried:
            tried[turn] = engine.words(turned(grey, turn))
        if turn == hint and turn != 0 and _reaches(tried[turn], _UPRIGHT):
            break
    best = max(tried, key=lambda turn: (certainty(tried[turn]), turn == 0))
    return best, tried[best]


def _reaches(words: Sequence[FoundWord], bars: Sequence[tuple[int, float]]) -> bool:
    letters = _letters(words)
    return any(letters >= least and certainty(words) >= confidence * letters for least, confidence in bars)


def _letters(words: Sequence[FoundWord]) -> int:
    return sum(sum(map(str.isalnum, word.text)) for word in words)
