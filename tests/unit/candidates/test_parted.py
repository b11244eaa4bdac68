from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capforge_candidates.parted import parted
from capforge_contracts.reading import ReadWord
from capforge_transforms.documents.text import text_of
from tests.unit.candidates.values.printed import seeded

MAX_SECONDS = 2.0
"""Of the processor, for a thousand words of 256 characters."""


def word(text: str) -> ReadWord:
    return ReadWord(text=text, box=[0.1, 0.2, 0.5, 0.25], line=3)


def pieces(text: str) -> list[str]:
    return [piece.text for piece in parted([word(text)])]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Nr.:4711", ["Nr.:", "4711"]),
        ("N.º:AB-1/2", ["N.º:", "AB-1/2"]),
        ("T:+49", ["T:", "+49"]),
        ("Name:Müller-Lüdenscheidt", ["Name:", "Müller-Lüdenscheidt"]),
        ("E-Mail:anna@x.de", ["E-Mail:", "anna@x.de"]),
        ("Web:https://x.de/a", ["Web:", "https://x.de/a"]),
        ("Né(e)le:01.05.1980", ["Né(e)le:", "01.05.1980"]),
        ("Sub:Total:12.30", ["Sub:", "Total:", "12.30"]),
        ("Sum=5", ["Sum=", "5"]),
        ("Tel.030", ["Tel.", "030"]),
        ("Tel.+49", ["Tel.", "+49"]),
        ("Tel.(030)", ["Tel.", "(030)"]),
        ("Invoice#123", ["Invoice", "#123"]),
        ("BERG/ANNA", ["BERG/", "ANNA"]),
        ("FRA→JFK", ["FRA→", "JFK"]),
        ("12A|34B", ["12A|", "34B"]),
        ("氏名:山", ["氏名:", "山"]),
        ("S/N:123", ["S/N:", "123"]),
    ],
)
def test_glued_words_are_parted(text: str, expected: list[str]):
    assert pieces(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *(
            "10:30",
            "2024-05-01T10:30:00",
            "12/01/2019",
            "1:2",
            "33.90",
            "AB-12",
            "FRA-JFK",
            "S/B",
            "km/h",
            "::",
            "a::b",
        ),
        *(
            "https://x.de/a:b",
            "mailto:anna@x.de",
            "anna@x.de",
            "www.1und1.de",
            "C:\\x",
            "S.A.",
            "v1.2",
            "No.53,",
            "Total:",
            "",
        ),
    ],
)
def test_what_is_one_word_stays_one(text: str):
    assert pieces(text) == [text]


def test_pieces_share_the_words_box():
    first, second = parted([word("Nr.:4711")])
    assert first.box == [0.1, 0.2, 0.3, 0.25]
    assert second.box == [0.3, 0.2, 0.5, 0.25]
    assert {first.line, second.line} == {3}


@seeded
@given(st.text(max_size=40) | st.from_regex(r"[A-Za-z.:/|#=0-9→]{1,20}", fullmatch=True))
def test_a_text_of_all_pieces_is_the_word_again(text: str):
    found = parted([word(text)])
    assert "".join(piece.text for piece in found) == text
    joined = text_of([(piece.text, piece.box) for piece in found])
    assert joined == text_of([(text, [0.1, 0.2, 0.5, 0.25])])


@pytest.mark.parametrize("piece", ["a", ".", "a.", "a/", "ab:", "º", "a#1", "a|", "(", "ab/cd/"])
def test_no_word_takes_long(piece: str):
    words = [word((piece * 256)[:256])] * 1000
    start = time.process_time()
    parted(words)
    assert time.process_time() - start < MAX_SECONDS
