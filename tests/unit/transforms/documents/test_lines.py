from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capforge_contracts.reading import GivenPage, GivenWord, ReadWord
from capforge_transforms.documents import lined, words_given

PRINTED = [["Corner", "Shop", "Berlin"], ["Total", "12.00"], ["Thank", "you", "very", "much"], ["x"]]


def printed(slant: float = 0.0, gap: float = 0.012) -> list[ReadWord]:
    """Four lines, 0.02 high; `slant` is how far a line falls over the page's width."""
    words = []
    for number, line in enumerate(PRINTED):
        for position, text in enumerate(line):
            x0 = 0.1 + 0.2 * position
            top = 0.1 + number * (0.02 + gap) + slant * x0
            words.append(ReadWord(text=text, box=[x0, top, x0 + 0.15, top + 0.02], line=99))
    return words


def texts(words: list[ReadWord]) -> list[list[str]]:
    lines: dict[int, list[str]] = {}
    for word in words:
        lines.setdefault(word.line, []).append(word.text)
    return list(lines.values())


@settings(deadline=None, derandomize=True)
@given(st.randoms(use_true_random=False), st.floats(-0.035, 0.035))
def test_lines_are_found_whatever_the_order_and_a_small_slant(random: Random, slant: float):
    words = printed(slant)
    random.shuffle(words)
    assert texts(lined(words)) == PRINTED


def test_lines_are_numbered_from_the_top():
    assert [word.line for word in lined(printed())] == [0, 0, 0, 1, 1, 2, 2, 2, 2, 3]


def test_a_tall_word_stays_on_its_line():
    tall = ReadWord(text="BIG", box=[0.7, 0.092, 0.9, 0.128], line=0)
    assert texts(lined([*printed(), tall]))[0] == ["Corner", "Shop", "Berlin", "BIG"]


def test_nothing_gives_no_lines():
    assert lined([]) == []


def given_page(*lines: int | None) -> GivenPage:
    boxes = [[0.5, 0.1, 0.6, 0.12], [0.1, 0.1, 0.2, 0.12], [0.1, 0.3, 0.2, 0.32]]
    return GivenPage(
        words=[GivenWord(text=text, box=box, line=line) for text, box, line in zip("bac", boxes, lines, strict=True)]
    )


@pytest.mark.parametrize(
    ("lines", "expected"),
    [((None, None, None), [["a", "b"], ["c"]]), ((1, 0, 0), [["a", "c"], ["b"]]), ((1, None, 0), [["a", "b"], ["c"]])],
    ids=["none", "all", "some"],
)
def test_a_clients_lines_count_where_it_says_all_of_them(lines: tuple[int | None, ...], expected: list[list[str]]):
    assert texts(words_given(given_page(*lines))) == expected
