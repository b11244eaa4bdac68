"""Annotated documents as tensors: rows of pages, and where each field's value stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from capforge_contracts.data_model import DataField, FieldType
from capforge_contracts.dataset import Split
from capforge_contracts.reading import Reading, ReadPage
from capforge_contracts.submissions import FieldLabel
from capforge_trainer.scorer.network import Batch
from capforge_transforms.documents.candidates import can_be_span, can_be_word, value_of
from capforge_transforms.documents.decode import LONGEST_RUN
from capforge_transforms.documents.encode import PICTURE_INPUT, Row, encode_reading, stacked
from capforge_transforms.documents.grams import bare

UNKNOWN, ABSENT, PRESENT = 0, 1, 2


@dataclass(frozen=True)
class Example:
    """One annotated document. A field without a label counts as unknown there."""

    reading: Reading
    labels: Sequence[FieldLabel]
    split: Split = Split.TRAIN


@dataclass(frozen=True)
class PageTarget:
    """What is right on one page."""

    allowed: NDArray[np.bool_]
    """[F,tokens]: what can be a value (or a word of one) of each field."""
    values: tuple[tuple[int, int], ...]
    """(field, token) of each right typed value."""
    runs: tuple[tuple[int, int, int], ...]
    """(field, first word, words) of each right run."""
    kept: tuple[tuple[int, int, bool], ...]
    """(field, word, kept) of the words inside right runs that are not their ends."""


@dataclass(frozen=True)
class Document:
    """One example, ready to be put into batches."""

    rows: tuple[Row, ...]
    targets: tuple[PageTarget, ...]
    known: NDArray[np.int64]
    """[F]: UNKNOWN, ABSENT or PRESENT."""
    classes: NDArray[np.int64]
    """[F]: the class index + 1 of a classification, 0 = none of them, -1 = unknown or no classification."""

    @property
    def bucket(self) -> int:
        """Of its longest page."""
        return max((row.bucket for row in self.rows), default=0)


def documents_of(examples: Sequence[Example], fields: Sequence[DataField]) -> list[Document]:
    """Return the documents that have a page."""
    return [_document(example, fields) for example in examples if example.reading.pages]


def _document(example: Example, fields: Sequence[DataField]) -> Document:
    labels = {label.field: label for label in example.labels}
    rows = encode_reading(example.reading)
    targets = tuple(_target(page, row, fields, labels) for page, row in zip(example.reading.pages, rows, strict=True))
    classes = np.array([_class(field, labels.get(field.name)) for field in fields], dtype=np.int64)
    known = np.array([_known(place, field, labels.get(field.name), targets) for place, field in enumerate(fields)])
    return Document(tuple(rows), targets, known, classes)


def _known(place: int, field: DataField, label: FieldLabel | None, targets: Sequence[PageTarget]) -> int:
    if label is None or field.type is FieldType.CLASSIFICATION:
        return UNKNOWN
    if label.absent:
        return ABSENT
    found = any(place == one[0] for target in targets for one in (*target.values, *target.runs))
    return PRESENT if found else UNKNOWN  # right, but beyond the tokens that fit, or longer than any run may be


def _class(field: DataField, label: FieldLabel | None) -> int:
    if field.type is not FieldType.CLASSIFICATION or label is None:
        return -1
    return field.classes.index(label.class_name) + 1 if label.class_name in field.classes else 0


def _target(page: ReadPage, row: Row, fields: Sequence[DataField], labels: dict[str, FieldLabel]) -> PageTarget:
    allowed = np.zeros((len(fields), row.tokens), dtype=bool)
    values: list[tuple[int, int]] = []
    runs: list[tuple[int, int, int]] = []
    kept: list[tuple[int, int, bool]] = []
    for place, field in enumerate(fields):
        label = labels.get(field.name)
        if field.type is FieldType.WORD:
            allowed[place, : row.words] = [can_be_word(word, field) for word in page.words[: row.words]]
            for start, count, chosen in _runs(page, row, label):
                runs.append((place, start, count))
                kept += [(place, word, word in chosen) for word in range(start + 1, start + count - 1)]
        elif field.type is not FieldType.CLASSIFICATION:
            spans = [page.spans[one] for one in row.spans]
            allowed[place, row.words :] = [can_be_span(span, field) for span in spans]
            right = {value.value for value in label.values} if label else set()
            values += [
                (place, int(token))
                for token in np.flatnonzero(allowed[place])
                if value_of(spans[token - row.words], field) in right
            ]
    return PageTarget(allowed, tuple(values), tuple(runs), tuple(kept))


def _runs(page: ReadPage, row: Row, label: FieldLabel | None) -> Iterator[tuple[int, int, frozenset[int]]]:
    """The run of the words that were picked on this page, and every other run that reads the same."""
    picked = (
        sorted({word for value in label.values for word in value.words if value.page_id == page.page_id})
        if label
        else []
    )
    picked = [word for word in picked if word < row.words]
    if not picked or picked[-1] - picked[0] >= LONGEST_RUN:
        return
    yield picked[0], picked[-1] - picked[0] + 1, frozenset(picked)
    wanted = bare("".join(page.words[word].text for word in picked))
    texts = [bare(word.text) for word in page.words[: row.words]]
    for start, text in enumerate(texts):
        if start == picked[0] or not text or not wanted.startswith(text):
            continue
        count = _reading_the_same(texts, start, wanted)
        if count:
            yield start, count, frozenset(range(start, start + count))


def _reading_the_same(texts: Sequence[str], start: int, wanted: str) -> int:
    """Return how many words from here read as the wanted text; 0 where they do not."""
    read = ""
    for end in range(start, min(len(texts), start + LONGEST_RUN)):
        read += texts[end]
        if read == wanted:
            return end - start + 1
        if not wanted.startswith(read):
            return 0
    return 0


@dataclass(frozen=True)
class Targets:
    """What is right in a batch of P pages of D documents."""

    document: Tensor
    """[P]: each page's document."""
    allowed: Tensor
    """bool [P,F,T]."""
    values: Tensor
    """[n,3]: page, field, token."""
    runs: Tensor
    """[n,4]: page, field, first word, words."""
    kept: Tensor
    """[n,4]: page, field, word, 0 or 1."""
    known: Tensor
    """[D,F]."""
    classes: Tensor
    """[D,F]."""


