"""Tesseract's table becomes words."""

from __future__ import annotations

import pytest

from capforge_candidates.engines.tsv import words_from

HEAD = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n"


def row(level: int, line: int, word: int, box: str, confidence: str, text: str, block: int = 1) -> str:
    return f"{level}\t1\t{block}\t1\t{line}\t{word}\t{box}\t{confidence}\t{text}\n"


def test_a_word_has_its_box_its_line_and_its_confidence() -> None:
    (word,) = words_from(
        HEAD + row(4, 1, 0, "5\t10\t200\t20", "-1", "") + row(5, 1, 1, "5\t10\t30\t20", "96.5", "TOTAL")
    )
    assert (word.text, word.box, word.line) == ("TOTAL", (5, 10, 35, 30), 0)
    assert word.confidence == pytest.approx(0.965)


def test_words_of_different_blocks_are_on_different_lines() -> None:
    table = HEAD + row(5, 1, 1, "0\t0\t9\t9", "90", "a") + row(5, 1, 1, "0\t0\t9\t9", "90", "b", block=2)
    assert [word.line for word in words_from(table)] == [0, 1]


@pytest.mark.parametrize("text", ["", "   ", "\u00a0"])
def test_words_without_text_are_left_out(text: str) -> None:
    assert words_from(HEAD + row(5, 1, 1, "0\t0\t9\t9", "95", text)) == []


def test_a_tab_or_a_quote_in_the_text_breaks_no_row() -> None:
    (word,) = words_from(HEAD + row(5, 1, 1, "0\t0\t9\t9", "95", '"5\tkg'))
    assert word.text == '"5\tkg'


@pytest.mark.parametrize(("said", "kept"), [("-1", 0.0), ("101", 1.0)])
def test_confidence_is_a_share(said: str, kept: float) -> None:
    (word,) = words_from(HEAD + row(5, 1, 1, "0\t0\t9\t9", said, "x"))
    assert word.confidence == kept


def test_a_word_of_no_width_still_has_a_box() -> None:
    (word,) = words_from(HEAD + row(5, 1, 1, "7\t8\t0\t0", "50", "|"))
    assert word.box == (7, 8, 8, 9)


def test_an_empty_table_has_no_words() -> None:
    assert words_from("") == words_from(HEAD) == []
