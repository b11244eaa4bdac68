"""The text of several words."""

from __future__ import annotations

import pytest

from capforge_transforms.documents.text import text_of

LETTER = 0.01


def printed(*lines: str) -> list[tuple[str, list[float]]]:
    """Words with boxes; `~` stands between pieces of one word."""
    words = []
    for number, line in enumerate(lines):
        at, top = 0, 0.03 * number
        for word in line.split(" "):
            for piece in word.split("~"):
                words.append((piece, [at * LETTER, top, (at + len(piece)) * LETTER, top + 0.02]))
                at += len(piece)
            at += 1
    return words


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (["Corner Shop", "12 High Street"], "Corner Shop 12 High Street"),
        (["Nr.:~4711"], "Nr.:4711"),
        (["BERG/~ANNA"], "BERG/ANNA"),
        (["the Versiche-", "rung of Anna-", "Lena"], "the Versicherung of Anna-Lena"),
        (["AB-123-", "456"], "AB-123-456"),
        (["5 -", "x"], "5 - x"),
        (["soft\u00adhyphen"], "softhyphen"),
        (["Berlin,"], "Berlin"),
        (["FRA→"], "FRA"),
        (["Acme Ltd."], "Acme Ltd."),
        ([":"], ":"),
        (["D E 8 9 3 7"], "DE8937"),
        (["A B"], "A B"),
        (["山 田 太 郎"], "山田太郎"),
        (["حسن علي محمد"], "محمد علي حسن"),
        (["גוריון בן דוד", "תל אביב"], "דוד בן גוריון אביב תל"),
        (["Hotel دبي"], "Hotel دبي"),
        ([], ""),
    ],
)
def test_words_read_as_a_person_reads_them(lines: list[str], text: str):
    assert text_of(printed(*lines)) == text
