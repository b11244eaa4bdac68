"""Keys of candidates: 8 hex digits that stay the same for one reading, whatever the fields are.

- A key depends on the reading alone: page, word positions, kind and content. Changing the data model moves no key.
- Two candidates of one document never share a key: a later one (by page, words before spans, position) is hashed again
  with a counter until its key is free. So the order of a reading's words and spans decides, and nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from capforge_contracts.reading import Reading, ReadPage

WORD_KIND = "Word"
HEX_DIGITS = 8


@dataclass(frozen=True)
class CandidateKeys:
    """Keys of all words and spans of one reading."""

    words: Mapping[int, Sequence[str]]
    """By page id; position = position in the page's words."""
    spans: Mapping[int, Sequence[str]]
    """By page id; position = position in the page's spans."""


def candidate_keys(reading: Reading) -> CandidateKeys:
    """Return the key of each word and span; pure."""
    taken: set[str] = set()
    words: dict[int, list[str]] = {}
    spans: dict[int, list[str]] = {}
    for page in reading.pages:
        words[page.page_id] = [_free(identity, taken) for identity in _of_words(page)]
        spans[page.page_id] = [_free(identity, taken) for identity in _of_spans(page)]
    return CandidateKeys(MappingProxyType(words), MappingProxyType(spans))


def _of_words(page: ReadPage) -> Iterator[str]:
    for position, word in enumerate(page.words):
        yield f"{page.page_id}\n{position}\n{WORD_KIND}\n{word.text}"


def _of_spans(page: ReadPage) -> Iterator[str]:
    for span in page.spans:
        yield f"{page.page_id}\n{','.join(map(str, span.words))}\n{span.kind}\n{span.content}"


def _free(identity: str, taken: set[str]) -> str:
    key = _hashed(identity)
    tries = 0
    while key in taken:
        tries += 1
        key = _hashed(f"{identity}\n{tries}")
    taken.add(key)
    return key


def _hashed(identity: str) -> str:
    return hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:HEX_DIGITS]
