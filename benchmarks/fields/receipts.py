"""The receipts as documents: readings from the words given or from an engine, gold fields, and labels on words."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from capforge_candidates.parted import parted
from capforge_candidates.values import spans_of
from capforge_contracts.data_model import DataField, FieldType
from capforge_contracts.model import sha256_hex
from capforge_contracts.reading import Engine, Reading, ReadPage, ReadWord
from capforge_contracts.submissions import FieldLabel, LabelledValue
from capforge_trainer.scorer.examples import Example
from capforge_transforms.documents.candidates import can_be_span, can_be_word, value_of
from capforge_transforms.documents.grams import bare

FIELDS = (
    DataField(name="company", type=FieldType.WORD),
    DataField(name="date", type=FieldType.DATE),
    DataField(name="address", type=FieldType.WORD),
    DataField(name="total", type=FieldType.AMOUNT),
)
_ALIKE = 0.85
"""A person picks words that read almost as the gold text does, where none read exactly so."""


@dataclass(frozen=True)
class Document:
    """One document with what is right."""

    name: str
    reading: Reading
    gold: Mapping[str, str | None]
    """Normalised: the bare text, the ISO date, the decimal."""
    labels: tuple[FieldLabel, ...]
    """What a person would pick; a field whose gold stands nowhere has none."""
    reachable: frozenset[str]
    """Fields whose gold can be put together from candidates."""
    group: str
    """Of like documents: the merchant."""
    seen: bool
    """The group occurs in train."""

    @property
    def example(self) -> Example:
        """For training."""
        return Example(self.reading, self.labels)


def receipts(folder: Path, part: str, reader: Callable[[dict[str, Any]], Reading] | None = None) -> list[Document]:
    """Return `train` or `dev`; without a reader the words are those of the file."""
    reader = reader or given
    return [_document(json.loads(line), reader) for line in (folder / f"{part}.jsonl").open()]


def given(record: dict[str, Any]) -> Reading:
    """Return the reading of the words given."""
    width, height = record["width"], record["height"]
    words = parted(
        ReadWord(text=word["text"], box=_relative(word["box"], width, height), line=number)
        for number, line in enumerate(record["lines"])
        for word in line["words"]
    )
    page = ReadPage(page_id=0, width=width, height=height, words=words, spans=spans_of(words))
    return Reading(sha256=sha256_hex(record["id"].encode()), engine=Engine.GIVEN, engine_version="given", pages=[page])


def _relative(box: Sequence[float], width: int, height: int) -> list[float]:
    x0, y0, x1, y1 = box
    left, top = min(max(x0 / width, 0), 0.999), min(max(y0 / height, 0), 0.999)
    return [left, top, max(min(x1 / width, 1.0), left + 1e-3), max(min(y1 / height, 1.0), top + 1e-3)]


def _document(record: dict[str, Any], reader: Callable[[dict[str, Any]], Reading]) -> Document:
    reading = reader(record)
    gold = {
        "company": _bare(record["fields"]["company"]),
        "date": record["typed"]["date"],
        "address": _bare(record["fields"]["address"]),
        "total": record["typed"]["total"],
    }
    labels, reachable = [], set()
    for field in FIELDS:
        label, exact = label_of(reading, field, gold[field.name])
        labels += [label] if label else []
        reachable |= {field.name} if exact else set()
    return Document(
        record["id"],
        reading,
        gold,
        tuple(labels),
        frozenset(reachable),
        str(record["merchant_group"]),
        record["merchant_in_train"],
    )


def _bare(text: str | None) -> str | None:
    return None if text is None else bare(text)


def same(field: DataField, value: str, gold: str) -> bool:
    """Tell whether a normalised value is the gold one."""
    if field.type is FieldType.WORD:
        return bare(value) == gold
    if field.type is FieldType.AMOUNT:
        return _decimal(value) == _decimal(gold)
    return value == gold


def _decimal(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def label_of(reading: Reading, field: DataField, gold: str | None) -> tuple[FieldLabel | None, bool]:
    """Return what a person picks for the gold value (None: cannot be labelled), and whether it reads exactly so."""
    if gold is None:
        return FieldLabel(field=field.name), True
    if field.type is FieldType.WORD:
        return _words_label(reading, field, gold)
    values = [
        _labelled(page, list(span.words), span.content, value_of(span, field), span.box)
        for page in reading.pages
        for span in page.spans
        if can_be_span(span, field) and same(field, value_of(span, field), gold)
    ]
    return (FieldLabel(field=field.name, values=values[:1]), True) if values else (None, False)


def _words_label(reading: Reading, field: DataField, gold: str) -> tuple[FieldLabel | None, bool]:
    best, likeness = None, 0.0
    for page in reading.pages:
        texts = [bare(word.text) for word in page.words]
        for start, end in _runs(texts, len(gold)):
            text = "".join(texts[start:end])
            alike = 1.0 if text == gold else _likeness(text, gold, max(likeness, _ALIKE))
            if alike > likeness:
                best, likeness = (page, start, end), alike
    if best is None:
        return None, False
    page, start, end = best
    picked = [place for place in range(start, end) if can_be_word(page.words[place], field)]
    values = [_labelled(page, [one], page.words[one].text, page.words[one].text, page.words[one].box) for one in picked]
    return FieldLabel(field=field.name, values=values), likeness == 1.0


def _runs(texts: Sequence[str], length: int) -> Iterator[tuple[int, int]]:
    """Runs of words, about as long as the text wanted, that begin and end with one that reads as something."""
    for start, first in enumerate(texts):
        size = 0
        for end in range(start, len(texts)):
            size += len(texts[end])
            if size > length * 1.15 + 1:
                break
            if first and texts[end] and size >= length * 0.85 - 1:
                yield start, end + 1


def _likeness(text: str, gold: str, above: float) -> float:
    matcher = SequenceMatcher(None, text, gold, autojunk=False)
    if matcher.real_quick_ratio() <= above or matcher.quick_ratio() <= above:
        return 0.0
    ratio = matcher.ratio()
    return min(ratio, 0.999) if ratio > above else 0.0


def _labelled(page: ReadPage, words: list[int], content: str, value: str, box: list[float]) -> LabelledValue:
    return LabelledValue(key="00000000", content=content, value=value, page_id=page.page_id, words=words, box=box)
