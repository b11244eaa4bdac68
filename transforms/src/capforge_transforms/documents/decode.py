"""What a field extractor said about the pages of a document → each field's value, or that it is absent.

A value competes with all other values of all pages and with "absent", whose score is 0. Equal values on several places
are one. A Word field's value is a run of words in reading order: first word + last word + the words within.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from capforge_contracts.data_model import DataField, FieldType
from capforge_contracts.reading import Reading, ReadPage
from capforge_transforms.documents.candidates import can_be_span, can_be_word, value_of
from capforge_transforms.documents.encode import CLASSES_OUTPUT, SCORES_OUTPUT, Row
from capforge_transforms.documents.grams import bare
from capforge_transforms.documents.text import text_of

Floats = NDArray[np.float32]

LONGEST_RUN = 64
"""Words of one value at most."""
_LEADERS = 24
"""So many of the best runs of a page are looked at as texts."""


@dataclass(frozen=True)
class PredictedValue:
    """One value on a page."""

    content: str
    """As it stands there."""
    value: str
    """Normalised."""
    confidence: float
    page_id: int
    words: tuple[int, ...]
    """Positions in the page's words."""
    box: tuple[float, float, float, float]
    """Relative x0, y0, x1, y1."""


@dataclass(frozen=True)
class FieldPrediction:
    """What the model says about one field. No values and no class: absent."""

    confidence: float
    """Probability, calibrated; of "absent" it is 0, as nothing was found."""
    values: tuple[PredictedValue, ...] = ()
    class_name: str | None = None


def decode(
    outputs: Sequence[Mapping[str, NDArray[np.generic]]],
    rows: Sequence[Row],
    reading: Reading,
    fields: Sequence[DataField],
    thresholds: Mapping[str, float] | None = None,
) -> dict[str, FieldPrediction]:
    """Return each field's prediction; `outputs` are the model's for each row, without the batch axis.

    A value below its field's threshold (0-1, missing = 0) is not told. The fields are the model's, in its order.
    """
    limits = thresholds or {}
    pages = [reading.pages[[page.page_id for page in reading.pages].index(row.page_id)] for row in rows]
    scores = [np.asarray(one[SCORES_OUTPUT], dtype=np.float32) for one in outputs]
    classes = [np.asarray(one[CLASSES_OUTPUT], dtype=np.float32) for one in outputs]
    found: dict[str, FieldPrediction] = {}
    start = 0
    for position, field in enumerate(fields):
        if field.type is FieldType.CLASSIFICATION:
            end = start + len(field.classes)
            prediction = _class_of(field, [one[start:end] for one in classes])
            start = end
        else:
            own = [one[position] for one in scores]
            prediction = _value_of(field, [*zip(own, rows, pages, strict=True)])
        low = prediction.confidence < limits.get(field.name, 0.0)
        found[field.name] = FieldPrediction(0.0) if low else prediction
    return found


def run_scores(scores: Floats, allowed: NDArray[np.bool_], longest: int = LONGEST_RUN) -> Floats:
    """Return [W,L]: the score of the run from each word over 1..L words.

    It is -inf where a run leaves the page, or starts or ends on a word that may not be.

    `scores` [4,W]: first, last, within, keep.
    """
    count = scores.shape[1]
    length = min(longest, count)
    first = np.where(allowed, scores[0], -np.inf)
    last = np.concatenate([np.where(allowed, scores[1], -np.inf), np.full(length, -np.inf)])
    total = np.concatenate([[0.0], np.cumsum(scores[2]), np.full(length, 0.0)])
    ends = np.arange(count)[:, None] + np.arange(length)[None]
    within = total[ends + 1] - total[:count, None]
    runs: Floats = (first[:, None] + last[ends] + within).astype(np.float32)
    return runs


_Page = tuple[Floats, Row, ReadPage]


def _value_of(field: DataField, pages: Sequence[_Page]) -> FieldPrediction:
    """Choose the value with the greatest probability; absent where that is more probable."""
    options = [option for page in pages for option in _options(field, page)]
    if not options:
        return FieldPrediction(0.0)
    peak = max(0.0, *(option.score for option in options))
    mass = np.exp(-peak) + sum(option.mass * np.exp(option.base - peak) for option in options if option.mass)
    groups: dict[str, float] = {}
    for option in options:
        groups[option.same] = groups.get(option.same, 0.0) + float(np.exp(option.score - peak))
    same, weight = max(groups.items(), key=lambda item: item[1])
    if weight < np.exp(-peak):
        return FieldPrediction(0.0)
    confidence = min(1.0, float(weight / mass))
    best = max((option for option in options if option.same == same), key=lambda option: option.score)
    return FieldPrediction(confidence, (best.told(confidence),))


@dataclass(frozen=True)
class _Option:
    score: float
    same: str
    """What makes two options one value."""
    mass: float
    """Sum of exp(score - base) of all options of its page, told by the page's first option alone."""
    base: float
    page: ReadPage
    words: tuple[int, ...]
    content: str
    value: str
    box: tuple[float, float, float, float]

    def told(self, confidence: float) -> PredictedValue:
        return PredictedValue(self.content, self.value, confidence, self.page.page_id, self.words, self.box)


def _options(field: DataField, page: _Page) -> Iterator[_Option]:
    return _runs(field, page) if field.type is FieldType.WORD else _spans(field, page)


def _spans(field: DataField, page: _Page) -> Iterator[_Option]:
    scores, row, read = page
    for token, place in enumerate(row.spans, start=row.words):
        span = read.spans[place]
        if can_be_span(span, field):
            score = float(scores[0, token])
            value = value_of(span, field)
            yield _Option(score, value, 1.0, score, read, tuple(span.words), span.content, value, _box(span.box))


def _runs(field: DataField, page: _Page) -> Iterator[_Option]:
    scores, row, read = page
    if row.words == 0:
        return
    allowed = np.array([can_be_word(word, field) for word in read.words[: row.words]])
    runs = run_scores(scores[:, : row.words], allowed)
    flat = runs.ravel()
    leaders = np.argsort(flat)[::-1][:_LEADERS]
    leaders = leaders[np.isfinite(flat[leaders])]
    if not len(leaders):
        return
    base = float(flat[leaders[0]])
    mass = float(np.exp(flat[np.isfinite(flat)] - base).sum())
    for leader in leaders:
        start, extra = divmod(int(leader), runs.shape[1])
        words = tuple(
            word for word in range(start, start + extra + 1)
            if word in {start, start + extra} or (allowed[word] and scores[3, word] > 0)
        )  # fmt: skip
        text = text_of([(read.words[word].text, read.words[word].box) for word in words])
        yield _Option(float(flat[leader]), bare(text), mass, base, read, words, text, text, _around(read, words))
        mass = 0.0


def _class_of(field: DataField, pages: Sequence[Floats]) -> FieldPrediction:
    """Choose the class by the pages' mean scores; "absent" has score 0."""
    if not pages or not field.classes:
        return FieldPrediction(0.0)
    scores = np.concatenate([[0.0], np.mean(np.stack(pages), axis=0)])
    chances = np.exp(scores - scores.max())
    chances /= chances.sum()
    best = int(chances.argmax())
    return FieldPrediction(0.0) if best == 0 else FieldPrediction(float(chances[best]), (), field.classes[best - 1])


def _box(box: Sequence[float]) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = box
    return x0, y0, x1, y1


def _around(page: ReadPage, words: Sequence[int]) -> tuple[float, float, float, float]:
    boxes = np.array([page.words[word].box for word in words])
    return _box([*boxes[:, :2].min(axis=0).tolist(), *boxes[:, 2:].max(axis=0).tolist()])
