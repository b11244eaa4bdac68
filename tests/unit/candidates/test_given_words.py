"""Words that a client sends are checked before anything is done with them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from capforge_candidates.faults import Code, Fault
from capforge_candidates.given import given_pages
from capforge_candidates.version import given_version

WORD = {"text": "TOTAL", "box": [0.1, 0.2, 0.3, 0.25]}


def sent(*words: dict[str, Any]) -> str:
    return json.dumps([{"words": list(words)}])


def test_a_list_of_pages_is_taken() -> None:
    (page,) = given_pages(sent(WORD, {**WORD, "line": 3}))
    assert [(word.text, word.line) for word in page.words] == [("TOTAL", None), ("TOTAL", 3)]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("not json", "JSON"),
        ('{"words": []}', "list"),
        (sent({"text": "x"}), r"0\.words\.0\.box"),
        (sent({"text": "", "box": [0, 0, 1, 1]}), r"0\.words\.0\.text"),
        (sent({"text": "x" * 600, "box": [0, 0, 1, 1]}), r"0\.words\.0\.text"),
        (sent(WORD, {"text": "x", "box": [0.1, 0.2, 0.3]}), r"0\.words\.1\.box"),
        (sent({"text": "x", "box": [0.3, 0.2, 0.1, 0.4]}), r"0\.words\.0\.box.*x0 < x1"),
        (sent({"text": "x", "box": [10, 20, 30, 40]}), r"0\.words\.0\.box.*shares of 0 to 1"),
        (sent({"text": "x", "box": [0, 0, 1, float("nan")]}), r"0\.words\.0\.box"),
    ],
    ids=["no-json", "no-list", "no-box", "no-text", "long", "three-numbers", "inside-out", "pixels", "nan"],
)
def test_what_is_wrong_is_named(text: str, named: str) -> None:
    with pytest.raises(Fault, match=named) as refused:
        given_pages(text)
    assert refused.value.code is Code.BAD_WORDS


def test_other_words_are_another_version_and_the_same_words_the_same() -> None:
    one, same, other = given_pages(sent(WORD)), given_pages(sent(WORD)), given_pages(sent({**WORD, "text": "SUM"}))
    assert given_version(one) == given_version(same) != given_version(other)
    assert given_version(one).startswith("given-")
