"""A page is read the way up that gives most; an upright one is read once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from capforge_candidates.contrast import clearer
from capforge_candidates.engines.port import FoundWord, Pixels
from capforge_candidates.raster import turned
from capforge_candidates.upright import read_upright
from capforge_contracts.reading import Engine as EngineName

PAGE = np.arange(12, dtype=np.uint8).reshape(3, 4)


@dataclass
class OneWayUp:
    """An engine that reads well only where the first pixel is the darkest, and says what it is told about turns."""

    hint: int | None = None
    letters: int = 60
    seen: list[int] = field(default_factory=list)
    name = EngineName.TESSERACT
    version = "one-way-up"
    knows_lines = True

    def words(self, grey: Pixels) -> Sequence[FoundWord]:
        self.seen.append(int(grey[0, 0]))
        upright = grey[0, 0] == 0 and grey.shape == PAGE.shape
        return [FoundWord("a" * self.letters, (0, 0, 1, 1), 0, 0.9 if upright else 0.2)] if self.letters else []

    def turn(self, grey: Pixels) -> int | None:  # noqa: ARG002 - it is told
        return self.hint


def test_an_upright_page_is_read_once() -> None:
    engine = OneWayUp()
    turn, page, _ = read_upright(engine, PAGE)
    assert (turn, len(engine.seen)) == (0, 1)
    assert np.array_equal(page, PAGE)


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_turned_page_is_turned_back(degrees: int) -> None:
    turn, page, words = read_upright(OneWayUp(), turned(PAGE, 360 - degrees))
    assert turn == degrees
    assert np.array_equal(page, PAGE)
    assert words[0].confidence == 0.9


def test_a_right_hint_saves_the_other_ways() -> None:
    engine = OneWayUp(hint=270)
    turn, _, _ = read_upright(engine, turned(PAGE, 90))
    assert (turn, len(engine.seen)) == (270, 2)


def test_a_wrong_hint_does_not_decide() -> None:
    turn, _, _ = read_upright(OneWayUp(hint=90), turned(PAGE, 180))
    assert turn == 180


def test_a_page_without_text_stays_as_it_is() -> None:
    turn, page, words = read_upright(OneWayUp(letters=0), PAGE)
    assert (turn, list(words)) == (0, [])
    assert np.array_equal(page, PAGE)


def test_what_is_faded_is_read_once_more_with_black_ink() -> None:
    page = np.full((200, 300), 255, np.uint8)
    page[60:80, 40:260:4] = 215

    class SeesDark(OneWayUp):
        def words(self, grey: Pixels) -> Sequence[FoundWord]:
            self.seen.append(int(grey.min()))
            return [FoundWord("a" * 60, (0, 0, 1, 1), 0, 0.9 if grey.min() < 180 else 0.62)]

    engine = SeesDark()
    turn, upright, words = read_upright(engine, page)
    assert (turn, words[0].confidence, len(engine.seen)) == (0, 0.9, 2)
    assert np.array_equal(upright, page), "the picture stays that of the page"


@pytest.mark.parametrize("shade", [0, 128, 255])
def test_an_even_page_stays_even(shade: int) -> None:
    clear = clearer(np.full((40, 50), shade, np.uint8))
    assert clear.min() == clear.max()
