"""The plain way: logistic regression on whole lines (for texts) and typed values (for the rest)."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from benchmarks.fields.receipts import Document
from capforge_contracts.data_model import DataField, FieldType
from capforge_contracts.reading import ReadPage
from capforge_transforms.documents.candidates import can_be_span, value_of
from capforge_transforms.documents.decode import FieldPrediction, PredictedValue
from capforge_transforms.documents.grams import bare, folded

_BUCKETS = 4096
_STEPS = 40
_DECAY = 1e-3


@dataclass(frozen=True)
class _Choice:
    value: str
    features: np.ndarray


class Baseline:
    """One regression for each field."""

    def __init__(self, documents: Sequence[Document], fields: Sequence[DataField]) -> None:
        """Train."""
        self._fields = fields
        self._weights = {field.name: _regression(documents, field) for field in fields}

    def predict(self, document: Document) -> dict[str, FieldPrediction]:
        """Return the best candidate of each field."""
        return {field.name: self._best(document, field) for field in self._fields}

    def _best(self, document: Document, field: DataField) -> FieldPrediction:
        choices = list(_choices(document.reading.pages[0], field))
        if not choices:
            return FieldPrediction(0.0)
        scores = np.stack([choice.features for choice in choices]) @ self._weights[field.name]
        value = choices[int(scores.argmax())].value
        return FieldPrediction(1.0, (PredictedValue(value, value, 1.0, 0, (), (0, 0, 0, 0)),))


def _regression(documents: Sequence[Document], field: DataField) -> np.ndarray:
    features, right = [], []
    for document in documents:
        gold = document.gold[field.name]
        for choice in _choices(document.reading.pages[0], field):
            features.append(choice.features)
            right.append(float(gold is not None and bare(choice.value) == bare(gold)))
    matrix, wanted = torch.tensor(np.stack(features)), torch.tensor(right)
    weights = torch.zeros(matrix.shape[1], requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=_STEPS)

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        entropy = torch.nn.functional.binary_cross_entropy_with_logits(matrix @ weights, wanted)
        total = entropy + _DECAY * weights.square().sum()
        total.backward()
        return total

    optimizer.step(loss)
    return weights.detach().numpy()


def _choices(page: ReadPage, field: DataField) -> Iterator[_Choice]:
    texts: dict[int, str] = {}
    for word in page.words:
        texts[word.line] = f"{texts.get(word.line, '')} {word.text}".strip()
    numbers = list(texts)
    if field.type is FieldType.WORD:
        for place, number in enumerate(numbers):
            top = next(word.box[1] for word in page.words if word.line == number)
            before = texts[numbers[place - 1]] if place else ""
            yield _Choice(texts[number], _features(texts[number], before, "", place, len(numbers), top))
        return
    for span in page.spans:
        if can_be_span(span, field):
            number = page.words[span.words[0]].line
            place = numbers.index(number)
            row = " ".join(word.text for word in page.words if abs(word.box[1] - span.box[1]) < 0.01)
            before = texts[numbers[place - 1]] if place else ""
            yield _Choice(value_of(span, field), _features(span.content, before, row, place, len(numbers), span.box[1]))


def _features(text: str, before: str, row: str, place: int, lines: int, top: float) -> np.ndarray:
    found = np.zeros(_BUCKETS + 16, dtype=np.float32)
    for prefix, words in (("t", text), ("b", before), ("r", row)):
        for word in folded(words).split():
            found[zlib.crc32(f"{prefix}:{word}".encode()) % _BUCKETS] = 1
    size = max(len(text), 1)
    digits = sum(one.isdigit() for one in text) / size
    found[_BUCKETS : _BUCKETS + 10] = (
        1, top, top * top, place / lines, place == 0, place == 1,
        digits, digits == 0, min(size, 60) / 60, len(text.split()) / 10,
    )  # fmt: skip
    return found
