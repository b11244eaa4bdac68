"""What on a document can fill each field: only selects from the words and spans of its reading, so it is cheap."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from capforge_contracts.data_model import Convention, DataField, FieldType, Presence
from capforge_contracts.reading import Reading, ReadPage, ReadWord, Span
from capforge_transforms.documents.keys import CandidateKeys, candidate_keys


@dataclass(frozen=True)
class Candidate:
    """One thing on a page that can fill a field, or be a part of what fills it."""

    key: str
    """8 hex digits, unique in the document, stable for one reading."""
    content: str
    """As it stands on the page."""
    value: str
    """Normalised by the field's type and convention."""
    page_id: int
    words: tuple[int, ...]
    """Positions in the page's words, ascending."""
    box: tuple[float, float, float, float]
    """x0, y0, x1, y1: shares of the upright page."""

    @property
    def polygon(self) -> list[list[float]]:
        """The box's corners [x, y], clockwise from the top left, as they go over the wire."""
        x0, y0, x1, y1 = self.box
        return [[x0, y0], [x1, y0], [x1, y1], [x0, y1]]


def candidates_of(reading: Reading, fields: Sequence[DataField]) -> Mapping[str, Sequence[Candidate]]:
    """Return the candidates of each field by its name, in reading order; a classification has none."""
    keys = candidate_keys(reading)
    return {field.name: tuple(_candidates(reading, keys, field)) for field in fields}


def _candidates(reading: Reading, keys: CandidateKeys, field: DataField) -> Iterator[Candidate]:
    if field.type is FieldType.CLASSIFICATION:
        return
    for page in reading.pages:
        if field.type is FieldType.WORD:
            yield from _words(page, keys.words[page.page_id], field)
        else:
            yield from _spans(page, keys.spans[page.page_id], field)


def _words(page: ReadPage, keys: Sequence[str], field: DataField) -> Iterator[Candidate]:
    for position, (word, key) in enumerate(zip(page.words, keys, strict=True)):
        if can_be_word(word, field):
            yield Candidate(key, word.text, word.text, page.page_id, (position,), _corners(word.box))


def _spans(page: ReadPage, keys: Sequence[str], field: DataField) -> Iterator[Candidate]:
    for span, key in zip(page.spans, keys, strict=True):
        if can_be_span(span, field):
            value = value_of(span, field)
            yield Candidate(key, span.content, value, page.page_id, tuple(span.words), _corners(span.box))


def can_be_word(word: ReadWord, field: DataField) -> bool:
    """Tell whether a word's letters and digits are what a Word field allows."""
    text = word.text
    return _fits(any(map(str.isalpha, text)), field.letters) and _fits(any(map(str.isdigit, text)), field.digits)


def can_be_span(span: Span, field: DataField) -> bool:
    """Tell whether a span can fill a field: it has its kind, and an amount is as whole as the field asks."""
    if span.kind.value != field.type.value:
        return False
    return field.type is not FieldType.AMOUNT or _fits(is_whole(span.value), field.whole)


def value_of(span: Span, field: DataField) -> str:
    """Return a span's normalised value by the field's own convention."""
    if field.convention is Convention.US and span.us_value is not None:
        return span.us_value
    return span.value


def is_whole(number: str) -> bool:
    """Tell whether a plain decimal number has nothing behind the point but zeros."""
    return not number.partition(".")[2].strip("0")


def _fits(present: bool, presence: Presence) -> bool:
    match presence:
        case Presence.ALWAYS:
            return present
        case Presence.NEVER:
            return not present
    return True


def _corners(box: Sequence[float]) -> tuple[float, float, float, float]:
    return box[0], box[1], box[2], box[3]