def batch_of(documents: Sequence[Document]) -> tuple[Batch, Targets]:
    """Return the pages of some documents as one batch, cut to its longest page: padding costs time and says nothing."""
    rows = [row for document in documents for row in document.rows]
    pages = [target for document in documents for target in document.targets]
    longest = max(1, *(row.tokens for row in rows))
    arrays = {name: array if name == PICTURE_INPUT else array[:, :longest] for name, array in stacked(rows).items()}
    batch = Batch(**{name: torch.from_numpy(array) for name, array in arrays.items()})
    fields, tokens = len(documents[0].known), arrays["mask"].shape[1]
    allowed = np.zeros((len(rows), fields, tokens), dtype=bool)
    for number, page in enumerate(pages):
        allowed[number, :, : page.allowed.shape[1]] = page.allowed
    owners = [number for number, document in enumerate(documents) for _ in document.rows]
    return batch, Targets(
        document=torch.tensor(owners),
        allowed=torch.from_numpy(allowed),
        values=_table([(n, *one) for n, page in enumerate(pages) for one in page.values], 3),
        runs=_table([(n, *one) for n, page in enumerate(pages) for one in page.runs], 4),
        kept=_table([(n, *one) for n, page in enumerate(pages) for one in page.kept], 4),
        known=torch.from_numpy(np.stack([document.known for document in documents])),
        classes=torch.from_numpy(np.stack([document.classes for document in documents])),
    )


def _table(rows: Sequence[tuple[int, ...]], columns: int) -> Tensor:
    return torch.tensor(rows, dtype=torch.int64).reshape(-1, columns)
