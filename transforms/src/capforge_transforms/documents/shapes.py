"""What a text looks like, and how often it stands on the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from capforge_contracts.reading import ReadWord
from capforge_transforms.documents.grams import bare

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
_SIGNS = ",.:-/%@#()&*'"
_MONEY = "$€£¥₹₽₩฿₫₺"
TEXT_FEATURES = 13 + len(_SIGNS)
PAGE_FEATURES = 9
_LONG_CHARACTERS = 12
_MANY = 5


@lru_cache(maxsize=65536)
def text_features(text: str) -> tuple[float, ...]:
    """Return TEXT_FEATURES numbers of 0-1, about: length, shares of digits, letters, capitals, signs at the ends."""
    size = max(len(text), 1)
    digits = sum(one.isdigit() for one in text)
    letters = sum(one.isalpha() for one in text)
    capitals = sum(one.isupper() for one in text)
    return (
        min(size, _LONG_CHARACTERS) / _LONG_CHARACTERS,
        digits / size,
        letters / size,
        capitals / max(letters, 1),
        float(text[:1].isupper()),
        float(digits == size),
        float(letters == size),
        float(digits > 0 and letters > 0),
        float(digits == 0 and letters == 0),
        float(text[-1:] in {",", ";"}),
        float(text[-1:] == ":"),
        float(text[-1:] == "."),
        float(any(one in _MONEY for one in text)),
        *(float(sign in text) for sign in _SIGNS),
    )


def page_features(words: Sequence[ReadWord], lines: Ints, homes: Ints) -> Floats:
    """Return [T,PAGE_FEATURES] for tokens whose first words are `homes`: repetition of the word, its line's text."""
    texts = [bare(word.text) for word in words]
    counts = Counter(texts)
    digits = np.array([sum(one.isdigit() for one in text) for text in texts], dtype=np.float32)
    letters = np.array([sum(one.isalpha() for one in text) for text in texts], dtype=np.float32)
    capitals = np.array([sum(one.isupper() for one in word.text) for word in words], dtype=np.float32)
    line_digits, line_letters, line_capitals = (_per_line(one, lines) for one in (digits, letters, capitals))
    repeated = np.array([min(counts[text], _MANY) for text in texts], dtype=np.float32)
    confidence = np.array([word.confidence for word in words], dtype=np.float32)
    colon = _per_line(np.array([":" in word.text for word in words], dtype=np.float32), lines)
    line_texts = Counter(_line_texts(texts, lines))
    line_repeated = np.array([line_texts[text] > 1 for text in _line_texts(texts, lines)], dtype=np.float32)
    columns = [
        (repeated - 1) / 4,
        confidence,
        line_digits / np.maximum(line_digits + line_letters, 1),
        np.log1p(line_letters) / 4,
        line_digits == 0,
        line_letters == 0,
        line_capitals / np.maximum(line_letters, 1),
        np.minimum(colon, 1),
        line_repeated[lines],
    ]
    stacked: Floats = np.stack([np.asarray(column, dtype=np.float32) for column in columns], axis=1)[homes]
    return stacked


def _per_line(values: Floats, lines: Ints) -> Floats:
    return np.bincount(lines, weights=values).astype(np.float32)[lines]


def _line_texts(texts: Sequence[str], lines: Ints) -> list[str]:
    joined = [""] * (int(lines[-1]) + 1)
    for text, line in zip(texts, lines, strict=True):
        joined[line] += text
    return joined
