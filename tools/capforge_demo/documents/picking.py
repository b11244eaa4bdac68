"""What a person does with the candidates: finds those that make up the right value, and clicks them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from capforge_demo.documents.folder import Gold
from capforge_demo.documents.text import letters

Json = dict[str, Any]
_ALIKE = 0.8
"""Share of equal letters from which a run of words is the value: OCR misreads some."""
_SHORTEST, _LONGEST = 0.75, 1.25
"""Length of such a run, as shares of the value's."""


@dataclass(frozen=True)
class Choice:
    """One candidate of a field."""

    key: str
    content: str
    """As it stands on the page."""
    value: str
    """Normalised."""
    page: int
    polygon: list[list[float]]

    @property
    def middle(self) -> float:
        """Height of its middle on the page, 0-1 from the top."""
        return sum(y for _, y in self.polygon) / (len(self.polygon) or 1)

    @property
    def height(self) -> float:
        """Share of the page's height."""
        heights = [y for _, y in self.polygon] or [0.0]
        return max(heights) - min(heights)


def choices(document: Json) -> dict[str, list[Choice]]:
    """Return the candidates of an answer's `document` by field, in reading order."""
    found: dict[str, list[Choice]] = {}
    for page in document["inference"]["pages"]:
        candidates = page.get("extras", {}).get("candidates", {}).get("extraction", {})
        for field, listed in candidates.items():
            found.setdefault(field, []).extend(
                Choice(one["key"], one["raw"], one["content"], page["id"], one["polygon"]) for one in listed
            )
    return found


def annotation(document: Json, gold: Gold, types: Mapping[str, str]) -> Json:
    """Return the body of `POST …/annotations`: every field, with what a person would have clicked.

    A field whose value cannot be found among its candidates is said to be absent.
    """
    offered = choices(document)
    words = [one for name, type_ in types.items() if type_ == "Word" for one in offered.get(name, [])]
    labels = [label for name in types for label in _labels(name, types[name], offered.get(name, []), gold, words)]
    return {"labels": labels}


def _labels(name: str, type_: str, offered: Sequence[Choice], gold: Gold, words: Sequence[Choice]) -> Iterator[Json]:
    if type_ == "Word":
        picked = run_of(offered, gold.fields.get(name) or "")
    else:
        same = [one for one in offered if one.value == (gold.typed.get(name) or "")]
        picked = sorted(same, key=lambda one: _doubt(one, name, words))[:1]
    pages = sorted({one.page for one in picked}) or [0]
    for page in pages:
        yield {"page_id": page, "feature": name, "selected": [one.key for one in picked if one.page == page]}


def run_of(words: Sequence[Choice], wanted: str) -> list[Choice]:
    """Return the neighbouring words that read most like a text; none where nothing reads like it."""
    target = letters(wanted)
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(target)
    best, found = _ALIKE, (0, 0)
    texts = [letters(one.content) for one in words]
    for start, end, text in _runs(texts, target):
        matcher.set_seq1(text)
        if matcher.real_quick_ratio() > best and matcher.quick_ratio() > best and (ratio := matcher.ratio()) > best:
            best, found = ratio, (start, end)
    return list(words[found[0] : found[1]])


def _runs(texts: Sequence[str], target: str) -> Iterator[tuple[int, int, str]]:
    """Yield (start, end, text) of runs that are about as long as the target and end in letters, as they begin."""
    for start, first in enumerate(texts):
        if not first:
            continue
        text = ""
        for end, more in enumerate(texts[start:], start=start + 1):
            text += more
            if len(text) > _LONGEST * len(target):
                break
            if more and len(text) >= _SHORTEST * len(target):
                yield start, end, text


def _doubt(choice: Choice, field: str, words: Sequence[Choice]) -> tuple[bool, float]:
    """Rank equal values: the one beside the field's own name first, then the one in the largest print."""
    beside = (
        one
        for one in words
        if one.page == choice.page and abs(one.middle - choice.middle) < max(choice.height, one.height) / 2
    )
    named = any(letters(one.content) == letters(field) for one in beside)
    return not named, -choice.height
